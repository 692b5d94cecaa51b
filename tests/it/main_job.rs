//! The main job, end to end: a stored access key becomes the credentials of a role two hops away behind MFA.

use crate::scene::{ADD, Scene, fails, key_id};
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;
use crate::support::tools;

/// Everything a person does with one key, in the order they do it.
fn story(scene: &Scene, backend: &str) {
    let Scene { aws, sandbox, key, phone, .. } = scene;

    let added = scene.add(ADD);
    assert_eq!(added.ok(), "");
    assert!(added.stderr.contains("arn:aws:iam::111122223333:user/ann"), "{}", added.stderr);
    assert_eq!(scene.actions(), ["GetCallerIdentity", "ListMFADevices", "ListAccessKeys"]);
    let config = sandbox.read(".aws/config");
    for line in
        ["[profile work]", "region = eu-central-1", &format!("mfa_serial = {}", phone.serial()), &scene.link("work")]
    {
        assert!(config.lines().any(|there| there == line), "no {line:?} in:\n{config}");
    }
    scene.prepare();
    assert!(scene.sandbox.read(".aws/config").starts_with(&config), "the same key again changes nothing");

    let explained = sandbox.keyfob(&["explain", "audit", "--json"]).run().json();
    assert_eq!(explained["version"], 1);
    assert_eq!(explained["base"]["profile"], "work");
    assert_eq!(explained["base"]["key_id"], key.id.as_str());
    assert_eq!(explained["base"]["backend"], backend);
    assert_eq!(explained["mfa"]["spent_in"], "session");
    assert_eq!(explained["session"]["duration_seconds"], 43_200);
    assert_eq!(explained["needs_code"], true);
    assert!(explained["cached_until"].is_null());
    let roles: Vec<&str> =
        explained["hops"].as_array().expect("hops").iter().filter_map(|hop| hop["role_arn"].as_str()).collect();
    assert_eq!(roles, [scene.deploy.arn(), scene.audit.arn()]);
    assert!(sandbox.keyfob(&["explain", "audit"]).run().ok().contains(&scene.audit.arn()));
    assert_eq!(scene.actions().len(), 0, "`explain` asks AWS nothing");

    // Cold: one MFA session and a call a hop, over one connection.
    let cold = scene.credential_process_with_code("audit", &phone.code()).json();
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    assert_eq!(aws.connections(), 1);
    assert_eq!(cold["AccountId"], "444455556666");
    assert!(aws.requests().iter().all(|request| request.succeeded()));

    // Warm: nothing is asked, of AWS or of anybody, whoever wants it.
    let id = key_id(&cold);
    assert_eq!(key_id(&scene.credential_process("audit").json()), id);
    let shown = sandbox.keyfob(&["env", "audit", "--shell", "bash"]).run();
    assert!(shown.ok().contains(&id));
    let script = r#"echo "$AWS_ACCESS_KEY_ID $AWS_REGION $KEYFOB_PROFILE"; exit 7"#;
    let child = sandbox.keyfob(&["exec", "audit", "--", "sh", "-c", script]).run();
    assert_eq!((child.code, child.stdout), (Some(7), format!("{id} eu-central-1 audit\n")));
    assert_ne!(key_id(&scene.credential_process("deploy").json()), id, "the hop before has a session of its own");
    assert_eq!(aws.requests().len(), 3);
    let explained = sandbox.keyfob(&["explain", "audit", "--json"]).run().json();
    assert_eq!((&explained["needs_code"], &explained["cached_until"]), (&false.into(), &cold["Expiration"]));

    let listed = sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(listed["version"], 1);
    let profiles = listed["profiles"].as_array().expect("profiles");
    let find = |name: &str| profiles.iter().find(|profile| profile["name"] == name).expect("listed");
    let work = find("work");
    assert_eq!(
        (&work["source"], &work["linked"], &work["account"]),
        (&"key".into(), &true.into(), &"111122223333".into())
    );
    assert_eq!((&work["key"]["id"], &work["key"]["backend"]), (&key.id.as_str().into(), &backend.into()));
    assert_eq!(find("audit")["source"], "role");
    assert_eq!(find("audit")["session_expires"], cold["Expiration"]);
    let text = sandbox.keyfob(&["list"]).run();
    assert!(["work", "deploy", "audit"].iter().all(|name| text.ok().contains(name)), "{}", text.stdout);
    assert!(!text.stdout.contains(&key.id), "on a terminal an id is short");

    // The MFA session outlives the roles': forgetting a role's session costs its call, and no code.
    sandbox.keyfob(&["clear", "deploy"]).run().ok();
    scene.credential_process("deploy").ok();
    assert_eq!(scene.actions()[3..], ["AssumeRole"]);
    assert_eq!(key_id(&scene.credential_process("audit").json()), id, "another profile's session stays");
    sandbox.keyfob(&["clear"]).run().ok();
    fails(&scene.credential_process("audit"), 3, "needs an MFA code and nobody can be asked");
    assert_eq!(aws.requests().len(), 4);

    let removed = sandbox.keyfob(&["remove", "work", "--yes"]).run();
    assert!(removed.ok().is_empty() && removed.stderr.contains("deleted"), "{}", removed.stderr);
    fails(&scene.credential_process("audit"), 6, "work");
    let listed = sandbox.keyfob(&["list", "--json"]).run().json();
    assert!(listed["profiles"][0]["session_expires"].is_null() && listed["profiles"][0]["key"].is_null());
}

#[test]
fn the_main_job_works_with_the_vault() {
    story(&Scene::empty(), "vault");
}

#[cfg(target_os = "linux")]
#[test]
fn the_main_job_works_with_a_real_gnome_keyring() {
    let Some(service) = SecretService::start() else { return };
    story(&Scene::empty_over(&service), "secret-service");
}

#[test]
fn a_profile_without_a_role_hands_out_an_mfa_session_and_never_the_key() {
    let scene = Scene::new();
    let answer = scene.credential_process_with_code("work", &scene.phone.code()).json();
    assert!(key_id(&answer).starts_with("ASIA"));
    assert_eq!(scene.actions(), ["GetSessionToken"]);
    // The roles over it share it.
    scene.credential_process("audit").ok();
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
}

#[test]
fn a_session_token_of_4_kb_goes_everywhere() {
    const LENGTH: usize = 4096;
    let scene = Scene::new();
    scene.aws.set_token_length(LENGTH);
    let cold = scene.credential_process_with_code("audit", &scene.phone.code()).json();
    let token = cold["SessionToken"].as_str().expect("a token");
    assert_eq!(token.len(), LENGTH);
    assert_eq!(scene.credential_process("audit").json(), cold, "from the cache it is the same");
    let shells = ["bash", "fish", "tcsh", "elvish", "nu", "powershell", "cmd", "dotenv", "json"];
    for shell in shells {
        let lines = scene.sandbox.keyfob(&["env", "audit", "--shell", shell]).run();
        assert!(lines.ok().contains(token), "{shell}");
        // `cmd` takes lines of up to 8,191 characters.
        assert!(shell != "cmd" || lines.stdout.lines().all(|line| line.len() < 8191));
    }
    let child = ["exec", "audit", "--", "sh", "-c", "printf %s \"$AWS_SESSION_TOKEN\" | wc -c"];
    assert_eq!(scene.sandbox.keyfob(&child).run().ok().trim(), LENGTH.to_string());
    let Some(aws) = tools::require("aws-cli-1") else { return };
    let client = ["--profile", "audit", "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
    assert!(scene.sandbox.program(aws, &client).run().ok().contains("assumed-role/audit/"));
}

#[test]
fn exec_and_env_say_in_variables_what_the_profile_says() {
    let scene = Scene::new();
    scene.append("[services s]\nsts =\n  endpoint_url = ENDPOINT\n");
    scene.edit("ENDPOINT", &scene.aws.url());
    scene.edit("region = eu-central-1\n", "region = eu-central-1\nservices = s\n");
    let code = scene.phone.code();
    let script = "env | grep -E '^(AWS|KEYFOB_PROFILE)' | sed 's/=.*//' | sort; echo $AWS_ENDPOINT_URL_STS";
    let ran = scene
        .sandbox
        .keyfob(&["exec", "deploy", "--mfa-code", &code, "--", "sh", "-c", script])
        .env("AWS_PROFILE", "other")
        .env("AWS_SECURITY_TOKEN", "old")
        .without_env("AWS_ENDPOINT_URL")
        .run();
    let names: Vec<&str> = ran.ok().lines().collect();
    for gone in ["AWS_PROFILE", "AWS_SECURITY_TOKEN"] {
        assert!(!names.contains(&gone), "{names:?}");
    }
    for there in ["AWS_ACCESS_KEY_ID", "AWS_CREDENTIAL_EXPIRATION", "AWS_REGION", "AWS_SESSION_TOKEN", "KEYFOB_PROFILE"]
    {
        assert!(names.contains(&there), "{names:?}");
    }
    assert_eq!(names.last().copied(), Some(scene.aws.url().as_str()));
}

#[test]
fn a_shell_that_evaluates_env_has_the_credentials_until_it_takes_them_back() {
    let scene = Scene::new();
    scene.warm();
    let script = r#"
        export AWS_PROFILE=deploy
        eval "$(keyfob env)"; echo "$AWS_ACCESS_KEY_ID" "${AWS_PROFILE-none}"
        eval "$(keyfob env)"; echo "$AWS_ACCESS_KEY_ID"
        eval "$(keyfob env --unset)"; echo "${AWS_ACCESS_KEY_ID-none}" "${AWS_SESSION_TOKEN-none}" "$AWS_PROFILE"
    "#;
    let ran = scene.sandbox.program("/bin/sh", &["-c", script]).run();
    let id = key_id(&scene.credential_process("deploy").json());
    assert_eq!(ran.ok(), format!("{id} none\n{id}\nnone none deploy\n"));
    assert_eq!(scene.actions().len(), 0);
}

#[test]
fn the_same_key_for_a_second_profile_leaves_the_sessions_of_the_first() {
    let scene = Scene::new();
    scene.warm();
    // Unchecked, so nothing is known this time of whose it is.
    scene.add(&["add", "other", "--stdin", "--yes", "--no-verify"]).ok();
    key_id(&scene.credential_process("audit").json());
    assert_eq!(scene.actions().len(), 0);
    scene.sandbox.keyfob(&["remove", "other", "--yes"]).run().ok();
    key_id(&scene.credential_process("audit").json());
    assert_eq!(scene.actions().len(), 0);
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_that_moves_to_another_store_leaves_the_first_one() {
    let Some(service) = SecretService::start() else { return };
    let mut scene = Scene::empty();
    scene.prepare();
    scene.sandbox.set("DBUS_SESSION_BUS_ADDRESS", service.address());
    let arguments = [ADD, &["--backend", "secret-service"]].concat();
    scene.add(&arguments).ok();
    let listed = scene.sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(listed["profiles"][0]["key"]["backend"], "secret-service");
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    // Taken out of the keychain, it is nowhere any more.
    scene.sandbox.keyfob(&["remove", "work", "--yes"]).run().ok();
    let identity = scene.sandbox.path("identity.txt").display().to_string();
    let vault = scene.sandbox.path("keyfob/data/vault.age").display().to_string();
    let Some(age) = crate::support::tools::require("age") else { return };
    let opened =
        scene.sandbox.program(age, &["-d", "-i", &identity, &vault]).shows(crate::support::leaks::Shows::Keys).run();
    assert!(!opened.ok().contains(&scene.key.id), "the vault still has the key");
}
