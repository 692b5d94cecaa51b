//! Keeps secrets out of core dumps.

/// Turns core dumps of this process off, and with them reading its memory by other processes of the same user.
///
/// On Linux through `PR_SET_DUMPABLE`, which ends at `exec`: a `RLIMIT_CORE` of 0 would be inherited by the commands
/// that `keyfob exec` starts. Elsewhere there is nothing alike that a child does not inherit, so nothing is done.
pub fn forbid_core_dumps() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        // A refusal leaves what was there before; nothing else of keyfob depends on it.
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
