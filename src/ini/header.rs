//! What stands between a header's brackets: `default`, `profile NAME`, `services NAME`, or a bare name. Pure.

use super::find::{quote_in, trimmed};
use crate::shlex;

/// The kinds of section that the config file knows beside profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SectionKind {
    /// `[services NAME]`: endpoints per service.
    Services,
    /// `[sso-session NAME]`.
    SsoSession,
}

impl SectionKind {
    /// The word before the name.
    pub const fn prefix(self) -> &'static str {
        match self {
            SectionKind::Services => "services",
            SectionKind::SsoSession => "sso-session",
        }
    }
}

/// A section as it is asked for or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionName<'a> {
    /// A profile in the config file: `[profile NAME]`, or `[default]` where there is no `[profile default]`.
    Profile(&'a str),
    /// A profile in the credentials file: `[NAME]`, whatever characters it has.
    Credentials(&'a str),
    /// Another kind of section in the config file.
    Other(SectionKind, &'a str),
}

impl<'a> SectionName<'a> {
    /// The text between the brackets of a new section, as the AWS CLI writes it: a name with blanks is in quotes in the
    /// config file, and not in the credentials file.
    pub fn header_text(self) -> String {
        match self {
            SectionName::Profile("default") => "default".to_owned(),
            SectionName::Profile(name) => format!("{PROFILE} {}", shlex::quoted(name)),
            SectionName::Credentials(name) => name.to_owned(),
            SectionName::Other(kind, name) => format!("{} {}", kind.prefix(), shlex::quoted(name)),
        }
    }

    /// The name alone.
    pub fn name(self) -> &'a str {
        match self {
            SectionName::Profile(name) | SectionName::Credentials(name) | SectionName::Other(_, name) => name,
        }
    }

    /// The same kind of section with another name.
    pub fn with_name(self, name: &str) -> SectionName<'_> {
        match self {
            SectionName::Profile(_) => SectionName::Profile(name),
            SectionName::Credentials(_) => SectionName::Credentials(name),
            SectionName::Other(kind, _) => SectionName::Other(kind, name),
        }
    }

    /// Whether `header` is this section's. `[default]` is not, for [`SectionName::Profile`]: see [`Header::is_default`].
    pub fn is(self, header: Header<'_>) -> bool {
        let prefix = match self {
            SectionName::Profile(_) => PROFILE,
            SectionName::Credentials(name) => return header.credentials_name() == Some(name),
            SectionName::Other(kind, _) => kind.prefix(),
        };
        header.prefix == Some(prefix) && header.is_usable() && header.name == self.name()
    }
}

const PROFILE: &str = "profile";

/// What a header may begin with in the config file.
const PREFIXES: [&str; 3] = [PROFILE, SectionKind::SsoSession.prefix(), SectionKind::Services.prefix()];

/// Blanks between words, for all parsers.
const BLANK: [char; 2] = [' ', '\t'];

/// A header's text, taken apart as in the config file.
///
/// The reference takes a name of its characters alone, whatever blanks are before and after it. botocore takes the two
/// words that `shlex.split` makes of a header that begins with its prefix (`configloader.py`, `build_profile_map`), in
/// quotes or not, whatever characters they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// All of it, trimmed.
    pub text: &'a str,
    /// `profile`, `sso-session` or `services`, where it begins with that and something follows.
    pub prefix: Option<&'static str>,
    /// What follows it, without the quotes round it, or all there is; trimmed.
    pub name: &'a str,
    /// Whether there were quotes.
    pub quoted: bool,
    usable: bool,
}

impl<'a> Header<'a> {
    /// Takes the text between the brackets apart; `unquoted` is what [`Header::unquoted_name`] gives for it.
    pub(super) fn new(text: &'a str, unquoted: Option<&'a str>) -> Header<'a> {
        if let Some((b"profile ", name)) = text.as_bytes().split_first_chunk()
            && is_identifier_bytes(name)
        {
            // What nearly every header is, and what comes of it below too: there are 10,000 in a long file.
            let name = &text["profile ".len()..];
            return Header { text, prefix: Some(PROFILE), name, quoted: false, usable: true };
        }
        let whole = &text[trimmed(text, 0..text.len())];
        let bare = Header { text: whole, prefix: None, name: whole, quoted: false, usable: !whole.is_empty() };
        let Some((prefix, rest)) = PREFIXES.iter().find_map(|prefix| Some((*prefix, whole.strip_prefix(prefix)?)))
        else {
            return bare;
        };
        let header = |name, quoted, usable| Header { prefix: Some(prefix), name, quoted, usable, ..bare };
        let is_word = rest.starts_with(BLANK);
        if is_word && is_identifier(rest.trim()) {
            return header(rest.trim(), false, true);
        }
        // Only the reference passes over blanks here.
        let begins_with_it = text.starts_with(prefix);
        if let Some(name) = unquoted.filter(|name| begins_with_it && !name.is_empty()) {
            return header(name, true, true);
        }
        let has_quotes = quote_in(whole.as_bytes()).is_some();
        let mut words = whole.split(BLANK).filter(|word| !word.is_empty());
        match (words.next(), words.next(), words.next()) {
            (Some(_), Some(name), None) if !has_quotes => header(name, false, begins_with_it),
            _ if is_word => header(rest.trim_matches(BLANK), false, false),
            _ => bare,
        }
    }

    /// The name after the prefix of a header that has quotes or backslashes, where botocore finds one.
    pub(super) fn unquoted_name(text: &str) -> Option<String> {
        let has_prefix = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
        let words = shlex::split(text).ok().filter(|_| has_prefix)?;
        <[String; 2]>::try_from(words).ok().map(|[_, name]| name)
    }

    /// Whether it is `[default]`, without `profile`.
    pub fn is_default(self) -> bool {
        self.prefix.is_none() && self.name == "default"
    }

    /// Whether some SDK finds the name after the prefix, or all there is where there is none.
    pub fn is_usable(self) -> bool {
        self.usable
    }

    /// The profile it is of in the credentials file, which has no prefixes: to all parsers but botocore, a section that
    /// begins with one is none there.
    pub fn credentials_name(self) -> Option<&'a str> {
        let is_word = |prefix: &str| self.text[prefix.len()..].starts_with(BLANK);
        (!self.prefix.is_some_and(is_word) && !self.text.is_empty()).then_some(self.text)
    }
}

/// Whether AWS's reference takes `text` as a profile's or a setting's name: `A-Za-z0-9` and `_-/.%@:+`.
pub fn is_identifier(text: &str) -> bool {
    is_identifier_bytes(text.as_bytes())
}

fn is_identifier_bytes(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.%@:+".contains(byte))
}
