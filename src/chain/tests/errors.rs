//! Each way a plan cannot be, with the message and the command the user gets.

use super::{Input, ask};
use crate::chain::Request;
use crate::error::{Error, Kind};

struct Case {
    says: &'static str,
    config: &'static str,
    stored: &'static str,
    asked: &'static str,
    message: &'static str,
    hint: &'static str,
}

const ROLE: &str = "[profile a]|role_arn = ROLE(A)|source_profile = b";

const CASES: &[Case] = &[
    Case {
        says: "no such profile, and one with nearly that name",
        config: "[profile production]",
        stored: "",
        asked: "prodution",
        message: "there is no profile `prodution`",
        hint: "`production` is there; `keyfob list` shows all profiles",
    },
    Case {
        says: "no such profile, and nothing like it",
        config: "[profile production]",
        stored: "",
        asked: "x",
        message: "there is no profile `x`",
        hint: "`keyfob list` shows the profiles that are there; `keyfob add x` makes one with an access key",
    },
    Case {
        says: "a source that is not there",
        config: ROLE,
        stored: "",
        asked: "a",
        message: "~/.aws/config:3: `a` names `b` in `source_profile`, and there is no such profile",
        hint: "store its access key with `keyfob add b`, or name another profile there",
    },
    Case {
        says: "a process for a profile that is not there",
        config: "[profile a]|credential_process = keyfob credential-process base|[profile base2]",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` names `base` in `credential_process`, and there is no such profile",
        hint: "`base2` is there; was it meant?",
    },
    Case {
        says: "a loop is named from where it begins",
        config: "[profile x]|role_arn = ROLE(X)|source_profile = a|[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|role_arn = ROLE(B)|source_profile = a",
        stored: "",
        asked: "x",
        message: "the profiles form a loop: a -> b -> a",
        hint: "`keyfob show a` says where each setting stands; one of them must end at an access key",
    },
    Case {
        says: "a loop through processes is one too",
        config: "[profile a]|credential_process = keyfob credential-process b|[profile b]|credential_process = keyfob credential-process a",
        stored: "",
        asked: "a",
        message: "the profiles form a loop: a -> b -> a",
        hint: "`keyfob show a` says where each setting stands; one of them must end at an access key",
    },
    Case {
        says: "a key of the asked profile does not excuse a loop back to it",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|[profile b]|role_arn = ROLE(B)|source_profile = a",
        stored: "a",
        asked: "a",
        message: "the profiles form a loop: a -> b -> a",
        hint: "`keyfob show a` says where each setting stands; one of them must end at an access key",
    },
    Case {
        says: "a role with no source",
        config: "[profile a]|role_arn = ROLE(A)",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` names a role and no `source_profile` to assume it with",
        hint: "name the profile with the access key: `keyfob profile set a source_profile NAME`",
    },
    Case {
        says: "a role with no source and a key of its own",
        config: "[profile a]|role_arn = ROLE(A)",
        stored: "a",
        asked: "a",
        message: "~/.aws/config:2: `a` names a role and no `source_profile` to assume it with",
        hint: "to sign with its own key: `keyfob profile set a source_profile a`",
    },
    Case {
        says: "two sources",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|credential_source = Environment",
        stored: "b",
        asked: "a",
        message: "~/.aws/config:4: `a` has both `source_profile` and `credential_source`; AWS takes one of them",
        hint: "take one away: `keyfob profile unset a credential_source`",
    },
    Case {
        says: "its own source and no key",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = a",
        stored: "",
        asked: "a",
        message: "~/.aws/config:3: `a` names itself as its source and has no access key of its own",
        hint: "store an access key with `keyfob add a`",
    },
    Case {
        says: "linked to nothing",
        config: "[profile a]|credential_process = keyfob credential-process a",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` gets its credentials from keyfob, which has no access key and no role for it",
        hint: "store an access key with `keyfob add a`",
    },
    Case {
        says: "nothing at all",
        config: "[profile a]|region = eu-west-1",
        stored: "",
        asked: "a",
        message: "the profile `a` has neither an access key nor a role",
        hint: "store an access key with `keyfob add a`",
    },
    Case {
        says: "half a key",
        config: "[profile a]|aws_access_key_id = AKIAFILE000000000000",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` has `aws_access_key_id` and no `aws_secret_access_key`",
        hint: "store the whole key with `keyfob add a` and take that line away",
    },
    Case {
        says: "the other half",
        config: "[profile a]|aws_secret_access_key = fake",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` has `aws_secret_access_key` and no `aws_access_key_id`",
        hint: "store the whole key with `keyfob add a` and take that line away",
    },
    Case {
        says: "a temporary key",
        config: "[profile a]|aws_access_key_id = ASIAFILE000000000000|aws_secret_access_key = fake",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: the access key of `a` is a temporary one, and a file does not say when it expires",
        hint: "store the long-term key (`AKIA…`) with `keyfob add a`; keyfob makes the temporary ones",
    },
    Case {
        says: "a key with a session token",
        config: "[profile a]|KEY|aws_session_token = fake",
        stored: "",
        asked: "a",
        message: "~/.aws/config:4: the access key of `a` is a temporary one, and a file does not say when it expires",
        hint: "store the long-term key (`AKIA…`) with `keyfob add a`; keyfob makes the temporary ones",
    },
    Case {
        says: "no key id, which may be a secret in the wrong place",
        config: "[profile a]|aws_access_key_id = fakeSecretInTheWrongPlace|aws_secret_access_key = fake",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `aws_access_key_id` of `a` is no access key id",
        hint: "store the whole key with `keyfob add a` and take that line away",
    },
    Case {
        says: "a base from the machine",
        config: "[profile a]|role_arn = ROLE(A)|credential_source = Ec2InstanceMetadata",
        stored: "",
        asked: "a",
        message: "~/.aws/config:3: `a` gets its credentials from `credential_source = Ec2InstanceMetadata`, which keyfob does not support yet",
        hint: "leave the profile to the SDKs, or store an access key with `keyfob add a`",
    },
    Case {
        says: "another program",
        config: "[profile a]|credential_process = other-tool a",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` gets its credentials from a `credential_process` of another program, which keyfob does not support yet",
        hint: "leave the profile to the SDKs, or store an access key with `keyfob add a`",
    },
    Case {
        says: "a web identity",
        config: "[profile a]|role_arn = ROLE(A)|web_identity_token_file = /token",
        stored: "",
        asked: "a",
        message: "~/.aws/config:3: `a` gets its credentials from a web identity token (`web_identity_token_file`), which keyfob does not support yet",
        hint: "leave the profile to the SDKs, or store an access key with `keyfob add a`",
    },
    Case {
        says: "single sign-on",
        config: "[profile a]|sso_session = s",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` gets its credentials from IAM Identity Center (`sso_…`), which keyfob does not support yet",
        hint: "use the profile directly (`aws --profile a …`), or store an access key with `keyfob add a`",
    },
    Case {
        says: "`aws login`",
        config: "[profile a]|login_session = arn:aws:iam::111122223333:user/me",
        stored: "",
        asked: "a",
        message: "~/.aws/config:2: `a` gets its credentials from `aws login` (`login_session`), which keyfob does not support yet",
        hint: "use the profile directly (`aws --profile a …`), or store an access key with `keyfob add a`",
    },
    Case {
        says: "a root user and a role",
        config: ROLE,
        stored: "b(root)",
        asked: "a",
        message: "`b` holds a root user's key, and AWS lets no root user assume a role",
        hint: "make an IAM user and store its key: `keyfob add b --replace`",
    },
    Case {
        says: "a security key",
        config: "[profile b]|mfa_serial = arn:aws:iam::111122223333:u2f/user/me/key-1",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:2: `arn:aws:iam::111122223333:u2f/user/me/key-1` is a security key, and AWS takes none for sessions or roles",
        hint: "enrol a virtual device beside it with `keyfob mfa enroll b`, and name that in `mfa_serial`",
    },
    Case {
        says: "a value that cannot be, by the name it is written under",
        config: "[profile b]|keyfob_duration_seconds = 1h",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:2: `keyfob_duration_seconds` of `b`: `1h` is no number of seconds; write one from 900 to 129600",
        hint: "`keyfob profile set b keyfob_duration_seconds VALUE` mends it",
    },
    Case {
        says: "a role's duration beyond AWS's range, though a session could have it",
        config: "[profile a]|role_arn = ROLE(A)|source_profile = b|duration_seconds = 43201",
        stored: "b",
        asked: "a",
        message: "~/.aws/config:4: `duration_seconds` of `a`: 43201 is out of AWS's range, 900 to 43200 seconds",
        hint: "`keyfob profile set a duration_seconds VALUE` mends it",
    },
    Case {
        says: "no such way of sessions",
        config: "[profile b]|keyfob_session = sometimes",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:2: `keyfob_session` of `b`: `sometimes` is none of `always`, `mfa`, `never`",
        hint: "`keyfob profile set b keyfob_session VALUE` mends it",
    },
    Case {
        says: "no role",
        config: "[profile a]|role_arn = admin|source_profile = b",
        stored: "b",
        asked: "a",
        message: "~/.aws/config:2: `role_arn` of `a`: `admin` is no role; one looks like `arn:aws:iam::123456789012:role/NAME`",
        hint: "`keyfob profile set a role_arn VALUE` mends it",
    },
    Case {
        says: "a region that would be another host",
        config: "[profile b]|region = x.example/",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:2: `region` of `b`: `x.example/` is no region; one looks like `eu-west-1`",
        hint: "`keyfob profile set b region VALUE` mends it",
    },
    Case {
        says: "an endpoint without a scheme",
        config: "[profile b]|endpoint_url = localhost:4566",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:2: `endpoint_url` of `b`: `localhost:4566` is no URL; one starts with `https://` or `http://`",
        hint: "`keyfob profile set b endpoint_url VALUE` mends it",
    },
    Case {
        says: "a URL in a services section that cannot be",
        config: "[profile b]|services = s|[services s]|sts =|  endpoint_url = localhost",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:4: `endpoint_url` of `sts` in `[services s]`: `localhost` is no URL; one starts with `https://` or `http://`",
        hint: "mend that line of `[services s]`, or take it away",
    },
    Case {
        says: "services that are not there",
        config: "[profile b]|services = s",
        stored: "b",
        asked: "b",
        message: "~/.aws/config:2: `b` names the section `[services s]`, which the config file does not have",
        hint: "write that section, or `keyfob profile unset b services`",
    },
];

#[test]
fn each_mistake_has_its_own_message_and_hint() {
    for case in CASES {
        let input = Input { config: case.config, stored: case.stored, ask: ask(case.asked), ..Input::default() };
        let error = Error::from(input.plan().expect_err(case.says));
        assert_eq!(error.message(), case.message, "{}", case.says);
        assert_eq!(error.hints(), [case.hint], "{}", case.says);
        assert_eq!(error.kind(), Kind::Config, "{}", case.says);
    }
}

#[test]
fn a_duration_that_cannot_be_had_is_a_usage_error_that_names_the_hop() {
    let two = format!("{ROLE}|[profile b]|role_arn = ROLE(B)|source_profile = c");
    let cases = [
        (
            two.as_str(),
            "c",
            "a",
            7200,
            "`--duration 2h` cannot be had: the role of `a` is assumed with the session of `b`, and AWS ends role chaining after 1h",
        ),
        (ROLE, "b", "a", 43_201, "`--duration` is 12h 1s; a role's session lives from 15m to 12h"),
        (ROLE, "b", "a", 899, "`--duration` is 14m 59s; a role's session lives from 15m to 12h"),
        ("[profile b]", "b", "b", 129_601, "`--duration` is 36h 1s; a session lives from 15m to 36h"),
        ("[profile b]", "b(root)", "b", 7200, "`--duration` is 2h; a root user's session lives from 15m to 1h"),
        (
            "[profile b]|keyfob_session = never",
            "b",
            "b",
            3600,
            "`--duration` cannot be had: the access key of `b` itself is handed out, and it never expires",
        ),
    ];
    for (config, stored, asked, seconds, message) in cases {
        let request = Request { duration_seconds: Some(seconds), ..ask(asked) };
        let error = Error::from(Input { config, stored, ask: request, ..Input::default() }.plan().expect_err(message));
        assert_eq!((error.message(), error.kind()), (message, Kind::Usage));
    }
}

#[test]
fn a_session_duration_of_ours_out_of_range_is_an_error() {
    let request = Request { session_duration_seconds: 60, ..ask("b") };
    let error = Input { config: "[profile b]", stored: "b", ask: request, ..Input::default() }.plan();
    assert_eq!(
        Error::from(error.expect_err("too short")).message(),
        "`session_duration` is 1m; a session lives from 15m to 36h"
    );
}

#[test]
fn keyfob_does_not_wait_for_itself() {
    for (chain, asked, cycle) in [("a", "a", "a -> a"), ("y,a,x", "a", "a -> x -> a"), ("b", "a", "b -> a -> b")] {
        let env = [("KEYFOB_CHAIN", chain)];
        let error = Input { config: ROLE, stored: "b", env: &env, ask: ask(asked), ..Input::default() }.plan();
        let error = Error::from(error.expect_err("it waits for itself"));
        assert!(error.message().ends_with(cycle), "{}", error.message());
        assert_eq!(error.kind(), Kind::Config);
    }
    let env = [("KEYFOB_CHAIN", "other")];
    assert!(Input { config: ROLE, stored: "b", env: &env, ask: ask("a"), ..Input::default() }.plan().is_ok());
}

#[test]
fn a_variable_that_cannot_be_is_named() {
    for (name, value) in [
        ("AWS_REGION", "us east"),
        ("AWS_ENDPOINT_URL_STS", "sts"),
        ("AWS_USE_FIPS_ENDPOINT", "yes"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "global"),
    ] {
        let env = [(name, value)];
        let error = Input { config: "[profile b]", stored: "b", env: &env, ask: ask("b"), ..Input::default() }.plan();
        let error = Error::from(error.expect_err(name));
        assert!(error.message().starts_with(&format!("`{name}`: `{value}` is ")), "{}", error.message());
        assert_eq!(error.hints(), [format!("set or unset `{name}`")]);
    }
}

#[test]
fn a_key_id_that_may_be_a_secret_is_never_repeated() {
    let config = "[profile a]|aws_access_key_id = fakeSecretInTheWrongPlace|aws_secret_access_key = fake";
    let error = Input { config, ask: ask("a"), ..Input::default() }.plan().expect_err("no key id");
    assert!(!format!("{error:?} {error}").contains("fakeSecret"));
}
