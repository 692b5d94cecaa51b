//! `keyfob explain`.

use clap::Args;

use crate::chain::Reason;
use crate::cli::options::{CredentialOptions, NarrowOptions, ProfileArg, RoleOptions, parse_seconds};
use crate::cli::world::World;
use crate::error::Result;
use crate::human::{Human, Talk};
use crate::ops::advice::of_reason;
use crate::ops::explain::code_from;
use crate::ops::resolve::{needs_sign_in, store_of};
use crate::ui::out;
use crate::view;

/// Show how a profile's credentials will be made, and why
#[derive(Debug, Args)]
#[command(after_help = "\
Does not call AWS or open a key store.

Example:
  keyfob explain production")]
pub struct ExplainArgs {
    #[command(flatten)]
    profile: ProfileArg,
    /// Explain a request with this --duration
    #[arg(short, long, value_name = "TIME", value_parser = parse_seconds)]
    duration: Option<u32>,
    /// Explain a request with --no-session
    #[arg(short, long)]
    no_session: bool,
    #[command(flatten)]
    role: RoleOptions,
    #[command(flatten)]
    narrow: NarrowOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl ExplainArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let snapshot = world.snapshot();
        let (profile, profiles) = (self.profile.resolve(world)?, snapshot.files()?.profiles());
        world.warn_of_agent();
        world.warn_of(&profiles, [&profile]);
        let options = CredentialOptions {
            duration: self.duration,
            no_session: self.no_session,
            role: self.role,
            narrow: self.narrow,
            ..CredentialOptions::default()
        };
        let mut plan = snapshot.plan(&profile, &options)?;
        world.warn_of(&profiles, plan.walk.iter().filter(|name| **name != profile));
        plan.notes.extend(self.profile.variable(&world.process_env).map(|variable| Reason::NamedBy { variable }));
        let cached = world.with_cache(|cache| cache.summary(&plan, store_of(&plan)));
        let sign_in = world.sign_in_of(&plan);
        let code_from = code_from(&plan, &world.env, &world.settings.prompt, snapshot.index()?);
        let needs_sign_in = match (&sign_in, cached.cached_until()) {
            (Some(sign_in), _) if plan.base.kind == "sso" => cached.needs_sign_in(sign_in),
            // A run uses what is cached.
            (_, Some(_)) if !cached.renews => Some(false),
            (_, _) => needs_sign_in(&plan.base, &world.env, world.clock().now()),
        };
        if self.json {
            return out::write_json(&view::explain::json(
                &plan,
                &cached,
                code_from.as_deref(),
                needs_sign_in,
                sign_in.as_ref(),
            ));
        }
        let can_ask = world.person(false, None).is_there() || world.env.has_display();
        let code_from = match code_from.as_deref() {
            Some("the terminal") if !can_ask => Some("nobody can be asked: there is no terminal"),
            from => from,
        };
        out::write_page(&view::explain::text(&plan, &cached, code_from, needs_sign_in, sign_in.as_ref()))?;
        plan.reasons().flat_map(of_reason).for_each(|hint| world.talk.hint(hint));
        Ok(())
    }
}
