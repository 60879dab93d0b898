#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edgewise_fuzz::ssh::judge_key(&String::from_utf8_lossy(bytes)));
