//! The way to AWS: configured endpoints, proxies, an AWS that is not there, and clocks that are off.

use std::net::TcpListener;
use std::path::PathBuf;

use crate::scene::{Scene, fails, key_id};
use crate::support::aws::{Fault, LoopbackAws};

/// An address where nobody listens.
fn nowhere() -> String {
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port on the loopback interface");
    format!("http://{}", free.local_addr().expect("it is bound"))
}

#[test]
fn endpoints_come_from_variables_services_and_profiles_in_the_sdks_order() {
    let scene = Scene::new();
    let (url, nowhere) = (scene.aws.url(), nowhere());
    let services = |sts: &str| format!("\n[services s]\nsts =\n  endpoint_url = {sts}\n");
    let plain = scene.sandbox.read(".aws/config");
    let with = |setting: &str| plain.replace("region = eu-central-1\n", &format!("region = eu-central-1\n{setting}\n"));
    // What the config file says, what the variables say; every one leads to the loopback AWS.
    let cases = [
        (format!("{}{}", with("services = s"), services(&url)), vec![]),
        (with(&format!("endpoint_url = {url}")), vec![]),
        (format!("{}{}", with("services = s"), services(&nowhere)), vec![("AWS_ENDPOINT_URL_STS", url.as_str())]),
        (plain.clone(), vec![("AWS_ENDPOINT_URL", nowhere.as_str()), ("AWS_ENDPOINT_URL_STS", url.as_str())]),
        (plain.clone(), vec![("AWS_ENDPOINT_URL", url.as_str())]),
    ];
    for (number, (config, variables)) in cases.into_iter().enumerate() {
        scene.sandbox.write(".aws/config", &config.replace("mfa_serial", "mfa_ignored"));
        scene.aws.forget_requests();
        let run = scene.sandbox.keyfob(&["credential-process", "work"]).without_env("AWS_ENDPOINT_URL");
        let ran = variables.iter().fold(run, |run, (name, value)| run.env(name, value)).run();
        key_id(&ran.json());
        scene.sandbox.keyfob(&["clear"]).run().ok();
        assert_eq!(scene.actions(), ["GetSessionToken"], "case {number}");
    }
    fails(
        &scene.sandbox.keyfob(&["credential-process", "work"]).env("AWS_ENDPOINT_URL", "nonsense").run(),
        6,
        "`AWS_ENDPOINT_URL`",
    );
}

#[test]
fn a_ca_bundle_that_cannot_be_used_is_named_with_the_variable_it_may_come_from() {
    let scene = Scene::new();
    let empty = scene.sandbox.write("empty.pem", "no certificate\n");
    for (bundle, problem) in
        [(PathBuf::from("/nonexistent.pem"), "cannot be read"), (empty, "contains no usable root certificate")]
    {
        let asked = scene.sandbox.keyfob(&["credential-process", "work", "--mfa-code", "123456"]);
        let ran = asked.env("AWS_CA_BUNDLE", &bundle).env("AWS_ENDPOINT_URL", "https://127.0.0.1:9").run();
        let said = fails(&ran, 6, problem);
        assert!(said.contains(&*bundle.to_string_lossy()) && said.contains("`AWS_CA_BUNDLE`"), "{said}");
    }
}

#[test]
fn a_proxy_is_used_and_one_that_is_not_there_is_named() {
    let scene = Scene::new();
    let code = scene.phone.code();
    let proxy = nowhere();
    let run = |proxy_variable: &str, no_proxy: &str| {
        let run = scene.sandbox.keyfob(&["credential-process", "audit", "--mfa-code", &code]);
        let run = run.env("AWS_ENDPOINT_URL", "https://sts.example.com").env(proxy_variable, &proxy);
        run.env("NO_PROXY", no_proxy).run()
    };
    for variable in ["HTTPS_PROXY", "https_proxy"] {
        let stderr = fails(&run(variable, ""), 1, "cannot reach");
        assert!(stderr.contains("proxy") && stderr.contains("HTTPS_PROXY"), "{stderr}");
    }
    // The proxy is left alone where `NO_PROXY` says so; the loopback AWS is then reached.
    let ran = scene
        .sandbox
        .keyfob(&["credential-process", "audit", "--mfa-code", &code])
        .env("HTTP_PROXY", &proxy)
        .env("NO_PROXY", "127.0.0.1")
        .run();
    key_id(&ran.json());
}

#[test]
fn an_aws_that_cannot_be_reached_is_named_and_a_usable_session_is_served() {
    let Some(()) = served_while_unreachable() else { return };
    let mut scene = Scene::new();
    scene.sandbox.set("AWS_ENDPOINT_URL", nowhere());
    let ran = scene.credential_process_with_code("audit", "123456");
    let stderr = fails(&ran, 1, "cannot reach");
    assert!(stderr.contains("hint: check the network"), "{stderr}");
}

fn served_while_unreachable() -> Option<()> {
    let mut scene = Scene::new();
    scene.warm();
    let id = key_id(&scene.credential_process("audit").json());
    // 50 minutes later the role's hour has 10 left: usable, and no longer fresh.
    scene.sandbox.pass_time(3000)?;
    scene.aws.faults("*", 20, Fault::DropRequest);
    let ran = scene.credential_process("audit");
    assert_eq!(key_id(&ran.json()), id);
    let warnings: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
    assert_eq!(warnings.len(), 1, "{}", ran.stderr);
    assert!(warnings[0].contains("the session of `audit` expires at"), "{}", ran.stderr);
    // The failure is remembered for a minute: nobody waits for AWS again.
    let before = scene.aws.requests().len();
    assert_eq!(key_id(&scene.credential_process("audit").json()), id);
    assert_eq!(scene.aws.requests().len(), before);
    Some(())
}

#[test]
fn faults_that_pass_are_retried_and_a_call_with_a_code_goes_once() {
    let scene = Scene::new();
    scene.aws.fault("AssumeRole", Fault::Throttle);
    scene.aws.fault("AssumeRole", Fault::InternalFailure);
    key_id(&scene.credential_process_with_code("audit", &scene.phone.code()).json());
    assert_eq!(scene.aws.count("AssumeRole"), 4);

    for (fault, said) in [(Fault::DropAnswer, "no response"), (Fault::FailAfterwards, "AWS returned an internal error")]
    {
        let scene = Scene::new();
        let code = scene.phone.code();
        scene.aws.fault("GetSessionToken", fault);
        let stderr =
            fails(&scene.credential_process_with_code("audit", &code), 1, &format!("GetSessionToken failed: {said}"));
        assert!(stderr.contains("the MFA code may have been used up"), "{stderr}");
        assert_eq!(scene.aws.count("GetSessionToken"), 1);
    }
}

#[test]
fn an_answer_that_is_not_awss_is_named_as_such() {
    let scene = Scene::new();
    scene.aws.fault("GetSessionToken", Fault::Garbage);
    let stderr = fails(&scene.credential_process_with_code("audit", &scene.phone.code()), 1, "");
    assert!(stderr.contains("hint: "), "{stderr}");
    assert!(!stderr.contains('\u{1b}'), "{stderr:?}");
}

#[test]
fn a_clock_that_is_off_is_put_right_with_one_warning_and_its_session_is_found_again() {
    for (seconds, size) in [(600, "10m"), (-600, "10m"), (-86_400, "24h")] {
        let scene = Scene::new();
        scene.aws.set_clock_offset(seconds);
        let ran = scene.credential_process_with_code("audit", &scene.phone.code());
        let expiration = ran.json()["Expiration"].as_str().expect("a text").to_owned();
        let direction = if seconds > 0 { "behind" } else { "ahead of" };
        let warnings: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("warning: ")).collect();
        assert_eq!(
            warnings,
            [format!("warning: this machine's clock is {size} {direction} AWS's; using AWS's time instead")]
        );
        assert_eq!(scene.actions().iter().filter(|action| *action == "AssumeRole").count(), 2, "no hop goes twice");
        // The second process knows from the first: the session is as fresh as it looks to AWS.
        let warm = scene.credential_process("audit").json();
        assert_eq!(warm["Expiration"].as_str(), Some(expiration.as_str()));
    }
}

#[test]
fn other_partitions_have_other_arns_and_regions() {
    for (partition, region) in [("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")] {
        let aws = std::sync::Arc::new(LoopbackAws::start_in(partition));
        let ann = aws.user("ann");
        let (key, phone) = (ann.access_key(), ann.mfa("phone"));
        let role = aws.role("deploy").trusts(&ann.arn()).needs_mfa();
        aws.expect_sts_region(region);
        let sandbox = crate::support::sandbox::Sandbox::with_vault(crate::KEYFOB, &aws);
        let input = format!("{}\n{}\n", key.id, key.secret);
        sandbox.keyfob(&["add", "work", "--stdin", "--yes", "--region", region]).stdin(&input).run().ok();
        let config = sandbox.read(".aws/config");
        // No region of its own: it follows from the partition in the role's ARN.
        let role = format!("{config}\n[profile deploy]\nrole_arn = {}\nsource_profile = work\n", role.arn());
        sandbox.write(".aws/config", &role);
        let ran = sandbox.keyfob(&["credential-process", "deploy", "--mfa-code", &phone.code()]).run();
        key_id(&ran.json());
    }
}
