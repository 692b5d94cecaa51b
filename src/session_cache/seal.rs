//! How a session is stored in its file: a clear header that is authenticated, then the sealed credentials. Pure.
//!
//! A file is one line of JSON (the [`Header`]), a 24-byte nonce, and XChaCha20-Poly1305's output with its tag.

use chacha20poly1305::aead::{Aead, AeadCore, OsRng, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::chain::base::{Base, key};
use crate::credentials::{AccessKeyId, Session};
use crate::secret::{Secret, SecretBytes};
use crate::session_cache::fresh::Life;
use crate::session_cache::name::{NameDigest, SessionName};
use crate::session_cache::sealing_key::SealingKey;
use crate::sys::clock_mark::ClockMark;
use crate::timestamp::Timestamp;

const VERSION: u32 = 2;
const NONCE_LENGTH: usize = 24;

/// What kind of session a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionKind {
    MfaSession,
    Session,
    Hop,
}

/// What a session file says in clear: enough to list, clear and remove sessions without the sealing key; no secret.
///
/// It is authenticated: a file whose header was changed does not open. Those who only read headers must bear in mind that
/// they are not checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// GetSessionToken's, with a code or without, or AssumeRole's.
    pub kind: SessionKind,
    /// What the chain starts with. Version 1 had an access key's id in its place, and no other base.
    #[serde(alias = "key_id")]
    pub base: BaseId,
    /// The profiles that asked for it, or for something made with it; the one it was made for first.
    pub profiles: Vec<String>,
    /// The last role; none for a session of GetSessionToken.
    pub role_arn: Option<String>,
    /// When it was made, by the corrected clock.
    #[serde(with = "unix")]
    pub issued_at: Timestamp,
    /// When AWS stops honouring it.
    #[serde(with = "unix")]
    pub expires_at: Timestamp,
    /// Seconds by which this machine was behind AWS when it was made.
    pub clock_offset: i64,
    /// What tells whether the clock has been set since; only where it was ahead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_mark: Option<ClockMark>,
    /// What is found without the sealing key; none in files of keyfob 0.1.0, or where the cache folder could not keep the
    /// random bytes that go into it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<NameDigest>,
}

/// The base of a session, as the header names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BaseIdIn")]
pub struct BaseId {
    /// Its kind, as in the registry of bases.
    pub kind: String,
    /// The access key id of a key; of other kinds a name without a secret, the same for the same base.
    pub id: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum BaseIdIn {
    Base { kind: String, id: String },
    Key(AccessKeyId),
}

impl From<BaseIdIn> for BaseId {
    fn from(read: BaseIdIn) -> BaseId {
        match read {
            BaseIdIn::Base { kind, id } => BaseId { kind, id },
            BaseIdIn::Key(id) => BaseId { kind: key::NAME.to_owned(), id: id.to_string() },
        }
    }
}

impl BaseId {
    /// The base of a plan.
    pub fn new(base: &Base) -> BaseId {
        let id = base.key_id().map_or_else(|| base.identity.to_string(), AccessKeyId::to_string);
        BaseId { kind: base.kind.to_owned(), id }
    }

    /// Whether it is the sign-in of `aws login` as this user or role.
    pub fn is_login(&self, arn: &str) -> bool {
        self.kind == "login" && self.id == arn
    }

    /// Whether it is this access key.
    pub fn is_key(&self, id: &AccessKeyId) -> bool {
        self.kind == key::NAME && self.id == id.as_str()
    }
}

impl Header {
    /// From when to when the session works.
    pub fn life(&self) -> Life {
        Life { issued_at: self.issued_at, expires_at: self.expires_at }
    }

    /// Notes that `profile` uses the session. False where that was known.
    pub fn note(&mut self, profile: &str) -> bool {
        let is_new = !self.profiles.iter().any(|known| known == profile);
        if is_new {
            self.profiles.push(profile.to_owned());
        }
        is_new
    }
}

/// The header's line of JSON. Files of version 1 still open: what is authenticated is the line as it is.
#[derive(Serialize)]
struct Versioned<'h> {
    version: u32,
    #[serde(flatten)]
    header: &'h Header,
}

pub(super) mod unix {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::timestamp::Timestamp;

    pub(in super::super) fn serialize<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        time.unix().serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_unix)
    }
}

/// The sealed part as it is written; `issued_at` and `expires_at` are the header's.
#[derive(Serialize)]
struct BodyOut<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_token: Option<&'a str>,
    account_id: Option<&'a str>,
}

#[derive(Deserialize)]
struct BodyIn {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Option<Secret>,
    account_id: Option<String>,
}

/// Why a session file gives no session. Each is a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// It is cut off or was never a session file.
    #[error("it is truncated, or not a session file")]
    Garbled,
    /// A later keyfob wrote it.
    #[error("another version of keyfob wrote it")]
    Version,
    /// It was changed, is another session's file, or was sealed with another key.
    #[error("it cannot be opened: it was modified, or sealed for another name or with another key")]
    Sealed,
}

/// Seals a session for the file of this name.
pub fn seal(key: &SealingKey, name: &SessionName, header: &Header, session: &Session) -> Vec<u8> {
    let Session { access_key_id, secret_access_key, session_token, issued_at: _, expires_at: _, account_id } = session;
    let body = BodyOut {
        access_key_id,
        // Security: these leave only through the cipher below; the buffer is large enough never to move.
        secret_access_key: secret_access_key.expose(),
        session_token: session_token.as_ref().map(Secret::expose),
        account_id: account_id.as_deref(),
    };
    let mut clear = Zeroizing::new(Vec::with_capacity(2 * body.session_token.map_or(0, str::len) + 1024));
    serde_json::to_writer(&mut *clear, &body).expect("texts always become JSON");
    seal_behind(key, name.as_str(), header_line(header), &clear)
}

/// Seals `clear` behind a line of JSON that is authenticated with it, for the file of this name.
pub(super) fn seal_behind(key: &SealingKey, name: &str, line: Vec<u8>, clear: &[u8]) -> Vec<u8> {
    let mut file = line;
    let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
    let sealed = key
        .cipher()
        .encrypt(&nonce, Payload { msg: clear, aad: &bound_to(name, &file) })
        .expect("a session is shorter than the cipher's 256 GiB");
    file.push(b'\n');
    file.extend_from_slice(&nonce);
    file.extend_from_slice(&sealed);
    file
}

/// Opens what [`seal_behind`] made with this key for this name.
///
/// # Errors
/// Where it is not exactly that.
pub(super) fn open_behind(key: &SealingKey, name: &str, file: &[u8]) -> Result<SecretBytes, Damage> {
    let (line, rest) = split(file)?;
    let (nonce, sealed) = rest.split_at_checked(NONCE_LENGTH).ok_or(Damage::Garbled)?;
    let payload = Payload { msg: sealed, aad: &bound_to(name, line) };
    key.cipher().decrypt(XNonce::from_slice(nonce), payload).map(SecretBytes::new).map_err(|_| Damage::Sealed)
}

/// Opens the file of this name.
///
/// # Errors
/// Where it is not exactly what [`seal`] made with this key for this name.
pub fn open(key: &SealingKey, name: &SessionName, file: &[u8]) -> Result<(Header, Session), Damage> {
    let header = read_header(file)?;
    let clear = open_behind(key, name.as_str(), file)?;
    let body: BodyIn = serde_json::from_slice(clear.expose()).map_err(|_| Damage::Garbled)?;
    let session = Session {
        access_key_id: body.access_key_id,
        secret_access_key: body.secret_access_key,
        session_token: body.session_token,
        issued_at: header.issued_at,
        expires_at: header.expires_at,
        account_id: body.account_id,
    };
    Ok((header, session))
}

/// Reads a file's header without opening, and so without checking, it.
///
/// # Errors
/// Where it is no session file of this version.
pub fn read_header(file: &[u8]) -> Result<Header, Damage> {
    parse_header(split(file)?.0)
}

/// What is authenticated beside the sealed part. The file's name is in it: a file renamed to another's name does not open.
fn bound_to(name: &str, header_line: &[u8]) -> Vec<u8> {
    [name.as_bytes(), b"\n", header_line].concat()
}

pub(super) fn split(file: &[u8]) -> Result<(&[u8], &[u8]), Damage> {
    let end = file.iter().position(|byte| *byte == b'\n').ok_or(Damage::Garbled)?;
    Ok((&file[..end], &file[end + 1..]))
}

fn header_line(header: &Header) -> Vec<u8> {
    serde_json::to_vec(&Versioned { version: VERSION, header }).expect("texts and numbers always become JSON")
}

fn parse_header(line: &[u8]) -> Result<Header, Damage> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let Version { version } = serde_json::from_slice(line).map_err(|_| Damage::Garbled)?;
    if !(1..=VERSION).contains(&version) {
        return Err(Damage::Version);
    }
    serde_json::from_slice(line).map_err(|_| Damage::Garbled)
}
