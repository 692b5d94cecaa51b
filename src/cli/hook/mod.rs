//! `keyfob hook`: the function `kf` for a live shell, and what the function gets from keyfob.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, ValueEnum};

use crate::chain::nearest_of;
use crate::cli::GlobalOptions;
use crate::cli::choice::choose_with_roles;
use crate::cli::complete::profiles;
use crate::cli::completions::SCRIPTS;
use crate::cli::options::{CredentialOptions, NarrowOptions};
use crate::cli::usage;
use crate::cli::world::World;
use crate::credentials::Credentials;
use crate::error::{Error, Kind, Result};
use crate::format::VariableChange;
use crate::format::environment::hand_out;
use crate::format::hook::{Kept, Switch};
use crate::format::shell::Shell;
use crate::hint::{Hint, Word, run};
use crate::human::Talk;
use crate::ops::resolve::store_of;
use crate::session_cache::fresh::due;
use crate::settings::Prompt;
use crate::sys::env::{Environment, vars};
use crate::ui::out;
use crate::ui::talk::{Level, StderrTalk};

/// Print a function that switches the credentials of the live shell
#[derive(Debug, Args)]
#[command(after_help = "\
The function renews the credentials before they expire, and completes the names of profiles.

Examples:
  eval \"$(keyfob hook bash)\"                        in ~/.bashrc
  eval \"$(keyfob hook zsh)\"                         in ~/.zshrc, after compinit
  keyfob hook fish | source                         in fish's config.fish
  keyfob hook powershell | Out-String | iex         in the file $PROFILE names
  eval (keyfob hook elvish | slurp)                 in elvish's rc.elv
  keyfob hook nu | save -f ($nu.user-autoload-dirs.0)/kf.nu

  kf PROFILE [OPTIONS]    switch to a profile, with the options of `keyfob env`
                          except --shell, --unset, --backend, -v and -q
  kf                      choose from a list
  kf -                    go back to the previous profile
  kf off                  restore what was there before")]
pub struct HookArgs {
    /// bash, zsh, fish, powershell, elvish or nu
    #[arg(value_parser = hooked)]
    shell: Shell,
    /// What the function needs
    #[arg(long, hide = true)]
    step: Option<HookAction>,
    /// What it has kept of the last time
    #[arg(long, hide = true, default_value = "")]
    kept: String,
    /// The profile, if it was chosen before
    #[arg(long, hide = true, default_value = "")]
    profile: String,
    /// What the user typed
    #[arg(last = true, hide = true)]
    words: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HookAction {
    Switch,
    Renew,
}

/// What is typed after `kf`. There is no `--help`: the shell evaluates what is printed.
#[derive(Debug, Parser)]
#[command(name = "kf", no_binary_name = true, disable_help_flag = true, disable_version_flag = true)]
struct Words {
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    #[command(flatten)]
    options: CredentialOptions,
}

const FUNCTIONS: [(Shell, &str); 6] = [
    (Shell::Bash, include_str!("kf.bash")),
    (Shell::Zsh, include_str!("kf.zsh")),
    (Shell::Fish, include_str!("kf.fish")),
    (Shell::PowerShell, include_str!("kf.ps1")),
    (Shell::Elvish, include_str!("kf.elv")),
    (Shell::Nushell, include_str!("kf.nu")),
];

/// How long after a renewal that brought nothing newer the next one is tried, seconds.
const AGAIN: i64 = 60;

impl HookArgs {
    /// Printing the function needs no home folder and no files, so that a broken setting breaks no shell.
    pub(super) fn run(self, global: &GlobalOptions, env: Environment, talk: &StderrTalk) -> Result<()> {
        match self.step {
            None => out::write(&function(self.shell)?),
            Some(HookAction::Switch) => self.switch(&World::new(global, env, talk)?),
            Some(HookAction::Renew) => {
                // Said once, and then only if nothing was renewed.
                let talk = StderrTalk::new(Level::Normal, &env).of_command(vec!["keyfob".into(), "hook".into()]);
                let talk = talk.held_back();
                let mut world = World::new(global, env, &talk)?;
                world.settings.prompt = Prompt::never();
                // What a setting makes keyfob run does not prompt there either.
                #[cfg(unix)]
                crate::sys::server_process::leave_terminal();
                self.renew(&world)
            }
        }
    }

    fn switch(self, world: &World<'_>) -> Result<()> {
        self.refuse_command(&world.env)?;
        let Words { profile, options } = self.read(&world.env)?;
        let profile = match profile {
            Some(profile) => profile,
            None => choose_with_roles(world)?,
        };
        if options.narrow == NarrowOptions::default()
            && let Some(outer) = world.process_env.get(vars::KEYFOB_PROFILE)
            && world.process_env.get(vars::KEYFOB_NARROW).is_some()
        {
            world.talk.say(&format!("the credentials are narrowed as those of `{outer}` are, until `kf off`"));
        }
        let (changes, credentials) = issue(world, &profile, &options)?;
        let until = credentials.expires_at().map(|until| format!(", until {until}")).unwrap_or_default();
        let account = credentials.account_id().map(|account| format!(" in account {account}")).unwrap_or_default();
        world.talk.say(&format!("`{profile}`{account}{until}"));
        let again = world.clock().now().plus_seconds(AGAIN);
        let due = due(&credentials, options.min_ttl).map(|due| due.max(again));
        let kept = Kept::read(&self.kept).told(false);
        write(world, self.shell, &Switch { profile: &profile, changes: &changes, due }, &kept)
    }

    /// Renews what the shell has, and asks nobody. Where that is not possible the shell keeps what it has, hears why once, and
    /// asks again in a minute, since another program may have what was missing by then.
    fn renew(self, world: &World<'_>) -> Result<()> {
        let Words { profile, options } = self.read(&world.env)?;
        let profile = profile.unwrap_or_default();
        let kept = Kept::read(&self.kept);
        let again = world.clock().now().plus_seconds(AGAIN);
        let min_ttl = options.min_ttl;
        let issued = issue(world, &profile, &CredentialOptions { mfa_code: None, ..options });
        let before = world.process_env.get(vars::AWS_ACCESS_KEY_ID);
        let is_new = |credentials: &Credentials| before != Some(credentials.access_key_id());
        let (changes, due, is_told) = match &issued {
            Ok((changes, credentials)) => match due(credentials, min_ttl) {
                Some(due) if is_new(credentials) || due >= again => (changes.as_slice(), Some(due.max(again)), false),
                None => (changes.as_slice(), None, false),
                Some(_) => (&[][..], Some(again), true),
            },
            Err(_) => (&[][..], Some(again), true),
        };
        if is_told && !kept.is_told {
            tell(world, &profile, issued.as_ref().err());
        }
        write(world, self.shell, &Switch { profile: &profile, changes, due }, &kept.told(is_told))
    }

    fn read(&self, env: &Environment) -> Result<Words> {
        let words = Words::try_parse_from(&self.words).map_err(|error| {
            let text = error.to_string();
            let text = text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            wrong(text, usage::kf::meant_by_options(&self.words, env))
        })?;
        if words.options.narrow.policy.as_deref() == Some("-") {
            let text = "`kf` cannot read a policy from standard input: it reads it again to renew";
            return Err(wrong(text.to_owned(), Vec::new()));
        }
        let chosen = Some(self.profile.clone()).filter(|profile| !profile.is_empty());
        Ok(Words { profile: chosen.or(words.profile), ..words })
    }

    /// Refuses a command of keyfob's or of another tool, unless a profile is called so.
    fn refuse_command(&self, env: &Environment) -> Result<()> {
        let Some(word) = self.words.first().filter(|word| usage::kf::is_command(word)) else { return Ok(()) };
        let Some(names) = profiles(env, false).filter(|names| !names.contains(word)) else { return Ok(()) };
        let line = ["keyfob".to_owned()].into_iter().chain(self.words.iter().cloned()).collect();
        let near = nearest_of(names.iter().map(String::as_str), word);
        let near = near.map(|near| run!("kf {}", near).to("or if you meant that profile"));
        let meant = usage::kf::for_kf(usage::answers(line, env)).into_iter().chain(near).collect();
        Err(wrong(format!("`kf` switches to a profile, and there is no profile `{word}`"), meant))
    }
}

fn wrong(problem: String, meant: Vec<Hint>) -> Error {
    meant.into_iter().fold(Error::new(Kind::Usage, problem), Error::hint).hint("type `kf --help`")
}

/// The credentials, and what they change in the shell.
fn issue(world: &World<'_>, profile: &str, options: &CredentialOptions) -> Result<(Vec<VariableChange>, Credentials)> {
    let mut snapshot = world.snapshot();
    snapshot.set_region(profile, options.region.as_deref())?;
    let (about, credentials) = snapshot.issue(profile, options, None)?;
    about.plan.iter().for_each(|plan| world.tell_of_key(plan));
    let surroundings = snapshot.surroundings(profile, about)?;
    Ok((hand_out(&world.process_env, profile, &credentials, &surroundings), credentials))
}

/// Says what the credentials cannot be renewed for want of.
fn tell(world: &World<'_>, profile: &str, error: Option<&Error>) {
    let snapshot = world.snapshot();
    let wanted = snapshot.plan(profile, &CredentialOptions::default()).ok().and_then(|plan| {
        let summary = world.with_cache(|cache| cache.summary(&plan, store_of(&plan)));
        let needs_sign_in = world.sign_in_of(&plan).and_then(|sign_in| summary.needs_sign_in(&sign_in));
        match (summary.needs_code, needs_sign_in) {
            (Some(true), _) => Some("an MFA code"),
            (_, Some(true)) => Some("a sign-in"),
            _ => None,
        }
    });
    let end = world.process_env.get(vars::AWS_CREDENTIAL_EXPIRATION);
    let end = end.map(|end| format!(", which expire at {end},")).unwrap_or_default();
    let why = match (wanted, error) {
        (Some(wanted), _) => format!(" without {wanted}"),
        (None, Some(error)) => format!(": {}", error.in_one_line()),
        // What was held back says it.
        (None, None) => return world.talk.release(),
    };
    let words = vec![Word::Plain("kf".into()), Word::Value(profile.to_owned())];
    let said = StderrTalk::new(Level::Normal, &world.process_env);
    said.warn(&format!("the credentials of `{profile}`{end} cannot be renewed{why}"));
    said.hint(Hint::Run { words, why: Some("renew them".to_owned()) });
}

fn write(world: &World<'_>, shell: Shell, switch: &Switch<'_>, kept: &Kept) -> Result<()> {
    // Security: the lines hold the credentials; the function evaluates them.
    out::write(switch.render(shell, &world.process_env, kept)?.expose())
}

/// A shell with a function; others are refused with the list of those that have one.
fn hooked(text: &str) -> std::result::Result<Shell, String> {
    Shell::one_of(&FUNCTIONS.map(|(shell, _)| shell), text)
}

/// The function, and the completion of its words.
fn function(shell: Shell) -> Result<String> {
    let of = |table: &[(Shell, &'static str)]| table.iter().find(|(one, _)| *one == shell).map(|(_, script)| *script);
    let (Some(function), Some(completions)) = (of(&FUNCTIONS), of(&SCRIPTS)) else {
        let names: Vec<&str> = FUNCTIONS.iter().map(|(shell, _)| shell.name()).collect();
        let error = Error::new(Kind::Usage, format!("there is no hook for {shell}"));
        return Err(error.hint(format!("choose one of {}", names.join(", "))));
    };
    // keyfob's own completions complete `kf` too: `complete-words` knows it.
    Ok(match shell {
        Shell::Bash => format!("{function}\n{completions}complete -F _keyfob kf\n"),
        Shell::Zsh => {
            // Without compinit there is nothing to register it with.
            let completer = completions.split("\nif [[ $funcstack").next().unwrap_or_default();
            format!(
                "{function}\n{completer}\nif (( ${{+functions[compdef]}} )); then\n    compdef _keyfob keyfob kf\nfi\n"
            )
        }
        Shell::Fish => format!("{function}\n{completions}complete -c kf -f -k -a '(__keyfob_complete)'\n"),
        Shell::Elvish => {
            let same = "set edit:completion:arg-completer[kf] = $edit:completion:arg-completer[keyfob]";
            format!("{function}\n{completions}{same}\n")
        }
        _ => function.to_owned(),
    })
}
