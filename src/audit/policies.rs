//! Policies: who has them, and what they allow.

use serde_json::Value;

use crate::audit::check::{Check, Findings, Judge, Judgement, Resource};
use crate::audit::facts::{Details, Entity, EntityKind, Source};
use crate::hint::{Hint, run};

pub(super) const GROUPS: Check = Check {
    id: "groups",
    title: "Users get their permissions through groups",
    cis: Some([Some("1.15"), Some("1.14"), Some("2.14"), Some("2.13")]),
    why: "permissions of single users are forgotten when the person changes jobs",
    needs: &[Source::Details],
    judge: |judge| {
        let details = judge.facts.details.as_ref().map_err(Clone::clone)?;
        // It permits nothing, and whoever is shut out by it must not be let in again.
        let deny = judge.managed("AWSDenyAll");
        let permits = |user: &Entity| user.attached.iter().filter(|arn| **arn != deny).cloned().collect::<Vec<_>>();
        let own = details.users.iter().map(|user| (user, permits(user)));
        let found =
            own.filter(|(user, permits)| !permits.is_empty() || !user.inline.is_empty()).map(|(user, permits)| {
                let attached = permits.iter().map(|arn| last(arn).to_owned());
                let inline = user.inline.iter().map(|policy| format!("{} (inline)", policy.name));
                let fix = match permits.first() {
                    Some(arn) => detach(judge, user, arn),
                    None => run!(
                        "aws iam delete-user-policy --user-name {} --policy-name {} --profile {}",
                        user.name,
                        user.inline[0].name,
                        judge.profile
                    ),
                };
                let policies: Vec<String> = attached.chain(inline).collect();
                let fix = fix.to("add the user to a group that has the permissions, then");
                Resource::new(user.name.as_str(), user.created, policies.join(", "), fix)
            });
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const ADMIN: Check = Check {
    id: "admin-policies",
    title: "No attached policy allows everything on everything",
    cis: Some([Some("1.16"), Some("1.15"), Some("2.15"), Some("2.14")]),
    why: "anyone with such a policy can also give it to others, and hide it",
    needs: &[Source::Details],
    judge: |judge| Ok(admin(judge, judge.facts.details.as_ref().map_err(Clone::clone)?)),
};

fn admin(judge: &Judge<'_>, details: &Details) -> Findings {
    let entities = || details.users.iter().chain(&details.groups).chain(&details.roles);
    let holders = |arn: &str| {
        let having = entities().filter(|entity| entity.attached.iter().any(|attached| attached == arn));
        having.map(|entity| format!("{} {}", entity.kind.word(), entity.name)).collect::<Vec<_>>()
    };
    let look = |arn: &str| {
        run!("aws iam list-entities-for-policy --policy-arn {} --profile {}", arn, judge.profile)
            .to("detach it from those who can do with less")
    };
    let aws = judge.managed("AdministratorAccess");
    let having = holders(&aws);
    let of_aws = (!having.is_empty())
        .then(|| Resource::new("AdministratorAccess", None, format!("attached to {}", having.join(", ")), look(&aws)));
    let full = details.policies.iter().filter(|policy| policy.attachments > 0 && allows_all(&policy.document));
    let customers = full.map(|policy| {
        let having = holders(&policy.arn);
        let detail = match having.is_empty() {
            true => format!("attached {} times", policy.attachments),
            false => format!("attached to {}", having.join(", ")),
        };
        Resource::new(policy.name.as_str(), policy.created, detail, look(&policy.arn))
    });
    let inline = entities().flat_map(|entity| {
        let full = entity.inline.iter().filter(|policy| allows_all(&policy.document));
        full.map(move |policy| {
            let detail = format!("inline policy of {} {}", entity.kind.word(), entity.name);
            Resource::new(policy.name.as_str(), entity.created, detail, delete_inline(judge, entity, &policy.name))
        })
    });
    Findings::of(of_aws.into_iter().chain(customers).chain(inline), judge.facts.asked_at)
}

/// Whether a statement allows every action on every resource. A condition or a permissions boundary may still limit it, which
/// the benchmark does not look at.
pub(super) fn allows_all(document: &Value) -> bool {
    // `*`, `*:*`, `**`: a wildcard stands for any number of characters.
    let has_all = |value: &Value| {
        let is_all = |value: &Value| {
            value.as_str().is_some_and(|text| text.contains('*') && text.trim_matches(['*', ':']).is_empty())
        };
        value.as_array().map_or_else(|| is_all(value), |values| values.iter().any(is_all))
    };
    let is_full = |statement: &Value| {
        statement["Effect"] == "Allow" && has_all(&statement["Action"]) && has_all(&statement["Resource"])
    };
    match &document["Statement"] {
        Value::Array(statements) => statements.iter().any(is_full),
        statement => is_full(statement),
    }
}

pub(super) const SUPPORT: Check = Check {
    id: "support-role",
    title: "A role can open support cases",
    cis: Some([Some("1.17"), Some("1.16"), Some("2.16"), Some("2.15")]),
    why: "in an incident somebody other than the root user must be able to reach AWS Support",
    needs: &[Source::Support],
    judge: |judge| {
        let roles = judge.facts.support_roles.as_ref().map_err(Clone::clone)?;
        let arn = judge.managed("AWSSupportAccess");
        let fix =
            || run!("aws iam attach-role-policy --role-name ROLE --policy-arn {} --profile {}", arn, judge.profile);
        let found = roles
            .is_empty()
            .then(|| Resource::new(judge.facts.account.as_str(), None, "no role has AWSSupportAccess", fix()));
        Ok(Findings::of(found, judge.facts.asked_at))
    },
};

pub(super) const CLOUD_SHELL: Check = Check {
    id: "cloudshell",
    title: "Nobody has AWSCloudShellFullAccess",
    cis: Some([Some("1.22"), Some("1.21"), Some("2.21"), Some("2.20")]),
    why: "it allows files to be uploaded and downloaded, a way for data out of the account",
    needs: &[Source::CloudShell],
    judge: cloud_shell,
};

fn cloud_shell(judge: &Judge<'_>) -> Judgement {
    let entities = judge.facts.cloud_shell.as_ref().map_err(Clone::clone)?;
    let arn = judge.managed("AWSCloudShellFullAccess");
    let found = entities.iter().map(|entity| {
        let detail = format!("{} with AWSCloudShellFullAccess", entity.kind.word());
        Resource::new(entity.name.as_str(), None, detail, detach(judge, entity, &arn))
    });
    Ok(Findings::of(found, judge.facts.asked_at))
}

fn detach(judge: &Judge<'_>, entity: &Entity, arn: &str) -> Hint {
    let (name, profile) = (&entity.name, judge.profile);
    match entity.kind {
        EntityKind::User => {
            run!("aws iam detach-user-policy --user-name {} --policy-arn {} --profile {}", name, arn, profile)
        }
        EntityKind::Group => {
            run!("aws iam detach-group-policy --group-name {} --policy-arn {} --profile {}", name, arn, profile)
        }
        EntityKind::Role => {
            run!("aws iam detach-role-policy --role-name {} --policy-arn {} --profile {}", name, arn, profile)
        }
    }
}

fn delete_inline(judge: &Judge<'_>, entity: &Entity, policy: &str) -> Hint {
    let (name, profile) = (&entity.name, judge.profile);
    match entity.kind {
        EntityKind::User => {
            run!("aws iam delete-user-policy --user-name {} --policy-name {} --profile {}", name, policy, profile)
        }
        EntityKind::Group => {
            run!("aws iam delete-group-policy --group-name {} --policy-name {} --profile {}", name, policy, profile)
        }
        EntityKind::Role => {
            run!("aws iam delete-role-policy --role-name {} --policy-name {} --profile {}", name, policy, profile)
        }
    }
}

/// The name in a policy's ARN.
fn last(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}
