#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::http::fuzz::fuzz_http1(data);
});
