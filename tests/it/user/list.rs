//! The list of users, and the password policy.

use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::scene::fails;
use crate::support::aws::Fault;
use crate::user::Office;

#[test]
fn users_groups_keys_and_mfa_are_in_one_table_in_a_bounded_number_of_calls() {
    let mut office = Office::new();
    office.sandbox.set("KEYFOB_ROTATE_PATIENCE", "20s");
    office.user(&["create", "bob", "--group", "developers", "--key", "--mfa", "none", "--yes"]).ok();
    for name in ["carl", "dora", "eric"] {
        office.aws.user(name).in_group("developers").mfa(name);
    }
    office.aws.report_takes(2);
    office.aws.forget_requests();
    let ran = office.user(&["list"]);
    let lines: Vec<&str> = ran.ok().lines().collect();
    assert!(lines[0].starts_with("USER") && lines.len() == 6, "{}", ran.stdout);
    let bob = lines.iter().find(|line| line.starts_with("bob")).expect("listed");
    assert!(bob.contains("developers") && bob.contains("0 d") && bob.contains("no"), "{bob}");
    assert_eq!(office.aws.requests().len(), 6, "{:?}", office.aws.requests());
    let json = office.user(&["list", "--json"]).json();
    assert_eq!((&json["version"], &json["account"]), (&1.into(), &"111122223333".into()));
    let users = json["users"].as_array().expect("a list");
    let bob = users.iter().find(|user| user["name"] == "bob").expect("listed");
    assert_eq!(bob["profiles"][0], "bob");
    assert_eq!(
        (&bob["mfa"], &bob["keys"][0]["active"], &bob["groups"][0]),
        (&false.into(), &true.into(), &"developers".into())
    );
    assert_eq!(users.iter().find(|user| user["name"] == "dora").expect("listed")["mfa"], true);
}

#[test]
fn of_two_thousand_users_the_list_and_a_removal_take_a_bounded_number_of_calls() {
    let office = Office::new();
    office.user(&["create", "bob", "--group", "staff", "--key", "--mfa", "none", "--yes"]).ok();
    for n in 0..2000 {
        office.aws.user(&format!("user{n:04}")).in_group("staff");
    }
    let measured = |what: &str, most: usize, arguments: &[&str]| {
        office.aws.forget_requests();
        let (started, busy) = (Instant::now(), office.aws.busy());
        let ran = office.user(arguments);
        ran.ok();
        let (took, busy, calls) =
            (started.elapsed(), office.aws.busy().saturating_sub(busy), office.aws.requests().len());
        let text = format!("measured: 2,000 users: {what}: {calls} calls, {took:?}, of which the server {busy:?}");
        writeln!(std::io::stderr(), "{text}").expect("stderr is there");
        assert!(calls <= most && took < Duration::from_mins(1), "{text}");
        ran
    };
    let listed = measured("user list", 8, &["list", "--json"]).json();
    assert_eq!(listed["users"].as_array().map(Vec::len), Some(2002));
    assert!(measured("user list", 8, &["list"]).stdout.contains("user1999"));
    measured("user create", 40, &["create", "eve", "--group", "staff", "--yes"]);
    measured("user remove", 20, &["remove", "bob", "--yes"]);
    measured("user remove --now", 20, &["remove", "bob", "--now", "--yes"]);
}

#[test]
fn a_report_that_is_denied_leaves_gaps_and_nothing_else() {
    let office = Office::new();
    office.aws.faults(
        "GenerateCredentialReport",
        2,
        Fault::Refuse { status: 403, code: "AccessDenied", message: "no" },
    );
    let ran = office.user(&["list", "--json"]);
    let json = ran.json();
    assert!(json["users"][0]["mfa"].is_null() && json["as_of"].is_null(), "{json}");
    assert!(ran.stderr.contains("keys, MFA and last use are not known"), "{}", ran.stderr);
}

#[test]
fn a_user_that_is_shut_out_says_so() {
    let office = Office::new();
    office.user(&["create", "bob", "--yes"]).ok();
    office.user(&["remove", "bob", "--yes"]).ok();
    assert!(office.user(&["list"]).ok().contains("shut out"));
}

#[test]
fn the_password_policy_is_shown_beside_cis_and_set_as_a_whole() {
    let office = Office::new();
    let shown = office.user(&["password-policy"]);
    assert!(shown.ok().contains("MinimumPasswordLength"), "{}", shown.stdout);
    assert!(shown.stdout.contains("14 or more") && shown.stdout.contains("less than CIS asks for"), "{}", shown.stdout);
    fails(&office.user(&["password-policy", "--cis"]), 3, "confirmation to set the password policy is needed");
    assert!(office.aws.password_policy().is_none());
    let none = "no password policy is set in account 111122223333: AWS's default applies\nSETTING";
    assert!(shown.stdout.starts_with(none), "{}", shown.stdout);
    let ran = office.user(&["password-policy", "--min-length", "8"]);
    fails(&ran, 3, "confirmation to set the password policy is needed");
    for said in
        ["  none is set, and AWS's default applies\n", "  MinimumPasswordLength: 8\n", "  RequireNumbers: false\n"]
    {
        assert!(ran.stderr.contains(said), "no {said:?} in {}", ran.stderr);
    }
    office.user(&["create", "bob", "--console", "--yes"]).ok();
    office.user(&["password-policy", "--symbols", "--users-may-change", "--yes"]).ok();
    let ran = office.user(&["password-policy", "--cis", "--max-age", "90", "--yes"]);
    assert!(ran.stderr.contains("PasswordReusePrevention: - → 24"), "{}", ran.stderr);
    assert!(ran.stderr.contains("no password expires at once"), "{}", ran.stderr);
    assert!(!ran.ok().contains("less than CIS asks for"), "{}", ran.stdout);
    let policy = office.aws.password_policy().expect("set");
    let get = |name: &str| policy.get(name).map_or("", String::as_str);
    assert_eq!(
        [get("MinimumPasswordLength"), get("MaxPasswordAge"), get("PasswordReusePrevention")],
        ["14", "90", "24"]
    );
    assert_eq!(
        [get("RequireSymbols"), get("AllowUsersToChangePassword"), get("RequireNumbers")],
        ["true", "true", "false"]
    );
    let json = office.user(&["password-policy", "--json"]).json();
    assert_eq!((&json["is_set"], &json["settings"][0]["value"]), (&true.into(), &"14".into()));
}
