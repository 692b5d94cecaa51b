//! Lines as measured in the SDKs, and the program to write.

#[cfg(unix)]
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::shlex::{self, Unsplittable};
#[cfg(unix)]
use crate::sys::program::ProgramPaths;

/// What botocore 1.43 started on Linux for each line (measured), less the program.
const SPLIT_BY_BOTOCORE: [(&str, Option<&[&str]>); 16] = [
    ("/d/argv.py a b", Some(&["a", "b"])),
    ("/d/argv.py \"a b\" c", Some(&["a b", "c"])),
    ("/d/argv.py 'a b' c", Some(&["a b", "c"])),
    ("/d/argv.py a\\ b", Some(&["a b"])),
    ("/d/argv.py $HOME ~ `id -un`", Some(&["$HOME", "~", "`id", "-un`"])),
    ("/d/argv.py a \"b\\\"c\"", Some(&["a", "b\"c"])),
    ("\"/d/dir with space/argv.py\" x", Some(&["x"])),
    ("/d/argv.py a && echo", Some(&["a", "&&", "echo"])),
    ("/d/argv.py a | cat", Some(&["a", "|", "cat"])),
    ("/d/argv.py \"a\\b\"", Some(&["a\\b"])),
    ("/d/argv.py a#b #c", Some(&["a#b", "#c"])),
    ("/d/argv.py a;b", Some(&["a;b"])),
    ("AWS_PROFILE=zz /d/argv.py x", Some(&["/d/argv.py", "x"])),
    ("/d/argv.py %PATH% *", Some(&["%PATH%", "*"])),
    ("~/argv.py a", Some(&["a"])),
    ("/d/argv.py \"unterminated", None),
];

#[test]
fn a_line_is_taken_apart_as_botocore_does() {
    for (line, expected) in SPLIT_BY_BOTOCORE {
        let words = shlex::split(line).ok();
        let arguments = words.as_ref().map(|words| words[1..].iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(arguments.as_deref(), expected, "{line}");
    }
    assert_eq!(shlex::split("a '' \"\\$x\" b\\"), Err(Unsplittable::OpenEscape));
    assert_eq!(shlex::split("a '' \"\\$x\" 'b\\'").expect("closed"), ["a", "", "\\$x", "b\\"]);
    assert_eq!(shlex::split(" \t").expect("blank"), [""; 0]);
}

#[test]
fn a_line_on_windows_knows_double_quotes_alone() {
    let cases: [(&str, Option<&[&str]>); 8] = [
        (r#""C:\Program Files\keyfob.exe" a"#, Some(&[r"C:\Program Files\keyfob.exe", "a"])),
        (r"C:\k.exe 'a b'", Some(&[r"C:\k.exe", "'a", "b'"])),
        (r#"a "b\"c" d"#, Some(&["a", "b\"c", "d"])),
        (r#"a "b\\" c"#, Some(&["a", r"b\", "c"])),
        (r#"a\\\"b"#, Some(&[r#"a\"b"#])),
        (r#"a "" b\"#, Some(&["a", "", r"b\"])),
        ("a\tb", Some(&["a", "b"])),
        (r#"a "b"#, None),
    ];
    for (line, expected) in cases {
        let words = split::windows(line).ok();
        let words = words.as_ref().map(|words| words.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(words.as_deref(), expected, "{line}");
    }
}

// On Windows no shell with single quotes is between.
#[test]
#[cfg(not(windows))]
fn keyfobs_own_lines_are_known_by_their_program_and_command() {
    let cases = [
        ("/usr/bin/keyfob credential-process dev", Some("dev")),
        ("keyfob credential-process dev", Some("dev")),
        ("\"/opt/my tools/keyfob\" credential-process \"a b\"", Some("a b")),
        ("/x/keyfob.exe -v credential-process --min-ttl 5m dev", Some("dev")),
        ("/x/keyfob --backend vault credential-process dev --quiet", Some("dev")),
        ("/x/keyfob --backend=vault credential-process -- -odd", Some("-odd")),
        ("/x/keyfob credential-process", None),
        ("/x/keyfob credential-process a b", None),
        ("/x/keyfob env dev", None),
        ("/x/keyfobs credential-process dev", None),
        ("aws-vault export --format=json dev", None),
        ("env A=b keyfob credential-process dev", Some("dev")),
        ("/usr/bin/env -i -u X A=b /x/keyfob -q credential-process dev", Some("dev")),
        ("env AWS_CONFIG_FILE=/other keyfob credential-process dev", None),
        ("sh -c 'keyfob credential-process dev'", Some("dev")),
        ("sh -c 'keyfob credential-process dev 2> $(tty)'", Some("dev")),
        ("bash -lc \"cd /x && A=b exec keyfob credential-process \\\"a b\\\" 2>/dev/null; true\"", Some("a b")),
        ("env B=c sh -c 'env A=b keyfob credential-process dev || echo no'", Some("dev")),
        ("sh -c 'other dev; /x/keyfob credential-process dev;'", Some("dev")),
        ("sh -c 'other keyfob credential-process dev'", None),
        ("sh script keyfob credential-process dev", None),
        ("sh -c", None),
        ("/x/keyfob credential-process \"dev", None),
        ("", None),
    ];
    for (line, expected) in cases {
        assert_eq!(keyfob_profile_of(line).as_deref(), expected, "{line}");
    }
}

// On Windows no shell with single quotes is between.
#[test]
#[cfg(not(windows))]
fn another_profile_in_a_line_leaves_the_rest_of_it() {
    let cases = [
        ("/usr/bin/keyfob credential-process dev", Some("/usr/bin/keyfob credential-process ops")),
        (
            "/dev/keyfob credential-process --min-ttl 5m dev -q",
            Some("/dev/keyfob credential-process --min-ttl 5m ops -q"),
        ),
        ("\"/opt/a dev/keyfob\" credential-process \"dev\"", Some("\"/opt/a dev/keyfob\" credential-process \"ops\"")),
        ("keyfob --backend dev credential-process dev", Some("keyfob --backend dev credential-process ops")),
        (
            "sh -c 'keyfob credential-process dev 2>/dev/null'",
            Some("sh -c 'keyfob credential-process ops 2>/dev/null'"),
        ),
        ("sh -c 'keyfob credential-process dev; echo dev'", Some("sh -c 'keyfob credential-process ops; echo dev'")),
        ("env A=dev keyfob credential-process dev", Some("env A=dev keyfob credential-process ops")),
        ("sh -c 'other; keyfob credential-process \"de\"v'", None),
        ("keyfob credential-process de\"v\"", None),
        ("other dev", None),
        ("keyfob credential-process \"\"", None),
    ];
    for (line, expected) in cases {
        assert_eq!(with_profile(line, "ops").as_deref(), expected, "{line}");
    }
}

#[test]
fn a_line_is_quoted_only_where_it_must_be() {
    let cases = [
        ("/usr/bin/keyfob", "dev", "/usr/bin/keyfob credential-process dev"),
        ("/usr/bin/keyfob", "a/b.c:d@e+f_g-h", "/usr/bin/keyfob credential-process a/b.c:d@e+f_g-h"),
        ("/opt/my tools/keyfob", "dev", "\"/opt/my tools/keyfob\" credential-process dev"),
        ("/home/o'neill/keyfob", "dev", "\"/home/o'neill/keyfob\" credential-process dev"),
        ("/usr/bin/keyfob", "two words", "/usr/bin/keyfob credential-process \"two words\""),
        ("/opt/my tools/keyfob", "two words", "\"/opt/my tools/keyfob\" credential-process \"two word\"s"),
        ("/opt/my tools/keyfob", "two (words)", "/\"opt/my tools/keyfob\" credential-process \"two (words)\""),
        ("/opt/my tools/keyfob", "(words)", "/\"opt/my tools/keyfob\" credential-process \"(words)\""),
        ("/usr/bin/keyfob", "m\u{fc}nchen", "/usr/bin/keyfob credential-process \"m\u{fc}nchen\""),
        ("/usr/bin/keyfob", "a#b&c;d*!%^'", "/usr/bin/keyfob credential-process \"a#b&c;d*!%^'\""),
    ];
    for (program, profile, expected) in cases {
        assert_eq!(write_for(false, Path::new(program), profile).expect("can be written"), expected);
    }
    let windows = write_for(true, Path::new(r"C:\Program Files (x86)\keyfob.exe"), "dev").expect("can be written");
    assert_eq!(windows, r#""C:\Program Files (x86)\keyfob.exe" credential-process dev"#);
}

#[test]
fn what_some_sdk_would_expand_is_refused_by_name() {
    for character in ['"', '$', '`', '\\', '\n', '%', '!', '^', '&', '|', '<', '>'] {
        let profile = format!("a{character}b");
        let refused = Err(Unwritable::Profile { profile: profile.clone(), character });
        assert_eq!(write_for(true, Path::new(r"C:\k"), &profile), refused);
        let is_refused_by_shells = matches!(character, '"' | '$' | '`' | '\\' | '\n');
        assert!(write_for(false, Path::new("/k"), &profile) == refused || !is_refused_by_shells, "{character}");
    }
    for character in ['#', ';'] {
        let profile = format!("a {character}b");
        let refused = Unwritable::Profile { profile: profile.clone(), character };
        assert_eq!(write_for(false, Path::new("/k"), &profile), Err(refused), "a comment in the file");
    }
    for path in ["/a$b/keyfob", "/a\\b/keyfob", "/a%b/keyfob"] {
        assert!(matches!(write_for(false, Path::new(path), "dev"), Err(Unwritable::Path { .. })), "{path}");
    }
    for profile in ["", "-x", " a", "a "] {
        assert_eq!(write_for(false, Path::new("/k"), profile), Err(Unwritable::ProfileName(profile.to_owned())));
    }
    assert_eq!(write_for(false, Path::new("bin/k"), "dev"), Err(Unwritable::Relative("bin/k".to_owned())));
}

proptest! {
    #[cfg(not(windows))]
    #[test]
    fn what_is_written_is_read_back_by_every_rule_and_kept_by_an_aws_file(
        folder in "[a-z '()~\u{e9}]{1,6}", profile in "[a-cA-Z0-9_./:=@+ ,\u{e9}()\\[\\]*~'#;-]{1,8}",
    ) {
        let program = format!("/{folder}/keyfob");
        let Ok(line) = write_for(false, Path::new(&program), &profile) else { return Ok(()) };
        let expected = vec![program.clone(), "credential-process".to_owned(), profile.clone()];
        prop_assert_eq!(shlex::split(&line).expect("closed"), expected.clone());
        prop_assert_eq!(split::windows(&line).expect("closed"), expected);
        prop_assert_eq!(keyfob_profile_of(&line), Some(profile.clone()));
        let mut document = crate::ini::Document::parse(String::new()).expect("empty");
        document.set(crate::ini::SectionName::Profile("p"), "credential_process", &line).expect("can be written");
        for other in ["ops", "two words", "(x)", "m\u{fc}"] {
            let moved = with_profile(&line, other).expect("it is keyfob's");
            let (written, back) = (write_for(false, Path::new(&program), other), with_profile(&moved, &profile));
            prop_assert_eq!((written, back), (Ok(moved), Some(line.clone())));
        }
    }
}

/// The Rust, JavaScript, Go and Java SDKs run the line by `sh -c`.
#[test]
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the test lays out the program that is run")]
fn a_shell_reads_a_written_line_as_botocore_does() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The program is a link to sh, which runs its first argument as a script: a program just written may be "busy" for
    // as long as another test is starting a process.
    std::fs::write(folder.path().join("credential-process"), "printf '%s\\n' \"$#\" \"$@\"\n").expect("written");
    for name in ["plain", "my tools", "o'neill (x86), ~old", "\u{fc}ber"] {
        let program = folder.path().join(name).join("keyfob");
        std::fs::create_dir(program.parent().expect("a folder")).expect("made");
        std::os::unix::fs::symlink("/bin/sh", &program).expect("linked");
        let names = [
            "dev", "a/b.c:d@e+f_g-h", "two words", "caf\u{e9}, old", "a#b;c", "[x]", "(y)", "a&b|c<d>", "*", "~",
            "a^!%'{}?",
        ];
        for profile in names {
            let line = write(&program, profile).expect("can be written");
            let output =
                std::process::Command::new("sh").args(["-c", &line]).current_dir(&folder).output().expect("sh runs");
            let expected = format!("1\n{profile}\n");
            assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), expected, "{line}");
        }
    }
}

/// Entries on `PATH` with what they lead to.
#[cfg(unix)]
type Entries<'a> = &'a [(&'a str, &'a str)];

#[cfg(unix)]
fn paths(current: &str, entries: Entries<'_>) -> ProgramPaths {
    let entries = entries.iter().map(|(entry, target)| (PathBuf::from(entry), PathBuf::from(target))).collect();
    ProgramPaths { current: current.into(), entries, temporary: "/scratch".into() }
}

#[test]
#[cfg(unix)]
fn the_entry_on_path_that_leads_here_is_written_unresolved() {
    let cellar = "/opt/homebrew/Cellar/keyfob/1.0/bin/keyfob";
    let nix = "/nix/store/abc-keyfob/bin/keyfob";
    let cases: [(&str, Entries<'_>, &str); 6] = [
        (cellar, &[("/opt/homebrew/bin/keyfob", cellar)], "/opt/homebrew/bin/keyfob"),
        (nix, &[("/home/a/.nix-profile/bin/keyfob", nix)], "/home/a/.nix-profile/bin/keyfob"),
        // Another keyfob comes first.
        ("/usr/bin/keyfob", &[("/a/keyfob", "/a/keyfob"), ("/usr/bin/keyfob", "/usr/bin/keyfob")], "/usr/bin/keyfob"),
        // One that lasts is better than the first.
        (nix, &[(nix, nix), ("/run/current-system/sw/bin/keyfob", nix)], "/run/current-system/sw/bin/keyfob"),
        // Not on PATH, or only by a relative entry.
        ("/opt/k/keyfob", &[], "/opt/k/keyfob"),
        ("/opt/k/keyfob", &[("k/keyfob", "/opt/k/keyfob")], "/opt/k/keyfob"),
    ];
    for (current, entries, expected) in cases {
        assert_eq!(program_to_write(&paths(current, entries), false), Ok(PathBuf::from(expected)));
    }
}

#[test]
#[cfg(unix)]
fn a_path_that_dies_with_the_next_upgrade_is_refused_unless_forced() {
    for path in [
        "/nix/store/abc-keyfob/bin/keyfob",
        "/usr/local/Cellar/keyfob/1.0/bin/keyfob",
        "/home/a/.asdf/installs/keyfob/1.0/bin/keyfob",
        "/home/a/.local/share/mise/installs/keyfob/1.0/keyfob",
        "/home/a/src/keyfob/target/debug/keyfob",
        "/home/a/src/keyfob/target/x86_64-unknown-linux-musl/release/keyfob",
        "/tmp/x/keyfob",
        "/scratch/keyfob",
    ] {
        let paths = paths(path, &[(path, path)]);
        assert!(program_to_write(&paths, false).is_err(), "{path}");
        assert_eq!(program_to_write(&paths, true), Ok(PathBuf::from(path)));
    }
}

// On Windows no shell with single quotes is between.
#[test]
#[cfg(not(windows))]
fn the_options_of_a_link_are_told_from_its_profile() {
    for (line, options) in [
        ("keyfob credential-process work", &[][..]),
        ("keyfob credential-process work --duration 1h", &["--duration 1h"]),
        ("keyfob -v credential-process -d 1h --min-ttl=5m -- work", &["-v", "-d 1h", "--min-ttl=5m"]),
        ("env A=b sh -c 'keyfob credential-process work --region x 2>/dev/null'", &["--region x"]),
        ("other --duration 1h", &[]),
    ] {
        assert_eq!(options_of(line), options, "{line}");
    }
}

// On Windows no shell with single quotes is between.
#[test]
#[cfg(not(windows))]
fn a_command_that_is_not_for_sdks_is_told_from_one_that_is() {
    for (line, command) in [
        ("keyfob env work", Some("env")),
        ("/usr/bin/keyfob --region x exec work -- aws", Some("exec")),
        ("sh -c 'keyfob env work --shell sh'", Some("env")),
        ("keyfob credential-process work", None),
        ("keyfob credential-process", None),
        ("keyfob", None),
        ("env work", None),
    ] {
        assert_eq!(other_command(line).as_deref(), command, "{line}");
    }
}
