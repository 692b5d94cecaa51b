//! The credential report: a CSV document with a row for the root user and each IAM user.
//!
//! IAM User Guide, "Generate credential reports for your AWS account". Columns are found by their names, since AWS adds some.

use crate::timestamp::Timestamp;

/// How the report names the root user.
pub const ROOT: &str = "<root_account>";

/// A credential report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialReport {
    /// When AWS made it; at most 4 h ago, unless no new one could be made.
    pub generated: Timestamp,
    pub root: Option<Row>,
    /// The IAM users.
    pub users: Vec<Row>,
}

/// The credentials of one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub user: String,
    pub arn: String,
    pub created: Option<Timestamp>,
    /// Whether the user can sign in with a password. The root user's is `not_supported` and counts as none here.
    pub has_password: bool,
    pub password_used: Option<Timestamp>,
    pub password_changed: Option<Timestamp>,
    pub has_mfa: bool,
    pub keys: [KeyRow; 2],
}

/// An access key; the report does not tell its id.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyRow {
    pub is_active: bool,
    /// When it was made or last changed.
    pub rotated: Option<Timestamp>,
    /// None: never, as far as AWS knows.
    pub used: Option<Timestamp>,
}

impl Row {
    /// The active keys, with their numbers in the report.
    pub fn active_keys(&self) -> impl Iterator<Item = (usize, &KeyRow)> {
        self.keys.iter().enumerate().filter(|(_, key)| key.is_active).map(|(at, key)| (at + 1, key))
    }

    /// When the user or a key of it was last seen.
    pub fn last_used(&self) -> Option<Timestamp> {
        self.keys.iter().map(|key| key.used).chain([self.password_used]).flatten().max()
    }
}

impl CredentialReport {
    /// Reads the document.
    ///
    /// # Errors
    /// What is wrong with it: it is not CSV, or lacks a column that the checks need.
    pub fn parse(document: &str, generated: Timestamp) -> Result<CredentialReport, String> {
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(document.as_bytes());
        let headers = reader.headers().map_err(|_| "the credential report is not CSV".to_owned())?.clone();
        let column = |name: &str| {
            let found = headers.iter().position(|header| header == name);
            found.ok_or_else(|| format!("the credential report has no column `{name}`"))
        };
        let (user, arn, created) = (column("user")?, column("arn")?, column("user_creation_time")?);
        let password = [column("password_enabled")?, column("password_last_used")?, column("password_last_changed")?];
        let mfa = column("mfa_active")?;
        let mut keys = Vec::new();
        for number in 1..=2 {
            keys.push([
                column(&format!("access_key_{number}_active"))?,
                column(&format!("access_key_{number}_last_rotated"))?,
                column(&format!("access_key_{number}_last_used_date"))?,
            ]);
        }
        let mut report = CredentialReport { generated, root: None, users: Vec::new() };
        for record in reader.records() {
            let record = record.map_err(|_| "the credential report is not CSV".to_owned())?;
            let unknown = |at: usize| format!("the credential report has an unknown value of `{}`", &headers[at]);
            let text = |at: usize| record.get(at).unwrap_or_default();
            // One that cannot be read would pass for "never".
            let time = |at: usize| match text(at) {
                "N/A" | "no_information" | "not_supported" => Ok(None),
                text => Timestamp::parse(text).map(Some).ok_or_else(|| unknown(at)),
            };
            let is_true = |at: usize| match text(at).to_ascii_lowercase().as_str() {
                "true" => Ok(true),
                "false" | "n/a" | "no_information" | "not_supported" => Ok(false),
                // An empty one would pass for "no".
                _ => Err(unknown(at)),
            };
            let key = |[active, rotated, used]: [usize; 3]| {
                Ok::<_, String>(KeyRow { is_active: is_true(active)?, rotated: time(rotated)?, used: time(used)? })
            };
            let row = Row {
                user: text(user).to_owned(),
                arn: text(arn).to_owned(),
                created: time(created)?,
                has_password: is_true(password[0])?,
                password_used: time(password[1])?,
                password_changed: time(password[2])?,
                has_mfa: is_true(mfa)?,
                keys: [key(keys[0])?, key(keys[1])?],
            };
            match row.user == ROOT {
                true => report.root = Some(row),
                false => report.users.push(row),
            }
        }
        match report.root.is_none() && report.users.is_empty() {
            true => Err("the credential report is empty".to_owned()),
            false => Ok(report),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
        password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
        access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,\
        access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,\
        cert_1_last_rotated,cert_2_active,cert_2_last_rotated";

    fn parse(rows: &str) -> Result<CredentialReport, String> {
        CredentialReport::parse(&format!("{HEADER}\n{rows}"), Timestamp::from_unix(0))
    }

    #[test]
    fn every_form_of_a_value_is_read_whatever_its_case() {
        let report = parse(
            "<root_account>,arn:aws:iam::1:root,2015-04-08T18:40:11+00:00,not_supported,2026-01-02T03:04:05+00:00,\
             not_supported,not_supported,TRUE,true,2020-01-01T00:00:00+00:00,N/A,N/A,N/A,FALSE,N/A,N/A,N/A,N/A,false,N/A,false,N/A\n\
             ann,arn:aws:iam::1:user/ann,2016-01-01T00:00:00+00:00,TRUE,no_information,2016-01-02T00:00:00+00:00,N/A,false,\
             false,N/A,N/A,N/A,N/A,True,2016-01-03T00:00:00Z,2016-02-01T00:00:00+00:00,eu-west-1,s3,false,N/A,false,N/A\n",
        )
        .expect("a report");
        let root = report.root.expect("the root user");
        assert_eq!((root.has_password, root.has_mfa, root.active_keys().count()), (false, true, 1));
        assert_eq!(root.last_used(), Timestamp::parse("2026-01-02T03:04:05Z"));
        let [ann] = &report.users[..] else { panic!("one user") };
        assert_eq!((ann.has_password, ann.has_mfa, ann.password_used), (true, false, None));
        let second = KeyRow {
            is_active: true,
            rotated: Timestamp::parse("2016-01-03T00:00:00Z"),
            used: Timestamp::parse("2016-02-01T00:00:00Z"),
        };
        assert_eq!(ann.active_keys().collect::<Vec<_>>(), [(2, &second)]);
    }

    #[test]
    fn columns_in_another_order_and_new_ones_do_not_matter_and_a_missing_one_is_an_error() {
        let shuffled = "mfa_active,new,user,arn,user_creation_time,password_enabled,password_last_used,\
            password_last_changed,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,\
            access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date\n\
            true,x,\"b,ob\",arn,N/A,false,N/A,N/A,false,N/A,N/A,false,N/A,N/A\n";
        let report = CredentialReport::parse(shuffled, Timestamp::from_unix(0)).expect("a report");
        assert_eq!((report.users[0].user.as_str(), report.users[0].has_mfa), ("b,ob", true));
        let without = shuffled.replace("mfa_active", "other");
        let problem = CredentialReport::parse(&without, Timestamp::from_unix(0)).expect_err("a column is missing");
        assert_eq!(problem, "the credential report has no column `mfa_active`");
        assert!(parse("one,two\n").is_err(), "a row of another length");
        let problem =
            CredentialReport::parse(&shuffled.replace("\ntrue,x", "\n,x"), Timestamp::from_unix(0)).expect_err("empty");
        assert_eq!(problem, "the credential report has an unknown value of `mfa_active`");
        for date in ["", "yesterday"] {
            let undated = shuffled.replace("false,N/A,N/A,false", &format!("false,N/A,{date},false"));
            let problem = CredentialReport::parse(&undated, Timestamp::from_unix(0)).expect_err("unknown");
            assert!(problem.starts_with("the credential report has an unknown value of `"), "{problem}");
        }
        assert!(parse("").is_err(), "nobody in it");
        assert!(CredentialReport::parse("", Timestamp::from_unix(0)).is_err());
    }
}
