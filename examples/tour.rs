//! A tour of keyfob: `cargo run --example tour`.
//!
//! Starts a stand-in for AWS on this machine. First it counts the MFA codes for twenty roles by the AWS CLI's rules, then it
//! runs keyfob with the same roles, in a temporary home folder. It needs no AWS account, keychain or network. The commands and
//! their output are real; secrets are shortened. This program is linked into that home folder as `keyfob`, and is keyfob when
//! it is started under that name, so nothing else has to be built.

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
    // It needs a Unix terminal to type into.
    ExitCode::FAILURE
}

#[cfg(unix)]
mod tour {
    use std::cell::Cell;
    use std::ffi::OsString;
    use std::io::{self, Write};
    use std::path::Path;
    use std::process::ExitCode;
    use std::sync::Arc;

    use aws_sdk_sts::config::{BehaviorVersion, Credentials, Region};
    use keyfob::sys::env::Environment;

    use crate::support::aws::{AccessKey, DeviceHandle, LoopbackAws, SecretKind};
    use crate::support::run::{Invocation, Ran};
    use crate::support::sandbox::Sandbox;

    const ROLES: usize = 20;
    const WORKING_DAY_HOURS: usize = 8;

    pub fn main() -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        if arguments.first().is_some_and(|program| Path::new(program).file_name() == Some("keyfob".as_ref())) {
            return ExitCode::from(keyfob::cli::run(arguments, Environment::of_process()));
        }
        let program = std::env::current_exe().expect("a running program has a path");
        match walk(&program, &mut io::stdout().lock()) {
            // The reader has seen enough and closed the pipe.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => ExitCode::FAILURE,
            Ok(()) | Err(_) => ExitCode::SUCCESS,
        }
    }

    fn walk(program: &Path, out: &mut impl Write) -> io::Result<()> {
        writeln!(
            out,
            "Building this tour takes some minutes the first time, and seconds after that. It runs against a stand-in\n\
             for AWS on this machine, and needs no AWS account, keychain or network.\n"
        )?;
        Team::new().assume_each_role_as_the_aws_cli_does(out)?;
        Tour::new(program).walk(out)
    }

    /// Ann, with an access key, a phone, and a role in each of twenty accounts that wants a code from it.
    struct Team {
        aws: LoopbackAws,
        key: AccessKey,
        phone: DeviceHandle,
        roles: Vec<String>,
    }

    impl Team {
        fn new() -> Self {
            let aws = LoopbackAws::start();
            let ann = aws.user("ann");
            let (key, phone) = (ann.access_key(), ann.mfa("ann-phone"));
            let role = |number: usize| {
                let role = aws.role_of(&format!("2000000000{number:02}"), "developer");
                role.trusts(&ann.arn()).needs_mfa().arn()
            };
            Team { key, phone, roles: (1..=ROLES).map(role).collect(), aws }
        }

        /// Sends the requests of the AWS CLI, which assumes each role profile on its own (botocore's
        /// `AssumeRoleCredentialFetcher`): with the access key and a new code, for an hour unless the profile says otherwise. It
        /// caches the result for that profile alone.
        fn assume_each_role_as_the_aws_cli_does(&self, out: &mut impl Write) -> io::Result<()> {
            let config = aws_sdk_sts::Config::builder()
                .behavior_version(BehaviorVersion::latest())
                .region(Region::new("eu-central-1"))
                .endpoint_url(self.aws.url())
                .credentials_provider(Credentials::new(&self.key.id, &self.key.secret, None, None, "tour"))
                .http_client(aws_smithy_http_client::Builder::new().build_http())
                .build();
            let sts = aws_sdk_sts::Client::from_conf(config);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let mut seconds = i64::MAX;
            for role in &self.roles {
                let call = sts.assume_role().role_arn(role).role_session_name("ann");
                let call = call.serial_number(self.phone.serial()).token_code(self.phone.code());
                let session = runtime.block_on(call.send()).map_err(io::Error::other)?;
                let expiration = session.credentials().expect("a session").expiration().secs();
                seconds = seconds.min(expiration - self.aws.now());
                // AWS takes no code twice.
                self.aws.advance(30);
            }
            say(
                out,
                "Ann works in 20 accounts, with a role in each that requires MFA. First without keyfob. The AWS CLI assumes\n   \
                 each role profile separately, with the access key and a new code, and caches each session until it expires.\n   \
                 The tour has sent the same requests. If Ann uses all roles all day, they take:",
            )?;
            summary(out, &self.aws, "a role's session", seconds)
        }
    }

    /// Says how many codes the roles took, and would take in a working day if all of them are used all day.
    fn summary(out: &mut impl Write, aws: &LoopbackAws, session: &str, seconds: i64) -> io::Result<()> {
        let requests = aws.requests();
        let codes = requests.iter().filter(|request| request.param("TokenCode").is_some()).count();
        // The answer may be a second old.
        let hours = usize::try_from((seconds + 60) / 3600).expect("it has not expired");
        let per_day = codes * WORKING_DAY_HOURS.div_ceil(hours);
        writeln!(out, "# {ROLES} roles: {} requests, {codes} with an MFA code", requests.len())?;
        let codes = if per_day == 1 { "code" } else { "codes" };
        writeln!(out, "# {session} lasts {hours} h: {per_day} MFA {codes} in a working day of {WORKING_DAY_HOURS} h\n")
    }

    struct Tour {
        aws: Arc<LoopbackAws>,
        sandbox: Sandbox,
        phone: DeviceHandle,
        /// How many of the requests to AWS have been shown.
        shown: Cell<usize>,
    }

    impl Tour {
        /// The same, with keyfob; one more role, `audit`, is assumed from the first.
        fn new(program: &Path) -> Self {
            let team = Team::new();
            let aws = Arc::new(team.aws);
            let audit = aws.role_of("444455556666", "audit").trusts(&team.roles[0]);
            let sandbox = Sandbox::with_vault(program, &aws);
            let csv = format!("Access key ID,Secret access key\r\n{},{}\r\n", team.key.id, team.key.secret);
            sandbox.write("accessKeys.csv", &csv);
            let profile = |name: String, role: &str, source: &str| {
                format!("[profile {name}]\nrole_arn = {role}\nsource_profile = {source}\nregion = eu-central-1\n\n")
            };
            let roles = (1..).zip(&team.roles);
            let config: String =
                roles.map(|(number, role)| profile(format!("team{number:02}"), role, "work")).collect();
            sandbox.write(".aws/config", &(config + &profile("audit".to_owned(), &audit.arn(), "team01")));
            Tour { aws, sandbox, phone: team.phone, shown: Cell::new(0) }
        }

        fn walk(&self, out: &mut impl Write) -> io::Result<()> {
            say(
                out,
                "Now with keyfob. Ann stores her key in the vault. keyfob asks AWS whose it is, and finds her MFA device:",
            )?;
            self.run(out, "keyfob add work --csv accessKeys.csv --region eu-central-1 --yes")?;
            say(out, "She links her role profiles, so that SDKs get their credentials from keyfob:")?;
            self.run(out, "keyfob -q profile link --all && head -n 5 .aws/config")?;
            say(out, "`audit` is a role that is assumed from `team01`. How will keyfob get its credentials?")?;
            self.run(out, "keyfob explain audit")?;
            say(out, "An SDK runs the command in `credential_process`. The first time, keyfob prompts for a code:")?;
            self.run_with_code(out, "keyfob credential-process audit")?;
            say(out, "The twenty roles need no further code:")?;
            self.run(out, "for n in $(seq -w 20); do keyfob credential-process team$n; done | grep -c SessionToken")?;
            let session = self.aws.last("GetSessionToken");
            let seconds = session.param("DurationSeconds").expect("keyfob sends it");
            summary(out, &self.aws, "the MFA session", seconds.parse().expect("a number of seconds"))?;
            say(out, "From now on all programs get the credentials from the cache:")?;
            self.run(out, "keyfob credential-process audit")?;
            say(out, "The same credentials as variables, for a shell to evaluate:")?;
            self.run(out, "keyfob env audit --shell bash")?;
            say(out, "And for a single command:")?;
            self.run(out, "keyfob exec audit -- sh -c 'echo I am $AWS_ACCESS_KEY_ID in $AWS_REGION'")?;
            say(out, "All profiles with their sessions and keys, here the last two:")?;
            self.run(out, "keyfob list | sed -n '1p; /^audit/p; /^work/p'")?;
            say(out, "Ann deletes the stored key and its sessions:")?;
            self.run(out, "keyfob remove work --yes")?;
            writeln!(out, "To start with your own key, run `keyfob add work`. `keyfob --help` lists all commands.")
        }

        /// Shows a command line and what it prints.
        fn run(&self, out: &mut impl Write, line: &str) -> io::Result<()> {
            let ran = self.command(line).run();
            self.show(out, line, &format!("{}{}", ran.stderr, ran.stdout), &ran)
        }

        /// The same on a terminal, with the code typed at the prompt.
        fn run_with_code(&self, out: &mut impl Write, line: &str) -> io::Result<()> {
            let mut terminal = self.command(line).on_terminal();
            terminal.expect("): ");
            terminal.type_line(&self.phone.code());
            let (ran, seen) = terminal.finish();
            self.show(out, line, &seen.replacen("): ", "): ······", 1), &ran)
        }

        fn command(&self, line: &str) -> Invocation<'_> {
            self.sandbox.program("/bin/sh", &["-c", line])
        }

        fn show(&self, out: &mut impl Write, line: &str, output: &str, ran: &Ran) -> io::Result<()> {
            writeln!(out, "$ {line}\n{}", self.shortened(output.trim_end()))?;
            assert_eq!(ran.code, Some(0), "the tour ends here: {output}");
            let requests = self.aws.requests();
            let actions: Vec<&str> = requests
                .iter()
                .skip(self.shown.replace(requests.len()))
                .map(|request| request.action.as_str())
                .collect();
            match actions[..] {
                [] => {}
                [first, .., last] if actions.len() > 3 && actions.iter().all(|action| *action == first) => {
                    writeln!(out, "# AWS was asked: {last}, {} times", actions.len())?;
                }
                _ => writeln!(out, "# AWS was asked: {}", actions.join(", "))?,
            }
            writeln!(out)
        }

        /// The text with every secret cut short and the home folder as `~`.
        fn shortened(&self, text: &str) -> String {
            let home = self.sandbox.home().display().to_string();
            self.aws.all_secrets().into_iter().fold(text.replace(&home, "~"), |text, secret| match secret.kind {
                SecretKind::Session => text.replace(&secret.value, &format!("{}…", &secret.value[..12])),
                SecretKind::LongTerm
                | SecretKind::AccessToken
                | SecretKind::SignIn
                | SecretKind::Seed
                | SecretKind::Password => text.replace(&secret.value, "…"),
                SecretKind::Code => text,
            })
        }
    }

    fn say(out: &mut impl Write, text: &str) -> io::Result<()> {
        writeln!(out, "── {text}\n")
    }
}
