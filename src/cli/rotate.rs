//! `keyfob rotate`.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::options::parse_secret;
use crate::cli::world::World;
use crate::credentials::AccessKeyId;
use crate::duration;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::rotate::all::rotate_all;
use crate::ops::rotate::status::status;
use crate::ops::rotate::{RotateRequest, finish, resume, rollback, rotate};
use crate::rotation::Asked;
use crate::secret::Secret;
use crate::ui::out;
use crate::view;

/// Replace a profile's access key with a new one
#[derive(Debug, Args)]
#[command(after_help = "\
The old key is made Inactive, not deleted: --finish deletes it a day later, and until then --rollback restores it. \
If a rotation is interrupted, --resume continues it.

Examples:
  keyfob rotate work
  keyfob rotate work --finish
  keyfob rotate --all --older-than 90d --yes")]
pub struct RotateArgs {
    /// Profile name
    #[arg(value_parser = NonEmptyStringValueParser::new(), required_unless_present = "all", conflicts_with = "all")]
    profile: Option<String>,
    /// Delete the old key of the last rotation
    #[arg(long, group = "what")]
    finish: bool,
    /// Continue an unfinished rotation
    #[arg(long, group = "what")]
    resume: bool,
    /// Go back to the old key and delete the new one
    #[arg(long, group = "what")]
    rollback: bool,
    /// Show the status of the rotation
    #[arg(long, group = "what")]
    status: bool,
    /// Rotate every stored key that is overdue
    #[arg(long, group = "what")]
    all: bool,
    /// With --all: age at which a key is overdue [default: `key_max_age`, 90d]
    #[arg(long, value_name = "AGE", value_parser = duration::parse, requires = "all")]
    older_than: Option<Duration>,
    /// Delete the old key immediately instead of a day later
    #[arg(long, conflicts_with_all = ["rollback", "status", "all"])]
    delete_now: bool,
    /// Make the IAM calls with this profile's credentials
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    with: Option<String>,
    /// Delete this other access key of the user
    #[arg(long, value_name = "ID", value_parser = str::parse::<AccessKeyId>, conflicts_with_all = ["finish", "all"])]
    delete_other: Option<AccessKeyId>,
    /// Delete the sessions made with the old key (after a leak)
    #[arg(long)]
    drop_sessions: bool,
    /// Continue even if something still uses the old key
    #[arg(long)]
    force: bool,
    /// MFA code (six digits)
    #[arg(long, value_name = "CODE", value_parser = parse_secret)]
    mfa_code: Option<Secret>,
    /// Do not ask for confirmation; never deletes a key you did not name
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// An age as it is typed: days, if it is some.
fn in_days(age: Duration) -> String {
    match (age.as_secs() / 86_400, age.as_secs() % 86_400) {
        (days, 0) if days > 0 => format!("{days}d"),
        _ => duration::text(age),
    }
}

impl RotateArgs {
    /// Whether it does more than to show the status.
    pub(super) fn changes_keys(&self) -> bool {
        !self.status
    }

    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        // clap asks for no `--all` where something that excludes it is given.
        if let (Some(age), false) = (self.older_than, self.all) {
            return Err(Error::new(
                Kind::Usage,
                "`--older-than` needs `--all`: one named profile's key is rotated at any age",
            )
            .hint(run!("keyfob rotate --all --older-than {}", in_days(age)).to("rotate every key of that age"))
            .hint(run!("keyfob keys").to("show how old each key is")));
        }
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let asked = Asked {
            with: self.with,
            delete_now: self.delete_now,
            force: self.force,
            drop_sessions: self.drop_sessions,
        };
        let request = RotateRequest {
            profile: self.profile.unwrap_or_default(),
            asked,
            delete_other: self.delete_other,
            mfa_code: self.mfa_code,
        };
        snapshot.with_ports(self.yes, None, |context, _| {
            if self.all {
                let limit = self.older_than.unwrap_or(world.settings.key_max_age);
                let report = rotate_all(context, &request, limit, files)?;
                return if self.json { out::write_json(&report) } else { Ok(()) };
            }
            if self.status {
                let status = status(context, &request.profile)?;
                return if self.json {
                    out::write_json(&status)
                } else {
                    out::write_page(&view::rotation::text(&status))
                };
            }
            let work = match (self.finish, self.resume, self.rollback) {
                (true, _, _) => finish,
                (_, true, _) => resume,
                (_, _, true) => rollback,
                _ => rotate,
            };
            work(context, &request, files)?;
            if self.json { out::write_json(&status(context, &request.profile)?) } else { Ok(()) }
        })
    }
}
