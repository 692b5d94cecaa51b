//! A small HTTP server on the loopback interface: one request a connection, GET's headers and nothing else.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::secret::SecretBytes;
use crate::sys::peer;

/// The longest request that is read.
const LONGEST: usize = 8 << 10;
/// How long a client may take to send it, and to read the answer.
const TIME_LIMIT: Duration = Duration::from_secs(2);
/// The most clients at once; others wait.
const MOST_CLIENTS: usize = 32;

/// A request, as far as it is looked at.
#[derive(Debug)]
pub struct ReceivedRequest {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

impl ReceivedRequest {
    /// The value of a header that is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    }
}

/// An answer: JSON, which may be secret.
pub struct Response {
    pub status: u16,
    pub body: SecretBytes,
}

/// Listens on a free port of 127.0.0.1.
///
/// # Errors
/// The system's.
pub fn listen() -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0))
}

/// A connection.
pub trait Stream: Read + Write + Send + 'static {
    /// Bounds how long each side may take.
    ///
    /// # Errors
    /// The system's.
    fn limit(&self, limit: Duration) -> io::Result<()>;

    /// Whether it is this user's, or root's.
    fn is_own(&self) -> bool;
}

impl Stream for TcpStream {
    fn limit(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))?;
        self.set_nodelay(true)
    }

    fn is_own(&self) -> bool {
        peer::is_own(self)
    }
}

#[cfg(unix)]
impl Stream for std::os::unix::net::UnixStream {
    fn limit(&self, limit: Duration) -> io::Result<()> {
        self.set_read_timeout(Some(limit))?;
        self.set_write_timeout(Some(limit))
    }

    /// The socket's mode and folder keep others away.
    fn is_own(&self) -> bool {
        true
    }
}

/// Answers each own connection of a listener's in a thread of its own, as long as there are some.
pub fn serve<S: Stream>(
    incoming: impl Iterator<Item = io::Result<S>>,
    answer: impl Fn(&ReceivedRequest) -> Response + Send + Sync + 'static,
) {
    let (answer, clients) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    for stream in incoming {
        let Ok(stream) = stream else {
            // Out of file descriptors, or a client that is gone already.
            std::thread::sleep(Duration::from_millis(20));
            continue;
        };
        // Security: others would be the clients at once that everybody waits for.
        if !stream.is_own() {
            continue;
        }
        while clients.load(Ordering::Acquire) >= MOST_CLIENTS {
            std::thread::sleep(Duration::from_millis(5));
        }
        clients.fetch_add(1, Ordering::AcqRel);
        let (answer, clients) = (Arc::clone(&answer), Arc::clone(&clients));
        std::thread::spawn(move || {
            // A client that goes away has no use for an answer.
            let _ = talk(stream, &*answer);
            clients.fetch_sub(1, Ordering::AcqRel);
        });
    }
}

fn talk(mut stream: impl Stream, answer: &dyn Fn(&ReceivedRequest) -> Response) -> io::Result<()> {
    stream.limit(TIME_LIMIT)?;
    let response = match read_request(&mut stream)? {
        Some(request) => answer(&request),
        None => Response { status: 400, body: SecretBytes::new(b"{\"code\":\"BadRequest\"}".to_vec()) },
    };
    let Response { status, body } = response;
    let head = format!(
        "HTTP/1.1 {status} {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Connection: close\r\n\r\n",
        phrase(status),
        body.expose().len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.expose())
}

/// Reads a request's head; none of what is not one.
///
/// # Errors
/// Of a client that is gone or too slow.
pub fn read_request(stream: &mut impl Read) -> io::Result<Option<ReceivedRequest>> {
    let (mut head, started) = (Vec::with_capacity(1024), Instant::now());
    while !head.ends_with(b"\r\n\r\n") {
        let mut piece = [0; 1024];
        let length = stream.read(&mut piece)?;
        if length == 0 || head.len() + length > LONGEST || started.elapsed() > TIME_LIMIT {
            return Ok(None);
        }
        head.extend_from_slice(&piece[..length]);
        // What follows the head is a body, which is not looked at.
        if let Some(end) = head.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            head.truncate(end + 4);
        }
    }
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    if !parsed.parse(&head).is_ok_and(|status| status.is_complete()) {
        return Ok(None);
    }
    let (Some(method), Some(path)) = (parsed.method, parsed.path) else { return Ok(None) };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Ok(Some(ReceivedRequest {
        method: method.to_owned(),
        path: path.split('?').next().unwrap_or(path).to_owned(),
        headers: parsed.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect(),
    }))
}

fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        _ => "Service Unavailable",
    }
}
