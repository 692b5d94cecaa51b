//! A machine whose user signs in to the loopback Identity Center.

use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::support::aws::{IdentityCenterHandle, LoopbackAws};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;

pub const START_URL: &str = "https://corp.awsapps.com/start";
pub const ACCOUNT: &str = "000000000042";

/// A machine with a section, profiles over it, and nobody signed in. Its browser is signed in to the portal.
pub(super) struct Bed {
    pub(super) aws: Arc<LoopbackAws>,
    pub(super) center: IdentityCenterHandle,
    pub(super) sandbox: Sandbox,
}

impl Bed {
    pub(super) fn new() -> Self {
        let aws = Arc::new(LoopbackAws::start());
        let center = aws.identity_center(START_URL);
        center.account(ACCOUNT, "Payments").assign(ACCOUNT, "Admin").assign(ACCOUNT, "ReadOnly").signed_in();
        let mut sandbox = Sandbox::new(KEYFOB, &aws);
        sandbox.always_with(&["-v"]);
        sandbox.set("AWS_REGION", "eu-central-1");
        sandbox.set("KEYFOB_LOGIN", "browser");
        sandbox.set("BROWSER", "curl -sL -o /dev/null");
        let bed = Bed { aws, center, sandbox };
        bed.config("");
        bed
    }

    /// Writes the config file, with these lines at its end.
    pub(super) fn config(&self, more: &str) {
        let profile = |name: &str, role: &str| {
            format!("[profile {name}]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = {role}\n")
        };
        let section = format!("[sso-session corp]\nsso_start_url = {START_URL}/\nsso_region = eu-west-1\n");
        let text = format!("{section}{}{}{more}", profile("work", "Admin"), profile("ro", "ReadOnly"));
        self.sandbox.write(".aws/config", &text);
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.keyfob(arguments).run()
    }

    pub(super) fn get(&self, profile: &str) -> Ran {
        self.run(&["credential-process", profile])
    }

    pub(super) fn login(&self) -> String {
        self.run(&["login", "work"]).ends_with(0).to_owned()
    }

    pub(super) fn sign_in(&self, profile: &str) -> Value {
        self.run(&["explain", profile, "--json"]).json()
    }

    pub(super) fn calls(&self, action: &str) -> usize {
        self.aws.requests().iter().filter(|call| call.action == action).count()
    }
}
