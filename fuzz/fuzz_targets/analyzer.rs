#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::analyzer::fuzz::fuzz_analyzer(data);
});
