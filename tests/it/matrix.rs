//! The interop matrix: one linked key profile and one linked role profile, used for real by every client in
//! `tests/interop` and by the AWS CLIs and boto3.
//!
//! Each prints the ARN it is told by GetCallerIdentity. Only stdout is compared: some warn of their own age on stderr.

use std::path::PathBuf;

use crate::scene::Scene;
use crate::support::run::Ran;
use crate::support::tools;

/// A client that knows keyfob by `credential_process` alone.
struct Client {
    name: &'static str,
    program: PathBuf,
    /// `PROFILE` and `URL` stand for what they say.
    arguments: Vec<String>,
}

const BOTO3: &str =
    "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])";

const CLIENTS: [&str; 7] = ["aws-cli-1", "aws-cli-2", "boto3", "javascript", "go", "java", "rust"];

/// How a client that is built of `tests/interop` is started, before its own arguments; or a word that it is skipped.
pub fn built(name: &str) -> Option<(PathBuf, Vec<String>)> {
    let built = |file: &str| tools::require_client(&format!("{name}/{file}"));
    Some(match name {
        "javascript" => (tools::require("node")?, vec![built("caller.js")?.display().to_string()]),
        "java" => {
            let classes = built("Caller.class")?.parent().expect("it is in a folder").display().to_string();
            let path = format!("{classes}:{classes}/lib/*");
            // A small heap, no optimising: it lives for a second.
            (tools::require("java")?, ["-XX:TieredStopAtLevel=1", "-cp", &path, "Caller"].map(str::to_owned).to_vec())
        }
        _ => (built("caller")?, Vec::new()),
    })
}

/// One of [`CLIENTS`], or a word that it is skipped.
fn client(name: &'static str) -> Option<Client> {
    let cli = ["--profile", "PROFILE", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    let (program, arguments) = match name {
        "aws-cli-1" => (tools::require(name)?, cli.map(str::to_owned).to_vec()),
        // Debian's is older than `AWS_ENDPOINT_URL`.
        "aws-cli-2" => (
            tools::require(name)?,
            [&["--endpoint-url", "URL"], &cli[..]].concat().into_iter().map(str::to_owned).collect(),
        ),
        "boto3" => (tools::require("python")?, ["-W", "ignore", "-c", BOTO3, "PROFILE"].map(str::to_owned).to_vec()),
        "java" => built(name)?,
        "javascript" | "go" | "rust" => {
            let (program, arguments) = built(name)?;
            (program, [arguments, vec!["PROFILE".to_owned()]].concat())
        }
        _ => unreachable!("`{name}` is no client"),
    };
    Some(Client { name, program, arguments })
}

impl Client {
    fn run(&self, scene: &Scene, profile: &str) -> Ran {
        let url = scene.aws.url();
        let filled = |argument: &String| argument.replace("PROFILE", profile).replace("URL", &url);
        let arguments: Vec<String> = self.arguments.iter().map(filled).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let run = scene.sandbox.program(&self.program, &arguments);
        // The Java SDK takes the profile from the environment alone.
        if self.name == "java" { run.env("AWS_PROFILE", profile).run() } else { run.run() }
    }
}

#[test]
fn every_client_gets_the_key_and_the_role_of_linked_profiles() {
    for client in CLIENTS.into_iter().filter_map(client) {
        let name = client.name;
        // What people do: a key stored, a role written by hand as AWS documents it, and both linked.
        let scene = Scene::empty();
        scene.add(&["add", "work", "--stdin", "--yes", "--region", "eu-central-1"]).ok();
        scene.append(&format!(
            "\n[profile deploy]\nregion = eu-central-1\nrole_arn = {}\nsource_profile = work\nduration_seconds = 7200\n",
            scene.deploy.max_session(7200).arn()
        ));
        scene.sandbox.keyfob(&["profile", "link", "deploy"]).run().ok();
        let failed = client.run(&scene, "work");
        assert!(failed.code != Some(0) && failed.stdout.is_empty(), "{name}: nobody is there to be asked for a code");

        scene.credential_process_with_code("work", &scene.phone.code()).ok();
        scene.aws.forget_requests();
        for _ in 0..2 {
            let ran = client.run(&scene, "work");
            assert_eq!(ran.ok().trim(), scene.ann.arn(), "{name}");
        }
        assert_eq!(scene.actions(), ["GetCallerIdentity"; 2], "{name} asks keyfob, and keyfob has a session");

        // Straight from the key, with a code of its own, since it is for more than an hour.
        scene.credential_process_with_code("deploy", &scene.phone.code()).ok();
        scene.aws.forget_requests();
        let ran = client.run(&scene, "deploy");
        assert!(ran.ok().starts_with("arn:aws:sts::111122223333:assumed-role/deploy/"), "{name}: {}", ran.stdout);
        assert_eq!(scene.actions(), ["GetCallerIdentity"], "{name} does not assume the role by itself");
    }
}
