//! The `keyfob` command.

use std::io::Write;
use std::panic;
use std::process::ExitCode;

use keyfob::error::Kind;
use keyfob::sys::env::Environment;
use keyfob::sys::hardening::forbid_core_dumps;
use keyfob::sys::interrupt;

fn main() -> ExitCode {
    // Security: first of all, before any secret is in memory.
    forbid_core_dumps();
    panic::set_hook(Box::new(|defect| {
        let place = defect.location().map(|place| format!(" at {}:{}", place.file(), place.line())).unwrap_or_default();
        // Security: the place alone; what a panic says may quote what was being worked on.
        let line = format!("keyfob: internal error{place}; please report this bug with the command you ran\n");
        let _ = std::io::stderr().write_all(line.as_bytes());
        // Releases do not unwind; without this the panic would end in SIGABRT.
        std::process::exit(i32::from(Kind::Defect.exit_code()));
    }));
    let code = keyfob::cli::run(std::env::args_os().collect(), Environment::of_process());
    if code == Kind::Cancelled.exit_code() || interrupt::is_noted() {
        interrupt::end();
    }
    ExitCode::from(code)
}
