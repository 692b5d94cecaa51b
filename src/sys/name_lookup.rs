//! How a release looks names up: it has its C library built in, and must not load modules of the machine it runs on.

/// Has hosts looked up in `/etc/hosts` and by DNS (`/etc/resolv.conf`), and users in `/etc/passwd`, whatever
/// `/etc/nsswitch.conf` says. To be called before the first of either; where the C library is a shared one, does nothing.
///
/// A static glibc knows how to do these by itself. For anything else `nsswitch.conf` names (`resolve`, `myhostname`,
/// `mdns4_minimal`, `sss`) it loads a module of the machine's own glibc, and where that is another version it crashes:
/// 2.36 ended with SIGFPE under 2.41 (measured). What is lost is names that only such modules know; AWS's are in DNS,
/// and systemd-resolved answers DNS as well.
pub fn keep_to_files_and_dns() {
    #[cfg(static_glibc)]
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
            // It fails where memory is short alone.
            let _ = unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
        }
    }
}
