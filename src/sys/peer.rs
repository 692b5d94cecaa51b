//! Whose program is at the other end of a connection over 127.0.0.1, which every user of the machine can open.

use std::net::TcpStream;

/// Whether the program that has opened a connection is this process's user's, or root's.
///
/// On Linux by the kernel's tables, and no where they do not name a program that still has it open. In WSL a connection that
/// they do not have comes from Windows, and counts as own. Other systems have no such tables, and it says yes there.
// Security: asked right after `accept`, so that others are neither read nor counted.
pub fn is_own(stream: &TcpStream) -> bool {
    platform::is_own(stream)
}

#[cfg(target_os = "linux")]
mod platform {
    use std::net::{Ipv4Addr, SocketAddr, TcpStream};

    use crate::sys::wsl::is_wsl_kernel;

    /// The second names IPv4 too: the sockets of programs that connect to `::ffff:127.0.0.1`.
    const TABLES: [&str; 2] = ["/proc/net/tcp", "/proc/net/tcp6"];

    pub fn is_own(stream: &TcpStream) -> bool {
        let (Ok(SocketAddr::V4(peer)), Ok(SocketAddr::V4(own))) = (stream.peer_addr(), stream.local_addr()) else {
            return false;
        };
        let ends = [(*peer.ip(), peer.port()), (*own.ip(), own.port())];
        let may_be = |user| user == 0 || user == rustix::process::geteuid().as_raw();
        // A table that changes while it is read can lack a line.
        let user =
            (0..2).find_map(|_| TABLES.iter().find_map(|table| user_in(&std::fs::read_to_string(table).ok()?, ends)));
        user.map_or_else(is_wsl_kernel, |user| user.is_some_and(may_be))
    }

    /// The user of the socket at the first of a connection's ends (Linux, `Documentation/networking/proc_net_tcp.rst`), if the
    /// table has it.
    ///
    /// Nobody of one that its program has closed: the kernel says 0 of every such user, and of the inode.
    pub(super) fn user_in(table: &str, ends: [(Ipv4Addr, u16); 2]) -> Option<Option<u32>> {
        let written = ends.map(|(ip, port)| {
            let word = u32::from_ne_bytes(ip.octets());
            let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
            [format!("{word:08X}:{port:04X}"), format!("{:016}{mapped:08X}{word:08X}:{port:04X}", 0)]
        });
        table.lines().skip(1).find_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, _, _, _, _, user, _, inode, ..] = words[..] else { return None };
            let is_it = (0..2).any(|form| local == written[0][form] && remote == written[1][form]);
            is_it.then(|| user.parse().ok().filter(|_| inode != "0"))
        })
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub fn is_own(_: &std::net::TcpStream) -> bool {
        true
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::net::{Ipv4Addr, TcpListener};

    use super::*;

    #[test]
    fn the_user_of_a_connection_is_read_from_the_systems_tables_in_both_forms() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
            0: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 1 1 0 20 4 30 10 -1\n   \
            1: 0100007F:C350 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 0 20 4 30 10 -1\n   \
            2: 0100007F:C351 0100007F:1F90 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0\n   \
            3: 0000000000000000FFFF00000100007F:C352 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 \
            00000000  1002        0 4 1 0 20 4 30 10 -1\n";
        let of = |port| platform::user_in(table, [(Ipv4Addr::LOCALHOST, port), (Ipv4Addr::LOCALHOST, 8080)]);
        assert_eq!((of(50_000), of(50_002)), (Some(Some(1001)), Some(Some(1002))));
        assert_eq!((of(50_001), of(50_003)), (Some(None), None), "closed, and not there");
    }

    #[test]
    fn a_connection_that_was_closed_by_whoever_opened_it_is_nobodys() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let client = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let (stream, _) = listener.accept().expect("it has connected");
        assert!(is_own(&stream));
        drop(client);
        assert!(!is_own(&stream), "the kernel says that it is root's");
    }
}
