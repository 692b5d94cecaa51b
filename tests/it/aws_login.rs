//! `keyfob login` and `logout` for profiles of `aws login`: AWS's own file and its own settings, made by keyfob.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::KEYFOB;
use crate::scene::{fails, key_id};
use crate::support::aws::{Fault, LoopbackAws, RoleHandle};
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

const TOKEN: &str = "CreateOAuth2Token";

/// Who is signed in to the console.
const ME: &str = "arn:aws:sts::111122223333:assumed-role/jump/me";
const OTHER: &str = "arn:aws:iam::111122223333:user/other";
const ROOT: &str = "arn:aws:iam::111122223333:root";

/// A machine with a browser, and nothing else: no AWS files, no key store.
struct Desk {
    aws: Arc<LoopbackAws>,
    sandbox: Sandbox,
    jump: RoleHandle,
}

impl Desk {
    fn new() -> Desk {
        let aws = Arc::new(LoopbackAws::start());
        let jump = aws.role("jump").max_session(43_200);
        aws.console_is(ME, &jump);
        let mut sandbox = Sandbox::new(KEYFOB, &aws);
        sandbox.give_browser();
        // AWS's own file is where they belong.
        sandbox.may_hold_secrets(".aws/login/cache");
        Desk { aws, sandbox, jump }
    }

    /// With a profile that is signed in.
    fn signed_in() -> Desk {
        let desk = Desk::new();
        desk.login(&["me", "--region", "eu-central-1"]).ok();
        desk.aws.forget_requests();
        desk
    }

    fn login(&self, arguments: &[&str]) -> Ran {
        let ran = self.sandbox.keyfob(&[&["login"], arguments].concat()).run();
        self.keep_keys();
        ran
    }

    /// No secret of keyfob's own making gets anywhere else either.
    fn keep_keys(&self) {
        for path in self.files() {
            let file: Value = serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON");
            let key = file["dpopKey"].as_str().expect("a key");
            let lines = key.lines().filter(|line| !line.starts_with('-') && line.len() > 20);
            lines.for_each(|line| self.sandbox.keep_secret(line, "the key of a sign-in"));
        }
    }

    /// Every file with tokens.
    fn files(&self) -> Vec<PathBuf> {
        let folder = fs::read_dir(self.sandbox.path(".aws/login/cache"));
        folder.map_or(Vec::new(), |folder| folder.map(|entry| entry.expect("an entry").path()).collect())
    }

    fn file(&self) -> Value {
        serde_json::from_str(&self.sandbox.read(&file_of(ME))).expect("JSON")
    }

    /// Has the credentials of the sign-in expired.
    fn expire(&self) {
        let mut file = self.file();
        file["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z".into();
        self.sandbox.write(&file_of(ME), &file.to_string());
    }

    fn config(&self) -> String {
        fs::read_to_string(self.sandbox.path(".aws/config")).unwrap_or_default()
    }

    fn get(&self, profile: &str) -> Ran {
        self.sandbox.keyfob(&["credential-process", profile]).run()
    }
}

fn file_of(arn: &str) -> String {
    let name: String = Sha256::digest(arn).iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".aws/login/cache/{name}.json")
}

#[test]
fn a_new_user_signs_in_with_one_command_and_every_tool_has_credentials() {
    let desk = Desk::new();
    let ran = desk.login(&["me", "--region", "eu-central-1", "--json"]);
    let said = ran.ends_with(0);
    for told in ["`me` is a new profile", "/v1/authorize?", &format!("signed in as {ME}, certain to work until")] {
        assert!(said.contains(told), "{told}: {said}");
    }
    let report = ran.json();
    assert_eq!((&report["version"], &report["arn"]), (&1.into(), &ME.into()));
    assert_eq!((&report["already"], &report["profile"]), (&false.into(), &"me".into()));
    assert_eq!(desk.config(), format!("[profile me]\nlogin_session = {ME}\nregion = eu-central-1\n"));
    let file = desk.file();
    for (field, value) in [
        ("tokenType", "aws_sigv4"),
        ("clientId", "arn:aws:signin:::devtools/same-device"),
        ("signInRegion", "eu-central-1"),
    ] {
        assert_eq!(file[field], value);
    }
    assert_eq!(file["accessToken"]["accountId"], "111122223333");
    assert!(file["dpopKey"].as_str().is_some_and(|key| key.starts_with("-----BEGIN EC ")));
    assert!(file["idToken"].is_string() && file["refreshToken"].is_string());
    for (path, mode) in [(file_of(ME), 0o600), (".aws/login/cache".to_owned(), 0o700)] {
        let is = fs::metadata(desk.sandbox.path(&path)).expect("there").permissions().mode();
        assert_eq!(is & 0o777, mode, "{path}");
    }
    let issued = desk.get("me").json();
    assert_eq!(issued["AccessKeyId"], file["accessToken"]["accessKeyId"]);
    let listed = desk.sandbox.keyfob(&["list", "--json"]).run().json();
    let line = &listed["profiles"][0];
    assert_eq!(line["session_expires"], file["accessToken"]["expiresAt"]);
    assert_eq!((&line["sign_in"]["renewed"], &line["sign_in"]["due"]), (&true.into(), &false.into()));
    assert!(desk.sandbox.keyfob(&["list"]).run().ok().contains("m, renewed"));
    assert_eq!(desk.aws.count(TOKEN), 1);

    // What the tokens are bound to is what renews them.
    desk.expire();
    assert_ne!(key_id(&desk.get("me").json()), key_id(&issued));
    assert_eq!(desk.aws.count(TOKEN), 2);
}

#[test]
fn a_sign_in_that_aws_has_just_renewed_is_kept_and_others_are_made_anew() {
    let desk = Desk::signed_in();
    assert!(desk.login(&["me"]).ends_with(0).contains("is signed in already as"));
    assert_eq!(desk.aws.count(TOKEN), 0, "it was made a moment ago");
    desk.expire();
    assert!(desk.login(&["me"]).ends_with(0).contains("is signed in already as"));
    assert_eq!((desk.aws.count(TOKEN), desk.aws.count("authorize")), (1, 0));
    desk.login(&["me", "--force"]).ok();
    assert_eq!((desk.aws.count(TOKEN), desk.aws.count("authorize")), (2, 1));
    // One that has ended, and one that is damaged.
    let mut spent = desk.file();
    spent["refreshToken"] = "spent".into();
    for broken in [spent.to_string(), "{".to_owned()] {
        desk.sandbox.write(&file_of(ME), &broken);
        desk.expire_if_whole();
        let (code, problem) = if broken == "{" { (6, "is damaged") } else { (3, "has ended") };
        assert!(fails(&desk.get("me"), code, problem).contains("`keyfob login me`"));
        assert!(desk.login(&["me"]).ends_with(0).contains("signed in as"));
        desk.get("me").json();
    }
    // Without a name it is the one that needs it.
    assert!(desk.login(&[]).ends_with(0).contains("no sign-in is needed now"));
    fs::remove_file(desk.sandbox.path(&file_of(ME))).expect("it is there");
    assert!(desk.login(&[]).ends_with(0).contains("signed in as"));
}

impl Desk {
    fn expire_if_whole(&self) {
        if serde_json::from_str::<Value>(&self.sandbox.read(&file_of(ME))).is_ok() {
            self.expire();
        }
    }
}

#[test]
fn in_wsl_windows_opens_the_page_that_shows_the_code() {
    let desk = Desk::new();
    desk.sandbox
        .script("bin/wslview", "#!/bin/sh\necho \"$1\" >\"$HOME/opening\"\nmv \"$HOME/opening\" \"$HOME/opened\"\n");
    let keyfob = desk.sandbox.keyfob(&["login", "me", "--region", "eu-central-1"]).without_env("BROWSER");
    let mut terminal = keyfob.env("KEYFOB_LOGIN", "auto").env("WSL_DISTRO_NAME", "Debian").on_terminal();
    terminal.expect("open this page in a browser on any device");
    terminal.expect("Paste the code that the page shows");
    let since = Instant::now();
    while !desk.sandbox.path("opened").exists() {
        assert!(since.elapsed() < Duration::from_secs(20), "no browser was opened");
        thread::sleep(Duration::from_millis(10));
    }
    terminal.type_line(&desk.aws.code_shown_for(desk.sandbox.read("opened").trim()));
    terminal.expect("signed in as");
    terminal.finish().0.ok();
    desk.keep_keys();
}

#[test]
fn the_code_of_another_device_is_pasted_and_stays_hidden() {
    let desk = Desk::new();
    let keyfob = desk.sandbox.keyfob(&["login", "me", "--device", "--region", "eu-central-1"]);
    let mut terminal = keyfob.on_terminal();
    terminal.expect("open this page in a browser on any device");
    // As it is to be copied, though a challenge may have the form of a secret.
    let seen = terminal.expect("Paste the code that the page shows");
    let url = seen.split_whitespace().find(|word| word.contains("/v1/authorize?")).expect("the URL").to_owned();
    terminal.type_line("123456");
    terminal.expect("that is not the whole code");
    terminal.expect("Paste the code");
    let code = desk.aws.code_shown_for(&url);
    terminal.type_line(&code);
    terminal.expect("signed in as");
    let (ran, seen) = terminal.finish();
    ran.ok();
    desk.keep_keys();
    assert!(!seen.contains(&code), "{seen}");
    assert_eq!(desk.file()["clientId"], "arn:aws:signin:::devtools/cross-device");
    desk.expire();
    desk.get("me").json();

    let nobody = desk.login(&["me", "--device", "--force"]);
    assert!(fails(&nobody, 3, "the code of the page is needed").contains("keyfob login me"));
}

#[test]
fn on_a_terminal_exec_and_env_sign_in_on_the_way_and_nowhere_else() {
    let desk = Desk::signed_in();
    let role = desk.aws.role("a").trusts(&desk.jump.arn());
    let config = desk.config();
    let with_role = format!("{config}[profile a]\nrole_arn = {}\nsource_profile = me\n", role.arn());
    desk.sandbox.write(".aws/config", &with_role);
    let sign_out = || fs::remove_file(desk.sandbox.path(&file_of(ME))).expect("it is there");
    let commands = [
        &["exec", "me", "--", "true"][..],
        &["exec", "a", "--", "true"],
        &["env", "me"],
        &["env", "a"],
        &["console", "me", "--url"],
        &["console", "a", "--url"],
    ];
    for command in commands {
        sign_out();
        desk.aws.forget_requests();
        fails(&desk.sandbox.keyfob(command).run(), 3, "`me` is not signed in");
        let program = desk.sandbox.keyfob(&["credential-process", command[1]]).beside_terminal();
        fails(&program.finish().0, 3, "`me` is not signed in");
        assert_eq!(desk.aws.count("authorize"), 0);
        let mut terminal = desk.sandbox.keyfob(command).on_terminal();
        terminal.expect("Opening your browser to sign in");
        terminal.expect(&format!("signed in as {ME}"));
        terminal.finish().0.ok();
        assert_eq!(desk.aws.count("authorize"), 1, "{command:?}");
        desk.keep_keys();
        desk.sandbox.keyfob(&["clear"]).run().ok();
    }
    assert_eq!(desk.config(), with_role);
    // One that AWS renews no more, and somebody else who signs in then.
    let mut spent = desk.file();
    spent["refreshToken"] = "spent".into();
    desk.sandbox.write(&file_of(ME), &spent.to_string());
    desk.expire();
    desk.aws.console_is(OTHER, &desk.jump);
    let mut terminal = desk.sandbox.keyfob(&["exec", "a", "--", "true"]).on_terminal();
    terminal.expect(&format!("`me` is set to {ME}, and you signed in as {OTHER}"));
    terminal.type_line("y");
    terminal.finish().0.ok();
    desk.keep_keys();
    assert!(desk.config().contains(&format!("login_session = {OTHER}\n")), "{}", desk.config());
    desk.get("a").json();
}

#[test]
fn somebody_else_is_stored_only_once_the_user_agrees() {
    let desk = Desk::signed_in();
    let (config, files) = (desk.config(), desk.files());
    desk.aws.console_is(OTHER, &desk.jump);
    let stderr = desk.login(&["me", "--force"]);
    assert!(fails(&stderr, 3, "confirmation to change who the profile is signed in as").contains("--yes"));
    let mut terminal = desk.sandbox.keyfob(&["login", "me", "--force"]).on_terminal();
    terminal.expect(&format!("`me` is set to {ME}, and you signed in as {OTHER}"));
    terminal.type_line("n");
    let (ran, seen) = terminal.finish();
    assert!(ran.code == Some(1) && seen.contains("nothing was stored"), "{seen}");
    assert_eq!((desk.config(), desk.files()), (config, files));
    desk.login(&["me", "--force", "--yes"]).ok();
    assert!(desk.config().contains(&format!("login_session = {OTHER}\n")) && !desk.config().contains(ME));
    assert_eq!(desk.files().len(), 2, "what was made as somebody else may be another profile's");
    desk.get("me").json();
}

#[test]
fn the_root_user_is_refused_until_it_is_allowed() {
    let desk = Desk::new();
    desk.aws.console_is(ROOT, &desk.jump);
    let stderr = desk.login(&["me", "--region", "eu-central-1"]);
    assert!(fails(&stderr, 6, "you signed in as the root user").contains("keyfob login me --force --allow-root"));
    assert_eq!((desk.config(), desk.files()), (String::new(), Vec::new()), "nothing is stored");
    desk.login(&["me", "--region", "eu-central-1", "--allow-root"]).ok();
    assert!(desk.config().contains("keyfob_allow_root = true"), "{}", desk.config());
    desk.get("me").json();
    // Once it is allowed it stays so; taken back, signing in as somebody else is the way out.
    desk.login(&["me", "--force"]).ok();
    desk.sandbox.keyfob(&["profile", "unset", "me", "keyfob_allow_root"]).run().ok();
    assert!(fails(&desk.get("me"), 6, "is signed in as the root user").contains("`keyfob login me --force`"));
    desk.aws.console_is(ME, &desk.jump);
    desk.login(&["me", "--yes"]).ok();
    desk.get("me").json();
    assert!(!desk.config().contains("allow_root"));
}

#[test]
fn ctrl_c_and_a_kill_while_a_browser_is_waited_for_leave_nothing() {
    let mut desk = Desk::new();
    let browser = desk.sandbox.script("bin/slow", "#!/bin/sh\necho there >\"$HOME/there\"\nsleep 60\n");
    desk.sandbox.set("BROWSER", &browser);
    for signal in ["INT", "KILL"] {
        let started = desk.sandbox.keyfob(&["login", "me", "--region", "eu-central-1"]).start();
        let since = Instant::now();
        while !desk.sandbox.path("there").exists() {
            assert!(since.elapsed() < Duration::from_secs(20), "no browser was opened");
            thread::sleep(Duration::from_millis(10));
        }
        let pid = started.pid().to_string();
        desk.sandbox.program("kill", &["-s", signal, &pid]).run().ok();
        let ran = started.finish();
        assert!(ran.signal.is_some() || ran.code == Some(130), "{ran:?}");
        fs::remove_file(desk.sandbox.path("there")).expect("it is there");
        assert_eq!((desk.config(), desk.files()), (String::new(), Vec::new()), "after SIG{signal}");
    }
}

#[test]
fn fifty_processes_renew_a_sign_in_of_keyfobs_once() {
    let desk = Desk::signed_in();
    desk.expire();
    let started: Vec<_> = (0..50).map(|_| desk.sandbox.keyfob(&["credential-process", "me"]).start()).collect();
    let ids: Vec<String> = started.into_iter().map(|one| key_id(&one.finish().json())).collect();
    assert!(ids.iter().all(|id| *id == ids[0]));
    assert_eq!(desk.aws.count(TOKEN), 1);
}

#[test]
fn botocore_and_the_javascript_sdk_use_and_renew_what_keyfob_wrote() {
    const KEY_ID: &str = "import boto3; print(boto3.Session(profile_name='me').get_credentials().access_key)";
    const JAVASCRIPT: &str = "const { fromLoginCredentials } = require('@aws-sdk/credential-provider-login'); \
        fromLoginCredentials({ profile: 'me', clientConfig: { endpoint: process.env.AWS_ENDPOINT_URL_SIGNIN } })() \
        .then((read) => console.log(read.accessKeyId));";
    for (name, arguments) in [("python", vec!["-W", "ignore", "-c", KEY_ID]), ("node", vec!["-e", JAVASCRIPT])] {
        let Some(program) = tools::require(name) else { continue };
        let desk = Desk::signed_in();
        let packages = tools::target().join("interop/javascript/node_modules");
        let theirs = || {
            let run = desk.sandbox.program(&program, &arguments).env("NODE_PATH", &packages).run();
            if run.stderr.contains("Cannot find module") || run.stderr.contains("botocore[crt]") {
                tools::skipped(&format!("{name} here cannot use a sign-in: {}", run.stderr));
                return None;
            }
            Some(run.ok().trim().to_owned())
        };
        let Some(read) = theirs() else { continue };
        assert_eq!((read, desk.aws.count(TOKEN)), (key_id(&desk.get("me").json()), 0), "{name}");
        desk.expire();
        let Some(renewed) = theirs() else { continue };
        assert_eq!(desk.aws.count(TOKEN), 1, "{name} renews with the key that keyfob made");
        assert_eq!((key_id(&desk.get("me").json()), desk.aws.count(TOKEN)), (renewed, 1), "{name}");
    }
}

#[test]
fn signing_out_deletes_the_tokens_and_the_sessions_made_from_them() {
    let desk = Desk::signed_in();
    let role = desk.aws.role("a").trusts(&desk.jump.arn());
    let config = desk.config();
    desk.sandbox
        .write(".aws/config", &format!("{config}[profile a]\nrole_arn = {}\nsource_profile = me\n", role.arn()));
    desk.get("a").json();
    // AWS does not tell when the sign-in ends, so `list` says that it is renewed and shows the end of what it has given.
    let listed = desk.sandbox.keyfob(&["list", "--json"]).run().json();
    let me = listed["profiles"].as_array().and_then(|all| all.iter().find(|one| one["name"] == "me")).expect("listed");
    let end = desk.file()["accessToken"]["expiresAt"].clone();
    let state = json!({"certain_until": end, "renewed": true, "due": false});
    assert_eq!(me["sign_in"], state, "{listed}");
    assert!(desk.sandbox.keyfob(&["list"]).run().ok().contains(", renewed"));
    let ran = desk.sandbox.keyfob(&["logout", "a", "--json"]).run();
    let said = ran.ends_with(0);
    assert!(said.contains(&format!("signed out {ME}, and deleted 1 cached session")), "{said}");
    assert!(said.contains("stay valid until they expire, the last at"), "{said}");
    assert_eq!((&ran.json()["profile"], &ran.json()["was_signed_in"]), (&"me".into(), &true.into()));
    assert_eq!(desk.files(), Vec::<PathBuf>::new());
    assert_eq!((&ran.json()["ended_at_aws"], desk.aws.count("BatchRevokeSessions")), (&true.into(), 1));
    assert!(fails(&desk.get("a"), 3, "`me` is not signed in").contains("keyfob login me"));
    let listed = desk.sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(listed["profiles"][0]["sign_in"]["due"], true);
    assert!(desk.sandbox.keyfob(&["logout", "me"]).run().ends_with(0).contains("`me` is not signed in"));
    assert!(desk.sandbox.keyfob(&["logout"]).run().ends_with(0).contains("not signed in anywhere"));
    // The profile knows whose it was.
    desk.login(&["a"]).ok();
    desk.get("a").json();
}

#[test]
fn signing_out_ends_the_session_at_aws_and_no_other() {
    let desk = Desk::signed_in();
    // Another machine of the same person, a minute later.
    desk.aws.advance(60);
    let theirs = desk.aws.sign_in(&desk.jump, 900);
    desk.aws.advance(-60);
    let ours = desk.file();
    desk.expire();
    let logout = |desk: &Desk| desk.sandbox.keyfob(&["logout", "me", "--json"]).run().json()["ended_at_aws"].clone();
    assert_eq!((logout(&desk), desk.aws.count(TOKEN)), (true.into(), 1), "its credentials had expired");
    // Whoever has a copy cannot renew it; the other one can.
    for (file, code) in [(ours, 3), (theirs, 0)] {
        desk.sandbox.write(&file_of(ME), &file.to_string());
        desk.expire();
        assert_eq!(desk.get("me").code, Some(code));
    }
    // Which of two that were made at the same time is meant is not known.
    desk.login(&["me", "--force"]).ok();
    desk.aws.sign_in(&desk.jump, 900);
    assert_eq!(logout(&desk), false);
    // Without the permission, or without AWS, it is deleted here.
    desk.login(&["me"]).ok();
    desk.aws.fault("ListSessions", Fault::Refuse { status: 403, code: "AccessDeniedException", message: "no" });
    let ran = desk.sandbox.keyfob(&["logout", "me"]).run();
    assert!(ran.ends_with(0).contains("AWS could not be told"), "{}", ran.stderr);
    assert_eq!(desk.files(), Vec::<PathBuf>::new());
}

#[test]
fn what_went_wrong_is_told_apart_and_nothing_is_stored() {
    let desk = Desk::new();
    let refusals = [
        (401, "AUTHCODE_EXPIRED", 3, "the code had expired"),
        (403, "INSUFFICIENT_PERMISSIONS", 4, "access denied"),
        (400, "INVALID_REQUEST", 4, "AWS refused it"),
    ];
    for (status, code, exit, problem) in refusals {
        desk.aws.fault(TOKEN, Fault::Refuse { status, code, message: "so it is" });
        let stderr = fails(&desk.login(&["me", "--region", "eu-central-1"]), exit, problem);
        assert!(stderr.contains("so it is") && stderr.contains("hint: "), "{stderr}");
    }
    for fault in [Fault::Garbage, Fault::DropAnswer] {
        desk.aws.fault(TOKEN, fault);
        fails(&desk.login(&["me", "--region", "eu-central-1"]), 1, "AWS Sign-In gave no tokens");
    }
    desk.aws.console_declines();
    fails(&desk.login(&["me", "--region", "eu-central-1"]), 4, "it was declined in the browser");
    // A region is needed, and nobody says which.
    let stderr = fails(&desk.login(&["me"]), 3, "a region to sign in to is needed");
    assert!(stderr.contains("keyfob login me --region REGION"), "{stderr}");
    assert_eq!((desk.config(), desk.files()), (String::new(), Vec::new()));
}

#[test]
fn a_slip_of_a_name_is_no_new_profile() {
    let desk = Desk::new();
    desk.sandbox.write(".aws/config", "[profile production]\nregion = eu-west-1\n[sso-session corporate]\n");
    let said = fails(&desk.login(&["prodution"]), 6, "there is no profile or `sso-session` `prodution`");
    assert!(said.contains("keyfob login production") && said.contains("keyfob profile add prodution"), "{said}");
    let said = fails(&desk.login(&["https://corp.awsapps.com/start"]), 6, "there is no profile");
    assert!(said.contains("keyfob login --start-url https://corp.awsapps.com/start --region REGION"), "{said}");
    let logout = |name: &str| desk.sandbox.keyfob(&["logout", name]).run();
    assert!(fails(&logout("corporat"), 6, "there is no profile").contains("keyfob logout corporate"));
    let said = fails(&logout("xyz"), 6, "there is no profile or `sso-session` `xyz`");
    assert!(!said.contains("login") && said.contains("keyfob list"), "{said}");
    // A profile without credentials is signed in; one that has them is not.
    desk.login(&["production"]).ok();
    assert_eq!(
        desk.config(),
        format!("[profile production]\nregion = eu-west-1\nlogin_session = {ME}\n[sso-session corporate]\n")
    );
    desk.sandbox.write(".aws/config", "[profile other]\ncredential_process = /bin/true\n");
    fails(&desk.login(&["other"]), 6, "`other` needs no sign-in");
}
