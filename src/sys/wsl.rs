//! The Windows Subsystem for Linux, where Windows has the browser and the clipboard.

use std::path::Path;

use crate::sys::env::{Environment, vars};
use crate::sys::files::read_optional;

/// Whether this is a distribution of it. A container on its kernel is none.
pub fn is_wsl(env: &Environment) -> bool {
    env.get_os(vars::WSL_DISTRO_NAME).is_some() || !is_container(env) && is_wsl_kernel()
}

/// Whether the kernel is its: containers of Docker Desktop on Windows have it too.
pub fn is_wsl_kernel() -> bool {
    let version = read_optional(Path::new("/proc/version")).ok().flatten().unwrap_or_default();
    String::from_utf8_lossy(&version).to_ascii_lowercase().contains("microsoft")
}

/// Whether this is a container, as far as containers say so.
pub fn is_container(env: &Environment) -> bool {
    let marks = ["/.dockerenv", "/run/.containerenv"];
    marks.iter().any(|path| Path::new(path).exists()) || env.get_os(vars::KUBERNETES_SERVICE_HOST).is_some()
}
