//! Which machine this is, for as long as it runs.

use std::path::Path;

use crate::sys::files::read_optional;

/// The machine's id and that of its boot, where the system has them. A clone of a disk has the first in common, not the second.
pub fn identity() -> Vec<String> {
    let text = |path: &str| {
        let bytes = read_optional(Path::new(path)).ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&bytes).trim().to_owned()
    };
    vec![text("/etc/machine-id"), text("/proc/sys/kernel/random/boot_id")]
}
