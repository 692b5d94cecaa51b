//! `sso accounts` and `sso profiles`.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Office, START_URL, session};
use crate::support::aws::Fault;

#[test]
fn accounts_and_roles_are_listed_and_nothing_is_written() {
    let office = Office::with_accounts();
    office.sign_in();
    let before = office.config();
    let ran = office.sandbox.keyfob(&["sso", "accounts", "corp"]).run();
    assert_eq!(
        ran.ok(),
        "\
ACCOUNT       NAME             EMAIL                          ROLES
000000000042  Payments – Prod  aws+000000000042@corp.example  AdministratorAccess, ReadOnly
111122223333  Sandbox          aws+111122223333@corp.example  ReadOnly
"
    );
    let ran = office.sandbox.keyfob(&["sso", "accounts", "corp", "--account", "0*", "--role", "Read*", "--json"]).run();
    let account = json!({"id": "000000000042", "name": "Payments – Prod", "email": "aws+000000000042@corp.example", "roles": ["ReadOnly"]});
    assert_eq!(ran.json(), json!({"version": 1, "accounts": [account]}));
    assert_eq!(office.config(), before);
}

#[test]
fn every_account_and_role_gets_a_linked_profile_that_works() {
    let office = Office::with_accounts();
    office.sign_in();
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp"]).run();
    ran.ok();
    assert!(ran.stderr.contains("profiles: 3 added"), "{}", ran.stderr);
    let keyfob = office.sandbox.path("bin/keyfob");
    assert_eq!(
        office.config(),
        format!(
            "{}\n\
             [profile payments-prod-AdministratorAccess]\n\
             credential_process = {keyfob} credential-process payments-prod-AdministratorAccess\n\
             keyfob_sso_session = corp\n\
             keyfob_sso_account_id = 000000000042\n\
             keyfob_sso_role_name = AdministratorAccess\n\
             region = eu-central-1\n\
             keyfob_generated = corp\n\
             \n\
             [profile payments-prod-ReadOnly]\n\
             credential_process = {keyfob} credential-process payments-prod-ReadOnly\n\
             keyfob_sso_session = corp\n\
             keyfob_sso_account_id = 000000000042\n\
             keyfob_sso_role_name = ReadOnly\n\
             region = eu-central-1\n\
             keyfob_generated = corp\n\
             \n\
             [profile sandbox-ReadOnly]\n\
             credential_process = {keyfob} credential-process sandbox-ReadOnly\n\
             keyfob_sso_session = corp\n\
             keyfob_sso_account_id = 111122223333\n\
             keyfob_sso_role_name = ReadOnly\n\
             region = eu-central-1\n\
             keyfob_generated = corp\n",
            session("corp"),
            keyfob = keyfob.display()
        )
    );
    let document = office.sandbox.keyfob(&["credential-process", "payments-prod-ReadOnly"]).run().json();
    assert_eq!(document["AccountId"], "000000000042");
    let again = office.sandbox.keyfob(&["sso", "profiles", "corp", "--json"]).run();
    let names = ["payments-prod-AdministratorAccess", "payments-prod-ReadOnly", "sandbox-ReadOnly"];
    assert_eq!(
        again.json(),
        json!({"version": 1, "added": [], "changed": [], "removed": [], "kept": names, "skipped": [], "unassigned": [], "renamed": []})
    );
}

#[test]
fn what_was_chosen_once_is_remembered_and_edits_stay() {
    let office = Office::with_accounts();
    office.sign_in();
    let first = [
        "sso", "profiles", "corp", "--plain", "--name", "{role}@{account_id}", "--region", "eu-west-1", "--role", "R*",
    ];
    office.sandbox.keyfob(&first).run().ok();
    let plain = "\n[profile ReadOnly@000000000042]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = ReadOnly\n\
                 region = eu-west-1\nkeyfob_generated = corp\n";
    assert!(office.config().contains(plain), "{}", office.config());
    let edited =
        office.config().replace("[profile ReadOnly@111122223333]\n", "[profile mine]\n# the sandbox\noutput = json\n");
    let edited = edited.replace("region = eu-west-1\nkeyfob_generated = corp\n\n", "keyfob_generated = corp\n\n");
    office.sandbox.write(".aws/config", &edited);
    office.center.assign("111122223333", "Auditor");
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp", "--json"]).run();
    let report = ran.json();
    assert_eq!(report["added"], json!(["AdministratorAccess@000000000042", "Auditor@111122223333"]));
    assert_eq!(report["kept"], json!(["ReadOnly@000000000042", "mine"]));
    let config = office.config();
    assert!(config.starts_with(&edited), "{config}");
    assert!(config.contains("\n[profile Auditor@111122223333]\nsso_session = corp\n"), "{config}");
    assert_eq!(config.matches("region = eu-west-1").count(), 3, "{config}");
}

#[test]
fn links_are_made_and_taken_back_where_that_is_asked_for() {
    let office = Office::with_accounts();
    office.sign_in();
    office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).run().ok();
    let plain = office.config();
    let diff = office.sandbox.keyfob(&["sso", "profiles", "corp", "--link", "--diff"]).run();
    assert!(diff.ok().contains("+keyfob_sso_session = corp\n"), "{}", diff.stdout);
    assert_eq!(office.config(), plain);
    let report = office.sandbox.keyfob(&["sso", "profiles", "corp", "--link", "--json"]).run().json();
    assert_eq!(report["changed"].as_array().map(Vec::len), Some(3), "{report}");
    assert_eq!(office.config().matches("credential_process = ").count(), 3);
    office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).run().ok();
    assert_eq!(office.config(), plain);
}

#[test]
fn a_clash_is_reported_and_never_overwritten() {
    let office = Office::with_accounts();
    office.center.account("222233334444", "payments prod").assign("222233334444", "ReadOnly");
    office.sign_in();
    office.append("\n[profile sandbox-ReadOnly]\nregion = mine\n");
    let before = office.config();
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).run();
    ran.ok();
    assert!(office.config().starts_with(&before));
    assert_eq!(office.config().matches("[profile ").count(), 2, "{}", office.config());
    assert!(
        ran.stderr.contains("`ReadOnly` in 000000000042 and `ReadOnly` in 222233334444 would share this name"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr.contains("`sandbox-ReadOnly` was not written: a profile that keyfob did not generate has this name")
    );
    assert!(ran.stderr.contains("{account}-{account_id}-{role}"), "{}", ran.stderr);
    // A name that SDKs read differently.
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp", "--name", "{account_name}.{role}", "--json"]).run();
    assert!(
        ran.json()["skipped"][0]["reason"].as_str().is_some_and(|reason| reason.contains("SDKs differ")),
        "{}",
        ran.stdout
    );
}

#[test]
fn what_is_no_longer_assigned_goes_only_if_asked_and_what_points_at_it_is_named() {
    let office = Office::with_accounts();
    office.sign_in();
    office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).run().ok();
    office.append("\n[profile over]\nrole_arn = arn:aws:iam::111122223333:role/x\nsource_profile = sandbox-ReadOnly\n");
    office.center.unassign("111122223333", "ReadOnly").unassign("000000000042", "ReadOnly");
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp"]).run();
    ran.ok();
    assert!(ran.stderr.contains("the roles of 2 generated profiles are no longer assigned"), "{}", ran.stderr);
    assert!(ran.stderr.contains("keyfob sso profiles corp --prune"), "{}", ran.stderr);
    let before = office.config();
    // Nobody is there to say yes.
    office.sandbox.keyfob(&["sso", "profiles", "corp", "--prune"]).run().ends_with(3);
    assert_eq!(office.config(), before);
    let mut terminal = office.sandbox.keyfob(&["sso", "profiles", "corp", "--prune"]).on_terminal();
    terminal.expect("no longer assigned: `payments-prod-ReadOnly`, `sandbox-ReadOnly`?");
    terminal.type_line("n");
    terminal.finish().0.ok();
    assert_eq!(office.config(), before);
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp", "--prune", "--yes"]).run();
    ran.ok();
    assert!(ran.stderr.contains("`source_profile` of `over` refers to `sandbox-ReadOnly`"), "{}", ran.stderr);
    let config = office.config();
    assert!(!config.contains("ReadOnly]") && config.contains("[profile over]"), "{config}");
    assert!(config.contains("[profile payments-prod-AdministratorAccess]"), "{config}");
}

#[test]
fn a_renamed_account_is_reported_and_its_profiles_keep_their_names() {
    let office = Office::with_accounts();
    office.sign_in();
    office.sandbox.keyfob(&["sso", "profiles", "corp"]).run().ok();
    let before = office.config();
    office.center.account("111122223333", "Playground");
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp"]).run();
    ran.ok();
    assert!(
        ran.stderr.contains("the account 111122223333 was renamed from `Sandbox` to `Playground`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("keyfob profile rename sandbox-ReadOnly NEW"), "{}", ran.stderr);
    assert_eq!(office.config(), before);
    // Once is enough.
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp"]).run();
    assert!(ran.ok().is_empty() && !ran.stderr.contains("renamed"), "{}", ran.stderr);
}

/// `KEYFOB_TEST_ACCOUNTS=700` takes more than a minute.
#[test]
#[expect(clippy::disallowed_methods, reason = "whoever measures says how many accounts there are")]
fn many_accounts_are_complete_and_asked_for_at_ten_calls_a_second() {
    let office = Office::new();
    let accounts: usize =
        std::env::var("KEYFOB_TEST_ACCOUNTS").map_or(130, |number| number.parse().expect("how many accounts"));
    office.center.many_accounts(accounts, &["AdministratorAccess", "ReadOnly"]);
    office.sign_in();
    office.aws.forget_requests();
    let started = Instant::now();
    let report = office.sandbox.keyfob(&["sso", "profiles", "corp", "--json"]).run().json();
    let seconds = started.elapsed().as_secs_f32();
    assert_eq!(report["added"].as_array().map(Vec::len), Some(2 * accounts));
    assert_eq!(office.config().matches("[profile ").count(), 2 * accounts);
    assert!(office.config().contains("keyfob_sso_account_id = 000000010001\n"));
    let most = office.center.most_calls_in_a_second();
    assert!(most <= 11, "{most} calls in a second");
    let calls = office.aws.count("ListAccounts") + office.aws.count("ListAccountRoles");
    assert_eq!(calls, accounts + accounts.div_ceil(100));
    if accounts > 130 {
        writeln!(std::io::stderr(), "{accounts} accounts: {calls} calls in {seconds:.1} s, at most {most} a second")
            .ok();
    }
    // Not faster than ten a second; and a busy machine is given its time.
    let least = f32::from(u16::try_from(calls).expect("not that many")) / 10.0;
    assert!((least - 1.0..least + 30.0).contains(&seconds), "{seconds} s");
}

#[test]
fn throttling_is_waited_out_and_an_interrupted_run_goes_on() {
    let office = Office::new();
    office.center.many_accounts(30, &["ReadOnly"]);
    office.sign_in();
    office.aws.faults_after(5, 3, Fault::Throttle);
    let report = office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain", "--diff", "--json"]).run().json();
    assert_eq!(report["added"].as_array().map(Vec::len), Some(30));
    assert_eq!(office.aws.count("StartDeviceAuthorization"), 1, "a 429 is no reason to sign in");
    // Killed in the middle.
    let mut running = office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).start();
    office.aws.forget_requests();
    while office.aws.count("ListAccountRoles") < 20 {
        std::thread::sleep(Duration::from_millis(10));
    }
    running.kill();
    assert!(running.finish().was_killed());
    assert!(!office.config().contains("[profile "));
    office.aws.forget_requests();
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).run();
    ran.ok();
    assert!(ran.stderr.contains("continuing an interrupted run"), "{}", ran.stderr);
    assert!(office.aws.count("ListAccountRoles") < 22, "{}", office.aws.count("ListAccountRoles"));
    assert_eq!(office.config().matches("[profile ").count(), 30);
}

#[test]
fn legacy_profiles_are_rewritten_to_a_session() {
    let office = Office::new();
    let legacy = format!(
        "# mine\n[profile a]\nsso_start_url = {START_URL}/#/\nsso_region = eu-central-1\nsso_account_id = 000000000042\nsso_role_name = ReadOnly\n"
    );
    office.sandbox.write(".aws/config", &legacy);
    let diff = office.sandbox.keyfob(&["sso", "profiles", "--from-legacy", "--diff"]).run();
    assert!(diff.ok().contains("+sso_session = corp\n"), "{}", diff.stdout);
    assert_eq!(office.config(), legacy);
    let ran = office.sandbox.keyfob(&["sso", "profiles", "--from-legacy"]).run();
    ran.ok();
    assert!(ran.stderr.contains("keyfob login corp"), "{}", ran.stderr);
    assert_eq!(
        office.config(),
        format!(
            "# mine\n[profile a]\nsso_session = corp\nsso_account_id = 000000000042\nsso_role_name = ReadOnly\n\n\
             [sso-session corp]\nsso_start_url = {START_URL}/#/\nsso_region = eu-central-1\nsso_registration_scopes = sso:account:access\n"
        )
    );
}

/// Every sandbox is searched for secrets when it is dropped; this one explains all it does, and AWS answers badly.
#[test]
fn nothing_leaks_at_the_most_verbose_level_whatever_the_portal_answers() {
    let mut office = Office::with_accounts();
    office.sandbox.always_with(&["-v"]);
    office.sign_in();
    for (call, fault, code) in [
        ("ListAccounts", Fault::Garbage, 1),
        ("ListAccountRoles", Fault::HalfAnswer, 1),
        ("ListAccounts", Fault::InternalFailure, 4),
        ("ListAccountRoles", Fault::Refuse { status: 400, code: "InvalidRequestException", message: "no" }, 4),
        ("ListAccounts", Fault::Refuse { status: 401, code: "UnauthorizedException", message: "no" }, 4),
    ] {
        office.aws.faults(call, 3, fault.clone());
        let ran = office.sandbox.keyfob(&["sso", "accounts", "corp"]).run();
        assert!(ran.code.is_some_and(|got| got != 0), "{call} {fault:?}: {ran:?}");
        assert!(ran.code == Some(code) || ran.code == Some(3), "{call} {fault:?}: {ran:?}");
        office.aws.forget_faults();
    }
    // An account that is not listed any more is left alone, and said.
    office
        .aws
        .fault("ListAccountRoles", Fault::Refuse { status: 403, code: "ForbiddenException", message: "No access" });
    let ran = office.sandbox.keyfob(&["sso", "profiles", "corp", "--prune", "--yes"]).run();
    ran.ok();
    assert!(ran.stderr.contains("AWS does not list the roles of"), "{}", ran.stderr);
    office.sandbox.keyfob(&["sso", "profiles", "corp", "--json"]).run().ok();
    office.center.end_portal_sessions();
    let ran = office.sandbox.keyfob(&["sso", "accounts", "corp"]).run();
    assert!(ran.ends_with(3).contains("keyfob login corp"), "{}", ran.stderr);
}
