#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::protocol::http1::fuzz::fuzz_http1(data);
});
