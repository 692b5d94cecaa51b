//! The access portal of IAM Identity Center: the accounts and roles of whoever is signed in, and their credentials.
//!
//! May use `identity_center`. Only reading calls are sent again, and only where no answer came or the service itself failed;
//! what is throttled is the caller's affair, who knows how long there is.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use crate::aws::AwsError;
use crate::aws::identity_center::{Call, Service};
use crate::credentials::Session;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// How often a reading call is sent at most.
const ATTEMPTS: usize = 3;

/// The most a page has (Portal API, ListAccounts, `max_result`).
const PAGE: &str = "100";

/// An account that is assigned to whoever is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PortalAccount {
    /// 12 digits, leading zeros included.
    pub account_id: String,
    #[serde(default)]
    pub account_name: String,
    #[serde(default)]
    pub email_address: String,
}

/// A part of a list, and where it goes on.
#[derive(Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Accounts {
    #[serde(default)]
    account_list: Vec<PortalAccount>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Roles {
    #[serde(default)]
    role_list: Vec<Role>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Role {
    role_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetRoleCredentials {
    role_credentials: RoleCredentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleCredentials {
    access_key_id: String,
    secret_access_key: Secret,
    session_token: Secret,
    /// Milliseconds since the Unix epoch.
    expiration: i64,
}

/// The portal of one region.
#[derive(Clone, Copy)]
pub struct Portal<'a>(pub Service<'a>);

impl Portal<'_> {
    /// The credentials of a permission set in an account (Portal API, GetRoleCredentials). How long they last is set in the
    /// permission set.
    ///
    /// # Errors
    /// As [`AwsError`] tells; [`AwsError::is_unauthorized`], [`AwsError::is_no_access`], [`AwsError::is_throttled`] among them.
    pub fn role_credentials(
        &self,
        token: &Secret,
        account_id: &str,
        role_name: &str,
        now: Timestamp,
    ) -> Result<Session, AwsError> {
        let path =
            format!("/federation/credentials?role_name={}&account_id={}", escaped(role_name), escaped(account_id));
        let GetRoleCredentials { role_credentials: made } = self.get(&path, token)?;
        let session = Session {
            access_key_id: made.access_key_id,
            secret_access_key: made.secret_access_key,
            session_token: Some(made.session_token),
            issued_at: now,
            expires_at: Timestamp::from_unix(made.expiration.div_euclid(1000)),
            account_id: Some(account_id.to_owned()),
        };
        session.checked(now).map_err(|problem| AwsError::Invalid {
            endpoint: self.0.endpoint.to_owned(),
            cause: format!("the response {problem}"),
        })
    }

    /// A page of the accounts, up to 100 (Portal API, ListAccounts).
    ///
    /// # Errors
    /// As [`Portal::role_credentials`].
    pub fn accounts(&self, token: &Secret, page: Option<&str>) -> Result<Page<PortalAccount>, AwsError> {
        let path = format!("/assignment/accounts?max_result={PAGE}{}", next(page));
        let Accounts { account_list, next_token } = self.get(&path, token)?;
        Ok(Page { items: account_list, next: next_token.filter(|token| !token.is_empty()) })
    }

    /// A page of the permission sets in an account, by name (Portal API, ListAccountRoles).
    ///
    /// # Errors
    /// As [`Portal::role_credentials`].
    pub fn account_roles(
        &self,
        token: &Secret,
        account_id: &str,
        page: Option<&str>,
    ) -> Result<Page<String>, AwsError> {
        let path = format!("/assignment/roles?account_id={}&max_result={PAGE}{}", escaped(account_id), next(page));
        let Roles { role_list, next_token } = self.get(&path, token)?;
        let items = role_list.into_iter().map(|role| role.role_name).collect();
        Ok(Page { items, next: next_token.filter(|token| !token.is_empty()) })
    }

    /// Ends the session of the portal (Portal API, Logout). Credentials of roles stay valid until they expire.
    ///
    /// # Errors
    /// As [`AwsError`] tells; a session that has ended already is [`AwsError::is_unauthorized`].
    pub fn logout(&self, token: &Secret) -> Result<(), AwsError> {
        let headers = bearer(token);
        let call = Call { method: "POST", path: "/logout", headers: &headers, body: "", secrets: &[token] };
        self.0.send(&call).map(drop)
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str, token: &Secret) -> Result<T, AwsError> {
        let headers = bearer(token);
        let call = Call { method: "GET", path, headers: &headers, body: "", secrets: &[token] };
        let mut last = self.0.call(&call);
        for _ in 1..ATTEMPTS {
            match &last {
                Err(AwsError::AnswerLost { .. } | AwsError::Unreachable { .. }) => {}
                Err(AwsError::Refused { status, .. }) if *status >= 500 => {}
                _ => return last,
            }
            last = self.0.call(&call);
        }
        last
    }
}

fn bearer(token: &Secret) -> [(&'static str, &str); 2] {
    [("x-amz-sso_bearer_token", token.expose()), ("accept", "application/json")]
}

fn next(page: Option<&str>) -> String {
    page.map(|token| format!("&next_token={}", escaped(token))).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws::canned::Canned;
    use crate::aws::identity_center::service;

    fn token() -> Secret {
        Secret::new("fake-access-token".to_owned())
    }

    #[test]
    fn credentials_of_a_role_end_at_the_second_their_milliseconds_say() {
        let body = r#"{"roleCredentials":{"accessKeyId":"ASIAX","secretAccessKey":"s","sessionToken":"t","expiration":1700000000999}}"#;
        let http = Canned::answering(vec![(200, Vec::new(), body)]);
        let now = Timestamp::from_unix(1_699_990_000);
        let session = Portal(service(&http)).role_credentials(&token(), "012345678901", "Admin+x", now).expect("made");
        assert_eq!(session.expires_at, Timestamp::from_unix(1_700_000_000));
        assert_eq!(session.account_id.as_deref(), Some("012345678901"));
        assert_eq!(
            http.requests(),
            ["GET http://oidc.test/federation/credentials?role_name=Admin%2Bx&account_id=012345678901 "]
        );
        assert_eq!(
            http.headers()[0],
            [("x-amz-sso_bearer_token", "fake-access-token"), ("accept", "application/json")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn credentials_that_have_expired_or_are_not_printable_are_an_error() {
        let now = Timestamp::from_unix(1_699_990_000);
        for made in [
            r#""accessKeyId":"ASIAX","secretAccessKey":"s","sessionToken":"t","expiration":1699990000000"#,
            r#""accessKeyId":"ASIA\nX","secretAccessKey":"s","sessionToken":"t","expiration":1700000000000"#,
            r#""accessKeyId":"ASIAX","secretAccessKey":"","sessionToken":"t","expiration":1700000000000"#,
            r#""accessKeyId":"ASIAX","secretAccessKey":"s","sessionToken":"t\u202e","expiration":1700000000000"#,
        ] {
            let body = format!("{{\"roleCredentials\":{{{made}}}}}").leak();
            let http = Canned::answering(vec![(200, Vec::new(), &*body)]);
            let result = Portal(service(&http)).role_credentials(&token(), "012345678901", "Admin", now);
            assert!(matches!(result, Err(AwsError::Invalid { .. })), "{made}: {result:?}");
        }
    }

    #[test]
    fn lists_are_read_page_by_page() {
        let http = Canned::answering(vec![
            (
                200,
                Vec::new(),
                r#"{"accountList":[{"accountId":"000000000001","accountName":"a b"}],"nextToken":"n/1"}"#,
            ),
            (200, Vec::new(), r#"{"accountList":[],"nextToken":null}"#),
            (200, Vec::new(), r#"{"roleList":[{"roleName":"ReadOnly","accountId":"000000000001"}],"nextToken":""}"#),
        ]);
        let portal = Portal(service(&http));
        let first = portal.accounts(&token(), None).expect("a page");
        assert_eq!((first.items[0].account_id.as_str(), first.items[0].account_name.as_str()), ("000000000001", "a b"));
        assert!(portal.accounts(&token(), first.next.as_deref()).expect("a page").next.is_none());
        let roles = portal.account_roles(&token(), "000000000001", None).expect("a page");
        assert_eq!((roles.items, roles.next), (vec!["ReadOnly".to_owned()], None));
        assert_eq!(http.requests()[1], "GET http://oidc.test/assignment/accounts?max_result=100&next_token=n%2F1 ");
    }

    #[test]
    fn refusals_of_the_portal_are_told_apart_and_a_failure_of_its_own_is_tried_again() {
        type Question = fn(&AwsError) -> bool;
        let questions: [(&str, Question); 3] = [
            ("unauthorized", AwsError::is_unauthorized),
            ("no access", AwsError::is_no_access),
            ("throttled", AwsError::is_throttled),
        ];
        for (status, name, kind) in [
            (401, "UnauthorizedException", "unauthorized"),
            (403, "ForbiddenException", "no access"),
            (404, "ResourceNotFoundException", "no access"),
            (429, "TooManyRequestsException", "throttled"),
        ] {
            let http =
                Canned::answering(vec![(status, vec![("x-amzn-errortype", name)], r#"{"message":"No access"}"#)]);
            let refusal = Portal(service(&http)).accounts(&token(), None).expect_err("refused");
            let kinds: Vec<_> = questions.iter().filter(|(_, asks)| asks(&refusal)).map(|(name, _)| *name).collect();
            assert_eq!(kinds, [kind], "{name}");
            assert_eq!(http.requests().len(), 1, "{name} is an answer");
        }
        let http = Canned::answering(vec![(503, Vec::new(), ""), (500, Vec::new(), "{}"), (200, Vec::new(), "{}")]);
        assert!(Portal(service(&http)).accounts(&token(), None).expect("the third time").items.is_empty());
        let http = Canned::answering(vec![(500, Vec::new(), "")]);
        Portal(service(&http)).logout(&token()).expect_err("sent once");
        assert_eq!(http.requests(), ["POST http://oidc.test/logout "]);
    }
}
