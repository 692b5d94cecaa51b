//! Links releases for Linux as one static program: an SDK starts `credential-process` in each of its processes, and a
//! cached answer is mostly the start of a program. `benches/README.md` has the measurements.
//!
//! Not through `.cargo/config.toml`: that would reach tests, which move the clock of what they run with a preloaded
//! library, and would not reach `cargo install`. Where the static libraries are missing, or glibc is older than 2.34
//! (it then loads what looks names up from files of its own version), or another machine is built for, the program is
//! linked as any other.
//!
//! No PIE: moving the program to a random address took a sixth of a run. Stack, heap and mappings keep their random
//! places. How names are looked up is in `src/sys/name_lookup.rs`.

#![allow(clippy::disallowed_methods, reason = "a build script is told everything by variables and writes to OUT_DIR")]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// The libraries `std` has the linker look for, and the archives that stand for them. (`libgcc_s` has no archive.)
///
/// libc and libgcc need each other, and GNU's linker looks back within a group alone.
const LIBRARIES: [(&str, &[&str]); 3] = [
    ("libc.so", &["libc.a", "libgcc_eh.a", "libgcc.a"]),
    ("libm.so", &["libm.a"]),
    ("libgcc_s.so", &["libgcc_eh.a", "libgcc.a"]),
];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(static_glibc)");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found == value);
    let is_release =
        is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu");
    let is_native = env::var("HOST").ok() == env::var("TARGET").ok();
    if is_release && is_native && has_own_name_lookup() && stand_in().is_some() {
        println!("cargo::rustc-link-arg-bins=-static");
        println!("cargo::rustc-link-arg-bins=-no-pie");
        println!("cargo::rustc-cfg=static_glibc");
        leave_out_unwinding();
        fold_identical_code();
    }
}

/// Has functions with the same machine code stand once, a hundredth of the program. LLVM's linker does it, which `rustc`
/// uses by default on x86-64; whether it is used here is tried.
fn fold_identical_code() {
    const FOLD: &str = "-Wl,--icf=all";
    let (Some(rustc), Some(folder)) = (env::var_os("RUSTC"), env::var_os("OUT_DIR").map(PathBuf::from)) else { return };
    let program = folder.join("empty.rs");
    if fs::write(&program, "fn main() {}\n").is_err() {
        return;
    }
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let mut link = Command::new(rustc);
    link.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        link.arg("-C").arg([OsStr::new("linker="), &linker].join(OsStr::new("")));
    }
    link.args(["-C", &format!("link-arg={FOLD}"), "--out-dir"]).arg(&folder).arg(&program);
    if output(&mut link).is_some() {
        println!("cargo::rustc-link-arg-bins={FOLD}");
    }
}

/// Leaves the tables for unwinding out, an eighth of the program: releases abort at a panic, and nothing else walks the
/// stack of a static program. (`rustc` makes them all the same, and no setting of a Cargo profile says otherwise. Where
/// somebody builds releases that unwind, a panic aborts.)
fn leave_out_unwinding() {
    let Some(folder) = env::var_os("OUT_DIR").map(PathBuf::from) else { return };
    let script = folder.join("without-unwinding.ld");
    // The C compiler's own start files refer to theirs.
    let kept = "*crt1.o *crti.o *crtn.o *crtbegin*.o *crtend*.o";
    let text = format!("SECTIONS {{ /DISCARD/ : {{ *(EXCLUDE_FILE({kept}) .eh_frame) }} }} INSERT AFTER .text;\n");
    if fs::write(&script, text).is_ok() {
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr,-T,{}", script.display());
    }
}

/// Whether glibc looks names up without loading anything, as it does since 2.34 (its NEWS: `nss_files`, `nss_dns`).
fn has_own_name_lookup() -> bool {
    let version = output(Command::new("getconf").arg("GNU_LIBC_VERSION"));
    let version = version.as_deref().and_then(|text| text.strip_prefix("glibc 2.")).unwrap_or_default();
    version.split('.').next().and_then(|minor| minor.parse::<u32>().ok()).is_some_and(|minor| minor >= 34)
}

/// Has the linker find the archives under the names of the shared libraries, in a folder it looks into first: `rustc`
/// tells it to take shared ones, whatever `-static` says.
fn stand_in() -> Option<()> {
    let folder = PathBuf::from(env::var_os("OUT_DIR")?);
    for (library, archives) in LIBRARIES {
        let archives = archives.iter().map(|archive| path_of(archive)).collect::<Option<Vec<_>>>()?;
        fs::write(folder.join(library), format!("GROUP ( {} )\n", archives.join(" "))).ok()?;
    }
    println!("cargo::rustc-link-search=native={}", folder.display());
    Some(())
}

/// Where the compiler has this archive, if it has it.
fn path_of(archive: &str) -> Option<String> {
    let path = output(Command::new("cc").arg(format!("-print-file-name={archive}")))?;
    Path::new(&path).is_absolute().then_some(path)
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
