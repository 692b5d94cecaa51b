//! `keyfob console`.

use std::time::Duration;

use chacha20poly1305::aead::OsRng;
use chacha20poly1305::aead::rand_core::RngCore;
use clap::Args;

use crate::cli::options::{CredentialOptions, ProfileArg};
use crate::cli::snapshot::Snapshot;
use crate::cli::usage;
use crate::cli::world::World;
use crate::error::{Error, Kind, Mark, Result};
use crate::hex;
use crate::hint::run;
use crate::human::{Human, Talk};
use crate::ops::console::{Console, address, will_hold_token};
use crate::secret::Secret;
use crate::sys::browser::{self, Browser, in_container};
use crate::sys::clipboard;
use crate::sys::env::vars;
use crate::sys::one_use::{Followed, OneUseLink};
use crate::sys::wsl::is_wsl;
use crate::ui::out;

/// Open the AWS console in a browser
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  keyfob console production s3")]
pub struct ConsoleArgs {
    #[command(flatten)]
    profile: ProfileArg,
    /// Service (s3) or path (/cloudwatch/home) to open
    #[arg(value_name = "SERVICE|PATH")]
    page: Option<String>,
    /// Print the address; it signs in anyone with it
    #[arg(long)]
    url: bool,
    /// Copy the address to the clipboard
    #[arg(long, conflicts_with = "url")]
    copy: bool,
    /// Open it in a Firefox container (needs an add-on)
    #[arg(long, value_name = "NAME", conflicts_with_all = ["url", "copy"])]
    container: Option<String>,
    /// Open it in this profile of the browser
    #[arg(long, value_name = "NAME", conflicts_with_all = ["url", "copy"])]
    browser_profile: Option<String>,
    /// Sign out of all console sessions first
    #[arg(long)]
    logout: bool,
    #[command(flatten)]
    options: CredentialOptions,
}

/// How long the link that a browser is given works.
const LINK_LASTS: Duration = Duration::from_mins(1);

impl ConsoleArgs {
    /// The browser that the profile, the settings or the variables name, as the options want it.
    fn browser(&self, world: &World<'_>, snapshot: &Snapshot<'_>, profile: &str) -> Result<Browser> {
        let profiles = snapshot.files()?.profiles();
        let setting = profiles.get(profile).and_then(|profile| profile.plain("keyfob_browser"));
        let own = setting.map(|setting| setting.value.into_owned()).filter(|value| !value.trim().is_empty());
        let browser = Browser::new(own.as_deref().or(world.settings.browser.as_deref()), &world.env);
        let browser = if self.container.is_some() { browser.or_firefox(&world.env) } else { browser };
        match &self.browser_profile {
            Some(name) => browser.with_profile(name, &world.env).map_err(|problem| {
                let hint = run!("keyfob profile set {} keyfob_browser BROWSER", profile);
                Error::new(Kind::Usage, format!("`--browser-profile`: {problem}")).hint(hint.to("name a browser"))
            }),
            None => Ok(browser),
        }
    }

    /// What a page that was given without a profile is told.
    fn or_page(&self, world: &World<'_>, profile: &str, error: Error) -> Error {
        let is_page = profile.starts_with('/') || usage::is_service(profile);
        if !is_page || self.page.is_some() || !error.is(Mark::NoSuchProfile) {
            return error;
        }
        let purpose = "name a profile before a service or path";
        error.hint_first(match world.process_env.get(vars::AWS_PROFILE) {
            Some(own) => run!("keyfob console {} {}", own, profile).to(purpose),
            None => run!("keyfob console PROFILE {}", profile).to(purpose),
        })
    }

    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let mut snapshot = world.snapshot();
        let profile = self.profile.resolve(world)?;
        snapshot.set_region(&profile, self.options.region.as_deref())?;
        let request = snapshot.request_with(&profile, &self.options)?;
        let plan = snapshot.planned(&request).map_err(|error| self.or_page(world, &profile, error))?;
        world.answer_ai_agent(&plan)?;
        let browser = self.browser(world, &snapshot, &profile)?;
        let is_invisible = !self.url && !self.copy && !browser.is_named();
        let invisible = is_invisible.then(|| browser::invisible(&world.env)).flatten();
        if let (Some(why), true) = (invisible, will_hold_token(&plan)) {
            let error = Error::new(Kind::Failed, format!("no browser can be opened here: {why}"))
                .hint(world.talk.again(&["--url"]).to("print the address, and open it where you have a browser"));
            return Err(match is_wsl(&world.env) {
                true => {
                    error.hint("or install `wslview` (package `wslu`), or set `BROWSER` to a browser's command line")
                }
                false => error,
            });
        }
        let page = self.page.as_deref();
        let made = snapshot.make_with(request, plan, &self.options, None, |context, plan, options| {
            address(context, plan, page, options)
        })?;
        let console = made.credentials;
        tell(world, &console);
        let url = if self.logout { console.after_logout() } else { console.url };
        if let Some(why) = invisible {
            world.talk.say(&format!("no browser can be opened here: {why}. Open this address where you have one:"));
        }
        if self.url || invisible.is_some() {
            // Security: it is what was asked for, and goes to stdout alone.
            return out::write(&format!("{}\n", url.expose()));
        }
        if self.copy {
            return copy(world, &url, console.has_token);
        }
        let open = |url: &str| {
            let contained = self.container.as_deref().map(|name| in_container(name, url));
            let opened = browser.open(contained.as_deref().unwrap_or(url));
            opened.map_err(|problem| {
                let hint = "set `keyfob_browser` of the profile, or `BROWSER`, to the one you use";
                Error::new(Kind::Failed, "no browser could be opened").because(problem).hint(hint)
            })
        };
        if !console.has_token {
            return open(url.expose());
        }
        lead(world, &url, open)
    }
}

/// Opens a link that redirects to the address once, and waits until a browser has followed it.
fn lead(world: &World<'_>, url: &Secret, open: impl Fn(&str) -> Result<()>) -> Result<()> {
    let failed = |error| Error::new(Kind::Failed, "no link for the browser can be made").because(error);
    let mut name = [0; 32];
    OsRng.fill_bytes(&mut name);
    let link = OneUseLink::listen(&Secret::new(hex::encode(&name))).map_err(failed)?;
    open(&link.url())?;
    let mut refused = 0;
    let followed = link.redirect(url, LINK_LASTS, || refused += 1);
    if refused > 0 {
        world.talk.warn("another user of this machine connected to the link, and got nothing");
    }
    match followed {
        Followed::Once => Ok(()),
        Followed::Again => {
            world.talk.warn("the link was followed a second time, which got nothing: another program may have seen it");
            Ok(())
        }
        Followed::Never => Err(Error::new(Kind::Failed, "the browser did not open the link within a minute")
            .hint(world.talk.again(&["--url"]).to("print the address, to open it yourself"))),
    }
}

/// Copies the address: with a program of this machine, else through the terminal, which does not say whether it did.
fn copy(world: &World<'_>, url: &Secret, has_token: bool) -> Result<()> {
    // Security: whoever can read the clipboard is signed in with it, which is what was asked for.
    let place = if clipboard::copy(url, &world.env) {
        "the address is in the clipboard"
    } else {
        let person = world.person(false, None);
        let shown = person.show(clipboard::for_terminal(url).expose());
        shown.map_err(|error| error.into_error("a terminal to copy with").hint("print the address with `--url`"))?;
        "the address was sent to your terminal, which copies it if it allows that (OSC 52); `--url` prints it"
    };
    let what = if has_token { "; it signs in anyone who opens it within 15 minutes" } else { "" };
    world.talk.say(&format!("{place}{what}"));
    Ok(())
}

fn tell(world: &World<'_>, console: &Console) {
    let Console { identity, until, notes, .. } = console;
    let who = identity.arn.as_deref().or(identity.profile.as_deref()).unwrap_or("these credentials");
    let account = identity.account.as_ref().map(|account| format!(" in account {account}")).unwrap_or_default();
    let until = until.map(|until| format!(", until {until}")).unwrap_or_default();
    world.talk.say(&format!("the console opens as `{who}`{account}{until}"));
    for note in notes {
        world.talk.say(note);
    }
}
