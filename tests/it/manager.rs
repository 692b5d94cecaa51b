//! The profile manager, by its commands: what changes, what does not, what is refused, and what real clients then do.

use std::sync::Arc;

use crate::KEYFOB;
use crate::scene::{Scene, fails, key_id};
use crate::support::aws::{AccessKey, LoopbackAws};
use crate::support::run::{Ran, kill_at_moments};
use crate::support::sandbox::Sandbox;
use crate::support::tools;

fn machine() -> (Arc<LoopbackAws>, Sandbox) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    (aws, sandbox)
}

fn profile(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.keyfob(&[&["profile"], arguments].concat()).run()
}

const CONFIG: &str = "# mine\r\n[default]\r\nregion=eu-west-1 ; home\r\n\r\n# prod, careful!\r\n[ profile  prod ]\r\n\
    role_arn   = arn:aws:iam::123456789012:role/Admin\r\nsource_profile=base\r\ns3 =\r\n  max_queue_size = 10\r\n\r\n\
    [profile base]\r\noutput = json";

/// Pieces of the file, each there once, and what becomes of them.
type Changes<'a> = &'a [(&'a str, &'a str)];

#[test]
fn each_edit_changes_the_lines_it_names_and_no_other_byte() {
    let (_aws, sandbox) = machine();
    let cases: [(&[&str], Changes<'_>); 8] = [
        (&["set", "base", "region", "us-east-1"], &[("output = json", "output = json\r\nregion = us-east-1")]),
        (&["set", "prod", "duration_seconds", "7200"], &[("= 10\r\n", "= 10\r\nduration_seconds=7200\r\n")]),
        (&["unset", "base", "OUTPUT"], &[("\r\noutput = json", "")]),
        (
            &["add", "new", "region=eu-west-1", "source_profile=base"],
            &[("json", "json\r\n\r\n[profile new]\r\nregion = eu-west-1\r\nsource_profile = base\r\n")],
        ),
        (
            &["rename", "base", "work"],
            &[("source_profile=base", "source_profile=work"), ("[profile base]", "[profile work]")],
        ),
        (&["rename", "default", "home"], &[("[default]", "[profile home]")]),
        (&["copy", "base", "work"], &[("output = json", "output = json\r\n\r\n[profile work]\r\noutput = json\r\n")]),
        (
            &["remove", "prod"],
            &[(
                "# prod, careful!\r\n[ profile  prod ]\r\nrole_arn   = arn:aws:iam::123456789012:role/Admin\r\nsource_profile=base\r\ns3 =\r\n  max_queue_size = 10\r\n\r\n",
                "",
            )],
        ),
    ];
    for (arguments, changes) in cases {
        sandbox.write(".aws/config", CONFIG);
        let expected = changes.iter().fold(CONFIG.to_owned(), |text, (old, new)| {
            assert_eq!(text.matches(old).count(), 1, "{old:?}");
            text.replace(old, new)
        });
        let shown = profile(&sandbox, &[arguments, &["--diff"]].concat());
        assert!(shown.ok().contains("\n@@ "), "{arguments:?}: {}", shown.stdout);
        assert_eq!(sandbox.read(".aws/config"), CONFIG, "`--diff` changes nothing");
        assert_eq!(profile(&sandbox, arguments).ok(), "");
        assert_eq!(sandbox.read(".aws/config"), expected, "{arguments:?}");
    }
}

#[test]
fn what_aws_would_not_take_is_refused_with_a_way_round_and_changes_nothing() {
    let (_aws, sandbox) = machine();
    sandbox.write(".aws/config", CONFIG);
    let refused: [(&[&str], i32, &str); 19] = [
        (&["set", "base", "region"], 2, "the new value of `region` is missing"),
        (&["set", "base", "mfa_serail=x"], 2, "mfa_serail"),
        (&["set", "base", "region", "Ireland"], 2, "not a valid region"),
        (&["set", "base", "region=nowhere"], 2, "not a valid region"),
        (&["set", "base", "output=xml"], 2, "`output`: `xml` is invalid; expected `json`, `text`, `table`, `yaml`"),
        (&["add", "new", "output=JSON"], 2, "`output`: `JSON` is invalid"),
        (&["set", "prod", "role_arn", "Admin"], 2, "not a valid role ARN"),
        (&["set", "prod", "duration_seconds", "43201"], 2, "43200"),
        (&["set", "base", "mfa_serail", "arn:aws:iam::123456789012:mfa/a"], 2, "mfa_serail"),
        (&["set", "base", "source_profile", "bsae"], 2, "no profile `bsae`"),
        (&["set", "base", "region", "a\nb"], 2, "region"),
        (&["set", "none", "region", "eu-west-1"], 6, "no profile `none`"),
        (&["set", "base", "aws_secret_access_key", "x"], 2, "key store"),
        (&["unset", "base", "region"], 6, "no setting `region`"),
        (&["add", "base"], 6, "already"),
        (&["add", " padded"], 2, "is not a valid section name"),
        (&["rename", "base", "prod"], 6, "already"),
        (&["remove", "base"], 6, "other profiles need `base`"),
        (&["unlink", "base"], 6, "not linked"),
    ];
    for (arguments, code, line) in refused {
        let said = fails(&profile(&sandbox, arguments), code, line);
        assert!(said.contains("hint: ") || arguments[0] == "add" || arguments[3..].contains(&"a\nb"), "{said}");
        assert_eq!(sandbox.read(".aws/config"), CONFIG, "{arguments:?}");
    }
    profile(&sandbox, &["set", "base", "region", "moon-1", "--raw"]).ok();
    profile(&sandbox, &["remove", "base", "--force"]).ok();
    assert!(!sandbox.read(".aws/config").contains("base]"));
}

#[test]
fn a_rename_takes_the_key_its_sessions_and_everything_that_points_there_along_and_back() {
    let scene = Scene::new();
    scene.append(&format!("\n[profile also] # a\ninclude_profile = work\n{}\n", scene.link("work")));
    scene.sandbox.write(".aws/credentials", "[work]\n# kept\noutput = json\n");
    scene.warm();
    let before = [".aws/config", ".aws/credentials"].map(|file| scene.sandbox.read(file));
    let session = key_id(&scene.credential_process("audit").json());
    profile(&scene.sandbox, &["rename", "work", "base"]).ok();
    let config = scene.sandbox.read(".aws/config");
    let names = config.replace(&scene.sandbox.path("").display().to_string(), "");
    assert!(!names.contains("work") && config.contains(&scene.link("base")), "{config}");
    assert!(scene.sandbox.read(".aws/credentials").starts_with("[base]\n# kept\n"));
    assert_eq!(key_id(&scene.credential_process("audit").json()), session);
    key_id(&scene.credential_process("base").json());
    assert_eq!(scene.actions(), [""; 0], "no code and no call is needed");
    let listed = scene.sandbox.keyfob(&["list", "--json"]).run().json();
    assert!(!listed.to_string().contains("\"work\"") && listed["profiles"][0]["key"]["backend"] == "vault", "{listed}");
    profile(&scene.sandbox, &["rename", "base", "work"]).ok();
    assert_eq!([".aws/config", ".aws/credentials"].map(|file| scene.sandbox.read(file)), before);
}

#[test]
fn a_copy_has_the_key_and_leads_to_itself() {
    let scene = Scene::new();
    profile(&scene.sandbox, &["copy", "work", "second"]).ok();
    assert!(
        scene.sandbox.read(".aws/config").ends_with(&format!("{}\n", scene.link("second")))
            || scene.sandbox.read(".aws/config").contains(&scene.link("second"))
    );
    key_id(&scene.credential_process_with_code("second", &scene.phone.code()).json());
    fails(&profile(&scene.sandbox, &["copy", "work", "deploy"]), 6, "already");
}

#[test]
fn settings_of_a_linked_role_are_keyfobs() {
    let scene = Scene::new();
    profile(&scene.sandbox, &["set", "deploy", "duration_seconds", "1800"]).ok();
    profile(&scene.sandbox, &["set", "deploy", "region", "eu-west-1"]).ok();
    let config = scene.sandbox.read(".aws/config");
    assert!(config.contains("\nkeyfob_duration_seconds = 1800\n") && config.contains("region = eu-west-1"), "{config}");
    profile(&scene.sandbox, &["unset", "deploy", "duration_seconds"]).ok();
    assert!(!scene.sandbox.read(".aws/config").contains("duration_seconds"));
}

#[test]
fn link_hides_the_role_and_unlink_gives_the_same_bytes_back() {
    let scene = Scene::new();
    let before = format!(
        "\n[profile team] # t\nRole_Arn  = {}\nsource_profile=work\n# why\nexternal_id = x42\nregion = eu-west-1\n\n[profile last]",
        scene.deploy.arn()
    );
    scene.append(&before);
    let before = scene.sandbox.read(".aws/config");
    profile(&scene.sandbox, &["link", "team"]).ok();
    let linked = scene.sandbox.read(".aws/config");
    assert!(linked.contains("\nkeyfob_Role_Arn  = ") && linked.contains(&scene.link("team")), "{linked}");
    key_id(&scene.credential_process_with_code("team", &scene.phone.code()).json());
    profile(&scene.sandbox, &["unlink", "team"]).ok();
    assert_eq!(scene.sandbox.read(".aws/config"), before);
    fails(&profile(&scene.sandbox, &["link", "last"]), 6, "neither a stored access key nor a role");
}

#[test]
fn linking_a_base_names_or_takes_along_what_builds_on_it() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let key = ann.access_key();
    let add = sandbox.keyfob(&["add", "base", "--stdin", "--no-link", "--region", "eu-west-1", "--yes"]);
    add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    let role = aws.role("deploy").trusts(&ann.arn());
    let role = format!("role_arn = {}\nsource_profile = base\n", role.arn());
    let config = format!(
        "{}\n[profile long]\n{role}duration_seconds = 7200\n[profile short]\n{role}",
        sandbox.read(".aws/config")
    );
    sandbox.write(".aws/config", &config);
    let declined = profile(&sandbox, &["link", "base"]);
    assert!(
        declined.ends_with(0).contains("`long` will fail: from the session of `base`, AWS allows at most 1h"),
        "{}",
        declined.stderr
    );
    assert!(!sandbox.read(".aws/config").contains("keyfob_role_arn"));
    profile(&sandbox, &["unlink", "base"]).ok();
    assert_eq!(sandbox.read(".aws/config"), config);
    profile(&sandbox, &["link", "base", "--yes"]).ok();
    assert_eq!(sandbox.read(".aws/config").matches("credential-process").count(), 3);
    for name in ["base", "long", "short"] {
        profile(&sandbox, &["unlink", name]).ok();
    }
    assert_eq!(sandbox.read(".aws/config"), config);
    profile(&sandbox, &["link", "--all"]).ok();
    assert_eq!(sandbox.read(".aws/config").matches("credential-process").count(), 3);
    let ran = sandbox.keyfob(&["profile", "link", "base"]).env("AWS_ACCESS_KEY_ID", &key.id).run();
    assert!(ran.ends_with(0).contains("`AWS_ACCESS_KEY_ID` is set"), "{}", ran.stderr);
}

#[test]
fn settings_of_this_shell_alone_are_named_and_written_where_that_is_wanted() {
    let scene = Scene::new();
    let link = |more: &[&str]| {
        let run = scene.sandbox.keyfob(&[&["profile", "link", "work"], more].concat());
        let run = run.env("KEYFOB_CALL_TIMEOUT", "20s").env("KEYFOB_MFA_PROCESS", "echo \"1\"");
        run.run().ends_with(0).to_owned()
    };
    scene.sandbox.write("keyfob/config.toml", "# mine\ncall_timeout = 5");
    let said = link(&[]);
    assert!(
        said.contains(
            "`KEYFOB_MFA_PROCESS` are set only in this shell: SDKs that an IDE or a service starts will not see them"
        ),
        "{said}"
    );
    assert!(said.contains("`KEYFOB_DATA_DIR` is set only in this shell") && !said.contains("CALL_TIMEOUT"), "{said}");
    assert_eq!(scene.sandbox.read("keyfob/config.toml"), "# mine\ncall_timeout = 5");
    // `--yes` is about the link.
    assert!(link(&["--yes"]).contains("config.toml: backend = \"vault\"; "));
    assert_eq!(scene.sandbox.read("keyfob/config.toml"), "# mine\ncall_timeout = 5");
    let run = scene.sandbox.keyfob(&["profile", "link", "work"]).env("KEYFOB_MFA_PROCESS", "echo \"1\"");
    let mut terminal = run.on_terminal();
    terminal.expect("config.toml? [y/N] ");
    terminal.type_line("y");
    terminal.finish().0.ends_with(0);
    let written = scene.sandbox.read("keyfob/config.toml");
    assert!(
        written.starts_with("# mine\ncall_timeout = 5\n") && written.contains("backend = \"vault\"\n"),
        "{written}"
    );
    assert!(!link(&[]).contains("will not see it"));
    scene.sandbox.keyfob(&["list"]).without_env("KEYFOB_BACKEND").run().ok();
}

/// The tutorial's files: `aws configure` makes them.
fn tutorial(sandbox: &Sandbox, key: &AccessKey) {
    sandbox.write(".aws/config", "[default]\nregion = eu-central-1\noutput = json\n");
    let credentials = format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    sandbox.write(".aws/credentials", &credentials);
}

#[test]
fn from_the_tutorials_files_to_a_linked_profile_with_mfa_in_three_commands() {
    for client in ["aws-cli-1", "aws-cli-2"] {
        let Some(client) = tools::require(client) else { continue };
        let (aws, sandbox) = machine();
        let ann = aws.user("ann");
        let key = ann.access_key();
        tutorial(&sandbox, &key);
        let url = aws.url();
        let caller = ["--endpoint-url", &url, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
        assert_eq!(sandbox.program(&client, &caller).run().ok().trim(), ann.arn());
        let phone = ann.mfa("phone");
        sandbox.keyfob(&["import", "--yes"]).run().ok();
        assert_eq!(sandbox.read(".aws/credentials"), "[default]\n");
        let code = phone.code();
        sandbox.keyfob(&["exec", "default", "--mfa-code", &code, "--", "true"]).run().ok();
        aws.forget_requests();
        assert_eq!(sandbox.program(&client, &caller).run().ok().trim(), ann.arn());
        assert_eq!(aws.count("GetCallerIdentity"), 1);
        let config = sandbox.read(".aws/config");
        assert!(
            config.starts_with("[default]\nregion = eu-central-1\noutput = json\ncredential_process = "),
            "{config}"
        );
        assert!(config.contains(&format!("mfa_serial = {}", phone.serial())), "{config}");
    }
}

#[test]
fn import_moves_long_term_keys_and_leaves_everything_else() {
    let (aws, sandbox) = machine();
    let (ann, bob) = (aws.user("ann").access_key(), aws.user("bob").access_key());
    let broken = "x".repeat(40);
    let credentials = format!(
        "# mine\r\n[ann]\r\naws_access_key_id={}\r\n# rotated in May\r\naws_secret_access_key={} \r\nregion=eu-west-1\r\n\
         [bob]\nAWS_ACCESS_KEY_ID = {}\nAWS_SECRET_ACCESS_KEY = {}\n\n[temporary]\naws_access_key_id = ASIAFAKEFAKEFAKEFAKE\n\
         aws_secret_access_key = {broken}\naws_session_token = FAKE\n\n[bad]\naws_access_key_id = AKIAFAKEFAKEFAKEFAKE\n\
         aws_secret_access_key = {broken}",
        ann.id, ann.secret, bob.id, bob.secret
    );
    sandbox.write(".aws/credentials", &credentials);
    let ran = sandbox.keyfob(&["import", "--json"]).run();
    let said = ran.ends_with(1);
    assert!(said.contains("temporary key") && said.contains("credentials:12"), "{said}");
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(report["imported"].as_array().expect("a list").len(), 2, "{report}");
    assert_eq!(report["left"].as_array().expect("a list").len(), 2, "{report}");
    let expected = format!(
        "# mine\r\n[ann]\r\n# rotated in May\r\nregion=eu-west-1\r\n[bob]\n\n[temporary]\naws_access_key_id = \
         ASIAFAKEFAKEFAKEFAKE\naws_secret_access_key = {broken}\naws_session_token = FAKE\n\n[bad]\n\
         aws_access_key_id = AKIAFAKEFAKEFAKEFAKE\naws_secret_access_key = {broken}"
    );
    assert_eq!(sandbox.read(".aws/credentials"), expected);
    for name in ["ann", "bob"] {
        key_id(&sandbox.keyfob(&["credential-process", name]).run().json());
    }
    sandbox.keyfob(&["import", "bad", "--no-verify"]).run().ok();
    assert!(!sandbox.read(".aws/credentials").contains("AKIA"));
}

#[test]
fn an_import_killed_at_any_moment_goes_on_and_the_profile_works_all_the_time() {
    let (aws, sandbox) = machine();
    let ann = aws.user("ann");
    let key = ann.access_key();
    let import = || sandbox.keyfob(&["import", "--yes"]);
    let prepared = |_| {
        // There is none at first.
        sandbox.keyfob(&["remove", "default", "--yes"]).run();
        tutorial(&sandbox, &key);
        import()
    };
    kill_at_moments(12, prepared, |kill| {
        let answer = sandbox.keyfob(&["credential-process", "default"]).run().json();
        assert_eq!(answer["Version"], 1, "kill {kill}");
        import().run().ok();
        assert_eq!(sandbox.read(".aws/credentials"), "[default]\n", "kill {kill}");
        assert_eq!(sandbox.read(".aws/config").matches("credential_process").count(), 1, "kill {kill}");
    });
}

#[test]
fn editors_at_once_lose_no_edit() {
    let (_aws, sandbox) = machine();
    sandbox.write(".aws/config", "[profile p]\nregion = eu-west-1\n");
    let names: Vec<String> = (0..8).map(|n| format!("setting_{n}")).collect();
    let running: Vec<_> =
        names.iter().map(|name| sandbox.keyfob(&["profile", "set", "p", name, "x"]).start()).collect();
    for editor in running {
        editor.finish().ok();
    }
    let config = sandbox.read(".aws/config");
    assert!(names.iter().all(|name| config.contains(&format!("{name} = x\n"))), "{config}");
    assert_eq!(config.lines().count(), 2 + names.len());
}

#[test]
fn a_file_that_cannot_be_replaced_is_left_and_the_lines_are_printed() {
    let (_aws, sandbox) = machine();
    sandbox.write(".aws/config", "[profile p]\nregion = eu-west-1\n");
    sandbox.write("elsewhere/config", "[profile q]\n");
    // A folder in which nothing can be made, even by root: one that does not exist behind a link.
    let ran = sandbox
        .keyfob(&["profile", "add", "q", "region=eu-west-1"])
        .env("AWS_CONFIG_FILE", "/proc/keyfob/config")
        .run();
    let said = fails(&ran, 1, "cannot replace");
    assert!(said.contains("[profile q]\nregion = eu-west-1"), "{said}");
}

#[test]
fn a_new_role_without_a_region_is_told_that_of_its_source_is_not_taken_over() {
    let (_aws, sandbox) = machine();
    sandbox.write(".aws/config", "[profile base]\nregion = eu-north-1\n");
    let role = "role_arn=arn:aws:iam::123456789012:role/R";
    let said = profile(&sandbox, &["add", "bare", role, "source_profile=base"]).ends_with(0).to_owned();
    assert!(said.contains("hint: `bare` has no region"), "{said}");
    assert!(said.contains("`keyfob profile set bare region eu-north-1`"), "{said}");
    for settings in [&[role, "source_profile=base", "region=eu-west-1"][..], &["output=json"]] {
        let said = profile(&sandbox, &[&["add", settings[0].get(..4).expect("a name")], settings].concat());
        assert!(!said.ends_with(0).contains("hint:"), "{said:?}");
    }
    let add = ["profile", "add", "other", role, "source_profile=base"];
    let said = sandbox.keyfob(&add).env("AWS_REGION", "eu-west-1").run();
    assert!(!said.ends_with(0).contains("hint:"), "{said:?}");
}

#[test]
fn a_profile_whose_name_would_steer_the_terminal_is_harmless_but_raw_for_scripts() {
    let (_aws, sandbox) = machine();
    let name = "\u{1b}[2J\u{9b}31mred";
    sandbox.write(".aws/config", &format!("[profile '{name}']\nregion = \u{1b}]0;title\u{7}\n"));
    let listed = sandbox.keyfob(&["list"]).run();
    assert!(listed.ok().contains("\u{fffd}[2J\u{fffd}31mred"), "{listed:?}");
    assert!(!listed.stdout.contains(['\u{1b}', '\u{9b}', '\u{7}']), "a pager hands it on: {listed:?}");
    assert!(!sandbox.keyfob(&["show", name]).run().ok().contains('\u{1b}'));
    assert_eq!(sandbox.keyfob(&["list", "--names"]).run().ok(), format!("{name}\n"));
    let mut terminal = sandbox.keyfob(&["list", "--names"]).on_terminal();
    terminal.expect("31mred");
    let (ran, seen) = terminal.finish();
    assert_eq!(ran.code, Some(0));
    assert!(!seen.contains(['\u{1b}', '\u{9b}']), "{seen:?}");
}

#[test]
fn ten_thousand_profiles_are_listed_and_shown_in_no_time() {
    let (_aws, sandbox) = machine();
    let config: String = (0..10_000)
        .map(|n| format!("[profile p{n}]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/R{n}\nsource_profile = p0\n\n"))
        .collect();
    sandbox.write(".aws/config", &config);
    assert_eq!(sandbox.keyfob(&["list", "--names"]).run().ok().lines().count(), 10_000);
    let shown = sandbox.keyfob(&["show", "p9999", "--json"]).run().json();
    assert_eq!(shown["settings"]["role_arn"]["line"], 49_998);
    assert_eq!(sandbox.keyfob(&["list", "--json"]).run().json()["profiles"].as_array().expect("a list").len(), 10_000);
}

/// What an edit changes in what is read.
type Edit<'a> = &'a dyn Fn(&mut serde_json::Value);

/// What botocore and the AWS CLI's own parsers read of both files, as JSON.
const PARSERS: &str = "import json, sys, botocore.configloader as c\n\
    print(json.dumps(c.load_config(sys.argv[1]), sort_keys=True))\n";

#[test]
fn botocore_reads_the_same_before_and_after_but_for_the_edit() {
    let Some(python) = tools::require("python") else { return };
    let (_aws, sandbox) = machine();
    let config = CONFIG.replace(" ; home", "").replace("[ profile  prod ]", "[profile prod]")
        + "\r\n[sso-session s]\r\nsso_region = eu-west-1\r\n\r\n[services l]\r\nsts =\r\n  endpoint_url = http://x\r\n";
    let read = || -> serde_json::Value {
        let path = sandbox.path(".aws/config");
        sandbox.program(&python, &["-W", "ignore", "-c", PARSERS, &path.to_string_lossy()]).run().json()
    };
    sandbox.write(".aws/config", &config);
    let before = read();
    let edits: [(&[&str], Edit<'_>); 4] = [
        (&["set", "base", "region", "us-east-1"], &|value| value["profiles"]["base"]["region"] = "us-east-1".into()),
        (&["unset", "prod", "role_arn"], &|value| {
            value["profiles"]["prod"].as_object_mut().expect("a profile").remove("role_arn");
        }),
        (&["rename", "base", "work"], &|value| {
            let profiles = value["profiles"].as_object_mut().expect("profiles");
            let base = profiles.remove("base").expect("there");
            profiles.insert("work".into(), base);
            profiles["prod"]["source_profile"] = "work".into();
        }),
        (&["remove", "prod"], &|value| {
            value["profiles"].as_object_mut().expect("profiles").remove("prod");
        }),
    ];
    for (arguments, edit) in edits {
        sandbox.write(".aws/config", &config);
        profile(&sandbox, arguments).ok();
        let mut expected = before.clone();
        edit(&mut expected);
        assert_eq!(read(), expected, "{arguments:?}");
    }
}

/// The checks of doctor's findings, each with its line.
fn findings(ran: &Ran) -> Vec<(String, u64)> {
    let report: serde_json::Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let found = report["findings"].as_array().expect("a list").iter();
    found.map(|f| (f["check"].as_str().expect("a name").to_owned(), f["line"].as_u64().unwrap_or(0))).collect()
}

#[test]
fn doctor_finds_nothing_on_a_sound_machine_and_each_thing_that_bites() {
    let scene = Scene::new();
    let doctor = |arguments: &[&str]| scene.sandbox.keyfob(&[&["doctor", "--json"], arguments].concat()).run();
    let sound = doctor(&[]);
    assert_eq!(findings(&sound), [], "{}", sound.stdout);
    sound.ok();
    let before = scene.sandbox.read(".aws/config").lines().count() as u64;
    scene.append(
        "[profile a]\nsource_profile = b\nrole_arn = arn:aws:iam::123456789012:role/R\n\
         [profile b]\nsource_profile = a\nrole_arn = arn:aws:iam::123456789012:role/R\n\
         [profile c]\nsource_profile = nobody\nrole_arn = arn:aws:iam::123456789012:role/R\nmfa_serail = x\n\
         [prod]\nregion = eu-west-1\n\
         [profile d]\ncredential_process = /nowhere/keyfob credential-process work\nmfa_serial = 123456789\n\
         [profile e]\nrole_arn = arn:aws:iam::123456789012:role/R\nsource_profile = work\nmfa_serial = 123456789\n",
    );
    scene.sandbox.write(".aws/credentials", "[work]\naws_access_key_id = AKIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKE\n[f]\naws_access_key_id = ASIAFAKEFAKEFAKEFAKE\naws_secret_access_key = FAKE\n");
    let open: std::fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(scene.sandbox.path(".aws/credentials"), open).expect("own file");
    let at = |check: &str, line: u64| (check.to_owned(), if line == 0 { 0 } else { before + line });
    let ran = scene
        .sandbox
        .keyfob(&["doctor", "--json"])
        .env("AWS_ACCESS_KEY_ID", "AKIAFAKE")
        .env("AWS_PROFILE", "gone")
        .run();
    ran.ends_with(1);
    let found = findings(&ran);
    let expected = [
        ("mode".to_owned(), 0),
        at("variable", 0),
        at("program", 14),
        at("file", 11),
        ("setting".to_owned(), 2),
        ("setting".to_owned(), 3),
        at("chain", 1),
        at("chain", 4),
        at("chain", 7),
        at("setting", 10),
        at("mfa", 19),
        ("plain-key".to_owned(), 2),
        ("plain-key".to_owned(), 5),
    ];
    for expected in &expected {
        assert!(found.contains(expected), "{expected:?} is not in {found:?}\n{}", ran.stdout);
    }
    assert_eq!(found.iter().filter(|(check, _)| check == "variable").count(), 2);
    let report: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    for finding in report["findings"].as_array().expect("a list") {
        for field in ["message", "why"] {
            assert!(!finding[field].as_str().expect("a text").is_empty(), "{field} of {finding}");
        }
        let fix = &finding["fix"];
        assert!(fix.is_null() || fix["argv"][0].is_string() && fix["fill"].is_array(), "{finding}");
    }
    let fixed = doctor(&["--fix"]);
    assert!(fixed.stdout.contains("\"fixed\": true"), "{}", fixed.stdout);
    assert!(!findings(&doctor(&[])).iter().any(|(check, _)| check == "mode"));
}

#[test]
fn doctor_goes_on_where_a_file_cannot_be_read_and_asks_aws_for_the_time() {
    let (_aws, mut sandbox) = machine();
    sandbox.write(".aws/config", "[default\n");
    let ran = sandbox.keyfob(&["doctor", "--json"]).run();
    assert_eq!(findings(&ran), [("file".to_owned(), 1)], "{}", ran.stdout);
    sandbox.write(".aws/config", "");
    sandbox.keyfob(&["doctor", "--online"]).run().ok();
    if sandbox.put_clock_off(600).is_some() {
        let ran = sandbox.keyfob(&["doctor", "--online", "--json"]).run();
        assert_eq!(findings(&ran), [("clock".to_owned(), 0)], "{}", ran.stdout);
    }
}

#[test]
fn show_names_every_setting_with_its_place_and_hides_secrets() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    sandbox.write(".aws/config", "[profile ann]\nregion = eu-west-1\n\n[profile ann2]\ninclude_profile = ann\n");
    sandbox.write(
        ".aws/credentials",
        &format!("[ann]\nregion = us-east-1\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret),
    );
    let shown = sandbox.keyfob(&["show", "ann", "--json"]).run().json();
    let config = sandbox.path(".aws/config").display().to_string();
    assert_eq!(shown["settings"]["region"]["value"], "us-east-1");
    assert_eq!(shown["settings"]["region"]["line"], 2);
    assert_eq!(shown["settings"]["region"]["shadows"][0], serde_json::json!({"file": config, "line": 2}));
    assert_eq!(shown["settings"]["aws_access_key_id"]["value"], key.id.as_str());
    let text = sandbox.keyfob(&["show"]).env("AWS_PROFILE", "ann").run().ok().to_owned();
    assert!(text.contains("****") && !text.contains(&key.id), "{text}");
    assert!(sandbox.keyfob(&["show", "ann2"]).run().ok().contains(":2 (by include_profile)"));
    let said = fails(&sandbox.keyfob(&["show", "an"]).run(), 6, "no profile `an`");
    assert!(said.contains("did you mean `ann`?"), "{said}");
}

/// An older tool's copy, a comment, sections that no SDK reads.
fn with_copies(sandbox: &Sandbox, key: &AccessKey) -> String {
    let AccessKey { id, secret } = key;
    sandbox.may_hold_secrets(".aws");
    sandbox.write(
        ".aws/config",
        &format!("[profile base]\nregion = x\n[old]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n"),
    );
    let encoded = secret.replace('/', "%2F");
    let rest = format!(
        "[pre]\nx = get --key {secret} --x\n[default]\nexport AWS_SECRET_ACCESS_KEY=\"{secret}\"\nu={encoded}\n[w]\nAWSSecretKey = {secret}\n"
    );
    let credentials = format!(
        "{rest}aws_access_key_id = {id}\naws_secret_access_key = {secret}\n# aws_secret_access_key = {secret}\n"
    );
    sandbox.write(".aws/credentials", &credentials);
    rest
}

#[test]
fn lines_that_still_hold_an_imported_secret_are_named_by_import_and_doctor_and_deleted_on_demand() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let rest = with_copies(&sandbox, &key);
    let imported = sandbox.keyfob(&["import", "w", "--yes", "--json"]).run();
    let report = imported.json();
    let lines = |report: &serde_json::Value, file: &str| -> Vec<u64> {
        let lines = report["remaining"].as_array().expect("a list").iter();
        let mut lines: Vec<u64> = lines
            .filter(|line| line["file"].as_str().expect("a path").ends_with(file))
            .map(|line| line["line"].as_u64().expect("a number"))
            .collect();
        lines.sort_unstable();
        lines
    };
    // The two lines of the key itself have gone.
    assert_eq!(lines(&report, "credentials"), [2, 4, 5, 7, 8], "{report}");
    assert_eq!(lines(&report, "config"), [5], "{report}");
    assert!(imported.stderr.contains("credentials:8: the line still holds the secret of"), "{}", imported.stderr);
    let found = sandbox.keyfob(&["doctor"]).run().stdout;
    for place in ["credentials:4", "credentials:7", "credentials:8: a comment", "config:5: `[old]`"] {
        assert!(found.contains(place), "{place}: {found}");
    }
    // In a terminal they can go.
    let mut terminal = sandbox.keyfob(&["import", "w"]).on_terminal();
    terminal.expect("delete these lines");
    terminal.type_line("y");
    terminal.finish().0.ends_with(0);
    let left = sandbox.read(".aws/credentials");
    assert_eq!(
        left,
        rest.lines().filter(|line| line.starts_with(['[', 'x'])).map(|line| format!("{line}\n")).collect::<String>()
    );
    assert_eq!(sandbox.read(".aws/config").matches(&key.secret).count(), 0);
}

#[test]
fn an_import_of_nothing_says_so_and_names_secrets_where_sdks_do_not_look() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    with_copies(&sandbox, &key);
    let pre = sandbox.read(".aws/credentials").replace("[w]", "[profile w]").replace("[default]", "[other]");
    sandbox.write(".aws/credentials", &pre);
    let all = sandbox.keyfob(&["import", "--yes"]).run();
    for place in ["config:5: `[old]`", "credentials:7: `[profile w]`", "credentials:10: a comment"] {
        assert!(all.stderr.contains(place), "{place}: {}", all.stderr);
    }
    let one = sandbox.keyfob(&["import", "base", "--yes"]).run();
    assert!(one.ends_with(1).contains("`base` has no access key in plain text"), "{}", one.stderr);
}

#[test]
fn a_root_key_is_imported_only_where_that_is_allowed() {
    let (aws, sandbox) = machine();
    let key = aws.root().access_key();
    tutorial(&sandbox, &key);
    sandbox.keyfob(&["import", "--yes"]).run().ends_with(1);
    sandbox.keyfob(&["import", "--yes", "--allow-root"]).run().ok();
    assert_eq!(sandbox.read(".aws/credentials"), "[default]\n");
}

#[test]
fn every_link_is_taken_back_at_once_and_every_byte_is_as_it_was() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let before = "[profile other]\r\nrole_arn = arn:aws:iam::111122223333:role/x\r\nsource_profile = a\r\n\r\n[profile mine]\nregion=x";
    sandbox.write(".aws/config", before);
    for name in ["a", "b"] {
        let add = sandbox.keyfob(&["add", name, "--stdin", "--yes", "--no-verify", "--no-link"]);
        add.stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    }
    sandbox.keyfob(&["profile", "link", "--all", "--yes"]).run().ok();
    assert_eq!(sandbox.read(".aws/config").matches("credential-process").count(), 3);
    let shown = sandbox.keyfob(&["profile", "unlink", "--all", "--diff"]).run();
    assert_eq!(shown.ok().matches("\n-credential_process").count(), 3, "{}", shown.stdout);
    sandbox.keyfob(&["profile", "unlink", "--all"]).run().ok();
    assert_eq!(sandbox.read(".aws/config"), before);
    assert!(sandbox.keyfob(&["profile", "unlink", "--all"]).run().stderr.contains("no profile is linked"));
}

#[test]
fn rename_and_doctor_see_keyfob_in_a_wrapper() {
    let (_, sandbox) = machine();
    let config = |name: &str| {
        format!(
            "[profile {name}]\nregion = x\ncredential_process = sh -c 'keyfob credential-process {name} 2> $(tty)'\n"
        )
    };
    sandbox.write(".aws/config", &config("base"));
    sandbox.keyfob(&["profile", "rename", "base", "work"]).run().ok();
    assert_eq!(sandbox.read(".aws/config"), config("work"));
    let copied = sandbox.read(".aws/config").replace("[profile work]", "[profile copy]");
    sandbox.write(".aws/config", &copied);
    let found = sandbox.keyfob(&["doctor"]).run().stdout;
    assert!(found.lines().any(|line| line.contains("`copy`") && line.contains("`work`")), "{found}");
}

#[test]
fn a_stored_key_is_exported_after_a_confirmation_that_yes_does_not_give() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let lines = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "work", "--stdin", "--yes"]).stdin(&lines).run().ok();
    for arguments in
        [&["export", "work"][..], &["export", "work", "--yes"], &["export", "work", "--to-credentials", "-y"]]
    {
        let refused = sandbox.keyfob(arguments).run();
        assert!(refused.ends_with(3).contains("--force`") && refused.stdout.is_empty(), "{}", refused.stderr);
    }
    assert_eq!(sandbox.keyfob(&["export", "work", "--force"]).run().ok(), lines);
    let csv = sandbox.keyfob(&["export", "work", "--force", "--csv"]).run();
    assert_eq!(csv.ok(), format!("Access key ID,Secret access key\n{},{}\n", key.id, key.secret));
    let mut terminal = sandbox.keyfob(&["export", "work", "--to-credentials"]).on_terminal();
    terminal.expect("in plain text? [y/N] ");
    sandbox.may_hold_secrets(".aws/credentials");
    terminal.type_line("y");
    terminal.finish().0.ends_with(0);
    assert_eq!(
        sandbox.read(".aws/credentials"),
        format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret)
    );
    for offers in [true, false] {
        let again = sandbox.keyfob(&["export", "work", "--to-credentials", "--force"]).run();
        assert_eq!(again.ends_with(0).contains("`keyfob profile unlink work`"), offers, "{}", again.stderr);
        if offers {
            sandbox.keyfob(&["unlink", "work"]).run().ok();
        }
    }
    // On another machine.
    let (_, other) = machine();
    other.keep_secret(&key.secret, "secret of another machine");
    other.keyfob(&["add", "work", "--stdin", "--no-verify"]).stdin(&lines).run().ok();
    sandbox
        .write(".aws/config", "[profile role]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = work\n");
    assert!(sandbox.keyfob(&["export", "role", "--force"]).run().ends_with(1).contains("`keyfob export work`"));
    // The copy goes on working, so nobody is told to deactivate the key.
    let removed = sandbox.keyfob(&["remove", "work", "--yes"]).run();
    removed.ok();
    let copy = sandbox.path(".aws/credentials");
    assert!(removed.stderr.contains(&format!("is still in plain text at {}:2", copy.display())), "{removed:?}");
    assert!(!removed.stderr.contains("fail without") && !removed.stderr.contains("deactivate"), "{removed:?}");
}

#[test]
fn a_link_that_is_refused_asks_nothing_first() {
    let (_, sandbox) = machine();
    sandbox.write(
        ".aws/config",
        "[profile me]\nlogin_session = arn:aws:iam::111122223333:user/me\nregion = eu-west-1\n\
         [profile over]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = me\n",
    );
    let mut terminal = sandbox.keyfob(&["link", "me"]).on_terminal();
    let said = terminal.expect("cannot be linked: credentials of `aws login`");
    assert!(!said.contains("also link"), "{said}");
    terminal.finish().0.ends_with(6);
}

#[test]
fn remove_says_that_a_key_stays_which_another_profile_uses() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    for profile in ["work", "other"] {
        let lines = format!("{}\n{}\n", key.id, key.secret);
        sandbox.keyfob(&["add", profile, "--stdin", "--yes"]).stdin(&lines).run().ok();
    }
    let mut terminal = sandbox.keyfob(&["remove", "work"]).on_terminal();
    let said = terminal.expect("the key stays in the vault: `other` uses it too [y/N] ");
    assert!(!said.contains("deactivate") && !said.contains("and its sessions from"), "{said}");
    terminal.type_line("y");
    terminal.expect("because other profiles use it: `other`");
    terminal.finish().0.ends_with(0);
    // Now it is the only one.
    let mut terminal = sandbox.keyfob(&["remove", "other"]).on_terminal();
    let said = terminal.expect("the key of `other`, from the vault, and its cached sessions? [y/N] ");
    assert!(
        said.contains("deactivate the key at AWS first, unless it was deleted there: AWS keeps accepting it otherwise"),
        "{said}"
    );
    terminal.type_line("n");
    terminal.finish().0.ends_with(1);
}

#[test]
fn remove_names_the_roles_that_need_the_key_and_offers_to_unlink() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let add =
        || sandbox.keyfob(&["add", "work", "--stdin", "--yes"]).stdin(&format!("{}\n{}\n", key.id, key.secret)).run();
    add().ok();
    let config = sandbox.read(".aws/config");
    sandbox.write(
        ".aws/config",
        &format!("{config}[profile deploy]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = work\n"),
    );
    let mut terminal = sandbox.keyfob(&["remove", "work"]).on_terminal();
    terminal.expect("`deploy` get their credentials through `work`");
    terminal.expect("delete ****");
    terminal.type_line("y");
    terminal.expect("is still linked to keyfob; unlink it? [y/N] ");
    terminal.type_line("y");
    terminal.finish().0.ends_with(0);
    assert!(!sandbox.read(".aws/config").contains("credential_process"));
    add().ok();
    let removed = sandbox.keyfob(&["remove", "work", "--yes"]).run();
    assert!(removed.ends_with(0).contains("`keyfob profile unlink work`"), "{}", removed.stderr);
}

#[test]
fn a_name_that_some_sdks_ignore_is_warned_of_where_it_is_written_and_not_again() {
    let (_, sandbox) = machine();
    let run = |words: &[&str]| {
        let ran = sandbox.keyfob(words).run();
        ran.ok();
        ran.stderr.lines().filter(|line| line.starts_with("warning: ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let place = format!("warning: {}:1: the SDKs for ", sandbox.path(".aws/config").display());
    let warned = run(&["profile", "add", "x]y", "region=eu-west-1"]);
    assert!(
        warned.len() == 1 && warned[0].starts_with(&place) && warned[0].contains("ignore `[profile x]y]`"),
        "{warned:?}"
    );
    assert_eq!(run(&["profile", "set", "x]y", "output", "json"]), [""; 0]);
    assert_eq!(run(&["profile", "add", "plain", "region=eu-west-1"]), [""; 0]);
    assert!(run(&["profile", "copy", "plain", "two words"])[0].contains("ignore `[profile 'two words']`"));
    assert!(run(&["profile", "rename", "plain", "a=b"])[0].contains("ignore `[profile a=b]`"));
    assert_eq!(run(&["profile", "rename", "a=b", "good"]), [""; 0]);
    // What was there before stays known where lines above it are new.
    let text = "[default]\n[profile default]\nregion = eu-west-1\nregion = eu-west-2\n";
    sandbox.write(".aws/config", &format!("[profile top]\n{text}"));
    assert_eq!(run(&["profile", "set", "top", "output", "json"]), [""; 0]);
}

/// A stored key comes before a sign-in or another program's process, and before a key in the config file only the key does.
#[test]
fn a_key_that_the_profile_does_not_use_is_not_imported_in_place_of_what_it_uses() {
    let (aws, sandbox) = machine();
    let key = aws.user("ann").access_key();
    let lines = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    let center = "sso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n";
    let session = "[sso-session corp]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n";
    let process = "credential_process = /usr/bin/other\n";
    let login = "login_session = arn:aws:iam::111122223333:user/me\n";
    for (config, credentials, uses) in [
        (format!("[profile p]\n{center}{lines}{session}"), String::new(), Some("sso_session")),
        (format!("[profile p]\n{center}{session}"), format!("[p]\n{lines}"), Some("sso_session")),
        (format!("[profile p]\n{process}{lines}"), String::new(), Some("credential_process")),
        (format!("[profile p]\n{login}{lines}"), String::new(), Some("login_session")),
        (format!("[profile p]\n{login}"), format!("[p]\n{lines}"), None),
        (
            format!("[profile p]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = p\n{lines}"),
            String::new(),
            None,
        ),
    ] {
        sandbox.write(".aws/config", &format!("{config}region = eu-west-1\n"));
        sandbox.write(".aws/credentials", &credentials);
        sandbox.may_hold_secrets(".aws/config");
        sandbox.may_hold_secrets(".aws/credentials");
        let explained = |sandbox: &Sandbox| {
            let ran = sandbox.keyfob(&["explain", "p", "--json"]).run();
            serde_json::from_str::<serde_json::Value>(&ran.stdout).map(|plan| plan["base"]["kind"].clone()).ok()
        };
        let before = explained(&sandbox);
        let fix = sandbox.keyfob(&["doctor"]).run().stdout;
        let ran = sandbox.keyfob(&["import", "p", "--no-verify", "--yes"]).run();
        assert_eq!(ran.code == Some(0), uses.is_none(), "{config}{ran:?}");
        assert_eq!(fix.contains("`keyfob import p`"), uses.is_none(), "{fix}");
        if let Some(setting) = uses {
            assert!(ran.stderr.contains(&format!("by `{setting}`, and a stored key would come first")), "{ran:?}");
            assert_eq!(explained(&sandbox), before, "{config}");
            assert_eq!(sandbox.read(".aws/config"), format!("{config}region = eu-west-1\n"));
        }
        sandbox.keyfob(&["remove", "p", "--yes"]).run();
    }
}
