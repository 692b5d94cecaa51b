//! A listener on 127.0.0.1 that a browser is sent back to after a sign-in.
//!
//! It answers one path with one state, and everything else with 404: other programs and pages of this machine can reach it
//! too. It goes with this process, however that ends.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use url::form_urlencoded;

use crate::secret::Secret;
use crate::sys::peer;

/// The path a browser is sent back to.
pub const PATH: &str = "/oauth/callback";

/// A browser opens connections that it sends nothing over; they are not waited for any longer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many connections are listened to at a time.
const MOST_CONNECTIONS: usize = 64;

/// The longest request that is read.
const MOST_BYTES: usize = 16 << 10;

/// Bound to a free port, before anything learns of it.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    port: u16,
}

/// What a browser brought back.
#[derive(Debug)]
pub enum Brought {
    /// What is exchanged for tokens.
    Code(Secret),
    /// The service's own words, in place of a code.
    Error { error: String, description: String },
}

/// A browser that waits for a page.
#[derive(Debug)]
pub struct Callback {
    pub brought: Brought,
    stream: TcpStream,
}

impl Callback {
    /// Shows a page. One that nobody waits for any more is lost.
    pub fn show(mut self, html: &str) {
        respond(&mut self.stream, "200 OK", html);
    }
}

impl Listener {
    /// Binds a free port.
    ///
    /// # Errors
    /// Where there is none.
    pub fn bind() -> io::Result<Listener> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = socket.local_addr()?.port();
        socket.set_nonblocking(true)?;
        Ok(Listener { socket, port })
    }

    /// Where a browser is to be sent back to.
    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the browser that brings this state back; none within the limit.
    ///
    /// # Errors
    /// Where the socket fails.
    pub fn wait(&self, state: &str, limit: Duration) -> io::Result<Option<Callback>> {
        let deadline = Instant::now() + limit;
        let (sender, receiver): (Sender<Callback>, Receiver<Callback>) = mpsc::channel();
        let open = Arc::new(AtomicUsize::new(0));
        let expected = Arc::new(Expected { host: format!("127.0.0.1:{}", self.port), state: state.to_owned() });
        while Instant::now() < deadline {
            // However many others keep it busy.
            if let Ok(callback) = receiver.try_recv() {
                return Ok(Some(callback));
            }
            match self.socket.accept() {
                // Security: another user sees the state in the browser's command line, and could end the sign-in or bring their own.
                Ok((stream, _)) if !peer::is_own(&stream) => drop(stream),
                Ok((stream, _)) if open.fetch_add(1, Ordering::Relaxed) < MOST_CONNECTIONS => {
                    let (sender, open, expected) = (sender.clone(), Arc::clone(&open), Arc::clone(&expected));
                    std::thread::spawn(move || {
                        if let Some(callback) = expected.read(stream) {
                            // Whoever waited is gone after the first.
                            let _ = sender.send(callback);
                        }
                        open.fetch_sub(1, Ordering::Relaxed);
                    });
                }
                // Too many at once: closed.
                Ok(_) => drop(open.fetch_sub(1, Ordering::Relaxed)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    match receiver.recv_timeout(Duration::from_millis(20)) {
                        Ok(callback) => return Ok(Some(callback)),
                        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A connection that was closed before it was taken.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(receiver.try_recv().ok())
    }
}

/// What the right request looks like.
struct Expected {
    host: String,
    state: String,
}

impl Expected {
    /// Reads a request; all but the right one are answered here.
    fn read(&self, mut stream: TcpStream) -> Option<Callback> {
        stream.set_nonblocking(false).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_write_timeout(Some(PATIENCE)).ok()?;
        let head = read_head(&mut stream)?;
        match self.brought(&head) {
            Some(brought) => Some(Callback { brought, stream }),
            None => {
                respond(&mut stream, "404 Not Found", "<!doctype html><title>404</title>Not found\n");
                None
            }
        }
    }

    /// What the right request brings.
    fn brought(&self, head: &str) -> Option<Brought> {
        let mut lines = head.split("\r\n");
        let target = lines.next()?.strip_prefix("GET ")?.split(' ').next()?;
        let hosts: Vec<&str> = lines
            .filter_map(|line| line.split_once(':'))
            .filter(|(name, _)| name.eq_ignore_ascii_case("host"))
            .map(|(_, value)| value.trim())
            .collect();
        // Security: another host is a page that has its name resolve to this machine.
        if hosts != [self.host.as_str()] {
            return None;
        }
        let query = target.strip_prefix(PATH)?.strip_prefix('?')?;
        let value = |name: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
            let value = values.next().map(|(_, value)| value.into_owned());
            value.filter(|value| !value.is_empty() && values.next().is_none())
        };
        value("state").filter(|state| is_same(state, &self.state))?;
        match (value("error"), value("code")) {
            (Some(error), _) => {
                Some(Brought::Error { error, description: value("error_description").unwrap_or_default() })
            }
            (None, Some(code)) => Some(Brought::Code(Secret::new(code))),
            (None, None) => None,
        }
    }
}

/// Compares in a time that does not tell how much is right.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (one, other)| all | (one ^ other)) == 0
}

fn read_head(stream: &mut TcpStream) -> Option<String> {
    let (mut head, mut buffer, start) = (Vec::new(), [0; 2048], Instant::now());
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        head.extend_from_slice(&buffer[..read]);
        if head.len() > MOST_BYTES || start.elapsed() > PATIENCE {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

fn respond(stream: &mut TcpStream, status: &str, html: &str) {
    let response = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nReferrer-Policy: no-referrer\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{html}",
        html.len()
    );
    // Whoever is gone needs no page.
    let _ = stream.write_all(response.as_bytes()).and_then(|()| stream.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(listener: &Listener, head: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", listener.port)).expect("it listens");
        stream.write_all(head.replace("PORT", &listener.port.to_string()).as_bytes()).expect("sent");
        stream
    }

    fn answer(mut stream: TcpStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        text
    }

    #[test]
    fn only_the_right_path_host_and_state_end_the_wait() {
        let listener = Listener::bind().expect("a port");
        let (port, right) =
            (listener.port, "GET /oauth/callback?code=c%2F1&state=right HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n");
        assert_eq!(listener.redirect_uri(), format!("http://127.0.0.1:{port}/oauth/callback"));
        let strays = [
            "GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
            "GET /oauth/callback?code=c&state=wrong HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
            "GET /oauth/callback?error=access_denied HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
            "GET /oauth/callback?code=c&state=right HTTP/1.1\r\nHost: evil.example:PORT\r\n\r\n",
            "GET /oauth/callback?code=c&state=right HTTP/1.1\r\n\r\n",
            "GET /oauth/callback?code=c&code=d&state=right HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
            "GET /oauth/callback?state=right HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
            "GET /oauth/callbackx?code=c&state=right HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
            "POST /oauth/callback?code=c&state=right HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        ];
        // One that says nothing is in nobody's way.
        let _silent = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        let strays: Vec<TcpStream> = strays.iter().map(|head| get(&listener, head)).collect();
        let browser = get(&listener, right);
        let callback = listener.wait("right", Duration::from_secs(20)).expect("a socket").expect("a callback");
        assert!(matches!(&callback.brought, Brought::Code(code) if code.expose() == "c/1"), "{callback:?}");
        for stray in strays {
            let text = answer(stray);
            assert!(text.starts_with("HTTP/1.1 404 "), "{text}");
        }
        callback.show("<p>done");
        let text = answer(browser);
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("<p>done"), "{text}");
    }

    #[test]
    fn an_error_with_the_right_state_ends_the_wait_and_so_does_time() {
        let listener = Listener::bind().expect("a port");
        assert!(listener.wait("s", Duration::from_millis(1)).expect("a socket").is_none());
        let _browser = get(
            &listener,
            "GET /oauth/callback?error=access_denied&error_description=No+way&state=s HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n",
        );
        let callback = listener.wait("s", Duration::from_secs(20)).expect("a socket").expect("a callback");
        assert!(
            matches!(callback.brought, Brought::Error { error, description } if error == "access_denied" && description == "No way")
        );
    }

    #[test]
    fn a_code_does_not_show_in_debug_output() {
        assert_eq!(format!("{:?}", Brought::Code(Secret::new("c0de".to_owned()))), "Code(Secret(****))");
    }
}
