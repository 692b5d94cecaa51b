//! How a static program looks names up: it contains its C library, and must not load modules of the machine it runs on.

/// Makes glibc look hosts up in `/etc/hosts` and by DNS (`/etc/resolv.conf`), and users in `/etc/passwd`, whatever
/// `/etc/nsswitch.conf` says. Must be called before the first of either. Does nothing where the C library is a shared one.
///
/// A static glibc can do these without help. For anything else that `nsswitch.conf` names (`resolve`, `myhostname`,
/// `mdns4_minimal`, `sss`) it loads a module of the machine's own glibc, and crashes if that is another version: 2.36 ended
/// with SIGFPE under 2.41 (measured). Names that only such modules know are not found; AWS's are in DNS, and
/// systemd-resolved answers DNS as well.
pub fn keep_to_files_and_dns() {
    #[cfg(all(target_os = "linux", target_env = "gnu", target_feature = "crt-static"))]
    {
        use std::ffi::{CStr, c_char, c_int};
        #[expect(unsafe_code, reason = "glibc has no other way, and no crate has this one")]
        unsafe extern "C" {
            fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
        }
        let databases: [(&CStr, &CStr); 2] = [(c"hosts", c"files dns"), (c"passwd", c"files")];
        for (database, services) in databases {
            // SAFETY: both are C strings that live for ever; glibc copies what it keeps, and guards it with a lock.
            #[expect(unsafe_code, reason = "as above")]
            // It fails only if memory is short.
            let _ = unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
        }
    }
}
