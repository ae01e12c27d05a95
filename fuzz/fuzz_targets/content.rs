#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    plainsight::http::content::fuzz_content(data);
});
