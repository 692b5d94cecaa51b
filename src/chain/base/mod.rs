//! Bases: where a chain starts. The registry is the one place that knows which settings make which base.
//!
//! Pure; one file per base. How a base's credentials are made is in `ops/resolve/base`, a file of the same name.

mod before_key;
pub mod credential_source;
mod for_sdks;
mod identity;
pub mod key;
pub mod login;
pub mod process;
pub mod roles_anywhere;
pub mod sso;
pub mod web_identity;

pub use before_key::before_key_in;
pub use for_sdks::{Override, first_for_sdks, is_complete_for_sdks, names_a_source, overrides, settings_for_sdks};
pub use identity::{CommandLine, Identity};

use crate::chain::error::PlanError;
use crate::chain::known::KnownBase;
use crate::chain::node::{Node, Trace};
use crate::chain::request::Place;
use crate::credentials::{AccessKeyId, StoreId, StoredKey, account_of_arn, account_of_key_id};
use crate::profile::Setting;

use identity::is_key_id;
use roles_anywhere::Anchor;
use sso::AssignedRole;
use web_identity::TokenSource;

/// A kind of base: the settings that make it, and how a profile's claim to it is read.
pub struct Kind {
    /// Its name in `list`, `explain` and JSON. Several kinds may share one: they are places where the same base is looked for.
    pub name: &'static str,
    /// The settings that make a profile this kind.
    pub settings: &'static [&'static str],
    /// What it has to do with `role_arn`.
    pub role: RoleUse,
    /// Where a profile with its settings leads; none where they are not there.
    pub(super) claim: fn(&Node<'_>, &mut Trace) -> Result<Option<Lead>, PlanError>,
}

/// Where a profile leads.
pub(super) enum Lead {
    /// To its own base.
    Base(Base),
    /// To another profile, named in a setting.
    Profile { name: String, setting: String, place: Place },
}

impl Lead {
    /// To the profile that a setting names.
    pub(super) fn to(node: &Node<'_>, setting: &Setting<'_>) -> Lead {
        Lead::Profile { name: setting.value.to_string(), setting: setting.name.to_string(), place: node.place(setting) }
    }
}

/// What a kind of base has to do with the `role_arn` of its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleUse {
    /// The call that makes the base's credentials assumes the role.
    Consumes,
    /// It signs the AssumeRole of the profile's own role, if there is one.
    Beside,
    /// It is looked for in a profile without a role, or whose role is its own source.
    Apart,
}

/// Every kind, in the order in which a profile that is asked for is searched.
///
/// The order is botocore's (`credentials.py`, `create_credential_resolver`) behind the stored key, which only keyfob knows.
pub static KINDS: &[&Kind] = &[
    &key::STORED,
    &roles_anywhere::KIND,
    &web_identity::KIND,
    &sso::KIND,
    &key::CREDENTIALS_FILE,
    &login::KIND,
    &process::KIND,
    &key::EITHER_FILE,
    &credential_source::ENVIRONMENT,
    &credential_source::INSTANCE,
    &credential_source::CONTAINER,
];

/// Where a chain starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    /// The profile that has it.
    pub profile: String,
    /// Its [`Kind::name`].
    pub kind: &'static str,
    /// What names the sessions made from it.
    pub identity: Identity,
    /// What AWS takes its credentials for.
    pub signs_as: Signs,
    /// Whose its credentials are.
    pub whose: Whose,
    /// What it is called where it is explained.
    pub title: String,
    /// Whose sealing key seals the sessions made from it.
    pub sealed_with: SealWith,
    /// Whether its own credentials are cached.
    pub reuse: Reuse,
    /// What its credentials are made from.
    pub source: BaseSource,
}

/// What AWS takes a base's credentials for. It decides whether a role over it is role chaining.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signs {
    /// A user's long-term key.
    Key,
    /// A session.
    Session,
    /// Not known before AWS refuses.
    Unsure,
    /// What it turns out to be when it is made; until then it counts as a session.
    Output,
    /// Nothing: it, a token or a certificate, is exchanged for the session of its profile's own role, which is no role chaining.
    OwnRole,
}

/// Whose credentials a base has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A user's, who can do all that they may do.
    User,
    /// A role's.
    Role,
    /// Not known before they are made.
    Unknown,
}

/// Whose sealing key seals the sessions made from a base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealWith {
    /// That of the key store which has the base's key.
    Store(StoreId),
    /// That of the configured store, or else of the platform's keychain. Also of a key whose store is another program.
    Default,
    /// Nobody's: they are not cached.
    Never,
}

/// Whether a base's own credentials are cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Never: a key, and what costs nothing to read again.
    Never,
    /// Until they expire, like any session.
    UntilExpiry,
}

/// What a base's credentials are made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaseSource {
    /// An access key in a key store.
    Stored(StoredKey),
    /// An access key in plain text in an AWS file.
    Written {
        /// Its id.
        id: AccessKeyId,
    },
    /// A session in plain text in an AWS file.
    WrittenSession {
        /// The id of its key.
        id: String,
        /// `aws_account_id`.
        account_id: Option<String>,
    },
    /// Credentials in the environment.
    Environment,
    /// A token that is exchanged for the session of the first hop.
    WebIdentity {
        /// Where it comes from.
        token: TokenSource,
        /// `AWS_ROLE_SESSION_NAME`, beside the variable that names the token.
        session_name: Option<String>,
    },
    /// The role of an EC2 instance.
    Instance {
        /// Where its metadata is served, without a slash at the end.
        endpoint: String,
    },
    /// The role of a container.
    Container {
        /// Where its credentials are served.
        url: String,
        /// The file with what has to be shown there, if that is not in a variable.
        token_file: Option<String>,
    },
    /// A certificate that is exchanged for the session of the first hop.
    RolesAnywhere(Anchor),
    /// A sign-in of `aws login`.
    Login {
        /// Who is signed in, as `login_session` says.
        arn: String,
    },
    /// A permission set of IAM Identity Center.
    IdentityCenter(Box<AssignedRole>),
    /// What another program prints.
    Process {
        /// Its `credential_process`.
        command: CommandLine,
        /// `aws_account_id`, for a program that names no account.
        account_id: Option<String>,
    },
    /// One that no plan is made for, and why.
    Refused(Box<PlanError>),
}

impl Base {
    /// The setting that names its program.
    pub fn program_setting(&self) -> &'static str {
        match &self.source {
            BaseSource::WebIdentity { .. } => "web_identity_token_process",
            _ => "credential_process",
        }
    }

    /// The role session name that comes with it.
    pub(super) fn session_name(&self) -> Option<&str> {
        match &self.source {
            BaseSource::WebIdentity { session_name, .. } => session_name.as_deref(),
            _ => None,
        }
    }

    /// The permission set, where it is one of IAM Identity Center.
    pub fn assigned_role(&self) -> Option<&AssignedRole> {
        match &self.source {
            BaseSource::IdentityCenter(role) => Some(role),
            _ => None,
        }
    }

    /// Who is signed in, where it is a sign-in of `aws login`.
    pub fn login_arn(&self) -> Option<&str> {
        match &self.source {
            BaseSource::Login { arn } => Some(arn),
            _ => None,
        }
    }

    /// The certificate, where it is one.
    pub fn anchor(&self) -> Option<&Anchor> {
        match &self.source {
            BaseSource::RolesAnywhere(anchor) => Some(anchor),
            _ => None,
        }
    }

    /// Why no plan starts from it, where none does.
    pub fn refusal(&self) -> Option<&PlanError> {
        match &self.source {
            BaseSource::Refused(error) => Some(error),
            _ => None,
        }
    }

    /// Whether another program prints its credentials, and they are what it prints.
    pub fn is_process(&self) -> bool {
        matches!(self.source, BaseSource::Process { .. })
    }

    /// What SDKs use of it before a link of its profile, in words; none where the link hides it.
    pub fn taken_before_link(&self) -> Option<&'static str> {
        match self.source {
            BaseSource::WrittenSession { .. } => Some("the session in its AWS file"),
            BaseSource::Environment => Some("credentials in the environment"),
            _ => None,
        }
    }

    /// The access key, where it is one.
    pub fn key_id(&self) -> Option<&AccessKeyId> {
        match &self.source {
            BaseSource::Stored(key) => Some(&key.id),
            BaseSource::Written { id } => Some(id),
            _ => None,
        }
    }

    /// The stored key, where it is one.
    pub fn stored_key(&self) -> Option<&StoredKey> {
        match &self.source {
            BaseSource::Stored(key) => Some(key),
            _ => None,
        }
    }

    /// Whether its key is long-term and keyfob can read it at any time: in a key store, or in an AWS file.
    pub fn is_kept_key(&self) -> bool {
        matches!(self.source, BaseSource::Stored(_) | BaseSource::Written { .. })
    }

    /// Whether it turns out only when it is made what AWS takes its credentials for.
    pub fn may_turn_out(&self) -> bool {
        matches!(self.signs_as, Signs::Output | Signs::Unsure)
    }

    /// Takes over what it turned out to be when it was last made.
    pub(super) fn apply(&mut self, known: &KnownBase) {
        if self.signs_as == Signs::Output {
            (self.signs_as, self.reuse) = match known.is_key {
                // A key does not expire, so there is nothing to cache.
                true => (Signs::Key, Reuse::Never),
                false => (Signs::Session, self.reuse),
            };
        }
    }

    /// The user's ARN, where GetCallerIdentity or a sign-in has told it; of a sign-in it may be a role's.
    pub fn user_arn(&self) -> Option<&str> {
        match &self.source {
            BaseSource::Login { arn } => Some(arn),
            _ => self.stored_key()?.user_arn.as_deref(),
        }
    }

    /// Its account: what its profile says of it, in its user's ARN, else the one in its id.
    pub fn account_id(&self) -> Option<String> {
        let said = match &self.source {
            BaseSource::IdentityCenter(role) => Some(&role.account_id),
            BaseSource::WrittenSession { account_id, .. } | BaseSource::Process { account_id, .. } => {
                account_id.as_ref()
            }
            _ => None,
        };
        let of_id = || account_of_key_id(self.written_id()?);
        said.cloned().or_else(|| self.user_arn().and_then(account_of_arn).map(str::to_owned)).or_else(of_id)
    }

    /// The id of its key or written session, where that is one of AWS.
    pub(super) fn written_id(&self) -> Option<&str> {
        match &self.source {
            // Security: what is no key id may be a secret in the wrong place.
            BaseSource::WrittenSession { id, .. } => is_key_id(id).then_some(id),
            _ => self.key_id().filter(|id| id.is_of_aws()).map(AccessKeyId::as_str),
        }
    }

    /// Whether it is the key of a service other than AWS.
    pub fn is_of_other_service(&self) -> bool {
        self.key_id().is_some_and(|id| !id.is_of_aws())
    }

    /// Whether it is known to be a root user's.
    pub fn is_root(&self) -> bool {
        self.user_arn().is_some_and(login::is_root)
    }

    /// One that a plan cannot start from, and why.
    pub(super) fn refused(node: &Node<'_>, kind: &'static str, error: PlanError) -> Base {
        Base {
            profile: node.name.clone(),
            kind,
            identity: Identity { sort: kind, parts: Vec::new() },
            signs_as: Signs::Session,
            whose: Whose::Unknown,
            title: error.to_string(),
            sealed_with: SealWith::Never,
            reuse: Reuse::Never,
            source: BaseSource::Refused(Box::new(error)),
        }
    }
}
