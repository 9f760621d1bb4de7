#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| maskinporten_fuzz::der::run(data));
