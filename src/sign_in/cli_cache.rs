//! The AWS CLI's cache of tokens, `~/.aws/sso/cache`: a second source of access tokens, and where `sso_share` leaves ours.
//!
//! The CLI's refresh token is never used: each may work only once, and it is the CLI's. No `region` is written, so that
//! `aws sso logout`, which deletes every file there and ends the session of each that names its region, deletes ours and ends
//! nothing (AWS CLI 2, `sso/logout.py`).

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Map, Value, json};
use sha1::Digest as _;

use crate::chain::identity_center::{IdentityCenter, trimmed};
use crate::hex;
use crate::secret::{Secret, SecretBytes};
use crate::sys::env::{Environment, vars};
use crate::sys::{files, folder};
use crate::timestamp::Timestamp;

/// What tells our own files: no other program keeps fields it does not know, but for the JavaScript SDK, which writes only what
/// it has refreshed, and ours have nothing to refresh with.
const MARK: &str = "writtenBy";
const OURS: &str = "keyfob";

/// One with less left is not used, seconds.
const LEAST_SECONDS: i64 = 60;

/// How often a file is read that its writer has not finished, and how long it is given.
const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(50);

/// The AWS CLI's token.
pub(super) struct CliToken {
    pub(super) access: Secret,
    pub(super) expires_at: Timestamp,
    /// A digest of it, which tells nothing of it.
    pub(super) id: String,
}

/// The CLI's access token for `center`, while it works.
pub(super) fn token(env: &Environment, center: &IdentityCenter, now: Timestamp) -> Option<CliToken> {
    let path = path(env, center)?;
    let read = read_settled(&path).filter(|read| !is_ours(read))?;
    // Two config files with a section of one name share a file here.
    if trimmed(text(&read, "startUrl")?) != center.start_url {
        return None;
    }
    if text(&read, "region").is_some_and(|region| region != center.region) {
        return None;
    }
    let expires_at = Timestamp::parse_lenient(text(&read, "expiresAt")?)?;
    if expires_at <= now.plus_seconds(LEAST_SECONDS) {
        return None;
    }
    let access = Secret::new(text(&read, "accessToken").filter(|token| !token.is_empty())?.to_owned());
    let digest = sha2::Sha256::digest(access.expose());
    Some(CliToken { id: format!("cli:{}", &hex::encode(&digest)[..32]), access, expires_at })
}

/// Leaves an access token where SDKs and the AWS CLI look for it. What another program has put there stays while it works or can
/// be refreshed.
///
/// # Errors
/// What keeps it from being written.
pub(super) fn share(
    env: &Environment,
    center: &IdentityCenter,
    access: &Secret,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), String> {
    let Some(path) = path(env, center) else { return Ok(()) };
    if let Some(theirs) = read_settled(&path).filter(|read| !is_ours(read)) {
        let ends = text(&theirs, "expiresAt").and_then(Timestamp::parse_lenient);
        if text(&theirs, "refreshToken").is_some() || ends.is_some_and(|end| end > now) {
            return Err(format!("`{}` is the AWS CLI's, and is not replaced", path.display()));
        }
    }
    // Security: this is what the user has asked for with `sso_share`; the file is 0600, as the CLI's are.
    let file = json!({
        "startUrl": center.written_start_url,
        "accessToken": access.expose(),
        "expiresAt": expires_at,
        MARK: OURS,
    });
    let file = SecretBytes::new(serde_json::to_vec(&file).expect("texts always become JSON"));
    let folder = path.parent().expect("it is in the cache's folder");
    files::private_dir(folder)
        .and_then(|()| files::replace_unsynced(&path, file.expose()))
        .map_err(|error| format!("`{}` cannot be written: {error}", path.display()))
}

/// Deletes the file that [`share`] wrote; another program's stays.
pub(super) fn unshare(env: &Environment, center: &IdentityCenter) {
    if let Some(path) = path(env, center)
        && read_settled(&path).is_some_and(|read| is_ours(&read))
    {
        // One that stays ends with its token.
        let _ = folder::remove(&path);
    }
}

/// SHA-1 of the section's name, else of the start URL as it is written (botocore `utils.py`, `SSOTokenLoader`).
fn path(env: &Environment, center: &IdentityCenter) -> Option<PathBuf> {
    let home = env.get_os(vars::HOME).or_else(|| env.get_os(vars::USERPROFILE))?;
    let named_by = center.session.as_ref().unwrap_or(&center.written_start_url);
    let name = hex::encode(&sha1::Sha1::digest(named_by));
    Some(PathBuf::from(home).join(".aws").join("sso").join("cache").join(format!("{name}.json")))
}

/// The AWS CLI writes in place, so a file may be empty or cut for a moment.
fn read_settled(path: &std::path::Path) -> Option<Map<String, Value>> {
    for attempt in 1..=ATTEMPTS {
        let text = SecretBytes::new(files::read_optional(path).ok()??);
        match serde_json::from_slice(text.expose()) {
            Ok(read) => return Some(read),
            Err(_) if attempt < ATTEMPTS => std::thread::sleep(PAUSE),
            Err(_) => {}
        }
    }
    None
}

fn is_ours(read: &Map<String, Value>) -> bool {
    text(read, MARK) == Some(OURS)
}

fn text<'r>(read: &'r Map<String, Value>, name: &str) -> Option<&'r str> {
    read.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::tests::center;

    const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);
    /// `printf corp | sha1sum`
    const FILE: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

    fn with_home(test: impl FnOnce(&Environment, &dyn Fn(&str))) {
        let home = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::from_pairs([("HOME", home.path().to_str().expect("a text"))]);
        let path = path(&env, &center("corp")).expect("a home");
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        assert_eq!(path, home.path().join(".aws/sso/cache").join(FILE));
        test(&env, &|text: &str| {
            files::replace_unsynced(&path, text.as_bytes()).expect("written");
        });
    }

    fn access(env: &Environment) -> Option<String> {
        token(env, &center("corp"), NOW).map(|token| token.access.expose().to_owned())
    }

    #[test]
    fn the_clis_token_is_used_while_it_works_and_is_for_the_same_start_url() {
        with_home(|env, write| {
            assert_eq!(access(env), None);
            let file = |url: &str, region: &str, end: &str| {
                format!(
                    r#"{{"startUrl":"{url}","region":"{region}","accessToken":"theirs","expiresAt":"{end}","refreshToken":"r"}}"#
                )
            };
            let url = "https://corp.awsapps.com/start";
            for (text, used) in [
                (file(url, "eu-west-1", "2023-11-14T23:00:00Z"), true),
                (file(&format!("{url}/#/"), "eu-west-1", "2023-11-14T23:00:00UTC"), true),
                (file(url, "eu-west-1", "2023-11-14T22:13:50Z"), false),
                (file(url, "us-east-1", "2023-11-14T23:00:00Z"), false),
                (file("https://other.awsapps.com/start", "eu-west-1", "2023-11-14T23:00:00Z"), false),
                (r#"{"startUrl":"#.to_owned(), false),
                (String::new(), false),
                ("[]".to_owned(), false),
            ] {
                write(&text);
                assert_eq!(access(env).is_some(), used, "{text}");
            }
        });
    }

    #[test]
    fn a_shared_token_is_no_source_replaces_only_our_own_and_goes_at_logout() {
        with_home(|env, write| {
            let (center, ours) = (center("corp"), Secret::new("ours".to_owned()));
            let share = |expires: i64| share(env, &center, &ours, NOW.plus_seconds(expires), NOW);
            let path = path(env, &center).expect("a home");
            let read = || std::fs::read_to_string(&path).unwrap_or_default();
            share(60).expect("written");
            share(3600).expect("replaced");
            assert_eq!(
                read(),
                r#"{"startUrl":"https://corp.awsapps.com/start","accessToken":"ours","expiresAt":"2023-11-14T23:13:20Z","writtenBy":"keyfob"}"#
            );
            assert_eq!(access(env), None, "our own is no source");
            unshare(env, &center);
            assert!(!path.exists());
            let refreshable =
                r#"{"startUrl":"u","accessToken":"t","expiresAt":"2020-01-01T00:00:00Z","refreshToken":"r"}"#;
            let valid = r#"{"startUrl":"u","accessToken":"t","expiresAt":"2033-01-01T00:00:00Z"}"#;
            for theirs in [refreshable, valid] {
                write(theirs);
                share(3600).expect_err("another's");
                unshare(env, &center);
                assert_eq!(read(), theirs);
            }
            write(r#"{"startUrl":"u","accessToken":"t","expiresAt":"2020-01-01T00:00:00Z"}"#);
            share(3600).expect("of no use to anybody");
        });
    }
}
