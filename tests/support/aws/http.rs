//! As much HTTP/1.1 as an AWS SDK speaks to a query API: kept-alive connections, `Content-Length` bodies.

use std::io::{self, BufRead, BufReader, Read, Write};

/// One request, whole.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// The header's value, trimmed; the first where there are several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    fn wants_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }
}

/// One answer, ready to be written.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// What becomes of an answer on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Whole,
    /// `Content-Length` promises all of it, half of it comes.
    Half,
    /// The connection is closed and nothing is said.
    Nothing,
}

/// Answers every request of a connection with `answer`, until either side has had enough.
pub fn serve(stream: impl Read + Write, mut answer: impl FnMut(Request) -> (Response, Delivery)) -> io::Result<()> {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read_request(&mut reader)? {
        let close = request.wants_close();
        let (response, delivery) = answer(request);
        if !write_response(reader.get_mut(), &response, delivery)? || close {
            break;
        }
    }
    Ok(())
}

/// Reads a request; `None` where the client has closed the connection between two.
fn read_request(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if reader.read_until(b'\n', &mut head)? == 0 {
            return if head.is_empty() { Ok(None) } else { Err(invalid("the request ends in its head")) };
        }
    }
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut slots);
    parsed.parse(&head).map_err(|error| invalid(&error.to_string()))?;
    let target = parsed.path.unwrap_or("/");
    // A client that uses a proxy sends the whole address (RFC 9112, 3.2.2); the signature covers the path alone.
    let target = match target.strip_prefix("http://") {
        Some(rest) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => target,
    };
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).trim().to_owned()))
            .collect(),
        body: Vec::new(),
    };
    if request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        request.body = read_chunks(reader)?;
        return Ok(Some(request));
    }
    let length = request.header("content-length").map_or(Ok(0), str::parse::<usize>);
    let length = length.map_err(|_| invalid("a Content-Length that is no number"))?;
    request.body = vec![0; length];
    reader.read_exact(&mut request.body)?;
    Ok(Some(request))
}

/// A body in chunks (RFC 9112, 7.1), as AWS's helper for Roles Anywhere sends it.
fn read_chunks(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).map_err(|_| invalid("a chunk without its length"))?;
        let mut chunk = vec![0; length + 2];
        reader.read_exact(&mut chunk)?;
        body.extend_from_slice(&chunk[..length]);
        if length == 0 {
            return Ok(body);
        }
    }
}

/// Writes the answer as far as it is to arrive; `false` where the connection has to end with it.
fn write_response(stream: &mut impl Write, response: &Response, delivery: Delivery) -> io::Result<bool> {
    if delivery == Delivery::Nothing {
        return Ok(false);
    }
    let mut bytes = format!("HTTP/1.1 {} {}\r\n", response.status, reason(response.status)).into_bytes();
    for (name, value) in &response.headers {
        bytes.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    bytes.extend(format!("Content-Length: {}\r\n\r\n", response.body.len()).into_bytes());
    match delivery {
        Delivery::Half => bytes.extend(&response.body[..response.body.len() / 2]),
        Delivery::Whole | Delivery::Nothing => bytes.extend(&response.body),
    }
    stream.write_all(&bytes)?;
    stream.flush()?;
    Ok(delivery == Delivery::Whole)
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        409 => "Conflict",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Unknown",
    }
}

fn invalid(problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, problem)
}
