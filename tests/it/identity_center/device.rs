//! Device codes on a terminal.

use super::Office;

#[test]
fn the_address_and_the_code_are_shown_on_the_terminal_and_ctrl_c_leaves_nothing() {
    let office = Office::with_accounts();
    let mut terminal = office.sandbox.keyfob(&["login", "corp", "--device", "--no-browser"]).on_terminal();
    let code = office.center.user_code();
    terminal.expect(&format!("{}/device?user_code={code}", office.aws.url()));
    terminal.expect(&code);
    terminal.press_ctrl('c');
    let (ran, _) = terminal.finish();
    assert!(ran.code != Some(0), "{ran:?}");
    let accounts = office.sandbox.keyfob(&["sso", "accounts", "corp"]).run();
    assert!(accounts.ends_with(3).contains("keyfob login corp"), "{}", accounts.stderr);
    office.center.deny(&code);

    let mut terminal = office.sandbox.keyfob(&["login", "corp", "--device", "--no-browser"]).on_terminal();
    let code = office.center.user_code();
    terminal.expect(&code);
    office.center.approve(&code);
    terminal.expect("signed in to https://corp.awsapps.com/start");
    terminal.finish().0.ok();
}

#[test]
fn in_wsl_windows_opens_the_page_without_the_code_which_other_users_would_see() {
    let office = Office::with_accounts();
    let script = "#!/bin/sh\necho \"$1\" >\"$HOME/opened\"\n";
    office.sandbox.script("bin/wslview", script);
    let login = office.sandbox.keyfob(&["login", "corp"]).without_env("BROWSER").env("WSL_DISTRO_NAME", "Debian");
    let mut terminal = login.on_terminal();
    let code = office.center.user_code();
    terminal.expect("Your browser opens the page that asks for the code.");
    office.center.approve(&code);
    terminal.expect("signed in to https://corp.awsapps.com/start");
    terminal.finish().0.ok();
    assert_eq!(office.sandbox.read("opened"), format!("{}/device\n", office.aws.url()));
}

#[test]
fn sso_profiles_signs_in_first_where_somebody_is_there() {
    let office = Office::with_accounts();
    let mut terminal =
        office.sandbox.keyfob(&["sso", "profiles", "corp", "--plain"]).env("KEYFOB_LOGIN", "device").on_terminal();
    let code = office.center.user_code();
    terminal.expect(&code);
    office.center.approve(&code);
    terminal.expect("profiles: 3 added");
    terminal.finish().0.ok();
    assert_eq!(office.config().matches("[profile ").count(), 3);
}

#[test]
fn whether_to_link_is_asked_once() {
    let office = Office::with_accounts();
    office.sign_in();
    let mut terminal = office.sandbox.keyfob(&["sso", "profiles", "corp", "--role", "Read*"]).on_terminal();
    terminal.expect("Link the profiles");
    terminal.type_line("n");
    terminal.expect("profiles: 2 added");
    terminal.finish().0.ok();
    let mut terminal = office.sandbox.keyfob(&["sso", "profiles", "corp"]).on_terminal();
    terminal.expect("profiles: 1 added, 2 kept");
    let (ran, seen) = terminal.finish();
    ran.ok();
    assert!(!seen.contains("Link the profiles"), "{seen}");
    assert_eq!(office.config().matches("credential_process").count(), 0);
}
