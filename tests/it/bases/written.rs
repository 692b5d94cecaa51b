//! Credentials that stand somewhere: a session in an AWS file, and what the environment has.

use super::Bed;
use crate::scene::fails;
use crate::support::leaks::Shows;

#[test]
fn a_session_in_a_file_is_issued_as_it_is_and_signs_roles_of_an_hour() {
    let bed = Bed::new();
    let session = bed.session();
    let base = |token: &str| {
        format!("aws_access_key_id = {}\naws_secret_access_key = {}\n{token}", session.id, session.secret)
    };
    for name in ["aws_session_token", "aws_security_token"] {
        bed.config(&base(&format!("{name} = {}", session.token)));
        bed.sandbox.may_hold_secrets(".aws");
        bed.costs(&[("base", "", ""), ("a", "a 3600", ""), ("b", "a 3600, b 3600", ""), ("long", "a 3600", "")]);
        let answer = bed.get("base").json();
        assert_eq!(answer["SessionToken"], *session.token);
        assert!(answer.get("Expiration").is_none(), "nobody says when it ends");
    }
    let explained = bed.explain("a");
    assert_eq!(
        (&explained["base"]["kind"], &explained["base"]["identity"]),
        (&"written_session".into(), &(*session.id).into())
    );
    let list = bed.sandbox.keyfob(&["list", "--json"]).run().json();
    assert_eq!(list["profiles"][0]["source"], "written_session");
    assert!(bed.sandbox.keyfob(&["show", "base"]).run().ok().contains("aws_security_token"));
    // What manages keys and devices needs a key.
    let devices = bed.sandbox.keyfob(&["mfa", "list", "base"]).run();
    fails(&devices, 6, "`base` has no access key: its credentials are of the kind `written_session`");

    // Another session is another base.
    let other = bed.session();
    let line = format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}",
        other.id, other.secret, other.token
    );
    bed.config(&line);
    bed.get("a").ok();
    assert_eq!(bed.cost(), "a 3600");

    bed.config(&base(""));
    fails(&bed.get("a"), 6, "its `aws_session_token` is missing");
}

#[test]
fn the_environment_is_what_keyfob_was_started_with() {
    let mut bed = Bed::new();
    let (session, ann) = (bed.session(), bed.aws.user("ann"));
    let key = ann.access_key();
    bed.a.trusts(&ann.arn());
    bed.config("credential_source = Environment");
    fails(&bed.get("a"), 6, "`AWS_ACCESS_KEY_ID` is not set");
    bed.sandbox.set("AWS_ACCESS_KEY_ID", &session.id);
    bed.sandbox.set("AWS_SECRET_ACCESS_KEY", &session.secret);
    fails(&bed.get("a"), 6, "`AWS_SESSION_TOKEN`, which belongs to a temporary key");
    bed.sandbox.set("AWS_SESSION_TOKEN", &session.token);
    bed.costs(&[("base", "", ""), ("a", "a 3600", ""), ("b", "a 3600, b 3600", ""), ("long", "a 3600", "")]);
    assert_eq!(bed.get("base").json()["AccessKeyId"], *session.id);
    assert_eq!(bed.explain("b")["base"]["kind"], "environment");

    // keyfob's own variables are not what it was started with.
    let keyfob = bed.sandbox.path("bin/keyfob");
    let inner = format!("{} credential-process a", keyfob.display());
    let nested = bed.sandbox.keyfob(&["exec", "a", "--", "sh", "-c", &inner]).run();
    assert!(nested.ends_with(6).contains("`AWS_ACCESS_KEY_ID` is not set"), "{nested:?}");

    // With its end, where that is known.
    let run =
        bed.sandbox.keyfob(&["credential-process", "base"]).env("AWS_CREDENTIAL_EXPIRATION", &session.expires).run();
    assert_eq!(run.json()["Expiration"], *session.expires);
    let run = bed
        .sandbox
        .keyfob(&["credential-process", "base"])
        .env("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
        .run();
    fails(&run, 6, "expired at 2020-01-01T00:00:00Z");

    bed.sandbox.set("AWS_ACCESS_KEY_ID", &key.id);
    bed.sandbox.set("AWS_SECRET_ACCESS_KEY", &key.secret);
    bed.sandbox.unset("AWS_SESSION_TOKEN");
    bed.cost();
    let itself = bed.sandbox.keyfob(&["credential-process", "base"]).shows(Shows::Keys).run().json();
    assert_eq!(itself["AccessKeyId"], *key.id);
    bed.get("long").ok();
    assert_eq!(bed.cost(), "a 7200", "no session before a role of two hours");
}
