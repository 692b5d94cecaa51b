//! `keyfob user password-policy`.

use clap::{Args, value_parser};

use crate::cli::user::SignerOptions;
use crate::cli::world::World;
use crate::error::Result;
use crate::ops::user::policy::{PolicyChange, PolicyRequest, password_policy};
use crate::ui::out;
use crate::view;

/// Show the account's password policy next to that of CIS, or change it
#[derive(Debug, Args)]
#[command(after_help = "\
Without options, shows the policy. Changes are shown and confirmed; settings you do not name stay as they are.

Examples:
  keyfob user password-policy --with admin
  keyfob user password-policy --cis --users-may-change --with admin")]
pub struct PolicyArgs {
    /// Set what the CIS AWS Foundations Benchmark asks for: 14 characters, 24 passwords remembered
    #[arg(long)]
    cis: bool,
    /// Minimum number of characters
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(6..=128))]
    min_length: Option<u32>,
    /// Days after which a password expires (0: never)
    #[arg(long, value_name = "DAYS", value_parser = value_parser!(u32).range(0..=1095))]
    max_age: Option<u32>,
    /// Last passwords that cannot be used again (0: none)
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u32).range(0..=24))]
    reuse: Option<u32>,
    /// Require a symbol
    #[arg(long)]
    symbols: bool,
    /// Require a digit
    #[arg(long)]
    numbers: bool,
    /// Require an uppercase letter
    #[arg(long)]
    uppercase: bool,
    /// Require a lowercase letter
    #[arg(long)]
    lowercase: bool,
    /// Let users change their own password
    #[arg(long)]
    users_may_change: bool,
    #[command(flatten)]
    signer: SignerOptions,
    /// Do not ask for confirmation
    #[arg(short, long)]
    yes: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl PolicyArgs {
    /// Whether any setting is given; else it only shows.
    pub(super) fn changes(&self) -> bool {
        let flags = [self.cis, self.symbols, self.numbers, self.uppercase, self.lowercase, self.users_may_change];
        flags.contains(&true) || [self.min_length, self.max_age, self.reuse].iter().any(Option::is_some)
    }

    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let (snapshot, with) = (world.snapshot(), self.signer.profile(world)?);
        let files = snapshot.files()?;
        let flags = [
            (self.symbols, PolicyChange::Symbols),
            (self.numbers, PolicyChange::Numbers),
            (self.uppercase, PolicyChange::Uppercase),
            (self.lowercase, PolicyChange::Lowercase),
            (self.users_may_change, PolicyChange::OwnPasswords),
        ];
        let numbers = [
            self.min_length.map(PolicyChange::MinimumLength),
            self.max_age.map(PolicyChange::MaxAgeDays),
            self.reuse.map(PolicyChange::Reuse),
        ];
        let flags = flags.into_iter().filter(|(given, _)| *given).map(|(_, change)| change);
        let change = numbers.into_iter().flatten().chain(flags).collect();
        let request = PolicyRequest { with, cis: self.cis, change, mfa_code: self.signer.mfa_code };
        let report = snapshot.with_ports(self.yes, None, |context, _| password_policy(context, &request, files))?;
        if self.json { out::write_json(&report) } else { out::write_page(&view::user::policy(&report)) }
    }
}
