//! How a value is written on the command line of shells that put it there as it stands.

/// For PowerShell: quoted where it has to be.
pub fn powershell(word: &str) -> String {
    if is_plain(word) { word.to_owned() } else { format!("'{}'", word.replace('\'', "''")) }
}

/// For nushell: quoted where it has to be, with the quotes that need no escapes, if one does without.
pub fn nushell(word: &str) -> String {
    if is_plain(word) {
        return word.to_owned();
    }
    if let Some(quote) = ['\'', '"', '`'].into_iter().find(|quote| !word.contains(*quote) && !word.contains('\\')) {
        return format!("{quote}{word}{quote}");
    }
    format!("\"{}\"", word.replace('\\', r"\\").replace('"', "\\\""))
}

/// A word of nushell's without the quotes it is written in; the closing one may not be there yet.
pub fn without_nushells(word: &str) -> String {
    let Some(quote) = word.chars().next().filter(|c| matches!(c, '\'' | '"' | '`')) else { return word.to_owned() };
    let inner = &word[1..];
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    if quote == '"' { inner.replace("\\\"", "\"").replace(r"\\", r"\") } else { inner.to_owned() }
}

fn is_plain(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "_-./:=+%".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_quoted_where_the_shell_would_make_something_of_it() {
        let table = [
            ("work", "work", "work"),
            ("a b", "'a b'", "'a b'"),
            ("it's", "'it''s'", "\"it's\""),
            ("$HOME", "'$HOME'", "'$HOME'"),
            ("both ' and \"", "'both '' and \"'", "`both ' and \"`"),
            ("all '\"`", "'all ''\"`'", "\"all '\\\"`\""),
            ("--shell=bash", "--shell=bash", "--shell=bash"),
        ];
        for (word, in_powershell, in_nushell) in table {
            assert_eq!(powershell(word), in_powershell);
            assert_eq!(nushell(word), in_nushell);
            assert_eq!(without_nushells(in_nushell), word);
        }
        assert_eq!(without_nushells("\"a b"), "a b");
        assert_eq!(without_nushells("'"), "");
    }
}
