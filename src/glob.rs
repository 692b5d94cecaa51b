//! Patterns of names: `*` is any text, `?` any character. Pure.

/// A pattern that whole names are matched with; case matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glob(Vec<char>);

impl Glob {
    /// Every text is a pattern.
    pub fn new(pattern: &str) -> Glob {
        Glob(pattern.chars().collect())
    }

    /// Whether the whole of `text` matches, in a time that grows with both lengths' product at most.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text): (&[char], Vec<char>) = (&self.0, text.chars().collect());
        let (mut p, mut t) = (0, 0);
        // The last `*`, and how much of the text it has taken.
        let mut star: Option<(usize, usize)> = None;
        while t < text.len() {
            match pattern.get(p) {
                Some('*') => {
                    star = Some((p, t));
                    p += 1;
                }
                Some(c) if *c == '?' || *c == text[t] => {
                    p += 1;
                    t += 1;
                }
                _ => match &mut star {
                    Some((at, taken)) => {
                        *taken += 1;
                        (p, t) = (*at + 1, *taken);
                    }
                    None => return false,
                },
            }
        }
        pattern[p..].iter().all(|c| *c == '*')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_one_character() {
        for (pattern, text, expected) in [
            ("prod", "prod", true),
            ("prod", "prod-eu", false),
            ("prod*", "prod-eu", true),
            ("*prod", "prod", true),
            ("*-*-*", "a-b-c", true),
            ("*-*-*", "a-b", false),
            ("a?c", "a–c", true),
            ("a?c", "ac", false),
            ("*a*b", "aab-ab", true),
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("[a]", "a", false),
            ("0000*", "000012345678", true),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
        let long = "a".repeat(5000);
        assert!(!Glob::new(&format!("{}b", "a*".repeat(50))).matches(&long));
    }
}
