//! Signing in as `aws login` does it: with what somebody signs in to the AWS console with.
//!
//! The tokens go into AWS's own file and the profile gets the same setting, so the AWS CLI, the SDKs and keyfob share the
//! sign-in (AWS CLI 2, `login/login.py`). Nothing is written before somebody has signed in and it is clear who: Ctrl-C leaves
//! nothing. Then the tokens are written, and the setting after them; a kill in between leaves tokens that no profile uses, and the
//! same command again makes it whole.

mod page;

use std::time::Duration;

use serde::Serialize;

use crate::aws_login::{MadeSignIn, TokenFile};
use crate::chain::base::login::{self, is_root, place};
use crate::chain::target::{Target, checked_region};
use crate::chain::{Plan, hosts};
use crate::config_file;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ini::Document;
use crate::ops::Context;
use crate::ops::edits::edit;
use crate::ops::login::region;
use crate::ops::login::targets::LoginTarget;
use crate::ops::login::{LoginOptions, Voice};
use crate::ops::resolve::renewed_just_now;
use crate::profile::{AwsFile, Profiles};
use crate::session_cache::name::SessionName;
use crate::sys::env::vars;
use crate::sys::lock::holder_name;
use crate::timestamp::Timestamp;

/// How long one process waits for another that renews the sign-in that is there.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The region that is proposed where none is set, as the AWS CLI does.
const USUAL_REGION: &str = "us-east-1";

/// The JSON of `login`.
#[derive(Debug, Serialize)]
pub struct SignedInAs {
    profile: String,
    arn: String,
    /// Whether there was a sign-in that works.
    already: bool,
    /// Until when it works for certain.
    certain_until: Option<Timestamp>,
    /// Whether it is renewed unattended while it is used.
    renewed: bool,
}

/// What signing in came to.
#[derive(Debug)]
pub struct Outcome {
    pub report: SignedInAs,
    /// The lines of the config file, where it cannot be replaced.
    pub paste: String,
}

/// Signs in, unless AWS has just renewed the sign-in there is. `planned` is the profile's plan.
///
/// # Errors
/// Where nobody does so (exit 3), AWS refuses it (4), somebody else signs in and nobody agrees (1 or 3), a root user signs in
/// without `--allow-root` (6), or it cannot be kept (1).
pub fn login(
    context: &Context<'_>,
    profiles: &Profiles<'_>,
    target: &LoginTarget,
    options: &LoginOptions,
    planned: impl FnOnce(&str) -> Result<Plan>,
) -> Result<Outcome> {
    let (profile, talk) = (&target.profile, context.talk);
    if let (false, Some(arn)) = (options.force, &target.arn)
        && let Some(until) = works(context, target, arn, planned)?
    {
        talk.say(&format!("`{profile}` is signed in already as {arn}{}", lasting(until)));
        return Ok(Outcome { report: report(profile, arn, true, until), paste: String::new() });
    }
    let (made, paste) = Login::new(context, profiles, target, options, Voice::Stderr(talk))?.run()?;
    let until = made.sign_in.session().map(|session| session.expires_at);
    Ok(Outcome {
        report: SignedInAs { certain_until: until, ..report(profile, &made.arn, false, context.clock.now()) },
        paste,
    })
}

/// What a command does that needs the sign-in as `arn` on its way to credentials: in the foreground of a terminal it is asked for.
///
/// # Errors
/// `failed`, where the config file cannot be changed to who signed in; as [`login()`].
pub fn on_the_way(
    context: &Context<'_>,
    profiles: &Profiles<'_>,
    profile: &str,
    arn: &str,
    failed: Result<()>,
) -> Result<()> {
    let target = LoginTarget { profile: profile.to_owned(), arn: Some(arn.to_owned()) };
    let options = LoginOptions::default();
    let login = Login::new(context, profiles, &target, &options, Voice::Terminal(context.human))?;
    let (_, paste) = login.run()?;
    // `keyfob login` prints the lines.
    if paste.is_empty() { Ok(()) } else { failed }
}

fn report(profile: &str, arn: &str, already: bool, until: Timestamp) -> SignedInAs {
    let (profile, arn) = (profile.to_owned(), arn.to_owned());
    SignedInAs { profile, arn, already, certain_until: Some(until), renewed: true }
}

/// AWS does not tell when the session ends, 12 h at most (AWS CLI User Guide, "Login for AWS local development").
fn lasting(until: Timestamp) -> String {
    format!(", certain to work until {until}, and renewed when it is used, for at most 12 hours")
}

/// Until when the sign-in there is works, if AWS has just renewed it; that is tried, and not taken for granted.
fn works(
    context: &Context<'_>,
    target: &LoginTarget,
    arn: &str,
    planned: impl FnOnce(&str) -> Result<Plan>,
) -> Result<Option<Timestamp>> {
    if !target.file(context).is_some_and(|file| file.is_there()) {
        return Ok(None);
    }
    // One that no plan is made for is used by nobody.
    let Ok(plan) = planned(&target.profile) else { return Ok(None) };
    match renewed_just_now(context, &plan, arn) {
        Ok(until) => Ok(Some(until)),
        Err(error) if matches!(error.kind(), Kind::NeedsHuman | Kind::Refused | Kind::Config) => {
            context.talk.explain(&error.in_one_line());
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Somebody signs in for a profile.
struct Login<'a> {
    context: &'a Context<'a>,
    profile: &'a str,
    /// As whom it was signed in until now.
    before: Option<&'a str>,
    options: &'a LoginOptions,
    say: Voice<'a>,
    target: Target,
    /// Where AWS Sign-In is, without a slash at the end.
    endpoint: String,
    /// The region the profile gets, as it has none.
    new_region: Option<String>,
    /// Where the setting is, and its name there.
    setting: (AwsFile, String),
    is_new: bool,
    allows_root: bool,
}

impl<'a> Login<'a> {
    /// What is wrong with the profile or its surroundings is found before anybody opens a page.
    fn new(
        context: &'a Context<'a>,
        profiles: &Profiles<'_>,
        target: &'a LoginTarget,
        options: &'a LoginOptions,
        say: Voice<'a>,
    ) -> Result<Login<'a>> {
        let name = &target.profile;
        TokenFile::of(context.env, "").ok_or_else(no_home)?;
        let mut empty = Document::parse(String::new()).expect("an empty text is a document");
        empty
            .add_section(AwsFile::Config.section(name))
            .map_err(|error| Error::new(Kind::Usage, format!("`{name}`: {error}")))?;
        let files = config_file::file_names(context.paths);
        let mut place = place(profiles, context.env, &files, name)?;
        let profile = profiles.get(name);
        let setting = |setting: &str| profile.as_ref().and_then(|profile| profile.setting(setting));
        let written = setting(login::SETTING);
        if profile.is_none() {
            context.talk.say(&format!("`{name}` is a new profile; sign in as you do to the AWS console."));
            let hint = run!("keyfob login {} --start-url URL", name);
            context.talk.hint(hint.to("if your company uses IAM Identity Center, cancel, and sign in there"));
        }
        let mut new_region = options.region.clone();
        // Where it was made, a sign-in is made anew.
        let made_in = target.file(context).and_then(|file| file.read().ok()??.region().map(str::to_owned));
        if !place.is_region_set {
            place.target.region = match made_in {
                Some(region) => checked_region(&region).map_err(|problem| Error::new(Kind::Config, problem))?,
                None => {
                    let question = format!("AWS region of `{name}` [{USUAL_REGION}]: ");
                    let what = "a region to sign in to";
                    new_region.insert(region::ask(context, &question, what, Some(USUAL_REGION))?).clone()
                }
            };
        }
        let endpoint = hosts::sign_in(&place.target, &place.target.region)
            .map_err(|problem| Error::new(Kind::Config, format!("AWS Sign-In: {problem}")))?;
        Ok(Login {
            context,
            profile: name,
            before: target.arn.as_deref(),
            options,
            say,
            endpoint,
            new_region: new_region.filter(|_| setting("region").is_none()),
            setting: written.map_or((AwsFile::Config, login::SETTING.to_owned()), |written| {
                (written.file, written.name.to_string())
            }),
            is_new: profile.is_none(),
            allows_root: setting(login::ALLOW_ROOT).is_some_and(|allows| allows.value.eq_ignore_ascii_case("true")),
            target: place.target,
        })
    }

    /// Signs in and keeps it; with the lines to paste where the config file cannot be replaced.
    fn run(&self) -> Result<(MadeSignIn, String)> {
        let made = self.sign_in()?;
        self.check(&made)?;
        let paste = self.keep(&made)?;
        let until = made.sign_in.session().map(|session| session.expires_at);
        self.say.say(&format!("signed in as {}{}", made.arn, until.map_or(String::new(), lasting)));
        Ok((made, paste))
    }

    /// Whether it is who was meant.
    fn check(&self, made: &MadeSignIn) -> Result<()> {
        let Login { profile, context, .. } = self;
        let arn = &made.arn;
        if is_root(arn) && !self.options.allow_root && !self.allows_root {
            let text = format!("you signed in as the root user, {arn}; nothing was stored");
            return Err(Error::new(Kind::Config, text)
                .hint(run!("keyfob login {} --force", profile).to("sign in as an IAM user or with a role"))
                .hint(run!("keyfob login {} --force --allow-root", profile).to("or use the root user's credentials")));
        }
        let Some(before) = self.before.filter(|before| before != arn) else { return Ok(()) };
        let question = format!("`{profile}` is set to {before}, and you signed in as {arn}. Change it to that?");
        match context.confirm(&question, "confirmation to change who the profile is signed in as")? {
            true => Ok(()),
            false => Err(Error::new(Kind::Declined, "you signed in as somebody else; nothing was stored")
                .hint(run!("keyfob login PROFILE").to("use another profile for it"))),
        }
    }

    /// Puts the tokens into AWS's file, under the lock of whoever renews those there are, then the setting into the profile.
    /// Returns the lines to paste where the config file cannot be replaced.
    fn keep(&self, made: &MadeSignIn) -> Result<String> {
        let Context { env, cache, talk, human, paths, .. } = *self.context;
        let Login { profile, .. } = self;
        let file = TokenFile::of(env, &made.arn).ok_or_else(no_home)?;
        let name = SessionName::of_base(&login::identity(&made.arn));
        let waiting = |holder: Option<u32>| {
            human
                .waiting(&format!("waiting for {}, which is renewing the sign-in of `{profile}`", holder_name(holder)));
        };
        let lock = cache.lock(&name, LONGEST_WAIT, waiting);
        if let Err(error) = &lock {
            talk.warn(&error.to_string());
        }
        file.write(&made.sign_in).map_err(|error| {
            Error::new(Kind::Failed, format!("the sign-in could not be kept in {}", file.path().display()))
                .because(error)
                .hint("make the file and its folder writable, and sign in again")
        })?;
        // What AWS refused before says nothing about this one.
        let _ = cache.remove_failure(&name);
        drop(lock);
        let (place, setting) = &self.setting;
        let allow_root = is_root(&made.arn) && !self.allows_root;
        let change = |document: &mut Document| {
            let section = place.section(profile);
            if !document.has_section(section) {
                document.add_section(section)?;
            }
            document.set(section, setting, &made.arn)?;
            if let Some(region) = &self.new_region {
                document.set(section, "region", region)?;
            }
            if allow_root {
                document.set(section, login::ALLOW_ROOT, "true")?;
            }
            Ok(())
        };
        let lines = edit(self.context, *place, change)?.or_lines(self.context, "you are signed in", |is_changed| {
            if is_changed {
                let path = config_file::path_of(paths, *place).display().to_string();
                let what = if self.is_new { "added" } else { "changed" };
                talk.say(&format!("{what} the profile `{profile}` in {path}"));
            }
        });
        Ok(lines.unwrap_or_default())
    }
}

pub(super) fn no_home() -> Error {
    Error::new(Kind::Config, "cannot find the home folder: `HOME` is not set")
        .hint(format!("set `HOME`, or `{}`", vars::AWS_LOGIN_CACHE_DIRECTORY))
}
