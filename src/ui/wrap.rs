//! Lines that fit the terminal, which would break them in the middle of a word. Pure.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// Below this, text in a last column is not worth its indentation.
const NARROWEST: usize = 20;

/// Breaks the lines of a page at blanks, so that none is wider than `width`; what is broken off stands below the line's text, or
/// its last column. A word stays whole, and so does a line with a command to be copied.
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
    let column = if column <= start { start } else { column };
    let is_readable = width >= line[..column].width() + NARROWEST;
    let start = if is_readable { column } else { start };
    let indentation = " ".repeat(line[..start].width());
    let (mut text, mut used) = (line[..start].to_owned(), indentation.len());
    for (at, word) in line[start..].split(' ').enumerate() {
        if at > 0 && used + 1 + word.trim_end().width() > width {
            text += &format!("\n{indentation}{word}");
            used = indentation.len() + word.width();
        } else {
            let gap = if at > 0 { " " } else { "" };
            text += &format!("{gap}{word}");
            used += gap.len() + word.width();
        }
    }
    text
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
}
