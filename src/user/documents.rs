//! The policy documents and policies that creating a user knows by heart.

use serde_json::json;

/// The group of `--require-mfa`, and the name of its inline policy.
pub const REQUIRE_MFA: &str = "require-mfa";

/// The managed policy that denies everything, in a partition.
pub fn deny_all(partition: &str) -> String {
    format!("arn:{partition}:iam::aws:policy/AWSDenyAll")
}

/// The managed policy with which a user can change its own password.
pub fn change_password(partition: &str) -> String {
    format!("arn:{partition}:iam::aws:policy/IAMUserChangePassword")
}

/// What a user may do without MFA: a first sign-in and an enrolment, and a session with a code.
const WITHOUT_MFA: [&str; 8] = [
    "iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:ListMFADevices", "iam:GetUser",
    "iam:ChangePassword", "iam:GetAccountPasswordPolicy", "sts:GetSessionToken",
];

/// The policy that denies everything to whoever comes without MFA, and allows what a first sign-in and an enrolment need: a user
/// who has no other right gets a device too, from whichever machine.
///
/// `BoolIfExists`: a request signed with a long-term key has no `aws:MultiFactorAuthPresent` at all (IAM User Guide, "AWS
/// global condition context keys"). The resources are those of "AWS: Allows MFA-authenticated IAM users to manage their own
/// credentials" there.
pub fn require_mfa(partition: &str) -> String {
    let own = format!("arn:{partition}:iam::*:user/${{aws:username}}");
    let statements = [
        json!({
            "Sid": "DenyAllWithoutMfa",
            "Effect": "Deny",
            "NotAction": WITHOUT_MFA,
            "Resource": "*",
            "Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
        }),
        json!({
            "Sid": "AllowOwnMfaAndPassword",
            "Effect": "Allow",
            "Action": ["iam:EnableMFADevice", "iam:ResyncMFADevice", "iam:ListMFADevices", "iam:GetUser", "iam:ChangePassword"],
            "Resource": own,
        }),
        json!({
            "Sid": "AllowNewMfaDevice",
            "Effect": "Allow",
            "Action": "iam:CreateVirtualMFADevice",
            "Resource": format!("arn:{partition}:iam::*:mfa/*"),
        }),
        json!({
            "Sid": "AllowPasswordPolicy",
            "Effect": "Allow",
            "Action": "iam:GetAccountPasswordPolicy",
            "Resource": "*",
        }),
    ];
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

/// Whether a managed policy of AWS's gives all rights, or those to get them.
pub fn is_for_admins(arn: &str) -> bool {
    let name = arn.rsplit('/').next().unwrap_or(arn);
    arn.contains(":iam::aws:policy/") && ["AdministratorAccess", "IAMFullAccess", "PowerUserAccess"].contains(&name)
}

/// Whether AWS accepts it as the name of a user (64) or a group (128 characters).
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn check_name(name: &str, most: usize) -> Result<(), String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    match (1..=most).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(()),
        false => Err(format!("`{name}` is not a valid name: use 1 to {most} letters, digits and `_+=,.@-`")),
    }
}

/// Whether it looks like the ARN of a managed policy.
///
/// # Errors
/// A sentence that says what one looks like.
pub fn check_policy_arn(arn: &str) -> Result<(), String> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam", "", account, policy] if !account.is_empty() && policy.starts_with("policy/") => Ok(()),
        _ => {
            Err(format!("`{arn}` is not the ARN of a managed policy, such as `arn:aws:iam::aws:policy/ReadOnlyAccess`"))
        }
    }
}
