//! Every base that is no access key: what it costs, how long what follows lives, who shares it, and what it says when it fails.

mod linking;
mod login;
mod machine;
mod process;
mod real;
mod roles_anywhere;
mod table;
mod web_identity;
mod written;

use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::support::aws::{Logged, LoopbackAws, RoleHandle, SessionKeys};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;

/// A machine without a stored key. The base's credentials are those of the role `jump`, which may assume `a`, and that `b`;
/// `long` is `a` for two hours.
struct Bed {
    aws: Arc<LoopbackAws>,
    sandbox: Sandbox,
    jump: RoleHandle,
    a: RoleHandle,
    b: RoleHandle,
}

impl Bed {
    fn new() -> Self {
        let aws = Arc::new(LoopbackAws::start());
        let jump = aws.role("jump").max_session(43_200);
        let a = aws.role("a").trusts(&jump.arn()).max_session(43_200);
        let b = aws.role("b").trusts(&a.arn()).max_session(43_200);
        let mut sandbox = Sandbox::new(KEYFOB, &aws);
        sandbox.always_with(&["-v"]);
        sandbox.set("AWS_REGION", "eu-central-1");
        Bed { aws, sandbox, jump, a, b }
    }

    /// Writes the config file: `base` with these settings, and the roles over it.
    fn config(&self, base: &str) {
        let [a, b] = [&self.a, &self.b].map(RoleHandle::arn);
        self.sandbox.write(
            ".aws/config",
            &format!(
                "[profile base]\n{base}\n\
                 [profile a]\nrole_arn = {a}\nsource_profile = base\n\
                 [profile long]\nrole_arn = {a}\nsource_profile = base\nduration_seconds = 7200\n\
                 [profile b]\nrole_arn = {b}\nsource_profile = a\n"
            ),
        );
    }

    /// A program that prints `document` and counts how often it is run, as a `credential_process` line.
    fn process(&self, document: &str) -> String {
        self.sandbox.write("document.json", document);
        self.sandbox.may_hold_secrets("document.json");
        let tool = self.sandbox.script("bin/tool", "#!/bin/sh\necho run >>~/runs\ncat ~/document.json\n");
        format!("credential_process = {}", tool.display())
    }

    fn session(&self) -> SessionKeys {
        self.jump.session(3600)
    }

    fn get(&self, profile: &str) -> Ran {
        self.sandbox.keyfob(&["credential-process", profile]).run()
    }

    /// The runs of the program and the AssumeRole calls with their durations since the last time: `run a 3600`.
    fn cost(&self) -> String {
        let runs = std::fs::read_to_string(self.sandbox.path("runs")).unwrap_or_default();
        let _ = std::fs::remove_file(self.sandbox.path("runs"));
        let call = |call: Logged| match call.action.as_str() {
            "AssumeRole" | "AssumeRoleWithWebIdentity" => {
                let role = call.param("RoleArn").and_then(|arn| arn.rsplit('/').next()).unwrap_or_default().to_owned();
                format!("{role} {}", call.param("DurationSeconds").unwrap_or_default())
            }
            action => action.to_owned(),
        };
        let calls = self.aws.requests().into_iter().map(call);
        let cost: Vec<String> = runs.lines().map(str::to_owned).chain(calls).collect();
        self.aws.forget_requests();
        cost.join(", ")
    }

    fn explain(&self, profile: &str) -> Value {
        self.sandbox.keyfob(&["explain", profile, "--json"]).run().json()
    }

    /// Checks what each profile over the base costs: cold, then warm.
    #[track_caller]
    fn costs(&self, expected: &[(&str, &str, &str)]) {
        for (profile, cold, warm) in expected {
            self.sandbox.keyfob(&["clear"]).run().ok();
            self.cost();
            for (when, cost) in [("cold", cold), ("warm", warm)] {
                self.get(profile).ok();
                assert_eq!(self.cost(), **cost, "`{profile}`, {when}");
            }
        }
    }
}
