//! `audit`: the table of an account, its findings, and the summary of several.

use crate::audit::check::Check;
use crate::credentials::short_id;
use crate::format::harmless::{harmless, is_deceptive, one_line};
use crate::format::shell::Shell;
use crate::mask;
use crate::ops::audit::{Audit, CheckOutcome, Counts, Failing, Status};
use crate::timestamp::Timestamp;
use crate::view::list::length;
use crate::view::table::Table;

/// How many resources of a check are shown; JSON and CSV have all.
const SHOWN: usize = 20;

/// One account: a table of its checks, then what fails and what is not known.
pub fn text(audit: &Audit, cis: &str, shell: Shell, now: Timestamp) -> String {
    let rows = audit.checks.iter().map(|line| {
        let status = if line.status == Status::Fail { "FAIL" } else { line.status.word() };
        let number = line.cis.get(cis).copied().unwrap_or("-");
        [status.to_owned(), line.id.to_owned(), number.to_owned(), line.title.to_owned()]
    });
    let Audit { profile, account, arn, .. } = audit;
    let mut text = one_line(&format!("account {account}, as {arn} (profile `{profile}`)")) + "\n";
    if let Some(generated) = audit.checks.iter().filter_map(|line| line.as_of).min() {
        let age = now.seconds_since(generated);
        if age >= 60 {
            text += &format!("the credential report is from {generated}, {} ago\n", length(age));
        }
    }
    text += &format!("\n{}", Table::new(["STATUS", "CHECK", &format!("CIS {cis}"), "REQUIREMENT"], rows));
    for line in audit.checks.iter().filter(|line| line.status == Status::Fail) {
        text += &format!("\n{}: {}\n  why: {}\n", line.id, count(line.resources.len()), line.why);
        for failing in line.resources.iter().take(SHOWN) {
            text += &resource(failing, shell);
        }
        if let Some(more) = line.resources.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            text += &format!("  … and {more} more; `--json` and `--csv` list all\n");
        }
    }
    let unknown: Vec<&CheckOutcome> = audit.checks.iter().filter(|line| line.status == Status::Unknown).collect();
    if !unknown.is_empty() {
        text += "\nnot known:\n";
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for (line, missing) in unknown.iter().filter_map(|line| Some((line, line.missing.as_ref()?))) {
            let reason = one_line(&format!("needs {} ({})", missing.action, missing.reason));
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, ids)) => ids.push(line.id),
                None => reasons.push((reason, vec![line.id])),
            }
        }
        for (reason, ids) in reasons {
            text += &format!("  {}: {reason}\n", ids.join(", "));
        }
    }
    let Counts { pass, fail, unknown } = audit.counts();
    text + &format!("\n{fail} failed, {pass} passed, {unknown} unknown\n")
}

fn resource(failing: &Failing, shell: Shell) -> String {
    let Failing { name, since, detail, hint, .. } = failing;
    let name = if name.starts_with("AKIA") { short_id(name) } else { name.clone() };
    let since = since.map(|since| format!(", since {}", &since.to_string()[..10])).unwrap_or_default();
    format!("  {}\n    fix: {}\n", one_line(&format!("{name}: {detail}{since}")), hint.text(|| shell))
}

fn count(resources: usize) -> String {
    if resources == 1 { "1 finding".to_owned() } else { format!("{resources} findings") }
}

/// How each account did.
pub fn summary(audits: &[Audit]) -> String {
    let rows = audits.iter().map(|audit| {
        let Counts { pass, fail, unknown } = audit.counts();
        [audit.profile.clone(), audit.account.clone(), fail.to_string(), pass.to_string(), unknown.to_string()]
    });
    Table::new(["PROFILE", "ACCOUNT", "FAILED", "PASSED", "UNKNOWN"], rows).to_string()
}

/// Every check that there is.
pub fn list(checks: &[Check], cis: &str) -> String {
    let rows = checks
        .iter()
        .map(|check| [check.id.to_owned(), check.number(cis).unwrap_or("-").to_owned(), check.title.to_owned()]);
    Table::new(["CHECK", &format!("CIS {cis}"), "REQUIREMENT"], rows).to_string()
}

/// The rows of `--csv`: one for each failing resource, one for each check without any.
pub fn csv(audits: &[Audit], cis: &str) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header =
        ["profile", "account", "check", "cis", "status", "title", "resource", "since", "detail", "fix", "as_of"];
    let mut write = |row: [&str; 11]| {
        writer.write_record(row.map(cell)).expect("a Vec takes all");
    };
    write(header);
    for (audit, line) in audits.iter().flat_map(|audit| audit.checks.iter().map(move |line| (audit, line))) {
        let number = line.cis.get(cis).copied().unwrap_or_default();
        let as_of = line.as_of.map(|at| at.to_string()).unwrap_or_default();
        let mut row = |name: &str, since: &str, detail: &str, fix: &str| {
            let status = line.status.word();
            write([
                &audit.profile, &audit.account, line.id, number, status, line.title, name, since, detail, fix, &as_of,
            ]);
        };
        if line.resources.is_empty() {
            let missing = line.missing.as_ref().map(|missing| format!("needs {}: {}", missing.action, missing.reason));
            row("", "", &missing.or_else(|| line.note.clone()).unwrap_or_default(), "");
        }
        for Failing { name, since, detail, hint, .. } in &line.resources {
            let since = since.map(|since| since.to_string()).unwrap_or_default();
            row(name, &since, detail, &hint.text(|| Shell::Sh));
        }
    }
    let bytes = writer.into_inner().expect("a Vec takes all");
    String::from_utf8(bytes).expect("made of texts")
}

/// A cell of CSV: one line, without secrets and what deceives, and no formula.
fn cell(text: &str) -> String {
    // What a spreadsheet leaves out before it looks.
    let is_skipped = |letter: char| letter.is_whitespace() || letter.is_control() || is_deceptive(letter);
    let starts = text.trim_start_matches(is_skipped);
    // Security: a spreadsheet takes a cell that begins so for a formula, the full-width signs in some languages; users' names
    // may begin so (OWASP, "CSV Injection").
    let is_formula = starts.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']) || text.starts_with(['\t', '\r']);
    let text = one_line(text);
    let text = harmless(&mask::text(&text));
    if is_formula { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_csv_is_no_formula_whatever_is_before_it() {
        for (text, expected) in [
            ("=cmd", "'=cmd"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =cmd", "'=cmd"),
            ("\t=cmd", "'=cmd"),
            ("\r=cmd", "'=cmd"),
            ("\n=cmd", "'=cmd"),
            ("\tx", "'x"),
            ("\u{200b}=cmd", "'\u{fffd}=cmd"),
            ("\u{1b}\u{a0}=cmd", "'\u{fffd}\u{a0}=cmd"),
            ("＝cmd", "'＝cmd"),
            ("＋1", "'＋1"),
            ("－1", "'－1"),
            ("＠x", "'＠x"),
            ("a=b-c", "a=b-c"),
            ("a\nkeyfob: forged", "a keyfob: forged"),
            ("a\u{202e}b\u{1b}[2J", "a\u{fffd}b\u{fffd}[2J"),
            ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "****"),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
        }
    }
}
