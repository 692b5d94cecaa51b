//! `keyfob sso`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::chain::target::checked_region;
use crate::cli::add::{link_line, warn_of_shown};
use crate::cli::world::World;
use crate::error::Result;
use crate::glob::Glob;
use crate::human::Talk;
use crate::ops::manage::Manager;
use crate::ops::sso::directory::Filter;
use crate::ops::sso::template::Template;
use crate::ops::sso::{self, ProfilesReport, ProfilesRequest, legacy, portal};
use crate::ui::out;
use crate::view;

/// List accounts and roles of IAM Identity Center, and write profiles for them
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Example:
  keyfob sso profiles corp --diff    show what would change")]
pub enum SsoCommand {
    /// List the accounts and roles that are assigned to you
    #[command(after_help = "\
Example:
  keyfob sso accounts corp --account 'prod*'")]
    Accounts {
        /// Name of the `[sso-session]`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        session: String,
        #[command(flatten)]
        which: Which,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Profiles(ProfilesArgs),
}

/// Which accounts and roles.
#[derive(Debug, Clone, Args)]
pub struct Which {
    /// Only accounts whose name or id matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    account: Vec<String>,
    /// Only roles whose name matches (repeatable)
    #[arg(long, value_name = "GLOB")]
    role: Vec<String>,
}

/// Write a profile for every account and role, and keep them in sync
#[derive(Debug, Args)]
#[command(after_help = "\
Profiles are marked with `keyfob_generated`. What you change in them stays, and a name that is taken is never overwritten. `{account}` is the account's name in lower case; there are also `{account_name}`, `{account_id}` and `{role}`.

Examples:
  keyfob sso profiles corp --diff    show what would change
  keyfob sso profiles corp --name '{role}@{account}' --region eu-west-1")]
pub struct ProfilesArgs {
    /// Name of the `[sso-session]`
    #[arg(value_parser = NonEmptyStringValueParser::new(), required_unless_present = "from_legacy")]
    session: Option<String>,
    /// Names of new profiles [default: {account}-{role}]
    #[arg(long, value_name = "TEMPLATE", value_parser = Template::parse)]
    name: Option<Template>,
    #[command(flatten)]
    which: Which,
    /// Region of new profiles [default: the session's]
    #[arg(long, value_name = "REGION", value_parser = checked_region)]
    region: Option<String>,
    /// Make SDKs get the credentials from keyfob (default)
    #[arg(long)]
    link: bool,
    /// Write profiles that SDKs use without keyfob
    #[arg(long, conflicts_with = "link")]
    plain: bool,
    /// Remove profiles whose role is no longer assigned
    #[arg(long)]
    prune: bool,
    /// Rewrite profiles with their own `sso_start_url`
    #[arg(long, conflicts_with_all = ["name", "account", "role", "region", "link", "plain", "prune"])]
    from_legacy: bool,
    /// Show the change without making it
    #[arg(long)]
    diff: bool,
    /// Link even if keyfob is in a temporary, build or version-specific folder
    #[arg(long)]
    force_link: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
}

impl Which {
    fn filter(&self) -> Filter {
        let globs = |patterns: &[String]| patterns.iter().map(|pattern| Glob::new(pattern)).collect();
        Filter { accounts: globs(&self.account), roles: globs(&self.role) }
    }
}

impl SsoCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        match self {
            Self::Accounts { session, which, json } => accounts(world, &session, &which.filter(), json),
            Self::Profiles(arguments) => arguments.run(world),
        }
    }
}

fn accounts(world: &World<'_>, session: &str, filter: &Filter, json: bool) -> Result<()> {
    let snapshot = world.snapshot();
    let profiles = snapshot.files()?.profiles();
    let accounts = snapshot.with_ports(false, None, |context, _| {
        let center = portal::center(context, &profiles, session)?;
        portal::with_lists(context, session, &center, |lists| sso::fetch(context, lists, filter))
    })?;
    let listing = view::sso::Listing::new(accounts, filter);
    if json {
        return out::write_json(&listing);
    }
    if listing.accounts.is_empty() {
        world.talk.say("no role that is assigned to you matches");
    }
    out::write_page(&view::sso::text(&listing, out::terminal_width()))
}

impl ProfilesArgs {
    fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let (files, index) = (snapshot.files()?, snapshot.index()?);
        let json = self.json;
        let (report, shown) = snapshot.with_ports(self.yes, None, |context, _| {
            let manager = Manager { context, files, index, show_only: self.diff };
            match (self.from_legacy, &self.session) {
                (false, Some(session)) => self.sync(world, &manager, session),
                (_, session) => legacy::from_legacy(&manager, session.as_deref()),
            }
        })?;
        if json { out::write_json(&report) } else { out::write(&shown) }
    }

    fn sync(&self, world: &World<'_>, manager: &Manager<'_>, session: &str) -> Result<(ProfilesReport, String)> {
        let context = manager.context;
        let center = portal::center(context, &manager.files.profiles(), session)?;
        let line = |profile: &str| link_line(world, profile, self.force_link || self.diff);
        let request = ProfilesRequest {
            session,
            session_region: &center.region,
            template: self.name.clone(),
            filter: self.which.filter(),
            region: self.region.clone(),
            linked: (self.link || self.plain).then_some(self.link),
            prune: self.prune,
            line: &line,
        };
        let done = portal::with_lists(context, session, &center, |lists| sso::profiles(manager, lists, request))?;
        if self.diff && !self.plain {
            warn_of_shown(world, self.force_link);
        }
        Ok(done)
    }
}
