//! `--role` without a profile: the role is assumed with what the environment has.

use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::{Scene, fails};
use crate::support::aws::LoopbackAws;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;

/// What a command sees that `exec` starts.
const SEEN: &str = "echo \"$(printenv AWS_ACCESS_KEY_ID | cut -c1-4) ${KEYFOB_PROFILE-none} ${AWSU_PROFILE-none}\"";

/// A machine with no AWS file and no stored key, where these variables are set.
fn machine(variables: &[(&str, &str)]) -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let mut sandbox = Sandbox::new(KEYFOB, &aws);
    sandbox.set("AWS_REGION", "eu-central-1");
    for (name, value) in variables {
        sandbox.set(name, value);
    }
    (aws, sandbox)
}

fn exec(sandbox: &Sandbox, options: &[&str]) -> Ran {
    sandbox.keyfob(&[&["exec"], options, &["--", "sh", "-c", SEEN]].concat()).run()
}

#[test]
fn a_key_in_the_environment_assumes_the_role_and_it_is_said() {
    let (aws, mut sandbox) = machine(&[]);
    let ann = aws.user("ann");
    let (key, role) = (ann.access_key(), aws.role("deploy").trusts(&ann.arn()).arn());
    sandbox.set("AWS_ACCESS_KEY_ID", &key.id);
    sandbox.set("AWS_SECRET_ACCESS_KEY", &key.secret);
    let ran = exec(&sandbox, &["--role", &role]);
    assert_eq!(ran.ok(), "ASIA none none\n");
    let said = "no profile is named, so the role is assumed with what `AWS_ACCESS_KEY_ID` gives";
    assert!(ran.stderr.contains(said), "{}", ran.stderr);
    assert!(exec(&sandbox, &["--role", "111122223333:deploy"]).ok().starts_with("ASIA"));
    let printed = sandbox.keyfob(&["credential-process", "--role", &role]).run();
    assert!(printed.json()["AccessKeyId"].as_str().expect("a text").starts_with("ASIA"));
    assert!(printed.stderr.contains(said), "{}", printed.stderr);
    let lines = sandbox.keyfob(&["env", "--role", &role, "--shell", "json"]).run().json();
    assert!(lines["AWS_SESSION_TOKEN"].is_string() && lines["KEYFOB_PROFILE"].is_null(), "its names alone");
    // A profile that is named counts.
    sandbox.set("AWS_PROFILE", "nobody");
    fails(&exec(&sandbox, &["--role", &role]), 6, "there is no profile `nobody`");
}

#[test]
fn a_token_is_exchanged_for_the_role_itself_or_for_the_one_of_the_environment_first() {
    let (aws, mut sandbox) = machine(&[]);
    let role = aws.role("app").trusts("oidc:pod");
    let next = aws.role("next").trusts(&role.arn());
    let token = sandbox.write("token", &aws.web_token("pod", "sts.amazonaws.com", 36_000));
    sandbox.set("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    let ran = exec(&sandbox, &["--role", &role.arn(), "--session-name", "by-hand"]);
    assert_eq!(ran.ok(), "ASIA none none\n");
    assert!(ran.stderr.contains("with what `AWS_WEB_IDENTITY_TOKEN_FILE` gives"), "{}", ran.stderr);
    assert_eq!(aws.last("AssumeRoleWithWebIdentity").param("RoleSessionName"), Some("by-hand"));
    assert_eq!(aws.count("AssumeRole"), 0);
    let refused = exec(&sandbox, &["--role", &role.arn(), "--external-id", "from-hand"]);
    fails(&refused, 2, "`--external-id` cannot be used");
    sandbox.set("AWS_ROLE_ARN", role.arn());
    exec(&sandbox, &["--role", &next.arn(), "--session-name", "by-hand"]).ok();
    assert_eq!(aws.last("AssumeRole").param("RoleArn"), Some(&*next.arn()));
    sandbox.set("AWS_ROLE_ARN", "x\nrole_arn = y");
    fails(&exec(&sandbox, &["--role", &next.arn()]), 6, "`AWS_ROLE_ARN` is not a role's ARN");
}

#[test]
fn a_workflow_of_github_and_a_container_assume_the_role_too() {
    let (aws, mut sandbox) = machine(&[("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "FAKEgithub-request-token")]);
    let role = aws.role("release").trusts("oidc:repo:corp/app");
    sandbox.keep_secret("FAKEgithub-request-token", "token of the runner");
    sandbox.set("ACTIONS_ID_TOKEN_REQUEST_URL", format!("{}/github?api-version=2", aws.url()));
    let ran = exec(&sandbox, &["--role", &role.arn()]);
    assert_eq!(ran.ok(), "ASIA none none\n");
    assert!(ran.stderr.contains("with what `ACTIONS_ID_TOKEN_REQUEST_URL` gives"), "{}", ran.stderr);

    let (_, sandbox) = machine(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://203.0.113.1/x")]);
    let refused = exec(&sandbox, &["--role", "111122223333:deploy"]);
    assert!(fails(&refused, 6, "AWS_CONTAINER_CREDENTIALS_FULL_URI").contains("neither an `https` URL"));
}

#[test]
fn an_ai_agent_gets_what_the_profile_says_and_never_less_in_silence() {
    let scene = Scene::new();
    scene.warm();
    let run = |words: &[&str]| scene.sandbox.keyfob(words).env("CLAUDECODE", "1").run();
    let narrowed = |ran: &Ran| ran.stdout.trim() == "[\"read_only\"]";
    let show = ["exec", "deploy", "--", "sh", "-c", "echo $KEYFOB_NARROW"];
    let ran = run(&show);
    assert_eq!(ran.ok(), "\n", "the same, unless it is set");
    let hint = "keyfob profile set deploy keyfob_agents read-only";
    let explained = run(&["explain", "deploy"]);
    assert!(explained.ok().contains("`CLAUDECODE` is set") && explained.stderr.contains(hint), "{}", explained.stderr);
    let plain = scene.sandbox.keyfob(&["explain", "deploy"]).run();
    assert!(!plain.ok().contains("AI agent") && !plain.stderr.contains(hint), "a person hears nothing of it");

    scene.sandbox.keyfob(&["profile", "set", "deploy", "keyfob_agents", "read-only"]).run().ok();
    let person = scene.sandbox.keyfob(&show).run();
    assert!(!narrowed(&person), "{}", person.stdout);
    let agent = run(&show);
    assert!(narrowed(&agent), "{}", agent.ok());
    assert!(
        agent.stderr.contains("warning: the credentials of `deploy` can change nothing, since `CLAUDECODE` is set")
    );
    let key_of = |ran: Ran| ran.json()["AccessKeyId"].clone();
    let (of_agent, of_person) =
        (key_of(run(&["credential-process", "deploy"])), key_of(scene.credential_process("deploy")));
    assert_ne!(of_agent, of_person, "no session is shared");
    assert_eq!(key_of(run(&["credential-process", "deploy"])), of_agent);
    let session = run(&["explain", "deploy", "--json"]).json();
    assert_eq!(session["narrowed"]["read_only"], true);

    scene.sandbox.keyfob(&["profile", "set", "deploy", "keyfob_agents", "ask"]).run().ok();
    assert!(!narrowed(&scene.sandbox.keyfob(&show).run()));
    fails(&run(&show), 3, "consent to issue the credentials of `deploy` to an AI agent is needed");
    fails(&run(&["console", "deploy", "--url"]), 3, "consent to issue");
    let answered = |answer: &str| {
        let asked = scene.sandbox.keyfob(&["exec", "deploy", "--", "echo", "issued"]).env("CLAUDECODE", "1");
        let mut terminal = asked.on_terminal();
        terminal.expect("wants the credentials of `deploy`; issue them?");
        terminal.type_line(answer);
        terminal.finish()
    };
    assert!(answered("y").1.contains("issued"));
    let (ran, shown) = answered("n");
    assert!(ran.code != Some(0) && !shown.contains("issued\n"), "{shown}");
    let wrong = scene.sandbox.keyfob(&["profile", "set", "deploy", "keyfob_agents", "never"]).run();
    assert!(wrong.ends_with(2).contains("expected `same`, `read-only` or `ask`"), "{}", wrong.stderr);
}

#[test]
fn forty_narrowed_and_plain_runs_at_once_share_no_session() {
    let scene = Scene::new();
    scene.credential_process_with_code("work", &scene.phone.code()).ok();
    let forms: [&[&str]; 4] = [
        &[],
        &["--read-only"],
        &["--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess"],
        &["--policy-arn", "arn:aws:iam::aws:policy/AdministratorAccess", "--read-only"],
    ];
    let runs: Vec<_> = (0..40)
        .map(|n: usize| scene.sandbox.keyfob(&[&["credential-process", "deploy"], forms[n % 4]].concat()).start())
        .collect();
    let mut keys = [const { std::collections::BTreeSet::new() }; 4];
    for (n, run) in runs.into_iter().enumerate() {
        keys[n % 4].insert(run.finish().json()["AccessKeyId"].to_string());
    }
    assert!(keys.iter().all(|keys| keys.len() == 1), "each form has one session: {keys:?}");
    let all: std::collections::BTreeSet<_> = keys.iter().flatten().collect();
    assert_eq!(all.len(), 4, "{keys:?}");
}
