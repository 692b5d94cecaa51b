//! `keyfob add`: what it takes, what it refuses, what it asks, and what it leaves behind.

use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::scene::Scene;
use crate::support::aws::{AccessKey, LoopbackAws, UserHandle};
use crate::support::sandbox::Sandbox;
#[cfg(target_os = "linux")]
use crate::support::secret_service::SecretService;

fn machine() -> (Arc<LoopbackAws>, Sandbox, UserHandle) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let ann = aws.user("ann");
    (aws, sandbox, ann)
}

fn lines(key: &AccessKey) -> String {
    format!("{}\n{}\n", key.id, key.secret)
}

fn is_untouched(sandbox: &Sandbox) {
    assert!(!sandbox.path("keyfob/data/index.json").exists(), "an index was written");
    assert!(!sandbox.path("keyfob/data/vault.age").exists(), "a vault was written");
}

#[test]
fn a_key_is_checked_stored_and_its_profile_linked_without_touching_another_byte() {
    let (aws, sandbox, ann) = machine();
    let device = ann.mfa("ann");
    let before = "# mine\r\n[profile other]\r\nregion=us-east-1 ; here\r\n\r\n[ profile  work ]\r\noutput = json\r\n";
    sandbox.write(".aws/config", before);
    let added = sandbox.keyfob(&["add", "work", "--stdin", "--region", "eu-west-1", "--yes"]);
    let added = added.stdin(&lines(&ann.access_key())).run();
    assert_eq!(added.ok(), "");
    let account = ann.arn().split(':').nth(4).expect("an ARN has an account").to_owned();
    for said in [ann.arn(), format!("in account {account}"), "as set in `KEYFOB_BACKEND`".into(), "in the vault".into()]
    {
        assert!(added.stderr.contains(&said), "{said}: {}", added.stderr);
    }
    let program = sandbox.path("bin/keyfob");
    let expected = format!(
        "{before}region = eu-west-1\r\ncredential_process = {} credential-process work\r\nmfa_serial = {}\r\n",
        program.display(),
        device.serial()
    );
    assert_eq!(sandbox.read(".aws/config"), expected, "{}", added.stderr);
    assert_eq!(["GetCallerIdentity", "ListMFADevices", "ListAccessKeys"].map(|action| aws.count(action)), [1; 3]);

    let document = sandbox.keyfob(&["credential-process", "work", "--mfa-code", &device.code()]).run().json();
    assert!(document["AccessKeyId"].as_str().expect("an id").starts_with("ASIA"), "{document}");
    let listed = sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(listed["profiles"][1]["key"]["backend"], "vault", "{listed}");
    assert_eq!(listed["profiles"][1]["linked"], true, "{listed}");
}

#[test]
fn the_age_of_a_key_is_counted_from_its_creation_at_aws_or_not_known() {
    let (aws, mut sandbox, old) = machine();
    let listed = |sandbox: &Sandbox| {
        let listed = sandbox.keyfob(&["list", "--json"]).run().json();
        let key = listed["profiles"][0]["key"].clone();
        (key["age_days"].clone(), key["overdue"].clone())
    };
    let add = ["add", "old", "--stdin", "--yes", "--region", "eu-west-1"];
    let key = old.access_key();
    old.set_key_age(&key.id, 1100);
    // Not every user may list keys, and AWS is not always asked.
    old.denied("iam:ListAccessKeys");
    for more in [&[][..], &["--no-verify"]] {
        let added = sandbox.keyfob(&[&add[..], more].concat()).stdin(&lines(&key)).run();
        added.ok();
        assert!(!added.stderr.contains("ListAccessKeys"), "{}", added.stderr);
        assert_eq!(listed(&sandbox), (Value::Null, Value::Null));
        assert!(sandbox.keyfob(&["list"]).run().ok().contains(" vault ?\n"));
        let keys = sandbox.keyfob(&["keys"]).run();
        assert!(keys.ok().contains("  ?  ") && !keys.stdout.contains("overdue"), "{}", keys.stdout);
        let line = sandbox.keyfob(&["keys", "--json"]).run().json()["keys"][0].clone();
        assert_eq!((&line["age_days"], &line["overdue"]), (&Value::Null, &Value::Null));
        assert!(!sandbox.keyfob(&["doctor"]).run().stdout.contains("days old"));
        assert!(!sandbox.keyfob(&[]).run().stderr.contains("overdue"));
        let rotated = sandbox.keyfob(&["rotate", "--all", "--yes"]).run();
        assert!(rotated.ends_with(0).contains("no key is known to be older than 90 days"), "{}", rotated.stderr);
    }
    let old = aws.user("another");
    let key = old.access_key();
    old.set_key_age(&key.id, 1100);
    sandbox.keyfob(&["remove", "old", "--yes"]).run().ok();
    sandbox.keyfob(&add).stdin(&lines(&key)).run().ok();
    // What AWS has told is remembered, whether it can be asked or not.
    for is_there in [true, false] {
        if !is_there {
            sandbox.set("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        }
        assert_eq!(listed(&sandbox), (1100.into(), true.into()));
        assert!(sandbox.keyfob(&["list"]).run().ok().contains("overdue ****"));
        let keys = sandbox.keyfob(&["keys", "--json"]).run();
        keys.ends_with(1);
        let keys: Value = serde_json::from_str(&keys.stdout).expect("JSON");
        assert_eq!((&keys["keys"][0]["age_days"], &keys["keys"][0]["overdue"]), (&1100.into(), &true.into()));
        assert!(sandbox.keyfob(&["doctor"]).run().stdout.contains("is 1100 days old"));
        assert!(sandbox.keyfob(&[]).run().stderr.contains("keyfob rotate old"));
    }
}

#[test]
fn import_learns_how_old_a_key_is() {
    let (aws, sandbox, _) = machine();
    for (name, days) in [("ben", Some(120)), ("cem", None)] {
        let user = aws.user(name);
        let key = user.access_key();
        user.set_key_age(&key.id, 120);
        if days.is_none() {
            user.denied("iam:ListAccessKeys");
        }
        let [id, secret] = [&key.id, &key.secret];
        let text = format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        sandbox.write(".aws/credentials", &text);
        sandbox.keyfob(&["import", name, "--yes"]).run().ok();
        let listed = sandbox.keyfob(&["list", "--json"]).run().json();
        let line = listed["profiles"].as_array().expect("a list").iter().find(|line| line["name"] == name);
        let key = &line.expect("listed")["key"];
        let expected = (serde_json::json!(days), serde_json::json!(days.map(|_| true)));
        assert_eq!((key["age_days"].clone(), key["overdue"].clone()), expected, "{name}");
    }
}

#[test]
fn what_is_no_long_term_key_of_a_user_is_refused_and_leaves_nothing() {
    let (aws, sandbox, ann) = machine();
    let key = ann.access_key();
    let AccessKey { id, secret } = &key;
    let session = id.replacen("AKIA", "ASIA", 1);
    let refused = [
        (format!("{session}\n{secret}\n"), 1, "temporary key"),
        (format!("AIDAIOSFODNN7EXAMPLE\n{secret}\n"), 1, "an access key id begins with"),
        (format!("{secret}\n{id}\n"), 1, "swapped"),
        (format!("{id}\n\n"), 1, "empty"),
        (format!("{id}\n {secret}\n"), 1, "spaces"),
        (format!("{id}\n"), 2, "two lines"),
        (lines(&aws.root().access_key()), 1, "root user"),
        (format!("{id}\n{}\n", "x".repeat(40)), 4, "AWS"),
    ];
    for (input, code, says) in refused {
        let ran = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&input).run();
        let said = ran.ends_with(code);
        assert!(said.contains(says), "{says}: {said}");
        assert!(said.contains("hint: "), "{said}");
    }
    ann.set_active(id, false);
    sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&lines(&key)).run().ends_with(4);
    is_untouched(&sandbox);
    assert!(!sandbox.path(".aws/config").exists(), "a config file was written");
}

#[test]
fn a_root_key_is_stored_only_when_allowed() {
    let (aws, sandbox, _) = machine();
    let input = lines(&aws.root().access_key());
    sandbox.keyfob(&["add", "root", "--stdin", "--allow-root"]).stdin(&input).run().ok();
}

#[test]
fn a_secret_never_comes_in_through_the_command_line_nor_out_through_the_message() {
    let (_, sandbox, ann) = machine();
    let AccessKey { id, secret } = ann.access_key();
    for arguments in [vec!["add", "work", &id, &secret], vec!["add", &secret], vec!["--", &secret]] {
        sandbox.keyfob(&arguments).run().ends_with(2);
    }
    let option = format!("--secret={secret}");
    sandbox.keyfob(&["add", "work", &option]).run().ends_with(2);
    is_untouched(&sandbox);
}

#[test]
fn another_key_takes_a_stored_ones_place_only_when_told_and_the_same_one_is_no_other() {
    let (_, sandbox, ann) = machine();
    let (first, second) = (ann.access_key(), ann.access_key());
    let add = |key: &AccessKey, options: &[&str]| {
        let arguments = [&["add", "work", "--stdin", "--no-link"], options].concat();
        sandbox.keyfob(&arguments).stdin(&lines(key)).run()
    };
    add(&first, &[]).ok();
    let refused = add(&second, &[]);
    assert!(refused.ends_with(1).contains("`keyfob add work --stdin --no-link --replace`"), "{}", refused.stderr);
    add(&first, &[]).ok();
    let replaced = add(&second, &["--replace"]);
    assert!(replaced.ends_with(0).contains(&first.id[16..]), "{}", replaced.stderr);
    let index = sandbox.read("keyfob/data/index.json");
    assert!(index.contains(&second.id) && !index.contains(&first.id), "{index}");
}

#[test]
fn who_may_not_list_devices_stores_a_key_all_the_same_and_is_told_what_its_session_cannot() {
    let (_, sandbox, ann) = machine();
    let ann = ann.denied("iam:ListMFADevices");
    let added = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&lines(&ann.access_key())).run();
    let said = added.ends_with(0);
    let advice = said.find("AWS will refuse its sessions all IAM calls").expect("it is said");
    let stored = said.find("stored ").expect("it is said");
    assert!(advice < stored, "the advice comes first: {said}");
    assert!(said.contains("keyfob_session") && said.contains("mfa_serial ARN"), "{said}");
    assert!(said.contains("could not find out from AWS") && said.contains("keyfob mfa enroll work"), "{said}");
}

#[test]
fn who_has_no_device_is_offered_enrolment_and_nothing_that_wants_a_device() {
    let (_, sandbox, ann) = machine();
    let added = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&lines(&ann.access_key())).run();
    let said = added.ends_with(0);
    assert!(said.contains("enroll an MFA device: `keyfob mfa enroll work`"), "{said}");
    assert!(!said.contains("mfa_serial ARN"), "{said}");
}

#[test]
fn an_option_that_cannot_be_is_a_usage_error_before_aws_is_asked() {
    let (aws, sandbox, ann) = machine();
    let key = lines(&ann.access_key());
    for (option, value, said) in [
        ("--region", "Frankfurt", "`--region`: `Frankfurt` is not a valid region; expected a name like `eu-west-1`"),
        ("--region", "eu west 1", "`--region`: `eu west 1` is not a valid region"),
        ("--mfa-serial", "123456", "`--mfa-serial`: it has 6 characters; AWS accepts 9 to 256"),
        ("--mfa-serial", "my phone!", "`--mfa-serial`: ' ' is not allowed; AWS accepts"),
    ] {
        let ran = sandbox.keyfob(&["add", "work", "--stdin", option, value]).stdin(&key).run();
        assert!(ran.ends_with(2).contains(said), "{}", ran.stderr);
    }
    assert_eq!(aws.requests().len(), 0);
    is_untouched(&sandbox);
}

#[test]
fn a_region_aws_does_not_have_is_refused_and_a_missing_one_is_named() {
    let (_, sandbox, ann) = machine();
    let key = lines(&ann.access_key());
    let add = |name: &str, options: &[&str]| {
        let ran = sandbox.keyfob(&[&["add", name, "--stdin", "--yes"], options].concat()).stdin(&key).run();
        ran.ends_with(0).to_owned()
    };
    let typo = ["add", "typo", "--stdin", "--yes", "--region", "eu-central1", "--no-verify"];
    let ran = sandbox.keyfob(&typo).stdin(&key).run();
    assert!(ran.ends_with(2).contains("`eu-central1` is not a valid region; expected a name like"), "{ran:?}");
    is_untouched(&sandbox);
    let missing =
        "hint: `work` has no region, and most AWS CLI commands need one: `keyfob profile set work region eu-west-1`";
    assert!(add("work", &[]).contains(missing));
    for silent in [add("good", &["--region", "eu-west-2"]), add("work", &["--region", "eu-west-1"]), add("work", &[])] {
        assert!(!silent.contains("region"), "{silent}");
    }
}

#[test]
fn a_refused_key_is_spoken_of_as_what_it_is_a_key_that_was_not_stored() {
    let (aws, sandbox, ann) = machine();
    let (key, other) = (ann.access_key(), aws.user("bob").access_key());
    let wrong_pair = format!("{}\n{}\n", key.id, other.secret);
    let ran = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&wrong_pair).run();
    let said = ran.ends_with(4);
    assert!(said.contains("the secret access key does not belong to `****"), "{said}");
    assert!(said.contains("nothing was stored") && !said.contains("--replace"), "{said}");
    // AWS says SignatureDoesNotMatch here too, and the secret is right.
    aws.expect_sts_region("eu-west-1");
    let ran = sandbox.keyfob(&["add", "work", "--stdin", "--region", "eu-west-9"]).stdin(&lines(&key)).run();
    let said = ran.ends_with(4);
    assert!(said.contains("AWS rejected the region in the signature"), "{said}");
    is_untouched(&sandbox);
}

#[test]
fn with_nobody_there_a_device_is_a_hint_and_a_security_key_is_no_device() {
    let (_, sandbox, ann) = machine();
    let (device, _) = (ann.mfa("ann"), ann.u2f("key"));
    let added = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&lines(&ann.access_key())).run();
    let said = added.ends_with(0);
    assert!(said.contains(&format!("mfa_serial {}", device.serial())), "{said}");
    assert!(said.contains("security key"), "{said}");
    assert!(!said.contains("enroll"), "there is a device already: {said}");
    assert!(!sandbox.read(".aws/config").contains("mfa_serial"));
}

#[test]
fn a_console_file_and_the_environment_bring_a_key_too() {
    let (_, sandbox, ann) = machine();
    let (first, second) = (ann.access_key(), ann.access_key());
    let csv = format!("\u{feff}Access key ID,Secret access key\r\n{},{}\r\n", first.id, first.secret);
    sandbox.write("accessKeys.csv", &csv);
    sandbox.may_hold_secrets("accessKeys.csv");
    sandbox.keyfob(&["add", "one", "--csv", "accessKeys.csv"]).run().ok();
    let from_env = |sandbox: &Sandbox, token: &str| {
        let run = sandbox.keyfob(&["add", "two", "--env"]).env("AWS_ACCESS_KEY_ID", &second.id);
        run.env("AWS_SECRET_ACCESS_KEY", &second.secret).env("AWS_SESSION_TOKEN", token).run()
    };
    assert!(from_env(&sandbox, "fake").ends_with(1).contains("`AWS_SESSION_TOKEN` is set"));
    from_env(&sandbox, "").ok();
    let missing = sandbox.keyfob(&["add", "three", "--csv", "nowhere.csv"]).run();
    assert!(missing.ends_with(1).contains("cannot read nowhere.csv"), "{}", missing.stderr);
    assert!(missing.stderr.contains("hint: `--csv` takes the path"), "{}", missing.stderr);
    sandbox.write("password.csv", "User name,Password,Console sign-in URL\r\nann,fake,https://x\r\n");
    let refused = sandbox.keyfob(&["add", "three", "--csv", "password.csv"]).run();
    assert!(refused.ends_with(1).contains("password.csv: it contains a console password"), "{}", refused.stderr);
}

#[test]
fn lines_to_paste_are_printed_where_the_aws_file_cannot_be_replaced_and_the_key_stays() {
    let (_, sandbox, ann) = machine();
    let add = sandbox.keyfob(&["add", "work", "--stdin", "--region", "eu-west-1"]).env("AWS_CONFIG_FILE", "/dev/null");
    let added = add.stdin(&lines(&ann.access_key())).run();
    let program = sandbox.path("bin/keyfob");
    let expected = format!(
        "[profile work]\nregion = eu-west-1\ncredential_process = {} credential-process work\n",
        program.display()
    );
    assert_eq!(added.stdout, expected, "{}", added.stderr);
    // Stored, and not done: a script can tell.
    assert!(added.ends_with(1).contains("is stored, but the lines on stdout are not in"), "{}", added.stderr);
    assert!(sandbox.read("keyfob/data/index.json").contains("\"work\""));
}

#[test]
fn what_linking_breaks_for_others_is_named_with_file_and_line() {
    let (_, sandbox, ann) = machine();
    ann.mfa("ann");
    sandbox.write(
        ".aws/config",
        "[profile long]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = work\nduration_seconds = 14400\n\
         [profile coded]\nrole_arn = arn:aws:iam::123456789012:role/a\nsource_profile = work\nmfa_serial = m\n",
    );
    sandbox
        .write(".aws/credentials", "[work]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = fake\n");
    let added = sandbox.keyfob(&["add", "work", "--stdin", "--yes"]).stdin(&lines(&ann.access_key())).run();
    let said = added.ends_with(0);
    for named in [
        "config:4: `long` requests more than 1h",
        "config:8: SDKs will ask for a second MFA code for `coded`",
        "credentials:2: SDKs use the plaintext key",
        "delete these lines: ",
    ] {
        assert!(said.contains(named), "{named}: {said}");
    }
}

#[test]
fn a_profile_of_another_program_is_taken_over_only_after_a_yes() {
    let (_, sandbox, ann) = machine();
    let config = "[profile work]\ncredential_process = /usr/bin/other work\n";
    sandbox.write(".aws/config", config);
    let input = lines(&ann.access_key());
    let asked = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&input).run();
    assert!(asked.ends_with(3).contains("config:2"), "{}", asked.stderr);
    assert_eq!(sandbox.read(".aws/config"), config);
    is_untouched(&sandbox);
    let refused = sandbox.keyfob(&["add", "work", "--stdin", "--yes"]).stdin(&input).run();
    assert!(refused.ends_with(1).contains("`keyfob add work --stdin --yes --replace-process`"), "{}", refused.stderr);
    assert_eq!(sandbox.read(".aws/config"), config);
    is_untouched(&sandbox);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes", "--replace-process"]).stdin(&input).run().ok();
    let linked = sandbox.read(".aws/config");
    assert!(linked.contains("\nkeyfob_replaced_credential_process = /usr/bin/other work\n"), "{linked}");
    assert_eq!(sandbox.keyfob(&["list", "--json"]).run().json()["profiles"][0]["linked"], true);
    sandbox.keyfob(&["profile", "unlink", "work"]).run().ok();
    assert_eq!(sandbox.read(".aws/config"), config);
    // In the credentials file it would win over the link.
    let credentials = "[work]\nCredential_Process=/usr/bin/other  --token  x ; here\n";
    sandbox.write(".aws/config", "");
    sandbox.write(".aws/credentials", credentials);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes", "--replace-process"]).stdin(&input).run().ok();
    assert_eq!(sandbox.keyfob(&["list", "--json"]).run().json()["profiles"][0]["linked"], true);
    sandbox.keyfob(&["profile", "unlink", "work"]).run().ok();
    assert_eq!(sandbox.read(".aws/credentials"), credentials);
}

#[test]
fn with_nobody_to_ask_a_key_is_wanted_at_once_and_the_line_says_how() {
    let (_, sandbox, _) = machine();
    let ran = sandbox.keyfob(&["add", "work"]).run();
    assert!(ran.ends_with(3).contains("`keyfob add work --stdin`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`keyfob add work --csv FILE`"), "{}", ran.stderr);
    is_untouched(&sandbox);
}

#[test]
fn what_an_interruption_leaves_is_finished_by_the_same_command() {
    let (_, sandbox, ann) = machine();
    let key = ann.access_key();
    // As after a kill between the key store and the index: the index cannot be written.
    sandbox.write("keyfob/data/index.json/in-the-way", "");
    let add = || sandbox.keyfob(&["add", "work", "--stdin", "--region", "eu-west-1"]).stdin(&lines(&key)).run();
    add().ends_with(5);
    assert!(!sandbox.path(".aws/config").exists());
    std::fs::remove_dir_all(sandbox.path("keyfob/data/index.json")).expect("taken away");
    add().ok();
    // As after a kill between the index and the AWS file.
    sandbox.write(".aws/config", "");
    add().ok();
    assert!(sandbox.read(".aws/config").contains("credential-process work"));
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
}

#[test]
fn a_name_that_no_aws_tool_reads_back_is_refused() {
    let (_, sandbox, ann) = machine();
    let key = ann.access_key();
    for name in ["", " padded", "two\nlines", "a\tb\u{1b}"] {
        sandbox.keyfob(&["add", name, "--stdin", "--no-link"]).stdin(&lines(&key)).run().ends_with(2);
    }
    is_untouched(&sandbox);
    // One that only some of them read back is used.
    let add =
        sandbox.keyfob(&["add", "x]y", "--stdin", "--no-link", "--region", "eu-west-1"]).stdin(&lines(&key)).run();
    let said = add.ends_with(0);
    assert_eq!(said.matches("ignore `[profile x]y]`").count(), 1, "{said}");
}

#[test]
#[cfg(target_os = "linux")]
fn with_no_choice_made_the_keychain_that_answers_is_used_and_one_that_is_locked_is_no_reason_to_move() {
    let Some(service) = SecretService::start() else { return };
    let aws = Arc::new(LoopbackAws::start());
    let mut sandbox = Sandbox::new(KEYFOB, &aws);
    service.serve(&mut sandbox);
    sandbox.unset("KEYFOB_BACKEND");
    let input = lines(&aws.user("ann").access_key());
    let add = |profile: &str| sandbox.keyfob(&["add", profile, "--stdin"]).stdin(&input).run();
    assert!(add("work").ends_with(0).contains("the key goes into Secret Service, the keychain of this system"));
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    service.lock();
    add("other").ends_with(5);
    assert!(!sandbox.path("keyfob/data/vault.age").exists(), "it went into the vault");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_keychain_the_vault_is_used_and_the_reason_is_in_plain_words() {
    let (_, mut sandbox, ann) = machine();
    sandbox.unset("KEYFOB_BACKEND");
    for address in ["", "unix:path=/no/such/socket"] {
        sandbox.set("DBUS_SESSION_BUS_ADDRESS", address);
        let ran = sandbox.keyfob(&["add", "work", "--stdin"]).stdin(&lines(&ann.access_key())).run();
        let first = ran.stderr.lines().next().unwrap_or_default();
        assert_eq!(
            first,
            "the key goes into the vault, since there is no D-Bus session bus, so no keychain can be used"
        );
    }
}

#[test]
fn a_path_that_will_not_last_is_not_linked_unless_forced() {
    let (_, sandbox, ann) = machine();
    let input = lines(&ann.access_key());
    let build = |options: &[&str]| {
        let arguments = [&["add", "work", "--stdin"], options].concat();
        sandbox.program(KEYFOB, &arguments).env("PATH", "/usr/bin:/bin").stdin(&input).run()
    };
    assert!(build(&[]).ends_with(6).contains("build folder"));
    is_untouched(&sandbox);
    build(&["--force-link"]).ok();
}

#[test]
fn nothing_is_imported_or_linked_with_a_path_that_will_not_last() {
    let (_, sandbox, ann) = machine();
    let key = ann.access_key();
    let text = format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    sandbox.write(".aws/credentials", &text);
    let run = |words: &[&str]| sandbox.program(KEYFOB, words).env("PATH", "/usr/bin:/bin").run();
    let refused = run(&["import", "default"]);
    assert!(refused.ends_with(6).contains("`keyfob import default --force-link`"), "{}", refused.stderr);
    assert_eq!(sandbox.read(".aws/credentials"), text);
    assert!(!sandbox.path("keyfob/data/vault.age").exists(), "it is stored");
    run(&["import", "default", "--force-link", "--yes"]).ok();
    run(&["profile", "link", "--all"]).ok();
    run(&["profile", "unlink", "default"]).ok();
    let refused = run(&["profile", "link", "--all"]);
    assert!(refused.ends_with(6).contains("`keyfob profile link --all --force-link`"), "{}", refused.stderr);
    let shown = run(&["profile", "link", "--all", "--diff"]);
    assert!(shown.ok().contains("+credential_process"), "{shown:?}");
    assert!(shown.stderr.contains("without `--diff`, this fails: cannot link to this keyfob"), "{shown:?}");
    assert!(!sandbox.read(".aws/config").contains("credential_process"));
}

#[test]
fn a_key_for_a_profile_with_a_role_over_another_stored_key_is_checked_where_that_profile_is() {
    let scene = Scene::new();
    scene.append(&format!(
        "\n[profile over]\nregion = eu-west-2\nrole_arn = {}\nsource_profile = work\n",
        scene.deploy.arn()
    ));
    let second = lines(&scene.ann.access_key());
    let ran = scene.sandbox.keyfob(&["add", "over", "--stdin", "--yes", "--no-link"]).stdin(&second).run();
    assert!(ran.ends_with(0).contains("`over` assumes its role with the key of `work`"), "{}", ran.stderr);
    assert_eq!(scene.aws.last("GetCallerIdentity").region.as_deref(), Some("eu-west-2"));
}

#[test]
fn a_device_that_the_user_does_not_have_is_refused_and_nothing_is_stored() {
    let (aws, sandbox, ann) = machine();
    let (own, other) = (ann.mfa("ann").serial(), aws.user("bob").mfa("bob").serial());
    let key = lines(&ann.access_key());
    let add = |serial: &str, more: &[&str]| {
        let arguments = [&["add", "work", "--stdin", "--mfa-serial", serial], more].concat();
        sandbox.keyfob(&arguments).stdin(&key).run()
    };
    let refused = add(&other, &["--yes"]);
    let said = refused.ends_with(1);
    assert!(said.contains(&format!("has no MFA device `{other}`")) && said.contains(&own), "{said}");
    is_untouched(&sandbox);
    add(&own, &[]).ok();
    // Unchecked, it is taken at its word.
    add(&other, &["--no-verify"]).ok();
}

#[test]
fn a_key_without_a_device_is_warned_of_alike_by_add_import_and_doctor() {
    let (_, sandbox, ann) = machine();
    let key = ann.access_key();
    let added = sandbox.keyfob(&["add", "work", "--stdin", "--region", "eu-west-1"]).stdin(&lines(&key)).run();
    added.ok();
    let config = sandbox.read(".aws/config").replace("work", "again");
    sandbox.write(
        ".aws/credentials",
        &format!("[again]\naws_access_key_id={}\naws_secret_access_key={}\n", key.id, key.secret),
    );
    sandbox.write(".aws/config", &config);
    let imported = sandbox.keyfob(&["import", "again"]).run();
    imported.ok();
    for (said, name) in [(&added.stderr, "work"), (&imported.stderr, "again")] {
        for expected in [
            format!("`{name}` has no MFA device, so AWS will refuse its sessions all IAM calls"),
            format!("`keyfob mfa enroll {name}`"),
            format!("`keyfob profile set {name} keyfob_session never`"),
        ] {
            assert!(said.contains(&expected), "{expected}: {said}");
        }
    }
    let found = sandbox.keyfob(&["doctor"]).run();
    found.ends_with(1);
    assert!(
        found.stdout.contains("AWS refuses every IAM call") && found.stdout.contains("keyfob mfa enroll again"),
        "{}",
        found.stdout
    );
    sandbox.keyfob(&["profile", "set", "again", "keyfob_session", "never"]).run().ok();
    assert!(!sandbox.keyfob(&["doctor"]).run().stdout.contains("AWS refuses every IAM call"));
}
