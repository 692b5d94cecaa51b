//! This machine's clock beside AWS's.

use crate::chain::target::Target;
use crate::credentials::{AccessKey, Credentials};
use crate::hint::run;
use crate::ops::Context;
use crate::ops::doctor::{Finding, Machine};
use crate::secret::Secret;
use crate::sys::env::vars;

/// How far off a clock is that is worth a finding, seconds.
const WORTH_A_WORD: i64 = 30;

pub(super) fn check(machine: &Machine<'_, '_>) -> Vec<Finding> {
    if !machine.online {
        return Vec::new();
    }
    ask_for_the_time(machine.context);
    // One that is off by more than a day is not corrected.
    let off = machine.context.clock.shown_offset_seconds();
    if off.abs() <= WORTH_A_WORD {
        return Vec::new();
    }
    let message = format!("this machine's clock is wrong by {off} s");
    let why = "AWS refuses requests if the clock is more than 5 min off, and sessions seem to end early or late";
    let fix = match std::env::consts::OS {
        "windows" => run!("w32tm /resync"),
        "macos" => run!("sudo sntp -sS time.apple.com"),
        _ => run!("timedatectl set-ntp true"),
    };
    vec![Finding::new("clock", message, why, fix)]
}

/// Any answer of AWS's, a refusal too, carries its time; so no key is needed.
fn ask_for_the_time(context: &Context<'_>) {
    let key = AccessKey {
        id: "AKIA0000000000000000".parse().expect("it has the form of an id"),
        secret: Secret::new("0".repeat(40)),
    };
    let endpoint = context.env.get(vars::AWS_ENDPOINT_URL_STS).or(context.env.get(vars::AWS_ENDPOINT_URL));
    let target = Target {
        region: "us-east-1".to_owned(),
        sts_endpoint: endpoint.map(str::to_owned),
        iam_endpoint: Ok(None),
        other_endpoints: std::collections::BTreeMap::new(),
        fips: false,
        dual_stack: false,
        legacy_global: false,
        ca_bundle: context.env.get(vars::AWS_CA_BUNDLE).map(Into::into),
    };
    let asked = context.sts.get_caller_identity(&Credentials::Key { key, account_id: None }, &target);
    if let Some(error) = asked.err().filter(|error| error.code().is_none()) {
        context.talk.warn(&format!("cannot get the time from AWS: {error}"));
    }
}
