//! `keyfob store serve`.

use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use crate::cli::snapshot::Snapshot;
use crate::cli::world::World;
use crate::error::{Error, Kind, Result};
use crate::keystore::{Item, StoreOpener};
use crate::ops::store::known::KnownNames;
use crate::ops::store::serve::Served;

/// Serve this keyfob's key store to another keyfob, over standard input and output
#[derive(Debug, Args)]
#[command(after_help = "\
The other keyfob runs this as the program of a key store, through `wsl`, `ssh` or `docker exec`. Limits are in config.toml here, `[serve]` with `only`, `get_only` and `ask`; options only tighten them. Unless `ask = false` is there, each request is confirmed in a window: pinentry's, or a dialog of the desktop.

Example:
  keyfob store serve --only 'access-key/*' --get-only")]
pub struct ServeArgs {
    /// Serve only the items whose names match this, with * for any text; can be repeated
    #[arg(long = "only", value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    names: Vec<String>,
    /// Store and delete nothing
    #[arg(long)]
    get_only: bool,
}

/// How long a question may wait: the other keyfob waits for 50 s if an SDK has started it.
const PROMPT_LIMIT: Duration = Duration::from_secs(45);

impl ServeArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        // Security: the terminal, if there is one, is that of whoever has started this: no passphrase is typed there.
        #[cfg(unix)]
        crate::sys::server_process::leave_terminal();
        let snapshot = world.snapshot();
        let person = world.person(false, Some(PROMPT_LIMIT));
        let allow = |question: &str| person.allow_in_window(question, PROMPT_LIMIT);
        snapshot.with_ports(false, Some(PROMPT_LIMIT), |_, stores| {
            let (id, _) = stores.choose(world.asked_backend)?;
            let store = stores.open(id).map_err(|error| error.for_user(id))?;
            let known = KnownNames::new(world.paths.data.clone(), own_names(&snapshot)?);
            let served = Served::new(store, known, &world.settings.serve, &self.names, self.get_only, &allow);
            let done = served.serve(&mut std::io::stdin().lock(), &mut std::io::stdout());
            done.map_err(|error| Error::new(Kind::Failed, "the other keyfob cannot be answered").because(error))
        })
    }
}

/// The names of the items that this keyfob has stored.
fn own_names(snapshot: &Snapshot<'_>) -> Result<Vec<String>> {
    let index = snapshot.index()?;
    let keys = index.keys().keys().map(|id| Item::AccessKey(id.clone()).to_string());
    let seeds = index.seeds().keys().map(|serial| Item::TotpSeed(serial.clone()).to_string());
    Ok(keys.chain(seeds).collect())
}
