#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::capture::fuzz::fuzz_file(data);
});
