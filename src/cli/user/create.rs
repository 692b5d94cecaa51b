//! `keyfob user create`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use crate::chain::target::checked_region;
use crate::cli::add::link_line;
use crate::cli::user::{SignerOptions, user_name};
use crate::cli::world::World;
use crate::credentials::StoreId;
use crate::error::{Error, Kind, Result};
use crate::human::{Human, Talk};
use crate::keystore::passphrase::passphrase_in;
use crate::ops::user::create::{CreateRequest, CreateWay, create};
use crate::ops::user::handover::check_public_key;
use crate::ui::out;
use crate::user::documents::{check_name, check_policy_arn};
use crate::user::{Handover, MfaWish, Recipient, Wish};

/// Create an IAM user with groups, an MFA device, a password, an access key and a profile
#[derive(Debug, Args)]
#[command(after_help = "\
Shows the plan and asks once. `keyfob user accept` opens the file of --handover.

Examples:
  keyfob user create ann --group developers --key --with admin
  keyfob user create bob --group developers --key --handover bob.keyfob")]
pub struct CreateArgs {
    /// User name
    #[arg(value_parser = user_name)]
    name: String,
    /// Group to put the user in; created if missing
    #[arg(long, value_name = "GROUP", value_parser = group_name)]
    group: Vec<String>,
    /// Policy for the first group, or for the user
    #[arg(long, value_name = "ARN", value_parser = policy_arn)]
    policy: Vec<String>,
    /// Deny everything without MFA, through a group
    #[arg(long)]
    require_mfa: bool,
    /// Create a console password
    #[arg(long)]
    console: bool,
    /// Create an access key
    #[arg(long)]
    key: bool,
    /// MFA device [default: qr with --key]
    #[arg(long, value_name = "qr|store|none", hide_possible_values = true)]
    mfa: Option<MfaOption>,
    /// New profile [default: the user's name]
    #[arg(long, value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,
    /// Region of the new profile [default: that of --with]
    #[arg(long, value_name = "REGION", value_parser = checked_region)]
    region: Option<String>,
    /// Encrypted file for the user's machine
    #[arg(long, value_name = "FILE")]
    handover: Option<PathBuf>,
    /// Encrypt it to this age public key
    #[arg(long, value_name = "PUBLICKEY", requires = "handover", value_parser = public_key)]
    to: Option<String>,
    /// Encrypt it to the passphrase in this file
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    passphrase_file: Option<PathBuf>,
    /// Continue an unfinished creation
    #[arg(long, conflicts_with = "rollback")]
    resume: bool,
    /// Undo an unfinished creation
    #[arg(long)]
    rollback: bool,
    #[command(flatten)]
    signer: SignerOptions,
    /// Link even if keyfob is in a temporary, build or version-specific folder
    #[arg(long)]
    force_link: bool,
    /// Answer yes to all questions
    #[arg(short, long)]
    yes: bool,
}

/// How the user gets its second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MfaOption {
    Qr,
    Store,
    None,
}

impl MfaOption {
    pub(super) fn wish(self) -> MfaWish {
        match self {
            MfaOption::Qr => MfaWish::Qr,
            MfaOption::Store => MfaWish::Store,
            MfaOption::None => MfaWish::None,
        }
    }
}

impl CreateArgs {
    pub(super) fn run(self, world: &World<'_>) -> Result<()> {
        let way = match (self.resume, self.rollback) {
            (true, _) => CreateWay::On,
            (_, true) => CreateWay::Back,
            _ => CreateWay::New,
        };
        let mut wish = self.wish(world, way)?;
        let (snapshot, with) = (world.snapshot(), self.signer.profile(world)?);
        let files = snapshot.files()?;
        // Most commands of the AWS CLI need one.
        let region = || Some(files.profiles().get(&with)?.setting("region")?.value.into_owned());
        wish.region = wish.region.or_else(region);
        let passphrase = self.passphrase_file.as_ref().map(|path| {
            passphrase_in(path, "--passphrase-file").map_err(|error| Error::new(Kind::Usage, error.to_string()))
        });
        let passphrase = passphrase.transpose()?;
        let line = |profile: &str| link_line(world, profile, self.force_link);
        if way == CreateWay::New && wish.key && wish.handover.is_none() {
            // Refused before anything is created.
            line(&wish.profile)?;
        }
        let lines = snapshot.with_ports(self.yes, None, |context, stores| {
            let needs_store = wish.handover.is_none() && way == CreateWay::New;
            let backend = match needs_store {
                true => stores.choose(world.asked_backend)?.0,
                false => StoreId::VAULT,
            };
            let mfa_code = self.signer.mfa_code.clone();
            let name = self.name.clone();
            let request = CreateRequest { name, with, wish, backend, mfa_code, passphrase, line: &line };
            create(context, &request, way, files)
        })?;
        lines.map_or(Ok(()), |lines| out::write(&lines))
    }

    fn wish(&self, world: &World<'_>, way: CreateWay) -> Result<Wish> {
        let usage = |message: &str| Err(Error::new(Kind::Usage, message));
        if self.handover.is_some() && self.mfa.is_some_and(|mfa| mfa != MfaOption::None) {
            return usage("with `--handover`, `keyfob user accept` enrolls the MFA device: leave out `--mfa`");
        }
        if self.handover.is_some() && !self.key && !self.console {
            return usage("there is nothing to hand over: add `--key`, `--console` or both");
        }
        let default = if self.key && self.handover.is_none() { MfaOption::Qr } else { MfaOption::None };
        let mfa = self.mfa.unwrap_or(default);
        if way == CreateWay::New && mfa == MfaOption::Qr && !world.person(false, None).is_there() {
            let message = "two codes from an authenticator app are needed, but nobody can be asked";
            return Err(Error::new(Kind::NeedsHuman, message)
                .hint(world.talk.again(&["--mfa", "store"]).to("let keyfob store the seed and make the codes"))
                .hint(world.talk.again(&["--mfa", "none"]).to("or create no MFA device now")));
        }
        let handover = self.handover.as_ref().map(|file| {
            let to = self.to.clone().map_or(Recipient::Passphrase, Recipient::PublicKey);
            Handover { file: std::path::absolute(file).unwrap_or_else(|_| file.clone()), to }
        });
        Ok(Wish {
            groups: self.group.clone(),
            policies: self.policy.clone(),
            own_policies: Vec::new(),
            require_mfa: self.require_mfa,
            console: self.console,
            key: self.key,
            mfa: mfa.wish(),
            profile: self.profile.clone().unwrap_or_else(|| self.name.clone()),
            region: self.region.clone(),
            handover,
        })
    }
}

fn group_name(text: &str) -> std::result::Result<String, String> {
    check_name(text, 128).map(|()| text.to_owned())
}

fn policy_arn(text: &str) -> std::result::Result<String, String> {
    check_policy_arn(text).map(|()| text.to_owned())
}

fn public_key(text: &str) -> std::result::Result<String, String> {
    check_public_key(text).map(|()| text.to_owned())
}
