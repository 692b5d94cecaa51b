//! `cargo run --example tour`, the first command in the README.

use std::process::Command;

use crate::support::tools;

#[test]
fn the_tour_runs_to_its_end_and_shows_no_secret() {
    let Some(tour) = tools::require_example("tour") else { return };
    let output = Command::new(&tour).env_clear().env("PATH", "/usr/bin:/bin").output().expect("the tour starts");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{shown}\n{}", String::from_utf8_lossy(&output.stderr));
    for step in ["$ keyfob add", "$ keyfob explain", "$ keyfob credential-process", "$ keyfob env", "$ keyfob exec"] {
        assert!(shown.contains(step), "no `{step}` in:\n{shown}");
    }
    assert!(shown.contains("# AWS was asked: GetSessionToken, AssumeRole, AssumeRole"), "{shown}");
    // Every secret of the loopback AWS begins with this word.
    let secrets: Vec<&str> = shown.split("FAKE").skip(1).collect();
    assert!(secrets.iter().all(|rest| rest.find('…').is_some_and(|end| end <= 12)), "{shown}");
}
