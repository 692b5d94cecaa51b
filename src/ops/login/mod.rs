//! Signing in and out: to IAM Identity Center, and as `aws login` does it.
//!
//! May use what `ops` may. How a sign-in is made, kept and renewed is in `sign_in` and `aws_login`.

pub mod aws_login;
pub mod create;
pub mod logout;
mod region;
pub mod targets;

use std::time::Duration;

use serde::Serialize;

use crate::chain::identity_center::IdentityCenter;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::human::{Human, Talk};
use crate::ops::Context;
use crate::session_cache::sign_in::{PendingCode, SignInName};
use crate::settings::{LoginFromSdk, LoginWay};
use crate::sign_in::{Browser, CallError, Keep, Portals, SignIns, Wanted, state, with_sign_ins};
use crate::sys::browser;
use crate::timestamp::Timestamp;

/// How often somebody is asked for a region or a pasted code.
const TRIES: usize = 3;

/// How somebody wants to sign in.
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// `--device`.
    pub device: bool,
    /// `--no-browser`: the URL is shown, and nothing started.
    pub no_browser: bool,
    /// `--force`: also where the sign-in there is works.
    pub force: bool,
    /// `--region`, of a profile of `aws login`.
    pub region: Option<String>,
    /// `--allow-root`.
    pub allow_root: bool,
}

/// The JSON of `login`.
#[derive(Debug, Serialize)]
pub struct SignedIn {
    start_url: String,
    region: String,
    /// Whether there was a sign-in that works.
    already: bool,
    /// Until when it works for certain.
    certain_until: Option<Timestamp>,
    /// Whether it is renewed unattended until the portal's session ends.
    renewed: bool,
}

/// Signs in, unless there is a sign-in that works: that is tried, and not taken for granted.
///
/// # Errors
/// Where nobody does so (exit 3), AWS refuses it (4), or it could not be kept (5).
pub fn login(context: &Context<'_>, name: &str, center: &IdentityCenter, options: &LoginOptions) -> Result<SignedIn> {
    let wanted = Wanted { center, name, limit: None };
    with_sign_ins(context, |sign_ins| {
        if sign_ins.key.is_none() {
            return Err(not_kept(wanted));
        }
        if !options.force && works(sign_ins, wanted)? {
            let report = report(context, center, true);
            context.talk.say(&format!("already signed in to {}{}", center.start_url, until(&report)));
            return Ok(report);
        }
        let say = Voice::Stderr(context.talk);
        Asking { sign_ins, wanted, say, keep: Keep::No }.sign_in(options)?;
        let report = report(context, center, false);
        context.talk.say(&format!("signed in to {}{}", center.start_url, until(&report)));
        if !context.keys.keeps_unasked_key() {
            let time = crate::duration::text(context.settings.unlock_time);
            context.talk.say(&format!(
                "There is no keychain and no open vault to keep it in, so it is kept in memory, for at most {time} (`unlock_time`) or until this machine restarts."
            ));
        }
        Ok(report)
    })
}

/// What a command does that needs a sign-in on its way to credentials: in the foreground of a terminal it is asked for, else it
/// fails as it did. `limit` is how long an SDK that waits lets a person take; an SDK gets no browser unless that is configured.
///
/// # Errors
/// `failed`, where nobody can be asked; as [`login`].
pub fn on_the_way(
    context: &Context<'_>,
    name: &str,
    center: &IdentityCenter,
    limit: Option<Duration>,
    failed: Result<()>,
) -> Result<()> {
    let Context { env, cache, clock, human, settings, .. } = *context;
    // Another process may have signed in, or the AWS CLI.
    if !state(cache, env, center, clock.now()).is_needed() {
        return Ok(());
    }
    if !human.is_there() {
        return failed;
    }
    let wanted = Wanted { center, name, limit };
    with_sign_ins(context, |sign_ins| {
        if sign_ins.key.is_none() {
            human.progress("the sign-in cannot be kept, so it is for this command only");
        }
        let asking = |keep| Asking { sign_ins, wanted, say: Voice::Terminal(human), keep };
        match (limit, settings.login_from_sdk) {
            (Some(_), LoginFromSdk::Never) => failed,
            (Some(_), LoginFromSdk::Code) => asking(Keep::ForLater).with_code(false),
            (Some(_), LoginFromSdk::Browser) => asking(Keep::No).with_browser(true),
            (None, _) => asking(Keep::No).sign_in(&LoginOptions::default()),
        }
    })
}

/// Whether a sign-in of keyfob's is taken by the portal just now.
fn works(sign_ins: &SignIns<'_>, wanted: Wanted<'_>) -> Result<bool> {
    let Some(own) = sign_ins.context.cache.sign_in_header(&SignInName::new(wanted.center)) else { return Ok(false) };
    if own.is_over(sign_ins.context.clock.now()) || own.refused {
        return Ok(false);
    }
    let asked = Portals::new(*sign_ins, wanted, sign_ins.context.settings.call_timeout, &|_| {});
    let portal = match asked {
        Ok(portal) => portal,
        Err(error) if error.kind() == Kind::NeedsHuman => return Ok(false),
        Err(error) => return Err(error),
    };
    match portal.accounts(None) {
        Ok(_) => Ok(true),
        Err(CallError::SignIn(error)) if error.kind() != Kind::NeedsHuman => Err(error),
        // What the portal says of this token says nothing about the next.
        Err(CallError::SignIn(_) | CallError::Portal(_)) => Ok(false),
    }
}

/// A person who is asked to sign in.
struct Asking<'a> {
    sign_ins: &'a SignIns<'a>,
    wanted: Wanted<'a>,
    say: Voice<'a>,
    keep: Keep,
}

impl Asking<'_> {
    /// As the options, the settings and the surroundings have it.
    fn sign_in(&self, options: &LoginOptions) -> Result<()> {
        let Context { env, settings, talk, .. } = self.sign_ins.context;
        let obstacle = browser::obstacle(env);
        let way = if options.device { LoginWay::Device } else { settings.login };
        let opens_page = !options.no_browser && browser::invisible(env).is_none();
        match (way, obstacle) {
            (LoginWay::Browser, _) | (LoginWay::Auto, None) => self.with_browser(!options.no_browser),
            (LoginWay::Auto, Some(obstacle)) => {
                talk.explain(&format!("signing in with a code: {obstacle}, so a browser could not come back here"));
                self.with_code(opens_page)
            }
            (LoginWay::Device, _) => self.with_code(opens_page),
        }
    }

    fn with_browser(&self, opens: bool) -> Result<()> {
        let Asking { sign_ins, wanted, say, .. } = *self;
        sign_ins.with_browser(wanted, &Visit { context: &sign_ins.context, opens, say })
    }

    fn with_code(&self, opens: bool) -> Result<()> {
        let Asking { sign_ins, wanted, say, keep } = *self;
        sign_ins.with_code(wanted, keep, &|code: &PendingCode| {
            say.say(&format!("To sign in to {}, open this page on any device:", wanted.center.start_url));
            say.address(&code.verification_uri_complete);
            say.say(&format!("It must show the code {}; allow it only then.", code.user_code));
            if opens {
                // Security: without the code, since other users see the browser's command line, and could sign in with it.
                say.say("Your browser opens the page that asks for the code.");
                start_browser(&sign_ins.context, &code.verification_uri);
            }
        })
    }
}

/// Where a sign-in is talked about.
#[derive(Clone, Copy)]
enum Voice<'a> {
    /// Of a command that was asked for it.
    Stderr(&'a dyn Talk),
    /// Of a command whose stderr is somebody else's.
    Terminal(&'a dyn Human),
}

impl Voice<'_> {
    fn say(self, line: &str) {
        match self {
            Voice::Stderr(talk) => talk.say(line),
            Voice::Terminal(human) => human.progress(line),
        }
    }

    fn address(self, url: &str) {
        match self {
            Voice::Stderr(talk) => talk.address(url),
            Voice::Terminal(human) => human.address(url),
        }
    }
}

/// Shows the page of a sign-in, and opens it.
struct Visit<'a> {
    context: &'a Context<'a>,
    opens: bool,
    say: Voice<'a>,
}

impl Browser for Visit<'_> {
    fn visit(&self, url: &str) {
        let what = match self.opens {
            true => "Opening your browser to sign in. If it does not open, visit this page on this machine:",
            false => "To sign in, open this page in a browser on this machine:",
        };
        self.say.say(what);
        self.say.address(url);
        if self.opens {
            start_browser(self.context, url);
        }
    }
}

fn start_browser(context: &Context<'_>, url: &str) {
    if let Err(problem) = browser::Browser::new(context.settings.browser.as_deref(), context.env).open(url) {
        context.talk.warn(&format!("no browser was opened: {problem}"));
    }
}

fn report(context: &Context<'_>, center: &IdentityCenter, already: bool) -> SignedIn {
    let state = state(context.cache, context.env, center, context.clock.now());
    SignedIn {
        start_url: center.start_url.clone(),
        region: center.region.clone(),
        already,
        certain_until: state.certain_until,
        renewed: state.renewed,
    }
}

/// AWS does not tell when the portal's session ends.
fn until(report: &SignedIn) -> String {
    match (report.certain_until, report.renewed) {
        (Some(end), true) => {
            format!(", certain to work until {end}, and renewed unattended until the portal session ends")
        }
        (Some(end), false) => format!(", until {end}"),
        (None, _) => String::new(),
    }
}

fn not_kept(wanted: Wanted<'_>) -> Error {
    let text =
        format!("a sign-in to {} could not be kept, so it would be for one command only", wanted.center.start_url);
    Error::new(Kind::KeyStore, text)
        .because("no key to seal it with can be read from a keychain, an unlocked vault or the kernel keyring")
        .hint(run!("keyfob exec PROFILE -- COMMAND").to("sign in for that command only"))
        .hint(
            run!("keyfob vault identity FILE")
                .to("or write an identity file, which opens the vault without a passphrase"),
        )
}
