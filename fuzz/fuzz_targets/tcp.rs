#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::tcp::fuzz::fuzz_tcp(data);
});
