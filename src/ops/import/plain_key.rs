//! Complete keys in plain text, as they are in the AWS files. Pure.

use super::{Stays, of_aws};
use crate::credentials::AccessKey;
use crate::ops::access_key_input::from_pair;
use crate::profile::{AwsFile, Profile};
use crate::secret::Secret;

pub(super) const ID: &str = "aws_access_key_id";
pub(super) const SECRET: &str = "aws_secret_access_key";
const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// A key in plain text, and where.
pub(super) struct Written {
    pub(super) profile: String,
    pub(super) file: AwsFile,
    /// Of the id.
    pub(super) line: usize,
    pub(super) secret_line: usize,
    pub(super) key: Result<AccessKey, Stays>,
}

/// The keys of a profile that stand in the files, in each as it stands there.
pub(super) fn found_in(profile: &Profile<'_>) -> Vec<Written> {
    let mut found = Vec::new();
    for file in [AwsFile::Credentials, AwsFile::Config] {
        let setting = |name: &str| profile.places(name).into_iter().find(|s| s.file == file && !s.value.is_empty());
        let (Some(id), Some(secret)) = (setting(ID), setting(SECRET)) else { continue };
        let is_temporary = id.value.starts_with("ASIA") || TOKENS.iter().any(|token| setting(token).is_some());
        let secret_line = secret.line;
        let key = match is_temporary {
            true => Err(Stays::Temporary),
            false => of_aws(from_pair(&id.value, Secret::new(secret.value.into_owned()))),
        };
        found.push(Written { profile: profile.name().to_owned(), file, line: id.line, secret_line, key });
    }
    found
}
