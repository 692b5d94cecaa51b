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

/// One of [`CLIENTS`], for the server at `url`.
fn client(name: &str, program: PathBuf, url: &str) -> Client {
    let cli = ["--profile", "audit", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    let boto3 = "import boto3; print(boto3.Session(profile_name='audit').client('sts').get_caller_identity()['Arn'])";
    let arguments = match name {
        "python" => vec!["-W", "ignore", "-c", boto3],
        "aws-cli-2" => [&["--endpoint-url", url], &cli[..]].concat(),
        _ => cli.to_vec(),
    };
    let arguments = arguments.into_iter().map(str::to_owned).collect();
    Client { program, arguments }
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
    assert!(ran.stderr.contains("start a session in a terminal first"), "{}", ran.stderr);
}

#[test]
fn the_aws_clis_and_boto3_work_with_the_vault() {
    for (name, program) in tools::require_any(&CLIENTS) {
        let mut scene = Scene::empty();
        let client = client(name, program, &scene.aws.url());
        works(&mut scene, &client);
        shows_why(&scene, &client);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn the_aws_clis_and_boto3_work_with_a_real_gnome_keyring() {
    for (name, program) in tools::require_any(&CLIENTS) {
        let Some(service) = SecretService::start() else { return };
        let mut scene = Scene::empty_over(&service);
        let client = client(name, program, &scene.aws.url());
        works(&mut scene, &client);
    }
}

/// A program that runs for longer than its credentials live, as boto3 sees it: it asks keyfob again by itself.
#[test]
fn boto3_renews_by_itself_while_it_runs_and_asks_for_no_code() {
    let Some(python) = tools::require("python") else { return };
    let mut scene = Scene::new();
    scene.warm();
    // 50 minutes later an hour's session is stale, to botocore (15 min) and to keyfob; the MFA session still has 11 h.
    let Some(()) = scene.sandbox.pass_time(3000) else { return };
    let script = "import boto3\n\
                  sts = boto3.Session(profile_name='audit').client('sts')\n\
                  print(len({sts.get_caller_identity()['Arn'] for _ in range(5)}))";
    let ran = scene.sandbox.program(&python, &["-W", "ignore", "-c", script]).run();
    assert_eq!(ran.ok(), "1\n", "{}", ran.stderr);
    let mut calls = scene.actions();
    assert_eq!(calls.split_off(calls.len() - 5), ["GetCallerIdentity"; 5]);
    assert_eq!(calls, ["AssumeRole"], "the last hop alone: what signs it still works");
}

#[test]
fn a_path_with_blanks_and_an_odd_profile_name_are_read_back_by_every_client() {
    let profile = "ann@corp.example/dev+1";
    for (name, program) in tools::require_any(&CLIENTS) {
        let mut scene = Scene::empty();
        let folder = scene.sandbox.path("My Programs (new)");
        std::fs::create_dir(&folder).expect("a folder in the home");
        std::os::unix::fs::symlink(scene.sandbox.path("bin/keyfob"), folder.join("keyfob"))
            .expect("a link in the home");
        let path = scene.sandbox.env().get(std::ffi::OsStr::new("PATH")).expect("set").to_string_lossy().into_owned();
        scene.sandbox.set("PATH", format!("{}:{path}", folder.display()));
        scene.sandbox.set("KEYFOB_MFA_CODE", scene.phone.code());
        let key = format!("{}\n{}\n", scene.key.id, scene.key.secret);
        let add = ["add", profile, "--stdin", "--yes", "--region", "eu-central-1"];
        scene.sandbox.keyfob(&add).stdin(&key).run().ok();
        assert!(scene.sandbox.read(".aws/config").contains("My Programs"), "the first entry on PATH is linked");
        let Client { program, arguments } = client(name, program, &scene.aws.url());
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("audit", profile)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = scene.sandbox.program(program, &arguments).run();
        assert_eq!(ran.ok().trim(), scene.ann.arn(), "{}", ran.stderr);
    }
}

/// A role the client assumes by itself, with a linked profile as its source: what people have before they link roles.
#[test]
fn a_role_left_to_the_client_works_over_a_linked_source() {
    let scene = Scene::new();
    let role = scene.deploy.arn();
    scene.append(&format!("\n[profile plain]\nregion = eu-central-1\nrole_arn = {role}\nsource_profile = work\n"));
    scene.credential_process_with_code("work", &scene.phone.code()).ok();
    // Debian's AWS CLI 2 would assume the role at the real AWS: it knows no endpoint but for the call itself.
    for (name, program) in tools::require_any(&["aws-cli-1", "python"]) {
        let Client { program, arguments } = client(name, program, &scene.aws.url());
        scene.aws.forget_requests();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("audit", "plain")).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ran = scene.sandbox.program(program, &arguments).run();
        assert!(ran.ok().starts_with("arn:aws:sts::111122223333:assumed-role/deploy/"), "{}", ran.stdout);
        assert_eq!(scene.actions(), ["AssumeRole", "GetCallerIdentity"], "{name}");
    }
}
