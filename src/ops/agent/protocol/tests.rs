use super::*;
use crate::ops::whoami::From;
use crate::session_cache::sample::session;

fn about() -> About {
    let identity = Identity {
        profile: Some("a".into()),
        from: From::Profile,
        account: None,
        arn: None,
        base: "key".into(),
        mfa: Some(true),
        expires: None,
        narrowed: None,
        checked: false,
    };
    let issued = Some(Timestamp::from_unix(1000));
    About { identity, role_arn: None, narrowed: vec![Layer::ReadOnly], region: None, issued, is_new: true }
}

#[test]
fn a_request_has_no_place_for_anything_that_could_widen() {
    let wish = AgentRequest { duration_seconds: Some(900), read_only: true, ..AgentRequest::of("a b") };
    assert_eq!(wish.line(), "{\"version\":1,\"profile\":\"a b\",\"duration_seconds\":900,\"read_only\":true}\n");
    assert_eq!(AgentRequest::read(wish.line().as_bytes()).expect("a request"), wish);
    for (line, says) in [
        (r#"{"version":1,"profile":"a","role_arn":"r"}"#, "unknown field `role_arn`"),
        (r#"{"version":1,"profile":"a","policy":"{}"}"#, "unknown field `policy`"),
        (r#"{"version":1,"profile":"a","endpoint_url":"http://x"}"#, "unknown field `endpoint_url`"),
        (r#"{"version":1,"profile":"a","duration_seconds":-1}"#, "invalid value"),
        (r#"{"version":1}"#, "missing field `profile`"),
        (r#"{"version":2,"profiles":["a"]}"#, "version 1, not 2"),
        (r#"{"profile":"a"}"#, "it is not one"),
        ("GET / HTTP/1.1", "it is not one"),
        ("", "it is not one"),
    ] {
        let error = AgentRequest::read(line.as_bytes()).expect_err(line);
        assert!(error.message().contains(says) && error.kind() == Kind::Usage, "{error}");
    }
}

#[test]
fn an_answer_comes_back_as_it_was_and_holds_a_session_or_nothing() {
    let now = Timestamp::from_unix(2000);
    let credentials = Some(Credentials::Session(session("ASIA1", 1000, 3600)));
    let bytes = Answer::bytes(&Ok(Answer { about: about(), credentials }));
    let answer = Answer::read(&bytes, now).expect("an answer");
    let Some(Credentials::Session(session)) = answer.credentials else { panic!("credentials") };
    assert_eq!((session.issued_at.unix(), session.expires_at.unix(), answer.about), (1000, 4600, about()));
    let bytes = Answer::bytes(&Ok(Answer { about: about(), credentials: None }));
    assert!(Answer::read(&bytes, now).expect("an answer").credentials.is_none());
    let head = String::from_utf8(bytes.expose().to_vec()).expect("JSON");
    for (rest, says) in [
        (r#"{"Version":1,"AccessKeyId":"AKIA1","SecretAccessKey":"s"}"#, None),
        (r#"{"Version":1,"AccessKeyId":"ASIA1","SecretAccessKey":"s","SessionToken":"t"}"#, None),
        ("garbage", Some("it is not a single JSON object")),
    ] {
        let answer = SecretBytes::new(format!("{head}{rest}\n").into_bytes());
        let Err(error) = Answer::read(&answer, now) else { panic!("{rest}") };
        assert_eq!(error.is_some(), says.is_some(), "{rest}");
        assert!(error.is_none_or(|error| error.message().contains(says.unwrap_or_default())), "{rest}");
    }
    for text in ["", "\n", "{}\n", "{\"version\":2}\n"] {
        assert!(matches!(Answer::read(&SecretBytes::new(text.into()), now), Err(None)), "{text:?}");
    }
}

type Change<'c> = &'c dyn Fn(&mut About);

#[test]
fn an_answer_with_what_cannot_be_is_not_used() {
    let now = Timestamp::from_unix(2000);
    let read = |about: About, seconds: i64| {
        let credentials = Some(Credentials::Session(session("ASIA1", 1000, seconds)));
        match Answer::read(&Answer::bytes(&Ok(Answer { about, credentials })), now) {
            Ok(answer) => Ok(answer.credentials.is_some()),
            Err(error) => Err(error.expect("an error").shown()),
        }
    };
    let long = format!("arn:aws:iam::111122223333:role/{}", "x".repeat(2048));
    let role = "arn:aws:iam::111122223333:role/path/A+=,.@-_";
    let good = |change: Change<'_>| {
        let mut about = about();
        (about.region, about.role_arn) = (Some("eu-west-1".into()), Some(role.into()));
        about.identity.account = Some("111122223333".into());
        about.identity.arn = Some("arn:aws:sts::111122223333:assumed-role/A/me".into());
        change(&mut about);
        about
    };
    assert_eq!(read(good(&|_| {}), 3660), Ok(true));
    for forged in ["", "x\nkeyfob: forged", "x\u{202e}", "x\u{200b}", "\u{1b}[2J", &long] {
        let changes: [(&str, Change<'_>); 5] = [
            ("region", &|about| about.region = Some(forged.into())),
            ("account", &|about| about.identity.account = Some(forged.into())),
            ("account", &|about| about.identity.account = Some(format!("11112222333{forged}"))),
            ("ARN", &|about| about.identity.arn = Some(format!("x{forged}"))),
            ("ARN", &|about| about.role_arn = Some(format!("{role}\n{forged}"))),
        ];
        for (what, change) in changes {
            let error = read(good(change), 3600).expect_err(what);
            assert!(error.contains(what) && error.lines().count() == 1 && !error.contains("forged"), "{error}");
        }
        let words = |about: &mut About| about.identity.base = forged.into();
        assert_eq!(read(good(&words), 3600).is_ok(), forged.is_empty() || forged == long, "{forged:?}");
    }
    assert!(read(good(&|about| about.role_arn = Some(long.clone())), 3600).is_err());
    // Whatever it says of when they were made.
    for (issued, seconds, is_used) in [
        (Some(1000), 3660, true),
        (Some(1000), 3661, false),
        (Some(2300), 4960, true),
        (Some(2300), 4961, false),
        (Some(2301), 4660, true),
        (Some(2301), 4661, false),
        (Some(40_000), 43_200, false),
        (None, 4661, false),
    ] {
        let change = |about: &mut About| about.issued = issued.map(Timestamp::from_unix);
        assert_eq!(read(good(&change), seconds).is_ok(), is_used, "{issued:?} {seconds}");
    }
}

#[test]
fn an_agents_words_begin_no_line() {
    let forged = "x\nkeyfob: forged\nhint: forged";
    let lines = vec![forged.to_owned()];
    let error = Error::new(Kind::Failed, forged)
        .because(forged)
        .hint(forged)
        .hint(Hint::Paste { why: forged.into(), lines })
        .hint(crate::hint::run!("keyfob add {}", forged).to(forged))
        .hint(Hint::Run { words: ["--token", "x; rm\u{1b}"].map(|word| Word::Plain(word.into())).into(), why: None });
    let Err(Some(read)) = Answer::read(&Answer::bytes(&Err(error)), Timestamp::from_unix(0)) else {
        panic!("an error")
    };
    let shown = read.shown();
    assert!(shown.lines().count() == 6 && shown.contains("--token 'x; rm"), "{shown}");
}

#[test]
fn an_error_keeps_its_exit_code_and_its_hints_say_where_they_apply() {
    let error = Error::new(Kind::NeedsHuman, "no code")
        .because("nobody")
        .hint("type it")
        .hint(crate::hint::run!("keyfob mfa add {}", "a").to("store the seed"));
    let bytes = Answer::bytes(&Err(error));
    let Err(Some(read)) = Answer::read(&bytes, Timestamp::from_unix(0)) else { panic!("an error") };
    assert_eq!(
        read.shown(),
        "keyfob: the agent: no code\n  because: nobody\nhint: where the agent runs: type it\n\
         hint: where the agent runs: store the seed: `keyfob mfa add a`\n"
    );
    assert_eq!(read.kind(), Kind::NeedsHuman);
    let bytes = Answer::bytes(&Err(Error::new(Kind::Cancelled, "cancelled")));
    let Err(Some(read)) = Answer::read(&bytes, Timestamp::from_unix(0)) else { panic!("an error") };
    assert_eq!(read.kind(), Kind::Failed);
}
