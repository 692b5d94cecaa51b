//! AWS's own file of a sign-in.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::credentials::Session;
use crate::hex;
use crate::secret::Secret;
use crate::sys::env::Environment;
use crate::sys::{files, folder, modes, paths};
use crate::timestamp::Timestamp;

/// How long the credentials of a sign-in last, seconds, where nothing else is known (AWS Sign-In API, CreateOAuth2Token:
/// `expiresIn` is 900 at most).
pub(super) const LIFE_SECONDS: i64 = 15 * 60;

/// The file with the tokens of one sign-in: `~/.aws/login/cache/SHA256-OF-THE-ARN.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFile(PathBuf);

/// What is in the file. What keyfob does not know of is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SignIn {
    pub(super) access_token: AccessToken,
    #[serde(serialize_with = "exposed")]
    pub(super) refresh_token: Secret,
    pub(super) client_id: String,
    /// The key that proves, at each renewal, that the tokens are this client's: PEM.
    #[serde(serialize_with = "exposed")]
    pub(super) dpop_key: Secret,
    /// Where it was made, which later releases of the AWS CLI write down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sign_in_region: Option<String>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

/// The credentials of the sign-in.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccessToken {
    pub(super) access_key_id: String,
    #[serde(serialize_with = "exposed")]
    pub(super) secret_access_key: Secret,
    #[serde(serialize_with = "exposed")]
    pub(super) session_token: Secret,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) account_id: Option<String>,
    pub(super) expires_at: String,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

// Security: only into AWS's own file, which is what these are kept in.
fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

impl TokenFile {
    /// The file of the sign-in as `arn`: in `AWS_LOGIN_CACHE_DIRECTORY`, else `~/.aws/login/cache`. None without a home folder.
    pub fn of(env: &Environment, arn: &str) -> Option<TokenFile> {
        let name = format!("{}.json", hex::encode(&Sha256::digest(arn.trim())));
        Some(TokenFile(paths::aws_login_cache(env)?.join(name)))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        modes::is_there(&self.0)
    }

    /// The sign-in; none where there is no file. One that other programs are just writing is waited for.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its path. None of it is repeated.
    pub fn read(&self) -> Result<Option<SignIn>, String> {
        for pause in [0, 50, 50, 50] {
            std::thread::sleep(Duration::from_millis(pause));
            let bytes = files::read_optional(&self.0).map_err(|error| format!("cannot be read: {error}"))?;
            let Some(bytes) = bytes.map(Zeroizing::new) else { return Ok(None) };
            match serde_json::from_slice::<SignIn>(&bytes) {
                Ok(sign_in) => return Ok(Some(sign_in)),
                // Security: the parser's other words may hold a piece of a token.
                Err(error) if error.is_data() && error.to_string().starts_with("missing field") => {
                    let field = error.to_string();
                    let field = field.split('`').nth(1).unwrap_or_default().to_owned();
                    return Err(format!("has no `{field}`"));
                }
                Err(error) if error.is_data() => return Err("is not a sign-in of `aws login`".to_owned()),
                Err(_) => {}
            }
        }
        Err("is damaged".to_owned())
    }

    /// Whether it could be written, as far as that can be told: the tokens of a renewal that is not written are lost.
    ///
    /// # Errors
    /// Why not.
    pub fn check_writable(&self, sign_in: &SignIn) -> io::Result<()> {
        files::reserve(&self.0, sign_in.to_json().len())
    }

    /// Puts a sign-in in its place, for this user's eyes alone. Makes the folder where there is none.
    ///
    /// # Errors
    /// As [`files::replace_through_link`]: the old one is then still there.
    pub fn write(&self, sign_in: &SignIn) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            files::private_dir(folder)?;
        }
        if modes::exposed(&self.0, 0o077).is_some() {
            modes::restrict(&self.0, 0o600)?;
        }
        files::replace_through_link(&self.0, &sign_in.to_json())
    }

    /// Deletes it. Whether there was one.
    ///
    /// # Errors
    /// Where it stays.
    pub fn remove(&self) -> io::Result<bool> {
        folder::remove(&self.0)
    }
}

impl SignIn {
    /// Its credentials; none where it does not say when they end.
    pub fn session(&self) -> Option<Session> {
        let AccessToken { access_key_id, secret_access_key, session_token, account_id, expires_at, rest: _ } =
            &self.access_token;
        let expires_at = Timestamp::parse_lenient(expires_at)?;
        Some(Session {
            access_key_id: access_key_id.clone(),
            secret_access_key: secret_access_key.clone(),
            session_token: Some(session_token.clone()),
            issued_at: expires_at.plus_seconds(-LIFE_SECONDS),
            expires_at,
            account_id: account_id.clone(),
        })
    }

    /// The region it was made in, if it says so.
    pub fn region(&self) -> Option<&str> {
        self.sign_in_region.as_deref()
    }

    /// Whether the next renewal sends the same token.
    pub fn has_token_of(&self, other: &SignIn) -> bool {
        self.refresh_token.expose() == other.refresh_token.expose()
    }

    fn to_json(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(serde_json::to_vec(self).expect("texts always become JSON"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{"accessToken":{"accessKeyId":"ASIAX","secretAccessKey":"s","sessionToken":"t","accountId":"012345678901","expiresAt":"2025-01-01T00:15:00Z","later":1},"tokenType":"aws_sigv4","clientId":"arn:aws:signin:::devtools/same-device","refreshToken":"r","idToken":"i","dpopKey":"k","new":{"a":[1]}}"#;

    #[test]
    fn what_other_tools_write_is_kept_and_what_is_missing_is_named() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let env = Environment::from_pairs([("AWS_LOGIN_CACHE_DIRECTORY", folder.path().to_str().expect("UTF-8"))]);
        let file = TokenFile::of(&env, " arn:aws:iam::012345678901:user/me\n").expect("a folder");
        // SHA-256 of the ARN without the blanks.
        let name = hex::encode(&Sha256::digest("arn:aws:iam::012345678901:user/me"));
        assert_eq!(file.path(), folder.path().join(format!("{name}.json")));
        assert!(file.read().expect("nothing wrong").is_none());
        let write = |text: &str| files::replace(file.path(), text.as_bytes()).expect("written");
        write(FILE);
        let sign_in = file.read().expect("good").expect("there");
        let session = sign_in.session().expect("it says when it ends");
        assert_eq!(session.account_id.as_deref(), Some("012345678901"));
        assert_eq!((session.issued_at.to_string(), sign_in.region()), ("2025-01-01T00:00:00Z".to_owned(), None));
        file.write(&sign_in).expect("written");
        let value = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("JSON");
        assert_eq!(value(&files::read(file.path()).expect("there")), value(FILE.as_bytes()));
        for field in ["accessToken", "clientId", "refreshToken", "dpopKey", "expiresAt", "sessionToken"] {
            write(&FILE.replace(field, "other"));
            assert_eq!(file.read().err(), Some(format!("has no `{field}`")));
        }
        for (text, problem) in [
            ("", "is damaged"),
            (&FILE[..100], "is damaged"),
            ("[]", "is not a sign-in of `aws login`"),
            (r#"{"accessToken":"secret"}"#, "is not a sign-in of `aws login`"),
        ] {
            write(text);
            assert_eq!(file.read().err().as_deref(), Some(problem), "{text}");
        }
    }
}
