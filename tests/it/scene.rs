//! The scene most tests are set in: Ann's key and phone, a role that wants MFA, and one that only that role may assume.
//!
//! Profile `work` is her key, made by `keyfob add`; `deploy` is one hop away, `audit` two. All three are linked.

use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::support::aws::{AccessKey, DeviceHandle, Logged, LoopbackAws, RoleHandle, UserHandle};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;

/// The arguments of the `add` that starts the scene; the key comes in on stdin.
pub const ADD: &[&str] = &["add", "work", "--stdin", "--yes", "--region", "eu-central-1"];

pub struct Scene {
    pub aws: Arc<LoopbackAws>,
    pub ann: UserHandle,
    pub key: AccessKey,
    pub phone: DeviceHandle,
    pub deploy: RoleHandle,
    pub audit: RoleHandle,
    pub sandbox: Sandbox,
}

impl Scene {
    /// Ready, with a vault that only this passphrase opens, locked.
    pub fn locked_with(passphrase: &str) -> Self {
        let mut scene = Self::empty();
        scene.sandbox.keep_secret(passphrase, "passphrase");
        scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
        let file = scene.sandbox.write("passphrase", passphrase);
        scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", &file);
        scene.prepare();
        scene.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
        scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
        scene
    }

    /// With the vault as key store and nothing stored.
    pub fn empty() -> Self {
        Self::set(|aws| Sandbox::with_vault(KEYFOB, aws))
    }

    /// With a running Secret Service as key store and nothing stored.
    #[cfg(target_os = "linux")]
    pub fn empty_over(service: &SecretService) -> Self {
        Self::set(|aws| {
            let mut sandbox = Sandbox::new(KEYFOB, aws);
            service.serve(&mut sandbox);
            sandbox
        })
    }

    fn set(sandbox: impl FnOnce(&Arc<LoopbackAws>) -> Sandbox) -> Self {
        let aws = Arc::new(LoopbackAws::start());
        let ann = aws.user("ann");
        let (key, phone) = (ann.access_key(), ann.mfa("ann-phone"));
        let deploy = aws.role("deploy").trusts(&ann.arn()).needs_mfa();
        let audit = aws.role_of("444455556666", "audit").trusts(&deploy.arn()).needs_external_id("audit-42");
        let mut sandbox = sandbox(&aws);
        // The most that is ever said, for the leak hunt; harmless elsewhere.
        sandbox.always_with(&["-v"]);
        Scene { aws, ann, key, phone, deploy, audit, sandbox }
    }

    /// With the vault, the key stored and all three profiles written.
    pub fn new() -> Self {
        let scene = Self::empty();
        scene.prepare();
        scene
    }

    /// Stores the key and writes the profiles.
    pub fn prepare(&self) {
        self.add(ADD).ok();
        self.write_roles();
        self.aws.forget_requests();
    }

    /// Runs an `add` with Ann's key on stdin.
    pub fn add(&self, arguments: &[&str]) -> Ran {
        let key = format!("{}\n{}\n", self.key.id, self.key.secret);
        self.sandbox.keyfob(arguments).stdin(&key).run()
    }

    fn write_roles(&self) {
        let (deploy, audit) = (self.deploy.arn(), self.audit.arn());
        self.append(&format!(
            "\n[profile deploy]\nregion = eu-central-1\nkeyfob_role_arn = {deploy}\nkeyfob_source_profile = work\n{}\n\
             \n[profile audit]\nregion = eu-central-1\nkeyfob_role_arn = {audit}\nkeyfob_source_profile = deploy\n\
             keyfob_external_id = audit-42\n{}\n",
            self.link("deploy"),
            self.link("audit"),
        ));
    }

    /// The line that links a profile to the binary under test.
    pub fn link(&self, profile: &str) -> String {
        format!("credential_process = {} credential-process {profile}", self.sandbox.path("bin/keyfob").display())
    }

    /// So many profiles, `PREFIX0` and on, that all lead to the role `deploy`; a blank line before each.
    pub fn many_profiles(&self, prefix: &str, count: usize) -> String {
        let role = self.deploy.arn();
        let profile = |n: usize| format!("\n[profile {prefix}{n}]\nrole_arn = {role}\nsource_profile = work\n");
        (0..count).map(profile).collect()
    }

    /// Adds lines to `~/.aws/config`.
    pub fn append(&self, lines: &str) {
        let before = self.sandbox.read(".aws/config");
        self.sandbox.write(".aws/config", &(before + lines));
    }

    /// Replaces text in `~/.aws/config`, where it stands once at least.
    pub fn edit(&self, old: &str, new: &str) {
        let before = self.sandbox.read(".aws/config");
        assert!(before.contains(old), "no {old:?} in:\n{before}");
        self.sandbox.write(".aws/config", &before.replace(old, new));
    }

    /// Runs `credential-process` with nobody to ask.
    pub fn credential_process(&self, profile: &str) -> Ran {
        self.sandbox.keyfob(&["credential-process", profile]).run()
    }

    /// Runs `credential-process` with a code in its environment.
    pub fn credential_process_with_code(&self, profile: &str, code: &str) -> Ran {
        self.sandbox.keyfob(&["credential-process", profile]).env("KEYFOB_MFA_CODE", code).run()
    }

    /// Fills the cache with the sessions of `audit`, and so of `deploy`.
    pub fn warm(&self) {
        self.credential_process_with_code("audit", &self.phone.code()).ok();
        self.aws.forget_requests();
    }

    /// The actions asked for since the log was emptied.
    pub fn actions(&self) -> Vec<String> {
        self.aws.requests().into_iter().map(|Logged { action, .. }| action).collect()
    }
}

/// The access key id in the answer of `credential-process`, which is whole.
#[track_caller]
pub fn key_id(answer: &Value) -> String {
    let names: Vec<&str> = answer.as_object().expect("an object").keys().map(String::as_str).collect();
    let expected = ["Version", "AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration", "AccountId"];
    assert_eq!(names, expected);
    assert_eq!(answer["Version"], 1);
    answer["AccessKeyId"].as_str().expect("a text").to_owned()
}

/// Nothing on stdout, this exit code, and a first line that says this; returns stderr.
#[track_caller]
pub fn fails(ran: &Ran, code: i32, line: &str) -> String {
    let stderr = ran.ends_with(code);
    assert_eq!(ran.stdout, "", "`{}` failed and yet says something on stdout", ran.words);
    let first = stderr.lines().find(|line| line.starts_with("keyfob: ")).unwrap_or_default();
    assert!(first.contains(line), "`{}` does not say {line:?}:\n{stderr}", ran.words);
    stderr.to_owned()
}
