//! The profile manager where a profile is more, or less, than one section of one file.

use std::time::{Duration, Instant};

use crate::scene::{Scene, fails};
use crate::support::run::Ran;

fn profile(scene: &Scene, arguments: &[&str]) -> Ran {
    scene.sandbox.keyfob(&[&["profile"], arguments].concat()).run()
}

#[test]
fn a_section_that_link_has_made_is_gone_after_unlink_and_an_empty_one_of_the_users_stays() {
    let scene = Scene::empty();
    scene.add(&["add", "work", "--stdin", "--no-link", "--yes"]).ok();
    for before in [
        "",
        "# mine\n",
        "[profile x]\nregion = eu-west-1",
        "[profile x]\r\nregion = eu-west-1\r\n\r\n",
        "[profile work]\n",
    ] {
        scene.sandbox.write(".aws/config", before);
        for _ in 0..2 {
            profile(&scene, &["link", "work"]).ok();
            assert!(scene.sandbox.read(".aws/config").contains(&scene.link("work")));
            profile(&scene, &["unlink", "work"]).ok();
            assert_eq!(scene.sandbox.read(".aws/config"), before);
        }
    }
    // It is the link's own under another name too.
    scene.sandbox.write(".aws/config", "# mine\n");
    profile(&scene, &["link", "work"]).ok();
    profile(&scene, &["rename", "work", "main"]).ok();
    profile(&scene, &["unlink", "main"]).ok();
    assert_eq!(scene.sandbox.read(".aws/config"), "# mine\n");
    profile(&scene, &["rename", "main", "work"]).ok();
    // What the user adds to it makes it the user's.
    scene.sandbox.write(".aws/config", "");
    profile(&scene, &["link", "work"]).ok();
    profile(&scene, &["set", "work", "region", "eu-west-1"]).ok();
    // Without a role SDKs do nothing with a device, so the link does not hide it.
    profile(&scene, &["set", "work", "mfa_serial", &scene.phone.serial()]).ok();
    profile(&scene, &["unlink", "work"]).ok();
    let end = format!("[profile work]\nregion = eu-west-1\nmfa_serial = {}\n", scene.phone.serial());
    assert!(scene.sandbox.read(".aws/config").ends_with(&end), "{}", scene.sandbox.read(".aws/config"));
}

#[test]
fn default_is_renamed_with_what_points_at_it_and_back() {
    let scene = Scene::empty();
    scene.add(&["add", "default", "--stdin", "--yes", "--region", "eu-west-1"]).ok();
    let role = format!("\n[profile r]\nrole_arn = {}\nsource_profile = default\n", scene.deploy.arn());
    scene.append(&role);
    scene.sandbox.write(".aws/credentials", "[default]\noutput = json\n");
    let before = [".aws/config", ".aws/credentials"].map(|file| scene.sandbox.read(file));
    assert!(before[0].starts_with("[default]\n"), "{}", before[0]);
    profile(&scene, &["rename", "default", "home"]).ok();
    let config = scene.sandbox.read(".aws/config");
    assert!(config.starts_with("[profile home]\n") && config.contains(&scene.link("home")), "{config}");
    assert!(config.contains("source_profile = home\n"), "{config}");
    assert_eq!(scene.sandbox.read(".aws/credentials"), "[home]\noutput = json\n");
    assert!(scene.sandbox.keyfob(&["explain", "home", "--json"]).run().ok().contains("\"vault\""));
    profile(&scene, &["rename", "home", "default"]).ok();
    assert_eq!([".aws/config", ".aws/credentials"].map(|file| scene.sandbox.read(file)), before);
}

#[test]
fn a_copy_leaves_a_key_in_plain_text_where_it_is() {
    let scene = Scene::empty();
    let key = format!("aws_access_key_id = {}\naws_secret_access_key = {}\n", scene.key.id, scene.key.secret);
    scene.sandbox.write(".aws/config", "[profile a]\nregion = eu-west-1\n");
    let credentials = format!("[a]\n{key}\n[alone]\n{key}\n[more]\n{key}output = json\n");
    scene.sandbox.write(".aws/credentials", &credentials);
    let ran = profile(&scene, &["copy", "a", "b"]);
    assert!(ran.ends_with(0).contains("credentials:2: the plaintext key was not copied"), "{}", ran.stderr);
    assert!(scene.sandbox.read(".aws/config").ends_with("[profile b]\nregion = eu-west-1\n"));
    assert_eq!(scene.sandbox.read(".aws/credentials"), credentials);
    profile(&scene, &["copy", "more", "less"]).ends_with(0);
    assert_eq!(scene.sandbox.read(".aws/credentials"), format!("{credentials}\n[less]\noutput = json\n"));
    fails(&profile(&scene, &["copy", "alone", "c"]), 6, "`alone` contains only a plaintext key");
}

#[test]
fn thousands_of_profiles_are_linked_in_one_go_and_unlink_still_gives_each_its_bytes_back() {
    let scene = Scene::new();
    scene.append(&scene.many_profiles("r", 2_000));
    let before = scene.sandbox.read(".aws/config");
    let started = Instant::now();
    profile(&scene, &["link", "--all"]).ok();
    let took = started.elapsed();
    let after = scene.sandbox.read(".aws/config");
    assert_eq!(after.matches("\nkeyfob_role_arn").count(), 2_002);
    assert!(after.contains(&scene.link("r1999")));
    // Quadratic it took minutes; this machine may be busy.
    assert!(took < Duration::from_mins(1), "{took:?}");
    profile(&scene, &["unlink", "r1000"]).ok();
    let section = "[profile r1000]\n".len() + before.find("[profile r1000]\n").expect("there");
    let own = &before[section..section + before[section..].find("\n\n").expect("another follows")];
    assert!(scene.sandbox.read(".aws/config").contains(&format!("[profile r1000]\n{own}\n\n")));
}
