//! Why there is no plan. What the user can do about it is in `ops::advice`.
//!
//! Pure.

use crate::chain::reason::length;
use crate::chain::request::Place;

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// No such profile.
    #[error("there is no profile `{name}`")]
    NoSuchProfile {
        /// What was asked for.
        name: String,
        /// A profile with nearly that name.
        nearest: Option<String>,
    },
    /// A profile leads to one that is not there.
    #[error("{place}: `{from}` names `{name}` in `{setting}`, and there is no such profile")]
    MissingSource {
        /// What is not there.
        name: String,
        /// Who names it.
        from: String,
        /// In which setting.
        setting: String,
        /// Where.
        place: Place,
        /// A profile with nearly that name.
        nearest: Option<String>,
    },
    /// The walk comes back to where it was.
    #[error("the profiles form a loop: {}", .0.join(" -> "))]
    Loop(
        /// The loop, its first name again at the end.
        Vec<String>,
    ),
    /// A program that keyfob started asks keyfob for what it was started for.
    #[error("keyfob was asked for `{}` by a program it had started for the same profile: {}", .0.last().map_or("", String::as_str), .0.join(" -> "))]
    AskedByItself(
        /// The cycle, its first name again at the end.
        Vec<String>,
    ),
    /// A role, and nothing to assume it with.
    #[error("{place}: `{profile}` names a role and no `source_profile` to assume it with")]
    RoleWithoutSource {
        /// The profile.
        profile: String,
        /// Its `role_arn`.
        place: Place,
        /// Whether it has a key of its own.
        own_key: bool,
    },
    /// A role with two sources.
    #[error("{place}: `{profile}` has both `source_profile` and `credential_source`; AWS takes one of them")]
    TwoSources {
        /// The profile.
        profile: String,
        /// Its `credential_source`.
        place: Place,
    },
    /// A profile that is its own source and has nothing to give.
    #[error("{place}: `{profile}` names itself as its source and has no access key of its own")]
    SelfSourceWithoutKey {
        /// The profile.
        profile: String,
        /// Its `source_profile`.
        place: Place,
    },
    /// A profile whose `credential_process` is keyfob for itself, with nothing beside it.
    #[error("{place}: `{profile}` gets its credentials from keyfob, which has no access key and no role for it")]
    LinkedToNothing {
        /// The profile.
        profile: String,
        /// Its `credential_process`.
        place: Place,
    },
    /// A profile without anything that leads to credentials.
    #[error("the profile `{profile}` has neither an access key nor a role")]
    NoCredentials {
        /// The profile.
        profile: String,
    },
    /// Half a key.
    #[error("{place}: `{profile}` has `{has}` and no `{lacks}`")]
    IncompleteKey {
        /// The profile.
        profile: String,
        /// The half that is there.
        has: &'static str,
        /// The half that is not.
        lacks: &'static str,
        /// Where the half stands.
        place: Place,
    },
    /// A key that expires, in a file. Not taken as a base: nobody knows how long it still lives.
    #[error("{place}: the access key of `{profile}` is a temporary one, and a file does not say when it expires")]
    TemporaryKey {
        /// The profile.
        profile: String,
        /// Where it stands.
        place: Place,
    },
    /// Something else where a key id belongs. It is not repeated: it may be the secret.
    #[error("{place}: `aws_access_key_id` of `{profile}` is no access key id")]
    BadKeyId {
        /// The profile.
        profile: String,
        /// Where it stands.
        place: Place,
    },
    /// A base that keyfob does not read yet.
    #[error("{place}: `{profile}` gets its credentials from {base}, which keyfob does not support yet")]
    Unsupported {
        /// The profile.
        profile: String,
        /// What it is.
        base: UnsupportedBase,
        /// The setting that says so.
        place: Place,
    },
    /// AWS refuses AssumeRole to a root user.
    #[error("`{profile}` holds a root user's key, and AWS lets no root user assume a role")]
    RootCannotAssumeRole {
        /// The base.
        profile: String,
    },
    /// A device STS takes no code from.
    #[error("{place}: `{serial}` is a security key, and AWS takes none for sessions or roles")]
    SecurityKey {
        /// Its serial.
        serial: String,
        /// The profile that names it.
        profile: String,
        /// Where.
        place: Place,
    },
    /// A setting with a value AWS or keyfob cannot take.
    #[error("{place}: `{name}` of `{profile}`: {problem}")]
    BadValue {
        /// The profile.
        profile: String,
        /// The setting, as it is written.
        name: String,
        /// What is wrong, with what would be right.
        problem: String,
        /// Where.
        place: Place,
    },
    /// A region, endpoint or one of its kin that cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// `--duration` out of AWS's range.
    #[error("`--duration` is {}; {what} lives from 15m to {}", length(*.asked), length(*.most))]
    DurationOutOfRange {
        /// Seconds.
        asked: u32,
        /// The most AWS gives, seconds.
        most: u32,
        /// "a role's session", "a session".
        what: &'static str,
    },
    /// `--duration` that role chaining does not give.
    #[error("`--duration {}` cannot be had: the role of `{profile}` is assumed with the session of `{signed_by}`, and AWS ends role chaining after 1h", length(*.asked))]
    DurationChained {
        /// Seconds.
        asked: u32,
        /// The capped hop.
        profile: String,
        /// Whose session signs it.
        signed_by: String,
    },
    /// `--duration` for credentials whose lifetime is not keyfob's to choose.
    #[error("`--duration` has no effect: the credentials of `{profile}` last as long as their source ({kind}) says")]
    DurationOfBase {
        /// The base.
        profile: String,
        /// Its kind.
        kind: &'static str,
    },
    /// `--duration` where the access key itself is handed out.
    #[error("`--duration` cannot be had: the access key of `{profile}` itself is handed out, and it never expires")]
    DurationOfKey {
        /// The base.
        profile: String,
    },
}

/// Why a call has nowhere to go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// A setting with a value that cannot be.
    #[error("{place}: `{name}` of `{profile}`: {problem}")]
    Setting {
        /// The profile.
        profile: String,
        /// The setting.
        name: String,
        /// What is wrong, with what would be right.
        problem: String,
        /// Where.
        place: Place,
    },
    /// A variable with a value that cannot be.
    #[error("`{name}`: {problem}")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong, with what would be right.
        problem: String,
    },
    /// A service's block in a `services` section with a URL that cannot be.
    #[error("{place}: `endpoint_url` of `{service}` in `[services {name}]`: {problem}")]
    Services {
        /// The section.
        name: String,
        /// The service.
        service: String,
        /// What is wrong, with what would be right.
        problem: String,
        /// Where its block begins.
        place: Place,
    },
    /// `services` names a section that is not there.
    #[error("{place}: `{profile}` names the section `[services {name}]`, which the config file does not have")]
    NoServices {
        /// The profile.
        profile: String,
        /// The section.
        name: String,
        /// Where.
        place: Place,
    },
}

/// A base that keyfob does not read yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnsupportedBase {
    /// `credential_source`, with its value.
    #[error("`credential_source = {0}`")]
    CredentialSource(String),
    /// `credential_process` of another program.
    #[error("a `credential_process` of another program")]
    Process,
    /// `web_identity_token_file`.
    #[error("a web identity token (`web_identity_token_file`)")]
    WebIdentity,
    /// IAM Identity Center.
    #[error("IAM Identity Center (`sso_…`)")]
    Sso,
    /// `aws login`.
    #[error("`aws login` (`login_session`)")]
    LoginSession,
}
