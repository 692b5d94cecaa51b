//! `hook` and `prompt`: the function `kf` in the real shells, on a terminal.

use std::fs;

use crate::scene::Scene;
use crate::support::run::Invocation;
use crate::support::terminal::Terminal;
use crate::support::tools;

/// How a shell is started, and loads the function.
pub struct Shell {
    program: &'static str,
    arguments: &'static [&'static str],
    load: &'static str,
}

pub const BASH: Shell =
    Shell { program: "bash", arguments: &["--norc", "--noprofile", "-i"], load: r#"eval "$(keyfob hook bash)""# };
const ZSH: Shell = Shell {
    program: "zsh",
    arguments: &["-f", "-i"],
    load: r#"autoload -U compinit; compinit -u -D; eval "$(keyfob hook zsh)""#,
};
// fish's own prompt runs git.
const FISH: Shell = Shell {
    program: "fish",
    arguments: &["--no-config", "-i"],
    load: "function fish_prompt; echo '> '; end; keyfob hook fish | source",
};
const ELVISH: Shell = Shell { program: "elvish", arguments: &["-norc"], load: "eval (keyfob hook elvish | slurp)" };

/// nushell asks its terminal where the cursor is, and so is not tried on one.
const SHELLS: [&Shell; 4] = [&BASH, &ZSH, &FISH, &ELVISH];

/// In the place of keyfob: writes down each call, runs keyfob at the time that `clock` sets, and with `due-now` says that the
/// credentials are due.
const COUNTED: &str = r#"#!/bin/sh
echo "$*" >> "$HOME/calls"
[ ! -f "$HOME/clock" ] || . "$HOME/clock"
[ -f "$HOME/due-now" ] || exec "$HOME/bin/keyfob" "$@"
out=$("$HOME/bin/keyfob" "$@")
code=$?
printf '%s\n' "$out" | sed 's/\(due[^0-9A-Za-z]\{1,3\}\)[0-9]\{10,\}/\11/'
exit $code
"#;

/// Says which profile the shell is in, and keeps a digest of all it exports of AWS's and keyfob's variables.
const TELL: &str = "#!/bin/sh\nenv | grep -E '^(AWS|KEYFOB)' | sort | sha256sum > \"$HOME/$1\"\n\
    echo \"told ${KEYFOB_PROFILE-nobody}\"\n";

pub fn scene() -> Scene {
    let scene = Scene::new();
    scene.warm();
    scene.sandbox.script("counted/keyfob", COUNTED);
    scene.sandbox.script("bin/tell", TELL);
    scene.sandbox.write("kf.nu", scene.sandbox.keyfob(&["hook", "nu"]).run().ok());
    scene
}

/// The shell with the function loaded, and variables that the user has set: one empty, one not.
pub fn started<'s>(scene: &'s Scene, shell: &Shell) -> Option<Terminal<'s>> {
    let program = tools::require(shell.program)?;
    Some(loaded(scene.sandbox.program(program, shell.arguments), scene, shell))
}

fn loaded<'s>(shell_run: Invocation<'s>, scene: &'s Scene, shell: &Shell) -> Terminal<'s> {
    let path = format!(
        "{}:{}",
        scene.sandbox.path("counted").display(),
        scene.sandbox.env()[std::ffi::OsStr::new("PATH")].to_string_lossy()
    );
    let run = shell_run.env("PATH", path).env("AWS_PROFILE", "").env("AWS_REGION", "us-east-1");
    let mut terminal = run.on_terminal();
    terminal.type_keys(&format!("{}\r", shell.load));
    ready(&mut terminal);
    terminal
}

/// Waits until all that was typed is done; what was shown meanwhile.
pub fn ready(terminal: &mut Terminal<'_>) -> String {
    terminal.type_keys("echo re''ady\r");
    terminal.expect("ready")
}

pub fn line(terminal: &mut Terminal<'_>, line: &str, shown: &str) {
    terminal.type_keys(&format!("{line}\r"));
    terminal.expect(shown);
    ready(terminal);
}

/// What says nothing that is waited for.
pub fn quiet(terminal: &mut Terminal<'_>, line: &str) {
    terminal.type_keys(&format!("{line}\r"));
    ready(terminal);
}

pub fn leave(mut terminal: Terminal<'_>) {
    terminal.type_keys("exit\r");
    terminal.finish();
}

fn calls(scene: &Scene) -> usize {
    scene.sandbox.read("calls").lines().count()
}

#[track_caller]
fn switches_and_restores(shell: &Shell) {
    let scene = scene();
    let Some(mut terminal) = started(&scene, shell) else { return };
    line(&mut terminal, "tell before", "told nobody");
    line(&mut terminal, "kf -", "there is no previous profile");
    line(&mut terminal, "kf deploy", "`deploy` in account 111122223333, until ");
    line(&mut terminal, "kf -", "no profile was in use before; restored what was there");
    line(&mut terminal, "tell first", "told nobody");
    line(&mut terminal, "kf -", "`deploy` in account");
    line(&mut terminal, "tell a", "told deploy");
    line(&mut terminal, "kf audit --region eu-west-3", "`audit` in account 444455556666");
    line(&mut terminal, "tell audit", "told audit");
    line(&mut terminal, "kf -", "`deploy` in account");
    line(&mut terminal, "tell a", "told deploy");
    line(&mut terminal, "kf -", "`audit` in account");
    line(&mut terminal, "tell again", "told audit");
    line(&mut terminal, "kf nobody", "there is no profile `nobody`");
    line(&mut terminal, "tell a", "told audit");
    line(&mut terminal, "kf deploy --help", "unexpected argument '--help'");
    line(&mut terminal, "kf -c deploy", "open the AWS console: `keyfob console deploy`");
    line(&mut terminal, "kf list", "`kf` switches to a profile, and there is no profile `list`");
    quiet(&mut terminal, "kf off");
    line(&mut terminal, "tell after", "told nobody");
    line(&mut terminal, "kf -", "`audit` in account");
    quiet(&mut terminal, "kf off");
    line(&mut terminal, "tell at-last", "told nobody");
    leave(terminal);
    let told = |name: &str| scene.sandbox.read(name);
    assert_eq!(told("before"), told("after"), "an empty variable is still empty, an unset one unset");
    assert_eq!((told("before"), told("before")), (told("first"), told("at-last")));
    assert_eq!(told("audit"), told("again"), "its options went with it");
    assert_ne!(told("before"), told("audit"));
}

#[test]
fn bash_switches_and_restores_exactly_what_was_there() {
    switches_and_restores(&BASH);
}

#[test]
fn zsh_switches_and_restores_exactly_what_was_there() {
    switches_and_restores(&ZSH);
}

#[test]
fn fish_switches_and_restores_exactly_what_was_there() {
    switches_and_restores(&FISH);
}

#[test]
fn elvish_switches_and_restores_exactly_what_was_there() {
    switches_and_restores(&ELVISH);
}

/// Runs a script of nushell's, with the function; what it prints, and what keyfob says.
fn in_nushell(scene: &Scene, script: &str) -> Option<(String, String)> {
    let nu = tools::require("nu")?;
    let file = scene.sandbox.write("script.nu", &format!("source kf.nu\n{script}"));
    let path = scene.sandbox.env()[std::ffi::OsStr::new("PATH")].to_string_lossy().into_owned();
    let path = format!("{}:{path}", scene.sandbox.path("counted").display());
    let run = scene.sandbox.program(&nu, &["--no-config-file", file.to_str().expect("UTF-8")]);
    let ran = run.env("PATH", path).env("AWS_PROFILE", "").env("AWS_REGION", "us-east-1").run();
    Some((ran.ok().to_owned(), ran.stderr))
}

#[test]
fn nushell_switches_and_restores_exactly_what_was_there() {
    let scene = scene();
    let script = "tell before; try { kf - } catch { print none }; kf deploy; kf -; tell first; kf -; tell a; kf audit --region eu-west-3; tell audit; kf -; tell a; kf -; tell again\n\
        try { kf nobody } catch { print failed }; tell a; kf off; tell after; kf -; kf off; tell at-last";
    let Some((told, said)) = in_nushell(&scene, script) else { return };
    let expected = "nobody none nobody deploy audit deploy audit failed audit nobody nobody";
    assert_eq!(told.replace("told ", "").split_whitespace().collect::<Vec<_>>().join(" "), expected);
    assert!(said.contains("there is no profile `nobody`"), "{said}");
    assert_eq!(said.matches("kf: no profile was in use before").count(), 1, "{said}");
    let told = |name: &str| scene.sandbox.read(name);
    assert_eq!((told("before"), told("before")), (told("after"), told("at-last")));
    assert_eq!(told("audit"), told("again"));
}

#[test]
fn nushell_runs_keyfob_only_inside_the_renewal_window_and_says_once_that_it_needs_a_code() {
    let Some(library) = tools::faketime_library() else { return };
    let scene = scene();
    let script = "kf deploy\nfor _ in 1..3 { do --env $env.config.hooks.pre_prompt.0 }; tell a\n";
    let Some((told, _)) = in_nushell(&scene, script) else { return };
    assert_eq!((told.trim(), calls(&scene)), ("told deploy", 1));
    scene.sandbox.write("due-now", "");
    let (_, said) = in_nushell(&scene, script).expect("nushell");
    assert_eq!((calls(&scene), &*said), (5, &*said));
    assert!(!said.contains("cannot be renewed"), "{said}");
    let clock = format!("export LD_PRELOAD={} FAKETIME=+86400 NO_FAKE_STAT=1", library.display());
    scene.aws.advance(86_400);
    let script = script.replacen('\n', &format!("\n'{clock}\n' | save -f clock\n"), 1);
    scene.credential_process_with_code("deploy", &scene.phone.code());
    let (told, said) = in_nushell(&scene, &script).expect("nushell");
    assert_eq!(said.matches("cannot be renewed without an MFA code").count(), 1, "{said}");
    assert_eq!(told.trim(), "told deploy");
}

#[test]
fn before_each_prompt_keyfob_runs_only_inside_the_renewal_window_and_says_once_that_it_needs_a_code() {
    let Some(library) = tools::faketime_library() else { return };
    for shell in SHELLS {
        let scene = scene();
        let Some(mut terminal) = started(&scene, shell) else { continue };
        line(&mut terminal, "kf deploy", "`deploy` in account");
        let switched = calls(&scene);
        (0..3).for_each(|_| drop(ready(&mut terminal)));
        assert_eq!(calls(&scene), switched, "{}: nothing runs before the time", shell.program);

        // Due: it is looked up once, and then not again before the next time.
        scene.sandbox.write("due-now", "");
        line(&mut terminal, "kf audit", "`audit` in account");
        fs::remove_file(scene.sandbox.path("due-now")).expect("there");
        (0..2).for_each(|_| drop(ready(&mut terminal)));
        assert!(scene.sandbox.read("calls").contains("renew"), "{}", shell.program);
        let at = calls(&scene);
        (0..3).for_each(|_| drop(ready(&mut terminal)));
        assert_eq!(calls(&scene), at, "{}", shell.program);

        // A day later all sessions have ended.
        let clock = format!("export LD_PRELOAD={} FAKETIME=+86400 NO_FAKE_STAT=1\n", library.display());
        scene.sandbox.write("due-now", "");
        line(&mut terminal, "kf deploy", "`deploy` in account");
        scene.aws.advance(86_400);
        scene.sandbox.write("clock", &clock);
        let (before, mut said) = (calls(&scene), String::new());
        (0..4).for_each(|_| said += &ready(&mut terminal));
        let (at, hints) = (said.matches("cannot be renewed without an MFA code").count(), said.matches("kf deploy"));
        assert_eq!((at, hints.count()), (1, 1), "{}: {said}", shell.program);
        assert!(calls(&scene) >= before + 3, "{}: it asks again", shell.program);
        assert!(!said.contains("MFA code for"), "{}: nobody is asked: {said}", shell.program);
        line(&mut terminal, "tell a", "told deploy");
        leave(terminal);
    }
}

#[test]
fn a_renewal_that_fails_is_reported_once_and_one_that_works_replaces_the_credentials() {
    let Some(library) = tools::faketime_library() else { return };
    let scene = scene();
    let Some(mut terminal) = started(&scene, &BASH) else { return };
    scene.sandbox.write("due-now", "");
    line(&mut terminal, "kf audit", "`audit` in account");
    quiet(&mut terminal, "was=$AWS_ACCESS_KEY_ID; __keyfob_due=");
    scene.aws.advance(3000);
    let clock = format!("export LD_PRELOAD={} FAKETIME=+3000 NO_FAKE_STAT=1\n", library.display());
    scene.sandbox.write("clock", &clock);
    scene.aws.faults("AssumeRole", 3, crate::support::aws::Fault::Garbage);
    terminal.type_keys("__keyfob_due=1\r");
    let said: String = (0..3).map(|_| ready(&mut terminal)).collect();
    assert_eq!(said.matches("could not be renewed").count(), 1, "{said}");
    line(&mut terminal, "[ $was = $AWS_ACCESS_KEY_ID ] && echo sa''me", "same");
    // The failure is remembered for a minute.
    scene.aws.advance(120);
    scene.sandbox.write("clock", &clock.replace("3000", "3120"));
    ready(&mut terminal);
    line(&mut terminal, "[ $was = $AWS_ACCESS_KEY_ID ] || echo oth''er", "other");
    leave(terminal);
}

/// Programs that a shell starts, and copies of itself that it makes.
fn processes(trace: &str) -> usize {
    trace.lines().filter(|line| !line.contains("CLONE_THREAD") && !line.contains("resumed")).count()
}

#[test]
fn outside_the_renewal_window_a_prompt_starts_no_process() {
    let Some(strace) = tools::require_strace() else { return };
    for shell in SHELLS {
        let scene = scene();
        let Some(program) = tools::require(shell.program) else { continue };
        let (program, trace) = (program.display().to_string(), scene.sandbox.path("trace").display().to_string());
        let traced =
            ["-f", "-qq", "-o", &trace, "-e", "trace=execve,fork,vfork,clone,clone3", "-e", "signal=none", &program];
        let traced = [&traced[..], shell.arguments].concat();
        let mut terminal = loaded(scene.sandbox.program(&strace, &traced), &scene, shell);
        line(&mut terminal, "kf deploy", "`deploy` in account");
        // What a shell does at its first prompts, for its own ends, is not counted.
        ready(&mut terminal);
        // The traced program's arguments are in it, and none is a secret.
        let before = processes(&scene.sandbox.read("trace"));
        (0..5).for_each(|_| drop(ready(&mut terminal)));
        let after = processes(&scene.sandbox.read("trace"));
        assert!(before > 3, "{}: the trace is there", shell.program);
        assert_eq!(before, after, "{} starts something", shell.program);
        leave(terminal);
    }
}

#[test]
fn an_inner_shell_and_an_inner_exec_have_their_own_and_leave_the_outer_ones() {
    for shell in [&BASH, &ZSH, &FISH] {
        let scene = scene();
        let Some(mut terminal) = started(&scene, shell) else { continue };
        line(&mut terminal, "kf audit", "`audit` in account");
        line(&mut terminal, "tell outer", "told audit");
        line(&mut terminal, "keyfob exec deploy -- tell inner", "told deploy");
        let words = format!("{} {}", shell.program, shell.arguments.join(" "));
        terminal.type_keys(&format!("{words}\r{}\r", shell.load));
        ready(&mut terminal);
        line(&mut terminal, "tell a", "told audit");
        line(&mut terminal, "kf deploy", "`deploy` in account");
        line(&mut terminal, "tell a", "told deploy");
        quiet(&mut terminal, "kf off");
        line(&mut terminal, "tell inside", "told audit");
        quiet(&mut terminal, "kf off");
        line(&mut terminal, "tell a", "told nobody");
        line(&mut terminal, "exit", "exit");
        line(&mut terminal, "tell again", "told audit");
        quiet(&mut terminal, "kf off");
        line(&mut terminal, "tell a", "told nobody");
        leave(terminal);
        let told = |name: &str| scene.sandbox.read(name);
        assert_eq!((told("outer"), told("outer")), (told("again"), told("inside")), "{}", shell.program);
    }
}

#[test]
fn strict_shells_and_those_with_hooks_of_their_own_work_too() {
    const STRICT: [(&Shell, &str); 4] = [
        (&BASH, "set -eu; PROMPT_COMMAND='echo mi''ne=$?'; eval \"$(keyfob hook bash)\"; eval \"$(keyfob hook bash)\""),
        (&BASH, "set -u; PROMPT_COMMAND=('echo mi''ne=$?' :); eval \"$(keyfob hook bash)\""),
        (&ZSH, "setopt nounset errexit; precmd() { echo mi''ne=$? }; eval \"$(keyfob hook zsh)\""),
        (&ZSH, "setopt ksh_arrays sh_word_split; precmd() { echo mi''ne=$? }; eval \"$(keyfob hook zsh)\""),
    ];
    for (shell, load) in STRICT {
        let scene = scene();
        let Some(program) = tools::require(shell.program) else { continue };
        let shell = Shell { load, ..*shell };
        let mut terminal = loaded(scene.sandbox.program(program, shell.arguments), &scene, &shell);
        line(&mut terminal, "kf deploy", "mine=0");
        if !load.contains("set -e") && !load.contains("errexit") {
            line(&mut terminal, "(exit 7)", "mine=7");
        }
        scene.sandbox.write("due-now", "");
        line(&mut terminal, "kf audit", "`audit` in account");
        ready(&mut terminal);
        fs::remove_file(scene.sandbox.path("due-now")).expect("there");
        assert!(scene.sandbox.read("calls").contains("renew"), "{load}");
        line(&mut terminal, "kf -", "`deploy` in account");
        quiet(&mut terminal, "kf off; kf off");
        line(&mut terminal, "tell a", "told nobody");
        leave(terminal);
    }
}

#[test]
fn what_is_no_profile_but_a_command_is_answered_with_it() {
    let scene = scene();
    let kf =
        |words: &[&str]| scene.sandbox.keyfob(&[&["hook", "bash", "--step", "switch", "--"], words].concat()).run();
    for (words, said, hint) in [
        (&["list"][..], "there is no profile `list`", "`keyfob list`"),
        (&["login", "deploy"], "there is no profile `login`", "`keyfob login deploy`"),
        (&["console", "deploy", "s3"], "there is no profile `console`", "`keyfob console deploy s3`"),
        (&["exec", "deploy", "make"], "there is no profile `exec`", "`keyfob exec deploy -- make`"),
        (&["help"], "there is no profile `help`", "`keyfob help`"),
        (&["ls"], "there is no profile `ls`", "`keyfob list`"),
        (&["use", "deploy"], "there is no profile `use`", "`kf deploy`"),
        (&["unset"], "there is no profile `unset`", "`kf off`"),
        (&["-l"], "unexpected argument '-l'", "`keyfob list`"),
        (&["-u"], "unexpected argument '-u'", "restore what was there before: `kf off`"),
        (&["-c", "deploy", "-s", "s3"], "unexpected argument '-c'", "`keyfob console deploy s3`"),
        (&["deploy", "--durtion", "1h"], "unexpected argument '--durtion'", "`kf deploy --duration 1h`"),
        (&["--profile", "deploy"], "unexpected argument '--profile'", "`kf deploy`"),
    ] {
        let ran = kf(words);
        let shown = ran.ends_with(2);
        assert!(shown.contains(said) && shown.contains(hint) && ran.stdout.is_empty(), "{words:?}: {shown}");
    }
    // What is nearly a profile's name may be that too.
    scene.sandbox.keyfob(&["profile", "copy", "audit", "web-audit"]).run().ok();
    let shown = kf(&["web"]);
    let shown = shown.ends_with(2);
    assert!(shown.contains("`keyfob console PROFILE`") && shown.contains("`kf web-audit`"), "{shown}");
    // A profile that is called so is switched to.
    scene.sandbox.keyfob(&["profile", "rename", "audit", "list"]).run().ok();
    assert!(kf(&["list"]).ends_with(0).contains("`list` in account"));
}

#[test]
fn the_words_of_the_function_are_completed() {
    for shell in [&BASH, &ZSH, &FISH, &ELVISH] {
        let scene = scene();
        let Some(mut terminal) = started(&scene, shell) else { continue };
        line(&mut terminal, "kf dep\t", "`deploy` in account");
        quiet(&mut terminal, "kf of\t");
        line(&mut terminal, "tell a", "told nobody");
        leave(terminal);
    }
    let Some(nu) = tools::require("nu") else { return };
    let scene = scene();
    let script = "source kf.nu; ['kf dep' 'kf of' 'kf deploy --read'] | each {|it| $it | commandline complete } | to json -r | print";
    let ran = scene.sandbox.program(&nu, &["--no-config-file", "-c", script]).run();
    assert_eq!(ran.ok().trim(), r#"[["deploy"],["off"],["--read-only"]]"#);
}

#[test]
fn without_a_name_the_function_offers_the_profiles_with_their_accounts_and_roles() {
    let scene = scene();
    let Some(mut terminal) = started(&scene, &BASH) else { return };
    line(&mut terminal, "kf deploy", "`deploy` in account");
    terminal.type_keys("kf\r");
    terminal.expect("Profile:");
    terminal.expect("audit   444455556666  audit");
    terminal.type_keys("audit\r");
    terminal.expect("`audit` in account");
    line(&mut terminal, "tell a", "told audit");
    leave(terminal);
}

#[test]
fn what_narrows_a_switch_narrows_what_follows_until_off_and_says_so() {
    let scene = scene();
    let Some(mut terminal) = started(&scene, &BASH) else { return };
    line(&mut terminal, "kf deploy --read-only", "`deploy` in account");
    line(&mut terminal, "echo $KEYFOB_NARROW", "[\"read_only\"]");
    line(&mut terminal, "kf audit", "the credentials are narrowed as those of `deploy` are, until `kf off`");
    line(&mut terminal, "echo $KEYFOB_NARROW", "[\"read_only\"]");
    quiet(&mut terminal, "kf off");
    line(&mut terminal, "echo \"<${KEYFOB_NARROW-}>\"", "<>");
    leave(terminal);
}

#[test]
fn powershells_function_parses_and_a_shell_without_one_is_refused() {
    let scene = scene();
    let text = scene.sandbox.keyfob(&["hook", "powershell"]).run();
    text.ok();
    let refused = scene.sandbox.keyfob(&["hook", "tcsh"]).run();
    let (said, list) = (refused.ends_with(2), "`tcsh` is not a supported shell; expected one of bash, zsh, fish,");
    assert!(said.contains(list) && !said.contains("dotenv"), "{said}");
    let Some(python) = tools::require("python") else { return };
    let script = "import sys, tree_sitter, tree_sitter_powershell as p\n\
        root = tree_sitter.Parser(tree_sitter.Language(p.language())).parse(sys.stdin.buffer.read()).root_node\n\
        sys.exit('cannot be parsed: ' + str(root) if root.has_error else 0)";
    scene.sandbox.program(&python, &["-c", script]).stdin(&text.stdout).run().ok();
}

#[test]
fn printing_the_function_needs_no_home_and_no_sound_settings() {
    let scene = scene();
    scene.sandbox.write("keyfob/config.toml", "= broken");
    scene.sandbox.write(".aws/config", "[profile broken\n");
    let ran = scene.sandbox.keyfob(&["hook", "bash"]).without_env("HOME").run();
    assert!(ran.ok().contains("kf() {"));
}

#[test]
fn the_prompts_segment_tells_profile_account_and_time_and_is_red_near_the_end() {
    let mut scene = scene();
    let prompt = |scene: &Scene, shell: &[&str]| {
        let words = [&["exec", "deploy", "--", "keyfob", "prompt"], shell].concat();
        scene.sandbox.keyfob(&words).run().ok().to_owned()
    };
    let plain = prompt(&scene, &[]);
    let (who, left) = plain.split_at("deploy 111122223333 ".len());
    assert_eq!(who, "deploy 111122223333 ");
    assert!(left == "1h 0m" || left == "59m", "{plain:?}");
    assert_eq!(scene.sandbox.keyfob(&["prompt"]).run().ok(), "", "no profile is in use");
    // The profile that a variable names, and what is cached for it.
    let of_variable = |name: &str| scene.sandbox.keyfob(&["prompt"]).env("AWS_PROFILE", name).run();
    assert!(of_variable("audit").ok().starts_with("audit 444455556666 "), "{}", of_variable("audit").stdout);
    assert_eq!(of_variable("nobody").ok(), "nobody");
    scene.sandbox.write(".aws/config.bak", &scene.sandbox.read(".aws/config"));
    let broken =
        scene.sandbox.keyfob(&["prompt"]).env("AWS_PROFILE", "audit").env("AWS_CONFIG_FILE", "/dev/full").run();
    assert_eq!((broken.ok(), &*broken.stderr), ("audit", ""), "a prompt is no place for errors");
    let served = scene.sandbox.keyfob(&["exec", "audit", "--server", "--", "keyfob", "prompt"]).run();
    assert_eq!(served.ok(), "audit 444455556666");

    let lines = scene.sandbox.keyfob(&["env", "deploy", "--shell", "sh"]).run().ok().to_owned();
    let Some(()) = scene.sandbox.pass_time(3100) else { return };
    let late = |shell: &str| {
        let script = format!("{lines}\nkeyfob prompt{shell}");
        scene.sandbox.program("/bin/sh", &["-c", &script]).run().ok().to_owned()
    };
    let text = late("").replace("\x1b[31m", "<").replace("\x1b[0m", ">");
    assert!(text.starts_with("<deploy 111122223333 ") && text.ends_with("m>"), "{text:?}");
    assert!(late(" --shell zsh").starts_with("%F{red}deploy"));
    assert!(late(" --shell bash").starts_with("\x01\x1b[31m\x02deploy"));
    assert!(late("; NO_COLOR=1 keyfob prompt").contains("deploy 111122223333"));
}

#[test]
fn a_prompt_reads_each_file_once_at_most_and_opens_no_socket() {
    let Some(strace) = tools::require_strace() else { return };
    let scene = scene();
    let traced = ["-f", "-qq", "-o", "trace", "-e", "trace=openat,socket,clone,clone3,vfork,fork", "keyfob", "prompt"];
    let ran = scene.sandbox.program(&strace, &traced).env("AWS_PROFILE", "audit").run();
    assert!(ran.ok().starts_with("audit 444455556666 "), "{}", ran.stdout);
    let trace = scene.sandbox.read("trace");
    for call in ["socket(", "clone(", "clone3(", "fork("] {
        assert!(!trace.contains(call), "{call}: {trace}");
    }
    for file in ["/.aws/config", "/.aws/credentials", "index.json", "config.toml", "vault.age"] {
        let times = trace.lines().filter(|line| line.contains(file)).count();
        assert!(times <= 1, "{file} is opened {times} times: {trace}");
    }
}
