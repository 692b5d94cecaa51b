//! Texts of others, made so that they cannot be taken for keyfob's or for something else. Pure.

/// Whether a character is not seen, or changes the order in which those around it are: a text with it can be read as another.
/// Unicode's bidirectional and zero-width formatting, its line separators, and its tags (UTR 36).
pub fn is_deceptive(letter: char) -> bool {
    matches!(letter,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Replaces control characters but line ends and tabs, and what deceives, so that no text from AWS or a file can steer the
/// terminal or be read as another.
pub fn harmless(text: &str) -> String {
    let mut letters = text.chars().peekable();
    let mut harmless = String::with_capacity(text.len());
    while let Some(letter) = letters.next() {
        let is_line_end = letter == '\r' && letters.peek() == Some(&'\n');
        let may_stay = !(letter.is_control() || is_deceptive(letter)) || matches!(letter, '\n' | '\t') || is_line_end;
        harmless.push(if may_stay { letter } else { '\u{fffd}' });
    }
    harmless
}

/// A text as one line. Security: what a file, a variable, another program or AWS says must not begin a line in keyfob's name.
pub fn one_line(text: &str) -> String {
    text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// As [`one_line`], with the blanks before the text, which keyfob itself indents with.
pub fn one_indented_line(text: &str) -> String {
    let indent = text.len() - text.trim_start_matches(' ').len();
    format!("{}{}", &text[..indent], one_line(text))
}

#[cfg(test)]
mod tests {
    #[test]
    fn control_characters_are_replaced_and_line_ends_of_either_kind_stay() {
        for (text, expected) in [
            ("a\tb\r\nc\n", "a\tb\r\nc\n"),
            ("\x1b[2J\x07\x7f\u{9b}31m", "\u{fffd}[2J\u{fffd}\u{fffd}\u{fffd}31m"),
            ("hidden\rshown", "hidden\u{fffd}shown"),
            ("a\u{202e}b\u{2066}c\u{200b}d\u{feff}", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}"),
            ("本番 é ñ 🚀", "本番 é ñ 🚀"),
        ] {
            assert_eq!(super::harmless(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_text_with_line_ends_is_one_line_and_keeps_its_indent() {
        for (text, expected) in [
            ("  a\n keyfob: b\r\rhint: c\n", "  a keyfob: b hint: c"),
            ("\n\nkeyfob: b", "keyfob: b"),
            ("  ", "  "),
            ("", ""),
        ] {
            assert_eq!(super::one_indented_line(text), expected, "{text:?}");
        }
    }
}
