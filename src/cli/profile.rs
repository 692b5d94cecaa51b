//! `keyfob profile`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::cli::add::{link_line, warn_of_shown};
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ops::manage::Manager;
use crate::ops::manage::link::LinkRequest;
use crate::ui::out;

/// Edit profiles in ~/.aws/config without touching anything else
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Example:
  keyfob profile set work region eu-west-1 --diff    show what would change")]
pub enum ProfileCommand {
    /// Create a profile
    #[command(after_help = "\
Example:
  keyfob profile add production region=eu-west-1 source_profile=work \\
      role_arn=arn:aws:iam::123456789012:role/Admin")]
    Add {
        /// Name of the new profile
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// Settings of the profile
        #[arg(value_name = "NAME=VALUE", value_parser = pair)]
        settings: Vec<(String, String)>,
        /// Do not validate the values
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        how: How,
    },
    /// Set a setting
    #[command(after_help = "\
Example:
  keyfob profile set work region eu-west-1")]
    Set {
        /// Profile name
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// Name of the setting, or the name and the new value
        #[arg(value_name = "NAME=VALUE|NAME", value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// New value
        #[arg(allow_hyphen_values = true)]
        value: Option<String>,
        /// Do not validate the value
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        how: How,
    },
    /// Remove a setting
    #[command(after_help = "\
Example:
  keyfob profile unset work output")]
    Unset {
        /// Profile name
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// Name of the setting
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        how: How,
    },
    /// Copy a profile; both use the same stored key
    #[command(after_help = "\
Example:
  keyfob profile copy work work-us")]
    Copy {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        how: How,
    },
    /// Rename a profile and update the references to it
    #[command(after_help = "\
Example:
  keyfob profile rename default work")]
    Rename {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        how: How,
    },
    /// Remove a profile from the AWS files; its stored key stays
    #[command(after_help = "\
Example:
  keyfob profile remove old --diff")]
    Remove {
        /// Profile name
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// Remove it even if other profiles need it
        #[arg(long)]
        force: bool,
        /// Answer yes to all questions
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        how: How,
    },
    Link(LinkArgs),
    Unlink(UnlinkArgs),
}

/// Make SDKs get the profile's credentials from keyfob
#[derive(Debug, Args)]
#[command(after_help = "\
A role's settings are renamed so that only keyfob reads them. `keyfob unlink` restores the file byte for byte.

Examples:
  keyfob link production
  keyfob profile link --all --diff    show what would change")]
pub struct LinkArgs {
    /// Profile name
    #[arg(value_parser = NonEmptyStringValueParser::new(), required_unless_present = "all")]
    profile: Option<String>,
    /// Link every profile whose credentials start from a stored key
    #[arg(long, conflicts_with = "profile")]
    all: bool,
    /// Link even if keyfob is in a temporary, build or version-specific folder
    #[arg(long)]
    force_link: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    how: How,
}

/// Undo `link`: SDKs get the profile's credentials without keyfob again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyfob unlink production
  keyfob profile unlink --all --diff    show what would change")]
pub struct UnlinkArgs {
    /// Profile name
    #[arg(value_parser = NonEmptyStringValueParser::new(), required_unless_present = "all")]
    profile: Option<String>,
    /// Every linked profile
    #[arg(long, conflicts_with = "profile")]
    all: bool,
    #[command(flatten)]
    how: How,
}

/// What every edit takes.
#[derive(Debug, Clone, Copy, Args)]
pub struct How {
    /// Show the change without making it
    #[arg(long)]
    diff: bool,
}

/// Two names.
#[derive(Debug, Clone, Args)]
pub struct Names {
    /// Profile name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    old: String,
    /// New profile name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    new: String,
    /// Complete an interrupted run, even if the new profile exists
    #[arg(long)]
    force: bool,
}

impl ProfileCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        match self {
            Self::Add { profile, settings, raw, how } => edit(world, how, false, |on| on.add(&profile, &settings, raw)),
            Self::Set { profile, name, value, raw, how } => {
                let (name, value) = match (value, pair(&name)) {
                    (Some(value), _) => (name, value),
                    (None, Ok(pair)) => pair,
                    (None, Err(_)) => {
                        return Err(Error::new(Kind::Usage, format!("the new value of `{name}` is missing"))
                            .hint(run!("keyfob profile set {} {} VALUE", profile, name)));
                    }
                };
                edit(world, how, false, |on| on.set(&profile, &name, &value, raw))
            }
            Self::Unset { profile, name, how } => edit(world, how, false, |on| on.unset(&profile, &name)),
            Self::Copy { names, how } => edit(world, how, false, |on| on.copy(&names.old, &names.new, names.force)),
            Self::Rename { names, how } => edit(world, how, false, |on| on.rename(&names.old, &names.new, names.force)),
            Self::Remove { profile, force, yes, how } => edit(world, how, yes, |on| on.remove(&profile, force)),
            Self::Link(arguments) => arguments.run(world),
            Self::Unlink(arguments) => arguments.run(world),
        }
    }
}

impl LinkArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let profiles = snapshot.files()?.profiles();
        let force = self.force_link || self.how.diff;
        let line = |profile: &str| {
            // A link to that very path is there already.
            let there = profiles.get(profile).and_then(|profile| profile.plain("credential_process"));
            let forced = link_line(world, profile, true)?;
            let is_there = there.is_some_and(|there| there.value == forced);
            if is_there { Ok(forced) } else { link_line(world, profile, force) }
        };
        let request = LinkRequest { profile: self.profile.as_deref(), line: &line, yes: self.yes, name_keys: true };
        edit(world, self.how, self.yes, |on| on.link(request))?;
        if self.how.diff {
            warn_of_shown(world, self.force_link);
        }
        Ok(())
    }
}

impl UnlinkArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        edit(world, self.how, false, |on| match &self.profile {
            Some(profile) => on.unlink(profile),
            None => on.unlink_all(),
        })
    }
}

fn edit(world: &World<'_>, how: How, yes: bool, work: impl FnOnce(&Manager<'_>) -> Result<String>) -> Result<()> {
    let snapshot = world.snapshot();
    let (files, index) = (snapshot.files()?, snapshot.index()?);
    let shown =
        snapshot.with_ports(yes, None, |context, _| work(&Manager { context, files, index, show_only: how.diff }))?;
    out::write(&shown)
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
