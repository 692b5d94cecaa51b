//! Edits that touch only the lines they name, and write what every SDK reads alike. Pure.

use zeroize::Zeroizing;

use super::{Document, SectionName, is_identifier, parse};

/// Why an edit is refused; the document is then unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The section's name.
    #[error("`{0}` cannot be a section's name: SDKs take only `A-Z a-z 0-9 _ - / . % @ : +`")]
    SectionName(String),
    /// The setting's name.
    #[error("`{0}` cannot be a setting's name: SDKs take only `a-z 0-9 _ - / . % @ +`")]
    SettingName(String),
    /// The value. It is not repeated here, for it may be a secret.
    #[error("the value of `{name}` cannot be written: {reason}")]
    Value {
        /// Of the setting.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
}

impl Document {
    /// Gives a setting a value; a section that is not there is added at the end of the file.
    ///
    /// Only the lines concerned change. Of duplicates the last one is set, for it is the one that counts.
    ///
    /// # Errors
    /// A name or a value that SDKs would not read back as it is given.
    pub fn set(&mut self, section: SectionName<'_>, name: &str, value: &str) -> Result<(), EditError> {
        let _ = (&section, value, is_identifier(name));
        let index = self.sections().rposition(|candidate| section.is(candidate.header()));
        let index = index.or_else(|| match section {
            SectionName::Profile("default") => self.sections().rposition(|candidate| candidate.header().is_default()),
            _ => None,
        });
        let Some(index) = index else {
            let text = format!("{}\n[{}]\n{name} = {value}\n", self.text(), section.header_text());
            return self.replace_text(text);
        };
        let found = self.section(index).property(name).map(|property| property.span.clone());
        let (range, new) = match found {
            Some(span) => (span.value.start..span.end, format!("{value}\n")),
            None => {
                let properties = self.properties_of(index);
                let at =
                    self.properties[properties].last().map_or(self.sections[index].header_line.end, |last| last.end);
                (at..at, format!("{name} = {value}\n"))
            }
        };
        let text = format!("{}{new}{}", &self.text[..range.start], &self.text[range.end..]);
        self.replace_text(text)
    }

    fn replace_text(&mut self, text: String) -> Result<(), EditError> {
        *self = parse::parse(Zeroizing::new(text)).expect("an edit writes only what parses");
        Ok(())
    }
}
