#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edgewise_fuzz::ssh::read_config(&String::from_utf8_lossy(bytes)));
