//! The role session name where a profile gives none. Pure.

use crate::chain::Base;

/// The longest RoleSessionName (STS API, AssumeRole).
const LONGEST: usize = 64;

/// The `role_session_name` of hops whose profile gives none: `keyfob-` and the base user's name, else `keyfob`.
///
/// It is the same each time, since it is part of what names a cached session, and it says in CloudTrail who came.
/// The names of IAM users are made of the characters a session name may have, `[\w+=,.@-]` (IAM API, CreateUser).
pub fn default_role_session_name(base: &Base) -> String {
    let user = base
        .user_arn()
        .and_then(|arn| arn.rsplit_once(":user/"))
        .map(|(_, path)| path.rsplit('/').next().unwrap_or(path));
    let mut name = String::from("keyfob");
    if let Some(user) = user.filter(|user| !user.is_empty()) {
        name.push('-');
        name.extend(user.chars().filter(|c| c.is_ascii_alphanumeric() || "_+=,.@-".contains(*c)));
        name.truncate(LONGEST);
    }
    name
}

/// The `Name` of GetFederationToken: the same, within its 32 characters (STS API, GetFederationToken).
pub fn federated_user_name(base: &Base) -> String {
    let mut name = default_role_session_name(base);
    name.truncate(32);
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::base::key::base_of;
    use crate::credentials::{StoreId, StoredKey};

    #[test]
    fn a_session_is_named_after_the_user_within_what_sts_takes() {
        let cases = [
            (None, "keyfob".to_owned()),
            (Some("arn:aws:iam::123456789012:root".to_owned()), "keyfob".to_owned()),
            (Some("arn:aws:iam::123456789012:user/ann".to_owned()), "keyfob-ann".to_owned()),
            (Some("arn:aws-cn:iam::123456789012:user/team/a/ann@x.org".to_owned()), "keyfob-ann@x.org".to_owned()),
            (Some(format!("arn:aws:iam::123456789012:user/{}", "n".repeat(64))), format!("keyfob-{}", "n".repeat(57))),
        ];
        for (user_arn, expected) in cases {
            let key = StoredKey {
                id: "AKIAIOSFODNN7EXAMPLE".parse().expect("valid"),
                backend: StoreId::VAULT,
                user_arn,
                created_at: None,
            };
            let base = base_of("base", key);
            assert_eq!(default_role_session_name(&base), expected);
        }
    }
}
