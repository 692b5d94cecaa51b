//! A link that a browser follows once: a redirect to an address that is too secret for a command line, which other users see.
//!
//! It goes with this process, and answers one path, once, for a minute.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::secret::Secret;
use crate::sys::http_server::{listen, read_request};
use crate::sys::peer;

/// How long a second request is looked for after the first.
const WATCH: Duration = Duration::from_secs(2);

/// A link that is listening.
pub struct OneUseLink {
    listener: TcpListener,
    host: String,
    path: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    Once,
    /// Another request came for it, which got nothing.
    Again,
    Never,
}

impl OneUseLink {
    /// Listens on a free port of 127.0.0.1; `name` is what makes the path nobody can guess.
    ///
    /// # Errors
    /// The system's.
    pub fn listen(name: &Secret) -> io::Result<OneUseLink> {
        let listener = listen()?;
        listener.set_nonblocking(true)?;
        let host = listener.local_addr()?.to_string();
        Ok(OneUseLink { listener, host, path: format!("/{}", name.expose()) })
    }

    /// The address to open.
    pub fn url(&self) -> String {
        format!("http://{}{}", self.host, self.path)
    }

    /// Redirects the first that asks for it, of this user, within `limit`. Calls `refused` for each connection of another's.
    pub fn redirect(self, target: &Secret, limit: Duration, mut refused: impl FnMut()) -> Followed {
        let mut deadline = Instant::now() + limit;
        let mut followed = Followed::Never;
        while Instant::now() < deadline && followed != Followed::Again {
            let Ok((mut stream, _)) = self.listener.accept() else {
                std::thread::sleep(Duration::from_millis(20));
                continue;
            };
            // Security: another user of this machine may have seen the link in a list of processes.
            if !peer::is_own(&stream) {
                // Not waited for: it may be that nobody reads it.
                let _ = stream
                    .set_nonblocking(true)
                    .and_then(|()| stream.write_all(head("403 Forbidden", None).expose().as_bytes()));
                refused();
                continue;
            }
            match self.answer(stream, target, followed) {
                Ok(true) if followed == Followed::Never => {
                    followed = Followed::Once;
                    deadline = Instant::now() + WATCH;
                }
                Ok(true) => followed = Followed::Again,
                // A browser that has gone, a request for something else.
                Ok(false) | Err(_) => {}
            }
        }
        followed
    }

    /// Answers a connection; whether it was for the link.
    fn answer(&self, mut stream: TcpStream, target: &Secret, followed: Followed) -> io::Result<bool> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        stream.set_write_timeout(Some(Duration::from_secs(2)))?;
        let Some(request) = read_request(&mut stream)? else { return Ok(false) };
        let is_ours =
            request.method == "GET" && request.path == self.path && request.header("host") == Some(&self.host);
        let (status, location) = match (is_ours, followed) {
            (false, _) => ("404 Not Found", None),
            (true, Followed::Never) => ("302 Found", Some(target)),
            (true, Followed::Once | Followed::Again) => ("410 Gone", None),
        };
        stream.write_all(head(status, location).expose().as_bytes())?;
        Ok(is_ours)
    }
}

/// An answer without a body.
fn head(status: &str, location: Option<&Secret>) -> Secret {
    let location = location
        .map_or_else(|| Secret::new(String::new()), |url| Secret::new(format!("Location: {}\r\n", url.expose())));
    Secret::new(format!(
        "HTTP/1.1 {status}\r\n{}Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\nContent-Length: 0\r\n\
         Connection: close\r\n\r\n",
        location.expose()
    ))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn get(address: &str, path: &str, host: &str) -> String {
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("read");
        answer
    }

    #[test]
    fn a_link_redirects_once_and_only_who_knows_it() {
        let link = OneUseLink::listen(&Secret::new("secret-name".into())).expect("a free port");
        let host = link.host.clone();
        let following = std::thread::spawn(move || {
            link.redirect(&Secret::new("https://example.com/?token=x".into()), Duration::from_secs(20), || ())
        });
        assert!(get(&host, "/", &host).starts_with("HTTP/1.1 404"));
        assert!(get(&host, "/secret-name", "evil.example").starts_with("HTTP/1.1 404"));
        let first = get(&host, "/secret-name", &host);
        assert!(first.starts_with("HTTP/1.1 302 Found\r\nLocation: https://example.com/?token=x\r\n"), "{first}");
        assert!(first.contains("\r\nReferrer-Policy: no-referrer\r\nCache-Control: no-store\r\n"), "{first}");
        let second = get(&host, "/secret-name", &host);
        assert!(second.starts_with("HTTP/1.1 410") && !second.contains("token"), "{second}");
        assert_eq!(following.join().expect("it ends"), Followed::Again);
        let unused = OneUseLink::listen(&Secret::new("n".into())).expect("a free port");
        assert_eq!(
            unused.redirect(&Secret::new("https://x".into()), Duration::from_millis(50), || ()),
            Followed::Never
        );
    }
}
