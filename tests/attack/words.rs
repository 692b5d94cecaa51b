//! Hostile words: as arguments, and as values that a shell evaluates.

use super::{Figures, HOSTILE, Random, judge, nothing_was_run};
use crate::responses::scene_without_codes;
use crate::support::tools;

const COMMANDS: [&[&str]; 18] = [
    &["add"],
    &["show"],
    &["explain"],
    &["credential-process"],
    &["env"],
    &["exec"],
    &["clear"],
    &["remove"],
    &["rotate"],
    &["link"],
    &["profile", "add"],
    &["profile", "set"],
    &["profile", "copy"],
    &["profile", "rename"],
    &["mfa", "code"],
    &["mfa", "add"],
    &["export"],
    &["completions"],
];

const OPTIONS: [&str; 14] = [
    "--yes", "--json", "--region", "--mfa-code", "--duration", "--min-ttl", "--shell", "--serial", "--backend",
    "--with", "--delete-other", "--no-session", "-v", "--",
];

pub(super) fn of_arguments(random: &mut Random, figures: &mut Figures) {
    let scene = scene_without_codes();
    // The secret itself, too: it is refused, and not repeated.
    let secret = scene.key.secret.clone();
    for _ in 0..25 {
        let mut words: Vec<String> = random.pick(&COMMANDS).iter().map(|word| (*word).to_owned()).collect();
        for _ in 0..random.below(5) {
            words.push(match random.below(5) {
                0 => random.pick(&OPTIONS).to_owned(),
                1 => random.pick(&["bob", "plain", "work", "nobody"]).to_owned(),
                2 => secret.clone(),
                3 => random.pick(&HOSTILE).repeat(1 + random.below(200)).replace('\0', "?"),
                // The system refuses a NUL before keyfob sees it.
                _ => random.pick(&HOSTILE).replace('\0', "?"),
            });
        }
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let ran = scene.sandbox.keyfob(&words).shows(crate::support::leaks::Shows::Keys).run();
        // A command that `exec` runs may be what does so.
        if words[0] != "exec" {
            judge(&ran, false, figures);
            nothing_was_run(&scene);
        }
    }
}

pub(super) fn of_values(random: &mut Random, figures: &mut Figures) {
    let scene = scene_without_codes();
    let before = scene.sandbox.read(".aws/config");
    for _ in 0..8 {
        let value = random.pick(&HOSTILE).replace(['\n', '\r', '\0'], " ");
        let setting = random.pick(&["region", "ca_bundle", "sts_regional_endpoints", "role_session_name"]);
        scene.sandbox.write(".aws/config", &format!("{before}\n[profile hostile{value}]\nrole_arn = x\n"));
        scene.append(&format!("[profile eval]\n{setting} = {value}\nsource_profile = bob\nregion = {value}\n"));
        scene.append(&format!("role_arn = {}\n", scene.aws.role("plain").arn()));
        for shell in ["sh", "bash", "zsh"] {
            let Some(program) = tools::find(shell) else { continue };
            let syntax = if shell == "sh" { "bash" } else { shell };
            for profile in ["eval".to_owned(), format!("hostile{value}"), value.clone()] {
                let ran = scene.sandbox.keyfob(&["env", "--shell", syntax, "--", &profile]).run();
                judge(&ran, false, figures);
                let run = scene.sandbox.program(&program, &["-c", "eval \"$LINES_TO_EVAL\""]);
                run.env("LINES_TO_EVAL", &ran.stdout).run();
                nothing_was_run(&scene);
            }
        }
    }
}
