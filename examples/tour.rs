//! A tour of keyfob without an AWS account, a keychain or a network: a loopback AWS and a home of its own, both gone
//! afterwards. Every command is run for real, by this very program under the name `keyfob`.

#[cfg(unix)]
#[path = "../tests/support/mod.rs"]
mod support;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    unix::main()
}

#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
#[expect(clippy::print_stdout, reason = "a tour shows things")]
mod unix {
    use std::path::Path;
    use std::process::ExitCode;
    use std::sync::Arc;

    use keyfob::sys::env::Environment;

    use crate::support::aws::LoopbackAws;
    use crate::support::leaks::Shows;
    use crate::support::run::{Invocation, Ran};
    use crate::support::sandbox::Sandbox;

    pub fn main() -> ExitCode {
        let arguments: Vec<_> = std::env::args_os().collect();
        let name = arguments.first().map(Path::new).and_then(Path::file_stem);
        if name.is_some_and(|name| name == "keyfob") {
            return ExitCode::from(keyfob::cli::run(arguments, Environment::of_process()));
        }
        tour();
        ExitCode::SUCCESS
    }

    fn tour() {
        let aws = Arc::new(LoopbackAws::start());
        let ann = aws.user("ann");
        let phone = ann.mfa("phone");
        let staging = aws.role("staging").trusts(&ann.arn()).needs_mfa();
        let production = aws.role_of("210987654321", "production").trusts(&staging.arn());
        let key = ann.access_key();
        let program = std::env::current_exe().expect("a running program has a path");
        let sandbox = Sandbox::with_vault(program, &aws);
        let tour = Tour { sandbox: &sandbox };

        tour.say(
            "Ann has the CSV file of the IAM console. Her key moves into the key store, here the encrypted vault.",
        );
        let csv = format!("Access key ID,Secret access key\r\n{},{}\r\n", key.id, key.secret);
        sandbox.write("accessKeys.csv", &csv);
        tour.keyfob(&["add", "base", "--csv", "accessKeys.csv", "--region", "eu-west-1", "--yes"]);

        tour.say("She adds the roles she uses: `production` can only be reached through `staging`, which wants MFA.");
        let link = sandbox.path("bin/keyfob");
        let linked_role = |name: &str, region: &str, arn: &str, source: &str| {
            format!(
                "\n[profile {name}]\nregion = {region}\nkeyfob_role_arn = {arn}\nkeyfob_source_profile = {source}\n\
                 credential_process = {} credential-process {name}\n",
                link.display()
            )
        };
        let roles = linked_role("staging", "eu-west-1", &staging.arn(), "base")
            + &linked_role("production", "eu-central-1", &production.arn(), "staging");
        sandbox.write(".aws/config", &format!("{}{roles}", sandbox.read(".aws/config")));
        tour.run("cat ~/.aws/config", sandbox.program("sh", &["-c", "cat ~/.aws/config"]));

        tour.say("How will the credentials of `production` be made, and why?");
        tour.keyfob(&["explain", "production"]);

        tour.say("Every SDK runs this for a linked profile. It asks for a code on the terminal; here one is given.");
        tour.keyfob(&["credential-process", "production", "--mfa-code", &phone.code()]);

        tour.say("From now on nobody is asked, for this profile or any other of Ann's.");
        tour.shell(r#"eval "$(keyfob env staging --shell sh)"; env | grep -E '^(AWS_(ACCESS|REGION|CRED)|KEYFOB_PROFILE)' | sort"#);
        tour.keyfob(&["exec", "production", "--", "sh", "-c", "echo \"in $AWS_REGION as $AWS_ACCESS_KEY_ID\""]);
        tour.keyfob(&["list"]);

        let calls: Vec<String> = aws.requests().iter().map(|request| request.action.clone()).collect();
        tour.say(&format!("All that AWS was asked for: {}.", calls.join(", ")));
    }

    struct Tour<'a> {
        sandbox: &'a Sandbox,
    }

    impl Tour<'_> {
        fn say(&self, text: &str) {
            println!("# {text}");
        }

        fn keyfob(&self, arguments: &[&str]) {
            let words: Vec<_> = arguments.iter().map(|word| quoted(word)).collect();
            self.run(&format!("keyfob {}", words.join(" ")), self.sandbox.keyfob(arguments));
        }

        fn shell(&self, script: &str) {
            self.run(script, self.sandbox.program("sh", &["-c", script]).shows(Shows::Sessions));
        }

        fn run(&self, command: &str, invocation: Invocation<'_>) {
            println!("$ {command}");
            let Ran { code, stdout, stderr, .. } = invocation.run();
            print!("{}", self.shortened(&stderr));
            print!("{}", self.shortened(&stdout));
            assert_eq!(code, Some(0), "`{command}` failed");
            println!();
        }

        /// The output, with its secrets cut short and the home as `~`.
        fn shortened(&self, output: &str) -> String {
            let mut output = output.replace(&self.sandbox.home().display().to_string(), "~");
            for secret in self.sandbox.aws().all_secrets() {
                if let Some(start) = secret.value.get(..8) {
                    output = output.replace(&secret.value, &format!("{start}…"));
                }
            }
            if !output.is_empty() && !output.ends_with('\n') {
                output.push('\n');
            }
            output
        }
    }

    fn quoted(word: &str) -> String {
        if word.contains([' ', '"', '$']) { format!("'{word}'") } else { word.to_owned() }
    }
}
