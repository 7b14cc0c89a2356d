#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| dockgate_fuzz::decode(text));
