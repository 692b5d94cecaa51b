//! The commands around the credentials: help, list, explain, clear, remove, and how each ends.

use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::{AccessKey, LoopbackAws};
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::support::{tools, vault};

fn machine() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    (aws, sandbox)
}

fn with_key(sandbox: &Sandbox, profile: &str, key: &AccessKey) {
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", profile, "--stdin", "--yes", "--region", "eu-west-1"]).stdin(&input).run().ok();
}

#[test]
fn a_command_line_that_cannot_be_is_exit_2_in_one_line_and_hints() {
    let (_, sandbox) = machine();
    for arguments in [
        &["bogus"][..],
        &["exec", "work", "ls"],
        &["add"],
        &["list", "--bogus"],
        &["add", ""],
        &["env", "--shell", "x"],
    ] {
        let ran = sandbox.keyfob(arguments).run();
        let said = ran.ends_with(2);
        assert!(said.starts_with("keyfob: ") && said.contains("\nhint: "), "{arguments:?}: {said}");
        assert_eq!(ran.stdout, "");
    }
}

#[test]
fn a_command_of_exec_without_its_dashes_is_told_of_them() {
    let (_, sandbox) = machine();
    let said = sandbox.keyfob(&["exec", "work", "aws", "s3", "ls"]).run().ends_with(2).to_owned();
    assert!(said.contains("hint: put the command after `--`"), "{said}");
    let said = sandbox.keyfob(&["exec", "work", "--bogus", "--", "ls"]).run().ends_with(2).to_owned();
    assert!(!said.contains("put the command"), "{said}");
}

#[test]
fn a_failing_credential_process_has_its_error_alone_on_stderr_and_nothing_on_stdout() {
    let (_, sandbox) = machine();
    sandbox
        .write(".aws/config", "[profile é]\nregion = x\n[profile work]\nrole_arn = arn:aws:iam::123456789012:role/a\n");
    let ran = sandbox.keyfob(&["-v", "credential-process", "work"]).run();
    let said = ran.ends_with(6);
    assert!(said.starts_with("keyfob: ") && !said.contains("warning: ") && !said.contains("note: "), "{said}");
    assert_eq!(ran.stdout, "");
}

#[test]
fn removing_a_key_takes_its_sessions_with_it_and_says_what_stays() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, device) = (ann.access_key(), ann.mfa("ann"));
    with_key(&sandbox, "work", &key);
    sandbox.keyfob(&["credential-process", "work", "--mfa-code", &device.code()]).run().ok();
    let listed = sandbox.keyfob(&["list", "--json"]).run().json();
    assert!(listed["profiles"][0]["session_expires"].is_string(), "{listed}");

    assert!(sandbox.keyfob(&["remove", "work"]).run().ends_with(3).contains("`keyfob remove work --yes`"));
    let removed = sandbox.keyfob(&["remove", "work", "--yes"]).run();
    let said = removed.ends_with(0);
    for told in [
        "1 cached session",
        "AWS still accepts the key",
        &key.id,
        "unless it was deleted there",
        "config:3: `work` is still linked to keyfob",
    ] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let listed = sandbox.keyfob(&["list", "--json"]).run().json();
    assert!(listed["profiles"][0]["session_expires"].is_null() && listed["profiles"][0]["key"].is_null(), "{listed}");
    sandbox.keyfob(&["remove", "work", "--yes"]).run().ends_with(1);
    sandbox.keyfob(&["credential-process", "work"]).run().ends_with(6);
}

#[test]
fn remove_and_clear_report_as_json_what_they_did() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, device) = (ann.access_key(), ann.mfa("ann"));
    with_key(&sandbox, "work", &key);
    sandbox.keyfob(&["credential-process", "work", "--mfa-code", &device.code()]).run().ok();
    let cleared = sandbox.keyfob(&["clear", "work", "--json"]).run().json();
    let expected = serde_json::json!({
        "version": 1, "profile": "work", "sessions_forgotten": 1, "sealing_keys_forgotten": false,
    });
    assert_eq!(cleared, expected);
    let cleared = sandbox.keyfob(&["clear", "--all", "--json"]).run().json();
    assert_eq!((&cleared["profile"], &cleared["sealing_keys_forgotten"]), (&serde_json::Value::Null, &true.into()));
    let removed = sandbox.keyfob(&["remove", "work", "--yes", "--json"]).run().json();
    let expected = serde_json::json!({
        "version": 1, "profile": "work", "key_id": key.id, "backend": "vault", "key_deleted": true, "used_by": [],
        "sessions_forgotten": 0,
    });
    assert_eq!(removed, expected);
}

#[test]
fn a_key_that_another_profile_uses_stays_in_the_store() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    with_key(&sandbox, "one", &key);
    with_key(&sandbox, "two", &key);
    assert!(sandbox.keyfob(&["remove", "one", "--yes"]).run().ends_with(0).contains("`two`"));
    sandbox.keyfob(&["credential-process", "two"]).run().ok();
    let key_is = |there: bool| {
        assert_eq!(sandbox.read("keyfob/data/index.json").contains(&key.id), there);
        assert_eq!(vault::items(&sandbox).keys().any(|name| name.contains(&key.id)), there, "in the vault itself");
        assert_eq!(vault::text(&sandbox).contains(&key.secret), there, "nor under another name");
    };
    key_is(true);
    sandbox.keyfob(&["remove", "two", "--yes"]).run().ok();
    key_is(false);
}

#[test]
fn what_is_cleared_is_made_anew() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let get = || sandbox.keyfob(&["credential-process", "work"]).run().json()["AccessKeyId"].clone();
    let first = get();
    assert_eq!(get(), first, "cached");
    assert!(sandbox.keyfob(&["clear", "work"]).run().ends_with(0).contains("deleted 1 cached session of `work`"));
    let second = get();
    assert_ne!(second, first);
    let unknown = sandbox.keyfob(&["clear", "nope"]).run();
    assert!(unknown.ends_with(6).contains("`nope`"), "{unknown:?}");
    sandbox.keyfob(&["clear", "--all"]).run().ok();
    assert_ne!(get(), second);
}

#[test]
fn the_profile_is_the_argument_then_a_variables_then_default() {
    let (aws, sandbox) = machine();
    for name in ["default", "a", "b"] {
        with_key(&sandbox, name, &aws.user(name).access_key());
    }
    let explain = |arguments: &[&str], [aws, keyfob, aws_default]: [&str; 3]| {
        let run = sandbox.keyfob(&[&["explain", "--json"], arguments].concat());
        run.env("AWS_PROFILE", aws).env("KEYFOB_PROFILE", keyfob).env("AWS_DEFAULT_PROFILE", aws_default).run()
    };
    let user = |arguments: &[&str], variables: [&str; 3]| {
        let json = explain(arguments, variables).json();
        let by = json["notes"].as_array().expect("a list").iter().find_map(|note| {
            note.as_str()?.split_once(" names the profile").map(|(variable, _)| variable.trim_matches('`').to_owned())
        });
        (json["profile"].as_str().expect("a name").to_owned(), by.unwrap_or_default())
    };
    let is = |profile: &str, by: &str| (profile.to_owned(), by.to_owned());
    assert_eq!(user(&["a"], ["b", "default", "default"]), is("a", ""));
    assert_eq!(user(&[], ["b", "a", "a"]), is("b", "AWS_PROFILE"));
    assert_eq!(user(&[], ["", "a", "b"]), is("a", "KEYFOB_PROFILE"));
    assert_eq!(user(&[], ["", "", "b"]), is("b", "AWS_DEFAULT_PROFILE"));
    let note = "`AWS_DEFAULT_PROFILE` names the profile; the AWS CLI and boto3 read it, the SDKs for Go, Java, JavaScript and Rust do not";
    assert!(explain(&[], ["", "", "b"]).json()["notes"].as_array().expect("a list").contains(&note.into()));
    assert_eq!(user(&[], ["", "", ""]), is("default", ""));
    let missing = explain(&[], ["missing", "a", "a"]);
    let stderr = missing.ends_with(6);
    assert!(stderr.contains("there is no profile `missing`"), "{stderr}");
    assert!(stderr.contains("the variable `AWS_PROFILE` names it"), "{stderr}");
}

#[test]
fn the_aws_files_are_found_without_home_and_by_a_variable_in_their_name() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let explain = |name: &str, value: &str| {
        sandbox.keyfob(&["explain", "work", "--json"]).env(name, value).run().json()["region"].clone()
    };
    for written in ["$HOME/.aws/config", "${HOME}/.aws/config", "~/.aws/config"] {
        assert_eq!(explain("AWS_CONFIG_FILE", written), "eu-west-1", "{written}");
    }
    assert_eq!(explain("AWS_CONFIG_FILE", "/nowhere"), "us-east-1");
    // The home folder of whoever runs the tests: what it has is not known, but it is looked into.
    let doctor = sandbox.keyfob(&["doctor", "--json"]).env("AWS_CONFIG_FILE", "$HOME/.aws/config").run();
    assert!(doctor.stdout.contains("`AWS_CONFIG_FILE` contains a variable"), "{doctor:?}");
    let missing = sandbox.keyfob(&["show", "no-such-profile"]).without_env("HOME").run();
    assert!(missing.ends_with(6).contains("there is no profile `no-such-profile`"), "{missing:?}");
}

/// systemd starts services without it.
#[test]
fn the_aws_files_are_in_the_home_of_the_password_file_if_there_is_no_home_variable() {
    let Some(unshare) = tools::require("unshare") else { return };
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let probe = sandbox.program(&unshare, &["-m", "true"]).run();
    if probe.code != Some(0) {
        tools::skipped("`unshare -m` needs root: no password file can be put in the place of the system's");
        return;
    }
    let home = sandbox.home().display();
    let passwd = sandbox.write("passwd", &format!("me:x:0:0::{home}:/bin/sh\n"));
    let script = format!(
        "mkdir -p .local/share && mv \"$KEYFOB_DATA_DIR\" .local/share/keyfob && mount --bind {} /etc/passwd && \
         unset HOME KEYFOB_DATA_DIR KEYFOB_CACHE_DIR && keyfob list --names && keyfob explain work --json && keyfob profile set work output json",
        passwd.display()
    );
    let ran = sandbox.program(&unshare, &["-m", "sh", "-c", &script]).run();
    let stdout = ran.ok();
    assert!(stdout.starts_with("work\n") || stdout.contains("\nwork\n"), "{stdout}");
    assert!(sandbox.read(".aws/config").contains("output = json"), "{}", ran.stderr);
}

#[test]
fn who_types_a_name_that_is_nowhere_is_not_told_to_create_it_unless_that_helps() {
    let (_, sandbox) = machine();
    sandbox.write(".aws/config", "[profile work]\nregion = eu-west-1\n");
    for arguments in [
        &["clear", "nope"][..],
        &["unlink", "nope"],
        &["profile", "unset", "nope", "region"],
        &["profile", "rename", "nope", "x"],
        &["profile", "copy", "nope", "x"],
        &["profile", "remove", "nope", "--yes"],
        &["link", "nope"],
    ] {
        let said = sandbox.keyfob(arguments).run();
        assert_eq!(
            said.ends_with(6),
            "keyfob: there is no profile `nope`\nhint: show all profiles: `keyfob list`\n",
            "{arguments:?}"
        );
    }
    let set = sandbox.keyfob(&["profile", "set", "nope", "region", "eu-west-1"]).run();
    assert!(set.ends_with(6).contains("create it: `keyfob profile add nope`"), "{set:?}");
    assert!(sandbox.keyfob(&["clear", "wrk"]).run().ends_with(6).contains("did you mean `work`?"));
    sandbox.keyfob(&["clear", "--all", "--yes"]).run().ok();
}

#[test]
fn a_key_that_no_profile_uses_is_found_and_removed_by_its_id() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    with_key(&sandbox, "work", &key);
    let mut index: serde_json::Value = serde_json::from_str(&sandbox.read("keyfob/data/index.json")).expect("JSON");
    index["profiles"] = serde_json::json!({});
    sandbox.write("keyfob/data/index.json", &index.to_string());
    let found = sandbox.keyfob(&["doctor"]).run();
    found.ends_with(1);
    assert!(found.stdout.contains("but no profile uses it"), "{found:?}");
    assert!(found.stdout.contains(&format!("delete it here: `keyfob remove {}`", key.id)), "{found:?}");
    assert!(sandbox.keyfob(&["remove", &key.id]).run().ends_with(3).contains("--yes"));
    let removed = sandbox.keyfob(&["remove", &key.id, "--yes", "--json"]).run().json();
    assert_eq!((&removed["key_id"], &removed["key_deleted"]), (&key.id.clone().into(), &true.into()));
    assert!(!sandbox.keyfob(&["doctor"]).run().stdout.contains("no profile uses it"));
    assert!(sandbox.keyfob(&["remove", &key.id, "--yes"]).run().ends_with(1).contains("no stored key"));
}

#[test]
fn a_key_that_keyfob_itself_put_into_the_environment_is_not_stored_again() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let add = ["exec", "work", "--no-session", "--", "keyfob", "add", "copy", "--env", "--yes"];
    let ran = sandbox.keyfob(&add).run();
    let said = ran.ends_with(2);
    assert!(said.contains("the access key in the environment was set by keyfob itself"), "{said}");
    assert!(said.contains("`keyfob export work`") && !said.contains("is not set"), "{said}");
}

#[test]
fn a_passphrase_of_no_vault_is_not_changed_and_it_is_said_how_one_comes_about() {
    let (_, sandbox) = machine();
    let ran = sandbox.keyfob(&["vault", "passphrase"]).run();
    let said = ran.ends_with(5);
    assert!(said.contains("there is no vault yet") && said.contains("`keyfob add PROFILE --backend vault`"), "{said}");
}

#[test]
fn the_xdg_variables_name_keyfobs_folders() {
    let (aws, sandbox) = machine();
    let folder = |name: &str| sandbox.path(&format!("xdg/{name}"));
    sandbox.write("xdg/config/keyfob/config.toml", "backend = \"vault\"\nsession_duration = \"2h\"\n");
    let run = |arguments: &[&str], input: &str| {
        let names = ["KEYFOB_CONFIG", "KEYFOB_DATA_DIR", "KEYFOB_CACHE_DIR", "KEYFOB_BACKEND"];
        let command = names.iter().fold(sandbox.keyfob(arguments), |command, name| command.without_env(name));
        let command = command.env("XDG_CONFIG_HOME", folder("config")).env("XDG_DATA_HOME", folder("data"));
        command.env("XDG_CACHE_HOME", folder("cache")).stdin(input).run()
    };
    let key = aws.user("ann").access_key();
    run(&["add", "work", "--stdin", "--yes"], &format!("{}\n{}\n", key.id, key.secret)).ok();
    run(&["credential-process", "work"], "").ok();
    assert!(folder("data/keyfob/vault.age").is_file() && folder("data/keyfob/index.json").is_file());
    let cached = std::fs::read_dir(folder("cache/keyfob")).expect("a folder").count();
    assert!(cached > 0 && !sandbox.path("keyfob/data").exists(), "{cached}");
    assert_eq!(
        run(&["explain", "work", "--json"], "").json()["session"]["duration_seconds"],
        7200,
        "config.toml is read"
    );
}

/// `list` counts such lines once; `doctor` names each; another profile's are nobody's business.
#[test]
fn odd_lines_are_counted_by_list_named_by_doctor_and_otherwise_told_only_of_the_profile_in_question() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let config = sandbox.read(".aws/config");
    let lines = [
        ("[profile 'two words']\nregion = eu-west-1\n", "two words", 1),
        ("[profile x]\n  region = eu-west-1\n", "x", 1),
        ("[profile x]\nregion: eu-west-1\nOutput = json\n", "x", 2),
        ("[profile x] ours\nregion = eu-west-1 # home\n", "x", 2),
        ("[profile m\u{fc}nchen]\nregion = eu-west-1\n[profile a#b]\n  region = x\n", "a#b", 3),
    ];
    for (odd, profile, count) in lines {
        sandbox.write(".aws/config", &format!("{config}{odd}"));
        let list = sandbox.keyfob(&["list"]).run();
        list.ok();
        let counted = match count {
            1 => "warning: some SDKs ignore a line of the AWS files or read it differently\n".to_owned(),
            _ => format!("warning: some SDKs ignore {count} lines of the AWS files or read them differently\n"),
        };
        assert_eq!(list.stderr, format!("{counted}hint: see which: `keyfob doctor`\n"), "{odd}");
        let found: serde_json::Value =
            serde_json::from_str(&sandbox.keyfob(&["doctor", "--json"]).run().stdout).expect("JSON");
        let found = found["findings"].as_array().expect("findings").iter();
        let mut named: Vec<u64> =
            found.filter(|found| found["check"] == "file").filter_map(|found| found["line"].as_u64()).collect();
        named.dedup();
        assert_eq!(named.len(), count, "{odd}");
        for command in [&["explain", "work"][..], &["show", "work"], &["credential-process", "work"], &["env", "work"]]
        {
            let ran = sandbox.keyfob(command).run();
            ran.ok();
            assert!(
                !ran.stderr.contains("warning") && !ran.stderr.contains("SDK"),
                "{command:?} with {odd}: {}",
                ran.stderr
            );
        }
        assert!(sandbox.keyfob(&["show", profile]).run().stderr.contains("warning: "), "{odd}");
    }
    sandbox.write(".aws/config", &config);
    assert_eq!(sandbox.keyfob(&["list"]).run().stderr, "");
}

#[test]
fn exec_hands_on_the_exit_code_and_says_127_where_there_is_no_command() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let exec = |command: &[&str]| sandbox.keyfob(&[&["exec", "work", "--"], command].concat()).run();
    exec(&["sh", "-c", "exit 7"]).ends_with(7);
    assert_eq!(exec(&["sh", "-c", "echo $AWS_REGION $KEYFOB_PROFILE"]).ok(), "eu-west-1 work\n");
    let region = ["exec", "work", "--region", "eu-north-1", "--", "sh", "-c", "echo $AWS_REGION $AWS_DEFAULT_REGION"];
    let elsewhere = sandbox.keyfob(&region).env("AWS_REGION", "us-west-2").run();
    assert_eq!(elsewhere.ok(), "eu-north-1 eu-north-1\n", "before the profile's and the variable's");
    for bad in ["euwest", "x.example/"] {
        let ran = sandbox.keyfob(&["credential-process", "work", "--region", bad]).run();
        assert!(ran.ends_with(2).contains(&format!("`{bad}` is not a valid region")), "{ran:?}");
    }
    let without = sandbox.keyfob(&["exec", "--", "sh", "-c", "echo $KEYFOB_PROFILE"]).env("AWS_PROFILE", "work").run();
    assert_eq!(without.ok(), "work\n");
    exec(&["/nonexistent/command"]).ends_with(127);
    exec(&["/etc"]).ends_with(126);
}

#[test]
fn the_key_itself_is_handed_out_only_when_told_and_it_is_said() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    with_key(&sandbox, "work", &key);
    let read = ["sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_SECRET_ACCESS_KEY $AWS_SESSION_TOKEN"];
    let commands = [
        &["env", "work", "--shell", "sh"][..],
        &["credential-process", "work"],
        &[&["exec", "work", "--"], &read[..]].concat(),
    ];
    for command in commands {
        let ran = sandbox.keyfob(command).run();
        assert!(!ran.ok().contains(&key.id) && !ran.stdout.contains(&key.secret), "{command:?}");
        assert!(ran.stdout.contains("ASIA") && !ran.stderr.contains("access key itself"), "{}", ran.stderr);
        // Behind the command and its profile.
        let told = [&command[..2], &["--no-session"], &command[2..]].concat();
        let ran = sandbox.keyfob(&told).shows(Shows::Keys).run();
        assert!(ran.ok().contains(&key.id) && ran.stdout.contains(&key.secret), "{command:?}");
        // SDKs would show it at each call.
        let is_said = command[0] != "credential-process";
        assert_eq!(ran.stderr.contains("access key itself"), is_said, "{command:?}: {}", ran.stderr);
    }
    sandbox.keyfob(&["profile", "set", "work", "keyfob_session", "never"]).run().ok();
    let ran = sandbox.keyfob(commands[0]).shows(Shows::Keys).run();
    assert!(ran.ok().contains(&key.id), "the profile tells it too");
}

#[test]
fn a_machine_without_profiles_has_an_empty_list_and_a_hint() {
    let (_, sandbox) = machine();
    let ran = sandbox.keyfob(&["list"]).run();
    assert_eq!(ran.ok(), "");
    assert!(ran.stderr.contains("`keyfob add PROFILE`"), "{}", ran.stderr);
    assert_eq!(sandbox.keyfob(&["list", "--json"]).run().json()["profiles"], serde_json::json!([]));
}

#[test]
fn a_reader_that_has_gone_is_no_failure_and_a_full_disk_is() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    sandbox.program("/bin/sh", &["-c", "keyfob list | true; keyfob list >/dev/full; test $? = 1"]).run().ok();
}

#[test]
#[cfg(target_os = "linux")]
fn a_cached_answer_starts_no_thread_opens_no_socket_and_reads_each_file_once() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let (key, device) = (ann.access_key(), ann.mfa("ann"));
    let first = aws.role("first").trusts(&ann.arn());
    let second = aws.role("second").trusts(&first.arn());
    with_key(&sandbox, "work", &key);
    let config = sandbox.read(".aws/config");
    sandbox.write(
        ".aws/config",
        &format!(
            "{config}[profile one]\nrole_arn = {}\nsource_profile = work\n[profile two]\nrole_arn = {}\nsource_profile = one\n",
            first.arn(),
            second.arn()
        ),
    );
    let cold = sandbox.keyfob(&["credential-process", "two", "--mfa-code", &device.code()]).run().json();
    let requests = aws.requests().len();
    let Some(_) = crate::support::tools::require_strace() else { return };
    let strace =
        ["-f", "-qq", "-o", "trace", "-e", "trace=openat,socket,clone,clone3,vfork,fork,execve,keyctl", "keyfob"];
    let warm =
        sandbox.program("strace", &[&strace[..], &["credential-process", "two"]].concat()).shows(Shows::Sessions).run();
    assert_eq!(warm.json()["AccessKeyId"], cold["AccessKeyId"]);
    assert_eq!(aws.requests().len(), requests, "AWS was asked");
    let trace = sandbox.read("trace");
    for call in ["socket(", "clone(", "clone3(", "fork("] {
        assert!(!trace.contains(call), "{call}: {trace}");
    }
    for file in ["/.aws/config", "/.aws/credentials", "index.json", "config.toml", ".session", "vault.age"] {
        let times = trace.lines().filter(|line| line.contains(file)).count();
        assert!(times <= 1, "{file} is opened {times} times: {trace}");
    }
}

#[test]
fn an_identity_file_opens_the_vault_from_any_folder_and_is_never_overwritten() {
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    let written = sandbox.keyfob(&["vault", "identity", "it's mine.txt"]).run();
    written.ok();
    sandbox.may_hold_secrets("it's mine.txt");
    let line =
        written.stderr.lines().find_map(|line| line.strip_prefix("hint: set this in every shell")).expect("a hint");
    let export = line.split('`').nth(1).expect("a command");
    let script = format!("unset KEYFOB_IDENTITY_FILE; {export}; cd /; keyfob credential-process work");
    sandbox.program("/bin/sh", &["-c", &script]).run().ok();
    let before = sandbox.read("it's mine.txt");
    let again = sandbox.keyfob(&["vault", "identity", "it's mine.txt"]).run();
    assert!(again.ends_with(2).contains("already exists"), "{}", again.stderr);
    assert_eq!(sandbox.read("it's mine.txt"), before);
}

#[test]
fn an_unusable_cache_folder_is_a_warning_where_nothing_depends_on_it() {
    use std::os::unix::fs::PermissionsExt;
    let (aws, sandbox) = machine();
    with_key(&sandbox, "work", &aws.user("ann").access_key());
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    let cache = sandbox.path("keyfob/cache");
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o777)).expect("an own folder");
    for arguments in [&["list"][..], &["explain", "work"], &["credential-process", "work"]] {
        let ran = sandbox.keyfob(arguments).run();
        ran.ok();
        assert!(ran.stderr.contains("is writable by other users"), "{arguments:?}: {}", ran.stderr);
    }
    // Sessions others may have put there are not taken for the user's own, so this cannot promise to take them along.
    assert!(sandbox.keyfob(&["remove", "work", "--yes"]).run().ends_with(1).contains("chmod 700"));
    std::fs::set_permissions(&cache, std::fs::Permissions::from_mode(0o700)).expect("an own folder");
    sandbox.keyfob(&["remove", "work", "--yes"]).run().ok();
}

#[test]
fn a_key_that_is_gone_from_its_store_is_named_with_its_profile() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    with_key(&sandbox, "work", &key);
    std::fs::remove_file(sandbox.path("keyfob/data/vault.age")).expect("there");
    let ran = sandbox.keyfob(&["credential-process", "work"]).run();
    let said = ran.ends_with(5);
    assert!(said.contains("the access key of `work`") && said.contains("`keyfob add work --replace`"), "{said}");
    with_key(&sandbox, "work", &key);
    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    let ran = sandbox.keyfob(&["explain", "a b"]).run();
    assert!(ran.ends_with(6).contains("`keyfob add 'a b'`"), "{}", ran.stderr);
}
