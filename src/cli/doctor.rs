//! `keyfob doctor`.

use clap::Args;
use serde::Serialize;

use crate::chain::target::Target;
use crate::cli::world::World;
use crate::credentials::{AccessKey, Credentials, StoreId};
use crate::error::Result;
use crate::hint::run;
use crate::human::Talk;
use crate::keystore::KeyStore;
use crate::keystore::Presence;
use crate::keystore::StoreOpener;
use crate::ops::doctor::{Finding, of_environment, of_files, of_leftovers, of_modes, of_program, of_unreadable_files};
use crate::ops::manage::Manager;
use crate::ops::rotate::findings::of_keys;
use crate::secret::Secret;
use crate::sys::program::ProgramPaths;
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
        let snapshot = world.snapshot();
        let mut findings = of_modes(&world.paths, &world.settings);
        findings.extend(of_leftovers(&world.paths));
        let files = match snapshot.files() {
            Ok(files) => Some(files),
            Err(error) => {
                let unreadable = of_unreadable_files(&world.paths);
                // Another program may have written it in the meantime.
                let is_mended = unreadable.is_empty();
                findings.extend(unreadable);
                findings.extend(is_mended.then(|| Finding::of_error("file", &error)));
                None
            }
        };
        findings.extend(of_environment(&world.env, &world.paths, files));
        match ProgramPaths::find(&world.env) {
            Ok(paths) => findings.extend(of_program(&paths)),
            Err(error) => findings.push(Finding::new(
                "program",
                error.to_string(),
                "keyfob cannot be linked",
                "run keyfob with its full path",
            )),
        }
        match snapshot.index() {
            Ok(index) => {
                findings.extend(of_keys(index, &world.paths.data, &world.settings, world.clock().now()));
                findings.extend(self.stores(world, index.backends())?);
                if let Some(files) = files {
                    findings.extend(snapshot.with_ports(false, None, |context, _| {
                        if self.online {
                            ask_for_the_time(context);
                        }
                        Ok(of_files(&Manager { context, files, index, show_only: true }))
                    })?);
                }
            }
            Err(error) => findings.push(Finding::of_error("index", &error)),
        }
        let off = world.clock().offset_seconds();
        if self.online && off.abs() > 30 {
            let message = format!("this machine's clock is wrong by {off} s");
            let why =
                "AWS refuses requests if the clock is more than 5 min off, and sessions seem to end early or late";
            let fix = match std::env::consts::OS {
                "windows" => run!("w32tm /resync"),
                "macos" => run!("sudo sntp -sS time.apple.com"),
                _ => run!("timedatectl set-ntp true"),
            };
            findings.push(Finding::new("clock", message, why, fix));
        }
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

    /// The stores that hold keys, or where there is none, the one that would.
    fn stores(&self, world: &World<'_>, holding: Vec<StoreId>) -> Result<Vec<Finding>> {
        world.with_stores(|stores| {
            let mut found = Vec::new();
            if holding.is_empty() {
                found.extend(
                    stores.choose(world.asked_backend).err().map(|error| Finding::of_error("key-store", &error)),
                );
            }
            for backend in holding {
                let why = "keyfob cannot read the keys in it";
                let is_whole = |presence| match backend == StoreId::VAULT {
                    true => stores.vault().check_files().map(|()| presence),
                    false => Ok(presence),
                };
                match stores.open(backend).and_then(KeyStore::presence).and_then(is_whole) {
                    Ok(Presence::There) => {}
                    Ok(Presence::Absent(how)) => {
                        let message = format!("{} is not available: {how}", backend.title());
                        found.push(Finding::new(
                            "key-store",
                            message,
                            why,
                            "start it, or store the keys in another key store",
                        ));
                    }
                    Err(error) => {
                        let mut finding = Finding::of_error("key-store", &error.for_user(backend));
                        why.clone_into(&mut finding.why);
                        found.push(finding);
                    }
                }
            }
            Ok(found)
        })
    }
}

/// Any answer of AWS's, a refusal too, carries its time; so no key is needed.
fn ask_for_the_time(context: &crate::ops::Context<'_>) {
    let key = AccessKey {
        id: "AKIA0000000000000000".parse().expect("it has the form of an id"),
        secret: Secret::new("0".repeat(40)),
    };
    let target = Target {
        region: "us-east-1".to_owned(),
        sts_endpoint: context
            .env
            .get(crate::sys::env::vars::AWS_ENDPOINT_URL_STS)
            .or(context.env.get(crate::sys::env::vars::AWS_ENDPOINT_URL))
            .map(str::to_owned),
        iam_endpoint: Ok(None),
        fips: false,
        dual_stack: false,
        legacy_global: false,
        ca_bundle: context.env.get(crate::sys::env::vars::AWS_CA_BUNDLE).map(Into::into),
    };
    if let Err(error) = context.sts.get_caller_identity(&Credentials::Key { key, account_id: None }, &target)
        && error.code().is_none()
    {
        context.talk.warn(&format!("cannot get the time from AWS: {error}"));
    }
}
