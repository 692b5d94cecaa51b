//! Who shares a cached session, how many fit, what is served where none can be made, and who reads the kernel's copy of the
//! sealing key.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use keyfob::timestamp::Timestamp;

use crate::scene::{Scene, fails, key_id};
use crate::support::aws::Fault;
use crate::support::leaks::Shows;
use crate::support::secret_service::SecretService;
use crate::support::tools;

#[test]
fn profiles_in_other_regions_share_the_mfa_session_and_every_hop() {
    let scene = Scene::new();
    scene.warm();
    let (audit, deploy) = (scene.audit.arn(), scene.deploy.arn());
    let read = scene.aws.role("read").trusts(&deploy).arn();
    scene.append(&format!(
        "[profile deploy-us]\nregion = us-west-2\nrole_arn = {deploy}\nsource_profile = work\n\
         [profile audit-us]\nregion = us-west-2\nrole_arn = {audit}\nsource_profile = deploy-us\nexternal_id = audit-42\n\
         [profile read-ap]\nregion = ap-south-1\nrole_arn = {read}\nsource_profile = deploy-us\n"
    ));
    for (profile, same) in [("deploy-us", "deploy"), ("audit-us", "audit")] {
        let ids = [profile, same].map(|profile| key_id(&scene.credential_process(profile).json()));
        assert_eq!(ids[0], ids[1], "{profile}");
    }
    assert_eq!(scene.actions(), Vec::<String>::new());
    key_id(&scene.credential_process("read-ap").json());
    assert_eq!(scene.actions(), ["AssumeRole"], "its own hop alone");
    // What is edited is another session, and what it goes through is shared still.
    scene.edit(&read, &scene.aws.role("write").trusts(&deploy).arn());
    let ran = scene.credential_process("read-ap");
    assert_eq!(scene.actions(), ["AssumeRole", "AssumeRole"]);
    let listed = scene.sandbox.keyfob(&["exec", "read-ap", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID"]).run();
    assert_eq!(listed.ok().trim(), key_id(&ran.json()));
}

/// What `explain` says of a profile: with the kernel's copy of the sealing key, and where the kernel refuses it.
fn explained(scene: &Scene, profile: &str, strace: Option<&std::path::Path>) -> serde_json::Value {
    let words = ["keyfob", "explain", profile, "--json"];
    let refused = ["-f", "-qq", "-o", "/dev/null", "-e", "inject=add_key,keyctl,request_key:error=ENOSYS"];
    match strace {
        Some(strace) => scene.sandbox.program(strace, &[&refused[..], &words].concat()).run().json(),
        None => scene.sandbox.keyfob(&words[1..]).run().json(),
    }
}

#[test]
fn explain_and_list_say_what_a_run_then_does_with_the_kernels_copy_of_the_sealing_key_and_without() {
    let strace = tools::require_strace();
    let mut scene = Scene::new();
    let checked = if keyfob::sys::kernel_keyring::get("keyfob:test").is_ok() { "checked" } else { "headers" };
    // Needs a code, and is cached until the end of what is served. Nothing is unlocked for it.
    let said = |scene: &Scene, profile: &str| {
        let mut said = explained(scene, profile, None);
        assert_eq!(said["needs_sign_in"], false, "{said}");
        if scene.aws.count("AssumeRole") == 0 && said["cache"] == "headers" {
            said["cache"] = checked.into();
        }
        assert_eq!(said["cache"], checked, "{said}");
        if let Some(strace) = &strace {
            let mut by_header = explained(scene, profile, Some(strace));
            assert_eq!(by_header["cache"], "headers", "{by_header}");
            by_header["cache"] = checked.into();
            assert_eq!(by_header, said);
        }
        let listed = scene.sandbox.keyfob(&["list", "--json"]).run().json();
        let line = listed["profiles"].as_array().expect("a list").iter().find(|line| line["name"] == profile);
        let line = line.expect("listed").clone();
        assert_eq!(line["session_expires"], said["cached_until"], "{line}");
        let is_due = line["code_due"]
            .as_str()
            .is_some_and(|due| due <= Timestamp::from_unix(scene.aws.now()).to_string().as_str());
        assert_eq!(Some(is_due), said["needs_code"].as_bool(), "{line}");
        assert_eq!(scene.actions(), Vec::<String>::new());
        (said["needs_code"].clone(), said["cached_until"].clone())
    };
    let (yes, no, none) = (serde_json::Value::from(true), serde_json::Value::from(false), serde_json::Value::Null);
    scene.sandbox.keyfob(&["clear"]).run().ok();
    for profile in ["work", "deploy", "audit"] {
        assert_eq!(said(&scene, profile), (yes.clone(), none.clone()), "{profile}");
        fails(&scene.credential_process(profile), 3, "MFA code");
    }
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    scene.aws.forget_requests();
    for profile in ["work", "deploy", "audit"] {
        let (needs_code, until) = said(&scene, profile);
        let served = scene.credential_process(profile).json();
        assert_eq!((needs_code, &until), (no.clone(), &served["Expiration"]), "{profile}");
        assert_eq!(scene.actions(), Vec::<String>::new(), "{profile} is served");
    }
    // Edited: another session, over the same MFA session.
    let before = scene.sandbox.read(".aws/config");
    scene.append("[profile other]\nrole_session_name = other\n");
    scene.append(&format!("role_arn = {}\nsource_profile = work\n", scene.deploy.arn()));
    assert_eq!(said(&scene, "other"), (no.clone(), none.clone()));
    key_id(&scene.credential_process("other").json());
    assert_eq!(scene.actions(), ["AssumeRole"]);
    scene.aws.forget_requests();
    // Another device of the same user.
    let second = scene.ann.mfa("ann-second");
    scene.append(&format!("mfa_serial = {}\n", second.serial()));
    assert_eq!(said(&scene, "other"), (yes.clone(), none.clone()));
    fails(&scene.credential_process("other"), 3, "MFA code");
    scene.append(&format!("mfa_process = printf {}\n", second.code()));
    assert_eq!(said(&scene, "other"), (yes.clone(), none.clone()));
    let served = scene.credential_process("other").json();
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole"]);
    scene.aws.forget_requests();
    assert_eq!(said(&scene, "other"), (no.clone(), served["Expiration"].clone()));
    // A device that is named only after a role was used without one.
    let plain = scene.aws.role("plain").trusts(&scene.ann.arn()).arn();
    let key = before.replace("mfa_serial", "# mfa_serial");
    scene.sandbox.write(".aws/config", &format!("{key}[profile n]\nrole_arn = {plain}\nsource_profile = work\n"));
    key_id(&scene.credential_process("n").json());
    scene.aws.forget_requests();
    assert_eq!(said(&scene, "n").0, no);
    scene.sandbox.write(".aws/config", &scene.sandbox.read(".aws/config").replace("# mfa_serial", "mfa_serial"));
    assert_eq!(said(&scene, "n"), (no.clone(), none.clone()), "the MFA session is still there");
    scene.sandbox.keyfob(&["clear", "work"]).run().ok();
    assert_eq!(said(&scene, "n"), (yes, none));
    fails(&scene.credential_process("n"), 3, "MFA code");
    // With nothing that could open the vault.
    scene.sandbox.write(".aws/config", &before);
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code_at(1)).json());
    scene.aws.forget_requests();
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    assert_eq!(said(&scene, "deploy").0, no);
}

#[test]
fn among_thousands_of_profiles_each_answer_is_as_it_is_among_three() {
    let scene = Scene::new();
    // Between them and after them, so that a chain leads to and fro.
    let between = scene.many_profiles("r", 3_000) + "\n[profile deploy]";
    scene.edit("[profile deploy]", &between);
    scene.append(&scene.many_profiles("more", 3_000));
    scene.warm();
    let id = key_id(&scene.credential_process("audit").json());
    let deploy = key_id(&scene.credential_process("deploy").json());
    assert_eq!(key_id(&scene.credential_process("more2999").json()), key_id(&scene.credential_process("r0").json()));
    assert_eq!(scene.actions(), Vec::<String>::new());
    let shown = scene.sandbox.keyfob(&["exec", "audit", "--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_REGION"]).run();
    assert_eq!(shown.ok().trim(), format!("{id} eu-central-1"));
    // What is edited is seen, and what is wrong is named with its line, in a profile that was not asked for too.
    scene.edit(&scene.audit.arn(), &scene.aws.role("other").trusts(&scene.deploy.arn()).arn());
    assert_ne!(key_id(&scene.credential_process("audit").json()), id);
    assert_eq!(scene.actions(), ["AssumeRole"]);
    assert_eq!(key_id(&scene.credential_process("deploy").json()), deploy);
    let stderr = fails(&scene.credential_process("more299x"), 6, "`more299x`");
    assert!(stderr.contains("more299"), "{stderr}");
    let lines = scene.sandbox.read(".aws/config").lines().count();
    scene.append("[profile broken]\nregion\n");
    fails(&scene.credential_process("deploy"), 6, &format!("config:{}: Expected an '=' sign", lines + 2));
}

#[test]
fn a_key_among_thousands_in_plain_text_is_used() {
    let scene = Scene::empty();
    let mut keys = String::new();
    for number in 0..3_000 {
        write!(keys, "[k{number}]\naws_access_key_id = AKIA{number:016}\naws_secret_access_key = none\n\n")
            .expect("a text");
    }
    let key = format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", scene.key.id, scene.key.secret);
    scene.sandbox.write(".aws/credentials", &format!("{keys}{key}{}", keys.replace("[k", "[other")));
    let config = format!(
        "[profile work]\nregion = eu-west-1\n[profile deploy]\nrole_arn = {}\nsource_profile = work\n",
        scene.deploy.arn()
    );
    scene.sandbox.write(".aws/config", &format!("{config}mfa_serial = {}\n", scene.phone.serial()));
    let ran = scene.credential_process_with_code("deploy", &scene.phone.code());
    key_id(&ran.json());
    assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole"]);
}

#[test]
fn an_aws_file_that_is_a_pipe_is_read_once() {
    let Some(bash) = tools::require("bash") else { return };
    let scene = Scene::new();
    scene.warm();
    let id = key_id(&scene.credential_process("audit").json());
    let piped = |profile: &str| {
        let line = format!("AWS_CONFIG_FILE=<(cat $HOME/.aws/config) exec keyfob credential-process {profile}");
        scene.sandbox.program(&bash, &["-c", &line]).run()
    };
    assert_eq!(key_id(&piped("audit").json()), id);
    fails(&piped("nobody"), 6, "there is no profile `nobody`");
}

#[test]
fn five_hundred_sessions_of_4_kb_fit_and_each_is_found_again() {
    const NUMBER: usize = 500;
    let Some(service) = SecretService::start() else { return };
    let scene = Scene::empty_over(&service);
    scene.prepare();
    scene.aws.set_token_length(4096);
    scene.credential_process_with_code("deploy", &scene.phone.code()).ok();
    let mut profiles = String::new();
    for number in 1..=NUMBER {
        let role = scene.aws.role(&format!("r{number}")).trusts(&scene.deploy.arn()).arn();
        writeln!(profiles, "[profile r{number}]\nrole_arn = {role}\nsource_profile = deploy").expect("a text");
    }
    scene.append(&profiles);
    scene.aws.forget_requests();
    let all = |file: &str| {
        let each = format!("seq {NUMBER} | xargs -P4 -I@ keyfob -q credential-process r@ >{file}");
        scene.sandbox.program("/bin/sh", &["-c", &each]).run().ok();
        scene.sandbox.may_hold_secrets(file);
        let mut answers: Vec<String> = scene.sandbox.read(file).lines().map(str::to_owned).collect();
        answers.sort_unstable();
        assert!(answers.iter().all(|answer| answer.len() > 4096));
        answers
    };
    let made = all("made");
    assert_eq!((made.len(), scene.aws.count("AssumeRole")), (NUMBER, NUMBER));
    assert_eq!(all("cached"), made);
    assert_eq!(scene.aws.requests().len(), NUMBER, "the second time AWS is not asked");
    let forgotten = scene.sandbox.keyfob(&["clear", "--json"]).run().json();
    // `deploy` has two of its own.
    assert_eq!(forgotten["sessions_forgotten"], NUMBER + 2);
}

#[test]
fn an_aws_that_does_not_answer_costs_three_seconds_and_not_each_time() {
    let mut scene = Scene::new();
    scene.warm();
    let id = key_id(&scene.credential_process("audit").json());
    let Some(()) = scene.sandbox.pass_time(3000) else { return };
    scene.aws.faults("*", 100, Fault::Slow(Duration::from_mins(1)));
    let started = Instant::now();
    let ran = scene.credential_process("audit");
    let took = started.elapsed();
    assert_eq!(key_id(&ran.json()), id);
    assert!(ran.stderr.contains("warning: the session of `audit` expires at"), "{}", ran.stderr);
    // With room for a busy machine; an answer would take a minute.
    assert!((Duration::from_millis(2500)..Duration::from_secs(20)).contains(&took), "{took:?}");
    scene.aws.forget_requests();
    for _ in 0..3 {
        let ran = scene.credential_process("audit");
        assert_eq!(key_id(&ran.json()), id);
        assert!(ran.stderr.contains("warning: the session of `audit` expires at"), "{}", ran.stderr);
    }
    assert_eq!(scene.actions(), Vec::<String>::new(), "the failure is remembered");
}

#[test]
fn with_nobody_to_ask_a_usable_session_is_served_unless_more_is_asked_for() {
    let mut scene = Scene::new();
    let id = key_id(&scene.credential_process_with_code("work", &scene.phone.code()).json());
    // Of twelve hours ten minutes are left.
    let Some(()) = scene.sandbox.pass_time(11 * 3600 + 50 * 60) else { return };
    let ran = scene.credential_process("work");
    assert_eq!(key_id(&ran.json()), id);
    assert!(ran.stderr.contains("warning: the session of `work` expires at"), "{}", ran.stderr);
    let at_least = |time: &str| scene.sandbox.keyfob(&["credential-process", "work", "--min-ttl", time]).run();
    let ran = at_least("5m");
    assert_eq!(key_id(&ran.json()), id);
    assert!(!ran.stderr.contains("warning"), "{}", ran.stderr);
    fails(&at_least("15m"), 3, "MFA code");
    fails(&at_least("13h"), 2, "`--min-ttl 13h` is not possible: the credentials of `work` last only 12h");
    let Some(()) = scene.sandbox.pass_time(9 * 60 + 30) else { return };
    fails(&scene.credential_process("work"), 3, "MFA code");
}

#[test]
fn a_cache_folder_that_cannot_be_made_is_a_warning_with_the_kernel_keyring_and_without() {
    let mut scene = Scene::new();
    for (number, folder) in ["/proc/keyfob", "/dev/null/keyfob"].into_iter().enumerate() {
        scene.sandbox.set("KEYFOB_CACHE_DIR", folder);
        let code = scene.phone.code_at(i64::try_from(number).expect("small"));
        let ran = scene.credential_process_with_code("audit", &code);
        key_id(&ran.json());
        assert!(ran.stderr.contains("warning: ") && ran.stderr.contains(folder), "{}", ran.stderr);
        scene.sandbox.keyfob(&["list"]).run().ok();
    }
}

#[test]
fn clear_all_locks_the_vault_and_makes_its_sessions_worthless() {
    let mut scene = with_passphrase_file("FAKE passphrase in a file");
    scene.warm();
    let id = key_id(&scene.credential_process("audit").json());
    scene.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    fails(&scene.credential_process("audit"), 3, "passphrase");
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path("passphrase"));
    assert_ne!(key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json()), id);
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
}

/// A vault that a passphrase in a file opens, with the scene prepared.
fn with_passphrase_file(passphrase: &str) -> Scene {
    let mut scene = Scene::empty();
    scene.sandbox.keep_secret(passphrase, "passphrase");
    scene.sandbox.unset("KEYFOB_IDENTITY_FILE");
    let file = scene.sandbox.write("passphrase", passphrase);
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", &file);
    scene.prepare();
    scene
}

/// As an ordinary user where this one is root, who may read any keyring: a user with no session keyring of its own, as in
/// cron, and with the right to get to its home wherever the tests run.
fn ordinary_user(scene: &Scene) -> Vec<&'static str> {
    if !rustix::process::geteuid().is_root() {
        return Vec::new();
    }
    let home = scene.sandbox.home().to_str().expect("UTF-8");
    scene.sandbox.program("chown", &["-R", "54321:54321", home]).run().ok();
    let capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"];
    [&["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"][..], &capability].concat()
}

#[test]
fn every_process_of_the_user_reads_the_kernels_copy_for_as_long_as_is_set() {
    if keyfob::sys::kernel_keyring::get("keyfob:test").is_err() {
        return tools::skipped("the kernel keyring is refused here");
    }
    for program in ["keyctl", "setpriv", "setsid"] {
        let Some(_) = tools::require(program) else { return };
    }
    let mut scene = with_passphrase_file("FAKE passphrase of an ordinary user");
    // What was unlocked so far is another user's, and stays for its ten minutes if it is not taken back.
    scene.sandbox.keyfob(&["clear", "--all"]).run().ok();
    let user = ordinary_user(&scene);
    let run = |scene: &Scene, surroundings: &[&str], code: &str, arguments: &[&str]| {
        let words = [&user[..], surroundings, &["keyfob"], arguments].concat();
        let run = scene.sandbox.program(words[0], &words[1..]).env("KEYFOB_MFA_CODE", code);
        if arguments[0] == "clear" { run.shows(Shows::Nothing).run() } else { run.run() }
    };
    let get = ["credential-process", "audit"];
    let id = key_id(&run(&scene, &[], &scene.phone.code(), &get).json());
    // Locked from here on, but for what the kernel holds.
    scene.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
    let variables: Vec<String> = scene
        .sandbox
        .env()
        .iter()
        .filter(|(name, _)| {
            name.to_string_lossy().starts_with("KEYFOB_")
                || *name == "AWS_ENDPOINT_URL"
                || *name == "HOME"
                || *name == "PATH"
        })
        .map(|(name, value)| format!("{}={}", name.to_string_lossy(), value.to_string_lossy()))
        .collect();
    let cron: Vec<&str> = ["env", "-i"].into_iter().chain(variables.iter().map(String::as_str)).collect();
    let surroundings: [&[&str]; 5] = [
        &[],
        &["setsid", "--wait"],
        // As a login over SSH has one.
        &["keyctl", "session", "-"],
        &["keyctl", "session", "of its own", "setsid", "--wait"],
        &cron,
    ];
    for words in surroundings {
        assert_eq!(key_id(&run(&scene, words, "", &get).json()), id, "{words:?}");
    }
    // And one of them makes what the others read.
    run(&scene, &["keyctl", "session", "-"], "", &["clear", "--all"]).ok();
    fails(&run(&scene, &[], "", &get), 3, "passphrase");
    scene.sandbox.set("KEYFOB_PASSPHRASE_FILE", scene.sandbox.path("passphrase"));
    scene.sandbox.set("KEYFOB_UNLOCK_TIME", "4s");
    run(&scene, &["keyctl", "session", "-"], &scene.phone.code(), &get).ok();
    let unlocked = Instant::now();
    scene.sandbox.unset("KEYFOB_PASSPHRASE_FILE");
    let soon = run(&scene, &["setsid", "--wait"], "", &get);
    if unlocked.elapsed() < Duration::from_secs(2) {
        key_id(&soon.json());
    }
    std::thread::sleep(Duration::from_millis(5100).saturating_sub(unlocked.elapsed()));
    fails(&run(&scene, &[], "", &get), 3, "passphrase");
}

#[test]
fn however_the_kernel_refuses_the_key_store_is_asked_and_all_works() {
    let Some(strace) = tools::require_strace() else { return };
    let Some(service) = SecretService::start() else { return };
    for error in ["ENOSYS", "EACCES", "EDQUOT"] {
        for scene in [Scene::empty(), Scene::empty_over(&service)] {
            scene.prepare();
            let inject = format!("inject=add_key,keyctl,request_key:error={error}");
            let run = |code: &str| {
                let words = ["-f", "-qq", "-o", "/dev/null", "-e", &inject, "keyfob", "credential-process", "audit"];
                scene.sandbox.program(&strace, &words).env("KEYFOB_MFA_CODE", code).run()
            };
            let id = key_id(&run(&scene.phone.code()).json());
            let again = run("");
            assert_eq!(key_id(&again.json()), id, "{error}");
            assert_eq!(again.stderr, "", "{error}: no reason to bother anybody");
            assert_eq!(scene.actions(), ["GetSessionToken", "AssumeRole", "AssumeRole"], "{error}");
        }
    }
}
