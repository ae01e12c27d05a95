#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::decode::fuzz::fuzz_decode(data);
});
