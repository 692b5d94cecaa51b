//! Ctrl-C at a question. A question reads its keys itself, so the terminal sends no SIGINT; this module does it in its place,
//! once what was begun is undone and the terminal is as it was.

use std::sync::atomic::{AtomicBool, Ordering};

static TYPED_HERE: AtomicBool = AtomicBool::new(false);

/// Takes note that Ctrl-C was typed at a question of this process. No other question is asked from then on.
pub fn note() {
    TYPED_HERE.store(true, Ordering::Relaxed);
}

/// Whether it was.
pub fn is_noted() -> bool {
    TYPED_HERE.load(Ordering::Relaxed)
}

/// Ends this process by SIGINT, so that a shell's loop stops. If Ctrl-C was typed here, all processes of the terminal's
/// foreground get it, as from the terminal itself: the SDK or script that runs this one, and whoever waits for its answer.
///
/// Returns where SIGINT is ignored, as in background jobs of a script.
pub fn end() {
    #[cfg(unix)]
    {
        use rustix::process::{Signal, getpid, kill_current_process_group, kill_process};
        // Neither fails for a process of one's own.
        let _ = if is_noted() { kill_current_process_group(Signal::INT) } else { kill_process(getpid(), Signal::INT) };
    }
}
