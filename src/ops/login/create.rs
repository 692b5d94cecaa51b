//! A first `sso-session` section, from a start URL.
//!
//! The section is written after the sign-in has worked, so a mistyped URL leaves nothing. A kill in between leaves a sign-in
//! without a section; the same command again finds it and writes the section.

use crate::chain::check;
use crate::chain::identity_center::{IdentityCenter, of_session, region_in, trimmed};
use crate::error::{Error, Kind, Result};
use crate::hint::run;
use crate::ini::{Document, SectionName};
use crate::ops::Context;
use crate::ops::edits::edit;
use crate::ops::login::region;
use crate::profile::{AwsFile, Profiles, SectionKind};

/// The start URL and region of a section that is to be.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its name.
    pub name: String,
    pub start_url: String,
    pub region: String,
}

/// A name that is likely to be meant: `corp` of `https://corp.awsapps.com/start`.
fn suggestion(start_url: &str) -> String {
    let host = start_url.split_once("://").map_or(start_url, |(_, rest)| rest);
    let label: String = host.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if label.is_empty() || label == "identitycenter" || label == "start" { "sso".to_owned() } else { label }
}

/// The region of an Identity Center: the one that is given, or its start URL's; else a person is asked.
///
/// # Errors
/// What is not a start URL, nobody to ask (exit 3), or a region that AWS does not have.
pub fn region_of(context: &Context<'_>, start_url: &str, given: Option<String>) -> Result<String> {
    let url = trimmed(start_url);
    if !(url.strip_prefix("https://").is_some_and(|rest| !rest.is_empty())
        && url.bytes().all(|byte| byte.is_ascii_graphic()))
    {
        let text =
            format!("`--start-url`: `{url}` is not a start URL; expected for example `https://corp.awsapps.com/start`");
        return Err(Error::new(Kind::Usage, text));
    }
    if let Some(region) = region_in(start_url).filter(|_| given.is_none()) {
        return Ok(region);
    }
    let Some(region) = given else {
        let question = "Region of the Identity Center, such as eu-west-1: ";
        return region::ask(context, question, "the region of the Identity Center", None);
    };
    let region = region.trim();
    check::region(region, false).map_err(|problem| {
        Error::new(Kind::Usage, problem).hint(context.talk.again(&["--region", "REGION"]).to("add it to the command"))
    })?;
    Ok(region.to_owned())
}

impl NewSession {
    /// Asks for a name where none is given.
    ///
    /// # Errors
    /// A name that cannot be, a section of this name with another start URL, nobody to ask.
    pub fn new(
        context: &Context<'_>,
        profiles: &Profiles<'_>,
        name: Option<&str>,
        start_url: &str,
        region: &str,
    ) -> Result<NewSession> {
        let start_url = trimmed(start_url).to_owned();
        // One that is there already is used.
        let known = profiles.sections(SectionKind::SsoSession).into_iter().find(|known| {
            let section = profiles.section(SectionKind::SsoSession, known);
            let is = |setting: &str, value: &str| {
                section
                    .as_ref()
                    .and_then(|section| section.setting(setting))
                    .is_some_and(|there| trimmed(&there.value) == value)
            };
            name.is_none_or(|name| name == known) && is("sso_start_url", &start_url) && is("sso_region", region)
        });
        let name = match (known, name) {
            (Some(known), _) => known,
            (None, Some(name)) => name.to_owned(),
            (None, None) => {
                let suggested = suggestion(&start_url);
                let question = format!("Name for {start_url} in the config file [{suggested}]: ");
                let asked = context.human.ask(&question, None).map_err(|error| {
                    error.into_error("a name for the `sso-session` section").hint(
                        run!("keyfob login NAME --start-url {} --region {}", start_url, region)
                            .to("add one to the command"),
                    )
                })?;
                let asked = asked.trim().to_owned();
                if asked.is_empty() { suggested } else { asked }
            }
        };
        let new = NewSession { name, start_url, region: region.to_owned() };
        let mut document = Document::parse(String::new()).expect("an empty text is a document");
        document
            .add_section(new.section())
            .map_err(|error| Error::new(Kind::Usage, format!("`{}`: {error}", new.name)))?;
        Ok(new)
    }

    fn section(&self) -> SectionName<'_> {
        SectionName::Other(SectionKind::SsoSession, &self.name)
    }

    /// As the config file will have it.
    ///
    /// # Errors
    /// A section of this name with another start URL or region.
    pub fn center(&self, context: &Context<'_>, profiles: &Profiles<'_>) -> Result<IdentityCenter> {
        let files = crate::config_file::file_names(context.paths);
        let NewSession { name, start_url, region } = self;
        if let Some(there) = of_session(profiles, context.env, &files, name)? {
            if there.start_url == *start_url && there.region == *region {
                return Ok(there);
            }
            let text = format!("`[sso-session {name}]` is already there, with {} in {}", there.start_url, there.region);
            return Err(Error::new(Kind::Config, text)
                .hint(run!("keyfob login NAME --start-url {} --region {}", start_url, region).to("choose another name"))
                .hint(run!("keyfob login {}", name).to("or sign in to that one")));
        }
        let text = format!("[sso-session {name}]\nsso_start_url = {start_url}\nsso_region = {region}\n");
        let document = Document::parse(text).map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        let center = of_session(&Profiles::new(Some(&document), None), context.env, &files, name)?;
        center.ok_or_else(|| Error::new(Kind::Usage, format!("`{name}` cannot be the name of a section")))
    }

    /// Writes the section where it is not there. Returns the lines to paste where the file cannot be replaced.
    ///
    /// # Errors
    /// As [`edit`].
    pub fn write(&self, context: &Context<'_>) -> Result<String> {
        let NewSession { name, start_url, region } = self;
        let settings = [
            ("sso_start_url", start_url.as_str()),
            ("sso_region", region),
            ("sso_registration_scopes", "sso:account:access"),
        ];
        let edited = edit(context, AwsFile::Config, |document| {
            if !document.has_section(self.section()) {
                document.add_section(self.section())?;
                for (setting, value) in settings {
                    document.set(self.section(), setting, value)?;
                }
            }
            Ok(())
        })?;
        let lines = edited.or_lines(context, "you are signed in", |is_changed| {
            if is_changed {
                let path = crate::config_file::path_of(context.paths, AwsFile::Config);
                context.talk.say(&format!("added `[sso-session {name}]` to {}", path.display()));
                context.talk.hint(
                    run!("keyfob sso profiles {}", name).to("write a profile for each of your accounts and roles"),
                );
            }
        });
        Ok(lines.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_suggested_from_the_start_url() {
        for (url, name) in [
            ("https://corp.awsapps.com/start", "corp"),
            ("https://d-1234567890.awsapps.com/start", "d-1234567890"),
            ("https://ssoins-1.portal.eu-west-1.app.aws", "ssoins-1"),
            ("https://start.us-gov-home.awsapps.com/directory/x", "sso"),
            ("https://identitycenter.amazonaws.com/ssoins-1", "sso"),
            ("", "sso"),
        ] {
            assert_eq!(suggestion(url), name);
        }
    }
}
