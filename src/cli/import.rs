//! `keyfob import`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::aws_vault::places;
use crate::cli::add::{link_line, link_program};
use crate::cli::mfa::enroll_now;
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::Talk;
use crate::ops::import::{ImportRequest, has_keys, import, import_from_aws_vault, unread_secrets};
use crate::ops::manage::link::LineOf;
use crate::ui::out;

/// Move plaintext keys from the AWS files, or keys from aws-vault, into the key store
#[derive(Debug, Args)]
#[command(after_help = "\
Each key is checked, stored and read back before its two lines are removed. If it is interrupted, run it again.

From aws-vault: reads its items in Secret Service and its encrypted files, or from pass or kwallet if AWS_VAULT_BACKEND says so. The \
passphrase comes from AWS_VAULT_FILE_PASSPHRASE or a prompt. The keys stay in aws-vault unless --delete-source is given. Settings in \
~/.aws/config keep working as they are. \
The exception: aws-vault applies [default] to every profile, keyfob does not; import names the settings this affects.

Examples:
  keyfob import
  keyfob import --from aws-vault")]
pub struct ImportArgs {
    /// Import only this profile's key
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Import from another program instead of the AWS files: aws-vault
    #[arg(long, value_name = "PROGRAM", value_parser = ["aws-vault"], hide_possible_values = true)]
    from: Option<String>,
    /// Delete each key from that program once it is stored and read back
    #[arg(long, requires = "from")]
    delete_source: bool,
    /// Do not check the keys with AWS
    #[arg(long)]
    no_verify: bool,
    /// Do not link the profiles; SDKs then find no credentials
    #[arg(long)]
    no_link: bool,
    /// Link even if keyfob is in a temporary, build or version-specific folder
    #[arg(long, conflicts_with = "no_link")]
    force_link: bool,
    /// Store a key even if it belongs to the root user
    #[arg(long)]
    allow_root: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ImportArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let nothing = self.from.is_none() && !has_keys(&files.profiles(), self.profile.as_deref());
        if nothing && self.profile.is_none() {
            world.talk.say(match unread_secrets(files).is_empty() {
                true => "the AWS files contain no long-term access keys",
                false => "no key can be imported: the secrets in the AWS files are in places that SDKs do not read",
            });
        }
        // Before anything is asked or stored.
        if !nothing && !self.no_link {
            let unlinked = || world.talk.again(&["--no-link"]).to("or leave the profiles unlinked");
            link_program(world, self.force_link).map_err(|error| error.hint(unlinked()))?;
        }
        let line = |profile: &str| link_line(world, profile, self.force_link);
        let report = snapshot.with_ports(self.yes, None, |context, stores| {
            let (backend, reason) = stores.choose(world.asked_backend)?;
            if !nothing {
                world.talk.say(&format!("keys go into {}, {reason}", backend.title()));
            }
            let request = ImportRequest {
                profile: self.profile.as_deref(),
                backend,
                verify: !self.no_verify,
                line: (!self.no_link).then_some(&line as LineOf<'_>),
                allow_root: self.allow_root,
                yes: self.yes,
            };
            if self.from.is_none() {
                return import(context, &request, files);
            }
            let places = places(&world.env, &world.settings, context.human)?;
            let (context, delete) = (context, self.delete_source);
            let report = import_from_aws_vault(context, &request, files, &places, delete)?;
            if report.is_empty() {
                let titles: Vec<String> = places.iter().map(|place| place.title()).collect();
                world.talk.say(&format!("there is no key in {}", titles.join(" or ")));
                let hint = run!("aws-vault exec --no-session PROFILE -- keyfob add PROFILE --env");
                world.talk.hint(hint.to("import a key from another aws-vault backend"));
            }
            Ok(report)
        })?;
        if self.json {
            out::write_json(&report)?;
        }
        for profile in &report.to_enroll {
            enroll_now(world, profile, false)?;
        }
        let whose = if self.from.is_some() { "with aws-vault" } else { "in the AWS files" };
        match report.failures() {
            0 => Ok(()),
            1 => Err(Error::new(Kind::Failed, format!("a key stays {whose}"))),
            several => Err(Error::new(Kind::Failed, format!("{several} keys stay {whose}"))),
        }
        .map_err(|error| match report.may_work_later() {
            true => error.hint(world.talk.again(&[]).to("fix that, then continue")),
            false => error,
        })
    }
}
