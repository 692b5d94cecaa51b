//! Session policies as documents: the read-only ones, and one document that grants only what two of them both grant.

use serde_json::{Map, Value, json};

use crate::chain::values::LONGEST_POLICY;

/// What reads and changes nothing, by service: the wildcard of an action cannot cover several services (IAM User Guide,
/// "IAM JSON policy elements: Action"). Without actions whose answer is a secret or gives other credentials.
const READ_ONLY: &str = include_str!("read_only.json");

/// AWS's own policy of this kind, in a partition.
pub(super) fn managed_read_only(partition: &str) -> String {
    format!("arn:{partition}:iam::aws:policy/ReadOnlyAccess")
}

/// What goes with [`managed_read_only`]: the session of a role assumed from here would not be narrowed (STS API, AssumeRole,
/// `Policy`: it restricts this session alone).
pub(super) fn deny_assume_role() -> String {
    json!({"Version": "2012-10-17", "Statement": [deny_statement()]}).to_string()
}

/// The whole of a read-only session's policy, for calls that take no managed one.
pub(super) fn read_only() -> String {
    document(READ_ONLY).to_string()
}

/// `policy` with statements that deny all but reading: a Deny wins over every Allow, so nothing is granted that one of the two
/// does not grant, whatever managed policies go beside it. None if that is longer than AWS takes, `beside` characters included.
pub(super) fn and_read_only(policy: Option<&str>, beside: usize) -> Option<String> {
    let mut document = match policy {
        Some(policy) => document(policy),
        None => document(r#"{"Version":"2012-10-17"}"#),
    };
    let object = document.as_object_mut()?;
    let mut statements = match object.remove("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(statement) => vec![statement],
        None => Vec::new(),
    };
    statements.push(json!({"Effect": "Deny", "NotAction": actions(), "Resource": "*"}));
    statements.push(deny_statement());
    object.insert("Statement".to_owned(), Value::Array(statements));
    let text = document.to_string();
    (text.chars().count() + beside <= LONGEST_POLICY).then_some(text)
}

fn deny_statement() -> Value {
    json!({"Effect": "Deny", "Action": "sts:AssumeRole*", "Resource": "*"})
}

fn actions() -> Value {
    document(READ_ONLY)["Statement"][0]["Action"].clone()
}

fn document(text: &str) -> Value {
    serde_json::from_str::<Map<String, Value>>(text).map(Value::Object).expect("a policy is checked when it is read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_read_only_policy_is_within_what_aws_takes() {
        assert!(read_only().chars().count() <= LONGEST_POLICY);
        let alone = and_read_only(None, 0).expect("short enough");
        assert!(alone.contains(r#""Effect":"Deny","NotAction":["#));
        let policy = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*"}}"#;
        let both = document(&and_read_only(Some(policy), 0).expect("short enough"));
        let effects: Vec<&Value> =
            both["Statement"].as_array().expect("several").iter().map(|s| &s["Effect"]).collect();
        assert_eq!(effects, ["Allow", "Deny", "Deny"]);
        assert_eq!(and_read_only(Some(&format!(r#"{{"Id":"{}"}}"#, "x".repeat(1000))), 0), None);
        assert_eq!(and_read_only(None, 1000), None);
    }

    #[test]
    fn nothing_that_writes_or_gives_a_secret_counts_as_reading() {
        let actions = actions();
        let actions: Vec<&str> = actions.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        assert!(actions.is_sorted());
        let verbs = [
            "BatchGet*", "Describe*", "Get*", "List*", "GET", "FilterLogEvents", "GetCallerIdentity", "LookupEvents",
            "Query", "Scan",
        ];
        for action in &actions {
            let (service, verb) = action.split_once(':').expect("a service and an action");
            assert!(verbs.contains(&verb) && !service.contains('*'), "{action}");
        }
        for giving in [
            "secretsmanager:Get*", "ssm:Get*", "sts:Get*", "cognito-identity:Get*", "ec2:Get*", "ecr:Get*",
            "redshift:Get*", "kms:Get*", "sso:Get*",
        ] {
            assert!(!actions.contains(&giving), "{giving}");
        }
    }
}
