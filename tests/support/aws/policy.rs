//! Session policies, evaluated as IAM does it: of each call's policies one has to allow an action, and none may deny it.
//!
//! IAM User Guide, "Policy evaluation logic" and "Session policies". Resources and conditions are not looked at.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::params::Params;

/// What one call has put on a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionPolicy(Vec<Value>);

impl SessionPolicy {
    /// `Policy` and `PolicyArns` of a call; none without either.
    ///
    /// # Errors
    /// As AWS refuses them.
    pub fn of(params: &Params) -> Result<Option<SessionPolicy>, Refusal> {
        let malformed = |message: &str| Refusal::new(400, "MalformedPolicyDocument", message);
        let mut documents = Vec::new();
        let arns = params.list("PolicyArns", ".arn");
        if let Some(policy) = params.get("Policy") {
            let document: Value =
                serde_json::from_str(policy).map_err(|_| malformed("The policy is not in the valid JSON format."))?;
            let statements = statements(&document);
            let is_valid = |statement: &Value| {
                matches!(statement["Effect"].as_str(), Some("Allow" | "Deny"))
                    && (statement["Action"].is_null() != statement["NotAction"].is_null())
                    && statement["Resource"] == "*"
                    && patterns(statement).iter().all(|pattern| {
                        pattern == "*" || pattern.split_once(':').is_some_and(|(vendor, _)| !vendor.contains('*'))
                    })
            };
            if statements.is_empty() || !statements.iter().all(is_valid) {
                return Err(malformed("Syntax errors in policy."));
            }
            documents.push(document);
        }
        for arn in &arns {
            documents.push(managed(arn).ok_or_else(|| malformed(&format!("The policy {arn} does not exist")))?);
        }
        let length = params.get("Policy").map_or(0, |policy| policy.chars().count())
            + arns.iter().map(|arn| arn.len()).sum::<usize>();
        if length > 2048 {
            return Err(Refusal::new(400, "PackedPolicyTooLarge", "Packed policy consumes 104% of allotted space"));
        }
        Ok((!documents.is_empty()).then_some(SessionPolicy(documents)))
    }

    /// Whether it lets a session do this: `iam:CreateAccessKey`.
    pub fn allows(&self, action: &str) -> bool {
        let any = |effect: &str| {
            self.0
                .iter()
                .flat_map(statements)
                .any(|statement| statement["Effect"] == effect && applies(&statement, action))
        };
        any("Allow") && !any("Deny")
    }
}

fn statements(document: &Value) -> Vec<Value> {
    match &document["Statement"] {
        Value::Array(statements) => statements.clone(),
        Value::Object(_) => vec![document["Statement"].clone()],
        _ => Vec::new(),
    }
}

fn patterns(statement: &Value) -> Vec<String> {
    let named = if statement["Action"].is_null() { &statement["NotAction"] } else { &statement["Action"] };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    named.as_array().map_or_else(|| vec![text(named)], |patterns| patterns.iter().map(text).collect())
}

fn applies(statement: &Value, action: &str) -> bool {
    let matches = |pattern: &String| match pattern.strip_suffix('*') {
        Some(start) => action.to_lowercase().starts_with(&start.to_lowercase()),
        None => pattern.eq_ignore_ascii_case(action),
    };
    patterns(statement).iter().any(matches) != statement["Action"].is_null()
}

/// The managed policies that are there.
fn managed(arn: &str) -> Option<Value> {
    let actions = match arn.split_once(":iam::aws:policy/")?.1 {
        "ReadOnlyAccess" => json!(["iam:Get*", "iam:List*", "s3:Get*", "s3:List*"]),
        "job-function/ViewOnlyAccess" => json!(["iam:List*", "s3:List*"]),
        "AdministratorAccess" => json!("*"),
        _ => return None,
    };
    Some(json!({"Statement": {"Effect": "Allow", "Action": actions, "Resource": "*"}}))
}
