//! An account's password policy, beside CIS's, and passwords that meet it.

use serde::Serialize;

use crate::secret::Secret;

/// The password policy of an account: every setting, since AWS takes no update of some.
///
/// Ranges: IAM API, UpdateAccountPasswordPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PasswordPolicy {
    /// Characters at least, 6 to 128.
    pub minimum_length: u32,
    /// Whether one of ``! @ # $ % ^ & * ( ) _ + - = [ ] { } | '`` is needed.
    pub symbols: bool,
    /// Whether a digit is needed.
    pub numbers: bool,
    /// Whether a capital letter is needed.
    pub uppercase: bool,
    /// Whether a small letter is needed.
    pub lowercase: bool,
    /// Whether users may change their own.
    pub users_may_change: bool,
    /// Days after which one expires, 1 to 1095; none: never.
    pub max_age_days: Option<u32>,
    /// So many last passwords cannot be used again, 1 to 24; none: all can.
    pub reuse_prevention: Option<u32>,
    /// Whether only an administrator can replace one that has expired.
    pub hard_expiry: bool,
}

impl Default for PasswordPolicy {
    /// What holds in an account without a policy (IAM User Guide, "Default password policy").
    fn default() -> Self {
        PasswordPolicy {
            minimum_length: 8,
            symbols: false,
            numbers: false,
            uppercase: false,
            lowercase: false,
            users_may_change: false,
            max_age_days: None,
            reuse_prevention: None,
            hard_expiry: false,
        }
    }
}

/// Fewest characters (CIS AWS Foundations 5.0, 1.7) and passwords remembered (1.8).
const CIS_LENGTH: u32 = 14;
const CIS_REUSE: u32 = 24;

/// One setting, as it is and as CIS wants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyLine {
    /// The setting, as the API names it.
    pub setting: &'static str,
    /// Its value.
    pub value: String,
    /// What CIS asks for; none if it asks for nothing.
    pub cis: Option<&'static str>,
    /// Whether it is enough for CIS.
    pub meets_cis: bool,
}

impl PasswordPolicy {
    /// The same, with what CIS asks for where it is less.
    pub fn meeting_cis(&self) -> PasswordPolicy {
        PasswordPolicy {
            minimum_length: self.minimum_length.max(CIS_LENGTH),
            reuse_prevention: self.reuse_prevention.max(Some(CIS_REUSE)),
            ..self.clone()
        }
    }

    /// Every setting, beside CIS's.
    pub fn lines(&self) -> Vec<PolicyLine> {
        let number = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |value| value.to_string());
        let line = |setting, value: String| PolicyLine { setting, value, cis: None, meets_cis: true };
        let cis = |line: PolicyLine, wanted, meets_cis| PolicyLine { cis: Some(wanted), meets_cis, ..line };
        vec![
            cis(
                line("MinimumPasswordLength", self.minimum_length.to_string()),
                "14 or more",
                self.minimum_length >= CIS_LENGTH,
            ),
            cis(
                line("PasswordReusePrevention", number(self.reuse_prevention)),
                "24",
                self.reuse_prevention >= Some(CIS_REUSE),
            ),
            line("RequireUppercaseCharacters", self.uppercase.to_string()),
            line("RequireLowercaseCharacters", self.lowercase.to_string()),
            line("RequireNumbers", self.numbers.to_string()),
            line("RequireSymbols", self.symbols.to_string()),
            line("AllowUsersToChangePassword", self.users_may_change.to_string()),
            line("MaxPasswordAge", number(self.max_age_days)),
            line("HardExpiry", self.hard_expiry.to_string()),
        ]
    }

    /// Every setting as the API takes it. What is not sent is set back to its default.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let lines = self.lines().into_iter().filter(|line| line.value != "-");
        lines.map(|line| (line.setting, line.value)).collect()
    }

    /// The settings that differ: name, value before, value after.
    pub fn changes(&self, after: &PasswordPolicy) -> Vec<(&'static str, String, String)> {
        let both = self.lines().into_iter().zip(after.lines());
        both.filter(|(old, new)| old.value != new.value).map(|(old, new)| (old.setting, old.value, new.value)).collect()
    }
}

/// Letters, digits and symbols that look like no other one in most fonts; AWS counts these symbols (UpdateAccountPasswordPolicy).
const CLASSES: [&str; 4] = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!@#$%^&*()_+-=[]{}"];

/// Characters of a generated password, if the policy asks for no more: about 140 bits.
const LENGTH: usize = 24;

/// Makes a password that meets `policy`, with at least one character of each class whatever it says. `random` fills a buffer.
pub fn generate(policy: &PasswordPolicy, random: &mut dyn FnMut(&mut [u8])) -> Secret {
    let length = usize::try_from(policy.minimum_length).unwrap_or(LENGTH).clamp(LENGTH, 128);
    let all: Vec<char> = CLASSES.iter().flat_map(|class| class.chars()).collect();
    let mut below = |limit: usize| loop {
        // Security: what does not divide evenly is thrown away, so that no character is likelier than another.
        let mut byte = [0];
        random(&mut byte);
        let value = usize::from(byte[0]);
        if value < 256 - 256 % limit {
            break value % limit;
        }
    };
    loop {
        let mut password = Secret::new(String::with_capacity(length));
        for _ in 0..length {
            password.push(all[below(all.len())].encode_utf8(&mut [0; 4]));
        }
        let has = |class: &&str| password.expose().contains(|letter| class.contains(letter));
        if CLASSES.iter().all(has) {
            return password;
        }
    }
}
