//! Why something was decided: each decision is a value, so that `explain`, `-v` and the tests read the same thing.
//!
//! Pure.

use std::fmt;
use std::time::Duration;

use crate::chain::request::Place;
use crate::duration;
use crate::sys::env::vars;

/// Why something was decided. `Display` gives the sentence that `explain`, `-v` and JSON show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the sentence of each says what its fields are")]
pub enum Reason {
    /// A hop's duration: nobody asks for one.
    NothingAsked,
    /// A hop's duration: it is what was asked for.
    AsAsked(AskedBy),
    /// A hop's duration: role chaining ends after an hour.
    ChainingCap {
        /// What was asked for, seconds.
        asked: u32,
        /// Whose session signs the hop.
        signed_by: String,
    },

    /// A session is made although no role follows: `keyfob_session` is `always`, set or by default.
    SessionAlways,
    /// A session is made: `keyfob_session` is `mfa` and a device is known.
    SessionForMfa,
    /// An MFA session is made because all roles over this key and device can share it.
    SessionShared,
    /// A session is made because a key itself cannot be narrowed.
    SessionToNarrow,
    /// What narrows a source's own credentials, and not those made with them.
    NarrowingOfSource { profile: String, name: &'static str },
    /// An AI agent may be running keyfob, as a variable says; what the profile gives it.
    Agent {
        variable: &'static str,
        profile: String,
        /// What the profile gives it.
        gets: AgentGets,
    },
    /// GetSessionToken gives a root user an hour, whatever is set.
    RootSessionCap { asked: u32 },
    /// The session carries no MFA, which closes most of IAM and STS to it.
    SessionWithoutMfa { profile: String },

    /// The access key itself is handed out.
    KeyItself {
        because: KeyItselfBecause,
        /// The device that would have been used for a session.
        device: Option<String>,
    },
    /// The access key signs the first hop: no device is known.
    KeySignsFirstHop,
    /// The access key and the code go into the first hop: it asks for more than role chaining gives.
    CodeInHopForDuration {
        profile: String,
        /// What it asks for, seconds.
        asked: u32,
    },
    /// The access key and the code go into the first hop: `--no-session`.
    CodeInHopWithoutSession,

    /// A device that is named and plays no part.
    OtherDeviceNotUsed {
        profile: String,
        serial: String,
        /// The one that is used.
        used: Option<String>,
        /// The base, whose user's device counts.
        base: String,
    },
    /// An MFA device over a base that is a session.
    DeviceOverSession { profile: String, serial: String },
    /// `keyfob_mfa_max_age` where no MFA session is made.
    MaxAgeNotUsed { profile: String },
    /// `keyfob_session` on a profile with a role.
    SessionSettingNotUsed { profile: String },

    /// The command line names no profile, and a variable does.
    NamedBy { variable: &'static str },
    /// The base's key is in plain text.
    KeyInFile { profile: String, place: Place },
    /// A setting of a role that a token or a certificate is exchanged for.
    NotSentWith { profile: String, name: &'static str, with: &'static str },
    /// The base's session is in plain text.
    SessionInFile { profile: String, place: Place },
    /// A profile with a key of its own ends the walk; the role it names is not assumed.
    KeyEndsWalk {
        profile: String,
        /// The role that is left out.
        role_arn: String,
    },
    /// The asked profile has a key of its own, and its role is assumed from another's anyway.
    OwnKeyNotUsed { profile: String, source: String },
    /// A `credential_process` that runs keyfob was not run but followed.
    ProcessFollowed { profile: String, next: String },
    /// A `credential_process` that runs keyfob has options, which a run that follows it does not have.
    LinkOptions { profile: String, options: Vec<String> },
    /// A profile with a source and no role stands for its source.
    Alias { profile: String, next: String },
    /// No region is set, so the default of a partition serves.
    RegionDefaulted {
        profile: String,
        region: &'static str,
        /// The ARN whose partition decided; none where no ARN was at hand.
        arn: Option<String>,
    },
}

/// Who asked for a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedBy {
    /// `duration_seconds`.
    Setting,
    /// `--duration`.
    Option,
}

/// What an AI agent gets of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentGets {
    /// What everybody gets, since nothing is set.
    TheSame,
    /// Credentials that can change nothing.
    ReadOnly,
    /// Credentials after a person has agreed.
    AfterQuestion,
}

/// Why the access key itself is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyItselfBecause {
    /// `--no-session`.
    Option,
    /// `keyfob_session = never`.
    Never,
    /// `keyfob_session = mfa`, and no device is known.
    NoDevice,
    /// It is a key of another service than AWS, and nothing asks for sessions.
    OtherService,
}

impl fmt::Display for Reason {
    #[expect(clippy::too_many_lines, reason = "a sentence for each")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NothingAsked => f.write_str("the default, since no `duration_seconds` is set"),
            Reason::AsAsked(AskedBy::Setting) => f.write_str("as set in `duration_seconds`"),
            Reason::AsAsked(AskedBy::Option) => f.write_str("as requested with `--duration`"),
            Reason::ChainingCap { asked, signed_by } => write!(
                f,
                "{} were requested, but AWS limits a role that is assumed from a session (of `{signed_by}`) to 1h",
                length(*asked)
            ),
            Reason::SessionAlways => {
                f.write_str("a session instead of the access key: `keyfob_session` is `always`, the default")
            }
            Reason::SessionForMfa => f.write_str(
                "a session instead of the access key: `keyfob_session` is `mfa`, and there is an MFA device",
            ),
            Reason::SessionShared => f.write_str(
                "one MFA session for all profiles with this key and device, since the first role lasts at most 1h",
            ),
            Reason::SessionToNarrow => {
                f.write_str("a session instead of the access key, because the key itself cannot be narrowed")
            }
            Reason::NarrowingOfSource { profile, name } => {
                write!(f, "`{name}` of `{profile}` is not used: it narrows the credentials of `{profile}` only")
            }
            Reason::Agent { variable, profile, gets: AgentGets::TheSame } => write!(
                f,
                "`{variable}` is set, so an AI agent may be running keyfob; `{profile}` gives it the same rights as you"
            ),
            Reason::Agent { variable, profile, gets: AgentGets::ReadOnly } => write!(
                f,
                "the credentials of `{profile}` can change nothing, since `{variable}` is set and `keyfob_agents` is `read-only`"
            ),
            Reason::Agent { variable, profile, gets: AgentGets::AfterQuestion } => write!(
                f,
                "a person has to agree before the credentials of `{profile}` are issued, since `{variable}` is set and `keyfob_agents` is `ask`"
            ),
            Reason::RootSessionCap { asked } => {
                write!(f, "{} were requested, but AWS limits the root user's sessions to 1h", length(*asked))
            }
            Reason::SessionWithoutMfa { profile } => write!(
                f,
                "`{profile}` names no MFA device: its session cannot call IAM, and of STS only AssumeRole and GetCallerIdentity"
            ),
            Reason::KeyItself { because, .. } => {
                f.write_str("the credentials are the access key itself, which never expires: ")?;
                f.write_str(match because {
                    KeyItselfBecause::Option => "`--no-session`",
                    KeyItselfBecause::Never => "`keyfob_session` is `never`",
                    KeyItselfBecause::OtherService => "it belongs to a service other than AWS",
                    KeyItselfBecause::NoDevice => "`keyfob_session` is `mfa`, and there is no MFA device",
                })
            }
            Reason::KeySignsFirstHop => f.write_str(
                "the access key itself assumes the first role, without a session, since there is no MFA device",
            ),
            Reason::CodeInHopForDuration { profile, asked } => write!(
                f,
                "the MFA code is used for the first role, without an MFA session: `{profile}` requests {}, and from a session AWS would allow only 1h",
                length(*asked)
            ),
            Reason::CodeInHopWithoutSession => {
                f.write_str("the MFA code is used for the first role, without an MFA session: `--no-session`, or a key of another service")
            }
            Reason::OtherDeviceNotUsed { profile, serial, used: Some(used), .. } => {
                write!(f, "the MFA device `{serial}` of `{profile}` is not used; `{used}` is")
            }
            Reason::OtherDeviceNotUsed { profile, serial, used: None, base } => write!(
                f,
                "the MFA device `{serial}` of `{profile}` is not used: keyfob uses the device of the first role or of `{base}`; move `mfa_serial` there"
            ),
            Reason::DeviceOverSession { profile, serial } => {
                write!(
                    f,
                    "the MFA device `{serial}` of `{profile}` is not used: a role assumed from a session needs no code"
                )
            }
            Reason::MaxAgeNotUsed { profile } => {
                write!(f, "`keyfob_mfa_max_age` of `{profile}` has no effect, since there is no MFA session")
            }
            Reason::SessionSettingNotUsed { profile } => {
                write!(f, "`keyfob_session` of `{profile}` has no effect, since the profile has a role")
            }
            Reason::NamedBy { variable: vars::AWS_DEFAULT_PROFILE } => f.write_str(
                "`AWS_DEFAULT_PROFILE` names the profile; the AWS CLI and boto3 read it, the SDKs for Go, Java, JavaScript and \
                 Rust do not",
            ),
            Reason::NamedBy { variable } => write!(f, "`{variable}` names the profile"),
            Reason::KeyInFile { profile, place } => {
                write!(f, "the access key of `{profile}` is stored in plain text at {place}")
            }
            Reason::NotSentWith { profile, name, with } => {
                write!(f, "`{name}` of `{profile}` is not used: it cannot be sent with a {with}")
            }
            Reason::SessionInFile { profile, place } => {
                write!(f, "the session of `{profile}` is in plain text at {place}, and no SDK can tell when it expires")
            }
            Reason::KeyEndsWalk { profile, role_arn } => write!(
                f,
                "`{profile}` has its own access key, which is used; its role `{role_arn}` is not assumed (SDKs do the same)"
            ),
            Reason::OwnKeyNotUsed { profile, source } => {
                write!(f, "the access key of `{profile}` is not used: its role is assumed from `{source}`")
            }
            Reason::ProcessFollowed { profile, next } => {
                write!(f, "the `credential_process` of `{profile}` runs keyfob for `{next}`; keyfob continues there directly")
            }
            Reason::LinkOptions { profile, options } => f.write_str(&of_options(profile, &options.join(" "))),
            Reason::Alias { profile, next } => write!(
                f,
                "`{profile}` has the source `{next}` and no role, so it gets the credentials of `{next}`; SDKs do not support this"
            ),
            Reason::RegionDefaulted { profile, region, arn: Some(arn) } => {
                write!(f, "`{profile}` has no region; using `{region}`, the default for the partition of `{arn}`")
            }
            Reason::RegionDefaulted { profile, region, arn: None } => {
                write!(f, "`{profile}` has no region; using `{region}`")
            }
        }
    }
}

fn of_options(profile: &str, options: &str) -> String {
    format!("the `credential_process` of `{profile}` has `{options}`, which applies only when an SDK runs it")
}

/// Seconds as a person reads them, and as `--duration` takes them: `36h`, `1h 30m`, `90s` as `1m 30s`.
pub(crate) fn length(seconds: u32) -> String {
    duration::text(Duration::from_secs(seconds.into()))
}
