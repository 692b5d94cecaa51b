//! What an AWS error means for the one who asked: one line, AWS's own words behind it, and what to do.
//!
//! Pure: the error and what was attempted come in, an [`Error`] goes out.

mod refusal;
#[cfg(test)]
mod tests;

use crate::aws::error::obstacle;
use crate::aws::{AssumeRole, AwsError, GetSessionToken};
use crate::credentials::short_id;
use crate::error::{Error, Kind};
use crate::hint::{Hint, run};

/// What was attempted when AWS answered no, or not at all.
#[derive(Debug, Clone, Copy)]
pub struct Attempt<'a> {
    /// The profile whose credentials were being made.
    pub profile: &'a str,
    pub call: Attempted<'a>,
    pub signer: Signer<'a>,
    /// Where its MFA code came from, if it carried one.
    pub code: Option<CodeFrom>,
    /// Seconds this machine's clock is behind AWS's, as the answer has shown.
    pub clock_offset_seconds: i64,
}

/// The call that was attempted.
#[derive(Debug, Clone, Copy)]
pub enum Attempted<'a> {
    GetCallerIdentity,
    GetSessionToken(&'a GetSessionToken),
    /// One hop of a chain.
    AssumeRole {
        request: &'a AssumeRole,
        /// The profile that names the role.
        profile: &'a str,
        /// Which hop, from 1.
        hop: usize,
        hops: usize,
        /// The command line, if its `--role` names the role.
        role_by: Option<&'a [String]>,
        /// The command line, if its `--duration` is what was asked for.
        duration_by: Option<&'a [String]>,
    },
    GetScopedCredentials,
    GetFederationToken,
    /// An IAM call, by its name in the API: `ListMFADevices`.
    Iam(&'a str),
}

/// Who signed a call.
#[derive(Debug, Clone, Copy)]
pub enum Signer<'a> {
    Key {
        /// Its id; shown by its last four characters.
        id: &'a str,
        /// The user's ARN, where known.
        arn: Option<&'a str>,
    },
    /// A long-term access key that no key store has: one to be added, or one in a file.
    UnstoredKey {
        /// Its id; shown by its last four characters.
        id: &'a str,
    },
    /// A session made with an MFA code.
    MfaSession {
        /// The user's ARN, where known.
        arn: Option<&'a str>,
        /// Seconds since it was made.
        age_seconds: i64,
    },
    /// A session made without one.
    PlainSession {
        /// The user's ARN, where known.
        arn: Option<&'a str>,
    },
    /// A session that keyfob has not made: one in a file or the environment, or a program's.
    GivenSession,
    /// The base's own credentials, which came from elsewhere and say when they end.
    Given {
        /// Who they are, where known.
        arn: Option<&'a str>,
        /// The kind of base.
        kind: &'static str,
    },
    /// The session of the hop before.
    Role { arn: &'a str },
    /// Nobody: a web identity token was sent.
    Token,
    /// A certificate, at Roles Anywhere.
    Certificate {
        /// The trust anchor's region.
        region: &'a str,
    },
}

/// Where a code came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFrom {
    /// A person, `--mfa-code`, or a program.
    Given,
    Seed,
}

/// Turns `error` into what the user is told.
///
/// Refusals are [`Kind::Refused`] (exit 4), what never came to an answer [`Kind::Failed`] (exit 1), what could not be sent as it
/// was set up [`Kind::Config`] (exit 6).
pub fn advise(error: &AwsError, attempt: &Attempt<'_>) -> Error {
    match error {
        AwsError::Setup(problem) => Error::new(Kind::Config, problem.clone())
            .hint(attempt.explain("show the file and line of each setting"))
            .hint("`AWS_CA_BUNDLE`, `AWS_ENDPOINT_URL` and `HTTPS_PROXY` override the AWS files"),
        AwsError::Unreachable { endpoint, cause } => unreachable(endpoint, cause),
        AwsError::AnswerLost { endpoint, cause } => {
            let error = Error::new(Kind::Failed, format!("{}: no response from `{endpoint}`", attempt.what()))
                .because(cause.as_str());
            match attempt.code {
                Some(CodeFrom::Given) => {
                    error.hint("the MFA code may have been used up: try again with the next one, in at most 30 s")
                }
                Some(CodeFrom::Seed) | None => {
                    error.hint("try again; with `KEYFOB_CALL_TIMEOUT=60s` keyfob waits longer than the default 30 s")
                }
            }
        }
        AwsError::Invalid { endpoint, cause } => {
            let error =
                Error::new(Kind::Failed, format!("{}: the response from `{endpoint}` is not valid", attempt.what()))
                    .because(cause.as_str());
            let error = match attempt.code {
                Some(CodeFrom::Given) => error.hint("the MFA code may have been used up: use the next one"),
                Some(CodeFrom::Seed) | None => error,
            };
            error
                .hint(attempt.explain("check the endpoint"))
                .hint("also check `AWS_ENDPOINT_URL` and `HTTPS_PROXY`, if set")
        }
        AwsError::Refused { code, message, status, request_id } => {
            let kind = if *status >= 500 || error.is_foreign_answer() { Kind::Failed } else { Kind::Refused };
            let (line, hints) = refusal::explain(error, *status, attempt);
            let id = request_id.as_ref().map(|id| format!(" (request id {id})")).unwrap_or_default();
            let said = Error::new(kind, line).because(format!("AWS says {code}: {message}{id}"));
            hints.into_iter().fold(said, Error::hint)
        }
    }
}

fn unreachable(endpoint: &str, cause: &str) -> Error {
    let error = Error::new(Kind::Failed, format!("cannot reach `{endpoint}`")).because(cause);
    let is = |what: &str| cause.starts_with(what);
    if is(obstacle::NAME_LOOKUP) {
        error.hint("check the network, the region, and the host names in `HTTPS_PROXY` and `endpoint_url`, if set")
    } else if is(obstacle::TIMEOUT) {
        error.hint("check the network, and whether it requires a proxy (`HTTPS_PROXY`); with `KEYFOB_CONNECT_TIMEOUT=20s` keyfob waits longer")
    } else if is(obstacle::TLS)
        && (cause.contains("Expired") || cause.contains("NotValidYet") || cause.contains("expired"))
    {
        error.hint("check this machine's date: by that date, the certificate is not valid")
    } else if is(obstacle::TLS) {
        error.hint(
            "if a proxy inspects TLS, set `AWS_CA_BUNDLE` or the profile's `ca_bundle` to the proxy's root certificate",
        )
    } else if is(obstacle::DESCRIPTORS) {
        error.hint("raise the limit of open files of this process (`ulimit -n` shows it)")
    } else if is(obstacle::PROXY) {
        error.hint(
            "check the address and password in `HTTPS_PROXY`; `NO_PROXY` lists the hosts to reach without the proxy",
        )
    } else {
        error.hint("check the network, firewalls, `HTTPS_PROXY`, and `endpoint_url`, if set")
    }
}

impl Attempt<'_> {
    /// What was attempted, as the start of a line.
    fn what(&self) -> String {
        match self.call {
            Attempted::GetCallerIdentity => "GetCallerIdentity failed".to_owned(),
            Attempted::GetSessionToken(_) => "GetSessionToken failed".to_owned(),
            Attempted::GetScopedCredentials => "GetScopedCredentials failed".to_owned(),
            Attempted::GetFederationToken => "GetFederationToken failed".to_owned(),
            Attempted::AssumeRole { request, hops: 1, .. } => format!("cannot assume `{}`", request.role_arn),
            Attempted::AssumeRole { request, hop, hops, .. } => {
                format!("hop {hop} of {hops}: cannot assume `{}`", request.role_arn)
            }
            Attempted::Iam(call) => format!("{call} failed"),
        }
    }

    fn device(&self) -> String {
        let mfa = match self.call {
            Attempted::GetSessionToken(request) => request.mfa.as_ref(),
            Attempted::AssumeRole { request, .. } => request.mfa.as_ref(),
            Attempted::GetCallerIdentity
            | Attempted::GetScopedCredentials
            | Attempted::GetFederationToken
            | Attempted::Iam(_) => None,
        };
        mfa.map_or_else(|| "the MFA device".to_owned(), |mfa| format!("`{}`", mfa.serial))
    }

    fn explain(&self, purpose: &str) -> Hint {
        run!("keyfob explain {}", self.profile).to(purpose)
    }

    fn name_device(&self, purpose: &str) -> Hint {
        run!("keyfob profile set {} mfa_serial ARN", self.profile).to(purpose)
    }

    /// How other credentials are had than those that signed.
    fn renew(&self) -> Hint {
        match self.signer {
            Signer::Given { kind: "environment", .. } => "set the variables to new credentials".into(),
            Signer::Given { kind: "login", .. } => run!("keyfob login {} --force", self.profile).to("sign in again"),
            _ => self.forget(),
        }
    }

    fn forget(&self) -> Hint {
        match self.signer {
            Signer::GivenSession => self.explain("replace the session, which keyfob did not make, where it comes from"),
            _ => run!("keyfob clear {}", self.profile).to("delete the session, then try again"),
        }
    }
}

impl Signer<'_> {
    fn name(&self) -> String {
        match self {
            Signer::Key { arn: Some(arn), .. }
            | Signer::MfaSession { arn: Some(arn), .. }
            | Signer::PlainSession { arn: Some(arn) }
            | Signer::Given { arn: Some(arn), .. }
            | Signer::Role { arn } => format!("`{arn}`"),
            Signer::Key { id, arn: None } | Signer::UnstoredKey { id } => format!("the access key `{}`", short_id(id)),
            Signer::MfaSession { arn: None, .. } => "the user of the MFA session".to_owned(),
            Signer::PlainSession { arn: None } | Signer::GivenSession => "the user of the session".to_owned(),
            Signer::Given { arn: None, .. } => "the profile's source".to_owned(),
            Signer::Token => "the web identity token".to_owned(),
            Signer::Certificate { .. } => "the certificate".to_owned(),
        }
    }
}
