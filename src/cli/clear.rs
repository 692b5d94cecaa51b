//! `keyfob clear`.

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde::Serialize;

use crate::chain::StoredKeys;
use crate::cli::world::World;
use crate::credentials::StoreId;
use crate::error::Result;
use crate::human::Talk;
use crate::ops::no_such_profile;
use crate::session_cache::SessionCache;
use crate::ui::out;

/// Delete cached sessions
#[derive(Debug, Args)]
#[command(after_help = "\
AWS keeps accepting a deleted session until it expires.

Example:
  keyfob clear work")]
pub struct ClearArgs {
    /// Delete only this profile's sessions [default: all sessions]
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Also delete all sign-ins and the keys that seal sessions, and lock the vault
    #[arg(long, conflicts_with = "profile")]
    all: bool,
    /// Answer yes to all questions; there is none
    #[arg(short, long, hide = true)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `--json` reports.
#[derive(Serialize)]
struct Cleared<'a> {
    profile: Option<&'a str>,
    sessions_forgotten: usize,
    sealing_keys_forgotten: bool,
}

impl ClearArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let cache = SessionCache::new(world.paths.cache.clone());
        let (sessions, whose) = match &self.profile {
            Some(profile) => (cache.clear(profile)?, format!(" of `{profile}`")),
            None => (cache.clear_all()?, String::new()),
        };
        if let (0, Some(profile)) = (sessions, &self.profile)
            && let (Ok(files), Ok(index)) = (snapshot.files(), snapshot.index())
        {
            let profiles = files.profiles();
            if profiles.get(profile).is_none() && index.key_of(profile).is_none() {
                return Err(no_such_profile(&profiles, profile, |error| error));
            }
        }
        let plural = if sessions == 1 { "" } else { "s" };
        world.talk.say(&format!("deleted {sessions} cached session{plural}{whose}"));
        if self.all {
            // A damaged index must not keep anything unlocked.
            let backends = match snapshot.index() {
                Ok(index) => index.backends(),
                Err(error) => {
                    world.talk.warn(&error.to_string());
                    StoreId::platform().into_iter().collect()
                }
            };
            world.with_stores(|stores| stores.clear_all(&backends).map_err(|error| error.for_user(StoreId::VAULT)))?;
            world.talk.say("deleted the keys that seal sessions, and locked the vault");
            match cache.remove_all_sign_ins()? {
                0 => {}
                1 => world.talk.say("deleted a sign-in to IAM Identity Center, without ending it there"),
                several => {
                    world
                        .talk
                        .say(&format!("deleted {several} sign-ins to IAM Identity Center, without ending them there"));
                }
            }
        }
        if self.json {
            let profile = self.profile.as_deref();
            let report = Cleared { profile, sessions_forgotten: sessions, sealing_keys_forgotten: self.all };
            out::write_json(&report)?;
        }
        Ok(())
    }
}
