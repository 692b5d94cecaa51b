//! A scripted AWS for this folder's tests: it answers what its script says and keeps what it was asked.

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};

use crate::aws::MfaCode;
use crate::chain::target::Target;
use crate::credentials::{AccessKey, Credentials, Session};
use crate::secret::Secret;
use crate::timestamp::Timestamp;

#[path = "../../tests/support/aws/tls.rs"]
pub(super) mod tls;

/// What time it is in these tests.
pub(super) const NOW: i64 = 1_700_000_000;

pub(super) fn key() -> Credentials {
    Credentials::Key {
        key: AccessKey {
            id: "AKIAFAKEFAKEFAKEFAKE".parse().expect("an id"),
            secret: Secret::new("fake-secret-of-the-tests".to_owned()),
        },
        account_id: Some("111111111111".to_owned()),
    }
}

pub(super) fn session() -> Credentials {
    Credentials::Session(Session {
        access_key_id: "ASIAFAKEFAKEFAKEFAKE".to_owned(),
        secret_access_key: Secret::new("fake-secret-of-a-session".to_owned()),
        session_token: Some(Secret::new("fake-token-of-the-tests".to_owned())),
        issued_at: Timestamp::from_unix(NOW),
        expires_at: Timestamp::from_unix(NOW + 3600),
        account_id: None,
    })
}

pub(super) fn code() -> MfaCode {
    MfaCode { serial: "arn:aws:iam::111111111111:mfa/jane".to_owned(), code: Secret::new("123456".to_owned()) }
}

/// A target whose STS and IAM are at `endpoint`.
pub(super) fn target(endpoint: &str) -> Target {
    Target {
        region: "eu-central-1".to_owned(),
        sts_endpoint: Some(endpoint.to_owned()),
        iam_endpoint: Ok(Some(endpoint.to_owned())),
        other_endpoints: std::collections::BTreeMap::new(),
        fips: false,
        dual_stack: false,
        legacy_global: false,
        ca_bundle: None,
    }
}

/// One answer of the script.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    status: u16,
    body: Option<String>,
    wait: Duration,
    clock: i64,
    closes: bool,
}

impl Reply {
    pub(super) fn ok(body: &str) -> Self {
        Reply { status: 200, body: Some(body.to_owned()), wait: Duration::ZERO, clock: 0, closes: false }
    }

    pub(super) fn caller() -> Self {
        Reply::ok(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::111111111111:user/jane</Arn><UserId>AIDAFAKE</UserId><Account>111111111111</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        )
    }

    /// A session of an hour, made by `operation`.
    pub(super) fn session(operation: &str) -> Self {
        let expires = Timestamp::from_unix(NOW + 3600);
        let user = match operation {
            "AssumeRole" => {
                "<AssumedRoleUser><Arn>arn:aws:sts::222222222222:assumed-role/admin/jane</Arn>\
                 <AssumedRoleId>AROAFAKE:jane</AssumedRoleId></AssumedRoleUser>"
            }
            _ => "",
        };
        Reply::ok(&format!(
            "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{operation}Result>{user}<Credentials>\
             <AccessKeyId>ASIAFAKEFAKEFAKEFAKE</AccessKeyId><SecretAccessKey>fake-secret-of-a-session</SecretAccessKey>\
             <SessionToken>fake-token-of-the-tests</SessionToken><Expiration>{expires}</Expiration></Credentials>\
             </{operation}Result></{operation}Response>"
        ))
    }

    pub(super) fn refused(status: u16, code: &str, message: &str) -> Self {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code>\
             <Message>{message}</Message></Error><RequestId>fake-request-id</RequestId></ErrorResponse>"
        );
        Reply { status, ..Reply::ok(&body) }
    }

    pub(super) fn page(status: u16, body: &str) -> Self {
        Reply { status, ..Reply::ok(body) }
    }

    /// The connection is closed, with the request read and nothing answered.
    pub(super) fn dropped() -> Self {
        Reply { body: None, ..Reply::ok("") }
    }

    /// The answer comes this much later.
    pub(super) fn after(self, wait: Duration) -> Self {
        Reply { wait, ..self }
    }

    /// The server's clock is this many seconds ahead.
    pub(super) fn ahead(self, clock: i64) -> Self {
        Reply { clock, ..self }
    }

    /// The connection is closed a moment after the answer, without a word.
    pub(super) fn closing(self) -> Self {
        Reply { closes: true, ..self }
    }

    fn bytes(&self) -> Option<Vec<u8>> {
        let body = self.body.as_ref()?;
        let date = DateTime::from_secs(NOW + self.clock).fmt(Format::HttpDate).expect("a date");
        let length = body.len();
        let status = self.status;
        Some(
            format!(
                "HTTP/1.1 {status} -\r\nDate: {date}\r\nx-amzn-RequestId: fake-request-id\r\n\
             Content-Length: {length}\r\n\r\n{body}"
            )
            .into_bytes(),
        )
    }
}

/// What the server was asked.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// The how-many-th connection it came over.
    pub(super) connection: usize,
    pub(super) head: String,
    pub(super) body: String,
}

impl Asked {
    /// A parameter of the query protocol, as it is encoded.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// The server: a thread a connection, until the test ends.
#[derive(Debug)]
pub(super) struct Server {
    port: u16,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    pub(super) fn http(script: impl IntoIterator<Item = Reply>) -> Self {
        Server::start(script, None)
    }

    /// With a certificate for `127.0.0.1`, signed by [`CA_CERTIFICATE`].
    pub(super) fn https(script: impl IntoIterator<Item = Reply>) -> Self {
        Server::start(script, Some(tls::config()))
    }

    fn start(script: impl IntoIterator<Item = Reply>, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let script = Arc::new(Mutex::new(script.into_iter().collect::<VecDeque<_>>()));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let server = Server { port, scheme, asked: Arc::clone(&asked) };
        std::thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let (script, asked, tls) = (Arc::clone(&script), Arc::clone(&asked), tls.clone());
                std::thread::spawn(move || match tls {
                    None => serve(stream, connection + 1, &script, &asked),
                    Some(tls) => {
                        let session = rustls::ServerConnection::new(tls).expect("a TLS session");
                        serve(rustls::StreamOwned::new(session, stream), connection + 1, &script, &asked);
                    }
                });
            }
        });
        server
    }

    pub(super) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    /// The action of each request, in order.
    pub(super) fn actions(&self) -> Vec<String> {
        self.asked().iter().map(|asked| asked.parameter("Action").unwrap_or("?").to_owned()).collect()
    }
}

fn serve(mut stream: impl Read + Write, connection: usize, script: &Mutex<VecDeque<Reply>>, asked: &Mutex<Vec<Asked>>) {
    while let Some((head, body)) = read_request(&mut stream) {
        asked.lock().expect("no panic").push(Asked { connection, head, body });
        let reply = script.lock().expect("no panic").pop_front();
        let reply = reply.unwrap_or_else(|| Reply::page(418, "the script has ended"));
        std::thread::sleep(reply.wait);
        let Some(bytes) = reply.bytes() else { return };
        if stream.write_all(&bytes).and_then(|()| stream.flush()).is_err() {
            return;
        }
        if reply.closes {
            std::thread::sleep(Duration::from_millis(50));
            return;
        }
    }
}

fn read_request(stream: &mut impl Read) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        if bytes.first() == Some(&0x16) {
            return Some(("a TLS greeting".to_owned(), String::new()));
        }
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let length = head.lines().find_map(|line| {
                line.to_ascii_lowercase().strip_prefix("content-length:").and_then(|value| value.trim().parse().ok())
            });
            if bytes.len() >= end + 4 + length.unwrap_or(0) {
                return Some((head, String::from_utf8_lossy(&bytes[end + 4..]).into_owned()));
            }
        }
        match stream.read(&mut chunk) {
            Ok(count) if count > 0 => bytes.extend_from_slice(&chunk[..count]),
            _ => return None,
        }
    }
}

/// A connection to a port where somebody accepts and never speaks.
pub(super) fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

/// A proxy that keeps the head of the first request and answers with `answer`.
pub(super) fn proxy(answer: &'static str) -> (u16, std::sync::mpsc::Receiver<String>) {
    let (listener, port) = silent();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream): Result<TcpStream, _> = stream else { return };
            let Some((head, _)) = read_request(&mut stream) else { continue };
            let _ = sender.send(head);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    (port, receiver)
}

/// Made for these tests, valid from 2020 to 2120. Its key was thrown away.
pub(super) const CA_CERTIFICATE: &str = include_str!("../../tests/data/tls/ca.pem");
