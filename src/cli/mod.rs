//! The command line: one command a file, each its arguments and a dozen lines of glue.
//!
//! May use everything. What a command does is in `ops`; what it prints goes through `ui`.

mod about;
mod ad_hoc;
mod add;
mod agent;
mod agent_client;
#[cfg(unix)]
mod agent_request;
mod audit;
mod choice;
mod clear;
mod complete;
mod completions;
mod console;
mod credential_process;
mod doctor;
mod env;
mod exec;
#[cfg(unix)]
mod exec_server;
mod explain;
mod export;
mod help;
#[cfg(test)]
mod hint_tests;
mod hook;
mod import;
mod issue;
mod keys;
mod list;
mod log;
mod login;
mod logout;
mod man;
mod mfa;
mod narrow;
mod notices;
mod options;
mod profile;
mod prompt;
mod refuse;
mod remove;
mod rotate;
#[cfg(unix)]
mod serve;
mod show;
mod snapshot;
mod sso;
mod start;
mod store;
mod store_serve;
#[cfg(test)]
mod tests;
mod usage;
mod user;
mod vault;
mod whoami;
mod world;

use std::ffi::OsString;

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::world::World;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::keystore;
use crate::mask::is_access_secret;
use crate::sys::env::Environment;
#[cfg(unix)]
use crate::sys::{agent_process, pinentry, server_process};
use crate::totp::looks_like_seed;
use crate::ui::out;
use crate::ui::talk::{Level, StderrTalk};

/// Short-lived AWS credentials from access keys that never leave the key store
#[derive(Debug, Parser)]
#[command(name = "keyfob", bin_name = "keyfob", version, disable_help_subcommand = true)]
#[command(after_help = "\
Start with:
  keyfob add work --csv accessKeys.csv    store a key and link the profile
  aws --profile work sts get-caller-identity")]
pub struct Cli {
    #[command(flatten)]
    global: GlobalOptions,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct GlobalOptions {
    /// Key store
    #[arg(long, global = true, value_name = "STORE", display_order = 900, value_parser = keystore::registered)]
    #[arg(help = format!("Key store: {}, or a program that `keyfob store --help` names", keystore::names_inside()))]
    pub backend: Option<StoreId>,
    /// Explain each decision
    #[arg(short, long, global = true, display_order = 901)]
    pub verbose: bool,
    /// Print only errors
    #[arg(short, long, global = true, conflicts_with = "verbose", display_order = 902)]
    pub quiet: bool,
}

impl Cli {
    /// What SDKs run, `credential-process PROFILE`, and what shells run before each prompt, read without the command tree:
    /// putting that together took a tenth of the time a cached answer takes. Whatever has other options is clap's.
    fn without_tree(arguments: &[OsString]) -> Option<Cli> {
        if let [_, command, words @ ..] = arguments
            && command == "prompt"
        {
            let command = Command::Prompt(prompt::PromptArgs::of(words)?);
            return Some(Cli { global: GlobalOptions::default(), command });
        }
        let [_, command, profile] = arguments else { return None };
        let profile = profile.to_str().filter(|profile| !profile.is_empty() && !profile.starts_with('-'))?;
        let command = (command == "credential-process")
            .then(|| Command::CredentialProcess(credential_process::CredentialProcessArgs::of(profile)))?;
        Some(Cli { global: GlobalOptions::default(), command })
    }
}

impl GlobalOptions {
    fn level(&self) -> Level {
        match (self.quiet, self.verbose) {
            (true, _) => Level::Quiet,
            (false, true) => Level::Verbose,
            (false, false) => Level::Normal,
        }
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::AddArgs),
    Import(import::ImportArgs),
    List(list::ListArgs),
    Show(show::ShowArgs),
    Explain(explain::ExplainArgs),
    Export(export::ExportArgs),
    CredentialProcess(credential_process::CredentialProcessArgs),
    Env(env::EnvArgs),
    Exec(exec::ExecArgs),
    Clear(clear::ClearArgs),
    Login(login::LoginArgs),
    Logout(logout::LogoutArgs),
    Rotate(rotate::RotateArgs),
    Keys(keys::KeysArgs),
    Remove(remove::RemoveArgs),
    Link(profile::LinkArgs),
    Unlink(profile::UnlinkArgs),
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    #[command(subcommand)]
    Sso(sso::SsoCommand),
    #[command(subcommand)]
    Mfa(mfa::MfaCommand),
    #[command(subcommand)]
    Store(store::StoreCommand),
    #[command(subcommand)]
    User(user::UserCommand),
    Doctor(doctor::DoctorArgs),
    Audit(audit::AuditArgs),
    #[command(subcommand)]
    Vault(vault::VaultCommand),
    Whoami(whoami::WhoamiArgs),
    Console(console::ConsoleArgs),
    Hook(hook::HookArgs),
    Prompt(prompt::PromptArgs),
    Log(log::LogArgs),
    Agent(agent::AgentArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
    Help(help::HelpArgs),
}

/// Runs keyfob with these arguments, the program's name first, and returns its exit code.
pub fn run(arguments: Vec<OsString>, env: Environment) -> u8 {
    #[cfg(unix)]
    if let [_, command, program] = arguments.as_slice()
        && command == pinentry::COMMAND
    {
        return pinentry::become_session_leader(program);
    }
    #[cfg(unix)]
    if let [program, command, profile, words @ ..] = arguments.as_slice()
        && command == server_process::COMMAND
    {
        return serve::run(&[std::slice::from_ref(program), words].concat(), profile, env);
    }
    #[cfg(unix)]
    if let [program, command, words @ ..] = arguments.as_slice()
        && command == agent_process::COMMAND
    {
        return agent_request::run(&[std::slice::from_ref(program), words].concat(), env);
    }
    if arguments.get(1).is_some_and(|argument| argument == complete::COMMAND) {
        let arguments = arguments.iter().skip(2).map(|argument| argument.to_string_lossy().into_owned());
        // Nobody reads an error of this: there is a half-typed line on the terminal.
        let _ = out::write(&complete::answer(&arguments.collect::<Vec<_>>(), &env));
        return 0;
    }
    if let Err(error) = refuse_secrets(&arguments) {
        StderrTalk::new(Level::Normal, &env).error(&error);
        return error.kind().exit_code();
    }
    if arguments.len() <= 1 {
        let talk = StderrTalk::new(Level::Normal, &env);
        let done = World::new(&GlobalOptions::default(), env, &talk).and_then(|world| start::run(&world));
        return ended(done.map(|()| 0), &talk);
    }
    let Cli { global, command } =
        match Cli::without_tree(&arguments).map_or_else(|| Cli::try_parse_from(&arguments), Ok) {
            Ok(cli) => cli,
            Err(error) => return usage(&error, &arguments, &env),
        };
    if let Command::Help(arguments) = command {
        let line = arguments.into_line();
        return Cli::try_parse_from(&line).map_or_else(|error| usage(&error, &line, &env), |_| 0);
    }
    let talk = StderrTalk::new(global.level(), &env).of_command(arguments);
    let talk = match command {
        Command::CredentialProcess(_) => talk.held_back(),
        _ => talk,
    };
    let code = match command {
        // Packages are built where nobody has a home folder.
        Command::Completions(arguments) => arguments.run().map(|()| 0),
        Command::Man(arguments) => arguments.run(&talk).map(|()| 0),
        Command::Hook(arguments) => arguments.run(&global, env, &talk).map(|()| 0),
        Command::Prompt(arguments) => arguments.run(env).map(|()| 0),
        Command::Doctor(arguments) => World::for_doctor(&global, env, &talk).and_then(|world| arguments.run(&world)),
        command => World::new(&global, env, &talk)
            .and_then(|world| run_in(&world, command).map_err(|error| world.in_this_world(error))),
    };
    ended(code, &talk)
}

/// Says how a command ended, and gives its exit code.
fn ended(code: Result<u8>, talk: &StderrTalk) -> u8 {
    match code {
        Ok(code) => {
            talk.release();
            code
        }
        Err(error) => {
            talk.error(&error);
            error.kind().exit_code()
        }
    }
}

fn run_in(world: &World<'_>, command: Command) -> Result<u8> {
    refuse::in_narrowed(&world.process_env, &command)?;
    match command {
        Command::Add(arguments) => arguments.run(world).map(|()| 0),
        Command::Import(arguments) => arguments.run(world).map(|()| 0),
        Command::List(arguments) => arguments.run(world).map(|()| 0),
        Command::Show(arguments) => arguments.run(world).map(|()| 0),
        Command::Explain(arguments) => arguments.run(world).map(|()| 0),
        Command::Export(arguments) => arguments.run(world).map(|()| 0),
        Command::CredentialProcess(arguments) => arguments.run(world).map(|()| 0),
        Command::Env(arguments) => arguments.run(world).map(|()| 0),
        Command::Exec(arguments) => arguments.run(world),
        Command::Clear(arguments) => arguments.run(world).map(|()| 0),
        Command::Login(arguments) => arguments.run(world).map(|()| 0),
        Command::Logout(arguments) => arguments.run(world).map(|()| 0),
        Command::Rotate(arguments) => arguments.run(world).map(|()| 0),
        Command::Keys(arguments) => arguments.run(world),
        Command::Remove(arguments) => arguments.run(world).map(|()| 0),
        Command::Link(arguments) => arguments.run(world).map(|()| 0),
        Command::Unlink(arguments) => arguments.run(world).map(|()| 0),
        Command::Profile(command) => command.run(world).map(|()| 0),
        Command::Sso(command) => command.run(world).map(|()| 0),
        Command::Mfa(command) => command.run(world).map(|()| 0),
        Command::Store(command) => command.run(world),
        Command::User(command) => command.run(world).map(|()| 0),
        Command::Audit(arguments) => arguments.run(world),
        Command::Vault(command) => command.run(world).map(|()| 0),
        Command::Whoami(arguments) => arguments.run(world).map(|()| 0),
        Command::Console(arguments) => arguments.run(world).map(|()| 0),
        Command::Log(arguments) => arguments.run(world).map(|()| 0),
        Command::Agent(arguments) => arguments.run(world).map(|()| 0),
        Command::Completions(_)
        | Command::Man(_)
        | Command::Help(_)
        | Command::Hook(_)
        | Command::Prompt(_)
        | Command::Doctor(_) => unreachable!("they are run before"),
    }
}

/// The command tree, from which completions and manual pages are made.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Refuses a secret among keyfob's own arguments, before anything can repeat it in a message.
///
/// Arguments of `exec`'s command, behind `--`, are that command's affair.
fn refuse_secrets(arguments: &[OsString]) -> Result<()> {
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    let own = match arguments[..end].iter().any(|argument| argument == "exec") {
        true => &arguments[..end],
        false => arguments,
    };
    // Security: clap quotes an argument it does not know; this one must not come so far.
    let words = || own.iter().skip(1).filter_map(|argument| argument.to_str()).flat_map(|word| word.split('='));
    if words().any(is_access_secret) {
        return Err(Error::new(Kind::Usage, "an argument looks like a secret access key")
            .because("other users and the shell history can see command lines, so keyfob never takes secrets from them")
            .hint(
                run!("keyfob add PROFILE")
                    .to("paste it when prompted, and deactivate the key if other people use this machine"),
            ));
    }
    if words().any(looks_like_seed) {
        return Err(Error::new(Kind::Usage, "an argument looks like an MFA device's seed")
            .because("other users and the shell history can see command lines, so keyfob never takes secrets from them")
            .hint(run!("keyfob mfa add PROFILE").to("paste it when prompted")));
    }
    Ok(())
}

/// Shows help, or what is wrong with a command line.
fn usage(error: &clap::Error, arguments: &[OsString], env: &Environment) -> u8 {
    if error.use_stderr() && error.kind() != clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        StderrTalk::new(Level::Normal, env).error(&usage::error(error, arguments, env));
        return Kind::Usage.exit_code();
    }
    // Help and version, to stdout; a reader that has gone has seen enough.
    let _ = error.print();
    u8::try_from(error.exit_code()).unwrap_or(Kind::Usage.exit_code())
}
