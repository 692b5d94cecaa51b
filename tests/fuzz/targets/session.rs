#![no_main]

#[path = "../../it/fuzz/session.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
