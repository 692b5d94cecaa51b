//! The loopback AWS of the tests as a server, for benches and for trying keyfob by hand; it ends with its stdin.
//!
//! Started as `loopback FOLDER [MILLISECONDS]` it writes into FOLDER what a bench needs: the server's `url`, the user's
//! `key.csv`, and `config` with the user's profile `base` and a chain of roles, `hop1` to `hop4`. Each answer takes
//! MILLISECONDS longer. Lines on stdin are answered on stdout: `device` gives the user one more MFA device and says
//! `SERIAL CODE`; `count` says `REQUESTS CONNECTIONS MICROSECONDS` since the last
//! `count`, the last being the time it took to answer them; `center N` makes an IAM Identity Center with N accounts of two
//! permission sets, whose user is signed in, and says its start URL; `approve` approves the device code that was given out
//! last, and says it.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program of its own, no part of keyfob"
)]

#[cfg(unix)]
#[path = "../tests/support/mod.rs"]
mod support;

#[cfg(unix)]
fn main() -> std::io::Result<()> {
    loopback::main()
}

#[cfg(not(unix))]
fn main() {
    // The stand-in is for tests that run on Unix.
}

#[cfg(unix)]
mod loopback {
    use std::time::Duration;
    use std::{env, fs, io};

    use crate::support::aws::{Fault, LoopbackAws};

    /// How many roles follow each other.
    const HOPS: usize = 4;

    const START_URL: &str = "https://corp.awsapps.com/start";

    pub fn main() -> io::Result<()> {
        let mut arguments = env::args().skip(1);
        let folder = std::path::PathBuf::from(arguments.next().expect("usage: loopback FOLDER [MILLISECONDS]"));
        let delay = arguments.next().map_or(0, |text| text.parse().expect("a number of milliseconds"));

        let aws = LoopbackAws::start();
        let ann = aws.user("ann");
        let key = ann.access_key();
        let mut config = "[profile base]\nregion = eu-west-1\n".to_owned();
        let (mut source, mut trusted) = ("base".to_owned(), ann.arn());
        for number in 1..=HOPS {
            let role = aws.role(&format!("hop{number}")).trusts(&trusted);
            config += &format!("[profile hop{number}]\nrole_arn = {}\nsource_profile = {source}\n", role.arn());
            (source, trusted) = (format!("hop{number}"), role.arn());
        }
        if delay > 0 {
            aws.faults("*", 1_000_000, Fault::Slow(Duration::from_millis(delay)));
        }
        fs::write(folder.join("config"), config)?;
        fs::write(folder.join("key.csv"), format!("Access key ID,Secret access key\n{},{}\n", key.id, key.secret))?;
        // Last: whoever waits for it finds the others.
        fs::write(folder.join("url"), aws.url())?;
        let mut devices = 0;
        for line in io::stdin().lines() {
            match line?.as_str() {
                "device" => {
                    devices += 1;
                    let device = ann.mfa(&format!("phone-{devices}"));
                    println!("{} {}", device.serial(), device.code());
                }
                "count" => {
                    println!("{} {} {}", aws.requests().len(), aws.connections(), aws.busy().as_micros());
                    aws.forget_requests();
                }
                "approve" => {
                    let center = aws.identity_center(START_URL);
                    let code = center.user_code();
                    center.approve(&code);
                    println!("{code}");
                }
                center if center.starts_with("center ") => {
                    let accounts = center.trim_start_matches("center ").parse().expect("how many accounts");
                    let center = aws.identity_center(START_URL);
                    center.many_accounts(accounts, &["AdministratorAccess", "ReadOnly"]).signed_in();
                    println!("{START_URL}");
                }
                other => eprintln!("`{other}` is none of the words above"),
            }
        }
        Ok(())
    }
}
