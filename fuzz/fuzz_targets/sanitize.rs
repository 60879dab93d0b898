#![no_main]

libfuzzer_sys::fuzz_target!(|case: edgewise_fuzz::domain::Case<'_>| edgewise_fuzz::domain::judge(&case));
