//! `keyfob profile`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::cli::add::link_line;
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::manage::Manager;
use crate::ops::manage::link::LinkRequest;
use crate::ui::out;

/// Edit profiles in ~/.aws/config, byte for byte otherwise
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Example:
  keyfob profile set work region eu-west-1 --diff    show what would change")]
pub enum ProfileCommand {
    /// Make a profile
    #[command(after_help = "\
Example:
  keyfob profile add production region=eu-west-1 source_profile=work \\
      role_arn=arn:aws:iam::123456789012:role/Admin")]
    Add {
        /// The new profile
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// Its settings
        #[arg(value_name = "NAME=VALUE", value_parser = pair)]
        settings: Vec<(String, String)>,
        /// Do not hold values to AWS's rules
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        how: How,
    },
    /// Give a setting a value
    #[command(after_help = "\
Example:
  keyfob profile set work region eu-west-1")]
    Set {
        /// The profile
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// The setting
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Its value
        #[arg(allow_hyphen_values = true)]
        value: String,
        /// Do not hold the value to AWS's rules
        #[arg(long)]
        raw: bool,
        #[command(flatten)]
        how: How,
    },
    /// Take a setting out
    #[command(after_help = "\
Example:
  keyfob profile unset work output")]
    Unset {
        /// The profile
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// The setting
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        #[command(flatten)]
        how: How,
    },
    /// Make a second profile of one, with the same stored key
    #[command(after_help = "\
Example:
  keyfob profile copy work work-us")]
    Copy {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        how: How,
    },
    /// Give a profile another name, and lead there what led to the old one
    #[command(after_help = "\
Example:
  keyfob profile rename default work")]
    Rename {
        #[command(flatten)]
        names: Names,
        #[command(flatten)]
        how: How,
    },
    /// Take a profile out of the AWS files; its stored key stays
    #[command(after_help = "\
Example:
  keyfob profile remove old --diff")]
    Remove {
        /// The profile
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        profile: String,
        /// Even where other profiles need it
        #[arg(long)]
        force: bool,
        /// Answer every question with yes
        #[arg(short, long)]
        yes: bool,
        #[command(flatten)]
        how: How,
    },
    Link(LinkArgs),
    Unlink(UnlinkArgs),
}

/// Have SDKs get the profile's credentials from keyfob
#[derive(Debug, Args)]
#[command(after_help = "\
A role's settings get names that only keyfob reads; `keyfob unlink` gives the same bytes back.

Examples:
  keyfob link production
  keyfob profile link --all --diff    show what would change")]
pub struct LinkArgs {
    /// The profile
    #[arg(value_parser = NonEmptyStringValueParser::new(), required_unless_present = "all")]
    profile: Option<String>,
    /// Every profile with a stored key, or a chain that ends at one
    #[arg(long, conflicts_with = "profile")]
    all: bool,
    /// Link even a path that the next upgrade, build or clean-up removes
    #[arg(long)]
    force_link: bool,
    /// Answer every question with yes
    #[arg(short, long)]
    yes: bool,
    #[command(flatten)]
    how: How,
}

/// Have SDKs make the profile's credentials by themselves again
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  keyfob unlink production
  keyfob profile unlink --all --diff    show what would change")]
pub struct UnlinkArgs {
    /// The profile
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
    /// Show what would change, and change nothing
    #[arg(long)]
    diff: bool,
}

/// Two names.
#[derive(Debug, Clone, Args)]
pub struct Names {
    /// The profile
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    old: String,
    /// Its new name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    new: String,
    /// Finish what an interrupted run has begun
    #[arg(long)]
    force: bool,
}

impl ProfileCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        match self {
            Self::Add { profile, settings, raw, how } => edit(world, how, false, |on| on.add(&profile, &settings, raw)),
            Self::Set { profile, name, value, raw, how } => {
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
        let line = |profile: &str| link_line(world, profile, self.force_link);
        let request = LinkRequest { profile: self.profile.as_deref(), line: &line, yes: self.yes, name_keys: true };
        edit(world, self.how, self.yes, |on| on.link(request))
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
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
