//! `cargo run --example tour`, the first command in the README.

use std::process::Command;

#[test]
fn the_tour_runs_to_its_end_and_shows_no_secret() {
    let own = std::env::current_exe().expect("a running test has a path");
    let target = own.parent().and_then(|deps| deps.parent()).expect("tests lie in `target/PROFILE/deps`");
    let tour = target.join("examples/tour");
    if !tour.exists() {
        // `cargo test` builds it, `cargo test --test it` does not.
        let in_ci = std::env::var("CI").is_ok_and(|value| value == "true");
        assert!(!in_ci, "{} is missing", tour.display());
        crate::again::skipped("`cargo build --example tour` was not run");
        return;
    }
    let path = std::env::var_os("PATH").expect("PATH is set");
    let output = Command::new(&tour).env_clear().env("PATH", path).output().expect("the tour starts");
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
