//! Why there is no plan. What the user can do about it is in `ops::advice`.
//!
//! Pure.

use crate::chain::reason::length;
use crate::chain::request::Place;

/// Why what a plan leads to cannot be narrowed as wanted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what its fields are")]
pub enum CannotNarrow {
    /// Managed policies, and a role that has policies of its own.
    #[error("{place}: `{name}` of the role's profile takes the place of managed policies")]
    RoleHasPolicies { name: String, place: Place },
    /// Managed policies, and no call that takes them.
    #[error("AWS takes managed policies only with a role that keyfob assumes, and there is none")]
    ManagedWithoutRole,
    /// More policies that must all hold than AWS stacks.
    #[error("these are more policies than AWS allows for one session")]
    TooMany,
    /// `--no-session`.
    #[error("an access key itself cannot be narrowed, and `--no-session` issues it")]
    KeyItself,
    /// A key of another service.
    #[error("the access key belongs to a service other than AWS, which narrows only roles")]
    OtherService,
}

/// Why there is no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what its fields are")]
pub enum PlanError {
    /// No such profile.
    #[error("there is no profile `{name}`")]
    NoSuchProfile {
        name: String,
        /// A profile with nearly that name.
        nearest: Option<String>,
    },
    /// A profile leads to one that is not there.
    #[error("{place}: `{setting}` of `{from}` names `{name}`, which does not exist")]
    MissingSource {
        name: String,
        from: String,
        setting: String,
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
    /// More profiles than anybody has a use for.
    #[error("the chain of `{0}` has more than 50 profiles")]
    TooLong(String),
    /// A program that keyfob started asks keyfob for what it was started for.
    #[error("a program that keyfob started to get credentials for `{}` asked keyfob for the same profile: {}", .0.last().map_or("", String::as_str), .0.join(" -> "))]
    AskedByItself(
        /// The cycle, its first name again at the end.
        Vec<String>,
    ),
    /// A role, and nothing to assume it with.
    #[error("{place}: `{profile}` has a role, but no `source_profile` to assume it with")]
    RoleWithoutSource {
        profile: String,
        /// Its `role_arn`.
        place: Place,
        /// Whether it has a key of its own.
        own_key: bool,
    },
    /// A role with two sources.
    #[error("{place}: `{profile}` has both `source_profile` and `credential_source`; only one of them is allowed")]
    TwoSources {
        profile: String,
        /// Its `credential_source`.
        place: Place,
    },
    /// A profile that is its own source and has nothing to give.
    #[error("{place}: `{profile}` is its own `source_profile`, but has no access key")]
    SelfSourceWithoutKey {
        profile: String,
        /// Its `source_profile`.
        place: Place,
    },
    /// A profile whose `credential_process` is keyfob for itself, with nothing beside it.
    #[error("{place}: `{profile}` is linked to keyfob, but has neither a stored access key nor a role")]
    LinkedToNothing {
        profile: String,
        /// Its `credential_process`.
        place: Place,
    },
    /// A profile without anything that leads to credentials.
    #[error("the profile `{profile}` has neither an access key nor a role")]
    NoCredentials {
        profile: String,
        /// A setting of its that is nearly called as one that would lead to credentials: the place, and the right name.
        misspelt: Option<(Place, String)>,
    },
    /// Half a key.
    #[error("{place}: `{profile}` has `{has}`, but no `{lacks}`")]
    IncompleteKey {
        profile: String,
        /// The half that is there.
        has: &'static str,
        /// The half that is not.
        lacks: &'static str,
        place: Place,
    },
    /// The key of a session without its token.
    #[error("{place}: the access key of `{profile}` is temporary (`ASIA…`), and its `aws_session_token` is missing")]
    TemporaryKey { profile: String, place: Place },
    /// Something else where a key id belongs. It is not repeated: it may be the secret.
    #[error("{place}: `aws_access_key_id` of `{profile}` is not a valid access key id")]
    BadKeyId { profile: String, place: Place },
    /// A key of another service, and a call, or an SDK, that would send it to AWS. The id is not repeated: it may be the secret.
    #[error("the access key id of `{profile}` is not one of AWS's, and {}", match service {
        Some(service) => format!("no endpoint of another service is configured for {service}"),
        None => "no endpoint of another service is configured".to_owned(),
    })]
    OtherServiceWithoutEndpoint {
        /// The profile with the key.
        profile: String,
        /// The profile that lacks the endpoint.
        lacking: String,
        /// The service whose endpoint is needed; none: any will do.
        service: Option<&'static str>,
    },
    /// Credentials that cannot be narrowed as wanted.
    #[error("the credentials of `{profile}` cannot be narrowed: {why}")]
    CannotNarrow {
        profile: String,
        why: Box<CannotNarrow>,
        /// Whether the command line or an outer keyfob wants it, and not a setting alone.
        is_asked: bool,
    },
    /// Variables that a base needs.
    #[error("{place}: `{profile}` depends on the environment, and {problem}")]
    Environment {
        profile: String,
        /// Which variable is wrong, and how.
        problem: String,
        /// The setting that names it.
        place: Place,
    },
    /// A token or a certificate, without all that belongs to it.
    #[error("{place}: `{profile}` has `{has}` and no `{lacks}`")]
    Incomplete {
        profile: String,
        /// A setting that it has.
        has: String,
        /// One that goes with it.
        lacks: &'static str,
        place: Place,
    },
    /// `sso_session` names a section that is not there.
    #[error("{place}: `{profile}` uses `[sso-session {name}]`, but the config file has no such section")]
    NoSsoSession {
        profile: String,
        name: String,
        place: Place,
        /// A section with nearly that name.
        nearest: Option<String>,
    },
    /// A `sso-session` section without what an Identity Center needs.
    #[error("{}`[sso-session {session}]` has no `{setting}`", place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default())]
    SsoSessionIncomplete {
        session: String,
        setting: &'static str,
        /// One of its lines, if it has any.
        place: Option<Place>,
    },
    /// A setting of a `sso-session` section with a value that cannot be.
    #[error("{place}: `{setting}` of `[sso-session {session}]`: {problem}")]
    BadSsoSession {
        session: String,
        setting: String,
        /// What is wrong, with what would be right.
        problem: String,
        place: Place,
    },
    /// A profile with some of the settings of an Identity Center.
    #[error("{place}: `{profile}` gets its credentials from IAM Identity Center, and has no `{setting}`")]
    IdentityCenterIncomplete { profile: String, setting: &'static str, place: Place },
    /// A profile and its `sso-session` section that contradict each other.
    #[error("{place}: `{setting}` of `{profile}` differs from the one in `[sso-session {session}]`, which it uses too")]
    IdentityCenterTwice { profile: String, setting: String, session: String, place: Place },
    /// AWS refuses AssumeRole to a root user.
    #[error("`{profile}` has the root user's {}, and the root user cannot assume roles", if *by_login { "sign-in" } else { "access key" })]
    RootCannotAssumeRole {
        profile: String,
        /// Whether it is a sign-in of `aws login`.
        by_login: bool,
    },
    /// A root user's sign-in that the profile does not allow.
    #[error(
        "{place}: `{profile}` is signed in as the root user, which keyfob uses only with `keyfob_allow_root = true`"
    )]
    RootSignIn {
        profile: String,
        /// Its `login_session`.
        place: Place,
    },
    /// A device STS takes no code from.
    #[error("{place}: `{serial}` is a security key, and AWS does not accept security keys for sessions or roles")]
    SecurityKey {
        serial: String,
        /// The profile that names it.
        profile: String,
        place: Place,
    },
    /// A setting with a value AWS or keyfob cannot take.
    #[error("{place}: `{name}` of `{profile}`: {problem}")]
    BadValue {
        profile: String,
        /// The setting, as it is written.
        name: String,
        /// What is wrong, with what would be right.
        problem: String,
        place: Place,
    },
    /// A region, endpoint or one of its kin that cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// `--duration` out of AWS's range.
    #[error("`--duration` is {}, but {what} must last from 15m to {}", length(*.asked), length(*.most))]
    DurationOutOfRange {
        asked: u32,
        /// The most AWS gives, seconds.
        most: u32,
        /// "a role's session", "a session".
        what: &'static str,
    },
    /// `--duration` that role chaining does not give.
    #[error("`--duration {}` is not possible: the role of `{profile}` is assumed from the session of `{signed_by}`, and AWS limits chained roles to 1h", length(*.asked))]
    DurationChained { asked: u32, profile: String, signed_by: String },
    /// `--duration` for credentials whose lifetime is not keyfob's to choose.
    #[error("`--duration` is not possible: {} how long they last", match *kind {
        "sso" => format!("the credentials of `{profile}` come from IAM Identity Center, whose permission set decides"),
        kind => format!("the source of the credentials of `{profile}` ({kind}) decides"),
    })]
    DurationOfBase { profile: String, kind: &'static str },
    /// `--duration` where the access key itself is handed out.
    #[error("`--duration` is not possible: `{profile}` gets the access key itself, which never expires")]
    DurationOfKey { profile: String },
}

/// Why a call has nowhere to go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the sentence of each says what its fields are")]
pub enum TargetError {
    /// A setting with a value that cannot be.
    #[error("{place}: `{name}` of `{profile}`: {problem}")]
    Setting {
        profile: String,
        name: String,
        /// What is wrong, with what would be right.
        problem: String,
        place: Place,
    },
    /// A variable with a value that cannot be.
    #[error("`{name}`: {problem}")]
    Variable {
        name: &'static str,
        /// What is wrong, with what would be right.
        problem: String,
    },
    /// A service's block in a `services` section with a URL that cannot be.
    #[error("{place}: `endpoint_url` of `{service}` in `[services {name}]`: {problem}")]
    Services {
        name: String,
        service: String,
        /// What is wrong, with what would be right.
        problem: String,
        place: Place,
    },
    /// `services` names a section that is not there.
    #[error("{place}: `{profile}` uses `[services {name}]`, but the config file has no such section")]
    NoServices { profile: String, name: String, place: Place },
}
