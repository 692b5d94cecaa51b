//! Links releases for Linux so that they start fast: an SDK starts `credential-process` in each of its processes.
//!
//! A cached answer is mostly the start of a program. Loading `libgcc_s` and moving the program to a random address are a
//! quarter of it, so releases have that library linked in, and stand where they were linked (no PIE; stack, heap and the
//! C library keep their random places). The C library stays a shared one: names are looked up (NSS) as in any other
//! program, on any distribution whose glibc is not older than that of the machine that built it.
//! `benches/README.md` has the measurements, and what a wholly static program would save and lose.

#![allow(clippy::disallowed_methods, reason = "a build script is told everything by variables and writes to OUT_DIR")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_static = env::var("CARGO_CFG_TARGET_FEATURE").is_ok_and(|features| features.contains("crt-static"));
    // Only where this machine's own compiler can be asked for the libraries.
    let is_native = env::var("HOST").ok() == env::var("TARGET").ok();
    if !(is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu"))
        || is_static
        || !is_native
    {
        return;
    }
    println!("cargo::rustc-link-arg-bins=-no-pie");
    let folder = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    let (Some(eh), Some(gcc)) = (path_of("libgcc_eh.a"), path_of("libgcc.a")) else { return };
    // `std` asks the linker for `-lgcc_s`, whatever `-static-libgcc` says; what is found first under that name counts.
    fs::write(folder.join("libgcc_s.so"), format!("GROUP ( {eh} {gcc} )\n")).expect("OUT_DIR can be written");
    println!("cargo::rustc-link-search=native={}", folder.display());
}

/// Where the compiler has this archive, if it has it.
fn path_of(archive: &str) -> Option<String> {
    let output = Command::new("cc").arg(format!("-print-file-name={archive}")).output().ok()?;
    let path = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    Path::new(&path).is_absolute().then_some(path)
}
