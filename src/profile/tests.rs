//! Profiles: AWS's cases, AWS's parser as an oracle, and what keyfob adds.

use std::collections::BTreeMap;

use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal::{Env, Fs};
use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::ini::SyntaxError;

type Settings = BTreeMap<String, String>;

fn parsed(text: &str) -> Result<Document, SyntaxError> {
    Document::parse(text.to_owned())
}

fn settings_of(settings: impl Iterator<Item = Setting<'static>>) -> Settings {
    settings.map(|setting| (setting.name.into_owned(), setting.value.into_owned())).collect()
}

/// What the reference refuses, and Python's `configparser` reads.
const READ_BY_BOTOCORE: [&str; 3] = [
    "Property definitions must contain an equals sign.",
    "Invalid sub-property definitions cause an error.",
    "Sub-property definitions cannot have an empty name.",
];

#[test]
fn awss_own_parser_cases_hold() {
    let file = include_str!("../../tests/data/smithy-rs/profile-parser-tests.json");
    let cases: Value = serde_json::from_str(file).expect("JSON");
    let cases = cases["tests"].as_array().expect("a list");
    assert_eq!(cases.len(), 65);
    for case in cases {
        let name = &case["name"];
        let text = |file: &str| case["input"][file].as_str().unwrap_or("");
        let files = (parsed(text("configFile")), parsed(text("credentialsFile")));
        if READ_BY_BOTOCORE.iter().any(|read| name == read) {
            assert!(files.0.is_ok() && files.1.is_ok(), "{name}");
            continue;
        }
        if let Some(expected) = case["output"]["errorContaining"].as_str() {
            let error = files.0.and(files.1).expect_err("refused").to_string();
            assert!(error.contains(expected), "{name}: {error}");
            continue;
        }
        files.0.and(files.1).unwrap_or_else(|error| panic!("{name}: {error}"));
        let profiles = Profiles::from_texts(text("configFile"), text("credentialsFile"));
        let profiles: &'static Profiles<'static> = Box::leak(Box::new(profiles));
        // Names of other characters are botocore's alone.
        let ours: BTreeMap<&str, Settings> = profiles
            .names()
            .filter(|name| is_identifier(name))
            .map(|name| (name, settings_of(profiles.get(name).expect("it is named").settings())))
            .collect();
        assert_eq!(serde_json::json!(ours), case["output"]["config"]["profiles"], "{name}");
        for (session, settings) in case["output"]["config"]["sso_sessions"].as_object().into_iter().flatten() {
            let section = profiles.section(SectionKind::SsoSession, session).expect("it is there");
            for (key, value) in settings.as_object().expect("an object") {
                assert_eq!(Some(section.setting(key).expect("set").value.as_ref()), value.as_str(), "{name}");
            }
        }
    }
}

fn awss_reading(config: &str, credentials: &str) -> Option<EnvConfigSections> {
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .with_contents(EnvConfigFileKind::Credentials, credentials)
        .build();
    let (env, fs) = (Env::from_slice(&[]), Fs::from_slice(&[]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let source = runtime.block_on(source::load(&env, &fs, &files)).expect("in memory");
    EnvConfigSections::parse(source).ok()
}

/// Lines as people have them and as nobody should, put together at random. No quotes round names: there keyfob reads
/// what AWS's parser ignores. Nor indented comments or colons, which are read as botocore reads them.
fn any_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        12 => "\\[(profile )?(a|b|default)\\]",
        8 => "\\[[ \t]{0,2}(profile|Profile|services|sso-session)?[ \t]{0,2}[ab.!]{1,2}[ \t]?\\][ ]?([#;] ?a?)?",
        15 => "[abR]{1,2}[ \t]?=[ \t]?[a-z\u{e9}\u{a0}=]{0,4}([ \t\u{a0}]?[;#] ?x)?",
        6 => "[ab]=[a-z]{1,2}\n[ \t]{1,2}[ab=][ab=#; ]{0,3}",
        4 => "[ab]=\n[ \t]{1,2}[ab][ab#;]{0,1}[ ]?=[ ]?[ab#;]{0,2}",
        3 => "[#;].{0,5}",
        3 => "[ \t]{0,3}",
        1 => "\\[[ \t]{0,2}[ab.!]{0,2}[ \t]?\\]?[#; ]{0,2}[a\\]]?",
        1 => "([ab=#;!][ab =#;!]{0,6})?",
        1 => "[ \t]{1,2}[ab=][ab=#; ]{0,4}( ?= ?[v#]?)?",
    ];
    let ending = prop_oneof![8 => Just("\n"), 1 => Just("\r\n"), 1 => Just(" \n")];
    (
        prop_oneof![12 => Just("[profile a]\n"), 5 => Just("[a]\n"), 1 => Just("")],
        prop::collection::vec((line, ending), 0..8),
    )
        .prop_map(|(first, lines)| {
            let lines = lines.iter().flat_map(|(line, ending)| [line.as_str(), ending]);
            std::iter::once(first).chain(lines).collect()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn every_file_that_awss_own_parser_reads_is_read_as_there(config in any_file(), credentials in any_file()) {
        // A return alone ends a line for botocore, and for keyfob; to AWS's parser it is a character.
        let has_lone_return = |text: &str| text.replace("\r\n", "").contains('\r');
        prop_assume!(!has_lone_return(&config) && !has_lone_return(&credentials));
        // Empty names pass AWS's check of characters; there is no way to ask for them.
        prop_assume!(!credentials.contains('[') || !credentials.lines().any(|line| {
            line.starts_with('[') && line.split(']').next().is_some_and(|name| name[1..].trim().is_empty())
        }));
        // Of two spellings of one header AWS's parser takes a random one last.
        let mut headers = std::collections::HashMap::new();
        for line in config.lines().chain(credentials.lines()).filter(|line| line.starts_with('[')) {
            let text = line.split([']', '#', ';']).next().expect("there is a first part").trim_start_matches('[');
            let spelling = headers.entry(text.split_whitespace().collect::<Vec<_>>().join(" ")).or_insert(text);
            prop_assume!(*spelling == text);
        }
        let awss = awss_reading(&config, &credentials);
        let (ours, credentials) = (parsed(&config), parsed(&credentials));
        prop_assert!(awss.is_none() || (ours.is_ok() && credentials.is_ok()));
        let (Ok(config), Ok(credentials), Some(awss)) = (ours, credentials, awss) else { return Ok(()) };
        let ours = Profiles::new(Some(&config), Some(&credentials));
        let mut our_names: Vec<&str> = ours.names().filter(|name| is_identifier(name)).collect();
        let mut awss_names: Vec<&str> = awss.profiles().collect();
        our_names.sort_unstable();
        awss_names.sort_unstable();
        prop_assert_eq!(&our_names, &awss_names);
        for name in our_names {
            let (ours, awss) = (ours.get(name).expect("named"), awss.get_profile(name).expect("named"));
            for key in ["a", "b", "aa", "ab", "ba", "bb", "r", "rr", "ar", "ra", "br", "rb"] {
                let ours = ours.plain(key).map(|setting| setting.value.into_owned());
                // Space of other kinds comes off too, as for all but the reference.
                let without_space = |value: &str| value.replace('\u{a0}', "");
                let (ours, awss) = (ours.as_deref().map(without_space), awss.get(key).map(without_space));
                prop_assert_eq!(ours, awss, "{} in {}", key, name);
            }
        }
        ours.warnings();
    }
}

#[test]
fn a_setting_knows_its_file_and_line_and_keyfobs_own_wins() {
    let profiles = Profiles::from_texts(
        "# mine\n[profile dev]\nkeyfob_role_arn = ours\nregion = a\nkeyfob_region =\nREGION = b\n",
        "[dev]\nrole_arn = theirs\noutput =\n",
    );
    let dev = profiles.get("dev").expect("there");
    let at =
        |setting: Option<Setting<'_>>| setting.map(|setting| (setting.value.into_owned(), setting.file, setting.line));
    assert_eq!(
        at(dev.setting("role_arn")),
        Some(("ours".into(), AwsFile::Config, 3)),
        "beats the credentials file too"
    );
    assert_eq!(at(dev.plain("role_arn")), Some(("theirs".into(), AwsFile::Credentials, 2)));
    assert_eq!(at(dev.setting("region")), Some(("b".into(), AwsFile::Config, 6)), "the value is empty");
    assert_eq!(at(dev.plain("output")), Some((String::new(), AwsFile::Credentials, 3)));
    assert_eq!(at(dev.setting("output")), None);
    let names: Vec<_> = dev.settings().map(|setting| setting.name.into_owned()).collect();
    assert_eq!(names, ["keyfob_role_arn", "keyfob_region", "region", "role_arn", "output"]);
}

#[test]
fn profiles_come_in_file_order_and_a_quoted_name_is_read_without_its_quotes() {
    let profiles = Profiles::from_texts(
        "[profile z]\n[profile \"a b\"]\nregion = x\n[default]\n[profile 'q']\n[services s]\n[profile \"broken]\n",
        "[y]\n[z]\n[\"q2\"]\n[a b]\n[profile b]\n",
    );
    assert_eq!(profiles.names().collect::<Vec<_>>(), ["z", "a b", "default", "q", "y", "\"q2\""]);
    assert!(profiles.get("a b").expect("there").is_in(AwsFile::Credentials));
    assert_eq!(profiles.get("a b").expect("there").setting("region").expect("set").value, "x");
}

#[test]
fn a_config_from_aws_vault_means_the_same_here() {
    // ByteNess/aws-vault, vault/config_test.go (MIT), shortened.
    let config = "# an example profile file\n[DEFAULT]\nregion=us-east-1\n[default]\nregion=us-west-2\noutput=json\n\n\
        [profile user2]\nREGION=us-east-1\noutput=text\n\n\
        [profile withMFA]\nsource_profile=user2\nRole_Arn=arn:aws:iam::445123451344:role/aws_admin\n\
        mfa_Serial=arn:aws:iam::123451344123:mfa/blah\nRegion=us-east-1\nduration_seconds=1200\n\n\
        [profile testincludeprofile1]\nregion=us-east-1\n\n[profile testincludeprofile2]\ninclude_profile=testincludeprofile1\n\n\
        [profile with-sso-session]\nsso_session = moon-sso\nregion = moon-1 # Different from sso region\n\n\
        [sso-session moon-sso]\nsso_region = moon-2  # Different from profile region\n\n\
        [profile foo]\ninclude_profile=default\nsource_profile=default\n";
    let profiles = Profiles::from_texts(config, "");
    let names: Vec<&str> = profiles.names().collect();
    let expected =
        ["default", "user2", "withMFA", "testincludeprofile1", "testincludeprofile2", "with-sso-session", "foo"];
    assert_eq!(names, expected);
    let value = |profile: &str, name: &str| {
        profiles
            .get(profile)
            .expect("there")
            .setting(name)
            .map(|setting| setting.value.into_owned())
            .unwrap_or_default()
    };
    assert_eq!(value("default", "region"), "us-west-2");
    assert_eq!(value("user2", "region"), "us-east-1");
    assert_eq!(value("withMFA", "mfa_serial"), "arn:aws:iam::123451344123:mfa/blah");
    assert_eq!(value("withMFA", "role_arn"), "arn:aws:iam::445123451344:role/aws_admin");
    assert_eq!(value("withMFA", "output"), "", "unlike in aws-vault, nothing comes from [default] by itself");
    assert_eq!(value("testincludeprofile2", "region"), "us-east-1");
    assert_eq!(value("with-sso-session", "region"), "moon-1");
    assert_eq!(
        (value("foo", "source_profile"), value("foo", "region")),
        ("default".to_owned(), "us-west-2".to_owned())
    );
    let sso = profiles.section(SectionKind::SsoSession, "moon-sso").expect("there");
    assert_eq!(sso.setting("sso_region").expect("set").value, "moon-2");
    assert!(profiles.get("nopenotthere").is_none());
}

#[test]
fn a_nested_value_is_found_in_its_services_section() {
    let profiles = Profiles::from_texts(
        "[services local]\nsts =\n  endpoint_url = http://localhost:1\n  empty =\niam = flat\n[services local]\ns3 =\n  a = 1\n",
        "[services other]\n",
    );
    let look = || {
        let local = profiles.section(SectionKind::Services, "local").expect("there");
        let sts = local.setting("sts").expect("set");
        assert_eq!(sts.nested("endpoint_url"), Some("http://localhost:1"));
        assert_eq!((sts.nested("empty"), sts.nested("other")), (None, None));
        assert_eq!(local.setting("iam").expect("set").nested("endpoint_url"), None);
        assert_eq!(local.setting("s3").expect("set").nested("a"), Some("1"));
        assert!(profiles.section(SectionKind::Services, "other").is_none(), "only in the config file");
        assert!(profiles.section(SectionKind::SsoSession, "local").is_none());
    };
    look();
    assert_eq!(profiles.names().count(), 0);
    look();
}

#[test]
fn an_include_brings_settings_but_neither_keys_nor_links_nor_the_profile_itself() {
    let profiles = Profiles::from_texts(
        "[default]\noutput = default's\n\
         [profile base]\ninclude_profile = root\nregion = base\nsource_profile = me\nkeyfob_external_id = base\n\
         credential_process = /usr/bin/keyfob credential-process base\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\n\
         [profile root]\nregion = root\nmfa_serial = root\ncredential_source = Environment\ninclude_profile = base\n\
         [profile me]\ninclude_profile = base\nregion =\nexternal_id =\n\
         [profile other]\ninclude_profile = base\nexternal_id = own\n\
         [profile tool]\ncredential_process = /bin/other\n[profile includes-tool]\ninclude_profile = tool\n",
        "",
    );
    let value = |profile: &str, name: &str| {
        let profile = profiles.get(profile).expect("there");
        profile.setting(name).map(|setting| (setting.value.into_owned(), setting.line))
    };
    assert_eq!(value("me", "region"), Some(("base".into(), 5)), "the value is empty");
    assert_eq!(value("me", "mfa_serial"), Some(("root".into(), 12)), "an include may include");
    assert_eq!(value("me", "external_id"), Some(("base".into(), 7)));
    assert_eq!(value("other", "external_id"), Some(("own".into(), 21)));
    assert_eq!(value("other", "source_profile"), Some(("me".into(), 6)));
    assert_eq!(value("me", "source_profile"), None, "the profile itself is no source");
    assert_eq!(value("me", "credential_source"), None, "the nearer source decides");
    assert_eq!(value("me", "credential_process"), None, "a link is its profile's own");
    assert_eq!(value("includes-tool", "credential_process"), Some(("/bin/other".into(), 23)));
    assert_eq!(value("me", "aws_access_key_id"), None);
    assert_eq!(value("me", "output"), None, "nothing comes from [default], and the loop ends");
    assert!(profiles.get("me").expect("there").plain("mfa_serial").is_none());
}

/// Every warning of two files, a line each.
fn warnings(config: &str, credentials: &str) -> String {
    let profiles = Profiles::from_texts(config, credentials);
    let profiles: &'static Profiles<'static> = Box::leak(Box::new(profiles));
    let all = profiles.warnings();
    // What is said of each profile by itself is a part of that.
    for name in profiles.names() {
        let of_one = profiles.warnings_of(&profiles.get(name).expect("it is named"));
        assert!(of_one.iter().all(|warning| all.contains(warning)), "{name}: {of_one:?}");
    }
    let line = |warning: &Warning| format!("{:?}:{}: {}\n", warning.file, warning.line, warning.message);
    all.iter().map(line).collect()
}

#[test]
fn what_bites_is_named_with_its_line() {
    let config = "[prod]\n[Profile a]\n[profile foo!bar]\n[profile \"a b\"]\n[profile 'q']\n[sso-sesion s]\n[profile]\n[plugins]\n\
        [default]\n[profile default]\n[DEFAULT]\n[profile dup]\nregion = a\nRegion = b # main\nin valid = c\n\
        [profile dup]\noutput = x\n  # why\n  role_arn = y\n[profile  dup]\n[profile loop]\ninclude_profile = loop\n\
        [profile missing]\ninclude_profile = nobody\n[profile fine]\ns3 =\n  a = b\n";
    let credentials = "[profile x]\n[services s]\n[a b]\n[\u{e9}]\n[fine]\n";
    let expected = "\
Config:1: `[prod]` is ignored: in the config file, the header of a profile is `[profile prod]`
Config:2: `[Profile a]` is ignored: write `profile` in lower case
Config:3: the SDKs for Rust, Java and JavaScript ignore `[profile foo!bar]`: they accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name
Config:4: the SDKs for Rust, Java, JavaScript and Go ignore `[profile \"a b\"]`: they accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name
Config:5: the SDKs for Rust, Java and Go ignore `[profile 'q']` because of its quotes; write `[profile q]`
Config:6: `[sso-sesion s]` is ignored: a section header must begin with `profile`, `sso-session` or `services`
Config:7: `[profile]` is ignored: it has no name
Config:9: `[default]` and `[profile default]` (line 10) both exist: the AWS CLI and boto3 use the later of the two, `[profile default]`; keyfob and the other SDKs use `[profile default]`
Config:11: the AWS CLI and boto3 copy the settings of `[DEFAULT]` into every section; keyfob does not
Config:14: `Region` was already set on line 13: the last value counts, but the AWS CLI and boto3 reject the whole file
Config:14: the AWS CLI and boto3 read the comment as part of `Region`; put it on its own line
Config:14: the SDK for JavaScript does not find `Region`; write `region`
Config:15: `in valid` is ignored: SDKs accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name
Config:16: `[profile dup]` already appeared on line 12: their settings are merged, but the AWS CLI and boto3 reject the whole file
Config:18: the SDKs for Rust and Java read the indented comment as part of `output`
Config:19: the line is part of `output`, because it is indented; remove the indentation
Config:20: `[profile  dup]` already appeared on line 12: their settings are merged, but the AWS CLI and boto3 use only the last one
Config:20: the SDK for JavaScript does not find `[profile  dup]`; write `[profile dup]`
Config:22: `include_profile` leads back to `loop`
Config:24: `include_profile` names `nobody`, which does not exist
Credentials:1: `[profile x]` is ignored: in the credentials file, the header of a profile is `[x]`
Credentials:2: `[services s]` is ignored: it belongs in the config file
Credentials:3: the SDKs for Rust, Java and JavaScript ignore `[a b]`: they accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name
Credentials:4: the SDKs for Rust and Java ignore `[\u{e9}]`: they accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name
";
    assert_eq!(warnings(config, credentials), expected);
    let clean =
        "[default]\nregion = x\n\n# fine\n[profile a]\ns3 =\n  x = 1\n[services s]\nsts =\n  endpoint_url = y\n";
    assert_eq!(warnings(clean, "[a]\nb = c\n"), "");
}

#[test]
fn what_only_some_sdks_read_is_named_with_them() {
    const REFUSED: &str = "the SDKs for Rust and Java reject the whole file";
    let cases = [
        // Indented, once a section.
        ("[profile a]\n  x = 1\n  y = 2\n", format!("2: `x` is indented: {REFUSED}")),
        ("  [profile a]\n  x = 1\n", format!("1: `[profile a]` is indented: {REFUSED}")),
        ("[profile a]\n  # c\n", format!("2: the comment is indented: {REFUSED}")),
        ("[profile a]\ns3 =\n  # c\n", format!("3: the indented comment below `s3` is not a sub-property: {REFUSED}")),
        (
            "[profile a]\ns3 =\n  # a = b\n",
            "3: the SDKs for Rust and Java read the indented comment as part of `s3`".to_owned(),
        ),
        ("[profile a]\ns3 =\n  = b\n", format!("3: a sub-property of `s3` has no name: {REFUSED}")),
        (
            "[profile a]\ns3 =\n  b\n",
            "3: the line below `s3` is not `name = value`: the AWS CLI, boto3 and the SDKs for Rust and Java reject the \
             whole file"
                .to_owned(),
        ),
        // Colons.
        (
            "[profile a]\nx: 1\n",
            format!("2: {REFUSED}, and JavaScript ignores the setting; write `x = …` instead of `x: …`"),
        ),
        (
            "[profile a]\nx: y=1\n",
            "2: only the AWS CLI, boto3 and the SDK for Go read `x` as the name; write `x = …`".to_owned(),
        ),
        // Headers.
        (
            "[profile a#b]\n",
            format!(
                "1: only the AWS CLI and boto3 read a `#` or `;` in `[profile a#b]`: {REFUSED}, and Go and JavaScript \
                 add the settings below to the section above\nConfig:1: the SDKs for Rust, Java and JavaScript ignore \
                 `[profile a#b]`: they accept only `A-Z a-z 0-9 _ - / . % @ : +` in a name"
            ),
        ),
        (
            "[profile a] b\n",
            format!(
                "1: only the AWS CLI and boto3 read a header with text after it: {REFUSED}, and Go and JavaScript add \
                 the settings below `[profile a]` to the section above"
            ),
        ),
        (
            "[profile a] # [b]\n",
            "1: the AWS CLI and boto3 do not find `[profile a]`: they read on to the `]` in the comment".to_owned(),
        ),
        (
            "[ profile a ]\n",
            "1: the AWS CLI, boto3 and the SDK for JavaScript do not find `[ profile a ]`; write `[profile a]`".to_owned(),
        ),
        ("[profile a ]\n", "1: the SDK for JavaScript does not find `[profile a ]`; write `[profile a]`".to_owned()),
        ("[profiles a]\n", "1: only the AWS CLI and boto3 read `[profiles a]` as `a`; write `[profile a]`".to_owned()),
        (
            "[profile a b]\n",
            "1: `[profile a b]` is ignored: a name with a blank must be in quotes: `[profile 'a b']`".to_owned(),
        ),
        ("[profile o'brien]\n", "1: `[profile o'brien]` is ignored: a quote in it is not closed".to_owned()),
        ("[ profile 'a']\n", "1: `[ profile 'a']` is ignored: write `[profile 'a']`, without a blank before it".to_owned()),
        (
            "[default]\n[profile default]\n[default]\n",
            "1: `[default]` and `[profile default]` (line 2) both exist: the AWS CLI and boto3 use the later of the \
             two, `[default]`; keyfob and the other SDKs use `[profile default]`"
                .to_owned(),
        ),
    ];
    for (config, expected) in cases {
        let found = warnings(config, "");
        assert!(found.starts_with(&format!("Config:{expected}\n")), "{config:?}\n{found}");
        let is_default_twice = expected.contains("later of the two");
        assert!(
            is_default_twice || found.matches("Config:").count() == expected.matches("Config:").count() + 1,
            "{found}"
        );
    }
}

#[test]
fn a_profile_is_found_alone_as_it_is_among_all() {
    for header in ["profile a", "profile\ta\t", "profile a\u{b}", "profile a\u{a0}", "profile 'a' ", "profile \"a\""] {
        let profiles = Profiles::from_texts(&format!("[{header}]\nregion = x\n"), "");
        let region = || Some(profiles.get("a")?.setting("region")?.value.into_owned());
        let alone = region();
        assert_eq!(profiles.names().count(), 1);
        assert_eq!((alone.as_deref(), region().as_deref()), (Some("x"), Some("x")), "{header:?}");
    }
}

#[test]
fn ten_thousand_profiles_are_all_there() {
    let config: String = (0..10_000)
        .map(|n| {
            format!(
                "[profile p{n}]\nrole_arn = arn:aws:iam::123456789012:role/r{n}\nsource_profile = p{}\nregion = eu-west-1\n\
                 mfa_serial = arn:aws:iam::123456789012:mfa/ann\n\n",
                n / 2
            )
        })
        .collect();
    let profiles = Profiles::from_texts(&config, "");
    assert_eq!(profiles.names().count(), 10_000);
    let last = profiles.get("p9999").expect("there").setting("source_profile").expect("set");
    assert_eq!((last.value.as_ref(), last.line), ("p4999", 9_999 * 6 + 3));
    assert_eq!(profiles.warnings(), []);
}

#[test]
fn nothing_prints_a_secret() {
    let text = "[default]\naws_secret_access_key = very-secret\naws_session_token = very-secret\n";
    let profiles = Profiles::from_texts("", text);
    let profile = profiles.get("default").expect("there");
    let shown = format!("{profiles:?} {profile:?} {:?}", profile.settings().collect::<Vec<_>>());
    assert!(!shown.contains("very-secret"), "{shown}");
}
