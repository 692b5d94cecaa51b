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
    /// GetSessionToken gives a root user an hour, whatever is set.
    RootSessionCap {
        /// What was set, seconds.
        asked: u32,
    },
    /// The session carries no MFA, which closes most of IAM and STS to it.
    SessionWithoutMfa {
        /// The base.
        profile: String,
    },

    /// The access key itself is handed out.
    KeyItself {
        /// What decided so.
        because: KeyItselfBecause,
        /// The device that would have been used for a session.
        device: Option<String>,
    },
    /// The access key signs the first hop: no device is known.
    KeySignsFirstHop,
    /// The access key and the code go into the first hop: it asks for more than role chaining gives.
    CodeInHopForDuration {
        /// The first hop's profile.
        profile: String,
        /// What it asks for, seconds.
        asked: u32,
    },
    /// The access key and the code go into the first hop: `--no-session`.
    CodeInHopWithoutSession,

    /// A device that is named and plays no part.
    OtherDeviceNotUsed {
        /// Who names it.
        profile: String,
        /// The device.
        serial: String,
        /// The one that is used.
        used: Option<String>,
        /// The base, whose user's device counts.
        base: String,
    },
    /// An MFA device over a base that is a session.
    DeviceOverSession {
        /// Who names it.
        profile: String,
        /// Its serial.
        serial: String,
    },
    /// `keyfob_mfa_max_age` where no MFA session is made.
    MaxAgeNotUsed {
        /// Who sets it.
        profile: String,
    },
    /// `keyfob_session` on a profile with a role.
    SessionSettingNotUsed {
        /// Who sets it.
        profile: String,
    },

    /// The command line names no profile, and a variable does.
    NamedBy {
        /// The variable.
        variable: &'static str,
    },
    /// The base's key stands in plain text.
    KeyInFile {
        /// The base.
        profile: String,
        /// Where.
        place: Place,
    },
    /// A profile with a key of its own ends the walk; the role it names is not assumed.
    KeyEndsWalk {
        /// That profile.
        profile: String,
        /// The role that is left out.
        role_arn: String,
    },
    /// The asked profile has a key of its own, and its role is assumed from another's all the same.
    OwnKeyNotUsed {
        /// The asked profile.
        profile: String,
        /// Its source.
        source: String,
    },
    /// A `credential_process` that runs keyfob was not run but followed.
    ProcessFollowed {
        /// Whose it is.
        profile: String,
        /// The profile it names.
        next: String,
    },
    /// A profile with a source and no role stands for its source.
    Alias {
        /// That profile.
        profile: String,
        /// Its source.
        next: String,
    },
    /// No region is set, so the default of a partition serves.
    RegionDefaulted {
        /// Whose calls go there.
        profile: String,
        /// The region.
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

/// Why the access key itself is handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyItselfBecause {
    /// `--no-session`.
    Option,
    /// `keyfob_session = never`.
    Never,
    /// `keyfob_session = mfa`, and no device is known.
    NoDevice,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NothingAsked => f.write_str("the default, since no `duration_seconds` is set"),
            Reason::AsAsked(AskedBy::Setting) => f.write_str("as `duration_seconds` asks"),
            Reason::AsAsked(AskedBy::Option) => f.write_str("as `--duration` asks"),
            Reason::ChainingCap { asked, signed_by } => write!(
                f,
                "{} were asked for; signed with the session of `{signed_by}` it is role chaining, which AWS ends after 1h",
                length(*asked)
            ),
            Reason::SessionAlways => {
                f.write_str("a session is handed out, not the access key: `keyfob_session` is `always`, its default")
            }
            Reason::SessionForMfa => f.write_str(
                "a session is handed out, not the access key: `keyfob_session` is `mfa` and a device is known",
            ),
            Reason::SessionShared => f.write_str(
                "one MFA session, shared by every profile with this key and device: the first role asks for 1h at most",
            ),
            Reason::RootSessionCap { asked } => {
                write!(f, "{} were asked for; AWS gives a root user's session 1h", length(*asked))
            }
            Reason::SessionWithoutMfa { profile } => write!(
                f,
                "no MFA device is known for `{profile}`: its session may call nothing of IAM, and of STS only AssumeRole and \
                 GetCallerIdentity"
            ),
            Reason::KeyItself { because, .. } => {
                f.write_str("the access key itself is handed out, which never expires: ")?;
                f.write_str(match because {
                    KeyItselfBecause::Option => "`--no-session`",
                    KeyItselfBecause::Never => "`keyfob_session` is `never`",
                    KeyItselfBecause::NoDevice => "`keyfob_session` is `mfa` and no device is known",
                })
            }
            Reason::KeySignsFirstHop => f.write_str(
                "no MFA device is known, so the access key signs the first hop and no session is made for it",
            ),
            Reason::CodeInHopForDuration { profile, asked } => write!(
                f,
                "the MFA code is spent in the first hop, straight from the access key: `{profile}` asks for {}, and over an \
                 MFA session AWS would give 1h",
                length(*asked)
            ),
            Reason::CodeInHopWithoutSession => {
                f.write_str("the MFA code is spent in the first hop, straight from the access key: `--no-session`")
            }
            Reason::OtherDeviceNotUsed { profile, serial, used: Some(used), .. } => {
                write!(f, "`{profile}` names the device `{serial}`, which is not used: `{used}` counts")
            }
            Reason::OtherDeviceNotUsed { profile, serial, used: None, base } => write!(
                f,
                "`{profile}` names the device `{serial}`, which is not used: only the device of the first role or of \
                 `{base}` counts; move `mfa_serial` there"
            ),
            Reason::DeviceOverSession { profile, serial } => {
                write!(
                    f,
                    "`{profile}` names the device `{serial}`, which is not used: no code is needed over a session"
                )
            }
            Reason::MaxAgeNotUsed { profile } => {
                write!(f, "`keyfob_mfa_max_age` of `{profile}` does nothing: no MFA session is made")
            }
            Reason::SessionSettingNotUsed { profile } => {
                write!(f, "`keyfob_session` of `{profile}` does nothing: it is for profiles without a role")
            }
            Reason::NamedBy { variable: vars::AWS_DEFAULT_PROFILE } => f.write_str(
                "`AWS_DEFAULT_PROFILE` names the profile; the AWS CLI and boto3 read it, the SDKs for Go, Java, JavaScript and \
                 Rust do not",
            ),
            Reason::NamedBy { variable } => write!(f, "`{variable}` names the profile"),
            Reason::KeyInFile { profile, place } => {
                write!(f, "the access key of `{profile}` is in plain text at {place}")
            }
            Reason::KeyEndsWalk { profile, role_arn } => write!(
                f,
                "`{profile}` has an access key of its own, which is the base; its role `{role_arn}` is not assumed, as in \
                 every SDK"
            ),
            Reason::OwnKeyNotUsed { profile, source } => {
                write!(f, "the access key of `{profile}` itself is not used: its role is assumed from `{source}`")
            }
            Reason::ProcessFollowed { profile, next } => {
                write!(f, "the `credential_process` of `{profile}` is keyfob for `{next}`: followed, not run")
            }
            Reason::Alias { profile, next } => write!(
                f,
                "`{profile}` names `{next}` as its source and no role, so it stands for `{next}`; SDKs do not resolve it by \
                 themselves"
            ),
            Reason::RegionDefaulted { profile, region, arn: Some(arn) } => {
                write!(f, "no region is set for `{profile}`: `{region}`, the default of the partition in `{arn}`")
            }
            Reason::RegionDefaulted { profile, region, arn: None } => {
                write!(f, "no region is set for `{profile}`: `{region}`")
            }
        }
    }
}

/// Seconds as a person reads them, and as `--duration` takes them: `36h`, `1h 30m`, `90s` as `1m 30s`.
pub(crate) fn length(seconds: u32) -> String {
    duration::text(Duration::from_secs(seconds.into()))
}
