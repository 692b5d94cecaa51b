//! `console`: the address that signs a browser in, for each kind of credentials, and the link that is followed once.

use crate::scene::{Scene, fails};
use crate::support::tools;

/// Follows an address as a browser would, and returns where it leads: the status and the page.
fn follow(scene: &Scene, url: &str) -> String {
    let curl = tools::require("curl").expect("checked");
    let words = ["-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url];
    scene.sandbox.program(&curl, &words).run().ok().to_owned()
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
    wrong(&["deploy", "https://evil.example", "--url"], 2, "is neither a service");
    wrong(&["deploy", "//evil.example", "--url"], 2, "is neither a service");
    assert_eq!(scene.actions(), Vec::<String>::new(), "nothing was asked for");
    let stderr = wrong(&["deploy"], 1, "no browser can be opened here: ");
    assert!(stderr.contains("keyfob console deploy --url"), "{stderr}");
    let (address, _) = url(&["deploy", "--logout"]);
    assert!(address.contains("/oauth?Action=logout&redirect_uri=http"), "{address}");
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
