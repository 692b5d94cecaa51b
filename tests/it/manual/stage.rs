//! The machines on which the manual's commands are run, and a person who types what the page shows.

use std::fmt::Write as _;
use std::fs;
use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::{ACCOUNT, AccessKey, DeviceHandle, LoopbackAws};
use crate::support::data;
use crate::support::leaks::Shows;
use crate::support::moto::Moto;
use crate::support::sandbox::Sandbox;
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;
use crate::support::tools;

use super::page::{Page, Piece, Scene, Step};

/// The manual's names for what has another here.
const PROGRAM: &str = "/usr/local/bin/keyfob";
const HOME: &str = "/home/ann";
const PASSPHRASE: &str = "FAKE correct horse";

/// Stands where something secret is typed.
const TYPED: &str = "······";

/// A machine, with Ann's access key in `accessKeys.csv` and the AWS of every page.
pub struct Stage {
    _aws: Arc<LoopbackAws>,
    _moto: Option<Moto>,
    sandbox: Sandbox,
    key: AccessKey,
    phone: DeviceHandle,
    #[cfg(target_os = "linux")]
    _service: Option<SecretService>,
}

impl Stage {
    /// `keychain`: a desktop with a keychain. `headless`: none, and a vault with a passphrase to come. `vault`: one that is
    /// open. `office`: so too, with nothing in the account but what the page creates. `moto`: so too, with an AWS that has more than STS and IAM and checks little. `None`: a program is missing, and the scene is skipped.
    pub fn set(name: &str) -> Option<Self> {
        let aws = Arc::new(LoopbackAws::start());
        let ann = aws.user("ann");
        let (mut key, phone) = (ann.access_key(), ann.mfa("ann-phone"));
        let mut moto = None;
        let deploy = aws.role("deploy").trusts(&ann.arn()).needs_mfa();
        aws.role_of("444455556666", "audit").trusts(&deploy.arn());
        aws.role("admin").trusts(&ann.arn()).needs_mfa().max_session(43_200);
        for number in 1..=20 {
            aws.role_of(&format!("2000000000{number:02}"), "developer").trusts(&ann.arn()).needs_mfa();
        }
        #[cfg(target_os = "linux")]
        let mut service = None;
        let mut sandbox = match name {
            "vault" | "moto" | "office" => Sandbox::with_vault(KEYFOB, &aws),
            "keychain" | "headless" => Sandbox::new(KEYFOB, &aws),
            other => panic!("`{other}` is no scene"),
        };
        #[cfg(target_os = "linux")]
        if name == "keychain" {
            let running = SecretService::start()?;
            running.serve(&mut sandbox);
            // keyfob is to find it by itself.
            sandbox.unset("KEYFOB_BACKEND");
            service = Some(running);
        }
        if name == "moto" {
            let running = Moto::start()?;
            key = running.user("ann")?;
            sandbox.set("AWS_ENDPOINT_URL", running.url());
            sandbox.keep_secret(&key.secret, "moto's secret access key");
            moto = Some(running);
        }
        // Ann is signed in to her company's portal, and has a browser that only goes where it is sent.
        let center = aws.identity_center("https://corp.awsapps.com/start").signed_in();
        center.account("000000000042", "Payments – Prod").account("111122223333", "Sandbox");
        center.assign("000000000042", "AdministratorAccess").assign("000000000042", "ReadOnly");
        center.assign("111122223333", "ReadOnly");
        let visit = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1]).read()";
        let browser = sandbox.script("bin/browser", &format!("#!/bin/sh\nexec python -c '{visit}' \"$1\"\n"));
        sandbox.set("BROWSER", &browser);
        // The page's stand-in for a password manager.
        sandbox.may_hold_secrets("bin/pass");
        // What a page exports stays there.
        sandbox.may_hold_secrets(".aws/credentials");
        sandbox.keep_secret(PASSPHRASE, "vault's passphrase");
        let csv = format!("Access key ID,Secret access key\r\n{},{}\r\n", key.id, key.secret);
        sandbox.write("accessKeys.csv", &csv);
        let ci = aws.user("ci").access_key();
        let csv = format!("Access key ID,Secret access key\r\n{},{}\r\n", ci.id, ci.secret);
        sandbox.write("ciKeys.csv", &csv);
        aws.role("release").trusts(&aws.user("ci").arn());
        let world = fs::read(data::path("audit/small-team.json")).expect("it is there");
        let world: serde_json::Value = serde_json::from_slice(&world).expect("JSON");
        if name != "office" {
            aws.serve_account(ACCOUNT, &world["facts"]);
        }
        let admin = aws.user("admin").may_manage_others().access_key();
        let csv = format!("Access key ID,Secret access key\r\n{},{}\r\n", admin.id, admin.secret);
        sandbox.write("adminKeys.csv", &csv);
        // Where a reader's are; a variable of keyfob's would be warned of.
        for name in ["CONFIG", "DATA_DIR", "CACHE_DIR", "UNLOCK_TIME", "BACKEND", "IDENTITY_FILE"] {
            sandbox.unset(&format!("KEYFOB_{name}"));
        }
        let mut settings = "unlock_time = \"10m\"\nrotate_settle = 0\nlogin = \"browser\"\n".to_owned();
        if ["vault", "moto", "office"].contains(&name) {
            writeln!(settings, "identity_file = \"{}\"", sandbox.path("identity.txt").display())
                .expect("a String takes all");
        }
        sandbox.write(".config/keyfob/config.toml", &settings);
        for (name, value) in [("NO_COLOR", "1"), ("AWS_PAGER", ""), ("USER", "ann")] {
            sandbox.set(name, value);
        }
        sandbox.unset("RUST_LOG");
        let stage = Stage {
            _aws: aws,
            _moto: moto,
            sandbox,
            key,
            phone,
            #[cfg(target_os = "linux")]
            _service: service,
        };
        Some(stage)
    }

    /// Puts what a scene needs on its `PATH`, under the name the page has for it. `false`: it is missing.
    pub fn provide(&self, program: &str) -> bool {
        let (found, name) = match program {
            "aws" => (tools::require("aws-cli-1"), "aws"),
            "python" => (tools::require("python"), "python"),
            // Skipped in CI too, as nothing else is: no registry that `tests/run` may use has Terraform (apt, PyPI, npm,
            // crates.io), so CI could only fail where its machine happens to lack it.
            "terraform" => {
                let found = tools::find(program);
                if found.is_none() {
                    tools::skipped_everywhere("`terraform` is missing (`tests/run` has nowhere to install it from)");
                }
                (found, program)
            }
            other => (tools::require(other), other),
        };
        let Some(found) = found else { return false };
        self.sandbox.script(&format!("bin/{name}"), &format!("#!/bin/sh\nexec '{}' \"$@\"\n", found.display()));
        true
    }

    /// Runs a scene in one shell on a terminal, types what its page shows, and returns what each step showed.
    pub fn play(&self, page: &Page, scene: &Scene) -> Vec<(String, i32)> {
        let script = self.sandbox.write("script", &self.script(scene));
        let name = script.to_str().expect("UTF-8");
        let shell = self.sandbox.program("/bin/bash", &["--norc", name]).shows(Shows::Keys);
        let mut terminal = shell.on_terminal();
        let mut shown = Vec::new();
        for step in scene.steps() {
            terminal.expect(&format!("\u{1e}{}\u{1e}", step.line));
            let mut output = String::new();
            for line in &step.expected {
                let Some((prompt, typed)) = self.answer(line) else { continue };
                output += &terminal.expect(&prompt);
                output += &prompt;
                terminal.type_line(&typed);
            }
            output += &terminal.expect("\u{1e}ended ");
            let code = terminal.expect("\u{1e}");
            let code =
                code.trim().parse().unwrap_or_else(|error| panic!("{}:{}: {error}: {code}", page.name, step.line));
            shown.push((self.as_in_manual(&output), code));
        }
        let (ran, seen) = terminal.finish();
        assert_eq!(ran.code, Some(0), "{}:{}: what is hidden failed: {seen}", page.name, scene.line);
        shown
    }

    /// The lines of the shell: what is hidden says nothing and must succeed.
    fn script(&self, scene: &Scene) -> String {
        let mut script = "set +e\n".to_owned();
        for piece in &scene.pieces {
            match piece {
                Piece::File { path, content } => {
                    let (path, content) = (self.as_here(path), self.as_here(content));
                    let path = path.replacen('~', "$HOME", 1);
                    writeln!(
                        script,
                        "mkdir -p \"$(dirname \"{path}\")\"; cat >> \"{path}\" <<'END OF FILE'\n{content}END OF FILE"
                    )
                    .expect("a String takes all");
                }
                Piece::Hidden(command) => {
                    writeln!(
                        script,
                        "{{ {}; }} >hidden.log 2>&1 || {{ cat hidden.log; exit 99; }}",
                        self.as_here(command)
                    )
                    .expect("a String takes all");
                }
                Piece::Step(Step { line, command, .. }) => {
                    let command = self.as_here(command);
                    // `$?` is the reader's to ask for.
                    writeln!(
                        script,
                        "printf '\\036{line}\\036'\n(exit ${{status:-0}})\n{command}\nstatus=$?; printf '\\036ended %d\\036' $status"
                    )
                    .expect("a String takes all");
                }
            }
        }
        script + "exit 0\n"
    }

    /// What a line of a page says is typed, and the prompt before it.
    fn answer(&self, line: &str) -> Option<(String, String)> {
        let last = |text: &str| self.as_here(text.rsplit('…').next().unwrap_or(text));
        for choice in ["[y/N] ", "[Y/n] "] {
            if let Some((question, answer)) = line.split_once(choice) {
                return Some((last(question) + choice, answer.to_owned()));
            }
        }
        let prompt = line.strip_suffix(TYPED)?;
        let typed = if prompt.contains("MFA code") {
            self.phone.code()
        } else if prompt.contains("secret access key") {
            self.key.secret.clone()
        } else if prompt.contains("ccess key id") {
            self.key.id.clone()
        } else {
            PASSPHRASE.to_owned()
        };
        Some((last(prompt), typed))
    }

    /// A page's text with what it stands for.
    fn as_here(&self, text: &str) -> String {
        let home = self.sandbox.home().display().to_string();
        let text = text.replace(PROGRAM, &format!("{home}/bin/keyfob")).replace(HOME, &home);
        text.replace("AKIA…", &self.key.id).replace("SECRET…", &self.key.secret)
    }

    /// The other way round.
    fn as_in_manual(&self, text: &str) -> String {
        let home = self.sandbox.home();
        let real = fs::canonicalize(home).expect("it exists");
        // The terminal's library makes a character of each byte.
        let bytes: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| text.to_owned());
        let mut text = text.replace(&self.key.secret, "SECRET…");
        for home in [home, &real] {
            let home = home.display().to_string();
            text = text.replace(&format!("{home}/bin/keyfob"), PROGRAM).replace(&home, HOME);
        }
        text
    }
}

/// What differs each time, by its shape (`d` a digit, `w` one or a capital letter), and what stands for it.
const DIFFERENT: [(&str, &str); 4] = [
    ("dddd-dd-ddTdd:dd:ddZ", "MOMENT"),
    ("****wwww", "****ID"),
    ("AKIAwwwwwwwwwwwwwwww", "AKIA"),
    ("ASIAwwwwwwwwwwwwwwww", "ASIA"),
];

/// The lines without blanks at their ends, what is typed left out, and what differs each time made the same.
pub fn lines_to_compare(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_end().trim_end_matches(TYPED).trim_end());
    let text = lines.map(without_differences).collect::<Vec<_>>().join("\n");
    text.trim_end().to_owned() + "\n"
}

fn without_differences(line: &str) -> String {
    let (mut rest, mut result) = (line, String::new());
    while let Some(letter) = rest.chars().next() {
        let length = if let Some((shape, name)) = DIFFERENT.iter().find(|(shape, _)| has_shape(rest, shape)) {
            result += name;
            shape.len()
        } else {
            result.push(letter);
            letter.len_utf8()
        };
        rest = &rest[length..];
    }
    result
}

fn has_shape(text: &str, shape: &str) -> bool {
    let fits = |(shape, letter): (char, char)| match shape {
        'd' => letter.is_ascii_digit(),
        'w' => letter.is_ascii_digit() || letter.is_ascii_uppercase(),
        other => other == letter,
    };
    text.len() >= shape.len() && shape.chars().zip(text.chars()).all(fits)
}
