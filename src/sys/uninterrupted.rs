//! Signals that wait: while a file is put into the place of another, SIGINT, SIGTERM and SIGHUP end this process only once
//! that is done. Without a handler they would end it at once, and leave the other file where it is.
//!
//! Only on Linux, which shows the signals that whoever started this process has it ignore (`nohup`): those stay ignored.

use std::time::Duration;

/// While this lives, signals wait.
#[derive(Debug)]
#[must_use]
pub struct Uninterrupted(());

/// Lets time go by; true where Ctrl-C ended that before its time. Other signals end this process, as does Ctrl-C where signals
/// cannot wait.
pub fn sleep(duration: Duration) -> bool {
    #[cfg(target_os = "linux")]
    return linux::sleep(duration);
    #[cfg(not(target_os = "linux"))]
    {
        std::thread::sleep(duration);
        false
    }
}

/// Has signals wait.
pub fn uninterrupted() -> Uninterrupted {
    #[cfg(target_os = "linux")]
    linux::wait();
    Uninterrupted(())
}

impl Drop for Uninterrupted {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        linux::go_on();
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::ffi::c_int;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    use std::sync::{Arc, LazyLock};
    use std::time::{Duration, Instant};

    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    use signal_hook::flag::{register, register_conditional_default};
    use signal_hook::low_level::emulate_default_handler;

    use super::is_ignored;

    /// How many threads are at it.
    static AT_WORK: AtomicUsize = AtomicUsize::new(0);

    static SIGNALS: LazyLock<Signals> = LazyLock::new(Signals::install);

    struct Signals {
        ends_at_once: Arc<AtomicBool>,
        came: Vec<(c_int, Arc<AtomicBool>)>,
    }

    impl Signals {
        fn install() -> Signals {
            let ends_at_once = Arc::new(AtomicBool::new(true));
            let mut came = Vec::new();
            for signal in [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)) {
                let flag = Arc::new(AtomicBool::new(false));
                // In this order: what ends at once takes no note.
                let installed = register_conditional_default(signal, Arc::clone(&ends_at_once))
                    .and_then(|_| register(signal, Arc::clone(&flag)));
                if installed.is_ok() {
                    came.push((signal, flag));
                }
            }
            Signals { ends_at_once, came }
        }
    }

    pub(super) fn wait() {
        AT_WORK.fetch_add(1, Ordering::SeqCst);
        SIGNALS.ends_at_once.store(false, Ordering::SeqCst);
    }

    pub(super) fn sleep(duration: Duration) -> bool {
        const LOOK: Duration = Duration::from_millis(100);
        wait();
        let end = Instant::now() + duration;
        let has_come = || SIGNALS.came.iter().any(|(_, came)| came.load(Ordering::SeqCst));
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() || has_come() {
                break;
            }
            std::thread::sleep(left.min(LOOK));
        }
        let interrupted =
            SIGNALS.came.iter().any(|(signal, came)| *signal == SIGINT && came.swap(false, Ordering::SeqCst));
        go_on();
        interrupted
    }

    pub(super) fn go_on() {
        if AT_WORK.fetch_sub(1, Ordering::SeqCst) == 1 {
            SIGNALS.ends_at_once.store(true, Ordering::SeqCst);
            for (signal, came) in &SIGNALS.came {
                if came.swap(false, Ordering::SeqCst) {
                    // It ends this process; where it could not, the signal is lost and nothing else.
                    let _ = emulate_default_handler(*signal);
                }
            }
        }
    }
}

/// Whether a signal is ignored, as far as `/proc` tells (proc(5), `SigIgn`); elsewhere nothing tells.
#[cfg(unix)]
pub(super) fn is_ignored(signal: std::ffi::c_int) -> bool {
    if !cfg!(target_os = "linux") {
        return false;
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // One that is not known is left as it is.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_none_or(|mask| mask & (1 << (signal - 1)) != 0)
}
