//! `audit`: accounts as data and exactly what each check says of them, through the real program and over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::KEYFOB;
use crate::scene::fails;
use crate::support::aws::{ACCOUNT, DeviceHandle, Fault, LoopbackAws, UserHandle};
use crate::support::moto::Moto;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::{data, python, tools};

/// An account, and the profile `work` that leads to it.
struct Audited {
    aws: Arc<LoopbackAws>,
    ann: UserHandle,
    phone: Option<DeviceHandle>,
    sandbox: Sandbox,
    key_id: String,
}

impl Audited {
    /// A world of tests/data/audit.
    fn new(world: &Value) -> Audited {
        let partition = world["partition"].as_str().unwrap_or("aws");
        let region = if partition == "aws" { "eu-central-1" } else { "us-gov-west-1" };
        let aws = Arc::new(LoopbackAws::start_in(partition));
        aws.serve_account(ACCOUNT, &world["facts"]);
        let caller = &world["caller"];
        let ann = if caller["root"] == true { aws.root() } else { aws.user("ann") };
        let phone = (caller["mfa"] == true).then(|| ann.mfa("ann-phone"));
        let sandbox = Sandbox::with_vault(KEYFOB, &aws);
        let mut audited = Audited { aws, ann, phone, sandbox, key_id: String::new() };
        if caller["role"] == true {
            let keys = audited.aws.role("admin").allows("iam:*").session(3600);
            audited.sandbox.write(
                ".aws/credentials",
                &format!(
                    "[work]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
                    keys.id, keys.secret, keys.token
                ),
            );
            audited.sandbox.write(".aws/config", &format!("[profile work]\nregion = {region}\n"));
            return audited;
        }
        let key = audited.ann.access_key();
        if let Some(days) = caller["key_days"].as_f64() {
            #[expect(clippy::cast_possible_truncation, reason = "days of a test")]
            audited.ann.set_key_age(&key.id, days as i64);
        }
        if caller["root"] == true {
            let text = format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
            audited.sandbox.write(".aws/credentials", &text);
        } else {
            let words = ["add", "work", "--stdin", "--yes", "--region", region];
            audited.sandbox.keyfob(&words).stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
        }
        audited.key_id = key.id;
        audited.aws.forget_requests();
        audited
    }

    fn of(name: &str) -> Audited {
        Audited::new(&world(name))
    }

    fn run(&self, words: &[&str]) -> Ran {
        self.sandbox.keyfob(&[&["audit"], words].concat()).run()
    }

    /// What each check came to, in the form of the worlds.
    fn results(&self, words: &[&str]) -> Value {
        let ran = self.run(&[words, &["work", "--json"]].concat());
        assert!(matches!(ran.code, Some(0 | 1)), "{:?}: {}", ran.code, ran.stderr);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        self.short(&report)
    }

    fn short(&self, report: &Value) -> Value {
        let checks = report["checks"].as_array().expect("checks");
        let result = |check: &Value| match check["status"].as_str() {
            Some("pass") => json!("pass"),
            Some("unknown") => check["missing"]["action"].clone(),
            _ => {
                let resources = check["resources"].as_array().expect("resources").iter().map(|resource| {
                    let name = resource["name"].as_str().expect("a name");
                    let name = if name == self.key_id { "KEY" } else { name };
                    json!([name, self.days_since(&resource["since"]), resource["detail"]])
                });
                json!(resources.collect::<Vec<_>>())
            }
        };
        let named = checks.iter().map(|check| (check["id"].as_str().expect("an id").to_owned(), result(check)));
        Value::Object(named.collect())
    }

    fn days_since(&self, time: &Value) -> Option<i64> {
        let since = time::OffsetDateTime::parse(time.as_str()?, &time::format_description::well_known::Rfc3339);
        let seconds = self.aws.now() - since.expect("a time").unix_timestamp();
        Some((seconds + 43_200).div_euclid(86_400))
    }
}

fn world(name: &str) -> Value {
    read(&data::path(&format!("audit/{name}.json")))
}

fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn each_account_gets_exactly_these_results() {
    let mut wrong = String::new();
    for (path, _) in data::files("audit") {
        let world = read(&path);
        let audited = Audited::new(&world);
        let ran = audited.run(&["work", "--json"]);
        let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{path:?}: {}", ran.stderr));
        assert_eq!((&report["version"], &report["account"]), (&json!(1), &json!(ACCOUNT)), "{path:?}");
        let (got, expected) = (audited.short(&report), &world["expect"]);
        let names = |value: &Value| value.as_object().expect("checks").keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&got), names(expected), "{path:?}: the checks and their order");
        for name in names(expected) {
            if got[&name] != expected[&name] {
                wrong += &format!("{}: {name}\n  {}\nexpected\n  {}\n", path.display(), got[&name], expected[&name]);
            }
        }
        if world["exit"].as_i64() != ran.code.map(i64::from) {
            wrong += &format!("{}: exit code {:?}\n", path.display(), ran.code);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn each_denied_call_makes_exactly_its_checks_unknown_and_names_the_permission() {
    const OF_REPORT: &str = "root-unused console-mfa setup-keys unused-credentials two-keys old-keys";
    let denied = [
        ("iam:ListMFADevices", "own-mfa"),
        ("iam:ListAccessKeys", "own-keys"),
        ("iam:GetAccessKeyLastUsed", "own-keys"),
        ("iam:GetAccountSummary", "root-key root-mfa people root-hardware-mfa"),
        ("iam:GetCredentialReport", OF_REPORT),
        ("iam:GetAccountPasswordPolicy", "password-policy password-length password-reuse"),
        ("iam:ListVirtualMFADevices", "root-hardware-mfa"),
        ("iam:GetAccountAuthorizationDetails", "groups admin-policies"),
        ("iam:ListEntitiesForPolicy", "support-role cloudshell"),
        ("iam:ListServerCertificates", "certificates"),
        ("iam:ListOrganizationsFeatures", "central-root"),
        ("ec2:DescribeRegions", "access-analyzer"),
        ("access-analyzer:ListAnalyzers", "access-analyzer"),
    ];
    let world = world("all-pass");
    for (action, checks) in denied {
        let audited = Audited::new(&world);
        audited.ann.denied(action);
        let results = audited.results(&[]);
        let unknown = results.as_object().expect("checks").iter().filter(|(_, result)| **result != "pass");
        let unknown: BTreeMap<_, _> = unknown.map(|(id, result)| (id.as_str(), result.as_str())).collect();
        let expected: BTreeMap<_, _> = checks.split(' ').map(|id| (id, Some(action))).collect();
        assert_eq!(unknown, expected, "{action}");
        assert_eq!(audited.run(&["work"]).code, Some(0), "unknown is no failure");
    }
}

#[test]
fn a_report_that_may_not_be_made_serves_if_there_is_one_and_says_how_old_it_is() {
    let mut world = world("all-pass");
    world["facts"]["report_age_hours"] = json!(3);
    let audited = Audited::new(&world);
    audited.ann.denied("iam:GenerateCredentialReport");
    let ran = audited.run(&["work", "--json"]);
    let report: Value = serde_json::from_str(ran.ok()).expect("JSON");
    assert_eq!(audited.short(&report), world["expect"]);
    let age = |id: &str| {
        let check = report["checks"].as_array().expect("checks").iter().find(|check| check["id"] == id).expect("there");
        let at = time::OffsetDateTime::parse(
            check["as_of"].as_str().expect("a time"),
            &time::format_description::well_known::Rfc3339,
        );
        (audited.aws.now() - at.expect("a time").unix_timestamp() + 1800) / 3600
    };
    assert_eq!((age("old-keys"), age("root-mfa")), (3, 0), "root facts are not the report's");
    let text = audited.run(&["work"]);
    assert!(
        text.ok().contains("the credential report is from 20") && text.stdout.contains(", 3h 0m ago"),
        "{}",
        text.stdout
    );
    world["facts"]["report"] = json!(["NONE"]);
    let audited = Audited::new(&world);
    audited.ann.denied("iam:GenerateCredentialReport");
    assert_eq!(audited.results(&[])["old-keys"], "iam:GenerateCredentialReport");
}

#[test]
fn an_unfinished_report_is_waited_for() {
    let mut world = world("all-pass");
    world["facts"]["report"] = json!(["STARTED", "INPROGRESS", "COMPLETE"]);
    let audited = Audited::new(&world);
    assert_eq!(audited.results(&[]), world["expect"]);
    assert_eq!(audited.aws.count("GenerateCredentialReport"), 3);
    // AWS may lose one while it is read.
    let audited = Audited::of("all-pass");
    audited.aws.fault("GetCredentialReport", Fault::Refuse { status: 410, code: "ReportExpired", message: "expired" });
    assert_eq!(audited.results(&[])["old-keys"], "pass");
}

#[test]
fn ctrl_c_while_a_report_is_waited_for_ends_at_once_and_leaves_nothing() {
    let mut world = world("all-pass");
    world["facts"]["report"] = json!(["INPROGRESS"]);
    let audited = Audited::new(&world);
    let before = files(&audited.sandbox);
    let mut terminal = audited.sandbox.keyfob(&["audit", "work"]).on_terminal();
    terminal.expect("waiting for the credential report (");
    let pressed = Instant::now();
    terminal.press_ctrl('c');
    let (ran, shown) = terminal.finish();
    assert!(pressed.elapsed() < Duration::from_secs(10), "{:?}", pressed.elapsed());
    assert_eq!((ran.code, ran.signal), (None, Some(2)), "{shown}");
    assert!(!shown.contains("account 111122223333"), "{shown}");
    assert_eq!(files(&audited.sandbox), before);
}

/// Every file of the home, with its size; the cache of sessions apart.
fn files(sandbox: &Sandbox) -> BTreeMap<String, u64> {
    fn add(folder: &Path, files: &mut BTreeMap<String, u64>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("read").path();
            match path.is_dir() && !path.is_symlink() {
                true if path.ends_with("cache") => {}
                true => add(&path, files),
                false => drop(files.insert(path.display().to_string(), path.symlink_metadata().expect("there").len())),
            }
        }
    }
    let mut files = BTreeMap::new();
    add(sandbox.home(), &mut files);
    files
}

/// What is cut short, empty or of somebody else's is no good news.
#[test]
fn an_answer_that_is_not_whole_makes_its_checks_unknown_and_never_passes() {
    let actions = [
        ("GetAccountSummary", "root-mfa", "iam:GetAccountSummary"),
        ("GetCredentialReport", "old-keys", "iam:GetCredentialReport"),
        ("GetAccountPasswordPolicy", "password-length", "iam:GetAccountPasswordPolicy"),
        ("ListVirtualMFADevices", "root-hardware-mfa", "iam:ListVirtualMFADevices"),
        ("GetAccountAuthorizationDetails", "groups", "iam:GetAccountAuthorizationDetails"),
        ("ListServerCertificates", "certificates", "iam:ListServerCertificates"),
        ("DescribeRegions", "access-analyzer", "ec2:DescribeRegions"),
        ("ListAnalyzers", "access-analyzer", "access-analyzer:ListAnalyzers"),
    ];
    let emptied = Fault::rewritten(|body| {
        let (start, end) = (body.find("Result>").map_or(0, |at| at + 7), body.rfind("Result>").unwrap_or(0));
        let end = body[..end].rfind("</").unwrap_or(start);
        match body.starts_with('{') {
            true => "{}".to_owned(),
            false if start == 0 => body.replace("regionInfo", "other"),
            false => format!("{}{}", &body[..start], &body[end.max(start)..]),
        }
    });
    let audited = Audited::of("all-pass");
    for (action, check, permission) in actions {
        for fault in [Fault::Garbage, Fault::HalfAnswer, emptied.clone()] {
            audited.aws.faults(action, 20, fault.clone());
            let results = audited.results(&["--only", check]);
            audited.aws.forget_faults();
            assert_eq!(results[check], permission, "{action}: {fault:?}");
        }
    }
    let parts = [
        ("GetAccountSummary", "AccountAccessKeysPresent", "root-key"),
        ("GetAccountSummary", "AccountMFAEnabled", "root-hardware-mfa"),
        ("GetAccountSummary", "Users", "people"),
        ("GetAccountPasswordPolicy", "MinimumPasswordLength", "password-length"),
        ("ListVirtualMFADevices", "Arn", "root-hardware-mfa"),
        ("GetAccountAuthorizationDetails", "UserName", "groups"),
        ("GetAccountAuthorizationDetails", "PolicyArn", "groups"),
        ("GetAccountAuthorizationDetails", "PolicyDocument", "admin-policies"),
        ("GetAccountAuthorizationDetails", "IsDefaultVersion", "admin-policies"),
        ("ListServerCertificates", "Expiration", "certificates"),
    ];
    for (action, part, check) in parts {
        audited.aws.fault(action, Fault::rewritten(move |body| body.replace(part, "Other")));
        let results = audited.results(&["--only", check]);
        assert_eq!(results[check], format!("iam:{action}"), "{action} without {part}");
    }
}

#[test]
fn an_audit_makes_only_calls_that_read() {
    let audited = Audited::of("all-fail");
    audited.run(&["work", "--last-accessed"]);
    let sent: BTreeSet<String> = audited.aws.requests().into_iter().map(|request| request.action).collect();
    let expected = [
        "DescribeRegions", "GenerateCredentialReport", "GenerateServiceLastAccessedDetails", "GetAccessKeyLastUsed",
        "GetAccountAuthorizationDetails", "GetAccountPasswordPolicy", "GetAccountSummary", "GetCallerIdentity",
        "GetCredentialReport", "GetServiceLastAccessedDetails", "ListAccessKeys", "ListAnalyzers",
        "ListEntitiesForPolicy", "ListMFADevices", "ListOrganizationsFeatures", "ListServerCertificates",
        "ListVirtualMFADevices",
    ];
    assert_eq!(sent.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn a_key_whose_calls_need_mfa_gets_a_session_and_without_a_code_the_checks_are_unknown() {
    let audited = Audited::of("all-pass");
    audited.ann.needs_mfa_for_iam();
    let results = audited.results(&[]);
    assert_eq!(results["root-mfa"], "iam:GetAccountSummary");
    let ran = audited.run(&["work"]);
    assert!(
        ran.stderr.contains("warning: `work`: some calls may need MFA, and no MFA session could be made"),
        "{}",
        ran.stderr
    );
    let code = audited.phone.as_ref().expect("a device").code();
    assert_eq!(audited.results(&["--mfa-code", &code]), world("all-pass")["expect"]);
    assert_eq!(audited.aws.count("GetSessionToken"), 1);
}

/// What `benches/README.md` says; shown with `--nocapture`.
fn measured(text: &str) {
    writeln!(std::io::stderr(), "measured: {text}").expect("stderr is there");
}

#[test]
fn two_thousand_users_take_a_bounded_number_of_calls() {
    let mut world = world("all-pass");
    let users = world["facts"]["users"].as_array_mut().expect("users");
    for n in 0..2000 {
        users.push(json!({"name": format!("user{n:04}"), "created": 300, "password": {"used": 1, "changed": 200},
            "mfa": n % 2 == 0, "keys": [{"created": 10, "used": 1}], "groups": ["staff"]}));
    }
    let audited = Audited::new(&world);
    let started = Instant::now();
    let ran = audited.run(&["work", "--json"]);
    let took = started.elapsed();
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(audited.short(&report)["console-mfa"].as_array().map(Vec::len), Some(1000));
    let calls = audited.aws.requests().len();
    measured(&format!("2,000 users: {calls} calls, {took:?}, of which the server {:?}", audited.aws.busy()));
    assert!(calls <= 40, "{calls} calls");
    assert!(took < Duration::from_mins(1), "{took:?}, the server {:?}", audited.aws.busy());
    let text = audited.run(&["work"]);
    assert!(text.stdout.contains("… and 980 more; `--json` and `--csv` list all"), "{}", text.stdout);
}

/// Twenty accounts, each with a role that ann may assume.
fn organization() -> Audited {
    let audited = Audited::of("all-pass");
    let facts = world("member-account")["facts"].clone();
    let mut config = audited.sandbox.read(".aws/config");
    for n in 0..20 {
        let account = format!("2000000000{n:02}");
        let mut facts = facts.clone();
        if n == 7 {
            facts["root"] = json!({"password": true, "mfa": null, "used": null, "keys": []});
        }
        audited.aws.serve_account(&account, &facts);
        let role = audited.aws.role_of(&account, "audit").trusts(&audited.ann.arn()).allows("iam:*");
        config += &format!(
            "\n[profile org-{n:02}]\nrole_arn = {}\nsource_profile = work\nregion = eu-central-1\n",
            role.arn()
        );
    }
    audited.sandbox.write(".aws/config", &config);
    audited
}

#[test]
fn twenty_accounts_get_a_table_each_and_a_summary_and_wait_for_each_other_only_eight_at_a_time() {
    let audited = organization();
    // A second profile of an account, and one that leads nowhere.
    let config = audited.sandbox.read(".aws/config");
    let again = "[profile org-again]\nrole_arn = arn:aws:iam::200000000000:role/audit\nsource_profile = work\n";
    let broken = "[profile org-broken]\nrole_arn = arn:aws:iam::200000000099:role/none\nsource_profile = work\n";
    audited.sandbox.write(".aws/config", &format!("{config}\n{again}\n{broken}"));
    audited.aws.faults("GetAccountSummary", 20, Fault::Slow(Duration::from_millis(400)));
    let started = Instant::now();
    let code = audited.phone.as_ref().expect("a device").code();
    let ran = audited.run(&["--profiles", "org-*", "--mfa-code", &code]);
    let took = started.elapsed();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert_eq!(
        ran.stdout.matches("\naccount 2").count() + usize::from(ran.stdout.starts_with("account 2")),
        20,
        "{}",
        ran.stdout
    );
    assert!(
        ran.stderr.contains("`org-again` leads to account 200000000000, which is audited as `org-00`"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("warning: `org-broken` cannot be used: "), "{}", ran.stderr);
    let summary = ran.stdout.rsplit("\n\n").next().expect("a summary");
    assert!(summary.starts_with("PROFILE"), "{summary}");
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let rows: Vec<_> = summary.lines().skip(1).map(words).collect();
    assert_eq!(rows.len(), 20);
    assert_eq!(rows[7], ["org-07", "200000000007", "2", "20", "1"]);
    assert_eq!(rows[8], ["org-08", "200000000008", "0", "22", "1"]);
    assert!(took < Duration::from_mins(1), "{took:?}");
    measured(&format!("20 accounts, 8 s of them waiting: {took:?}, {} calls", audited.aws.requests().len()));
    let json: Value = serde_json::from_str(&audited.run(&["--profiles", "org-*", "--json"]).stdout).expect("JSON");
    assert_eq!(json["accounts"].as_array().map(Vec::len), Some(20));
    assert_eq!(json["failed"][0]["profile"], "org-broken");
    // Nothing fails, and one could not be asked.
    assert_eq!(audited.run(&["--profiles", "org-b*"]).code, Some(4));
    fails(&audited.sandbox.keyfob(&["audit", "--profiles", "nothing*"]).run(), 6, "no profile matches `nothing*`");
}

#[test]
fn services_that_were_never_accessed_are_looked_for_on_request() {
    let mut world = world("all-pass");
    world["facts"]["last_accessed"] = json!({
        "user/ann": {"s3": 3, "ec2": 300},
        "user/ci": {"s3": null, "ec2": 2, "sqs": null},
        "role/app": {"a": null, "b": null, "c": null, "d": null, "e": null, "f": null},
        "role/support": {},
    });
    let roles = world["facts"]["roles"].as_array_mut().expect("roles");
    roles.push(json!({"name": "AWSServiceRoleForSupport", "created": 300, "service_linked": true}));
    let audited = Audited::new(&world);
    assert_eq!(audited.results(&[]).get("unused-services"), None);
    let results = audited.results(&["--last-accessed"]);
    let expected = json!([
        ["ci", 80, "user: 2 of 3 services never accessed: s3, sqs"],
        ["app", 300, "role: 6 of 6 services never accessed: a, b, c, d, e, …"],
    ]);
    assert_eq!(results["unused-services"], expected);
    assert_eq!(audited.aws.count("GenerateServiceLastAccessedDetails"), 5, "not for AWS's own roles");
    audited.ann.denied("iam:GenerateServiceLastAccessedDetails");
    let results = audited.results(&["--only", "unused-services"]);
    assert_eq!(results, json!({"unused-services": "iam:GenerateServiceLastAccessedDetails"}));
}

#[test]
fn checks_are_chosen_by_id_and_by_version_and_only_what_they_need_is_asked() {
    let audited = Audited::of("all-pass");
    let names = |words: &[&str]| {
        let results = audited.results(words);
        results.as_object().expect("checks").keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&["--only", "root-mfa,own-mfa"]), "own-mfa root-mfa");
    let sent: BTreeSet<_> = audited.aws.requests().into_iter().map(|request| request.action).collect();
    assert_eq!(sent, ["GetAccountSummary", "GetCallerIdentity", "ListMFADevices"].map(str::to_owned).into());
    assert!(!names(&["--skip", "access-analyzer", "--skip", "groups"]).contains("groups"));
    let newest = names(&["--cis", "7.0"]);
    assert!(newest.contains("central-root") && !newest.contains("two-keys") && newest.contains("own-mfa"), "{newest}");
    let old = names(&["--cis", "4.0"]);
    assert!(!old.contains("central-root") && old.contains("two-keys"), "{old}");
    let ran = audited.run(&["work", "--cis", "3.0", "--only", "access-analyzer"]);
    assert!(
        ran.ok().contains("STATUS  CHECK            CIS 3.0  ") && ran.stdout.contains("  1.20 "),
        "{}",
        ran.stdout
    );
    let wrong = |words: &[&str], what: &str| {
        let said = fails(&audited.sandbox.keyfob(&[&["audit", "work"], words].concat()).run(), 2, "");
        assert!(said.contains(what), "{said}");
    };
    wrong(&["--only", "root-mfs"], "there is no check `root-mfs`");
    wrong(&["--cis", "4.0.2"], "keyfob does not know version `4.0.2` of the CIS benchmark");
    wrong(&["--cis", "9"], "choose from 3.0, 4.0, 5.0, 6.0, 7.0; 4.0 is 4.0.1");
    wrong(&["--skip", "x"], "choose from own-root, own-mfa, ");
    wrong(&["--only", "two-keys", "--cis", "7.0"], "no check is left");
    assert_eq!(names(&["--cis", "4.0.1"]), old);
    let json = audited.sandbox.keyfob(&["audit", "--list", "--json"]).run();
    let json: Value = serde_json::from_str(json.ok()).expect("JSON");
    assert_eq!(json["checks"].as_array().map(Vec::len), Some(24));
    let list = audited.sandbox.keyfob(&["audit", "--list"]).run();
    assert!(list.ok().contains("unused-services") && list.stdout.contains("2.1.1"), "{}", list.stdout);
}

#[test]
fn each_version_of_the_benchmark_has_its_own_numbers() {
    let audited = Audited::of("all-pass");
    let ran = audited.run(&["work", "--json"]);
    let report: Value = serde_json::from_str(ran.ok()).expect("JSON");
    // AWS-FACTS: the numbers of 3.0 and 4.0.1, 5.0, 6.0, 7.0.
    let table = "root-key 1.4 1.3 2.3 2.4|root-mfa 1.5 1.4 2.4 2.5|root-hardware-mfa 1.6 1.5 2.5 2.6|root-unused 1.7 1.6 2.6 2.7|\
        password-length 1.8 1.7 2.7 2.8|password-reuse 1.9 1.8 2.8 2.9|console-mfa 1.10 1.9 2.9 2.10|setup-keys 1.11 1.10 2.10 -|\
        unused-credentials 1.12 1.11 2.11 2.11|two-keys 1.13 1.12 2.12 -|old-keys 1.14 1.13 2.13 2.12|groups 1.15 1.14 2.14 2.13|\
        admin-policies 1.16 1.15 2.15 2.14|support-role 1.17 1.16 2.16 2.15|certificates 1.19 1.18 2.18 2.17|\
        access-analyzer 1.20 1.19 2.19 2.18|cloudshell 1.22 1.21 2.21 2.20|central-root - - - 2.1.1";
    let mut expected = BTreeMap::new();
    for row in table.split('|') {
        let [id, three, five, six, seven] = row.split(' ').collect::<Vec<_>>()[..] else { panic!("{row}") };
        let numbers = [("3.0", three), ("4.0", three), ("5.0", five), ("6.0", six), ("7.0", seven)];
        let numbers = numbers.iter().filter(|(_, number)| *number != "-").map(|(v, n)| ((*v).to_owned(), json!(n)));
        expected.insert(id.to_owned(), Value::Object(numbers.collect()));
    }
    let checks = report["checks"].as_array().expect("checks").iter();
    let got: BTreeMap<_, _> = checks
        .filter(|check| check["cis"] != json!({}))
        .map(|check| (check["id"].as_str().expect("an id").to_owned(), check["cis"].clone()))
        .collect();
    assert_eq!(got, expected);
}

#[test]
fn each_finding_says_why_and_how_it_is_fixed() {
    let mut world = world("all-fail");
    world["facts"]["password_policy"] =
        json!({"MinimumPasswordLength": 8, "MaxPasswordAge": 60, "RequireNumbers": true});
    let audited = Audited::new(&world);
    let text = audited.run(&["work"]).stdout;
    for line in [
        "account 111122223333, as arn:aws:iam::111122223333:user/ann (profile `work`)",
        "STATUS  CHECK               CIS 7.0  REQUIREMENT",
        "FAIL    root-mfa            2.5      The root user has MFA",
        "pass    people              -        People have identities of their own",
        "root-mfa: 1 finding",
        "  why: the root user's password resets by e-mail, so without MFA a mailbox is the key to the account",
        "    fix: `keyfob mfa enroll work`",
        "    fix: `keyfob rotate work`",
        "  bob: password unused for 46 days, since 20",
        "    fix: `aws iam delete-login-profile --user-name bob --profile work`",
        "    fix: `keyfob user password-policy --cis --with work`",
        "    fix: neither a password nor a key of this user is in use: `keyfob user remove cat --with work`",
        "`aws accessanalyzer create-analyzer --analyzer-name keyfob --type ACCOUNT --region eu-central-1 --profile work`",
        "20 failed, 3 passed, 0 unknown",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
    assert!(!text.contains(&audited.key_id), "a terminal shows the last characters of a key's id");
    let report: Value = serde_json::from_str(&audited.run(&["work", "--json"]).stdout).expect("JSON");
    let of = |id: &str| report["checks"].as_array().expect("checks").iter().find(|check| check["id"] == id).cloned();
    let old = of("old-keys").expect("there");
    assert_eq!(old["fix"], json!({"argv": ["keyfob", "rotate", "work"], "fill": []}));
    assert_eq!(old["resources"][1]["fix"], Value::Null, "not a key of this machine's");
    assert_eq!(of("root-key").expect("there")["fix"], Value::Null);
}

#[test]
fn csv_has_a_row_for_each_resource_and_no_formulas() {
    let mut world = world("all-pass");
    let user =
        json!({"name": "=cmd,x", "created": 300, "password": {"used": 1, "changed": 2}, "mfa": false, "keys": []});
    world["facts"]["users"].as_array_mut().expect("users").push(user);
    let audited = Audited::new(&world);
    let ran = audited.run(&["work", "--csv", "--only", "console-mfa,root-mfa", "--cis", "5.0"]);
    let mut lines = ran.stdout.lines();
    assert_eq!(
        lines.next(),
        Some("profile,account,check,cis,status,title,resource,since,detail,fix,as_of"),
        "{}",
        ran.stderr
    );
    let root = lines.next().expect("a row");
    assert!(root.starts_with("work,111122223333,root-mfa,1.4,pass,The root user has MFA,,,,,20"), "{root}");
    let row = lines.next().expect("a row");
    assert!(
        row.starts_with("work,111122223333,console-mfa,1.9,fail,Every user with a password has MFA,\"'=cmd,x\",20"),
        "{row}"
    );
    assert_eq!((lines.next(), ran.code), (None, Some(1)));
}

#[test]
fn moto_answers_the_calls_it_knows() {
    let (Some(moto), Some(python)) = (Moto::start(), tools::require("python")) else { return };
    let aws = Arc::new(LoopbackAws::start());
    let mut sandbox = Sandbox::with_vault(KEYFOB, &aws);
    sandbox.set("AWS_ENDPOINT_URL", moto.url());
    let key = moto.user("ann").expect("python is there");
    let script = r#"
iam = client("iam", "AKIAFAKEADMINISTRATR", "FAKEsecret")
iam.create_user(UserName="bob")
iam.create_login_profile(UserName="bob", Password="FAKE-password-1")
iam.create_group(GroupName="staff")
iam.add_user_to_group(UserName="bob", GroupName="staff")
iam.put_user_policy(UserName="bob", PolicyName="all", PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}')
iam.update_account_password_policy(MinimumPasswordLength=14, PasswordReusePrevention=5)
print("ready")
"#;
    assert_eq!(python::boto3(&python, &moto.url(), script, &[]).trim(), "ready");
    let words = ["add", "work", "--stdin", "--yes", "--region", "eu-central-1", "--no-verify"];
    sandbox.keep_secret(&key.secret, "moto's key");
    sandbox.keyfob(&words).stdin(&format!("{}\n{}\n", key.id, key.secret)).run().ok();
    let ran = sandbox.keyfob(&["audit", "work", "--json", "--skip", "access-analyzer"]).run();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let check = |id: &str| {
        let check = report["checks"].as_array().expect("checks").iter().find(|check| check["id"] == id).cloned();
        let check = check.expect("there");
        let names: Vec<_> =
            check["resources"].as_array().expect("resources").iter().map(|r| r["name"].clone()).collect();
        (check["status"].as_str().unwrap_or_default().to_owned(), json!(names))
    };
    let fail = |names: Value| ("fail".to_owned(), names);
    let pass = ("pass".to_owned(), json!([]));
    assert_eq!(check("console-mfa"), fail(json!(["bob"])));
    assert_eq!(check("groups"), fail(json!(["bob"])));
    assert_eq!(check("admin-policies"), fail(json!(["all"])));
    assert_eq!(check("password-length"), pass);
    assert_eq!(check("password-reuse"), fail(json!([report["account"]])));
    assert_eq!((check("old-keys"), check("two-keys"), check("root-key")), (pass.clone(), pass.clone(), pass));
    // Its report has no root user, and it does not have the other call.
    assert_eq!(check("root-unused").0, "unknown");
    assert_eq!(check("central-root").0, "unknown");
}
