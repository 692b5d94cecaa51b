//! `keyfob add`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use zeroize::Zeroizing;

use crate::chain::target::names_endpoint;
use crate::cli::mfa::enroll_now;
use crate::cli::world::World;
use crate::credentials::AccessKey;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::Talk;
use crate::ops::access_key_input::{from_csv, from_environment, from_lines};
use crate::ops::add::{AddRequest, add, input_error, refuse_other_service};
use crate::process_line::{self, program_to_write};
use crate::sys::env::{Environment, vars};
use crate::sys::files;
use crate::sys::program::ProgramPaths;
use crate::sys::stdin::read_stdin;
use crate::ui::out;

/// Store an access key, check it, and link the profile
#[derive(Debug, Args)]
#[command(after_help = "\
Prompts for the key, with its secret hidden, unless --csv, --stdin or --env is given.

Example:
  keyfob add work --csv ~/Downloads/accessKeys.csv --region eu-west-1")]
pub struct AddArgs {
    /// Profile name; the profile is created if it does not exist
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: String,
    /// Read the key from the CSV file that the AWS console offers
    #[arg(long, value_name = "FILE", group = "source")]
    csv: Option<PathBuf>,
    /// Read the key from stdin: two lines, the JSON of `aws iam create-access-key`, or NAME=VALUE lines
    #[arg(long, group = "source")]
    stdin: bool,
    /// Read AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, group = "source")]
    env: bool,
    /// Set the profile's region
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    region: Option<String>,
    /// Set the profile's MFA device
    #[arg(long, value_name = "ARN", value_parser = NonEmptyStringValueParser::new())]
    mfa_serial: Option<String>,
    /// Do not check the key with AWS
    #[arg(long)]
    no_verify: bool,
    /// Do not link the profile (write no `credential_process`)
    #[arg(long)]
    no_link: bool,
    /// Link even if keyfob is in a temporary, build or version-specific folder
    #[arg(long, conflicts_with = "no_link")]
    force_link: bool,
    /// Store the key even if it belongs to the root user
    #[arg(long)]
    allow_root: bool,
    /// Replace the key that is stored for this profile
    #[arg(long)]
    replace: bool,
    /// Replace another program's `credential_process`; `keyfob profile unlink` restores it
    #[arg(long, conflicts_with = "no_link")]
    replace_process: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
}

impl AddArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let files = snapshot.files()?;
        let other_service = names_endpoint(&files.profiles(), &self.profile);
        let key = self.given_key(world, other_service)?;
        let unlinked = || world.talk.again(&["--no-link"]).to("or leave the profile unlinked");
        let link = match self.no_link {
            true => None,
            false => {
                let line = link_line(world, &self.profile, self.force_link);
                Some(line.map_err(|error| error.hint(unlinked()))?)
            }
        };
        let profile = self.profile.clone();
        let added = snapshot.with_ports(self.yes, None, |context, stores| {
            let (backend, reason) = stores.choose(world.asked_backend)?;
            world.talk.say(&format!("the key goes into {}, {reason}", backend.title()));
            let request = AddRequest {
                profile: self.profile,
                key,
                backend,
                region: self.region,
                mfa_serial: self.mfa_serial,
                will_enroll: false,
                verify: !self.no_verify,
                link,
                other_service,
                allow_root: self.allow_root,
                replace: self.replace,
                replace_process: self.replace_process,
                yes: self.yes,
            };
            add(context, request, files)
        })?;
        if let Some(lines) = &added.lines {
            out::write(lines)?;
        }
        if added.to_enroll {
            enroll_now(world, &profile, false)?;
        }
        match added.lines {
            None => Ok(()),
            Some(_) => {
                let message =
                    format!("the key of `{profile}` is stored, but the lines on stdout are not in the AWS config file");
                Err(Error::new(Kind::Failed, message)
                    .hint("add these lines to the file; until then SDKs do not find the key"))
            }
        }
    }

    /// The key that `--csv`, `--stdin` or `--env` brings; none where it is to be asked for.
    fn given_key(&self, world: &World<'_>, other_service: bool) -> Result<Option<AccessKey>> {
        let (key, place) = match &self.csv {
            Some(path) => {
                let file = Zeroizing::new(files::read(path).map_err(|error| {
                    Error::new(Kind::Failed, format!("cannot read {}", path.display()))
                        .because(error)
                        .hint(
                            "`--csv` takes the path of the file downloaded from the AWS console; without `--csv`, keyfob prompts for the key",
                        )
                })?);
                (from_csv(&file), path.display().to_string())
            }
            None if self.stdin => {
                let input =
                    read_stdin().map_err(|error| Error::new(Kind::Failed, "stdin cannot be read").because(error))?;
                (from_lines(&input), "stdin".to_owned())
            }
            None if self.env => {
                refuse_own_variables(world)?;
                (from_environment(&world.env), "the environment".to_owned())
            }
            None => return Ok(None),
        };
        let key = key.map_err(|error| input_error(world.talk, &error, &place))?;
        refuse_other_service(world.talk, &key.id, &self.profile, other_service, &place)?;
        Ok(Some(key))
    }
}

/// Refuses variables that keyfob itself has set: what they hold is stored already, or is temporary.
fn refuse_own_variables(world: &World<'_>) -> Result<()> {
    let is_set = |env: &Environment| env.get(vars::AWS_ACCESS_KEY_ID).is_some();
    if is_set(&world.env) || !is_set(&world.process_env) {
        return Ok(());
    }
    let message = "the access key in the environment was set by keyfob itself (`exec` or `env`)";
    let error = Error::new(Kind::Usage, message);
    Err(match world.process_env.get(vars::KEYFOB_PROFILE) {
        Some(profile) => {
            error.hint(run!("keyfob export {}", profile).to("print the stored key, to store it elsewhere"))
        }
        None => error,
    })
}

/// The path of this program that a link names.
///
/// # Errors
/// One that will not last, unless that is forced.
pub(super) fn link_program(world: &World<'_>, force: bool) -> Result<PathBuf> {
    let paths = ProgramPaths::find(&world.env)
        .map_err(|error| Error::new(Kind::Failed, "cannot find the path of this keyfob").because(error))?;
    program_to_write(&paths, force).map_err(|error| {
        Error::new(Kind::Config, format!("cannot link to this keyfob: {error}"))
            .hint("install keyfob in a permanent folder on `PATH`")
            .hint(world.talk.again(&["--force-link"]).to("or link to this path anyway"))
    })
}

/// Says of a link that was only shown what keeps it from being made.
pub(super) fn warn_of_shown(world: &World<'_>, force: bool) {
    if let Err(error) = link_program(world, force) {
        world.talk.warn(&format!("without `--diff`, this fails: {error}"));
    }
}

/// The line that makes SDKs ask this program for `profile`.
pub(super) fn link_line(world: &World<'_>, profile: &str, force: bool) -> Result<String> {
    let program = link_program(world, force)?;
    process_line::write(&program, profile)
        .map_err(|error| Error::new(Kind::Config, format!("cannot link `{profile}`: {error}")))
}
