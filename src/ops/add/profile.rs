//! The profile as `add` will write it: decided and talked over before anything is stored, written last.

use crate::chain::base::{overrides, process};
use crate::chain::check;
use crate::chain::values::mfa_serial;
use crate::chain::{Plan, Request, plan};
use crate::config_file::{self, AwsFiles};
use crate::credentials::StoredKey;
use crate::error::{Error, Kind, Result};
use crate::hint::{Hint, run};
use crate::human::AskError;
use crate::index::Index;
use crate::ini::{Document, EditError, SectionName};
use crate::ops::Context;
use crate::ops::add::AddRequest;
use crate::ops::advice::{self, Change, Devices};
use crate::ops::edits::edit;
use crate::ops::planning::WithKey;
use crate::ops::without_device::{self, Known};
use crate::process_line::keyfob_profile_of;
use crate::profile::known::REPLACED_PROCESS;
use crate::profile::{AwsFile, Profile, Profiles};

const PROCESS: &str = "credential_process";

/// The AWS files as they are, and the settings `add` will write into them.
pub(super) struct Planned<'a> {
    pub(super) name: String,
    files: &'a AwsFiles,
    config: Document,
    edits: Vec<(&'static str, String)>,
    is_linked: bool,
    devices: Known,
    /// Whether the profile hands out sessions without MFA; known once [`Planned::advise`] has run.
    is_without_device: bool,
    /// As in the request.
    will_enroll: bool,
}

impl<'a> Planned<'a> {
    /// Takes the settings the command line gives.
    ///
    /// # Errors
    /// A name or a value that SDKs would not read back.
    pub(super) fn new(files: &'a AwsFiles, request: &AddRequest) -> Result<Self> {
        let config = match &files.config {
            Some(config) => config.clone(),
            None => Document::parse(String::new()).expect("an empty file parses"),
        };
        let section = SectionName::Profile(&request.profile);
        section.check().map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        let is_linked = request.link.is_some();
        let mut planned = Planned {
            name: request.profile.clone(),
            files,
            config,
            edits: Vec::new(),
            is_linked,
            devices: Known::Nothing,
            is_without_device: false,
            will_enroll: request.will_enroll,
        };
        let refused = |option: &str, problem: String| Error::new(Kind::Usage, format!("`{option}`: {problem}"));
        if let Some(region) = &request.region {
            check::region(region, request.other_service).map_err(|problem| refused("--region", problem))?;
        }
        if let Some(serial) = &request.mfa_serial {
            mfa_serial(serial).map_err(|problem| refused("--mfa-serial", problem))?;
        }
        let given =
            [("region", &request.region), ("mfa_serial", &request.mfa_serial), ("credential_process", &request.link)];
        if is_linked {
            hide_process(AwsFile::Config, &mut planned.config, &request.profile)?;
        }
        for (setting, value) in given {
            if let Some(value) = value {
                planned.set(setting, value)?;
            }
        }
        Ok(planned)
    }

    fn profiles(&self) -> Profiles<'_> {
        Profiles::new(Some(&self.config), self.files.credentials.as_ref())
    }

    pub(super) fn set(&mut self, setting: &'static str, value: &str) -> Result<()> {
        self.config
            .set(SectionName::Profile(&self.name), setting, value)
            .map_err(|error| Error::new(Kind::Usage, error.to_string()))?;
        self.edits.push((setting, value.to_owned()));
        Ok(())
    }

    pub(super) fn has(&self, setting: &str) -> bool {
        self.profiles().get(&self.name).is_some_and(|profile| profile.setting(setting).is_some())
    }

    /// How credentials will be made once the key is stored and the profile written.
    ///
    /// # Errors
    /// As [`plan`].
    pub(super) fn plan(&self, context: &Context<'_>, index: &Index, key: &StoredKey) -> Result<Plan> {
        let request = Request::of(context.settings, context.paths, &self.name);
        let keys = WithKey { index, profile: &self.name, key };
        Ok(plan(&self.profiles(), &keys, context.env, &request)?)
    }

    /// Asks before another program's `credential_process` is replaced. `--yes` is not enough: it takes `--replace-process`.
    /// The line is kept under another name, for `unlink`.
    ///
    /// # Errors
    /// Where the answer is no, or nobody can give one.
    pub(super) fn ask_to_take_over(&self, context: &Context<'_>, request: &AddRequest) -> Result<()> {
        let before = self.files.profiles();
        let Some(process) = before.get(&self.name).and_then(|profile| profile.plain("credential_process")) else {
            return Ok(());
        };
        if !self.is_linked || !is_of_another_program(&process.value) || request.replace_process {
            return Ok(());
        }
        let place = config_file::file_names(context.paths).place_of(&process);
        let replace =
            || context.talk.again(&["--replace-process"]).to("replace it; `keyfob profile unlink` restores it");
        let keep = || context.talk.again(&["--no-link"]).to("or store the key without linking the profile");
        let refused = |kind| {
            Error::new(kind, format!("{place}: `{}` gets its credentials from another program", self.name))
                .hint(replace())
                .hint(keep())
        };
        if request.yes {
            return Err(
                refused(Kind::Failed).because("`--yes` does not replace another program's `credential_process`")
            );
        }
        let question =
            format!("{place}: `{}` gets its credentials from another program; use keyfob instead?", self.name);
        match context.human.confirm(&question) {
            Ok(true) => Ok(()),
            Ok(false) => {
                Err(Error::new(Kind::Failed, format!("cancelled; `credential_process` at {place} was not changed"))
                    .hint(keep()))
            }
            Err(error) => Err(error
                .into_error(&format!("confirmation to replace `credential_process` at {place}"))
                .hint(replace())
                .hint(keep())),
        }
    }

    /// Refuses `--mfa-serial` with a device that the user does not have.
    ///
    /// # Errors
    /// As said.
    pub(super) fn refuse_device_of_others(serial: &str, devices: &Devices) -> Result<()> {
        if devices.usable.iter().chain(&devices.unusable).any(|known| known == serial) {
            return Ok(());
        }
        let error = Error::new(Kind::Failed, format!("the user has no MFA device `{serial}`"));
        let error = match devices.usable.as_slice() {
            [] => error.because("AWS lists no device of the user that makes codes").hint("leave out `--mfa-serial`"),
            usable => usable.iter().fold(error, |error, known| error.hint(format!("use `--mfa-serial {known}`"))),
        };
        Err(error.hint("nothing was stored"))
    }

    /// Refuses to link a profile that signs in with IAM Identity Center: SDKs would get the key's credentials instead.
    ///
    /// # Errors
    /// Where it does, and is not linked yet.
    pub(super) fn refuse_sso(&self, context: &Context<'_>) -> Result<()> {
        let before = self.files.profiles();
        let profile = before.get(&self.name).filter(|profile| self.is_linked && !process::runs_keyfob(profile));
        let sso = |profile: &Profile<'_>| {
            let mut settings = profile.settings();
            settings.find(|setting| setting.name.starts_with("sso_")).map(|setting| (setting.file, setting.line))
        };
        let Some((file, line)) = profile.as_ref().and_then(sso) else { return Ok(()) };
        let (name, other) = (&self.name, format!("{}-key", self.name));
        let rename = |word: &String| if word == name { other.clone() } else { word.clone() };
        let again: Vec<String> = context.talk.command_line().iter().map(rename).collect();
        Err(Error::new(
            Kind::Config,
            format!("{}: `{name}` signs in with IAM Identity Center", place(context, file, line)),
        )
        .because("linked to an access key, its programs would use the key instead")
        .hint(Hint::again(&again, &[]).to("store the key for a profile of its own"))
        .hint(context.talk.again(&["--no-link"]).to("or store it for this one, without linking")))
    }

    /// Whether the profile names an MFA device, or will.
    pub(super) fn has_device(&self) -> bool {
        self.has("mfa_serial")
    }

    /// The device the profile names, or will.
    pub(super) fn device(&self) -> Option<String> {
        Some(self.profiles().get(&self.name)?.setting("mfa_serial")?.value.into_owned())
    }

    /// Offers the devices that AWS knows of.
    ///
    /// # Errors
    /// Where the person ends the conversation.
    pub(super) fn offer_device(&mut self, context: &Context<'_>, devices: Devices, yes: bool) -> Result<()> {
        let Devices { usable, unusable } = devices;
        self.devices = if usable.is_empty() { Known::None } else { Known::Declined };
        for serial in &unusable {
            context
                .talk
                .say(&format!("`{serial}` is a security key, which AWS accepts only for signing in to the console"));
        }
        let (human, name) = (context.human, self.name.clone());
        let hint = |serial: &str| {
            context.talk.hint(run!("keyfob profile set {} mfa_serial {}", name, serial).to("use this MFA device"));
        };
        match usable.as_slice() {
            [] => Ok(()),
            [serial] if yes => {
                context.talk.say(&format!("`{name}` uses your MFA device `{serial}`"));
                self.set("mfa_serial", serial)
            }
            [serial] if !human.is_there() => {
                hint(serial);
                Ok(())
            }
            [serial] => match human.propose(&format!("use your MFA device `{serial}`?")).map_err(unanswered)? {
                true => self.set("mfa_serial", serial),
                false => {
                    hint(serial);
                    Ok(())
                }
            },
            several if yes || !human.is_there() => {
                for serial in several {
                    hint(serial);
                }
                Ok(())
            }
            several => {
                let list: String =
                    several.iter().enumerate().map(|(i, serial)| format!("  {}  {serial}\n", i + 1)).collect();
                let question = format!("your MFA devices:\n{list}which one (1 to {}; Enter for none)? ", several.len());
                loop {
                    let answer = human.ask(&question, None).map_err(unanswered)?;
                    match answer.trim().parse::<usize>() {
                        _ if answer.trim().is_empty() => return Ok(()),
                        Ok(number @ 1..) if number <= several.len() => {
                            return self.set("mfa_serial", &several[number - 1]);
                        }
                        Ok(_) | Err(_) => {}
                    }
                }
            }
        }
    }

    /// Says what will not work as the user may expect, and offers what helps.
    ///
    /// # Errors
    /// As [`plan`], and where the person ends the conversation.
    pub(super) fn advise(&mut self, context: &Context<'_>, index: &Index, key: &StoredKey) -> Result<()> {
        let (talk, name) = (context.talk, self.name.clone());
        let plan = self.plan(context, index, key)?;
        if plan.base.key_id() != Some(&key.id) {
            let base = &plan.base.profile;
            talk.warn(&format!(
                "`{name}` assumes its role with the key of `{base}`; a key stored for `{name}` is used only by profiles that \
                 name `{name}` as their source"
            ));
            talk.hint(
                run!("keyfob add {} --replace", base).to(format!("replace the key of `{base}`, if you meant that")),
            );
        } else if plan.is_session_without_mfa() {
            self.is_without_device = true;
            if let Some(devices) = self.without_device() {
                without_device::warn(context, &name, devices);
            }
        }
        if self.is_linked {
            self.name_shadows(context);
            if plan.session().is_some() {
                self.name_dependants(context, plan.mfa.is_some());
            }
        }
        Ok(())
    }

    /// What is known of the user's devices, if the profile hands out sessions without MFA, and will still do so.
    pub(super) fn without_device(&self) -> Option<Known> {
        (self.is_without_device && !self.will_enroll).then_some(self.devices)
    }

    fn name_shadows(&self, context: &Context<'_>) {
        let shadows = self.profiles().get(&self.name).as_ref().map(overrides).unwrap_or_default();
        let name = &self.name;
        for shadow in shadows.iter().filter(|shadow| !shadow.is_key()) {
            let place = place(context, shadow.file, shadow.line);
            let setting = &shadow.name;
            context.talk.warn(&format!("{place}: SDKs use `{setting}` of `{name}` instead of `credential_process`"));
        }
        if shadows.iter().any(|shadow| !shadow.is_key()) {
            let hint = run!("keyfob profile link {} --yes", name);
            context.talk.hint(hint.to("rename it, so that only keyfob reads it, once the key is stored"));
        }
        let keys: Vec<_> = shadows.iter().filter(|shadow| shadow.is_key()).collect();
        if let Some(first) = keys.first() {
            let lines: Vec<String> = keys.iter().map(|shadow| place(context, shadow.file, shadow.line)).collect();
            let first = place(context, first.file, first.line);
            context.talk.warn(&format!("{first}: SDKs use the plaintext key there instead of `credential_process`"));
            context.talk.hint(format!("delete these lines: {}", lines.join(", ")).into());
        }
    }

    fn name_dependants(&self, context: &Context<'_>, with_mfa: bool) {
        for dependant in advice::dependants(&self.profiles(), &self.name, with_mfa) {
            let (other, name) = (&dependant.profile, &self.name);
            let place = place(context, dependant.file, dependant.line);
            context.talk.warn(&match dependant.change {
                Change::Fails => format!(
                    "{place}: `{other}` requests more than 1h, which AWS will refuse once its source `{name}` is linked"
                ),
                Change::AsksTwice => {
                    format!(
                        "{place}: SDKs will ask for a second MFA code for `{other}` once its source `{name}` is linked"
                    )
                }
            });
            context
                .talk
                .hint(run!("keyfob profile link {}", other).to("let keyfob assume its role instead of the SDK"));
        }
    }

    /// Writes the settings into the config file; returns the lines to paste where it cannot be replaced.
    ///
    /// # Errors
    /// Where the file has changed into one that cannot be read. The key is stored by then.
    pub(super) fn write(self, context: &Context<'_>) -> Result<Option<String>> {
        let Planned { name, edits, is_linked, .. } = self;
        let path = context.paths.aws_config.display();
        let link = if is_linked { "linked" } else { "not linked" };
        if is_linked {
            edit(context, AwsFile::Credentials, |document| hide_process(AwsFile::Credentials, document, &name))?
                .or_fail("the key is stored")?;
        }
        let edited = edit(context, AwsFile::Config, |document| {
            if is_linked {
                hide_process(AwsFile::Config, document, &name)?;
            }
            edits.iter().try_for_each(|(setting, value)| document.set(SectionName::Profile(&name), setting, value))
        })
        .map_err(|error| error.hint(context.talk.again(&[]).to("the key is stored; to write the profile")))?;
        Ok(edited.or_lines(context, "the key is stored", |is_changed| {
            context.talk.say(&match is_changed {
                true => format!("wrote the profile `{name}` to {path} ({link})"),
                false if edits.is_empty() => format!("{path} was not changed ({link})"),
                false => format!("{path} already contains `{name}` ({link})"),
            });
        }))
    }
}

fn is_of_another_program(process: &str) -> bool {
    !process.is_empty() && keyfob_profile_of(process).is_none()
}

/// Keeps another program's `credential_process` under the name from which `unlink` restores it.
fn hide_process(file: AwsFile, document: &mut Document, profile: &str) -> Result<(), EditError> {
    let section = file.section(profile);
    if document.value_in(section, PROCESS).is_some_and(|process| is_of_another_program(&process)) {
        document.unset(section, REPLACED_PROCESS);
        let prefix = &REPLACED_PROCESS[..REPLACED_PROCESS.len() - PROCESS.len()];
        document.rename_settings(section, |key| key.eq_ignore_ascii_case(PROCESS).then(|| format!("{prefix}{key}")))?;
    }
    Ok(())
}

/// The error where a person ends the conversation, all of which comes before the first write.
pub(super) fn unanswered(error: AskError) -> Error {
    error.into_error("an answer").outcome("nothing was stored")
}

fn place(context: &Context<'_>, file: AwsFile, line: usize) -> String {
    format!("{}:{line}", config_file::path_of(context.paths, file).display())
}
