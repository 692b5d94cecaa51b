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
    assert!(shown.starts_with("Building this tour takes some minutes the first time"), "{shown}");
    // The codes for the same roles by the AWS CLI's rules, then by keyfob's.
    let counted: Vec<&str> = shown.lines().filter(|line| line.starts_with('#') && line.contains(" MFA code")).collect();
    let [cli, cli_day, keyfob, keyfob_day] = counted[..] else { panic!("{shown}") };
    assert_eq!(cli, "# 20 roles: 20 requests, 20 with an MFA code");
    assert_eq!(cli_day, "# a role's session lasts 1 h: 160 MFA codes in a working day of 8 h");
    assert!(keyfob.starts_with("# 20 roles: ") && keyfob.ends_with(" requests, 1 with an MFA code"), "{keyfob}");
    assert_eq!(keyfob_day, "# the MFA session lasts 12 h: 1 MFA code in a working day of 8 h");
    // Every secret of the loopback AWS begins with this word.
    let secrets: Vec<&str> = shown.split("FAKE").skip(1).collect();
    assert!(secrets.iter().all(|rest| rest.find('…').is_some_and(|end| end <= 12)), "{shown}");
}
