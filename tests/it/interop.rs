//! Real clients that know nothing but `credential_process`, with a role two hops away behind MFA.
//!
//! Debian's AWS CLI 2 is older than `AWS_ENDPOINT_URL`, so it is told the endpoint; keyfob, which it runs, is not.

use std::path::PathBuf;

use crate::scene::Scene;
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;
use crate::support::tools;

/// A program and its arguments that print the caller's ARN.
struct Client {
    program: PathBuf,
    arguments: Vec<String>,
}

const CLIENTS: [&str; 3] = ["aws-cli-1", "aws-cli-2", "python"];

/// One of [`CLIENTS`], or a word that it is skipped.
fn client(name: &str, url: &str) -> Option<Client> {
    let cli = ["--profile", "audit", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    let boto3 = "import boto3; print(boto3.Session(profile_name='audit').client('sts').get_caller_identity()['Arn'])";
    let arguments = match name {
        "python" => vec!["-W", "ignore", "-c", boto3],
        "aws-cli-2" => [&["--endpoint-url", url], &cli[..]].concat(),
        _ => cli.to_vec(),
    };
    let arguments = arguments.into_iter().map(str::to_owned).collect();
    Some(Client { program: tools::require(name)?, arguments })
}

/// Runs a client from a cold cache, on a terminal where the code is typed, and from a warm one, with nobody there.
fn works(scene: &mut Scene, client: &Client) {
    let Client { program, arguments } = client;
    // The AWS CLI would page what it shows on a terminal.
    scene.sandbox.set("AWS_PAGER", "");
    scene.prepare();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let caller = "arn:aws:sts::444455556666:assumed-role/audit/";

    let mut terminal = scene.sandbox.program(program, &arguments).on_terminal();
    terminal.expect("MFA code for profile `audit`");
    terminal.expect("): ");
    terminal.type_line(&scene.phone.code());
    let (ran, seen) = terminal.finish();
    assert!(ran.code == Some(0) && seen.contains(caller), "{}: {seen}", ran.words);
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole", "GetCallerIdentity"], "{}", ran.words);

    scene.aws.forget_requests();
    let ran = scene.sandbox.program(program, &arguments).run();
    assert!(ran.ok().starts_with(caller), "{}", ran.stdout);
    assert_eq!(scene.actions(), ["GetCallerIdentity"], "{}", ran.words);
}

/// What a client shows where keyfob cannot give credentials: its user must be able to act on it.
fn shows_why(scene: &Scene, client: &Client) {
    scene.sandbox.keyfob(&["clear"]).run().ok();
    let arguments: Vec<&str> = client.arguments.iter().map(String::as_str).collect();
    let ran = scene.sandbox.program(&client.program, &arguments).run();
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("run `keyfob exec audit -- true` in a terminal first"), "{}", ran.stderr);
}

#[test]
fn the_aws_clis_and_boto3_work_with_the_vault() {
    for name in CLIENTS {
        let mut scene = Scene::empty();
        let Some(client) = client(name, &scene.aws.url()) else { continue };
        works(&mut scene, &client);
        shows_why(&scene, &client);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_aws_clis_and_boto3_work_with_a_real_gnome_keyring() {
    for name in CLIENTS {
        let Some(service) = SecretService::start() else { return };
        let mut scene = Scene::empty_over(&service);
        let Some(client) = client(name, &scene.aws.url()) else { continue };
        works(&mut scene, &client);
    }
}
