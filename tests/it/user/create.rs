//! Creating users: what is shown, asked, made and linked.

use crate::KEYFOB;
use crate::scene::fails;
use crate::support::aws::Fault;
use crate::support::leaks::Shows;
use crate::support::sandbox::Sandbox;
use crate::user::Office;

const READ_ONLY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

#[test]
fn a_user_is_created_from_nothing_to_a_linked_profile_with_mfa() {
    let mut office = Office::new();
    office.sandbox.go_to_second(26);
    let arguments = ["create", "bob", "--group", "developers", "--policy", READ_ONLY, "--key", "--mfa", "store"];
    let ran = office.user(&[&arguments[..], &["--region", "eu-west-1", "--yes"]].concat());
    ran.ok();
    for said in [
        "IAM Identity Center",
        "create user `bob` in account 111122223333",
        "group `developers`, which is created, attach ReadOnlyAccess",
        "for the new profile `bob`",
    ] {
        assert!(ran.stderr.contains(said), "no {said:?} in {}", ran.stderr);
    }
    let own = office.bob().belongings().expect("created");
    assert!(own.groups.contains("developers") && own.attached.is_empty() && own.password.is_none(), "{own:?}");
    assert!(office.aws.groups()["developers"].attached.contains(READ_ONLY));
    let keys = office.bob().keys();
    assert_eq!(keys.len(), 1);
    assert_eq!(
        office.stored(),
        [format!("access-key/{}", keys[0].0), "totp-seed/arn:aws:iam::111122223333:mfa/bob".to_owned()]
    );
    let config = office.sandbox.read(".aws/config");
    assert!(config.contains("[profile bob]") && config.contains("mfa_serial = arn:aws:iam::111122223333:mfa/bob"));
    // The profile works, with MFA.
    office.sandbox.pass_time(60);
    let answer = office.sandbox.keyfob(&["credential-process", "bob"]).run().json();
    assert!(answer["SessionToken"].is_string(), "{answer}");
    assert_eq!(
        office.aws.last("GetSessionToken").params.get("SerialNumber"),
        Some("arn:aws:iam::111122223333:mfa/bob")
    );
    // The order of AWS-documented onboarding, the key last.
    let made: Vec<String> = office.aws.requests().into_iter().map(|request| request.action).collect();
    let at = |action: &str| made.iter().position(|made| made == action).unwrap_or_else(|| panic!("{action}: {made:?}"));
    let order =
        ["CreateGroup", "AttachGroupPolicy", "CreateUser", "EnableMFADevice", "AddUserToGroup", "CreateAccessKey"];
    assert!(order.windows(2).all(|pair| at(pair[0]) < at(pair[1])), "{made:?}");
    assert!(!office.sandbox.path("keyfob/data/users/111122223333-bob.json").exists(), "nothing is left to do");
}

#[test]
fn nothing_is_created_without_a_yes_and_a_yes_is_asked_for_once() {
    let office = Office::new();
    let arguments = ["create", "bob", "--group", "developers", "--key", "--mfa", "none"];
    fails(&office.user(&arguments), 3, "confirmation to create `bob` is needed");
    let with = [&["user"], &arguments[..], &["--with", "admin"]].concat();
    let mut terminal = office.sandbox.keyfob(&with).on_terminal();
    terminal.expect("create `bob`? [y/N] ");
    terminal.type_line("n");
    terminal.expect("cancelled; `bob` was not created");
    terminal.finish().0.ends_with(1);
    assert!(office.bob().belongings().is_none() && office.aws.groups().is_empty());
    let changed = office.aws.requests().into_iter().find(|request| !request.action.starts_with("Get"));
    assert_eq!(changed.map(|request| request.action).filter(|action| !action.starts_with("List")), None);
    let mut terminal = office.sandbox.keyfob(&with).on_terminal();
    terminal.expect("create `bob`? [y/N] ");
    terminal.type_line("y");
    terminal.expect("wrote the profile `bob`");
    terminal.finish().0.ends_with(0);
    assert_eq!(office.bob().keys().len(), 1);
}

#[test]
fn an_administrator_is_asked_about_again_also_through_a_group_that_is_one() {
    let office = Office::new();
    let ran = office.user(&["create", "eve", "--group", "admins", "--policy", ADMINISTRATOR, "--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("warning: AdministratorAccess lets `eve`"), "{}", ran.stderr);
    for arguments in [&["--policy", ADMINISTRATOR][..], &["--group", "admins"]] {
        let all = [&["user", "create", "bob", "--with", "admin"], arguments].concat();
        let mut terminal = office.sandbox.keyfob(&all).on_terminal();
        terminal.expect("create `bob`? [y/N] ");
        terminal.type_line("y");
        terminal.expect("AdministratorAccess lets `bob`");
        terminal.expect("really make `bob` an administrator? [y/N] ");
        terminal.type_line("");
        terminal.expect("cancelled");
        terminal.finish().0.ends_with(1);
        assert!(office.bob().belongings().is_none());
    }
}

#[test]
fn what_exists_or_does_not_stops_it_before_anything_is_created() {
    let office = Office::new();
    office.user(&["create", "bob", "--yes"]).ok();
    let before = office.aws.count("CreateUser");
    let stderr = fails(&office.user(&["create", "bob", "--yes"]), 1, "already has a user `bob`");
    assert!(stderr.contains("keyfob user list --with admin`"), "{stderr}");
    fails(
        &office.user(&["create", "eve", "--key", "--mfa", "none", "--profile", "admin", "--yes"]),
        2,
        "`admin` exists",
    );
    let unknown = "arn:aws:iam::aws:policy/Unknown";
    let stderr = fails(&office.user(&["create", "eve", "--policy", unknown, "--yes"]), 1, "there is no policy");
    assert!(stderr.contains("aws iam list-policies --query 'Policies[].Arn' --profile admin`"), "{stderr}");
    fails(&office.user(&["create", "a/b", "--yes"]), 2, "is not a valid name");
    fails(&office.user(&["create", "eve", "--key", "--yes"]), 3, "two codes from an authenticator app are needed");
    fails(&office.user(&["create", "eve", "--handover", "x", "--yes"]), 2, "nothing to hand over");
    let nowhere = ["create", "eve", "--key", "--handover", "no-such-folder/x", "--yes"];
    fails(&office.user(&nowhere), 2, "there is no folder ");
    assert_eq!(office.aws.count("CreateUser"), before);
    assert!(!office.sandbox.path("keyfob/data/users/111122223333-eve.json").exists());
}

#[test]
fn entities_that_are_seconds_old_or_busy_are_waited_for() {
    let mut office = Office::new();
    office.sandbox.set("KEYFOB_ROTATE_PATIENCE", "20s");
    office.aws.new_users_unseen_for(4);
    office.aws.list_in_pages_of_one();
    let busy = Fault::Refuse { status: 409, code: "EntityTemporarilyUnmodifiable", message: "Please try again later." };
    office.aws.faults("AddUserToGroup", 2, busy);
    office.aws.fault("CreateUser", Fault::DropAnswer);
    office.aws.fault("CreateGroup", Fault::FailAfterwards);
    office.aws.fault("CreateAccessKey", Fault::Throttle);
    office.aws.new_keys_appear(&[false, true, false, true, true, true]);
    let arguments = ["create", "bob", "--group", "one", "--group", "two", "--key", "--mfa", "none", "--yes"];
    office.user(&arguments).ok();
    let own = office.bob().belongings().expect("created");
    assert_eq!(own.groups.into_iter().collect::<Vec<_>>(), ["one", "two"]);
    assert_eq!(office.bob().keys().len(), 1);
    assert_eq!(office.aws.planned_faults(), 0);
}

#[test]
fn an_answer_with_the_key_that_is_lost_costs_a_key_and_names_it() {
    let office = Office::new();
    office.aws.fault("CreateAccessKey", Fault::DropAnswer);
    let arguments = ["create", "bob", "--key", "--mfa", "none", "--yes"];
    let stderr = fails(&office.user(&arguments), 1, "no response");
    assert!(
        stderr.contains("stopped at `key`") && stderr.contains("keyfob user create bob --resume --with admin"),
        "{stderr}"
    );
    let lost = office.bob().keys();
    assert_eq!(lost.len(), 1);
    let doctor = office.sandbox.keyfob(&["doctor"]).run();
    assert!(doctor.stdout.contains("creating the user `bob` stopped at `key`"), "{}", doctor.stdout);
    fails(&office.user(&arguments), 1, "creating `bob` is unfinished");
    let ran = office.user(&["create", "bob", "--resume", "--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("whose secret was lost"), "{}", ran.stderr);
    let keys = office.bob().keys();
    assert!(keys.len() == 1 && keys[0].0 != lost[0].0, "{keys:?}");
    assert_eq!(office.stored(), [format!("access-key/{}", keys[0].0)]);
}

#[test]
fn ctrl_c_at_the_mfa_device_names_the_user_that_stays_and_how_to_continue_or_take_it_back() {
    for (mfa, pause) in [("qr", "first code from the app: "), ("store", "next code in ")] {
        let mut office = Office::new();
        office.sandbox.go_to_second(2);
        for more in [&["--key", "--mfa", mfa][..], &["--resume"]] {
            let arguments = [&["user", "create", "bob", "--yes", "--with", "admin"], more].concat();
            let mut terminal = office.sandbox.keyfob(&arguments).shows(Shows::Seeds).on_terminal();
            let before = terminal.expect(pause);
            assert!(!before.contains("--show-secret"), "not an option of this command: {before}");
            terminal.press_ctrl('c');
            let (ran, seen) = terminal.finish();
            assert_ne!(ran.code, Some(0), "{seen}");
            for said in [
                "creating `bob` stopped at `mfa`: the user exists without rights",
                "the device `arn:aws:iam::111122223333:mfa/bob` was deleted again",
                "keyfob user create bob --resume --with admin",
                "keyfob user create bob --rollback --with admin",
            ] {
                assert!(seen.contains(said), "{mfa} {more:?}: no {said:?} in {seen}");
            }
            assert!(!seen.contains("nothing is left behind"), "{seen}");
            assert!(office.bob().belongings().is_some() && office.aws.devices().is_empty());
        }
        let denied = Fault::Refuse { status: 403, code: "AccessDenied", message: "no" };
        office.aws.fault("DeleteUser", denied);
        let stderr = fails(&office.user(&["create", "bob", "--rollback", "--yes"]), 4, "DeleteUser");
        let rollback = "keyfob user create bob --rollback --with admin";
        assert!(stderr.contains("taking back `bob` stopped at `undo-user`") && stderr.contains(rollback), "{stderr}");
        let doctor = office.sandbox.keyfob(&["doctor"]).run().stdout;
        assert!(doctor.contains("taking back the user `bob` stopped at `undo-user`"), "{doctor}");
        assert!(doctor.contains(rollback) && !doctor.contains("--resume") && !stderr.contains("--resume"), "{doctor}");
        office.user(&["create", "bob", "--rollback", "--yes"]).ok();
        assert!(office.bob().belongings().is_none());
    }
}

#[test]
fn ctrl_c_while_a_call_is_tried_again_says_what_is_left_and_how_to_go_on() {
    const CREATE: &[&str] = &["create", "bob", "--key", "--mfa", "none"];
    let resume = "keyfob user create bob --resume --with admin";
    let rollback = "keyfob user create bob --rollback --with admin";
    for (action, words, said) in [
        ("CreateUser", CREATE, &["nothing was created"][..]),
        (
            "CreateLoginProfile",
            &["create", "bob", "--console", "--mfa", "none"],
            &["stopped at `password`", resume, rollback],
        ),
        ("CreateAccessKey", CREATE, &["stopped at `key`", resume, rollback]),
        ("AttachUserPolicy", &["remove", "bob"], &["stopped at `deny`", "keyfob user remove bob --with admin"]),
    ] {
        let mut office = Office::new();
        if words[0] == "remove" {
            office.user(&[CREATE, &["--yes"]].concat()).ok();
        }
        office.sandbox.set("KEYFOB_ROTATE_PATIENCE", "60s");
        office.aws.faults(action, 30, Fault::Throttle);
        let all = [&["user"], words, &["--yes", "--with", "admin"]].concat();
        let mut terminal = office.sandbox.keyfob(&all).on_terminal();
        terminal.expect(&format!("{action}: trying again (1"));
        terminal.press_ctrl('c');
        let (ran, seen) = terminal.finish();
        assert_ne!(ran.code, Some(0), "{seen}");
        for said in ["interrupted\n"].iter().chain(said) {
            assert!(seen.contains(said), "{action}: no {said:?} in {seen}");
        }
    }
}

#[test]
fn of_two_at_once_one_creates_the_user() {
    let office = Office::new();
    let arguments = ["user", "create", "bob", "--key", "--mfa", "none", "--yes", "--with", "admin"];
    for round in 0..4 {
        let running = [0; 2].map(|_| office.sandbox.keyfob(&arguments).start());
        let ran = running.map(|running| running.finish());
        let (done, refused): (Vec<_>, Vec<_>) = ran.iter().partition(|ran| ran.code == Some(0));
        assert_eq!((done.len(), refused.len()), (1, 1), "round {round}: {ran:?}");
        let said = ["already has a user `bob`", "creating or removing `bob`", "creating `bob` is unfinished"];
        assert!(said.iter().any(|said| refused[0].stderr.contains(said)), "{refused:?}");
        assert_eq!((office.bob().keys().len(), office.stored().len()), (1, 1), "round {round}");
        office.user(&["remove", "bob", "--now", "--yes"]).ok();
        office.sandbox.keyfob(&["remove", "bob", "--yes"]).run().ok();
        office.sandbox.keyfob(&["profile", "remove", "bob"]).run().ok();
    }
}

#[test]
fn a_user_that_another_machine_creates_meanwhile_is_not_taken_over_and_not_deleted() {
    let office = Office::new();
    let with = ["user", "create", "bob", "--group", "mine", "--key", "--mfa", "none", "--with", "admin"];
    let mut terminal = office.sandbox.keyfob(&with).on_terminal();
    terminal.expect("create `bob`? [y/N] ");
    // The other machine is through in the moment before this one begins.
    let other = Sandbox::with_vault(KEYFOB, &office.aws);
    let key = office.aws.user("chief").may_manage_others().access_key();
    let add = ["add", "chief", "--stdin", "--yes", "--region", "eu-west-1"];
    other.keyfob(&add).stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    let create = ["user", "create", "bob", "--key", "--mfa", "none", "--yes", "--with", "chief"];
    other.keyfob(&create).run().ok();
    let keys = office.bob().keys();
    terminal.type_line("y");
    terminal.expect("somebody else has just created a user `bob`");
    terminal.finish().0.ends_with(1);
    fails(&office.user(&["create", "bob", "--resume", "--yes"]), 1, "somebody else has just created a user `bob`");
    let ran = office.user(&["create", "bob", "--rollback", "--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("somebody else's user `bob` was not deleted"), "{}", ran.stderr);
    assert_eq!((office.bob().keys(), office.aws.groups().is_empty()), (keys, true));
    other.keyfob(&["exec", "bob", "--no-session", "--", "true"]).run().ok();
}

#[test]
fn a_user_that_aws_does_not_let_create_leaves_nothing() {
    let office = Office::new();
    office.aws.user("admin").denied("iam:CreateUser");
    let stderr = fails(&office.user(&["create", "bob", "--yes"]), 4, "CreateUser");
    assert!(stderr.contains("nothing was created") && stderr.contains("--with PROFILE"), "{stderr}");
    assert!(!office.sandbox.path("keyfob/data/users/111122223333-bob.json").exists());
}

#[test]
fn a_password_is_sealed_until_it_is_shown_once_and_meets_the_policy() {
    let office = Office::new();
    let strict = ["password-policy", "--min-length", "40", "--symbols", "--numbers", "--uppercase", "--lowercase"];
    office.user(&[&strict[..], &["--yes"]].concat()).ok();
    let ran = office.user(&["create", "bob", "--console", "--yes"]);
    ran.ok();
    assert!(ran.stderr.contains("https://111122223333.signin.aws.amazon.com/console"), "{}", ran.stderr);
    assert!(ran.stderr.contains("keyfob user password bob"), "{}", ran.stderr);
    let own = office.bob().belongings().expect("created");
    let password = own.password.expect("set");
    assert_eq!(password.len(), 40);
    assert!(own.attached.contains("arn:aws:iam::aws:policy/IAMUserChangePassword"), "or it could not be changed");
    assert_eq!(office.aws.last("CreateLoginProfile").params.get("PasswordResetRequired"), Some("true"));
    assert_eq!(office.stored(), ["password/arn:aws:iam::111122223333:user/bob"]);
    fails(&office.sandbox.keyfob(&["user", "password", "bob"]).run(), 3, "shown on a terminal");
    let mut terminal = office.sandbox.keyfob(&["user", "password", "bob"]).shows(Shows::Passwords).on_terminal();
    terminal.expect("shown once");
    terminal.expect(&password);
    terminal.finish().0.ends_with(0);
    assert!(office.stored().is_empty());
    fails(&office.sandbox.keyfob(&["user", "password", "bob"]).run(), 1, "no password of `bob` waits");
}

#[test]
fn the_right_to_change_a_password_comes_through_a_group_if_there_is_one() {
    let office = Office::new();
    let policy = "arn:aws:iam::aws:policy/IAMUserChangePassword";
    for (name, groups) in [("bob", &["--group", "developers"][..]), ("eve", &["--require-mfa"]), ("joe", &[])] {
        let ran = office.user(&[&["create", name, "--console", "--yes"], groups].concat());
        ran.ok();
        let own = office.aws.user_named(name).belongings().expect("created");
        assert_eq!(own.attached.contains(policy), groups.is_empty(), "{name}: {own:?}");
        assert_eq!(ran.stderr.contains("give rights through a group"), groups.is_empty(), "{}", ran.stderr);
    }
    assert!(["developers", "require-mfa"].iter().all(|group| office.aws.groups()[*group].attached.contains(policy)));
    // What is shut out is not said to have rights of its own, and keyfob's own users are as the audit wants them.
    office.user(&["remove", "bob", "--yes"]).ok();
    let audit = office.sandbox.keyfob(&["audit", "admin", "--only", "groups", "--json"]).run();
    let audit: serde_json::Value = serde_json::from_str(&audit.stdout).expect("JSON");
    let named: Vec<&str> = audit["checks"][0]["resources"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|resource| resource["name"].as_str())
        .collect();
    assert_eq!(named, ["joe"], "{audit}");
}

#[test]
fn a_creation_that_stops_is_taken_back_completely() {
    let mut office = Office::new();
    office.sandbox.go_to_second(26);
    office.aws.user("admin").denied("iam:CreateAccessKey");
    let arguments = ["create", "bob", "--group", "new", "--policy", READ_ONLY, "--require-mfa", "--console", "--key"];
    let ran = office.user(&[&arguments[..], &["--mfa", "store", "--yes"]].concat());
    let stderr = fails(&ran, 4, "CreateAccessKey");
    assert!(stderr.contains("DenyAllWithoutMfa"), "the policy is shown: {stderr}");
    assert!(stderr.contains("keyfob user create bob --rollback --with admin"), "{stderr}");
    assert!(office.aws.groups()["require-mfa"].inline["require-mfa"].contains("BoolIfExists"));
    assert_eq!(office.stored().len(), 2, "seed and password: {:?}", office.stored());
    office.user(&["create", "bob", "--rollback", "--yes"]).ok();
    assert!(office.bob().belongings().is_none() && office.aws.groups().is_empty() && office.aws.devices().is_empty());
    assert!(office.stored().is_empty(), "{:?}", office.stored());
    assert!(!office.sandbox.read(".aws/config").contains("bob"));
}

#[test]
fn a_device_is_enrolled_for_somebody_who_scans_the_screen() {
    let office = Office::new();
    let arguments = ["user", "create", "bob", "--key", "--yes", "--with", "admin"];
    let mut terminal = office.sandbox.keyfob(&arguments).on_terminal();
    terminal.expect("first code from the app: ");
    let device = office.aws.device("arn:aws:iam::111122223333:mfa/bob").expect("made");
    assert!(!device.is_enabled() && office.bob().keys().is_empty(), "the key comes last");
    let [first, second] = device.codes_in_a_row();
    terminal.type_line(&first);
    terminal.expect("next code, once the app shows it: ");
    terminal.type_line(&second);
    terminal.expect("is enabled for user `bob`");
    terminal.expect("wrote the profile `bob`");
    terminal.finish().0.ends_with(0);
    assert!(device.is_enabled() && office.stored().len() == 1, "the app has the seed: {:?}", office.stored());
}
