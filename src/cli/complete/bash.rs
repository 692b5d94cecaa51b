//! bash's command line, taken apart as bash does.
//!
//! bash splits words at `:`, `=` and `@` too before it asks, hands them out with their quotes on, and puts an answer in
//! the place of the last piece as it stands. So the words are made from the line itself, and an answer is written as the
//! rest of what is typed already.

/// A command line up to the cursor.
#[derive(Debug, PartialEq, Eq)]
pub struct TypedLine {
    words: Vec<String>,
    /// The last word as it is written, without the quote it begins with.
    written: String,
    /// The quote that is open at its end; none where it began in the middle of the word, which no answer continues.
    quote: Result<Option<char>, Unspellable>,
}

/// A quote was opened in the middle of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Unspellable;

impl TypedLine {
    /// Splits a line, which may end inside quotes.
    pub fn of(line: &str) -> TypedLine {
        let mut words = vec![String::new()];
        let (mut start, mut opened) = (0, None::<(char, usize)>);
        let mut is_word = false;
        let mut letters = line.char_indices().peekable();
        while let Some((at, letter)) = letters.next() {
            let word = words.last_mut().expect("there is always one");
            match (opened, letter) {
                (None, ' ' | '\t' | '\n') => {
                    if is_word {
                        words.push(String::new());
                        is_word = false;
                    }
                    start = at + 1;
                    continue;
                }
                (None, '\'' | '"') => opened = Some((letter, at)),
                (Some((quote, _)), _) if letter == quote => opened = None,
                (None, '\\') => word.extend(letters.next().map(|(_, letter)| letter)),
                (Some(('"', _)), '\\') => match letters.peek() {
                    Some((_, '"' | '\\' | '$' | '`')) => word.extend(letters.next().map(|(_, letter)| letter)),
                    _ => word.push('\\'),
                },
                (_, _) => word.push(letter),
            }
            is_word = true;
        }
        let (quote, written) = match opened {
            None => (Ok(None), &line[start..]),
            Some((quote, at)) if at == start => (Ok(Some(quote)), &line[start + 1..]),
            Some(_) => (Err(Unspellable), ""),
        };
        TypedLine { words, written: written.to_owned(), quote }
    }

    /// The words without their quotes, the one being typed last.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// `word` as it continues the last one, in the place of `piece`, bash's own last piece of it; none where it does not.
    pub fn spell(&self, word: &str, piece: &str) -> Option<String> {
        let spelt: String = match self.quote.ok()? {
            None => word.chars().map(escaped).collect(),
            Some('\'') => word.replace('\'', r"'\''"),
            Some(_) => {
                word.chars().map(|c| if r#""\$`"#.contains(c) { format!("\\{c}") } else { c.to_string() }).collect()
            }
        };
        let head = self.written.strip_suffix(piece).unwrap_or_default();
        spelt.strip_prefix(head).map(str::to_owned)
    }
}

fn escaped(c: char) -> String {
    let is_plain = !c.is_ascii() || c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if is_plain { c.to_string() } else { format!("\\{c}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_split_as_bash_splits_it() {
        let table: [(&str, &[&str]); 9] = [
            ("keyfob ", &["keyfob", ""]),
            ("keyfob show  wo", &["keyfob", "show", "wo"]),
            (r"keyfob show my\ pro", &["keyfob", "show", "my pro"]),
            ("keyfob show 'my pro' ", &["keyfob", "show", "my pro", ""]),
            ("keyfob show \"my pro", &["keyfob", "show", "my pro"]),
            (r#"keyfob show "a\"b\x" '"#, &["keyfob", "show", r#"a"b\x"#, ""]),
            ("keyfob exec '' ", &["keyfob", "exec", "", ""]),
            ("keyfob show é:ü@", &["keyfob", "show", "é:ü@"]),
            ("keyfob show a'b c'd", &["keyfob", "show", "ab cd"]),
        ];
        for (line, words) in table {
            assert_eq!(TypedLine::of(line).words(), words, "{line}");
        }
    }

    #[test]
    fn an_answer_goes_on_where_the_line_ends() {
        let table = [
            ("k show wo", "wo", "work", Some("work")),
            ("k show ", "", "my profile", Some(r"my\ profile")),
            (r"k show my\ p", r"my\ p", "my profile", Some(r"my\ profile")),
            ("k show 'my p", "my p", "my profile", Some("my profile")),
            ("k show 'it", "it", "it's", Some(r"it'\''s")),
            ("k show \"a", "a", "a$b", Some(r"a\$b")),
            ("k show team:pr", "pr", "team:prod", Some("prod")),
            ("k show team:", "", "team:prod", Some("prod")),
            ("k env --shell=ba", "ba", "--shell=bash", Some("bash")),
            ("k env --shell=", "", "--shell=bash", Some("bash")),
            ("k show m'y p", "y p", "my profile", None),
        ];
        for (line, piece, word, expected) in table {
            assert_eq!(TypedLine::of(line).spell(word, piece).as_deref(), expected, "{line}");
        }
    }
}
