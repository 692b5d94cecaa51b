//! What the user can do about what the pure modules refuse or note: they write no command lines.

use crate::chain::{AgentGets, PlanError, Reason, TargetError};
use crate::error::{Error, Kind, Mark};
use crate::format::detect::NoShell;
use crate::format::shell::{Shell, Unrepresentable};
use crate::hint::{Hint, run};

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Error {
        let of_the_command_line = matches!(
            error,
            PlanError::DurationOutOfRange { .. }
                | PlanError::DurationChained { .. }
                | PlanError::DurationOfBase { .. }
                | PlanError::DurationOfKey { .. }
                | PlanError::CannotNarrow { is_asked: true, .. }
        );
        let kind = if of_the_command_line { Kind::Usage } else { Kind::Config };
        let made = Error::new(kind, error.to_string());
        let made = match error {
            PlanError::NoSuchProfile { .. } => made.marked(Mark::NoSuchProfile),
            _ => made,
        };
        hints(&error).into_iter().fold(made, Error::hint)
    }
}

#[expect(clippy::too_many_lines, reason = "one line of advice for each error")]
fn hints(error: &PlanError) -> Vec<Hint> {
    let hint = match error {
        PlanError::NoSuchProfile { nearest: Some(nearest), .. } => {
            return vec![format!("did you mean `{nearest}`?").into(), run!("keyfob list").to("show all profiles")];
        }
        PlanError::NoSuchProfile { name, nearest: None } => {
            return vec![
                run!("keyfob list").to("show all profiles"),
                run!("keyfob add {}", name).to("create it with an access key"),
            ];
        }
        PlanError::MissingSource { nearest: Some(nearest), .. } => format!("did you mean `{nearest}`?").into(),
        PlanError::MissingSource { name, nearest: None, setting, .. } => {
            return vec![
                run!("keyfob add {}", name).to("store its access key"),
                format!("or set `{setting}` to another profile").into(),
            ];
        }
        PlanError::Loop(_) | PlanError::TooLong(_) => {
            return vec![
                "set `source_profile` of one of them to a profile with an access key".into(),
                run!("keyfob list").to("see which profiles have one"),
            ];
        }
        PlanError::AskedByItself(_) => {
            "give that program other credentials: it cannot use the profile that needs it".into()
        }
        PlanError::RoleWithoutSource { profile, own_key: true, .. } => {
            run!("keyfob profile set {} source_profile {}", profile, profile).to("use its own access key")
        }
        PlanError::RoleWithoutSource { profile, own_key: false, .. } => {
            run!("keyfob profile set {} source_profile PROFILE", profile).to("set the profile that has the access key")
        }
        PlanError::TwoSources { profile, .. } => format!("remove one of them from `{profile}`").into(),
        PlanError::NoCredentials { profile, misspelt: Some((place, right)) } => {
            return vec![
                format!("did you mean `{right}` at {place}?").into(),
                run!("keyfob add {}", profile).to("or store an access key"),
            ];
        }
        PlanError::SelfSourceWithoutKey { profile, .. }
        | PlanError::LinkedToNothing { profile, .. }
        | PlanError::NoCredentials { profile, misspelt: None } => {
            run!("keyfob add {}", profile).to("store an access key")
        }
        PlanError::IncompleteKey { profile, .. } | PlanError::BadKeyId { profile, .. } => {
            run!("keyfob add {}", profile).to("delete that line and store the complete key")
        }
        PlanError::TemporaryKey { profile, .. } => {
            return vec![
                "add the `aws_session_token` that belongs to it".into(),
                run!("keyfob add {}", profile)
                    .to("or store a long-term key (`AKIA…`), from which keyfob makes sessions"),
            ];
        }
        PlanError::CannotNarrow { profile, .. } => run!("keyfob explain {}", profile).to("show how they are made"),
        PlanError::Environment { .. } => "set it, or use the profile where it is set".into(),
        PlanError::Incomplete { profile, lacks, .. } => incomplete(profile, lacks),
        PlanError::NoSsoSession { nearest: Some(nearest), profile, .. } => {
            run!("keyfob profile set {} sso_session {}", profile, nearest).to("use the one with nearly that name")
        }
        PlanError::NoSsoSession { name, nearest: None, .. } => {
            format!("add `[sso-session {name}]` with `sso_start_url` and `sso_region` to the config file").into()
        }
        PlanError::SsoSessionIncomplete { session, setting, .. } => {
            format!("add a line `{setting} = …` to `[sso-session {session}]`").into()
        }
        PlanError::BadSsoSession { .. } => "fix that line".into(),
        PlanError::IdentityCenterIncomplete { profile, setting, .. } => {
            run!("keyfob profile set {} {} VALUE", profile, setting).to("set it")
        }
        PlanError::IdentityCenterTwice { profile, setting, .. } => {
            run!("keyfob profile unset {} {}", profile, setting).to("remove it from the profile")
        }
        PlanError::OtherServiceWithoutEndpoint { profile, lacking, .. } => {
            return vec![
                run!("keyfob profile set {} endpoint_url URL", lacking)
                    .to("name the endpoint, if it is another service's key"),
                run!("keyfob add {}", profile).to("or delete its lines, and store a key of AWS's"),
            ];
        }
        PlanError::RootCannotAssumeRole { profile, by_login: true } => {
            run!("keyfob login {} --force", profile).to("sign in as an IAM user or with a role")
        }
        PlanError::RootSignIn { profile, .. } => {
            return vec![
                run!("keyfob login {} --force", profile).to("sign in as an IAM user or with a role"),
                run!("keyfob profile set {} keyfob_allow_root true", profile).to("or use the root user's credentials"),
            ];
        }
        PlanError::RootCannotAssumeRole { profile, by_login: false } => {
            run!("keyfob add {} --replace", profile).to("create an IAM user and store its key")
        }
        PlanError::SecurityKey { profile, .. } => {
            run!("keyfob mfa enroll {}", profile).to("enroll a virtual MFA device as well, whose codes AWS accepts")
        }
        PlanError::BadValue { profile, name, .. } | PlanError::Target(TargetError::Setting { profile, name, .. }) => {
            run!("keyfob profile set {} {} VALUE", profile, name).to("fix it")
        }
        PlanError::Target(TargetError::Variable { name, .. }) => format!("set or unset `{name}`").into(),
        PlanError::Target(TargetError::Services { name, .. }) => {
            format!("fix or remove that line of `[services {name}]`").into()
        }
        PlanError::Target(TargetError::NoServices { profile, .. }) => {
            run!("keyfob profile unset {} services", profile).to("add that section, or remove the setting")
        }
        PlanError::DurationOutOfRange { .. } => "choose a duration in this range, such as `--duration 1h`".into(),
        PlanError::DurationChained { .. } => {
            "use `--duration 1h`, or assume the role directly from the profile with the access key".into()
        }
        PlanError::DurationOfBase { .. } => "omit `--duration`".into(),
        PlanError::DurationOfKey { profile } => {
            return vec![
                "omit `--duration`".into(),
                run!("keyfob profile set {} keyfob_session always", profile).to("or use sessions, which expire"),
            ];
        }
    };
    vec![hint]
}

fn incomplete(profile: &str, lacks: &str) -> Hint {
    match lacks {
        "role_arn" => run!("keyfob profile set {} role_arn ARN", profile).to("name the role to exchange it for"),
        lacks => run!("keyfob profile set {} {} VALUE", profile, lacks).to("set it"),
    }
}

/// What the user can do about something that a plan notes.
pub fn of_reason(reason: &Reason) -> Vec<Hint> {
    match reason {
        Reason::SessionWithoutMfa { profile } => vec![
            run!("keyfob mfa enroll {}", profile).to("enroll an MFA device"),
            run!("keyfob profile set {} keyfob_session never", profile).to("or issue the access key itself"),
        ],
        Reason::KeyInFile { profile, .. } => {
            vec![run!("keyfob import {}", profile).to("move the key into the key store")]
        }
        Reason::Agent { profile, gets: AgentGets::TheSame, .. } => vec![
            run!("keyfob profile set {} keyfob_agents read-only", profile)
                .to("give AI agents credentials that change nothing"),
        ],
        _ => Vec::new(),
    }
}

impl From<Unrepresentable> for Error {
    fn from(error: Unrepresentable) -> Error {
        Error::new(Kind::Usage, error.to_string())
            .hint(run!("keyfob exec PROFILE -- COMMAND").to("use `exec`, which passes any value, or another shell"))
    }
}

impl From<NoShell> for Error {
    fn from(error: NoShell) -> Error {
        let names: Vec<_> = Shell::ALL.iter().map(|shell| shell.name()).collect();
        Error::new(Kind::Usage, error.to_string()).hint(format!("choose one with `--shell {}`", names.join("|")))
    }
}
