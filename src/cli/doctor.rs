//! `keyfob doctor`.

use clap::Args;
use serde::Serialize;

use crate::cli::world::World;
use crate::error::Result;
use crate::human::Talk;
use crate::ops::doctor::{self, Finding, Machine};
use crate::ui::out;
use crate::view;

/// Check for problems: overridden settings, loops, file modes, an unavailable key store
#[derive(Debug, Args)]
#[command(after_help = "\
Exits with 1 if problems remain. Does not open key stores, and changes nothing unless --fix is given.

Example:
  keyfob doctor --json | jq -r '.findings[].fix.argv'")]
pub struct DoctorArgs {
    /// Fix file and folder permissions
    #[arg(long)]
    fix: bool,
    /// Also compare this machine's clock with AWS's
    #[arg(long)]
    online: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` reports.
#[derive(Serialize)]
struct Report<'a> {
    findings: &'a [Finding],
}

impl DoctorArgs {
    /// The exit code is 1 where anything is left to fix.
    pub(super) fn run(self, world: &World<'_>) -> Result<u8> {
        world.warn_of_agent();
        let snapshot = world.snapshot();
        let mut findings = snapshot.with_ports(false, None, |context, stores| {
            let (files, index) = (snapshot.files(), snapshot.index());
            let (asked_backend, online) = (world.asked_backend, self.online);
            let settings_error = world.settings_error.as_ref();
            Ok(doctor::findings(&Machine { context, stores, files, index, settings_error, asked_backend, online }))
        })?;
        if self.fix {
            for finding in &mut findings {
                finding.apply_fix();
            }
        }
        match self.json {
            true => out::write_json(&Report { findings: &findings })?,
            false => out::write_page(&view::doctor::text(&findings, world.talk.shell()))?,
        }
        let left = findings.iter().filter(|finding| !finding.fixed).count();
        match left {
            0 => world.talk.say("no problems found"),
            1 => world.talk.say("1 problem found"),
            several => world.talk.say(&format!("{several} problems found")),
        }
        Ok(u8::from(left > 0))
    }
}
