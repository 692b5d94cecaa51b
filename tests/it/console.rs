//! `console`: the address that signs a browser in, for each kind of credentials, and the link that is followed once.

use crate::scene::{Scene, fails};
use crate::support::aws::Fault;
use crate::support::tools;

/// Follows an address as a browser would, and returns where it leads: the status and the page.
fn follow(scene: &Scene, url: &str) -> String {
    let words = ["-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url];
    scene.sandbox.program("curl", &words).run().ok().to_owned()
}

/// What was sent for the last token: the action's outcome and its SessionDuration.
fn sent(scene: &Scene) -> (String, Option<String>) {
    let last = scene.aws.last("getSigninToken");
    (last.outcome.unwrap_or_default(), last.params.get("SessionDuration").map(str::to_owned))
}

const PAGE: &str = "302 https://eu-central-1.console.aws.amazon.com";

#[test]
fn each_kind_of_credentials_gets_in_by_its_own_way() {
    let Some(_) = tools::require("curl") else { return };
    let scene = Scene::new();
    scene.warm();
    let url = |words: &[&str]| {
        let ran = scene.sandbox.keyfob(&[&["console"], words, &["--url"]].concat()).run();
        (ran.ok().trim_end().to_owned(), ran.stderr.clone())
    };
    // Over the MFA session: no duration may be sent.
    let (address, said) = url(&["deploy"]);
    assert_eq!(follow(&scene, &address), format!("{PAGE}/console/home?region=eu-central-1"));
    assert_eq!(sent(&scene), ("200".to_owned(), None));
    assert!(said.contains("the console opens as `arn:aws:sts::111122223333:assumed-role/deploy/keyfob-ann` in account 111122223333, until 20"), "{said}");
    let (address, _) = url(&["audit", "s3"]);
    assert_eq!(follow(&scene, &address), format!("{PAGE}/s3/home?region=eu-central-1"));
    let (address, _) = url(&["audit", "/cloudwatch/home", "--read-only"]);
    assert_eq!(follow(&scene, &address), format!("{PAGE}/cloudwatch/home?region=eu-central-1"));
    // With the key itself: the role's duration.
    let role = scene.aws.role("long").trusts(&scene.ann.arn()).max_session(43_200).arn();
    scene.append(&format!("\n[profile long]\nrole_arn = {role}\nsource_profile = work\nduration_seconds = 43200\nmfa_serial = {}\nregion = eu-central-1\n", scene.phone.serial()));
    let code = scene.phone.code();
    url(&["long", "--mfa-code", &code]);
    assert_eq!(sent(&scene), ("200".to_owned(), Some("43200".to_owned())));
    // A user: without MFA.
    let (address, said) = url(&["work"]);
    assert_eq!(follow(&scene, &address), format!("{PAGE}/console/home?region=eu-central-1"));
    assert!(
        said.contains("the console session carries no MFA")
            && said.contains("https://111122223333.signin.aws.amazon.com/console"),
        "{said}"
    );
    // A user's session that keyfob did not make cannot be.
    scene.aws.forget_requests();
    let wrong = |words: &[&str], code: i32, what: &str| {
        fails(&scene.sandbox.keyfob(&[&["console"], words].concat()).run(), code, what)
    };
    // Before a browser is looked for, which would not help.
    wrong(&["nobody"], 6, "there is no profile `nobody`");
    for page in ["s3", "/cloudwatch/home"] {
        let stderr = wrong(&[page], 6, &format!("there is no profile `{page}`"));
        let hint = format!("name a profile before a service or path: `keyfob console PROFILE {page}`");
        assert!(stderr.contains(&hint), "{stderr}");
    }
    wrong(&["deploy", "https://evil.example", "--url"], 2, "is neither a service");
    wrong(&["deploy", "//evil.example", "--url"], 2, "is neither a service");
    assert_eq!(scene.actions(), Vec::<String>::new(), "nothing was asked for");
    let stderr = wrong(&["deploy"], 1, "no browser can be opened here: ");
    assert!(stderr.contains("console deploy --url"), "{stderr}");
    let stderr = wrong(&["deploy", "s3", "--read-only"], 1, "no browser can be opened here: ");
    assert!(stderr.contains("console deploy s3 --read-only --url"), "no wider session: {stderr}");
    let (address, _) = url(&["deploy", "--logout"]);
    assert!(address.contains("/oauth?Action=logout&redirect_uri=http"), "{address}");
}

#[test]
fn a_duration_that_aws_does_not_take_is_left_out_and_who_cannot_get_in_is_told_where_they_can() {
    const INVALID: Fault = Fault::Refuse { status: 400, code: "", message: "Invalid credentials parameter" };
    let scene = Scene::new();
    scene.warm();
    let console = |words: &[&str]| scene.sandbox.keyfob(&[&["console"], words, &["--url"]].concat()).run();
    // A role that a token is exchanged for: with its duration, and once more without.
    let role = scene.aws.role("web").trusts("oidc:pod").max_session(7200).arn();
    let token = scene.sandbox.write("token", &scene.aws.web_token("pod", "sts.amazonaws.com", 36_000));
    scene.append(&format!(
        "\n[profile web]\nrole_arn = {role}\nduration_seconds = 7200\nweb_identity_token_file = {}\nregion = eu-central-1\n",
        token.display()
    ));
    console(&["web"]).ok();
    assert_eq!(sent(&scene), ("200".to_owned(), Some("7200".to_owned())));
    scene.aws.forget_requests();
    scene.aws.fault("getSigninToken", INVALID);
    console(&["web"]).ok();
    assert_eq!((scene.aws.count("getSigninToken"), sent(&scene)), (2, ("200".to_owned(), None)));
    scene.aws.faults("getSigninToken", 2, INVALID);
    let said = fails(&console(&["web"]), 4, "AWS gives no sign-in token for the credentials of `web` (status 400)");
    assert!(said.contains("keyfob whoami web --check"), "{said}");
    // A role's session out of the cache was made with another session, whatever is asked for now.
    scene.aws.forget_requests();
    let ran = console(&["deploy", "--no-session"]);
    assert!(ran.ends_with(0).contains("ends with these credentials"), "{}", ran.stderr);
    assert_eq!(sent(&scene), ("200".to_owned(), None));
    // Once is enough where there was no duration; a narrowed session has another way.
    scene.aws.forget_requests();
    scene.aws.fault("getSigninToken", INVALID);
    let said = fails(&console(&["work", "--read-only"]), 4, "AWS does not sign");
    assert!(said.contains("keyfob console work --role ARN"), "{said}");
    let said =
        fails(&console(&["deploy", "--read-only"]), 4, "AWS gives no sign-in token for the credentials of `deploy`");
    assert!(said.contains("narrow a role's session: `keyfob console deploy --role ARN`"), "{said}");
    assert_eq!(scene.aws.count("getSigninToken"), 1);
    // A user's session that keyfob has not made, from the files and from a program.
    let written = scene.credential_process("work").json();
    let text = |name: &str| written[name].as_str().expect("a text").to_owned();
    let session = format!(
        "\n[profile written]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\nregion = eu-central-1\n",
        text("AccessKeyId"),
        text("SecretAccessKey"),
        text("SessionToken")
    );
    scene.append(&session);
    scene.sandbox.may_hold_secrets(".aws/config");
    scene.sandbox.write("session.json", &written.to_string());
    scene.sandbox.may_hold_secrets("session.json");
    let program = scene.sandbox.path("session.json").display().to_string();
    scene.append(&format!("\n[profile program]\ncredential_process = cat {program}\nregion = eu-central-1\n"));
    for profile in ["written", "program"] {
        let said =
            fails(&console(&[profile]), 4, "AWS does not sign `arn:aws:iam::111122223333:user/ann` in to the console");
        assert!(said.contains("sign in at https://111122223333.signin.aws.amazon.com/console"), "{said}");
    }
    assert_eq!(scene.aws.count("getSigninToken"), 1);
}

#[test]
fn the_browser_gets_a_link_that_holds_no_secret_and_works_once() {
    let Some(curl) = tools::require("curl") else { return };
    let mut scene = Scene::new();
    scene.warm();
    // A browser that writes down what it is started with, follows it, and follows it again.
    let browser = scene.sandbox.write(
        "browser",
        &format!(
            "#!/bin/sh\necho \"$1\" >{home}/seen\n{curl} -s -o /dev/null -w '%{{http_code}} %{{redirect_url}}\\n' \"$1\" >{home}/first\n\
             {curl} -s -o /dev/null -w '%{{http_code}}\\n' \"$1\" >{home}/second\n",
            home = scene.sandbox.home().display(),
            curl = curl.display()
        ),
    );
    scene.sandbox.program("chmod", &["+x", browser.to_str().expect("UTF-8")]).run().ok();
    scene.sandbox.set("BROWSER", &browser);
    scene.sandbox.may_hold_secrets("first");
    let ran = scene.sandbox.keyfob(&["console", "deploy"]).run();
    ran.ok();
    assert!(ran.stderr.contains("warning: the link was followed a second time, which got nothing"), "{}", ran.stderr);
    let seen = scene.sandbox.read("seen");
    assert!(seen.starts_with("http://127.0.0.1:") && !seen.contains("SigninToken"), "{seen}");
    let first = scene.sandbox.read("first");
    assert!(
        first.starts_with("302 http://127.0.0.1:") && first.contains("/federation?Action=login&Issuer=keyfob&"),
        "{first}"
    );
    assert_eq!(scene.sandbox.read("second"), "410\n");
}

const PORTAL: &str = "\n[profile portal]\nsso_start_url = https://corp.awsapps.com/start\nsso_region = eu-central-1\n\
    sso_account_id = 000000000042\nsso_role_name = ReadOnly\nregion = eu-central-1\n";

/// A browser of this name that writes down what it is started with.
fn recorder(scene: &Scene, name: &str) -> String {
    let script = format!("#!/bin/sh\nprintf '%s\\n' \"$@\" >'{}'\n", scene.sandbox.path("started").display());
    scene.sandbox.script(&format!("bin/{name}"), &script).display().to_string()
}

/// What it was started with, once it was.
fn started(scene: &Scene) -> Vec<String> {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let path = scene.sandbox.path("started");
    while std::fs::read_to_string(&path).unwrap_or_default().is_empty() {
        assert!(std::time::Instant::now() < end, "no browser was started");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let words = scene.sandbox.read("started").lines().map(str::to_owned).collect();
    std::fs::remove_file(path).expect("there");
    words
}

#[test]
fn a_container_a_profile_of_the_browser_and_the_browser_itself_can_be_chosen() {
    let mut scene = Scene::new();
    // The portal's own link, which nobody has to follow for keyfob to end.
    scene.append(PORTAL);
    recorder(&scene, "firefox");
    scene.sandbox.set("BROWSER", recorder(&scene, "browser"));
    let console = |options: &[&str]| scene.sandbox.keyfob(&[&["console", "portal"], options].concat()).run();
    console(&[]).ok();
    let link = started(&scene).remove(0);
    assert!(link.starts_with("https://corp.awsapps.com/start/#/console?account_id=000000000042"), "{link}");
    fails(&console(&["--browser-profile", "Work"]), 2, "it is not known how");
    scene.sandbox.keyfob(&["profile", "set", "portal", "keyfob_browser", "firefox --new-window"]).run().ok();
    console(&["--browser-profile", "Work"]).ok();
    assert_eq!(started(&scene), ["--new-window", "-P", "Work", &*link]);
    console(&["--container", "prod & co"]).ok();
    let words = started(&scene);
    assert!(
        words[1].starts_with("ext+container:name=prod%20%26%20co&url=https%3A%2F%2Fcorp.awsapps.com%2F"),
        "{words:?}"
    );
    scene.sandbox.keyfob(&["profile", "unset", "portal", "keyfob_browser"]).run().ok();
    let chromium = recorder(&scene, "chromium");
    let of_settings = scene.sandbox.keyfob(&["console", "portal", "--browser-profile", "Profile 1"]);
    of_settings.env("KEYFOB_BROWSER", &chromium).run().ok();
    assert_eq!(started(&scene)[0], "--profile-directory=Profile 1");
}

#[test]
fn over_ssh_the_address_goes_to_the_clipboard_of_the_terminal() {
    let scene = Scene::new();
    scene.warm();
    let over_ssh = || scene.sandbox.keyfob(&["console", "deploy", "--copy"]).env("SSH_CONNECTION", "1 2 3 4");
    let mut terminal = over_ssh().on_terminal();
    terminal.expect("\x1b]52;c;");
    let text = terminal.expect("\x07");
    terminal.expect("the address was sent to your terminal, which copies it if it allows that (OSC 52)");
    terminal.finish();
    let decoded = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, text).expect("base64");
    let address = String::from_utf8(decoded).expect("UTF-8");
    assert!(address.contains("/federation?Action=login&Issuer=keyfob&"), "{address}");
    let nobody = over_ssh().run();
    assert!(fails(&nobody, 3, "a terminal to copy with is needed").contains("--url"), "{}", nobody.stderr);
    // At a display its own program takes it, on standard input.
    scene.sandbox.script("bin/xclip", "#!/bin/sh\ncat >\"$HOME/clip\"\necho \"$@\" >\"$HOME/clip-words\"\n");
    scene.sandbox.may_hold_secrets("clip");
    scene.sandbox.keyfob(&["console", "deploy", "--copy"]).env("DISPLAY", ":9").run().ok();
    assert!(scene.sandbox.read("clip").contains("/federation?Action=login"));
    assert_eq!(scene.sandbox.read("clip-words"), "-selection clipboard\n");
}

#[test]
fn where_nobody_sees_a_browser_none_is_started_and_the_portals_link_is_printed() {
    let scene = Scene::new();
    scene.warm();
    scene.append(PORTAL);
    recorder(&scene, "firefox");
    recorder(&scene, "xdg-open");
    let over_ssh = |words: &[&str]| {
        let run = scene.sandbox.keyfob(&[&["console"], words].concat());
        run.env("SSH_CONNECTION", "1 2 3 4").env("DISPLAY", "localhost:10").run()
    };
    for options in [&[][..], &["--container", "x"], &["--browser-profile", "x"]] {
        let said = fails(&over_ssh(&[&["deploy"], options].concat()), 1, "this is an SSH session");
        assert!(said.contains("--url"), "{said}");
        // It holds no secret.
        let ran = over_ssh(&[&["portal"], options].concat());
        assert!(ran.ok().starts_with("https://corp.awsapps.com/start/#/console?account_id="), "{}", ran.stdout);
        assert!(ran.stderr.contains("Open this address where you have one"), "{}", ran.stderr);
    }
    assert!(!scene.sandbox.path("started").exists(), "no browser of this machine");
    let first = over_ssh(&["portal", "--logout"]).ok().to_owned();
    assert!(
        first.contains("/oauth?Action=logout&redirect_uri=https%3A%2F%2Fcorp.awsapps.com%2Fstart%2F%23%2F"),
        "{first}"
    );
    assert!(!first.starts_with("https://corp."), "{first}");
}

#[test]
fn in_wsl_windows_opens_the_link_and_takes_the_copy() {
    let Some(curl) = tools::require("curl") else { return };
    let scene = Scene::new();
    scene.warm();
    scene.append(PORTAL);
    let console =
        |words: &[&str]| scene.sandbox.keyfob(&[&["console"], words].concat()).env("WSL_DISTRO_NAME", "Debian");
    let said =
        fails(&console(&["deploy"]).run(), 1, "no browser can be opened here: this is WSL, which has no `wslview`");
    assert!(said.contains("--url") && said.contains("`BROWSER`"), "{said}");
    assert!(console(&["portal"]).run().ok().starts_with("https://corp.awsapps.com/start/#/console?"));
    // Nothing of Windows takes the copy, so the terminal is sent it.
    let mut terminal = console(&["deploy", "--copy"]).on_terminal();
    terminal.expect("the address was sent to your terminal");
    terminal.finish();
    scene.sandbox.may_hold_secrets("followed");
    let script = format!(
        "#!/bin/sh\nprintf '%s\\n' \"$@\" >\"$HOME/opened\"\nmv \"$HOME/opened\" \"$HOME/started\"\n\
         {} -s -o \"$HOME/followed\" \"$2\"\n",
        curl.display()
    );
    scene.sandbox.script("bin/rundll32.exe", &script);
    console(&["deploy"]).run().ok();
    let words = started(&scene);
    assert!(words[0] == "url.dll,FileProtocolHandler" && words[1].starts_with("http://127.0.0.1:"), "{words:?}");
    console(&["portal"]).run().ok();
    assert!(started(&scene)[1].starts_with("https://corp.awsapps.com/start/#/console?account_id=000000000042&"));
    scene.sandbox.script("bin/clip.exe", "#!/bin/sh\ncat >\"$HOME/clip\"\n");
    scene.sandbox.may_hold_secrets("clip");
    let ran = console(&["deploy", "--copy"]).run();
    assert!(ran.ends_with(0).contains("the address is in the clipboard; it signs in anyone"), "{}", ran.stderr);
    assert!(scene.sandbox.read("clip").contains("/federation?Action=login"));
    let ran = console(&["portal", "--copy"]).run();
    assert!(!ran.ends_with(0).contains("signs in anyone"), "{}", ran.stderr);
}

#[test]
fn chromium_follows_the_link_once_and_is_refused_the_second_time() {
    const FLAGS: &str = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --dump-dom \
        --host-resolver-rules='MAP * ~NOTFOUND , EXCLUDE 127.0.0.1'";
    let Some(chromium) = tools::require("chromium") else { return };
    let mut scene = Scene::new();
    scene.warm();
    // The address it is sent to is in what it keeps.
    scene.sandbox.may_hold_secrets("chromium");
    let visit = |number: usize| {
        format!("'{}' {FLAGS} --user-data-dir=\"$HOME/chromium/{number}\" \"$1\" >/dev/null 2>&1", chromium.display())
    };
    // Two at once, and one when both have ended.
    let script = format!("#!/bin/sh\n{} &\n{} &\nwait\n{}\ntouch \"$HOME/done\"\n", visit(1), visit(2), visit(3));
    let browser = scene.sandbox.script("bin/browser", &script);
    scene.sandbox.set("BROWSER", &browser);
    let ran = scene.sandbox.keyfob(&["console", "deploy", "s3"]).run();
    ran.ok();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(80);
    while !scene.sandbox.path("done").exists() {
        assert!(std::time::Instant::now() < end, "chromium does not end");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    assert_eq!(scene.aws.count("login"), 1, "one of the three was sent on to AWS's sign-in");
    assert_eq!(scene.aws.last("login").outcome.as_deref(), Some("302"));
}
