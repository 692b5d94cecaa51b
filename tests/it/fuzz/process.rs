//! A `credential_process` line or what a program prints, or the parts of a line and of a document, NUL between them.

use std::path::Path;

use keyfob::credentials::{Credentials, Session};
use keyfob::format::process;
use keyfob::ini::{Document, SectionName};
use keyfob::process_line::{keyfob_profile_of, split, with_profile, write};
use keyfob::secret::{Secret, SecretBytes};
use keyfob::timestamp::Timestamp;

pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parts: Vec<&str> = text.split('\0').collect();
    match parts.as_slice() {
        [text] => {
            read(text);
            answered(text.as_bytes());
        }
        [program, profile] => written(program, profile),
        [id, secret, token, ..] => printed([id, secret, token], data.len()),
        [] => {}
    }
}

fn read(line: &str) {
    let words = split(line);
    let profile = keyfob_profile_of(line);
    assert!(profile.is_none() || words.as_ref().is_ok_and(|words| words.len() >= 3));
    let Some(renamed) = with_profile(line, "renamed") else { return };
    assert_eq!(keyfob_profile_of(&renamed).as_deref(), Some("renamed"));
    let (old, new) = (words.expect("it was split"), split(&renamed).expect("as before"));
    let changed: Vec<_> = old.iter().zip(&new).filter(|(old, new)| old != new).collect();
    assert!(old.len() == new.len() && changed.len() <= 1, "{old:?} {new:?}");
}

/// What is taken for credentials is printed so that it is read back the same.
fn answered(output: &[u8]) {
    let now = Timestamp::from_unix(1_700_000_000);
    let Ok(credentials) = process::read(&SecretBytes::new(output.to_vec()), now) else { return };
    assert!(!credentials.access_key_id().is_empty() && !credentials.secret_access_key().is_empty());
    assert!(credentials.expires_at().is_none_or(|end| end > now));
    let mut out = Vec::new();
    process::write(&credentials, &mut out).expect("a buffer takes it");
    let again = process::read(&SecretBytes::new(out), now).expect("keyfob reads what it prints");
    assert_eq!(parts(&again), parts(&credentials));
}

fn parts(of: &Credentials) -> (&str, &str, Option<&str>, Option<Timestamp>, Option<&str>) {
    let token = of.session_token().map(Secret::expose);
    (of.access_key_id(), of.secret_access_key().expose(), token, of.expires_at(), of.account_id())
}

fn written(program: &str, profile: &str) {
    let Ok(line) = write(Path::new(program), profile) else { return };
    assert_eq!(split(&line).expect("closed"), [program, "credential-process", profile]);
    if Path::new(program).file_stem().is_some_and(|stem| stem == "keyfob") {
        assert_eq!(keyfob_profile_of(&line).as_deref(), Some(profile));
    }
    // It stands in a file as it is, and the file gives it back.
    let (mut document, section) = (Document::default(), SectionName::Profile("p"));
    document.set(section, "credential_process", &line).expect("a line that is written fits into the file");
    assert_eq!(document.value_in(section, "credential_process"), Some(line));
}

fn printed([id, secret, token]: [&str; 3], at: usize) {
    let time = Timestamp::from_unix(i64::try_from(at).expect("a file's length") * 1_000_003);
    let session = Session {
        access_key_id: id.to_owned(),
        secret_access_key: Secret::new(secret.to_owned()),
        session_token: Some(Secret::new(token.to_owned())),
        issued_at: time,
        expires_at: time,
        account_id: None,
    };
    let mut out = Vec::new();
    process::write(&Credentials::Session(session), &mut out).expect("a buffer takes it");
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1, "one line");
    let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    for (name, value) in [("AccessKeyId", id), ("SecretAccessKey", secret), ("SessionToken", token)] {
        assert_eq!(document[name], value);
    }
    assert_eq!(document["Expiration"], time.to_string());
}
