//! The first minutes: `keyfob` alone leads from a new machine to one where all is well; what is misspelt is put right.

use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;

#[test]
fn keyfob_alone_leads_from_an_empty_home_to_a_linked_profile() {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let next = |state: &str, hint: &str| {
        let ran = sandbox.keyfob(&[]).run();
        assert!(ran.ok().contains(state), "{}", ran.stdout);
        assert!(ran.stderr.lines().next().is_some_and(|line| line.starts_with("hint: ") && line.contains(hint)));
        assert!(ran.stderr.ends_with("hint: list every command: `keyfob --help`\n"), "{}", ran.stderr);
    };
    next("no access key is stored yet; there are no AWS profiles either", "`keyfob add PROFILE`");

    let key = aws.user("ann").access_key();
    let plain = format!("[work]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret);
    sandbox.write(".aws/credentials", &plain);
    next("1 access key is stored in plain text in the AWS files: `work`", "`keyfob import`");

    sandbox.keyfob(&["import", "--no-link", "--yes"]).run().ok();
    next("1 access key stored (`work`), but no profile is linked", "`keyfob profile link work`");

    sandbox.keyfob(&["profile", "link", "work", "--yes"]).run().ok();
    next("1 access key stored, 1 profile, 1 linked, no session cached", "`keyfob doctor`");

    sandbox.keyfob(&["credential-process", "work"]).run().ok();
    next("1 session cached", "`keyfob doctor`");
}

#[test]
fn keyfob_alone_says_which_file_is_broken() {
    let sandbox = Sandbox::with_vault(KEYFOB, &Arc::new(LoopbackAws::start()));
    sandbox.write(".aws/config", "[profile work\n");
    let ran = sandbox.keyfob(&[]).run();
    assert!(ran.ends_with(6).contains(".aws/config:1"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn what_is_misspelt_gets_a_suggestion() {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    sandbox.write(".aws/config", "[profile production]\nregion = eu-west-1\n");
    let key = aws.user("ann").access_key();
    let input = format!("{}\n{}\n", key.id, key.secret);
    sandbox.keyfob(&["add", "production", "--stdin", "--yes"]).stdin(&input).run().ok();
    let table: [(&[&str], i32, &str); 16] = [
        (&["explan"], 2, "`keyfob explain`"),
        (&["mfa", "enrol"], 2, "`keyfob mfa enroll`"),
        (&["list", "--jsn"], 2, "`keyfob list --json`"),
        (&["explain", "prodction"], 6, "did you mean `production`?"),
        (&["credential-process", "prodction"], 6, "did you mean `production`?"),
        (&["env", "prodction"], 6, "did you mean `production`?"),
        (&["exec", "prodction", "--", "true"], 6, "did you mean `production`?"),
        (&["show", "prodction"], 6, "did you mean `production`?"),
        (&["rotate", "prodction"], 1, "did you mean `production`?"),
        (&["mfa", "list", "prodction"], 6, "did you mean `production`?"),
        (&["profile", "set", "prodction", "region", "x"], 6, "did you mean `production`?"),
        (&["profile", "link", "prodction"], 6, "did you mean `production`?"),
        (&["profile", "rename", "prodction", "x"], 6, "did you mean `production`?"),
        (&["import", "prodction"], 6, "did you mean `production`?"),
        (&["remove", "prodction", "--yes"], 1, "did you mean `production`?"),
        (&["profile", "set", "production", "regoin", "x"], 2, "`region`"),
    ];
    let mut wrong = Vec::new();
    for (arguments, code, suggestion) in table {
        let ran = sandbox.keyfob(arguments).run();
        if ran.code != Some(code) || !ran.stderr.contains(suggestion) {
            wrong.push(format!("{arguments:?} ends with {:?}: {}", ran.code, ran.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
