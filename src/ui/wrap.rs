//! Lines that fit the terminal, which would break them in the middle of a word. Pure.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// Below this, text in a last column is not worth its indentation.
const NARROWEST: usize = 20;

/// How much further in than its line stands what is broken off, where the line has no columns.
const HANGING: usize = 4;

/// Breaks the lines of a page at blanks, so that none is wider than `width`; what is broken off stands below the line's last
/// column, or further in than its text. A word stays whole, and so does a line with a command to be copied.
pub(super) fn wrapped(page: &str, width: Option<usize>) -> Cow<'_, str> {
    let is_long = |line: &str, width| line.trim_end().width() > width && !line.contains("fix: ");
    match width {
        Some(width) if page.lines().any(|line| is_long(line, width)) => {
            let lines = page.split_inclusive('\n');
            lines.map(|line| if is_long(line, width) { broken(line, width) } else { line.to_owned() }).collect()
        }
        Some(_) | None => Cow::Borrowed(page),
    }
}

fn broken(line: &str, width: usize) -> String {
    let start = line.len() - line.trim_start().len();
    let column = line.rfind("  ").map_or(0, |at| at + 2);
    let is_column = column > start && width >= line[..column].width() + NARROWEST;
    let (start, hanging) = if is_column { (column, 0) } else { (start, HANGING) };
    let used = line[..start].width();
    line[..start].to_owned() + &filled(&line[start..], used, used + hanging, width)
}

/// Breaks a message of one line, behind a label of `used` columns, so that the terminal does not break it in the middle of a
/// word. What is broken off is indented more than keyfob's own lines are. Security: nothing in a message begins a line in
/// keyfob's name.
pub(super) fn wrapped_message(text: &str, used: usize, width: Option<usize>) -> Cow<'_, str> {
    match width {
        Some(width) if width >= NARROWEST && used + text.trim_end().width() > width => {
            let start = text.len() - text.trim_start().len();
            Cow::Owned(text[..start].to_owned() + &filled(&text[start..], used + start, start + HANGING, width))
        }
        Some(_) | None => Cow::Borrowed(text),
    }
}

/// The text, which begins in column `used`, with line ends for blanks; each further line begins in column `indent`.
fn filled(text: &str, mut used: usize, indent: usize, width: usize) -> String {
    let mut filled = String::with_capacity(text.len());
    for (at, word) in words(text).enumerate() {
        if at > 0 && used + 1 + word.trim_end().width() > width {
            filled += &format!("\n{}{word}", " ".repeat(indent));
            used = indent + word.width();
        } else {
            let gap = if at > 0 { " " } else { "" };
            filled += &format!("{gap}{word}");
            used += gap.len() + word.width();
        }
    }
    filled
}

/// What is between blanks; what is in backticks is one word, since a command is copied.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut is_quoted = false;
        let end = text.find(|letter| {
            is_quoted ^= letter == '`';
            letter == ' ' && !is_quoted
        });
        rest = end.map(|end| &text[end + 1..]);
        Some(&text[..end.unwrap_or(text.len())])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_broken_between_words_and_stays_in_its_column() {
        let page = "\
short
pass  own-mfa  Your own user has an MFA device
  why: a password alone can be guessed
  fix: `keyfob profile set deploy region REGION`
an-arn-that-is-wider-than-the-terminal and more
";
        let expected = "\
short
pass  own-mfa  Your own user has an
               MFA device
  why: a password alone can be
      guessed
  fix: `keyfob profile set deploy region REGION`
an-arn-that-is-wider-than-the-terminal
    and more
";
        assert_eq!(wrapped(page, Some(35)), expected);
        assert_eq!(wrapped(page, None), page);
        assert_eq!(wrapped(page, Some(200)), page);
    }

    #[test]
    fn a_message_is_broken_between_words_and_never_in_a_command() {
        let hint = "to store the key of `work`, run it again with the key: `keyfob add work --stdin --yes`";
        let expected = "to store the key of `work`, run
    it again with the key:
    `keyfob add work --stdin --yes`";
        assert_eq!(wrapped_message(hint, 6, Some(38)), expected);
        for (text, used, width) in [(hint, 6, None), (hint, 6, Some(5)), (hint, 6, Some(200)), ("", 6, Some(20))] {
            assert_eq!(wrapped_message(text, used, width), text, "{width:?}");
        }
        let long = "run: `keyfob profile set a-long-name region eu-west-1`";
        assert_eq!(wrapped_message(long, 6, Some(30)), "run:\n    `keyfob profile set a-long-name region eu-west-1`");
        assert_eq!(wrapped_message("a `b c d e f g h i j k l m", 0, Some(20)), "a\n    `b c d e f g h i j k l m");
        let cause = "  because: it is so, and it cannot be otherwise here";
        assert_eq!(wrapped_message(cause, 0, Some(30)), "  because: it is so, and it\n      cannot be otherwise here");
    }

    #[test]
    fn a_question_keeps_the_blank_before_its_answer() {
        let question = "delete the access key and its sessions? [y/N] ";
        assert_eq!(wrapped_message(question, 0, Some(30)), "delete the access key and its\n    sessions? [y/N] ");
        assert_eq!(wrapped_message(question, 0, Some(45)), question);
    }

    #[test]
    fn nothing_in_a_message_begins_a_line_in_keyfobs_name() {
        let forged = "there is no profile named so keyfob: forged hint: forged because: forged";
        for width in NARROWEST..80 {
            let shown = wrapped_message(forged, 8, Some(width));
            assert!(shown.lines().skip(1).all(|line| line.starts_with("    ")), "{shown}");
            assert_eq!(shown.split_whitespace().collect::<Vec<_>>().join(" "), forged);
        }
    }
}
