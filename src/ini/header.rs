//! What stands between a header's brackets: `default`, `profile NAME`, `services NAME`, or a bare name. Pure.

use super::parse::trimmed;

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
    /// A profile in the credentials file: `[NAME]`.
    Credentials(&'a str),
    /// Another kind of section in the config file.
    Other(SectionKind, &'a str),
}

impl<'a> SectionName<'a> {
    /// The text between the brackets of a new section.
    pub fn header_text(self) -> String {
        match self {
            SectionName::Profile("default") => "default".to_owned(),
            SectionName::Profile(name) => format!("profile {name}"),
            SectionName::Credentials(name) => name.to_owned(),
            SectionName::Other(kind, name) => format!("{} {name}", kind.prefix()),
        }
    }

    /// The name alone.
    pub fn name(self) -> &'a str {
        match self {
            SectionName::Profile(name) | SectionName::Credentials(name) | SectionName::Other(_, name) => name,
        }
    }

    /// Whether `header` is this section's. `[default]` is not, for [`SectionName::Profile`]: see [`Header::is_default`].
    pub fn is(self, header: Header<'_>) -> bool {
        let prefix = match self {
            SectionName::Profile(_) => Some("profile"),
            SectionName::Credentials(_) => None,
            SectionName::Other(kind, _) => Some(kind.prefix()),
        };
        header.prefix == prefix && header.name == self.name()
    }
}

/// A header's text, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The first word, where a blank follows it.
    pub prefix: Option<&'a str>,
    /// What follows it, or all there is; trimmed, quotes round a prefixed name taken off.
    pub name: &'a str,
    /// Whether there were quotes.
    pub quoted: bool,
}

impl<'a> Header<'a> {
    /// Takes the text between the brackets apart.
    ///
    /// The reference parser sees quotes as part of a (then invalid) name. botocore takes them off, and the AWS CLI
    /// writes them round a name with blanks; so they are taken off here, and `profile` warns about them.
    pub fn parse(text: &'a str) -> Header<'a> {
        let is_plain = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        if let Some((b"profile ", name)) = text.as_bytes().split_first_chunk()
            && is_plain(name.first())
            && is_plain(name.last())
        {
            // What nearly every header is, and what comes of it below too: there are 10,000 in a long file.
            return Header { prefix: Some("profile"), name: &text["profile ".len()..], quoted: false };
        }
        let text = &text[trimmed(text, 0..text.len())];
        match text.bytes().position(|byte| matches!(byte, b' ' | b'\t')) {
            None => Header { prefix: None, name: text, quoted: false },
            Some(blank) => {
                let (prefix, name) = (&text[..blank], text[blank..].trim());
                let unquoted = unquoted(name);
                Header { prefix: Some(prefix), name: unquoted.unwrap_or(name), quoted: unquoted.is_some() }
            }
        }
    }

    /// Whether it is `[default]`, without `profile`.
    pub fn is_default(self) -> bool {
        self.prefix.is_none() && self.name == "default"
    }

    /// Whether the name can be used: of the reference's characters, or in quotes.
    pub fn is_usable(self) -> bool {
        !self.name.is_empty() && (self.quoted || is_identifier(self.name))
    }
}

fn unquoted(name: &str) -> Option<&str> {
    ['"', '\''].into_iter().find_map(|quote| {
        let inner = name.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains([quote, '\\'])).then_some(inner)
    })
}

/// Whether AWS's reference takes `text` as a profile's or a setting's name: `A-Za-z0-9` and `_-/.%@:+`.
pub fn is_identifier(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&byte))
}
