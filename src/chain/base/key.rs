//! Access keys, in the key store or in plain text, and sessions somebody wrote into an AWS file.

use std::str::FromStr;

use super::{Base, BaseSource, Identity, Kind, Lead, Reuse, RoleUse, SealWith, Signs, Whose};
use crate::chain::error::PlanError;
use crate::chain::node::{Node, Trace};
use crate::chain::reason::Reason;
use crate::credentials::{AccessKeyId, InvalidAccessKeyId, StoredKey};
use crate::profile::{AwsFile, Profile, Setting};

/// The setting with a key's id.
pub const ID: &str = "aws_access_key_id";
/// The setting with its secret.
pub const SECRET: &str = "aws_secret_access_key";
/// The second is an older name, which botocore reads too (botocore `credentials.py`).
pub const TOKENS: [&str; 2] = ["aws_session_token", "aws_security_token"];

/// The settings of a key or a written session.
pub const SETTINGS: &[&str] = &[ID, SECRET, TOKENS[0]];
/// What this kind is called.
pub const NAME: &str = "key";
/// The name of the kind for temporary keys in the AWS files.
pub const WRITTEN_SESSION: &str = "written_session";

/// The key in the key store: before all others, since only keyfob knows it.
pub(in super::super) static STORED: Kind =
    Kind { name: NAME, settings: &[], role: RoleUse::Apart, claim: |node, _| Ok(stored(node).map(Lead::Base)) };

/// A key whose two halves are in the credentials file, which SDKs follow before `login_session` and processes.
pub(in super::super) static CREDENTIALS_FILE: Kind = Kind {
    name: NAME,
    settings: SETTINGS,
    role: RoleUse::Apart,
    claim: |node, trace| Ok(is_in_credentials_file(node).then(|| in_files(node, trace)).flatten().map(Lead::Base)),
};

/// A key in the config file, or with a half in each.
pub(super) static EITHER_FILE: Kind = Kind {
    name: NAME,
    settings: SETTINGS,
    role: RoleUse::Apart,
    claim: |node, trace| Ok(in_files(node, trace).map(Lead::Base)),
};

/// The profile's own key, wherever it is.
pub(in super::super) fn own(node: &Node<'_>, trace: &mut Trace) -> Option<Base> {
    stored(node).or_else(|| in_files(node, trace))
}

/// Whether the profile has a whole key of its own. Temporary ones count, as in the SDKs.
pub(in super::super) fn is_there(node: &Node<'_>) -> bool {
    node.stored().is_some() || (node.setting(ID).is_some() && node.setting(SECRET).is_some())
}

/// A key of which one file has both halves.
pub struct WholeKey<'a> {
    /// Its id.
    pub id: Setting<'a>,
    /// Its secret.
    pub secret: Setting<'a>,
    /// Whether it is a session's.
    pub is_temporary: bool,
}

/// The key that a profile has in `file`, whatever takes precedence over it.
pub fn whole_in<'p>(profile: &'p Profile<'_>, file: AwsFile) -> Option<WholeKey<'p>> {
    let setting = |name: &str| profile.places(name).into_iter().find(|s| s.file == file && !s.value.is_empty());
    let (id, secret) = (setting(ID)?, setting(SECRET)?);
    let is_temporary = id.value.starts_with("ASIA") || TOKENS.iter().any(|token| setting(token).is_some());
    Some(WholeKey { id, secret, is_temporary })
}

/// What is wrong with a profile that has exactly one half of a key in its files.
pub(in super::super) fn incomplete(node: &Node<'_>) -> Option<PlanError> {
    let (has, lacks, place) = match (node.setting(ID), node.setting(SECRET)) {
        (Some(id), None) => (ID, SECRET, node.place(&id)),
        (None, Some(secret)) => (SECRET, ID, node.place(&secret)),
        (None, None) | (Some(_), Some(_)) => return None,
    };
    Some(PlanError::IncompleteKey { profile: node.name.clone(), has, lacks, place })
}

/// The base of a stored key.
pub fn base_of(profile: &str, key: StoredKey) -> Base {
    let identity = match &key.user_arn {
        // Sessions survive a rotation.
        Some(arn) => Identity { sort: "user", parts: vec![arn.clone()] },
        None => Identity { sort: NAME, parts: vec![key.id.to_string()] },
    };
    let sealed_with = if key.backend.is_outside() { SealWith::Default } else { SealWith::Store(key.backend) };
    let title = format!("access key {} of `{profile}`, in {}", key.id.short(), key.backend.title());
    base(profile, identity, title, sealed_with, BaseSource::Stored(key))
}

fn stored(node: &Node<'_>) -> Option<Base> {
    node.stored().map(|key| base_of(&node.name, key.clone()))
}

fn is_in_credentials_file(node: &Node<'_>) -> bool {
    [ID, SECRET].into_iter().all(|name| node.setting(name).is_some_and(|half| half.file == AwsFile::Credentials))
}

fn in_files(node: &Node<'_>, trace: &mut Trace) -> Option<Base> {
    node.setting(SECRET)?;
    let id = node.read(ID, &mut trace.used)?;
    let (place, profile) = (node.place(&id), node.name.clone());
    if let Some(token) = TOKENS.iter().find_map(|token| node.read(token, &mut trace.used)) {
        trace.notes.push(Reason::SessionInFile { profile, place: node.place(&token) });
        return Some(written_session(node, &id.value));
    }
    Some(match AccessKeyId::from_str(&id.value) {
        Ok(id) => {
            trace.notes.push(Reason::KeyInFile { profile, place });
            written(&node.name, id)
        }
        Err(InvalidAccessKeyId::Temporary) => {
            Base::refused(node, WRITTEN_SESSION, PlanError::TemporaryKey { profile, place })
        }
        Err(InvalidAccessKeyId::Malformed) => match AccessKeyId::of_other_service(&id.value) {
            // It is neither moved nor renewed, so where it is needs no note.
            Some(id) => written(&node.name, id),
            None => Base::refused(node, NAME, PlanError::BadKeyId { profile, place }),
        },
    })
}

fn written(profile: &str, id: AccessKeyId) -> Base {
    let identity = Identity { sort: NAME, parts: vec![id.to_string()] };
    let title = format!("access key {} of `{profile}`, in plain text in an AWS file", id.short());
    base(profile, identity, title, SealWith::Default, BaseSource::Written { id })
}

/// Keys and a session token in the files, in whatever form the id is: nobody but AWS knows whether they still work.
fn written_session(node: &Node<'_>, id: &str) -> Base {
    let identity = Identity::of_key_id(WRITTEN_SESSION, id);
    Base {
        profile: node.name.clone(),
        kind: WRITTEN_SESSION,
        title: format!("session {identity} of `{}`, in plain text in an AWS file", node.name),
        identity,
        signs_as: Signs::Session,
        whose: Whose::Unknown,
        sealed_with: SealWith::Default,
        reuse: Reuse::Never,
        source: BaseSource::WrittenSession { id: id.to_owned(), account_id: node.account_id() },
    }
}

fn base(profile: &str, identity: Identity, title: String, sealed_with: SealWith, source: BaseSource) -> Base {
    Base {
        profile: profile.to_owned(),
        kind: NAME,
        identity,
        signs_as: Signs::Key,
        whose: Whose::User,
        title,
        sealed_with,
        reuse: Reuse::Never,
        source,
    }
}
