use super::*;

fn after(words: &[&str]) -> Next {
    let words: Vec<String> = std::iter::once(&"keyfob").chain(words).map(|word| (*word).to_owned()).collect();
    next(&words, &Environment::from_pairs([]))
}

fn words_after(words: &[&str]) -> Vec<String> {
    match after(words) {
        Next::Values(values) => values.into_iter().map(|value| value.word).collect(),
        other => panic!("{words:?}: {other:?}"),
    }
}

#[test]
fn the_tree_is_offered_word_by_word() {
    let table: [(&[&str], &[&str]); 14] = [
        (&["ex"], &["explain", "export", "exec"]),
        (&["-q", "mfa", "re"], &["remove", "resync"]),
        (&["profile", "ren"], &["rename"]),
        (&["add", "work", "--cs"], &["--csv"]),
        (&["--backend", "v"], &["vault"]),
        (&["env", "--shell=ba"], &["--shell=bash"]),
        (&["completions", "n"], &["nu"]),
        (&["profile", "set", "work", "mfa_s"], &["mfa_serial"]),
        (&["profile", "add", "work", "role_a"], &["role_arn="]),
        (&["audit", "--only", "root-m"], &["root-mfa"]),
        (&["user", "remove", ""], &[]),
        (&["user", "create", "bob", "--to", ""], &[]),
        (&["store", "move", "work", "--to", "pa"], &["pass"]),
        (&["bogus", "x"], &[]),
    ];
    for (typed, expected) in table {
        assert_eq!(words_after(typed), expected, "{typed:?}");
    }
    assert!(words_after(&["add", ""]).is_empty(), "no home, no names, and no options unless asked for");
    assert!(words_after(&["add", "-"]).contains(&"--csv".to_owned()));
}

#[test]
fn sessions_are_offered_where_one_can_be_meant() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let config = home.path().join("config");
    crate::sys::files::replace(&config, b"[profile work]\n[sso-session corp]\n[sso-session other]\n").expect("written");
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let [folder, config] = [path(home.path()), path(&config)];
    let env = Environment::from_pairs([("HOME", folder.as_str()), ("AWS_CONFIG_FILE", &config)]);
    let offered = |words: &[&str]| {
        let words: Vec<String> = std::iter::once(&"keyfob").chain(words).map(|word| (*word).to_owned()).collect();
        match next(&words, &env) {
            Next::Values(values) => values.into_iter().map(|value| value.word).collect::<Vec<_>>(),
            other => panic!("{words:?}: {other:?}"),
        }
    };
    for command in ["login", "logout"] {
        assert_eq!(offered(&[command, ""]), ["corp", "other", "work"], "{command}");
    }
    for command in ["profiles", "accounts"] {
        assert_eq!(offered(&["sso", command, ""]), ["corp", "other"], "{command}");
    }
    assert_eq!(offered(&["show", ""]), ["work"]);
}

#[test]
fn no_name_with_characters_that_steer_or_deceive_is_offered() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let (config, settings) = (home.path().join("config"), home.path().join("config.toml"));
    let (mut sections, mut stores) = ("[profile fine]\n[sso-session fine]\n".to_owned(), "[stores.fine]\ncommand = \"x\"\n".to_owned());
    // C0, DEL, C1, zero width, bidirectional, a tag, a line separator.
    for letter in "\u{1}\u{7}\u{8}\u{1b}\u{7f}\u{85}\u{9b}\u{200b}\u{200d}\u{2060}\u{feff}\u{202e}\u{2066}\u{200f}\u{e0041}\u{2028}".chars() {
        sections += &format!("[profile fi{letter}ne]\n[sso-session fi{letter}ne]\n");
        stores += &format!("[stores.\"fi\\u{:04X}ne\"]\ncommand = \"x\"\n", u32::from(letter));
    }
    let stores = stores.replace("\\uE0041", "\\U000E0041");
    crate::sys::files::replace(&config, sections.as_bytes()).expect("written");
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let (folder, config, settings_path) = (path(home.path()), path(&config), path(&settings));
    let env = Environment::from_pairs([
        ("HOME", folder.as_str()),
        ("AWS_CONFIG_FILE", &config),
        ("KEYFOB_CONFIG", &settings_path),
    ]);
    for (text, typed) in [("", "show"), ("", "login"), ("", "kf"), (&*stores, "store check"), (&*stores, "show")] {
        crate::sys::files::replace(&settings, text.as_bytes()).expect("written");
        let line = if typed == "kf" { "kf fi".to_owned() } else { format!("keyfob {typed} fi") };
        let words = line.split(' ').map(str::to_owned);
        for shell in ["fish", "zsh", "elvish", "nu"] {
            let asked: Vec<String> = std::iter::once(shell.to_owned()).chain(words.clone()).collect();
            let said = answer(&asked, &env);
            let offered: Vec<&str> = said.lines().skip(1).map(|line| line.trim_end()).collect();
            if typed != "store check" {
                assert_eq!(offered[0], "fine", "{shell}: {line}");
            }
            assert!(offered.iter().all(|word| *word == "fine"), "{shell}: {line}: {said:?}");
        }
        let said = answer(&["bash", &line, "fi"].map(str::to_owned), &env);
        assert!(said.lines().skip(1).all(|line| line.trim_end() == "fine"), "{line}: {said:?}");
    }
}

#[test]
fn programs_of_the_settings_are_offered_as_stores() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let settings = home.path().join("config.toml");
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let [folder, file] = [path(home.path()), path(&settings)];
    let env = Environment::from_pairs([("HOME", folder.as_str()), ("KEYFOB_CONFIG", &file)]);
    for (text, expected) in
        [("[stores.team]\ncommand = 'x'\n[stores.op]\nvault = 'y'\n", &["program:team"][..]), ("[stores", &[])]
    {
        crate::sys::files::replace(&settings, text.as_bytes()).expect("written");
        for words in [
            &["add", "work", "--backend", "pro"][..],
            &["store", "move", "work", "--to", "pro"],
            &["store", "check", "pro"],
        ] {
            let words: Vec<String> = std::iter::once(&"keyfob").chain(words).map(|word| (*word).to_owned()).collect();
            let Next::Values(values) = next(&words, &env) else { panic!("{words:?}") };
            assert_eq!(values.iter().map(|value| &*value.word).collect::<Vec<_>>(), expected, "{words:?}");
        }
    }
}

#[test]
fn what_the_shell_knows_better_is_left_to_it() {
    assert_eq!(after(&["add", "work", "--csv", ""]), Next::Files);
    assert_eq!(after(&["add", "work", "--csv=Down"]), Next::Files);
    assert_eq!(after(&["vault", "identity", "x"]), Next::Files);
    assert_eq!(after(&["man", ""]), Next::Folders);
    assert_eq!(after(&["exec", "work", "--", ""]), Next::Command(4));
    assert_eq!(after(&["-v", "exec", "--", "terraform", "pl"]), Next::Command(4));
}

#[test]
fn every_argument_that_is_a_profile_has_names_to_offer() {
    let tree = candidates::attach(command(), &Environment::from_pairs([]));
    let mut without = Vec::new();
    visit(&tree, &mut |command| {
        for argument in command.get_arguments() {
            let names = argument.get_value_names().unwrap_or_default();
            let is_profile = names.iter().any(|name| matches!(name.as_str(), "PROFILE" | "OLD"));
            if is_profile && argument.get::<engine::ArgValueCandidates>().is_none() {
                without.push(format!("{} {}", command.get_name(), argument.get_id()));
            }
        }
    });
    assert_eq!(without, ["add profile", "create profile", "accept profile"], "each of them is a new name");
}

fn visit(command: &clap::Command, see: &mut impl FnMut(&clap::Command)) {
    see(command);
    command.get_subcommands().for_each(|sub| visit(sub, see));
}
