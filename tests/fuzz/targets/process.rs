#![no_main]

#[path = "../../it/fuzz/process.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
