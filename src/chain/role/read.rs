//! The options about a role of the command line, checked against the limits of the STS API. Pure.

use crate::chain::role::RoleName;
use crate::chain::values;

/// Reads `--role`.
///
/// # Errors
/// What is wrong with it.
pub fn role_name(text: &str) -> Result<RoleName, String> {
    if text.starts_with("arn:") {
        return values::role_arn(text).map(RoleName::Arn);
    }
    let wrong = || format!("`{text}` is not a role; expected an ARN, or an account and a name: `123456789012:NAME`");
    let (account, name) = text.split_once(':').ok_or_else(wrong)?;
    let name = name.strip_prefix("role/").unwrap_or(name);
    let role = RoleName::InAccount { account: account.to_owned(), name: name.to_owned() };
    values::role_arn(&role.arn("aws")).map(|_| role).map_err(|_| wrong())
}

/// Reads `--external-id`.
///
/// # Errors
/// What is wrong with it.
pub fn external_id(text: &str) -> Result<String, String> {
    values::external_id(text)
}

/// Reads `--session-name`.
///
/// # Errors
/// What is wrong with it.
pub fn session_name(text: &str) -> Result<String, String> {
    values::session_name(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_an_arn_or_an_account_and_a_name() {
        let arn = |text: &str| role_name(text).map(|role| role.arn("aws-cn"));
        assert_eq!(arn("arn:aws:iam::123456789012:role/a/B").as_deref(), Ok("arn:aws:iam::123456789012:role/a/B"));
        for text in ["123456789012:a/B", "123456789012:role/a/B"] {
            assert_eq!(arn(text).as_deref(), Ok("arn:aws-cn:iam::123456789012:role/a/B"));
        }
        for bad in
            ["B", "12345:B", "123456789012:", "123456789012:a b", "prod:B", "arn:aws:iam::123456789012:user/B", ""]
        {
            assert!(arn(bad).is_err(), "{bad}");
        }
    }
}
