//! What in the AWS files does not do what it seems to, or not for every SDK. Pure, and worked out only when asked for.
//!
//! How botocore 1.43, the SDK for JavaScript (@smithy/core 3) and the one for Go (internal/ini 1.8) read was measured, and
//! read in their sources; Rust and Java have the reference's parser.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{AwsFile, Profile, Profiles, SectionKind, has_prefixed_default};
use crate::ini::{Document, Header, Property, Section, SectionName, is_identifier};
use crate::shlex;
use crate::sorted;

/// A problem in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Warning {
    pub file: AwsFile,
    /// The line there, 1-based.
    pub line: usize,
    /// What is wrong, and what would have been right.
    pub message: String,
}

impl Profiles<'_> {
    /// What is ignored, or read otherwise by some SDKs, in file order.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for file in [AwsFile::Config, AwsFile::Credentials] {
            if let Some(document) = self.document(file) {
                Check::new(file, document, &mut warnings).sections(document.sections());
            }
        }
        let mut texts = [self.config, self.credentials].into_iter().flatten().map(Document::text);
        let is_name = |bytes: &[u8]| bytes.eq_ignore_ascii_case(b"include_profile");
        if texts.any(|text| text.as_bytes().windows("include_profile".len()).any(is_name)) {
            let profiles = self.names().filter_map(|name| self.get(name));
            warnings.extend(profiles.filter_map(|profile| profile.include_problem()));
        }
        sorted::sort(&mut warnings);
        warnings
    }

    /// Those of [`Profiles::warnings`] that are about the lines of one profile.
    pub fn warnings_of(&self, profile: &Profile<'_>) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for file in [AwsFile::Config, AwsFile::Credentials] {
            let Some(document) = self.document(file) else { continue };
            let is_of = |header: Header<'_>| {
                file.section(profile.name()).is(header)
                    || (file == AwsFile::Config && profile.name() == "default" && header.is_default())
            };
            let sections = document.sections_named(profile.name()).map(|(_, section)| section);
            Check::new(file, document, &mut warnings).sections(sections.filter(|section| is_of(section.header())));
        }
        warnings.extend(profile.include_problem());
        sorted::sort(&mut warnings);
        warnings
    }
}

impl Profile<'_> {
    fn include_problem(&self) -> Option<Warning> {
        let include = self.own("include_profile")?;
        let mut met = vec![self.name()];
        let mut next = self.clone();
        loop {
            let named = next.own("include_profile")?;
            let message = match next.included() {
                None if met.len() == 1 => format!("`include_profile` names `{}`, which does not exist", named.value),
                Some(included) if included.name() == self.name() => {
                    format!("`include_profile` leads back to `{}`", self.name())
                }
                // The profile that names it has the warning.
                None => return None,
                Some(included) if met.contains(&included.name()) => return None,
                Some(included) => {
                    met.push(included.name());
                    next = included;
                    continue;
                }
            };
            return Some(Warning { file: include.file, line: include.line, message });
        }
    }
}

const CHARACTERS: &str = "`A-Z a-z 0-9 _ - / . % @ : +`";
const REFUSED: &str = "the SDKs for Rust and Java reject the whole file";

/// Looks through the sections of one file.
struct Check<'w> {
    file: AwsFile,
    /// Where the last `[profile default]` and the last `[default]` are, if there are both.
    two_defaults: Option<(usize, usize)>,
    warnings: &'w mut Vec<Warning>,
}

impl<'w> Check<'w> {
    fn new(file: AwsFile, document: &Document, warnings: &'w mut Vec<Warning>) -> Check<'w> {
        let last = |is: &dyn Fn(Header<'_>) -> bool| {
            document.sections_named("default").filter(|(_, section)| is(section.header())).last().map(|(_, s)| s.line())
        };
        let two = || {
            Some((last(&|header| SectionName::Profile("default").is(header))?, last(&|header| header.is_default())?))
        };
        let is_asked = file == AwsFile::Config && has_prefixed_default(document);
        Check { file, two_defaults: is_asked.then(two).flatten(), warnings }
    }

    fn add(&mut self, line: usize, message: impl Into<String>) {
        self.warnings.push(Warning { file: self.file, line, message: message.into() });
    }

    fn sections<'a>(&mut self, sections: impl Iterator<Item = Section<'a>>) {
        let mut seen = HashMap::new();
        let mut keys: HashMap<Cow<'_, str>, usize> = HashMap::new();
        for section in sections {
            self.header(section);
            let header = section.header();
            let first = *seen.entry((header.prefix, header.name)).or_insert(section);
            if first.line() != section.line() {
                self.add(section.line(), duplicate_section(section, first));
            }
            keys.clear();
            // An indented header says it of all that is below it.
            let mut indentation_is_told = section.is_indented();
            for property in section.properties() {
                if property.is_indented() && !std::mem::replace(&mut indentation_is_told, true) {
                    self.add(property.line(), format!("`{}` is indented: {REFUSED}", property.key()));
                }
                self.property(&property);
                let first = *keys.entry(in_lower_case(property.key())).or_insert(property.line());
                if first != property.line() {
                    let key = property.key();
                    self.add(
                        property.line(),
                        format!(
                            "`{key}` was already set on line {first}: the last value counts, but the AWS CLI and \
                             boto3 reject the whole file"
                        ),
                    );
                }
            }
            for (line, comment, above) in section.indented_comments() {
                self.add(line, indented_comment(comment, above.as_ref()));
            }
        }
    }

    fn header(&mut self, section: Section<'_>) {
        let (header, text, line) = (section.header(), section.header_text(), section.line());
        if header.prefix.is_none() && header.name == "DEFAULT" {
            let message = "the AWS CLI and boto3 copy the settings of `[DEFAULT]` into every section; keyfob does not";
            return self.add(line, message);
        }
        if let (true, Some((prefixed, plain))) = (header.is_default(), self.two_defaults) {
            let later = if plain > prefixed { "`[default]`" } else { "`[profile default]`" };
            return self.add(
                line,
                format!(
                    "`[default]` and `[profile default]` (line {prefixed}) both exist: the AWS CLI and boto3 use the \
                     later of the two, {later}; keyfob and the other SDKs use `[profile default]`"
                ),
            );
        }
        let named = match self.file {
            AwsFile::Config => in_config(header),
            AwsFile::Credentials => in_credentials(header),
        };
        match named {
            Named::Otherwise => {}
            Named::No(why) => self.add(line, format!("`[{text}]` is ignored: {why}")),
            Named::Yes => self.found_by_some(section, header, text),
        }
    }

    /// A section that keyfob and some SDKs find, and others do not.
    fn found_by_some(&mut self, section: Section<'_>, header: Header<'_>, text: &str) {
        let line = section.line();
        let after = section.after_header();
        if section.is_indented() {
            self.add(line, format!("`[{text}]` is indented: {REFUSED}"));
        }
        if text.contains(['#', ';']) {
            self.add(
                line,
                format!(
                    "only the AWS CLI and boto3 read a `#` or `;` in `[{text}]`: {REFUSED}, and Go and JavaScript add \
                     the settings below to the section above"
                ),
            );
        } else if !after.is_empty() && !after.starts_with(['#', ';']) {
            self.add(
                line,
                format!(
                    "only the AWS CLI and boto3 read a header with text after it: {REFUSED}, and Go and JavaScript add \
                     the settings below `[{text}]` to the section above"
                ),
            );
        } else if after.contains(']') {
            self.add(
                line,
                format!("the AWS CLI and boto3 do not find `[{text}]`: they read on to the `]` in the comment"),
            );
        }
        let (name, is_in_config) = match self.file {
            AwsFile::Config => (header.name, true),
            AwsFile::Credentials => (header.text, false),
        };
        let plain = match (self.file, header.prefix) {
            (AwsFile::Config, Some(prefix)) => format!("{prefix} {}", shlex::quoted(name)),
            _ => name.to_owned(),
        };
        let begins_with_blank = text.starts_with([' ', '\t']);
        if begins_with_blank || (!is_in_config && text != header.text) {
            self.add(
                line,
                format!("the AWS CLI, boto3 and the SDK for JavaScript do not find `[{text}]`; write `[{plain}]`"),
            );
        }
        if !is_identifier(name) {
            let who = match (is_in_config, header.quoted, name.contains([' ', '\t'])) {
                (true, true, _) => "Rust, Java, JavaScript and Go",
                (true, false, _) | (false, _, true) => "Rust, Java and JavaScript",
                (false, _, false) => "Rust and Java",
            };
            self.add(line, format!("the SDKs for {who} ignore `[{text}]`: they accept only {CHARACTERS} in a name"));
        } else if header.prefix.is_some_and(|prefix| !header.text[prefix.len()..].starts_with([' ', '\t'])) {
            self.add(line, format!("only the AWS CLI and boto3 read `[{text}]` as `{name}`; write `[{plain}]`"));
        } else if header.quoted {
            self.add(
                line,
                format!("the SDKs for Rust, Java and Go ignore `[{text}]` because of its quotes; write `[{plain}]`"),
            );
        } else if is_in_config && !begins_with_blank && text != plain && text.replace('\t', " ") != plain {
            self.add(line, format!("the SDK for JavaScript does not find `[{text}]`; write `[{plain}]`"));
        }
    }

    fn property(&mut self, property: &Property<'_>) {
        let (key, line) = (property.key(), property.line());
        if !is_identifier(key) {
            self.add(line, format!("`{key}` is ignored: SDKs accept only {CHARACTERS} in a name"));
        } else if property.has_colon() {
            let message = match property.first_value().contains('=') {
                true => {
                    format!("only the AWS CLI, boto3 and the SDK for Go read `{key}` as the name; write `{key} = …`")
                }
                false => {
                    format!("{REFUSED}, and JavaScript ignores the setting; write `{key} = …` instead of `{key}: …`")
                }
            };
            self.add(line, message);
        } else if key.bytes().any(|byte| byte.is_ascii_uppercase()) {
            let right = key.to_ascii_lowercase();
            self.add(line, format!("the SDK for JavaScript does not find `{key}`; write `{right}`"));
        }
        if property.comment().is_some() {
            self.add(
                line,
                format!("the AWS CLI and boto3 read the comment as part of `{key}`; put it on its own line"),
            );
        }
        let is_nested = property.first_value().is_empty();
        for (line, text) in property.continuations() {
            if is_nested {
                if let Some(message) = nested_problem(key, text) {
                    self.add(line, message);
                }
            } else if looks_like_its_own(text) {
                self.add(line, format!("the line is part of `{key}`, because it is indented; remove the indentation"));
            }
        }
    }
}

/// Whether a section is found under its name.
enum Named {
    Yes,
    /// Not as a profile, and nothing is wrong with that.
    Otherwise,
    No(String),
}

fn in_config(header: Header<'_>) -> Named {
    let Header { text, prefix, name, .. } = header;
    Named::No(match prefix {
        Some(_) if header.is_usable() => return Named::Yes,
        Some(_) if shlex::split(text).is_err() => "a quote in it is not closed".to_owned(),
        Some(prefix) if name.contains([' ', '\t']) => {
            format!("a name with a blank must be in quotes: `[{prefix} {}]`", shlex::quoted(name))
        }
        Some(prefix) => format!("write `[{prefix} {name}]`, without a blank before it"),
        None if header.is_default() => return Named::Yes,
        // The AWS CLI's own.
        None if ["plugins", "preview"].contains(&name) => return Named::Otherwise,
        None if name.is_empty() || is_kind(name) => "it has no name".to_owned(),
        None => match name.split([' ', '\t']).next().map(str::to_ascii_lowercase) {
            Some(first) if first.len() == name.len() => {
                format!("in the config file, the header of a profile is `[profile {name}]`")
            }
            Some(first) if is_kind(&first) => format!("write `{first}` in lower case"),
            _ => "a section header must begin with `profile`, `sso-session` or `services`".to_owned(),
        },
    })
}

fn in_credentials(header: Header<'_>) -> Named {
    match (header.credentials_name(), header.prefix) {
        (Some(_), _) => Named::Yes,
        (None, Some("profile")) => {
            Named::No(format!("in the credentials file, the header of a profile is `[{}]`", header.name))
        }
        (None, Some(_)) => Named::No("it belongs in the config file".to_owned()),
        (None, None) => Named::No("it has no name".to_owned()),
    }
}

fn in_lower_case(key: &str) -> Cow<'_, str> {
    match key.bytes().any(|byte| byte.is_ascii_uppercase()) {
        true => Cow::Owned(key.to_ascii_lowercase()),
        false => Cow::Borrowed(key),
    }
}

fn is_kind(prefix: &str) -> bool {
    prefix == "profile" || [SectionKind::Services, SectionKind::SsoSession].iter().any(|kind| kind.prefix() == prefix)
}

fn duplicate_section(section: Section<'_>, first: Section<'_>) -> String {
    let does =
        if section.header_text() == first.header_text() { "reject the whole file" } else { "use only the last one" };
    format!(
        "`[{}]` already appeared on line {}: their settings are merged, but the AWS CLI and boto3 {does}",
        section.header_text(),
        first.line()
    )
}

/// What the reference makes of a comment that does not begin in the first column.
fn indented_comment(comment: &str, above: Option<&Property<'_>>) -> String {
    let (key, is_nested) = match above {
        Some(above) => (above.key(), above.first_value().is_empty()),
        None => return format!("the comment is indented: {REFUSED}"),
    };
    match is_nested && !comment.contains('=') {
        true => format!("the indented comment below `{key}` is not a sub-property: {REFUSED}"),
        false => format!("the SDKs for Rust and Java read the indented comment as part of `{key}`"),
    }
}

/// A line of a nested block that is not `name = value`.
fn nested_problem(key: &str, line: &str) -> Option<String> {
    match line.split_once('=') {
        Some((name, _)) if !name.trim().is_empty() => None,
        Some(_) => Some(format!("a sub-property of `{key}` has no name: {REFUSED}")),
        None => Some(format!(
            "the line below `{key}` is not `name = value`: the AWS CLI, boto3 and the SDKs for Rust and Java reject the \
             whole file"
        )),
    }
}

/// Whether a continuation line was probably meant as a setting or a header.
fn looks_like_its_own(text: &str) -> bool {
    text.starts_with('[') || text.split_once(" = ").is_some_and(|(key, _)| is_identifier(key.trim()))
}
