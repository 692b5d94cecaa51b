//! The `credential_process` line that links a profile to keyfob. Pure.

use std::path::Path;

/// Why no line can be written that every SDK reads alike.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The program's path.
    #[error("the path `{0}` cannot stand in a `credential_process` line that every SDK reads alike")]
    Path(String),
    /// The profile's name.
    #[error("the profile name `{0}` cannot stand in a `credential_process` line that every SDK reads alike")]
    Profile(String),
}

/// The command line for `profile`, in the one quoting every SDK reads alike.
///
/// botocore splits the line without a shell, the Rust, Go, Java and JavaScript SDKs hand it to `sh -c` or `cmd /C`: so words
/// are plain, or in double quotes where they hold a blank, and characters that any of them expands are refused (AWS SDKs
/// and Tools Reference Guide, "Process credential provider"; the rest measured with botocore, the JavaScript and the Rust SDK).
///
/// # Errors
/// [`LinkError`] where a word cannot be written that way.
pub fn credential_process_line(program: &Path, profile: &str) -> Result<String, LinkError> {
    let path = program
        .to_str()
        .filter(|_| program.is_absolute())
        .and_then(|path| word(path, cfg!(windows)))
        .ok_or_else(|| LinkError::Path(program.display().to_string()))?;
    let name = word(profile, false)
        .filter(|_| !profile.starts_with('-'))
        .ok_or_else(|| LinkError::Profile(profile.to_owned()))?;
    Ok(format!("{path} credential-process {name}"))
}

fn word(text: &str, backslashes: bool) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@+".contains(c) || (backslashes && c == '\\');
    match text {
        "" => None,
        _ if text.chars().all(plain) => Some(text.to_owned()),
        _ if text.chars().all(|c| plain(c) || c == ' ') => Some(format!("\"{text}\"")),
        _ => None,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_plain_or_double_quoted_and_otherwise_refused() {
        let line = |path: &str, profile: &str| credential_process_line(Path::new(path), profile);
        assert_eq!(line("/usr/bin/keyfob", "work").as_deref(), Ok("/usr/bin/keyfob credential-process work"));
        assert_eq!(line("/a b/keyfob", "my work").as_deref(), Ok("\"/a b/keyfob\" credential-process \"my work\""));
        for name in ["", "a$b", "a\"b", "a`b", "a%b", "a!b", "a^b", "a&b", "a\\b", "a'b", "a\tb", "a;b", "-a", "ä"] {
            assert_eq!(line("/usr/bin/keyfob", name), Err(LinkError::Profile(name.into())), "{name}");
        }
        assert!(matches!(line("keyfob", "work"), Err(LinkError::Path(_))), "a relative path");
        assert!(matches!(line("/home/$USER/keyfob", "work"), Err(LinkError::Path(_))));
    }
}
