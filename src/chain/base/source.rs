//! What a base's credentials are made from, and what is asked about it.

use std::fmt;

use super::roles_anywhere::Anchor;
use super::sso::AssignedRole;
use super::web_identity::TokenSource;
use super::{Base, is_key_id, login};
use crate::chain::error::PlanError;
use crate::credentials::{AccessKeyId, StoredKey, account_of_arn, account_of_key_id};

/// A command line, which may hold a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandLine(String);

impl CommandLine {
    pub(super) fn new(text: &str) -> Self {
        CommandLine(text.to_owned())
    }

    /// As it is written, to be run.
    // Security: nothing else may be done with it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CommandLine(****)")
    }
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
    pub(in crate::chain) fn session_name(&self) -> Option<&str> {
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
    pub(in crate::chain) fn written_id(&self) -> Option<&str> {
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
}
