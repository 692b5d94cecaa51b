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
    let config = home.path().join("config");
    // C0, DEL, C1, zero width, bidirectional, a tag, a line separator.
    let letters = "\u{1}\u{7}\u{8}\u{1b}\u{7f}\u{85}\u{9b}\u{200b}\u{200d}\u{2060}\u{feff}\u{202e}\u{2066}\u{200f}\u{e0041}\u{2028}";
    let names = letters.chars().map(|letter| format!("fi{letter}ne")).chain(["fine".to_owned()]);
    let text: String = names.map(|name| format!("[profile {name}]\n[sso-session {name}]\n")).collect();
    crate::sys::files::replace(&config, text.as_bytes()).expect("written");
    let path = |path: &std::path::Path| path.to_str().expect("UTF-8").to_owned();
    let [folder, config] = [path(home.path()), path(&config)];
    let env = Environment::from_pairs([("HOME", folder.as_str()), ("AWS_CONFIG_FILE", &config)]);
    // A profile and a session of that name are two.
    let only_fine = |said: &str| {
        let mut words: Vec<&str> = said.lines().map(str::trim_end).collect();
        words.dedup();
        assert_eq!(words, ["values", "fine"], "{said:?}");
    };
    for line in ["keyfob show fi", "keyfob login fi", "keyfob sso profiles fi", "kf fi"] {
        let words: Vec<&str> = line.split(' ').collect();
        let count = words.len().to_string();
        for asked in [&["fish"][..], &["zsh"], &["elvish"], &["nu"], &["powershell", &count]] {
            let asked: Vec<String> = asked.iter().chain(&words).map(|word| (*word).to_owned()).collect();
            only_fine(&answer(&asked, &env));
        }
        let of_bash = ["bash", line, "fi"].map(str::to_owned);
        only_fine(&answer(&of_bash, &env));
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
