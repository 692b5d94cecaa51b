//! The manual, README.md and docs/*.md: its commands are run as they stand, and it names nothing that is not there.

#![allow(clippy::disallowed_methods, reason = "what a page really shows is laid beside it")]

mod command_lines;
mod page;
mod stage;

use std::fmt::Write as _;
use std::fs;

use page::{Page, Piece, Scene, Step, pages};
use stage::{Stage, lines_to_compare};

use crate::support::tools;

impl Scene {
    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Step(step) => Some(step),
            Piece::File { .. } | Piece::Hidden(_) => None,
        })
    }
}

/// Runs the pages of these names. What they really show is left in `target/manual`, to compare with or to copy from.
#[expect(clippy::disallowed_methods, reason = "a file under target, which nothing but a person reads")]
fn run(names: &[&str]) {
    let (mut failures, mut steps, mut skipped) = (String::new(), 0, 0);
    for page in pages().iter().filter(|page| names.iter().any(|name| page.name == *name)) {
        let mut real = String::new();
        for scene in &page.scenes {
            // Each says what it lacks.
            let stage = Stage::set(&scene.name).filter(|stage| scene.needs.iter().all(|need| stage.provide(need)));
            let Some(stage) = stage else {
                skipped += 1;
                continue;
            };
            for (step, (shown, code)) in scene.steps().zip(stage.play(page, scene)) {
                steps += 1;
                let place = format!("{}:{}", page.name, step.line);
                writeln!(real, "{place}\n$ {}\n{shown}", step.command).expect("a String takes all");
                if let Err(difference) = compare(step, &shown, code) {
                    writeln!(failures, "{place}: $ {}\n{difference}\n", step.command).expect("a String takes all");
                }
            }
        }
        let folder = tools::target().join("manual");
        fs::create_dir_all(&folder).expect("a folder under target");
        fs::write(folder.join(page.name.replace('/', "-")), real).expect("a file under target");
    }
    assert!(failures.is_empty(), "\n{failures}");
    assert!(steps + skipped > 0, "{names:?} has no commands");
}

/// A command shows what stands below it, where `…` is anything: in its line, or alone on a line, any number of lines. It
/// succeeds unless an error of keyfob's is shown or the page asks for `$?` next.
fn compare(step: &Step, shown: &str, code: i32) -> Result<(), String> {
    let expected = step.expected.join("\n");
    let pattern: Vec<String> = expected
        .lines()
        .map(|line| if line.trim() == "…" { "...".to_owned() } else { line.replace('…', "[..]") })
        .collect();
    let reports = ["doctor", "keyfob audit", "echo $?"].iter().any(|words| step.command.contains(words));
    let may_fail = expected.contains("keyfob: ") || reports;
    if code != 0 && !may_fail {
        return Err(format!("ended with {code}:\n{shown}"));
    }
    let (shown, pattern) = (lines_to_compare(shown), lines_to_compare(&pattern.join("\n")));
    let same = snapbox::Assert::new().try_eq(None, shown.as_str().into(), pattern.as_str().into());
    same.map(drop).map_err(|difference| difference.to_string())
}

#[test]
fn the_readmes_commands_show_what_it_says() {
    run(&["README.md"]);
}

#[test]
fn the_commands_of_the_pages_about_keys_show_what_they_say() {
    run(&["docs/plaintext-keys.md", "docs/rotation.md", "docs/audit.md", "docs/users.md", "docs/coming-from.md"]);
}

#[test]
fn the_commands_of_the_pages_about_roles_show_what_they_say() {
    run(&["docs/roles-and-mfa.md"]);
}

#[test]
fn the_commands_of_the_page_about_identity_center_show_what_they_say() {
    run(&["docs/identity-center.md"]);
}

#[test]
fn the_commands_of_the_pages_about_machines_show_what_they_say() {
    run(&["docs/machines.md", "docs/sources.md", "docs/uninstalling.md"]);
}

#[test]
fn the_commands_of_the_pages_about_tools_show_what_they_say() {
    run(&["docs/tools.md", "docs/settings.md", "docs/shell.md"]);
}

#[test]
fn the_commands_of_the_page_about_key_stores_show_what_they_say() {
    run(&["docs/stores.md"]);
}

#[test]
fn the_messages_in_troubleshooting_are_shown_as_it_says() {
    run(&["docs/troubleshooting.md"]);
}

#[test]
fn every_console_block_is_run_or_says_above_it_that_it_was_not() {
    let run = include_str!("mod.rs");
    for page in pages() {
        let blocks = page.fences();
        let console = blocks.iter().filter(|fence| fence.language == "console").count();
        assert!(
            console == page.not_run.len() || run.contains(&format!("\"{}\"", page.name)),
            "{} is not run",
            page.name
        );
        for fence in &blocks {
            let place = format!("{}:{}", page.name, fence.line);
            assert!(
                !["", "sh", "bash", "shell"].contains(&fence.language.as_str()),
                "{place}: commands go into `console`"
            );
            let is_console = fence.language == "console";
            assert!(
                is_console || !fence.lines.iter().any(|line| line.starts_with("$ ")),
                "{place}: a command in a file?"
            );
        }
    }
}

#[test]
fn every_link_between_the_pages_leads_somewhere() {
    let pages = pages();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for page in &pages {
        for link in page.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let folder = root.join(&page.name);
            let target = if file.is_empty() { folder } else { folder.parent().expect("a folder").join(file) };
            assert!(target.exists(), "{}: {link}", page.name);
            if !anchor.is_empty() {
                let text = fs::read_to_string(&target).expect("a page");
                let anchors: Vec<String> = text.lines().filter(|line| line.starts_with('#')).map(anchor_of).collect();
                assert!(anchors.iter().any(|there| there == anchor), "{}: {link}: {anchors:?}", page.name);
            }
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} links");
    for page in &pages[1..] {
        assert!(pages[0].text.contains(&format!("]({})", page.name)), "the README leads to {}", page.name);
    }
}

/// What GitHub makes of a heading.
fn anchor_of(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
    text.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
}

/// Every message the page about them names, in the program's own words.
#[test]
fn every_message_in_troubleshooting_is_one_of_the_programs() {
    let page: Page = pages().into_iter().find(|page| page.name == "docs/troubleshooting.md").expect("the page");
    let source = command_lines::source();
    let headings: Vec<&str> = page.text.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    assert!(headings.len() > 20, "{} messages", headings.len());
    let parts = headings.iter().flat_map(|heading| heading.split('…')).map(str::trim).filter(|part| part.len() > 3);
    let unknown: Vec<&str> = parts.filter(|part| !source.contains(part)).collect();
    assert!(unknown.is_empty(), "no message says {unknown:#?}");
}
