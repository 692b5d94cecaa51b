//! `keyfob` alone: how this machine stands on stdout, what to do next on stderr. Done, exit 0: it was asked nothing more.

use crate::cli::world::World;
use crate::error::Result;
use crate::human::Talk;
use crate::ops::rotate::status::reminders;
use crate::ui::out;
use crate::view::start::{Machine, ShellCredentials, standing};

/// Opens no key store and asks AWS nothing.
pub(super) fn run(world: &World<'_>) -> Result<()> {
    let snapshot = world.snapshot();
    let now = world.clock().now();
    let standing = standing(&Machine {
        profiles: &snapshot.files()?.profiles(),
        index: snapshot.index()?,
        sessions: world.cached_sessions().iter().filter(|session| session.expires_at > now).count(),
        now,
        key_max_age_seconds: world.settings.key_max_age.as_secs(),
        shell: ShellCredentials::of(&world.process_env, now),
    });
    out::write_page(&standing.text)?;
    let reminders = reminders(&world.paths.data, world.settings.rotate_grace, now)?;
    reminders.into_iter().chain(standing.hints).for_each(|hint| world.talk.hint(hint));
    Ok(())
}
