//! What an audit reads of an account: facts that a test hands in as JSON, served in the forms of IAM, EC2 and IAM Access
//! Analyzer. Ages are in days; `null` is never.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::answer::{Refusal, Service, Xml, element, iso_date, text};
use super::authentication::{Caller, Identity, authenticate};
use super::http::Request;
use super::params::{Params, decode};
use super::sigv4::Authorization;
use super::world::World;
use super::{LoopbackAws, base64};

/// The facts of one account, and how far its reports are.
#[derive(Debug, Default)]
pub struct Account {
    facts: Value,
    /// From when the ages of the facts count back; milliseconds.
    served_at: i64,
    /// How often a credential report was asked for.
    generated: usize,
    /// The jobs of last accessed details: whom each is about, and how often it was looked at.
    jobs: BTreeMap<String, (String, usize)>,
}

/// How many entries a page has at most, whatever is asked for.
const PAGE: usize = 300;

impl LoopbackAws {
    /// Serves these facts of an account (12 digits).
    pub fn serve_account(&self, account: &str, facts: &Value) {
        let served_at = self.shared.world().now();
        let served = Account { facts: facts.clone(), served_at, ..Account::default() };
        self.shared.world().accounts.insert(account.to_owned(), served);
    }
}

/// The answer to a call of an audit; none for one that is another part's, or where no facts are served.
pub fn answer(world: &mut World, caller: &Caller, action: &str, params: &Params) -> Option<Result<Xml, Refusal>> {
    const KNOWN: [&str; 12] = [
        "GetAccountSummary", "GenerateCredentialReport", "GetCredentialReport", "GetAccountPasswordPolicy",
        "ListVirtualMFADevices", "GetAccountAuthorizationDetails", "ListEntitiesForPolicy", "ListServerCertificates",
        "ListOrganizationsFeatures", "GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails",
        "DescribeRegions",
    ];
    if !KNOWN.contains(&action) || !world.accounts.contains_key(&caller.account) {
        return None;
    }
    let service = if action == "DescribeRegions" { "ec2" } else { "iam" };
    Some(allowed(world, caller, &format!("{service}:{action}")).and_then(|()| {
        let (now, partition) = (world.now(), world.partition.clone());
        let account = world.accounts.get_mut(&caller.account).expect("it is there");
        let (id, facts, served_at) = (caller.account.clone(), account.facts.clone(), account.served_at);
        let view = View { now, served_at, partition, id, facts };
        match action {
            "GetAccountSummary" => Ok(view.summary()),
            "GenerateCredentialReport" => Ok(view.generate(account)),
            "GetCredentialReport" => view.report(account),
            "GetAccountPasswordPolicy" => view.password_policy(),
            "ListVirtualMFADevices" => Ok(view.virtual_devices(params)),
            "GetAccountAuthorizationDetails" => Ok(view.details(params)),
            "ListEntitiesForPolicy" => Ok(view.entities(params)),
            "ListServerCertificates" => Ok(view.certificates()),
            "ListOrganizationsFeatures" => view.features(),
            "GenerateServiceLastAccessedDetails" => {
                let job = format!("job-{:04}", account.jobs.len());
                account.jobs.insert(job.clone(), (params.get("Arn").unwrap_or_default().to_owned(), 0));
                Ok(text("JobId", &job))
            }
            "GetServiceLastAccessedDetails" => view.last_accessed(account, params),
            _ => Ok(view.regions()),
        }
    }))
}

/// ListAnalyzers of IAM Access Analyzer, `GET /analyzer`.
pub fn list_analyzers(world: &mut World, request: &Request) -> Result<Value, Refusal> {
    let caller = authenticate(world, request, Service::AccessAnalyzer)?;
    allowed(world, &caller, "access-analyzer:ListAnalyzers")?;
    let scope = request.header("authorization").and_then(Authorization::parse).expect("it is signed");
    let facts = world.accounts.get(&caller.account).map(|account| account.facts.clone()).unwrap_or_default();
    let all = facts["regions"][&scope.region].as_array().cloned().unwrap_or_default();
    // A page of one, so that somebody has to turn it.
    let token = request.query.strip_prefix("nextToken=").map(decode);
    let at: usize = token.and_then(|token| token.parse().ok()).unwrap_or(0);
    let next = (at + 1 < all.len()).then(|| (at + 1).to_string());
    Ok(json!({"analyzers": all.iter().skip(at).take(1).collect::<Vec<_>>(), "nextToken": next}))
}

fn allowed(world: &World, caller: &Caller, full: &str) -> Result<(), Refusal> {
    let is_allowed = match &caller.identity {
        Identity::RoleSession { role, .. } => {
            let allowed = &world.roles[role].allowed;
            allowed.contains(full) || allowed.contains("iam:*")
        }
        Identity::Federated => false,
        Identity::LongTerm(user) | Identity::UserSession { user, .. } => {
            let lacks_mfa = user.iam_needs_mfa && caller.mfa_at().is_none();
            !lacks_mfa && !user.denies(full)
        }
    };
    if is_allowed {
        return Ok(());
    }
    let message = format!(
        "User: {} is not authorized to perform: {full} on resource: * because no identity-based policy allows the {full} \
         action",
        caller.arn
    );
    match full.starts_with("ec2:") {
        true => Err(Refusal::new(403, "UnauthorizedOperation", "You are not authorized to perform this operation.")),
        false if full.starts_with("access-analyzer:") => Err(Refusal::new(403, "AccessDeniedException", message)),
        false => Err(Refusal::access_denied(message)),
    }
}

struct View {
    now: i64,
    served_at: i64,
    partition: String,
    /// 12 digits.
    id: String,
    facts: Value,
}

impl View {
    fn list(&self, name: &str) -> Vec<Value> {
        self.facts[name].as_array().cloned().unwrap_or_default()
    }

    fn ago(&self, days: &Value) -> Option<i64> {
        days.as_f64().map(|days| self.served_at - millis(days))
    }

    /// A date of the report, which writes its zone as an offset.
    fn date(&self, days: &Value, never: &str) -> String {
        self.ago(days).map_or_else(|| never.to_owned(), |at| iso_date(at).replace('Z', "+00:00"))
    }

    fn arn(&self, kind: &str, name: &str) -> String {
        format!("arn:{}:iam::{}:{kind}/{name}", self.partition, self.id)
    }

    fn policy_arn(&self, name: &str) -> String {
        match self.list("policies").iter().any(|policy| policy["name"] == name) {
            true => self.arn("policy", name),
            false => format!("arn:{}:iam::aws:policy/{name}", self.partition),
        }
    }

    fn summary(&self) -> Xml {
        let root = &self.facts["root"];
        let is = |is: bool| i64::from(is).to_string();
        let keys = root["keys"].as_array().is_some_and(|keys| keys.iter().any(is_active));
        let mut map = vec![
            ("Users", self.list("users").len().to_string()),
            ("Groups", self.list("groups").len().to_string()),
            ("Providers", self.facts["providers"].as_i64().unwrap_or(0).to_string()),
            ("AccountAccessKeysPresent", is(keys)),
            ("AccountMFAEnabled", is(root["mfa"].is_string())),
        ];
        // Not in AWS GovCloud (US).
        map.extend(root["password"].as_bool().map(|has| ("AccountPasswordPresent", is(has))));
        let entries: String =
            map.iter().map(|(key, value)| element("entry", &(text("key", key) + &text("value", value)))).collect();
        element("SummaryMap", &entries)
    }

    fn generate(&self, account: &mut Account) -> Xml {
        let states = self.list("report");
        let state = states.get(account.generated).or(states.last()).and_then(Value::as_str).unwrap_or("COMPLETE");
        account.generated += 1;
        text("State", state) + &text("Description", "No report exists. Starting a new report generation task")
    }

    fn report(&self, account: &Account) -> Result<Xml, Refusal> {
        let states = self.list("report");
        let last = states.get(account.generated.saturating_sub(1)).or(states.last()).and_then(Value::as_str);
        match last {
            Some("NONE") => Err(Refusal::new(410, "ReportNotPresent", "Unable to find a report")),
            Some(state) if state != "COMPLETE" => {
                Err(Refusal::new(404, "ReportInProgress", "The report is still being generated"))
            }
            _ => {
                let hours = self.facts["report_age_hours"].as_i64().unwrap_or(0);
                Ok(text("Content", &base64(self.rows().as_bytes()))
                    + &text("ReportFormat", "text/csv")
                    + &text("GeneratedTime", &iso_date(self.now - hours * 3_600_000)))
            }
        }
    }

    fn rows(&self) -> String {
        let mut rows = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
            password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
            access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
            access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
            cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
            .to_owned();
        let keys = |of: &Value| {
            let key = |key: &Value| match key.is_null() {
                true => "false,N/A,N/A,N/A,N/A".to_owned(),
                false => format!(
                    "{},{},{},N/A,N/A",
                    is_active(key),
                    self.date(&key["created"], "N/A"),
                    self.date(&key["used"], "N/A")
                ),
            };
            format!("{},{},false,N/A,false,N/A", key(&of["keys"][0]), key(&of["keys"][1]))
        };
        let root = &self.facts["root"];
        write!(
            rows,
            "\n<root_account>,arn:{}:iam::{}:root,{},not_supported,{},not_supported,not_supported,{},{}",
            self.partition,
            self.id,
            self.date(&json!(1000), "N/A"),
            self.date(&root["used"], "no_information"),
            root["mfa"].is_string(),
            keys(root)
        )
        .expect("a String takes all");
        for user in self.list("users") {
            let (name, password) = (user["name"].as_str().unwrap_or_default(), &user["password"]);
            let password_columns = match password.is_null() {
                true => "FALSE,N/A,N/A,N/A".to_owned(),
                false => format!(
                    "TRUE,{},{},N/A",
                    self.date(&password["used"], "no_information"),
                    self.date(&password["changed"], "N/A")
                ),
            };
            let (created, mfa) = (self.date(&user["created"], "N/A"), user["mfa"] == true);
            let (quoted, arn) = (quoted(name), quoted(&self.arn("user", name)));
            write!(rows, "\n{quoted},{arn},{created},{password_columns},{mfa},{}", keys(&user))
                .expect("a String takes all");
        }
        rows
    }

    fn password_policy(&self) -> Result<Xml, Refusal> {
        let Some(policy) = self.facts["password_policy"].as_object() else {
            let message = format!("The Password Policy with domain name {} cannot be found.", self.id);
            return Err(Refusal::no_such_entity(message));
        };
        let settings: String = policy.iter().map(|(name, value)| text(name, &value.to_string())).collect();
        Ok(element("PasswordPolicy", &settings))
    }

    fn virtual_devices(&self, params: &Params) -> Xml {
        assert_eq!(params.get("AssignmentStatus"), Some("Assigned"));
        let device = |serial: &str, arn: &str| {
            let user = element("User", &text("Arn", arn));
            element("member", &(text("SerialNumber", &self.arn("mfa", serial)) + &user))
        };
        let with_mfa = self.list("users").into_iter().filter(|user| user["mfa"] == true);
        let mut members: String = with_mfa
            .filter_map(|user| {
                let name = user["name"].as_str()?.to_owned();
                Some(device(&name, &self.arn("user", &name)))
            })
            .collect();
        if self.facts["root"]["mfa"] == "virtual" {
            members += &device("root", &format!("arn:{}:iam::{}:root", self.partition, self.id));
        }
        element("VirtualMFADevices", &members) + &text("IsTruncated", "false")
    }

    /// Users, groups, roles and policies, a page of them together.
    fn details(&self, params: &Params) -> Xml {
        let wanted = params.list("Filter", "");
        let kinds = [("User", "users"), ("Group", "groups"), ("Role", "roles"), ("LocalManagedPolicy", "policies")];
        let all: Vec<(&str, Value)> = kinds
            .iter()
            .filter(|(kind, _)| wanted.contains(kind))
            .flat_map(|(kind, list)| self.list(list).into_iter().map(move |entry| (*kind, entry)))
            .collect();
        let most = params.get("MaxItems").and_then(|most| most.parse().ok()).unwrap_or(100).min(PAGE);
        let at: usize = params.get("Marker").and_then(|marker| marker.parse().ok()).unwrap_or(0);
        let page = &all[at.min(all.len())..(at + most).min(all.len())];
        let mut lists: BTreeMap<&str, String> = BTreeMap::new();
        for (kind, entry) in page {
            let (list, member) = match *kind {
                "LocalManagedPolicy" => ("Policies", self.policy(entry)),
                kind => (
                    match kind {
                        "User" => "UserDetailList",
                        "Group" => "GroupDetailList",
                        _ => "RoleDetailList",
                    },
                    self.entity(kind, entry),
                ),
            };
            lists.entry(list).or_default().push_str(&element("member", &member));
        }
        let lists: String = lists.iter().map(|(name, members)| element(name, members)).collect();
        let more = at + most < all.len();
        let marker = if more { text("Marker", &(at + most).to_string()) } else { String::new() };
        lists + &text("IsTruncated", &more.to_string()) + &marker
    }

    fn entity(&self, kind: &str, entry: &Value) -> Xml {
        let name = entry["name"].as_str().unwrap_or_default();
        let attached: String = attached(entry)
            .map(|policy| {
                let arn = text("PolicyArn", &self.policy_arn(policy));
                element("member", &(text("PolicyName", policy) + &arn))
            })
            .collect();
        let inline: String = entry["inline"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, document)| {
                let document = percent_encoded(&document.to_string());
                element("member", &(text("PolicyName", name) + &text("PolicyDocument", &document)))
            })
            .collect();
        let path = if entry["service_linked"] == true { "aws-service-role/" } else { "" };
        text(&format!("{kind}Name"), name)
            + &text("Arn", &self.arn(&kind.to_lowercase(), &format!("{path}{name}")))
            + &text("CreateDate", &iso_date(self.ago(&entry["created"]).unwrap_or(0)))
            + &element("AttachedManagedPolicies", &attached)
            + &element(&format!("{kind}PolicyList"), &inline)
    }

    fn policy(&self, entry: &Value) -> Xml {
        let name = entry["name"].as_str().unwrap_or_default();
        let version = |document: &Value, is_default: bool| {
            let document = percent_encoded(&document.to_string());
            element("member", &(text("Document", &document) + &text("IsDefaultVersion", &is_default.to_string())))
        };
        let everything = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        // An old version counts for nothing.
        let versions = version(&everything, false) + &version(&entry["document"], true);
        text("PolicyName", name)
            + &text("Arn", &self.arn("policy", name))
            + &text("CreateDate", &iso_date(self.ago(&entry["created"]).unwrap_or(0)))
            + &text("AttachmentCount", &entry["attachments"].as_i64().unwrap_or(0).to_string())
            + &element("PolicyVersionList", &versions)
    }

    fn entities(&self, params: &Params) -> Xml {
        let arn = params.get("PolicyArn").unwrap_or_default();
        let lists = [("users", "User"), ("groups", "Group"), ("roles", "Role")].map(|(list, kind)| {
            let having =
                self.list(list).into_iter().filter(|entry| attached(entry).any(|name| self.policy_arn(name) == arn));
            let members: String = having
                .map(|entry| {
                    let name = text(&format!("{kind}Name"), entry["name"].as_str().unwrap_or_default());
                    element("member", &name)
                })
                .collect();
            element(&format!("Policy{kind}s"), &members)
        });
        lists.concat() + &text("IsTruncated", "false")
    }

    fn certificates(&self) -> Xml {
        let certificate = |certificate: Value| {
            let expires = self.served_at + millis(certificate["expires_in"].as_f64().unwrap_or(0.0));
            let name = text("ServerCertificateName", certificate["name"].as_str().unwrap_or_default());
            element("member", &(name + &text("Expiration", &iso_date(expires))))
        };
        let members: String = self.list("certificates").into_iter().map(certificate).collect();
        element("ServerCertificateMetadataList", &members) + &text("IsTruncated", "false")
    }

    fn features(&self) -> Result<Xml, Refusal> {
        let organization = &self.facts["organization"];
        let Some(features) = organization.as_array() else {
            let code = organization.as_str().unwrap_or("OrganizationNotFoundException");
            return Err(Refusal::new(409, code, "this call works in the management account alone"));
        };
        let members: String = features.iter().filter_map(|one| Some(text("member", one.as_str()?))).collect();
        Ok(element("EnabledFeatures", &members) + &text("OrganizationId", "o-exampleorg"))
    }

    fn last_accessed(&self, account: &mut Account, params: &Params) -> Result<Xml, Refusal> {
        let job = params.get("JobId").unwrap_or_default();
        let (arn, looked) = account.jobs.get_mut(job).ok_or_else(|| Refusal::no_such_entity("no such job"))?;
        *looked += 1;
        if *looked < 2 {
            return Ok(text("JobStatus", "IN_PROGRESS") + &text("IsTruncated", "false"));
        }
        let name = arn.splitn(6, ':').last().unwrap_or_default();
        let services = self.facts["last_accessed"][name].as_object().cloned().unwrap_or_default();
        let service = |(name, days): (&String, &Value)| {
            let at = self.ago(days).map(|at| text("LastAuthenticated", &iso_date(at))).unwrap_or_default();
            element("member", &(text("ServiceName", name) + &text("ServiceNamespace", name) + &at))
        };
        let members: String = services.iter().map(service).collect();
        Ok(text("JobStatus", "COMPLETED") + &element("ServicesLastAccessed", &members) + &text("IsTruncated", "false"))
    }

    fn regions(&self) -> Xml {
        let regions = self.facts["regions"].as_object().cloned().unwrap_or_default();
        let items: String = regions.keys().map(|region| element("item", &text("regionName", region))).collect();
        element("regionInfo", &items)
    }
}

fn is_active(key: &Value) -> bool {
    !key.is_null() && key["active"] != false
}

fn attached(entry: &Value) -> impl Iterator<Item = &str> {
    entry["attached"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

#[expect(clippy::cast_possible_truncation, reason = "days of a test")]
fn millis(days: f64) -> i64 {
    (days * 86_400_000.0) as i64
}

/// A field with a comma in it, which IAM allows in names, in quotes (RFC 4180).
fn quoted(field: &str) -> String {
    if field.contains(',') { format!("\"{field}\"") } else { field.to_owned() }
}

/// As IAM writes policies: RFC 3986.
fn percent_encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            true => encoded.push(char::from(byte)),
            false => write!(encoded, "%{byte:02X}").expect("a String takes all"),
        }
        encoded
    })
}
