//! `exec --server`, in the hands of the SDKs for Go, Java and JavaScript.

use std::collections::BTreeSet;

use crate::matrix;
use crate::scene::{Scene, fails};
use crate::support::aws::Logged;

/// The SDKs, and how each begins its user agent.
const SDKS: [(&str, &str); 3] = [("go", "aws-sdk-go-v2/"), ("java", "aws-sdk-java/"), ("javascript", "aws-sdk-js/")];

/// Those that are here, each with its words for a shell, to which those after a profile are added.
fn sdks() -> Vec<(&'static str, &'static str, String)> {
    let words = |name: &str| {
        let (program, arguments) = matrix::built(name)?;
        let words = [vec![program.display().to_string()], arguments].concat();
        Some(format!("'{}'{}", words.join("' '"), if name == "java" { "" } else { " ''" }))
    };
    SDKS.iter().filter_map(|(name, agent)| Some((*name, *agent, words(name)?))).collect()
}

#[test]
fn go_java_and_javascript_live_through_two_renewals() {
    let scene = Scene::new();
    // The shortest that the server hands out: it has new ones every five seconds.
    scene.deploy.sessions_live(64);
    scene.credential_process_with_code("work", &scene.phone.code()).ok();
    let sdks = sdks();
    let all: String = sdks.iter().map(|(name, _, words)| format!("{words} 3 >{name}.out || echo failed &\n")).collect();
    let ran = scene.sandbox.keyfob(&["exec", "deploy", "--server", "--", "sh", "-c", &format!("{all}wait")]).run();
    assert_eq!(ran.ok(), "", "{}", ran.stderr);
    let requests = scene.aws.requests_of("GetCallerIdentity");
    assert_eq!(requests.iter().filter(|request| !request.succeeded()).count(), 0, "{requests:?}");
    for (name, agent, _) in sdks {
        let shown = scene.sandbox.read(&format!("{name}.out"));
        let is_its = |request: &&Logged| request.user_agent.starts_with(agent);
        let used: BTreeSet<_> =
            requests.iter().filter(is_its).filter_map(|request| request.key_id.as_deref()).collect();
        assert!(used.len() >= 3 && shown.lines().all(|key| used.contains(key)), "{name}: {shown} of {used:?}");
    }
}

#[test]
fn each_sdk_would_take_the_default_profile_which_is_why_it_is_refused() {
    let scene = Scene::new();
    scene.warm();
    let linked = scene.sandbox.read(".aws/config") + &format!("\n[default]\n{}\n", scene.link("deploy"));
    let linked = scene.sandbox.write("linked", &linked).display().to_string();
    for (name, _, words) in sdks() {
        // Where keyfob does not see it.
        let words = words.trim_end_matches(" ''").to_owned();
        let command = format!("{words}; AWS_CONFIG_FILE='{linked}' {words}");
        let ran = scene.sandbox.keyfob(&["exec", "audit", "--server", "--", "sh", "-c", &command]).run();
        let arns: Vec<&str> = ran.ok().lines().filter_map(|arn| arn.split('/').nth(1)).collect();
        assert_eq!(arns, ["audit", "deploy"], "{name}");
        let served = |options: &[&str]| {
            let words = [&["exec", "audit", "--server"], options, &["--", "sh", "-c", &words]].concat();
            scene.sandbox.keyfob(&words).env("AWS_CONFIG_FILE", &linked).run()
        };
        fails(&served(&[]), 6, "SDKs would use `credential_process` of the profile `default` instead of the server");
        assert!(served(&["--hide-default"]).ok().contains(":assumed-role/audit/"), "{name}");
    }
}
