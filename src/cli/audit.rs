//! `keyfob audit`.

use std::collections::BTreeMap;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::audit::check::Check;
use crate::audit::{CHECKS, Choice};
use crate::cli::options::{CredentialOptions, ProfileArg, parse_secret};
use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::glob::Glob;
use crate::hint::run;
use crate::human::Talk;
use crate::ops::audit::{Audit, Audits, Plans, audit, check_choice};
use crate::secret::Secret;
use crate::sorted;
use crate::ui::out;
use crate::view;

/// Check the security of an account's users, keys and root user
#[derive(Debug, Args)]
#[command(after_help = "\
Changes nothing: it reads, and lets AWS make its credential report. Exits with 1 if a check fails. A check that a policy \
does not allow is `unknown` and names the missing permission.

Examples:
  keyfob audit work
  keyfob audit --profiles 'prod-*' --csv
  keyfob audit work --only root-key,root-mfa --json")]
pub struct AuditArgs {
    #[command(flatten)]
    profile: ProfileArg,
    /// Audit the accounts of all profiles that match (* and ?), each account once
    #[arg(long, value_name = "GLOB", conflicts_with = "profile", value_parser = NonEmptyStringValueParser::new())]
    profiles: Option<String>,
    /// Version of the CIS AWS Foundations Benchmark: 3.0, 4.0 (4.0.1), 5.0, 6.0 or 7.0; skips checks that only other versions have
    #[arg(long, value_name = "VERSION")]
    cis: Option<String>,
    /// Run only these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    only: Vec<String>,
    /// Run all but these checks
    #[arg(long, value_name = "CHECK", value_delimiter = ',')]
    skip: Vec<String>,
    /// Also find services that users and roles may use but never have used; makes two calls or more for each of them
    #[arg(long)]
    last_accessed: bool,
    /// MFA code (six digits)
    #[arg(short = 't', long, value_name = "CODE", value_parser = parse_secret)]
    mfa_code: Option<Secret>,
    /// List the checks
    #[arg(long, conflicts_with_all = ["profile", "profiles", "csv"])]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

/// The version whose numbers are shown, unless another is asked for.
const NEWEST: &str = "7.0";

/// The JSON of several accounts.
#[derive(Serialize)]
struct Several<'a> {
    accounts: &'a [Audit],
    failed: Vec<Failed<'a>>,
}

/// The JSON of `--list`.
#[derive(Serialize)]
struct Listed {
    checks: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    title: &'static str,
    cis: BTreeMap<&'static str, &'static str>,
    why: &'static str,
}

impl Entry {
    fn of(check: &Check) -> Entry {
        Entry { id: check.id, title: check.title, cis: check.numbers(), why: check.why }
    }
}

#[derive(Serialize)]
struct Failed<'a> {
    profile: &'a str,
    error: String,
}

impl AuditArgs {
    /// The exit code is 1 where a check fails.
    pub(super) fn run(self, world: &World<'_>) -> Result<u8> {
        let AuditArgs { cis, only, skip, last_accessed, .. } = self;
        // As that version calls itself.
        let cis = cis.map(|cis| if cis == "4.0.1" { "4.0".to_owned() } else { cis });
        let choice = Choice { only, skip, cis, last_accessed };
        check_choice(&choice)?;
        let cis = choice.cis.as_deref().unwrap_or(NEWEST);
        if self.list {
            match self.json {
                true => out::write_json(&Listed { checks: CHECKS.iter().map(Entry::of).collect() })?,
                false => out::write_page(&view::audit::list(CHECKS, cis))?,
            }
            return Ok(0);
        }
        let snapshot = world.snapshot();
        let plans = match &self.profiles {
            Some(pattern) => matching(&snapshot, pattern)?,
            None => {
                let profile = self.profile.resolve(world)?;
                let plan = snapshot.plan(&profile, &CredentialOptions::default());
                vec![(profile, plan)]
            }
        };
        let done =
            snapshot.with_ports(false, None, |context, _| audit(context, plans, self.mfa_code.as_ref(), &choice))?;
        let Audits { audits, mut failed } = done;
        if self.profiles.is_none() && !failed.is_empty() {
            return Err(failed.remove(0).1);
        }
        for (profile, error) in &failed {
            world.talk.warn(&format!("`{profile}` cannot be used: {}", error.in_one_line()));
        }
        let (shell, now) = (world.talk.shell(), world.clock().now());
        match (self.json, self.csv, &audits[..]) {
            (_, true, _) => out::write(&view::audit::csv(&audits, cis))?,
            (true, _, [audit]) if self.profiles.is_none() => out::write_json(audit)?,
            (true, _, _) => {
                let failed = failed.iter().map(|(profile, error)| Failed { profile, error: error.in_one_line() });
                out::write_json(&Several { accounts: &audits, failed: failed.collect() })?;
            }
            (false, false, _) => {
                let mut texts: Vec<String> =
                    audits.iter().map(|audit| view::audit::text(audit, cis, shell, now)).collect();
                if self.profiles.is_some() {
                    texts.push(view::audit::summary(&audits));
                }
                out::write_page(&texts.join("\n"))?;
            }
        }
        match audits.iter().any(|audit| audit.counts().fail > 0) {
            true => Ok(1),
            // Nothing fails, and not every account was seen.
            false => failed.pop().map_or(Ok(0), |(_, error)| Err(error)),
        }
    }
}

/// The plans of all profiles that match.
fn matching(snapshot: &Snapshot<'_>, pattern: &str) -> Result<Plans> {
    let glob = Glob::new(pattern);
    let profiles = snapshot.files()?.profiles();
    let mut names: Vec<&str> = profiles.names().filter(|name| glob.matches(name)).collect();
    sorted::sort(&mut names);
    if names.is_empty() {
        return Err(Error::new(Kind::Config, format!("no profile matches `{pattern}`"))
            .hint(run!("keyfob list").to("list profiles")));
    }
    Ok(names.into_iter().map(|name| (name.to_owned(), snapshot.plan_in_passing(&profiles, name))).collect())
}
