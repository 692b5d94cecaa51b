//! When credentials are renewed that keyfob has handed to a shell or over an agent.

use crate::agent::{agent, credentials, remote};
use crate::hook::{BASH, leave, line, quiet, ready, scene, started};
use crate::scene::{Scene, key_id};
use crate::server::{let_time_pass, pass};
use crate::support::tools;

#[test]
fn kf_renews_as_early_as_min_ttl_asks() {
    let Some(library) = tools::faketime_library() else { return };
    let scene = scene();
    let Some(mut terminal) = started(&scene, &BASH) else { return };
    line(&mut terminal, "kf deploy", "`deploy` in account");
    quiet(&mut terminal, "usual=$__keyfob_due");
    line(&mut terminal, "kf deploy --min-ttl 2h", "`--min-ttl 2h` is not possible");
    line(&mut terminal, "kf deploy --min-ttl 50m", "`deploy` in account");
    line(&mut terminal, "echo soo''ner $((usual - __keyfob_due > 1790))", "sooner 1");
    quiet(&mut terminal, "was=$AWS_ACCESS_KEY_ID");
    scene.aws.advance(660);
    let clock = format!("export LD_PRELOAD={} FAKETIME=+660 NO_FAKE_STAT=1\n", library.display());
    scene.sandbox.write("clock", &clock);
    quiet(&mut terminal, "__keyfob_due=1");
    ready(&mut terminal);
    line(&mut terminal, "[ $was = $AWS_ACCESS_KEY_ID ] || echo oth''er", "other");
    leave(terminal);
}

#[test]
fn over_an_agent_a_session_is_renewed_near_its_end_and_an_edited_profile_counts_at_once() {
    let mut scene = Scene::new();
    let Some(()) = let_time_pass(&mut scene) else { return };
    scene.warm();
    let other = scene.aws.role_of("777788889999", "other").trusts(&scene.deploy.arn()).needs_external_id("audit-42");
    let running = agent(&scene, &["--only", "audit"]);
    let mut remote = remote(&scene);
    for (name, value) in scene.sandbox.env().clone() {
        if name == "LD_PRELOAD" || name.to_string_lossy().contains("FAKE") {
            remote.set(name.to_str().expect("UTF-8"), value);
        }
    }
    let get = || credentials(&remote, "audit").json();
    let first = get();
    pass(&scene, 2340);
    assert_eq!(key_id(&get()), key_id(&first), "21 of 60 minutes are left");
    pass(&scene, 120);
    let second = get();
    assert_ne!(key_id(&second), key_id(&first), "19 minutes are left");
    assert_eq!(second["AccountId"], "444455556666");
    scene.edit(&scene.audit.arn(), &other.arn());
    assert_eq!(get()["AccountId"], "777788889999");
    drop(running);
}
