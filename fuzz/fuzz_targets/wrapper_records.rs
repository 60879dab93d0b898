#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| edgewise_fuzz::ssh::take_records(bytes));
