//! Tab in the real shells: what is typed half is completed, quoted as the shell needs it, and runs.

use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;
use crate::support::terminal::Terminal;
use crate::support::tools;

/// Names that shells make something of; each region shows which profile a command was run for.
const CONFIG: &str = "[profile work]\nregion = region-of-work\n\
    [profile \"my profile\"]\nregion = region-of-blank\n\
    [profile \"it's\"]\nregion = region-of-quote\n\
    [profile team:prod]\nregion = region-of-colon\n\
    [profile \"dollar$HOME\"]\nregion = region-of-dollar\n\
    [profile \"and&more\"]\nregion = region-of-and\n";

/// A line up to the Tab, what is typed after it, and what running it then shows.
const TYPED: &[(&str, &str, &str)] = &[
    ("keyfob show wo", "", "region-of-work"),
    ("keyfob show my", "", "region-of-blank"),
    ("keyfob show 'my", "", "region-of-blank"),
    ("keyfob show \"it", "", "region-of-quote"),
    ("keyfob show it", "", "region-of-quote"),
    ("keyfob show team:p", "", "region-of-colon"),
    ("keyfob show dol", "", "region-of-dollar"),
    ("keyfob show an", "", "region-of-and"),
    ("keyfob list --na", "", "dollar$HOME"),
    ("keyfob expl", "--help", "how a profile's credentials"),
    ("keyfob profile renam", "--help", "update the references"),
];

fn machine() -> Sandbox {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    sandbox.write(".aws/config", CONFIG);
    sandbox
}

/// How a shell is started, and loads the script that `keyfob completions` prints.
struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
    load: &'static str,
}

const BASH: Shell =
    Shell { program: "bash", arguments: &["--norc", "--noprofile", "-i"], load: "source <(keyfob completions bash)" };
const ZSH: Shell = Shell {
    program: "zsh",
    arguments: &["-f", "-i"],
    load: "mkdir f; keyfob completions zsh > f/_keyfob; fpath=(~/f $fpath); autoload -U compinit; compinit -u -D",
};
const FISH: Shell =
    Shell { program: "fish", arguments: &["--no-config", "-i"], load: "keyfob completions fish | source" };
const ELVISH: Shell =
    Shell { program: "elvish", arguments: &["-norc"], load: "eval (keyfob completions elvish | slurp)" };

#[test]
fn bash_completes_commands_options_and_profiles() {
    completes(&BASH);
}

#[test]
fn zsh_completes_commands_options_and_profiles() {
    completes(&ZSH);
}

#[test]
fn zsh_loads_the_script_by_source_too() {
    completes(&Shell { load: "autoload -U compinit; compinit -u -D; source <(keyfob completions zsh)", ..ZSH });
}

#[test]
fn fish_completes_commands_options_and_profiles() {
    completes(&FISH);
}

#[test]
fn elvish_completes_commands_options_and_profiles() {
    completes(&ELVISH);
}

fn completes(shell: &Shell) {
    let sandbox = machine();
    let Some(mut terminal) = start(shell, &sandbox) else { return };
    for (typed, after, shown) in TYPED {
        // elvish shows a choice even of one where it has to be quoted, and Enter takes it.
        let take = if shell.program == "elvish" && after.is_empty() { "\r" } else { "" };
        terminal.type_keys(&format!("{typed}\t{take}{after}\r"));
        terminal.expect(shown);
        ready(&mut terminal);
    }
    // What comes after `--` is another program's. The line is printed instead of run; in elvish, whose keys differ, this
    // is not tried.
    if shell.program != "elvish" {
        terminal.type_keys("keyfob exec work -- /bin/ech\t");
        terminal.press_ctrl('a');
        terminal.type_keys("/usr/bin/printf '<%s>' \r");
        terminal.expect("<keyfob><exec><work><--></bin/echo>");
        ready(&mut terminal);
    }

    // A keyfob that fails, and says so, is nothing that the line being typed shows.
    std::fs::remove_file(sandbox.path("bin/keyfob")).expect("there");
    sandbox.script("bin/keyfob", "#!/bin/sh\necho noise\necho noise >&2\nexit 1\n");
    terminal.type_keys("keyfob show wo\t");
    terminal.press_ctrl('u');
    terminal.type_keys("echo still''he''re\r");
    let before = terminal.expect("stillhere");
    assert!(!before.contains("noise") && !before.contains("xception"), "{before}");
    terminal.type_keys("exit\r");
    terminal.finish();
}

fn start<'s>(shell: &Shell, sandbox: &'s Sandbox) -> Option<Terminal<'s>> {
    let program = tools::require(shell.program)?;
    let mut terminal = sandbox.program(program, shell.arguments).on_terminal();
    terminal.type_keys(&format!("{}\r", shell.load));
    ready(&mut terminal);
    Some(terminal)
}

/// Waits until all that was typed is done.
fn ready(terminal: &mut Terminal<'_>) {
    terminal.type_keys("echo re''ady\r");
    terminal.expect("ready");
}

#[test]
fn nushell_completes_commands_options_and_profiles() {
    let Some(nu) = tools::require("nu") else { return };
    let sandbox = machine();
    sandbox.write("keyfob.nu", sandbox.keyfob(&["completions", "nu"]).run().ok());
    let complete = |line: &str| -> Vec<String> {
        let script = "source keyfob.nu; $env.LINE | commandline complete | to json -r | print";
        let ran = sandbox.program(&nu, &["--no-config-file", "-c", script]).env("LINE", line).run();
        serde_json::from_str(ran.ok()).unwrap_or_else(|error| panic!("{line}: {error}: {}{}", ran.stdout, ran.stderr))
    };
    let table: [(&str, &[&str]); 8] = [
        ("keyfob expl", &["explain"]),
        ("keyfob show my", &["'my profile'"]),
        ("keyfob show \"it", &["\"it's\""]),
        ("keyfob show dol", &["'dollar$HOME'"]),
        ("keyfob list --na", &["--names"]),
        ("keyfob profile ren", &["rename"]),
        ("keyfob add w --csv keyfob.n", &["keyfob.nu"]),
        ("keyfob show no-such", &[]),
    ];
    for (line, expected) in table {
        assert_eq!(complete(line), expected, "{line}");
    }
    let with_quotes = "source keyfob.nu; keyfob show 'my profile'; keyfob exec --help | ignore; keyfob show work -q";
    let ran = sandbox.program(&nu, &["--no-config-file", "-c", with_quotes]).run();
    assert!(ran.ok().contains("region-of-blank") && ran.stdout.contains("region-of-work"), "{}", ran.stdout);
}

#[test]
fn powershells_script_parses() {
    let Some(python) = tools::require("python") else { return };
    let script = "import sys, tree_sitter, tree_sitter_powershell as p\n\
        root = tree_sitter.Parser(tree_sitter.Language(p.language())).parse(sys.stdin.buffer.read()).root_node\n\
        sys.exit('cannot be parsed: ' + str(root) if root.has_error else 0)";
    let sandbox = machine();
    let text = sandbox.keyfob(&["completions", "powershell"]).run();
    sandbox.program(&python, &["-c", script]).stdin(text.ok()).run().ok();
}

#[test]
fn whoever_has_no_home_or_a_broken_file_still_gets_commands_and_options_and_no_error() {
    let sandbox = machine();
    let words = |broken: bool, typed: &[&str]| {
        let all = [&["complete-words", "fish", "keyfob"], typed].concat();
        let mut asked = sandbox.keyfob(&all);
        if !broken {
            for name in ["HOME", "KEYFOB_DATA_DIR", "KEYFOB_CONFIG", "KEYFOB_CACHE_DIR"] {
                asked = asked.without_env(name);
            }
        }
        let ran = asked.run();
        assert_eq!(ran.stderr, "");
        ran.ok().to_owned()
    };
    sandbox.write(".aws/config", "[profile broken\n");
    sandbox.write("keyfob/config.toml", "= broken");
    for broken in [true, false] {
        assert!(words(broken, &["expl"]).starts_with("values\nexplain\t"));
        assert!(words(broken, &["list", "--js"]).starts_with("values\n--json\t"));
        assert_eq!(words(broken, &["show", ""]), "values\n");
    }
    let nothing = sandbox.keyfob(&["complete-words"]).run();
    assert_eq!((nothing.ok(), &*nothing.stderr), ("", ""));
}
