//! Another program's `credential_process`: run as the SDKs for Rust, Go and Java run it, each time it is needed.

use std::time::Duration;

use crate::chain::Plan;
use crate::chain::base::CommandLine;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::format::process;
use crate::hint::run;
use crate::mask;
use crate::ops::Context;
use crate::secret::SecretBytes;
use crate::sys::child::{self, Answer, Given};

/// As long as Go's SDK lets it run (aws-sdk-go-v2 `processcreds/provider.go`).
const LIMIT: Duration = Duration::from_mins(1);

/// # Errors
/// Where the program fails, takes too long, or prints anything but the document (exit 1).
pub(super) fn credentials(
    context: &Context,
    plan: &Plan,
    command: &CommandLine,
    account_id: Option<&str>,
    limit: Option<Duration>,
) -> Result<Credentials> {
    let answer = output(context, plan, command, limit)?;
    let read = process::read(&answer.stdout, context.clock.now()).map_err(|problem| {
        let error = failed(plan, &format!("what it printed is not a credential document: {problem}"));
        said(error, "it printed", &answer.stdout)
    })?;
    Ok(read.with_account(account_id))
}

/// What a profile's own program prints. It has the environment keyfob was started with, without what an outer keyfob put
/// there: programs of EKS, ECS and CI need theirs, and an `AWS_PROFILE` of the user's stays, as the SDKs leave it.
pub(super) fn output(context: &Context, plan: &Plan, command: &CommandLine, limit: Option<Duration>) -> Result<Answer> {
    let limit = limit.map_or(LIMIT, |limit| limit.min(LIMIT));
    let chain = plan.chain_for_programs(context.env);
    let answer = child::run_line(command.as_str(), Given { env: context.env, chain: &chain, limit })
        .map_err(|error| failed(plan, &error.to_string()))?;
    if answer.status.success() {
        return Ok(answer);
    }
    let how = match answer.status.code() {
        Some(127) => "it is not found (exit status 127)".to_owned(),
        Some(126) => "it may not be run (exit status 126)".to_owned(),
        Some(code) => format!("it ended with exit status {code}"),
        None => format!("it was ended by {}", answer.status),
    };
    let words = if answer.stderr.expose().trim_ascii().is_empty() { &answer.stdout } else { &answer.stderr };
    Err(said(failed(plan, &how), "it said", words))
}

pub(super) fn failed(plan: &Plan, how: &str) -> Error {
    let profile = &plan.base.profile;
    let setting = plan.base.program_setting();
    Error::new(Kind::Failed, format!("`{setting}` of `{profile}` failed: {how}"))
        .hint(run!("keyfob show {}", profile).to("show the command, to try it by hand"))
}

/// Repeats the start of what a program said, in one line.
// Security: it may be the very credentials, so whatever could be a secret is masked before it is cut.
fn said(error: Error, how: &str, words: &SecretBytes) -> Error {
    let line = mask::in_one_line(&String::from_utf8_lossy(words.expose()));
    if line.is_empty() { error } else { error.because(format!("{how}: {line}")) }
}
