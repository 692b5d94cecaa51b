//! `keyfob store`.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use crate::chain::nearest_of;
use crate::cli::store_serve::ServeArgs;
use crate::cli::world::World;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::human::Talk;
use crate::keystore::{self, PROGRAM, StoreOpener};
use crate::ops::store::check::check;
use crate::ops::store::list::list;
use crate::ops::store::moving;
use crate::ops::store::plan::Wanted;
use crate::ui::out;
use crate::view;

/// List and test key stores, and move keys between them
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Programs that keyfob knows: op (1Password), pass, gopass, bw (Bitwarden), hashicorp-vault, kwallet, keepassxc. program:NAME is the \
one of [stores.NAME] in config.toml.

Examples:
  keyfob store check op            test whether 1Password does what is needed
  keyfob store move --all --to op  move all keys there")]
pub enum StoreCommand {
    /// List the key stores, their state and how many keys they have
    #[command(after_help = "\
Example:
  keyfob store list --json | jq -r '.stores[] | select(.default).id'")]
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Test a key store, by storing, reading and deleting
    #[command(after_help = "\
What it stores is not secret, has a name that begins with `keyfob-check/`, and is deleted at the end. Exits with 5 if a check fails.

Examples:
  keyfob store check pass
  keyfob store check program:team    that of `[stores.team]` in config.toml")]
    Check {
        /// Name of the key store
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        store: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    Move(MoveArgs),
    Serve(ServeArgs),
}

/// Move keys, and the seeds of their MFA devices, to another key store
#[derive(Debug, Args)]
#[command(after_help = "\
Each item is copied, read back and compared; then it is used from there, and deleted from where it was. If a move is interrupted, \
nothing is lost, and the next one continues it.

Examples:
  keyfob store move work --to pass
  keyfob store move --all --to op --no-seeds")]
pub struct MoveArgs {
    /// Profile names
    #[arg(value_parser = NonEmptyStringValueParser::new(), required_unless_present_any = ["all", "resume"], conflicts_with = "all")]
    profile: Vec<String>,
    /// Move every stored key and seed
    #[arg(long)]
    all: bool,
    /// Key store to move to
    #[arg(long, value_name = "STORE", value_parser = NonEmptyStringValueParser::new(), required_unless_present = "resume")]
    to: Option<String>,
    /// Leave MFA seeds where they are
    #[arg(long)]
    no_seeds: bool,
    /// Leave a copy in the old key store
    #[arg(long)]
    keep: bool,
    /// Continue interrupted moves, and move nothing else
    #[arg(long, conflicts_with_all = ["profile", "all", "to", "no_seeds", "keep"])]
    resume: bool,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl StoreCommand {
    pub(super) fn run(self, world: &World<'_>) -> Result<u8> {
        match self {
            StoreCommand::Move(arguments) => run_move(world, arguments),
            StoreCommand::Serve(arguments) => arguments.run(world).map(|()| 0),
            StoreCommand::List { json } => run_list(world, json),
            StoreCommand::Check { store, json } => run_check(world, &store, json),
        }
    }
}

fn run_list(world: &World<'_>, json: bool) -> Result<u8> {
    let snapshot = world.snapshot();
    let index = snapshot.index()?;
    let listing =
        snapshot.with_ports(false, None, |_, stores| Ok(list(stores, &world.settings, index, world.asked_backend)))?;
    match json {
        true => out::write_json(&listing)?,
        false => out::write_page(&view::store::list(&listing, out::terminal_width()))?,
    }
    Ok(0)
}

/// The exit code is 5 where a check has failed.
fn run_check(world: &World<'_>, name: &str, json: bool) -> Result<u8> {
    let id = named(world, name)?;
    let report = world.snapshot().with_ports(false, None, |context, stores| {
        let store = stores.open(id).map_err(|error| error.for_user(id))?;
        check(context, store)
    })?;
    match json {
        true => out::write_json(&report)?,
        false => out::write_page(&view::store::check(&report))?,
    }
    match report.failed() {
        0 => {
            world.talk.say(&format!("{} does what keyfob needs", id.title()));
            Ok(0)
        }
        failed => {
            let (title, all) = (id.title(), report.checks.len());
            world.talk.say(&format!("{failed} of {all} checks failed: {title} cannot be used for keys"));
            Ok(Kind::KeyStore.exit_code())
        }
    }
}

fn run_move(world: &World<'_>, arguments: MoveArgs) -> Result<u8> {
    let MoveArgs { profile, all: _, to, no_seeds, keep, resume, yes, json } = arguments;
    let to = to.map(|name| named(world, &name)).transpose()?;
    let snapshot = world.snapshot();
    let report = snapshot.with_ports(yes, None, |context, stores| {
        let Some(to) = to.filter(|_| !resume) else {
            let report = moving::resume(context)?;
            if report.moved.is_empty() {
                context.talk.say("there is nothing to resume");
            }
            return Ok(report);
        };
        // Said before anything is asked.
        stores.choose(Some(to))?;
        let wanted = Wanted { profiles: profile, seeds: !no_seeds, to };
        moving::move_items(context, &wanted, keep, snapshot.files()?)
    })?;
    if json {
        out::write_json(&report)?;
    }
    Ok(0)
}

/// The key store of this name; `NAME` is `program:NAME` too if config.toml has a command for it.
pub(super) fn named(world: &World<'_>, name: &str) -> Result<StoreId> {
    let is_known = |id: &StoreId| {
        !id.name().starts_with(PROGRAM) || keystore::configured(&world.settings).any(|known| known == *id)
    };
    let id = match keystore::registered(name) {
        Ok(id) => Some(id),
        Err(_) => keystore::registered(&format!("{PROGRAM}{name}")).ok(),
    };
    id.filter(is_known).ok_or_else(|| {
        let programs = world.settings.stores.keys().map(String::as_str);
        let known = keystore::REGISTRY.iter().map(|store| store.id.name()).chain(programs);
        let meant = nearest_of(known, name).map(|near| format!("did you mean `{near}`?"));
        let error = Error::new(Kind::Usage, format!("`{name}` is not a key store"));
        meant.into_iter().fold(error, Error::hint).hint(format!(
            "use one of {}; for a program, config.toml has `[stores.NAME]` with its `command`",
            keystore::names()
        ))
    })
}
