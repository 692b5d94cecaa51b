//! The files on disk: errors with their line, edits that lose nothing, files that cannot replace.
#![expect(clippy::disallowed_methods, reason = "tests lay out the files that are read and edited")]

use std::fs;

use super::*;
use crate::ini::SectionName;

struct Home {
    _folder: tempfile::TempDir,
    paths: Paths,
}

fn home() -> Home {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Home { paths: paths_in(folder.path()), _folder: folder }
}

fn paths_in(folder: &Path) -> Paths {
    let at = |name: &str| folder.join(name);
    Paths {
        aws_config: at(".aws/config"),
        aws_credentials: at(".aws/credentials"),
        settings: at("config.toml"),
        data: at("data"),
        cache: at("cache"),
    }
}

fn home_with(config: &[u8]) -> Home {
    let home = home();
    fs::create_dir(home.paths.aws_config.parent().expect("a folder")).expect("made");
    fs::write(&home.paths.aws_config, config).expect("written");
    home
}

fn set(home: &Home, profile: &str, name: &str, value: &str) -> Result<Edited, EditFailure> {
    let section = SectionName::Profile(profile);
    edit(&home.paths, AwsFile::Config, |_| {}, |document| document.set(section, name, value))
}

/// What is to be pasted where an edit that sets the region of `dev` cannot replace the file.
fn to_paste(home: &Home, what: &str) -> Paste {
    match set(home, "dev", "region", "x") {
        Ok(Edited::Paste(paste)) => paste,
        other => panic!("{what}: {other:?}"),
    }
}

fn config(home: &Home) -> String {
    fs::read_to_string(&home.paths.aws_config).expect("readable")
}

#[test]
fn missing_files_are_empty_ones() {
    let files = load(&home().paths).expect("nothing to refuse");
    assert!(files.config.is_none() && files.credentials.is_none());
    assert_eq!(files.profiles().names().count(), 0);
}

#[test]
fn a_file_that_is_being_written_is_waited_for_and_read_all_the_same_where_it_never_rests() {
    let home = home_with(b"");
    let path = home.paths.aws_config.clone();
    let write = |text: &str| fs::write(&home.paths.aws_config, text).expect("written");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            std::thread::sleep(Duration::from_millis(20));
            write("[profile a]\n");
        });
        assert!(load(&home.paths).expect("readable").profiles().get("a").is_some());
    });
    write("[profile b]\n");
    let is_done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 0.. {
                if is_done.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                files::replace_unsynced(&path, format!("[profile b]\n# {number}\n").as_bytes()).expect("replaced");
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let files = load(&home.paths);
        is_done.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(files.expect("readable").profiles().get("b").is_some());
    });
}

#[test]
fn an_empty_file_that_looks_at_rest_is_read_again_and_others_are_not() {
    let home = home_with(b"");
    let set_back = || {
        let file = fs::File::options().write(true).open(&home.paths.aws_config).expect("there");
        file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("set back");
    };
    set_back();
    // Written once it was read: what is at rest then is not looked at again.
    let find = |text: &str| {
        let calls = std::cell::Cell::new(0);
        let found = with_profiles(&home.paths, |profiles| {
            calls.set(calls.get() + 1);
            let is_there = profiles.get("a").is_some();
            fs::write(&home.paths.aws_config, text).expect("written");
            if is_there { Ok(()) } else { Err(Error::new(Kind::Config, "there is no `a`")) }
        });
        (calls.get(), found.is_ok())
    };
    assert_eq!(find("[profile a]\n"), (2, true));
    set_back();
    assert_eq!(find("[profile b]\n"), (1, true), "it was there at once");
    set_back();
    let calls = std::cell::Cell::new(0);
    let missed = with_profiles(&home.paths, |_| -> Result<()> {
        calls.set(calls.get() + 1);
        Err(Error::new(Kind::Config, "there is no `a`"))
    });
    assert_eq!((calls.get(), missed.is_err()), (1, true), "it is not there, and nobody is writing");
}

#[test]
fn a_file_that_awss_parser_refuses_is_named_with_its_line_and_what_to_do() {
    let cases: [(&[u8], &str, &str); 6] = [
        (b"\xef\xbb\xbf[default]\n", ":1: the file begins with a byte order mark (BOM)", r"1s/^\xEF\xBB\xBF//"),
        (b"[default]\n\nregion\n", ":3: Expected an '=' sign defining a property", "name = value"),
        (b"# x\nregion = a\n", ":2: Expected a profile definition", "[default]"),
        (b"[a", ":1: Profile definition must end with ']'", "[profile NAME]"),
        (b"[a]\nb = \xe9\n", ":2: the file is not UTF-8 (byte 0xe9 at offset 8)", "WINDOWS-1252"),
        (b"\xff\xfe[\0a\0]\0", ":1: the file is UTF-16, not UTF-8", "UTF-16"),
    ];
    for (text, message, hint) in cases {
        let home = home_with(text);
        let error = load(&home.paths).expect_err("refused");
        assert_eq!(error.kind(), Kind::Config);
        let expected = format!("{}{message}", home.paths.aws_config.display());
        assert!(error.message().starts_with(&expected), "{}", error.message());
        if cfg!(target_os = "linux") {
            assert!(error.hint_texts()[0].contains(hint), "{:?}", error.hints());
        }
        let failure = set(&home, "dev", "region", "x").expect_err("never edited");
        assert_eq!(Error::from(failure), error);
        assert_eq!(fs::read(&home.paths.aws_config).expect("readable"), text);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn the_command_that_takes_a_byte_order_mark_off_works() {
    let home = home_with("\u{feff}[default]\nregion = \u{feff}x\n".as_bytes());
    let command = without_mark(&home.paths.aws_config).command(crate::format::shell::Shell::Sh).expect("a command");
    assert!(std::process::Command::new("sh").args(["-c", &command]).status().expect("sh runs").success());
    assert_eq!(config(&home), "[default]\nregion = \u{feff}x\n");
}

#[test]
#[cfg(unix)]
fn a_new_file_is_private_and_an_old_one_keeps_its_mode_and_its_symlink() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let home = home();
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert!(matches!(set(&home, "default", "region", "eu-west-1"), Ok(Edited::Changed)));
    assert_eq!(config(&home), "[default]\nregion = eu-west-1\n");
    let path = &home.paths.aws_config;
    assert_eq!((mode(path), mode(path.parent().expect("a folder"))), (0o600, 0o700));

    let real = path.with_file_name("dotfiles");
    fs::rename(path, &real).expect("moved");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).expect("mode set");
    symlink("dotfiles", path).expect("linked");
    assert!(matches!(set(&home, "dev", "region", "x"), Ok(Edited::Changed)));
    assert_eq!(mode(&real), 0o644);
    assert!(path.is_symlink());
    assert_eq!(fs::read_to_string(&real).expect("readable"), config(&home));
}

#[test]
fn an_edit_that_changes_nothing_writes_nothing() {
    let home = home_with(b"[default]\r\nregion = x # y");
    let before = fs::metadata(&home.paths.aws_config).expect("there").modified().expect("known");
    assert!(matches!(set(&home, "default", "region", "x"), Ok(Edited::Unchanged)));
    assert_eq!(fs::metadata(&home.paths.aws_config).expect("there").modified().expect("known"), before);
    assert!(matches!(set(&home, "default", "region", "a\nb"), Err(EditFailure::Edit(_))));
    assert_eq!(config(&home), "[default]\r\nregion = x # y");
}

#[test]
fn a_write_of_another_program_between_reading_and_replacing_is_kept() {
    let home = home_with(b"[default]\n");
    let mut calls = 0;
    let edited = edit(
        &home.paths,
        AwsFile::Config,
        |_| {},
        |document| {
            calls += 1;
            if calls == 1 {
                fs::write(&home.paths.aws_config, "[default]\noutput = json\n").expect("written");
            }
            document.set(SectionName::Profile("default"), "region", "x")
        },
    );
    assert!(matches!(edited, Ok(Edited::Changed)));
    assert_eq!((calls, config(&home).as_str()), (2, "[default]\noutput = json\nregion = x\n"));

    let edited = edit(
        &home.paths,
        AwsFile::Config,
        |_| {},
        |document| {
            calls += 1;
            fs::write(&home.paths.aws_config, format!("[default]\noutput = {calls}\n")).expect("written");
            document.set(SectionName::Profile("default"), "region", "y")
        },
    );
    assert!(matches!(edited, Err(EditFailure::KeepsChanging(_))));
}

#[test]
fn edits_of_many_at_once_are_all_there() {
    let home = home_with(b"[default]\n");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let home = &home;
            scope.spawn(move || {
                for m in 0..5 {
                    assert!(matches!(set(home, &format!("p{n}"), &format!("k{m}"), "x"), Ok(Edited::Changed)));
                }
            });
        }
    });
    let files = load(&home.paths).expect("parses");
    let profiles = files.profiles();
    assert_eq!(profiles.names().count(), 9);
    for n in 0..8 {
        assert_eq!(profiles.get(&format!("p{n}")).expect("there").settings().count(), 5);
    }
    let leftovers = fs::read_dir(home.paths.aws_config.parent().expect("a folder")).expect("listed").count();
    assert_eq!(leftovers, 1, "neither lock nor temporary files lie beside the AWS file");
}

/// Names the folder that [`edits_until_killed`] works in.
#[cfg(unix)]
const KILLED_IN: &str = "KEYFOB_TEST_KILLED_IN";

#[test]
#[cfg(unix)]
#[ignore = "the process that `a_kill_leaves_a_whole_file_and_a_free_lock` kills"]
fn edits_until_killed() {
    let env = crate::sys::env::Environment::of_process();
    let folder = env.get(KILLED_IN).expect("set by the test that kills it");
    for n in 0.. {
        let set = |document: &mut Document| document.set(SectionName::Profile("p"), "count", &n.to_string());
        let edited = edit(&paths_in(Path::new(folder)), AwsFile::Config, |_| {}, set);
        assert!(matches!(edited, Ok(Edited::Changed | Edited::Unchanged)));
    }
}

#[test]
#[cfg(unix)]
fn a_kill_leaves_a_whole_file_and_a_free_lock() {
    use std::process::{Command, Stdio};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let paths = paths_in(folder.path());
    fs::create_dir(folder.path().join(".aws")).expect("made");
    let filler = "# a line of somebody's\n".repeat(10_000);
    fs::write(&paths.aws_config, &filler).expect("written");
    for round in 0..15 {
        let before = fs::read_to_string(&paths.aws_config).expect("readable");
        let mut child = Command::new(std::env::current_exe().expect("known"))
            .args(["--exact", "config_file::tests::edits_until_killed", "--ignored"])
            .env(KILLED_IN, folder.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("started");
        // Its first edit done, it is killed somewhere in one of the next.
        let limit = std::time::Instant::now() + Duration::from_secs(30);
        while fs::read_to_string(&paths.aws_config).expect("readable") == before {
            assert!(std::time::Instant::now() < limit, "it edits");
        }
        std::thread::sleep(Duration::from_micros(round * 700));
        child.kill().expect("killed");
        assert!(child.wait().expect("ended").code().is_none(), "it ran until it was killed");
        let text = fs::read_to_string(&paths.aws_config).expect("readable");
        let rest = text.strip_prefix(&filler).expect("nothing of the old file is lost");
        let count = rest.strip_prefix("\n[profile p]\ncount = ").expect("nothing else is there");
        assert!(count.strip_suffix('\n').is_some_and(|count| count.parse::<u64>().is_ok()), "{count:?}");
    }
    let set = |document: &mut Document| document.set(SectionName::Profile("p"), "count", "done");
    assert!(matches!(edit(&paths, AwsFile::Config, |_| {}, set), Ok(Edited::Changed)), "the lock is free");
    assert!(fs::read_to_string(&paths.aws_config).expect("readable").ends_with("[profile p]\ncount = done\n"));
}

#[test]
#[cfg(unix)]
fn what_is_no_file_is_left_alone() {
    let mut home = home();
    home.paths.aws_config = "/dev/null".into();
    let paste = to_paste(&home, "left alone");
    assert_eq!(paste.lines, "[profile dev]\nregion = x\n");
    assert!(!home.paths.aws_config.metadata().expect("there").is_file());
    let shown = Error::from(paste).shown();
    assert!(shown.ends_with("hint: add these lines to /dev/null yourself:\n[profile dev]\nregion = x\n"), "{shown}");
}

#[test]
fn the_lines_to_paste_come_also_where_not_even_the_lock_can_be_written() {
    let mut home = home_with(b"[default]\n");
    home.paths.cache = home.paths.aws_config.join("not-a-folder");
    assert_eq!(to_paste(&home, "no lock").lines, "[profile dev]\nregion = x\n");
    let unchanged = edit(&home.paths, AwsFile::Config, |_| {}, |_| Ok(()));
    assert!(matches!(unchanged, Ok(Edited::Unchanged)), "nothing to paste");
    assert_eq!(config(&home), "[default]\n");
}
