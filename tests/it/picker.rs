//! The list that opens where a profile is left out, and questions of `profile link`, on a terminal.

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::scene::{Scene, fails};
use crate::support::terminal::Terminal;

/// Commands that only read, and say what they were about.
const READING: [&[&str]; 3] =
    [&["explain", "--json"], &["show", "--json"], &["exec", "--", "sh", "-c", "echo $KEYFOB_PROFILE"]];

#[test]
fn a_profile_left_out_is_chosen_by_a_part_of_its_name_and_stdout_stays_data() {
    let scene = Scene::new();
    scene.warm();
    for arguments in READING {
        let mut terminal = scene.sandbox.keyfob(arguments).beside_terminal();
        terminal.expect("Profile:");
        terminal.expect("Esc to cancel");
        terminal.type_keys("dply");
        terminal.expect("deploy");
        terminal.type_keys("\r");
        let (ran, shown) = terminal.finish();
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}{shown}", ran.stderr);
        assert!(ran.stdout.contains("deploy") && !ran.stdout.contains('\x1b'), "{}", ran.stdout);
        assert!(!ran.stderr.contains("Profile:"), "the list is drawn on the terminal alone: {}", ran.stderr);
    }
}

#[test]
fn a_profile_without_credentials_is_not_the_first_of_the_list() {
    let scene = Scene::new();
    scene.warm();
    let config = scene.sandbox.read(".aws/config");
    scene.sandbox.write(".aws/config", &format!("[default]\nregion = eu-west-1\n\n{config}"));
    let mut terminal = scene.sandbox.keyfob(&["exec", "--", "sh", "-c", "echo in $KEYFOB_PROFILE"]).on_terminal();
    let list = terminal.expect("Esc to cancel");
    assert!(list.contains("default") && list.find("work") < list.find("default"), "{list}");
    terminal.type_keys("\r");
    terminal.expect("in work");
    terminal.finish().0.ends_with(0);
}

#[test]
fn a_secret_in_the_place_of_a_name_is_masked_in_the_list() {
    let scene = Scene::new();
    scene.append(&format!("\n[profile x-{}]\nregion = eu-west-1\n", scene.key.secret));
    let mut terminal = scene.sandbox.keyfob(&["show"]).on_terminal();
    terminal.expect("Esc to cancel");
    terminal.type_keys("\x1b");
    let (_, shown) = terminal.finish();
    assert!(shown.contains("x-****") && !shown.contains(&scene.key.secret), "{shown}");
}

#[test]
fn leaving_the_list_ends_the_command_and_gives_the_terminal_back() {
    let scene = Scene::new();
    for (leave, code, said) in [("\x1b", 1, "a profile is needed: cancelled"), ("\x03", 130, "cancelled")] {
        // Ctrl-C reaches the script too, which goes on.
        let script =
            r#"trap : INT; "$@"; echo "ended with $?"; stty -a | tr ' ;' '\n\n' | grep -cx -e echo -e icanon -e isig"#;
        let mut terminal = scene.sandbox.keyfob(&["show"]).on_terminal_in(script);
        terminal.expect("Esc to cancel");
        terminal.type_keys(leave);
        terminal.expect(&format!("ended with {code}\r\n"));
        let (_, shown) = terminal.finish();
        assert!(shown.contains(said), "{shown}");
        assert!(shown.trim_end().ends_with('3'), "the modes are as they were: {shown}");
        for (on, off) in [("\x1b[?25h", "\x1b[?25l"), ("\x1b[?2004l", "\x1b[?2004h")] {
            assert!(shown.rfind(on) > shown.rfind(off), "the cursor is back, and pastes are as before: {shown:?}");
        }
    }
}

#[test]
fn nobody_is_asked_where_a_variable_names_it_where_nobody_is_and_where_keys_would_change() {
    let scene = Scene::new();
    let mut terminal = scene.sandbox.keyfob(&["show"]).env("AWS_PROFILE", "audit").on_terminal();
    terminal.expect("credential_process");
    terminal.finish().0.ends_with(0);
    fails(&scene.sandbox.keyfob(&["show"]).run(), 6, "no profile `default`");
    // An SDK has a terminal too, and reads what it runs through a pipe.
    let mut terminal = scene.sandbox.keyfob(&["credential-process"]).beside_terminal();
    let (ran, shown) = terminal.finish();
    fails(&ran, 6, "no profile `default`");
    assert!(!shown.contains("Profile:"), "{shown}");
    for changing in ["add", "remove", "rotate"] {
        fails(&scene.sandbox.keyfob(&[changing]).run(), 2, "PROFILE");
    }
    terminal = scene.sandbox.keyfob(&["show"]).env("KEYFOB_PROMPT", "never").on_terminal();
    terminal.expect("no profile `default`");
    terminal.finish().0.ends_with(6);
}

#[test]
fn ten_thousand_profiles_scroll_and_are_searched_while_one_types() {
    let scene = Scene::new();
    let mut config = String::new();
    for number in 0..10_000 {
        write!(config, "[profile team-{number:05}]\nregion = eu-west-1\n").expect("a text");
    }
    scene.append(&config);
    let started = Instant::now();
    let mut terminal = scene.sandbox.keyfob(&["show", "--json"]).on_terminal();
    terminal.expect("Esc to cancel");
    // Up from the first is the last.
    terminal.type_keys("\x1b[A");
    terminal.expect("team-09999");
    terminal.type_keys("07777");
    terminal.expect("team-07777");
    terminal.type_keys("\r");
    terminal.expect("\"profile\": \"team-07777\"");
    terminal.finish().0.ends_with(0);
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

/// Declines the offer to write the variables of the sandbox into config.toml.
fn keep_settings(terminal: &mut Terminal<'_>) {
    terminal.expect("config.toml? [y/N] ");
    terminal.type_line("n");
}

#[test]
fn link_asks_before_it_takes_another_programs_place_or_touches_the_credentials_file() {
    let scene = Scene::new();
    let config = format!(
        "\n[profile other]\ncredential_process = /opt/other get\nrole_arn = {}\nsource_profile = work\n",
        scene.deploy.arn()
    );
    scene.append(&config);
    let credentials = format!("[other]\nrole_arn = {}\n", scene.deploy.arn());
    scene.sandbox.write(".aws/credentials", &credentials);
    let before = scene.sandbox.read(".aws/config");
    let link = || scene.sandbox.keyfob(&["profile", "link", "other"]).on_terminal();
    let mut terminal = link();
    terminal.expect("gets its credentials from another program; use keyfob instead? [y/N] ");
    terminal.type_line("n");
    terminal.expect("cancelled; `other` was not changed");
    terminal.finish().0.ends_with(1);
    assert_eq!(scene.sandbox.read(".aws/config"), before);
    // The offer about the credentials file may be declined, and is then named.
    let mut terminal = link();
    terminal.expect("use keyfob instead? [y/N] ");
    terminal.type_line("y");
    terminal.expect("SDKs would use this `role_arn` instead of the link; rename it to `keyfob_role_arn`? [y/N] ");
    terminal.type_line("n");
    terminal.expect("credentials:2: SDKs use `role_arn` of `other` instead of the link");
    keep_settings(&mut terminal);
    terminal.finish().0.ends_with(0);
    assert_eq!(scene.sandbox.read(".aws/credentials"), credentials);
    scene.sandbox.keyfob(&["profile", "unlink", "other"]).run().ok();
    assert_eq!(scene.sandbox.read(".aws/config"), before);
    let mut terminal = link();
    terminal.expect("use keyfob instead? [y/N] ");
    terminal.type_line("y");
    terminal.expect("rename it to `keyfob_role_arn`? [y/N] ");
    terminal.type_line("y");
    keep_settings(&mut terminal);
    let (ran, shown) = terminal.finish();
    ran.ends_with(0);
    assert!(!shown.contains("SDKs use"), "{shown}");
    assert_eq!(scene.sandbox.read(".aws/credentials"), credentials.replace("role_arn", "keyfob_role_arn"));
    scene.sandbox.keyfob(&["profile", "unlink", "other"]).run().ok();
    assert_eq!(scene.sandbox.read(".aws/credentials"), credentials);
    assert_eq!(scene.sandbox.read(".aws/config"), before);
}
