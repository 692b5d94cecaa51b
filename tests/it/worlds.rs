//! One machine on which one small world after another is set up: AWS files, variables, and the profiles with a stored key.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::KEYFOB;
use crate::support::aws::{AccessKey, LoopbackAws};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;

/// What stands in a world's files for the id of the machine's key, and for its secret.
const STAND_INS: [&str; 2] = ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"];

/// One of the worlds.
#[derive(Debug, Clone, Default)]
pub struct World {
    pub name: String,
    pub config: String,
    pub credentials: String,
    pub environment: BTreeMap<String, String>,
    /// The profiles with a stored key.
    pub stored: Vec<String>,
    /// Whether the key is stored and no profile uses it.
    pub unused: bool,
}

impl World {
    /// A world as the data has it; what it lacks is empty.
    pub fn of(case: &Value) -> World {
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let variables = case["environment"].as_object().into_iter().flatten();
        let stored = case["stored"].as_array().into_iter().flatten();
        World {
            name: text("name"),
            config: text("config"),
            credentials: text("credentials"),
            environment: variables
                .map(|(name, value)| (name.clone(), value.as_str().expect("a value").to_owned()))
                .collect(),
            stored: stored.map(|name| name.as_str().expect("a name").to_owned()).collect(),
            unused: case["unused"] == true,
        }
    }
}

/// The AWS of the worlds: Ann's access key, and the portal that she is signed in to.
pub fn aws() -> (Arc<LoopbackAws>, AccessKey) {
    let aws = Arc::new(LoopbackAws::start());
    let key = aws.user("ann").access_key();
    let center = aws.identity_center("https://corp.awsapps.com/start").signed_in();
    center.account("111122223333", "Sandbox").assign("111122223333", "Dev");
    (aws, key)
}

/// A machine on which one world after another is set up.
pub struct Machine {
    pub sandbox: Sandbox,
    pub key: AccessKey,
    /// A vault with the key, and an index without a profile.
    vault: Vec<u8>,
    index: Value,
}

impl Machine {
    pub fn new(aws: &Arc<LoopbackAws>, key: &AccessKey) -> Self {
        let mut sandbox = Sandbox::with_vault(KEYFOB, aws);
        sandbox.set("KEYFOB_PASSPHRASE_TIMEOUT", "1s");
        sandbox.give_browser();
        let add = sandbox.keyfob(&["add", "first", "--stdin", "--yes", "--no-link"]);
        add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
        let vault = fs::read(sandbox.path("keyfob/data/vault.age")).expect("a vault");
        let index: Value = serde_json::from_str(&sandbox.read("keyfob/data/index.json")).expect("an index");
        Machine { sandbox, key: key.clone(), vault, index }
    }

    /// The text of a world's file on this machine, or what is expected of it.
    pub fn filled(&self, text: &str) -> String {
        let [id, secret] = STAND_INS;
        let text = text.replace("@keyfob@", &self.sandbox.path("bin/keyfob").display().to_string());
        text.replace(id, &self.key.id).replace(secret, &self.key.secret)
    }

    /// Sets a world up, from nothing.
    #[expect(clippy::disallowed_methods, reason = "a test writes what keyfob then reads")]
    pub fn set_up(&self, world: &World) {
        for folder in [".aws", "keyfob"] {
            fs::remove_dir_all(self.sandbox.path(folder)).ok();
        }
        for (file, text) in [("config", &world.config), ("credentials", &world.credentials)] {
            if !text.is_empty() {
                self.sandbox.write(&format!(".aws/{file}"), &self.filled(text));
            }
        }
        self.sandbox.write("keyfob/data/kept", "");
        let mut index = self.index.clone();
        let entry = index["profiles"]["first"].take();
        let stored = world.stored.iter().map(|name| (name.clone(), entry.clone()));
        index["profiles"] = Value::Object(stored.collect());
        if world.stored.is_empty() && !world.unused {
            index["keys"] = json!({});
        }
        self.sandbox.write("keyfob/data/index.json", &index.to_string());
        let path = self.sandbox.write("keyfob/data/vault.age", "");
        fs::write(path, &self.vault).expect("written");
    }

    /// Runs a command with nobody to ask and without the variables `unset`; a key is on stdin for one that reads it.
    pub fn run(&self, world: &World, words: &[String], unset: &[String]) -> Ran {
        self.run_with(world, words, unset, &format!("{}\n{}\n", self.key.id, self.key.secret))
    }

    /// As [`Machine::run`], with another text on stdin.
    pub fn run_with(&self, world: &World, words: &[String], unset: &[String], stdin: &str) -> Ran {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let variables = world.environment.iter().filter(|(name, _)| !unset.contains(name));
        let run = variables.fold(self.sandbox.keyfob(&words), |run, (name, value)| run.env(name, value));
        run.stdin(stdin).run()
    }
}
