//! IAM Identity Center, at the loopback one.

pub(super) mod bed;
mod browser;
mod device;
mod loopback;
mod portal;
mod profiles;
mod sdks;
mod sign_in;

use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::{IdentityCenterHandle, LoopbackAws};
use crate::support::sandbox::Sandbox;

const START_URL: &str = "https://corp.awsapps.com/start";

/// A machine with a vault and the session `corp` in its config file, and what people find in the Identity Center.
pub struct Office {
    aws: Arc<LoopbackAws>,
    center: IdentityCenterHandle,
    pub sandbox: Sandbox,
}

impl Office {
    fn new() -> Self {
        let aws = Arc::new(LoopbackAws::start());
        let center = aws.identity_center(START_URL);
        let sandbox = Sandbox::with_vault(KEYFOB, &aws);
        let office = Office { aws, center, sandbox };
        office.sandbox.write(".aws/config", &session("corp"));
        office
    }

    /// With two accounts and three assignments.
    pub fn with_accounts() -> Self {
        let office = Self::new();
        office.center.account("000000000042", "Payments – Prod").account("111122223333", "Sandbox");
        office.center.assign("000000000042", "AdministratorAccess").assign("000000000042", "ReadOnly");
        office.center.assign("111122223333", "ReadOnly");
        office
    }

    /// Signs in with a device code, which somebody approves.
    pub fn sign_in(&self) {
        let login = self.sandbox.keyfob(&["login", "corp", "--device"]).start();
        self.center.approve(&self.center.user_code());
        login.finish().ok();
    }

    pub fn config(&self) -> String {
        self.sandbox.read(".aws/config")
    }

    fn append(&self, text: &str) {
        self.sandbox.write(".aws/config", &(self.config() + text));
    }
}

/// The section of a session.
fn session(name: &str) -> String {
    format!(
        "[sso-session {name}]\nsso_start_url = {START_URL}\nsso_region = eu-central-1\nsso_registration_scopes = sso:account:access\n"
    )
}
