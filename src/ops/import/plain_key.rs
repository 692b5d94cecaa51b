//! Complete keys in plain text, as they are in the AWS files. Pure.

use super::{Stays, of_aws};
use crate::chain::base::before_key_in;
use crate::chain::base::key::{WholeKey, whole_in};
use crate::credentials::AccessKey;
use crate::ops::access_key_input::from_pair;
use crate::profile::{AwsFile, Profile};
use crate::secret::Secret;

/// A key in plain text, and where.
pub(super) struct PlainKey {
    pub(super) profile: String,
    pub(super) file: AwsFile,
    /// Of the id.
    pub(super) line: usize,
    pub(super) secret_line: usize,
    pub(super) key: Result<AccessKey, Stays>,
}

/// The keys of a profile that stand in the files, in each as it is there.
pub(super) fn found_in(profile: &Profile<'_>) -> Vec<PlainKey> {
    let written = |file| {
        let WholeKey { id, secret, is_temporary } = whole_in(profile, file)?;
        let secret_line = secret.line;
        let key = match (is_temporary, before_key_in(profile, file)) {
            (true, _) => Err(Stays::Temporary),
            (false, before) => {
                let key = of_aws(from_pair(&id.value, Secret::new(secret.value.into_owned())));
                before.map_or(key, |setting| Err(Stays::Behind(setting.name.into_owned())))
            }
        };
        Some(PlainKey { profile: profile.name().to_owned(), file, line: id.line, secret_line, key })
    };
    [AwsFile::Credentials, AwsFile::Config].into_iter().filter_map(written).collect()
}
