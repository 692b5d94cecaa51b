//! The plan's rules as cases: files, stored keys and variables in, a plan in one line out.
//!
//! May use everything of `chain`; nothing here reads the world.

mod bases;
mod centers;
mod errors;
mod hosts;
mod narrow;
mod other_services;
mod properties;
mod reference;
mod refusals;
mod requests;
mod rules;
mod targets;

use std::collections::BTreeMap;

use crate::chain::base::BaseSource;
use crate::chain::identity_center::{self, IdentityCenter};
use crate::chain::target::Target;
use crate::chain::{FileNames, Plan, PlanError, Request, SpentIn, Step, StoredKeys, plan};
use crate::credentials::{StoreId, StoredKey};
use crate::profile::Profiles;
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

/// A device and a role's beginning, the same in every case.
pub(crate) const DEVICE: &str = "arn:aws:iam::111122223333:mfa/me";

/// The stored keys of a case, made up from profile names.
pub(crate) struct Stored(BTreeMap<String, StoredKey>);

impl Stored {
    /// A key for each name; one that ends in `(root)` is a root user's.
    pub(crate) fn of(names: &str) -> Self {
        let key = |name: &str| {
            let (name, user) = match name.strip_suffix("(root)") {
                Some(name) => (name, "root"),
                None => (name, "user/me"),
            };
            let key = StoredKey { user_arn: Some(format!("arn:aws:iam::111122223333:{user}")), ..Self::key(name) };
            (name.to_owned(), key)
        };
        Stored(names.split_whitespace().map(key).collect())
    }

    /// A key of which AWS has not told how old it is.
    pub(crate) fn of_unknown_age(name: &str) -> Self {
        Stored(BTreeMap::from([(name.to_owned(), StoredKey { created_at: None, ..Self::key(name) })]))
    }

    /// The key of a user whose ARN is not known.
    pub(crate) fn key(name: &str) -> StoredKey {
        let id = format!("AKIA{:0<16}", name.to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "0"));
        StoredKey {
            id: id.parse().expect("made well-formed"),
            backend: StoreId::VAULT,
            user_arn: None,
            created_at: Some(Timestamp::from_unix(1_700_000_000)),
        }
    }
}

impl StoredKeys for Stored {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        self.0.get(profile).cloned()
    }
}

/// Everything that goes into a plan, as text.
#[derive(Default)]
pub(crate) struct Input<'a> {
    pub(crate) config: &'a str,
    pub(crate) credentials: &'a str,
    pub(crate) stored: &'a str,
    pub(crate) env: &'a [(&'a str, &'a str)],
    pub(crate) ask: Request,
}

impl Input<'_> {
    pub(crate) fn plan(self) -> Result<Plan, PlanError> {
        let profiles = Profiles::from_texts(&expand(self.config), &expand(self.credentials));
        plan(&profiles, &Stored::of(self.stored), &Environment::from_pairs(self.env.iter().copied()), &self.ask)
    }
}

/// The Identity Center of a `sso-session` section of this name.
pub(crate) fn center(name: &str) -> IdentityCenter {
    let config =
        format!("[sso-session {name}]\nsso_start_url = https://{name}.awsapps.com/start\nsso_region = eu-west-1\n");
    let (profiles, files) = (Profiles::from_texts(&config, ""), FileNames::default());
    identity_center::of_session(&profiles, &Environment::default(), &files, name).expect("valid").expect("there")
}

/// Request for a profile.
pub(crate) fn ask(profile: &str) -> Request {
    Request { profile: profile.to_owned(), ..Request::default() }
}

/// Short words for what would make a case hard to read: `ROLE(x)`, `DEVICE`, `KEY`; `;` and `|` end lines.
pub(crate) fn expand(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split(['\n', ';', '|']) {
        let trimmed = line.trim();
        // A line under one like `sts =` is a nested one.
        let indent = if trimmed.starts_with("endpoint_url") && lines.last().is_some_and(|line| line.ends_with(" =")) {
            "  "
        } else {
            ""
        };
        let line = format!("{indent}{}", trimmed.replace("DEVICE", DEVICE));
        let line = match line.split_once("ROLE(") {
            Some((before, name)) => {
                format!("{before}arn:aws:iam::111122223333:role/{}", name.trim_end_matches(')'))
            }
            None => line,
        };
        match line.as_str() {
            "KEY" => lines.extend(
                ["aws_access_key_id = AKIAFILE000000000000", "aws_secret_access_key = fake"].map(str::to_owned),
            ),
            _ => lines.push(line),
        }
    }
    lines.join("\n") + "\n"
}

/// Where the last call of a plan goes.
pub(crate) fn target(plan: &Plan) -> &Target {
    plan.steps.last().and_then(Step::target).expect("a plan with a call")
}

/// A plan in one line: `base[stored] -> session+mfa 43200 -> role 3600`. `<` stands before what was asked for and cut.
pub(crate) fn in_short(plan: &Plan) -> String {
    let place = match plan.base.source {
        BaseSource::Stored(_) => "stored",
        BaseSource::Written { .. } => "file",
        _ => plan.base.kind,
    };
    let mut text = format!("{}[{place}]", plan.base.profile);
    let mfa = |spent_in| if plan.mfa.as_ref().is_some_and(|mfa| mfa.spent_in == spent_in) { "+mfa" } else { "" };
    if plan.steps.first() == Some(&Step::Base) {
        text += " base";
    }
    if let Some(session) = plan.session() {
        text += &format!(" -> session{} {}", mfa(SpentIn::Session), session.duration_seconds);
    }
    for (index, hop) in plan.hops().enumerate() {
        let code = if index == 0 { mfa(SpentIn::Hop) } else { "" };
        text += &format!(" -> {}{code} {}", hop.profile, hop.duration_seconds);
        if hop.capped() {
            text += &format!("<{}", hop.duration_asked.unwrap_or_default());
        }
    }
    for step in &plan.steps {
        text += match step {
            Step::Scoped(_) => " -> scoped",
            Step::Federation(_) => " -> federation",
            Step::Base | Step::SessionToken(_) | Step::AssumeRole(_) => "",
        };
    }
    text
}
