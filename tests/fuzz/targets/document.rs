#![no_main]

use keyfob::ini;

#[path = "../../it/fuzz/document.rs"]
mod check;
#[path = "../../../src/ini/testing/mod.rs"]
mod ini_testing;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
