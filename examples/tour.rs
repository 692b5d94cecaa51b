//! A tour of keyfob: `cargo run --example tour`.
//!
//! Starts a stand-in for AWS on this machine and walks through the main job in a home folder of its own, which is gone
//! afterwards. Needs no AWS account, keychain or network. The commands and what they say are real; secrets are shortened.
//! Linked into that home under the name of `keyfob`, this program is keyfob, so nothing else has to be built.

use std::process::ExitCode;

#[cfg(unix)]
#[path = "../tests/support/mod.rs"]
mod support;

#[cfg(unix)]
fn main() -> ExitCode {
    tour::main()
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    // Nothing to show: it types at a terminal as Unix has it.
    ExitCode::FAILURE
}

#[cfg(unix)]
mod tour {
    use std::ffi::OsString;
    use std::io::{self, Write};
    use std::path::Path;
    use std::process::ExitCode;
    use std::sync::Arc;

    use keyfob::sys::env::Environment;

    use crate::support::aws::{DeviceHandle, LoopbackAws, SecretKind};
    use crate::support::run::{Invocation, Ran};
    use crate::support::sandbox::Sandbox;

    pub fn main() -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        if arguments.first().is_some_and(|program| Path::new(program).file_name() == Some("keyfob".as_ref())) {
            return ExitCode::from(keyfob::cli::run(arguments, Environment::of_process()));
        }
        let program = std::env::current_exe().expect("a running program has a path");
        match Tour::new(&program).walk(&mut io::stdout().lock()) {
            // Whoever stops reading has seen enough.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
            Ok(()) | Err(_) => ExitCode::SUCCESS,
        }
    }

    struct Tour {
        aws: Arc<LoopbackAws>,
        sandbox: Sandbox,
        phone: DeviceHandle,
    }

    impl Tour {
        /// Ann has a key and a phone. She may assume `deploy` with a code from it, and from there `audit`.
        fn new(program: &Path) -> Self {
            let aws = Arc::new(LoopbackAws::start());
            let ann = aws.user("ann");
            let (key, phone) = (ann.access_key(), ann.mfa("ann-phone"));
            let deploy = aws.role("deploy").trusts(&ann.arn()).needs_mfa();
            let audit = aws.role_of("444455556666", "audit").trusts(&deploy.arn());
            let sandbox = Sandbox::with_vault(program, &aws);
            let csv = format!("Access key ID,Secret access key\r\n{},{}\r\n", key.id, key.secret);
            sandbox.write("accessKeys.csv", &csv);
            let link = |profile: &str| {
                format!("credential_process = {} credential-process {profile}", sandbox.path("bin/keyfob").display())
            };
            let config = format!(
                "[profile deploy]\nkeyfob_role_arn = {}\nkeyfob_source_profile = work\nregion = eu-central-1\n{}\n\n\
                 [profile audit]\nkeyfob_role_arn = {}\nkeyfob_source_profile = deploy\nregion = eu-central-1\n{}\n\n",
                deploy.arn(),
                link("deploy"),
                audit.arn(),
                link("audit"),
            );
            sandbox.write(".aws/config", &config);
            Tour { aws, sandbox, phone }
        }

        fn walk(&self, out: &mut impl Write) -> io::Result<()> {
            say(
                out,
                "Ann has an access key in a file. Two roles stand in ~/.aws/config, under names only keyfob reads:",
            )?;
            self.run(out, "cat .aws/config")?;
            say(out, "She stores the key in the vault. AWS says whose it is, and which MFA device she has:")?;
            self.run(out, "keyfob add work --csv accessKeys.csv --region eu-central-1 --yes")?;
            say(out, "How will the credentials of `audit` be made? Nobody is asked for this:")?;
            self.run(out, "keyfob explain audit")?;
            say(
                out,
                "An SDK would now run the line in the profile. The first time, a code is asked for on the terminal:",
            )?;
            self.run_with_code(out, "keyfob credential-process audit")?;
            say(out, "From now on it comes from the cache, for every program, without a code and without AWS:")?;
            self.run(out, "keyfob credential-process audit")?;
            say(out, "The same for a shell, to be evaluated:")?;
            self.run(out, "keyfob env audit --shell bash")?;
            say(out, "And for a single command, which replaces keyfob:")?;
            self.run(out, "keyfob exec audit -- sh -c 'echo I am $AWS_ACCESS_KEY_ID in $AWS_REGION'")?;
            say(out, "The MFA session on the way is cached too, and is what `work` itself hands out:")?;
            self.run(out, "keyfob exec work -- sh -c 'echo I am $AWS_ACCESS_KEY_ID'")?;
            self.run(out, "keyfob list")?;
            say(out, "The key is taken out again, with its sessions:")?;
            self.run(out, "keyfob remove work --yes")?;
            writeln!(out, "Now with a key of yours: `keyfob add PROFILE`, and `keyfob --help` for the rest.")
        }

        /// Shows a command line and what it prints.
        fn run(&self, out: &mut impl Write, line: &str) -> io::Result<()> {
            let ran = self.command(line).run();
            self.show(out, line, &format!("{}{}", ran.stderr, ran.stdout), &ran)
        }

        /// The same on a terminal, with the code typed when it is asked for.
        fn run_with_code(&self, out: &mut impl Write, line: &str) -> io::Result<()> {
            let mut terminal = self.command(line).on_terminal();
            terminal.expect("): ");
            terminal.type_line(&self.phone.code());
            let (ran, seen) = terminal.finish();
            self.show(out, line, &seen.replacen("): ", "): ······", 1), &ran)
        }

        fn command(&self, line: &str) -> Invocation<'_> {
            self.aws.forget_requests();
            self.sandbox.program("/bin/sh", &["-c", line])
        }

        fn show(&self, out: &mut impl Write, line: &str, output: &str, ran: &Ran) -> io::Result<()> {
            writeln!(out, "$ {line}\n{}", self.shortened(output.trim_end()))?;
            assert_eq!(ran.code, Some(0), "the tour ends here: {output}");
            let asked: Vec<String> = self.aws.requests().into_iter().map(|request| request.action).collect();
            if !asked.is_empty() {
                writeln!(out, "# AWS was asked: {}", asked.join(", "))?;
            }
            writeln!(out)
        }

        /// The text with every secret cut short and the home folder as `~`.
        fn shortened(&self, text: &str) -> String {
            let home = self.sandbox.home().display().to_string();
            self.aws.all_secrets().into_iter().fold(text.replace(&home, "~"), |text, secret| match secret.kind {
                SecretKind::Session => text.replace(&secret.value, &format!("{}…", &secret.value[..12])),
                SecretKind::LongTerm | SecretKind::Seed => text.replace(&secret.value, "…"),
            })
        }
    }

    fn say(out: &mut impl Write, text: &str) -> io::Result<()> {
        writeln!(out, "── {text}\n")
    }
}
