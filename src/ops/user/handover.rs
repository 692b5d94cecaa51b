//! The file that brings a user's key and password to its owner's machine: sealed in the age format, written once.
//!
//! Each secret is sealed by itself, when it comes into being, so that the journal never has one in plain text. What the file says
//! beside that is not trusted: account, ARN and profile are sealed with the key.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::credentials::{AccessKey, AccessKeyId, account_of_arn};
use crate::error::{Error, Kind, Result};
use crate::keystore::age_file::{AgeError, Identity, open_with, seal_to, seal_with};
use crate::ops::Context;
use crate::ops::user::passwords::is_printable;
use crate::secret::{Secret, SecretBytes};
use crate::sys::files::{create_new, read};
use crate::user::Journal;

const VERSION: u32 = 1;

/// The most bytes of a handover file: two sealed documents of less than 2 kB each.
const LARGEST: usize = 64 << 10;

/// The most characters of an ARN (IAM API, `arnType`).
const LONGEST_ARN: usize = 2048;

/// The fewest characters of a passphrase: anyone who has the file can try them all.
const SHORTEST: usize = 12;

/// What secrets are sealed with.
pub(super) enum Sealing {
    ToPublicKey(String),
    WithPassphrase(Secret),
}

/// What opens them again.
pub enum Opening {
    /// An age identity file's text.
    Identity(SecretBytes),
    Passphrase(Secret),
}

#[derive(Serialize, Deserialize)]
struct File {
    keyfob_handover: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    password: Option<String>,
}

/// What is sealed with each secret, so that neither can be put beside another user's.
#[derive(Serialize)]
struct Sealed<'s> {
    version: u32,
    arn: &'s str,
    profile: &'s str,
    region: Option<&'s str>,
    id: Option<&'s AccessKeyId>,
    secret: &'s str,
}

#[derive(Deserialize)]
struct Opened {
    version: u32,
    arn: String,
    profile: String,
    region: Option<String>,
    id: Option<AccessKeyId>,
    secret: Secret,
}

/// What a handover file brings.
pub(super) struct Brought {
    pub(super) arn: String,
    /// The name proposed for the profile.
    pub(super) profile: String,
    pub(super) region: Option<String>,
    pub(super) key: Option<AccessKey>,
    pub(super) password: Option<Secret>,
}

pub(super) fn seal_key(sealing: &Sealing, journal: &Journal, key: &AccessKey) -> Result<String> {
    seal(sealing, journal, Some(&key.id), &key.secret)
}

pub(super) fn seal_password(sealing: &Sealing, journal: &Journal, password: &Secret) -> Result<String> {
    seal(sealing, journal, None, password)
}

fn seal(sealing: &Sealing, journal: &Journal, id: Option<&AccessKeyId>, secret: &Secret) -> Result<String> {
    let (arn, profile, region) = (&journal.arn, &journal.wish.profile, journal.wish.region.as_deref());
    let sealed = Sealed { version: VERSION, arn, profile, region, id, secret: secret.expose() };
    // Long enough from the start: one that grows leaves pieces behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(8192));
    serde_json::to_writer(&mut *plain, &sealed).expect("texts are JSON");
    let sealed = match sealing {
        Sealing::ToPublicKey(key) => seal_to(key, &plain).map_err(|problem| Error::new(Kind::Usage, problem))?,
        Sealing::WithPassphrase(passphrase) => {
            seal_with(passphrase, &plain).map_err(|error| Error::new(Kind::Failed, error.to_string()))?
        }
    };
    Ok(STANDARD.encode(sealed))
}

/// Checks a public key before anything depends on it.
///
/// # Errors
/// A sentence that says what is wrong.
pub fn check_public_key(key: &str) -> std::result::Result<(), String> {
    seal_to(key, b"").map(drop)
}

/// Asks for the passphrase of a new file, twice.
///
/// # Errors
/// Where nobody answers.
pub(super) fn ask_for_new(context: &Context<'_>) -> Result<Secret> {
    let hint = || context.talk.again(&["--to", "PUBLICKEY"]).to("or seal it to an age public key of its owner");
    let ask = |prompt: &str| {
        let answer = context.human.ask_secret(prompt, None);
        answer.map_err(|error| error.into_error("a passphrase for the handover file").hint(hint()))
    };
    for _ in 0..3 {
        let first = ask("Passphrase for the handover file: ")?;
        if first.expose().chars().count() < SHORTEST {
            context
                .human
                .progress(&format!("use {SHORTEST} characters or more: anyone who has the file can try them all"));
            continue;
        }
        if ask("Repeat the passphrase: ")?.expose() == first.expose() {
            return Ok(first);
        }
        context.human.progress("the two differ");
    }
    Err(Error::new(Kind::NeedsHuman, "no passphrase for the handover file in three attempts").hint(hint()))
}

/// Whether a passphrase opens what is sealed in a journal.
pub(super) fn opens(passphrase: &Secret, sealed: &str) -> bool {
    STANDARD.decode(sealed).is_ok_and(|sealed| open_with(passphrase, &sealed).is_ok())
}

/// Writes what is sealed in the journal into a file that did not exist, and reads it back.
///
/// # Errors
/// Where another file is there, or it does not read back.
pub(super) fn write(journal: &Journal, path: &Path) -> Result<()> {
    let file = File {
        keyfob_handover: VERSION,
        key: journal.made.sealed_key.clone(),
        password: journal.made.sealed_password.clone(),
    };
    let mut text = serde_json::to_vec_pretty(&file).expect("texts are JSON");
    text.push(b'\n');
    let cannot = |error: std::io::Error| {
        Error::new(Kind::Failed, format!("cannot write {}", path.display()))
            .because(error)
            .hint("move what is there out of the way, or make room, then resume")
    };
    match create_new(path, &text) {
        // An earlier try has come so far.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && read(path).ok().as_ref() == Some(&text) => {}
        written => written.map_err(cannot)?,
    }
    match read(path) {
        Ok(back) if back == text => Ok(()),
        Ok(_) => Err(Error::new(Kind::Failed, format!("{} does not read back as it was written", path.display()))),
        Err(error) => Err(cannot(error)),
    }
}

/// Whether a handover file is sealed to a passphrase, and not to a public key.
///
/// # Errors
/// Where it is not a handover file.
pub fn wants_passphrase(path: &Path) -> Result<bool> {
    let file = load(path)?;
    let sealed = file.key.or(file.password).unwrap_or_default();
    let sealed = STANDARD.decode(sealed).unwrap_or_default();
    Ok(memchr::memmem::find(&sealed[..sealed.len().min(256)], b"\n-> scrypt ").is_some())
}

/// Opens a handover file.
///
/// # Errors
/// Where it is not one, is damaged, or this does not open it.
pub(super) fn open(path: &Path, opening: &Opening) -> Result<Brought> {
    let file = load(path)?;
    let key = file.key.map(|sealed| unseal(path, &sealed, opening)).transpose()?;
    let password = file.password.map(|sealed| unseal(path, &sealed, opening)).transpose()?;
    let first = key.as_ref().or(password.as_ref()).ok_or_else(|| broken(path, "nothing is in it"))?;
    if [&key, &password].into_iter().flatten().any(|opened| opened.arn != first.arn) {
        return Err(broken(path, "its key and its password belong to different users"));
    }
    if password.as_ref().is_some_and(|opened| !is_printable(opened.secret.expose())) {
        return Err(broken(path, "its password has characters that are not printable"));
    }
    let (arn, profile, region) = (first.arn.clone(), first.profile.clone(), first.region.clone());
    let key = match key {
        Some(Opened { id: Some(id), secret, .. }) => Some(AccessKey { id, secret }),
        Some(_) => return Err(broken(path, "its key has no id")),
        None => None,
    };
    Ok(Brought { arn, profile, region, key, password: password.map(|opened| opened.secret) })
}

fn unseal(path: &Path, sealed: &str, opening: &Opening) -> Result<Opened> {
    let sealed = STANDARD.decode(sealed).map_err(|_| broken(path, "it is damaged or cut short"))?;
    let opened = match opening {
        Opening::Passphrase(passphrase) => open_with(passphrase, &sealed),
        Opening::Identity(text) => Identity::parse(text.clone())
            .map_err(|problem| Error::new(Kind::Usage, format!("the identity file: {problem}")))?
            .open(&sealed),
    };
    let plain = opened.map_err(|error| match error {
        AgeError::WrongKey => Error::new(Kind::Failed, format!("this does not open {}", path.display())).hint(
            "check the passphrase, or name the identity file of the public key it was sealed to with `--identity`",
        ),
        other => broken(path, &other.to_string()),
    })?;
    // Security: the parser's own words could show a piece of the secret.
    let opened: Opened =
        serde_json::from_slice(plain.expose()).map_err(|_| broken(path, "what is sealed in it is not a user's"))?;
    // Security: it is shown on a terminal.
    let is_plain = opened.arn.len() <= LONGEST_ARN && opened.arn.bytes().all(|byte| byte.is_ascii_graphic());
    let is_user = is_plain && account_of_arn(&opened.arn).is_some() && opened.arn.contains(":user/");
    match opened.version {
        VERSION if !is_user => Err(broken(path, "it names no IAM user")),
        VERSION => Ok(opened),
        _ => Err(broken(path, "it was written by a newer version of keyfob")),
    }
}

fn load(path: &Path) -> Result<File> {
    let bytes = read(path)
        .map_err(|error| Error::new(Kind::Failed, format!("cannot read {}", path.display())).because(error))?;
    if bytes.len() > LARGEST {
        return Err(broken(path, "it is too long"));
    }
    let file: File = serde_json::from_slice(&bytes).map_err(|error| match error.is_eof() {
        true => broken(path, "it is damaged or cut short"),
        false => broken(path, "it is not JSON of keyfob's"),
    })?;
    match file.keyfob_handover {
        VERSION => Ok(file),
        _ => Err(broken(path, "it was written by a newer version of keyfob")),
    }
}

fn broken(path: &Path, why: &str) -> Error {
    Error::new(Kind::Failed, format!("{} is not a handover file that can be used: {why}", path.display()))
        .hint("ask the person who created the user for the file again")
}
