//! Plans over excerpts of files are those over the whole files.
#![expect(clippy::disallowed_methods, reason = "tests lay out the files that are read")]

use std::fs;
use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::chain::{Plan, Request, StoredKeys, plan};
use crate::config_file::load;
use crate::config_file::tests::{Home, home_with};
use crate::credentials::{Backend, StoredKey};
use crate::sys::env::Environment;
use crate::timestamp::Timestamp;

/// A key is stored for the profile of this name.
struct Stored(&'static str);

impl StoredKeys for Stored {
    fn key_of(&self, profile: &str) -> Option<StoredKey> {
        (profile == self.0).then(|| StoredKey {
            id: "AKIASTORED0000000000".parse().expect("well-formed"),
            backend: Backend::Vault,
            user_arn: None,
            added_at: Timestamp::from_unix(1_700_000_000),
        })
    }
}

fn plan_of(profiles: &Profiles<'_>, profile: &str) -> Result<Plan> {
    let request = Request { profile: profile.to_owned(), ..Request::default() };
    Ok(plan(profiles, &Stored("d"), &Environment::from_pairs([]), &request)?)
}

fn home(config: &str, credentials: &str) -> Home {
    let home = home_with(config.as_bytes());
    fs::write(&home.paths.aws_credentials, credentials).expect("written");
    // Nobody may be writing them still.
    for path in [&home.paths.aws_config, &home.paths.aws_credentials] {
        let file = fs::File::options().write(true).open(path).expect("there");
        file.set_modified(SystemTime::UNIX_EPOCH).expect("set back");
    }
    home
}

/// The files opened as long ones, however short.
fn opened(home: &Home) -> Option<LongFiles> {
    open_longer_than(0, &home.paths).expect("readable")
}

/// A hundred profiles, each over the one before, all of which name the same services.
fn hundred() -> String {
    let profile = |number: usize| {
        format!(
            "# {number}\n[profile p{number}]\nsource_profile = p{}\nrole_arn = arn:aws:iam::111122223333:role/r{number}\n\
             services = here\n\n",
            number.saturating_sub(1)
        )
    };
    let profiles: String = (1..100).map(profile).collect();
    format!("{profiles}[services here]\nsts =\n  endpoint_url = http://127.0.0.1:1\n[profile p0]\nregion = eu-west-1")
}

const KEY: &str = "[p0]\naws_access_key_id = AKIAFILE000000000000\naws_secret_access_key = fake\n";

#[test]
fn a_plan_is_made_from_the_sections_it_needs_with_their_lines() {
    let home = home(&hundred(), KEY);
    let files = opened(&home).expect("long");
    let made = files.with_excerpts(|profiles| plan_of(profiles, "p3")).expect("it needs a few sections");
    let whole = plan_of(&load(&home.paths).expect("readable").profiles(), "p3").expect("a plan");
    assert_eq!(made, whole);
    assert_eq!(made.hops().count(), 3);
    let lines: Vec<usize> = made.used.iter().map(|used| used.place.line).collect();
    assert!(lines.contains(&15), "the role of `p3` stands there: {lines:?}");
}

#[test]
fn what_excerpts_do_not_answer_is_left_to_the_whole_files() {
    let home = home(&hundred(), KEY);
    let files = opened(&home).expect("long");
    let of = |profile: &'static str| files.with_excerpts(|profiles| plan_of(profiles, profile));
    assert!(of("p5").is_some());
    assert_eq!(of("p99"), None, "too long a chain");
    assert_eq!(of("nobody"), None, "what the error says of other names needs them all");
    let count = files.with_excerpts(|profiles| Ok(profiles.names().count()));
    assert_eq!(count, None, "all profiles");
    assert_eq!(
        files.with_excerpts(|profiles| Ok(profiles.get("p7").map(|it| it.name().to_owned()))),
        Some(Some("p7".into()))
    );
}

#[test]
fn a_file_written_meanwhile_is_not_answered_from() {
    let home = home(&hundred(), KEY);
    let files = opened(&home).expect("long");
    let write = |text: &str| fs::write(&home.paths.aws_config, text).expect("written in place");
    let of = || files.with_excerpts(|profiles| plan_of(profiles, "p3"));
    write(&hundred().replace("role/r3", "role/another"));
    assert_eq!(of(), None);
    write("");
    assert_eq!(of(), None);
}

#[test]
fn refused_files_are_left_to_who_says_why() {
    for text in ["[a]\nb\n", "b = c\n", "\u{feff}[a]\n", "[a"] {
        let home = home(text, KEY);
        assert!(opened(&home).is_none(), "{text:?}");
        assert!(load(&home.paths).is_err());
    }
    let home = home_with(b"[profile a]\nb = \xe9\n");
    assert!(opened(&home).is_none());
    // A short one beside a long one says why by itself.
    let home = home_with(hundred().as_bytes());
    fs::write(&home.paths.aws_credentials, "x").expect("written");
    assert!(open_longer_than(100, &home.paths).is_err());
    assert!(open(&home_with(b"[default]\n").paths).expect("readable").is_none(), "a short one");
}

fn any_section(header: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    let name = || "(a|b|c|d|default|b c)";
    let setting = prop_oneof![
        5 => name().prop_map(|name| format!(
            "role_arn = arn:aws:iam::111122223333:role/r\nsource_profile = {name}\n"
        )),
        2 => ("(keyfob_)?(source_profile|include_profile|services)", name())
            .prop_map(|(key, name)| format!("{key} = {name}\n")),
        2 => Just("aws_access_key_id = AKIAFILE000000000000\naws_secret_access_key = fake\n".to_owned()),
        1 => name().prop_map(|name| format!("credential_process = /bin/keyfob credential-process \"{name}\"\n")),
        1 => "mfa_serial = arn:aws:iam::111122223333:mfa/[ab]\n",
        1 => "sts =\n  endpoint_url = http://127.0.0.1:[12]\n",
        1 => "(region = eu-west-[12] # x\n|# x\n|\n)",
    ];
    (header, prop::collection::vec(setting, 0..3))
        .prop_map(|(header, settings)| format!("{header}\n{}", settings.concat()))
}

/// The headers of config files, few so that they meet.
const HEADERS: &str =
    "(\\[profile [abcd]\\]|\\[profile \"b c\"\\]|\\[(profile )?default\\]( # x)?|\\[services [abd]\\]|\\[a\\])";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn plans_over_excerpts_are_those_over_whole_files(
        config in prop::collection::vec(any_section(HEADERS.boxed()), 1..9),
        credentials in prop::collection::vec(any_section("\\[([abcd]|default)\\]".boxed()), 0..3),
    ) {
        let home = home(&config.concat(), &credentials.concat());
        let (whole, files) = (load(&home.paths).expect("readable"), opened(&home).expect("long"));
        for profile in ["a", "b", "c", "d", "default", "b c"] {
            let made = files.with_excerpts(|profiles| plan_of(profiles, profile));
            prop_assert_eq!(made, plan_of(&whole.profiles(), profile).ok());
        }
    }
}
