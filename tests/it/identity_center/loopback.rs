//! The loopback Identity Center is as strict as AWS is known to be, as seen by boto3, which nobody here wrote.

use crate::support::aws::{Fault, IdentityCenterHandle, LoopbackAws};
use crate::support::{python, tools};

const START_URL: &str = "https://corp.awsapps.com/start";

/// What every script here starts with: unsigned clients, a registration of each flow, and a browser.
const PRELUDE: &str = r#"
import base64, hashlib, http.client, urllib.parse
oidc, portal = (client(name, "none", "none") for name in ("sso-oidc", "sso"))
start = "https://corp.awsapps.com/start"
device_grant = "urn:ietf:params:oauth:grant-type:device_code"
redirect = "http://127.0.0.1:9/oauth/callback"
verifier = "v" * 64
challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
def register(**more):
    parameters = dict(clientName="test", clientType="public", scopes=["sso:account:access"]) | more
    answer = oidc.register_client(**{name: value for name, value in parameters.items() if value is not None})
    return {name: answer[name] for name in ("clientId", "clientSecret")}
def register_for_codes(**more):
    return register(**dict(grantTypes=["authorization_code", "refresh_token"], issuerUrl=start,
        redirectUris=["http://127.0.0.1/oauth/callback"]) | more)
def browse(method, path, form=None):
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc)
    connection.request(method, path, form and urllib.parse.urlencode(form))
    answer = connection.getresponse()
    return answer.status, answer.getheader("Location", ""), answer.read().decode()
def authorize(client_id, **more):
    query = dict(response_type="code", client_id=client_id, redirect_uri=redirect, state="a b", code_challenge_method="S256",
        scopes="sso:account:access", code_challenge=challenge) | more
    return browse("GET", "/authorize?" + urllib.parse.urlencode(query))
def field(text, name):
    return text.split(name + "=")[1].split("&")[0]
def device(client):
    answer = oidc.start_device_authorization(startUrl=start + "/#/", **client)
    return answer["deviceCode"], answer["userCode"]
def poll(client, code):
    return refusal(oidc.create_token, grantType=device_grant, deviceCode=code, **client)
def by_code(client, code, **more):
    return oidc.create_token(**dict(grantType="authorization_code", code=code, redirectUri=redirect, codeVerifier=verifier) | client | more)
def sign_in(client):
    return by_code(client, field(authorize(client["clientId"])[1], "code"))
def refresh(client, token):
    return oidc.create_token(grantType="refresh_token", refreshToken=token, **client)
"#;

fn center(aws: &LoopbackAws) -> IdentityCenterHandle {
    aws.identity_center(START_URL)
        .account("000000000042", "Payments – Prod")
        .account("111122223333", "Sandbox")
        .assign("000000000042", "AdministratorAccess")
        .assign("000000000042", "ReadOnly")
        .assign("111122223333", "ReadOnly")
}

fn expect(aws: &LoopbackAws, script: &str, lines: &[&str]) {
    let Some(python) = tools::require("python") else { return };
    let printed = python::boto3(&python, &aws.url(), &format!("{PRELUDE}{script}"), &[]);
    assert_eq!(printed.lines().collect::<Vec<_>>(), lines);
}

#[test]
fn a_code_is_redeemed_once_with_its_verifier_and_its_address() {
    let aws = LoopbackAws::start();
    center(&aws).signed_in();
    expect(
        &aws,
        r#"
client = register_for_codes()
status, location, _ = authorize(client["clientId"])
print(status, location.split("?")[0], field(location, "state"))
code = field(location, "code")
token = by_code(client, code)
print(sorted(name for name in token if name != "ResponseMetadata"), token["expiresIn"])
print(refusal(by_code, client=client, code=code))
for wrong in ({"codeVerifier": "w" * 64}, {"redirectUri": "http://127.0.0.1:8/oauth/callback"}, {"codeVerifier": "v" * 42}):
    print(refusal(by_code, client=client, code=field(authorize(client["clientId"])[1], "code"), **wrong))
other = register_for_codes()
print(refusal(by_code, client=other, code=field(authorize(client["clientId"])[1], "code")))
print(authorize(client["clientId"], redirect_uri="http://localhost:9/oauth/callback")[0])
print(authorize(client["clientId"], redirect_uri="http://127.0.0.1:9/elsewhere")[0])
print(authorize("unknown")[0])
print(field(authorize(client["clientId"], code_challenge="short")[1], "error"))
print(field(authorize(client["clientId"], scopes="")[1], "error"))
"#,
        &[
            "302 http://127.0.0.1:9/oauth/callback a%20b",
            "['accessToken', 'expiresIn', 'refreshToken', 'tokenType'] 3600",
            "InvalidGrantException 400: Invalid grant provided",
            "InvalidGrantException 400: Invalid grant provided",
            "InvalidGrantException 400: Invalid grant provided",
            "InvalidRequestException 400: Invalid code verifier provided",
            "InvalidGrantException 400: Invalid grant provided",
            "400",
            "400",
            "401",
            "invalid_request",
            "invalid_scope",
        ],
    );
}

#[test]
fn the_page_asks_and_takes_either_answer() {
    let aws = LoopbackAws::start();
    center(&aws);
    expect(
        &aws,
        r#"
client = register_for_codes()
status, _, page = authorize(client["clientId"])
print(status, "Allow access" in page)
request = page.split("name=request value=")[1].split(">")[0]
status, location, _ = browse("POST", "/consent", {"request": request, "decision": "allow"})
print(status, by_code(client, field(location, "code"))["tokenType"])
request = authorize(client["clientId"])[2].split("name=request value=")[1].split(">")[0]
print(field(browse("POST", "/consent", {"request": request, "decision": "deny"})[1], "error"))
print(browse("POST", "/consent", {"request": request, "decision": "allow"})[0])
"#,
        &["200 True", "302 Bearer", "access_denied", "400"],
    );
}

#[test]
fn a_registration_is_bound_to_its_flow_and_scopes() {
    let aws = LoopbackAws::start();
    center(&aws).signed_in();
    expect(
        &aws,
        r#"
codes, devices = register_for_codes(), register()
print(refusal(register_for_codes, grantTypes=["authorization_code", device_grant, "refresh_token"]))
print(refusal(register_for_codes, redirectUris=["http://localhost/oauth/callback"]))
print(refusal(register_for_codes, issuerUrl="https://other.awsapps.com/start"))
print(refusal(oidc.start_device_authorization, startUrl=start, **codes))
print(refusal(oidc.start_device_authorization, startUrl="https://other.awsapps.com/start", **devices))
print(authorize(devices["clientId"])[0])
legacy = register_for_codes(scopes=None)
token = sign_in(legacy)
print("refreshToken" in token, token["expiresIn"])
codes["clientSecret"] += "x"
print(refusal(sign_in, client=codes))
"#,
        &[
            "InvalidClientMetadataException 400: Invalid client metadata provided",
            "InvalidRedirectUriException 400: Invalid redirect URI provided",
            "InvalidRequestException 400: Invalid issuer URL provided",
            "UnauthorizedClientException 400: Client is not authorized for this grant type",
            "InvalidRequestException 400: Invalid start URL provided",
            "401",
            "False 28800",
            "InvalidClientException 401: Invalid client provided",
        ],
    );
}

#[test]
fn a_device_code_waits_for_a_person_and_is_not_asked_for_too_often() {
    let aws = LoopbackAws::start();
    center(&aws);
    expect(
        &aws,
        r#"
client = register()
code, user_code = device(client)
print(poll(client, code))
print(poll(client, code))
print(browse("POST", "/device", {"user_code": user_code, "decision": "allow"})[0])
print(browse("POST", "/device", {"user_code": user_code, "decision": "deny"})[0])
print(poll(client, code))
code, user_code = device(client)
print(browse("POST", "/device", {"user_code": user_code, "decision": "allow"})[0])
print(poll(client, code), poll(client, code))
code, user_code = device(client)
print(browse("POST", "/device", {"user_code": user_code, "decision": "deny"})[0])
print(poll(client, code))
print(poll(client, "unknown"))
"#,
        &[
            "AuthorizationPendingException 400: Authorization pending",
            "SlowDownException 400: Slow down",
            "200",
            "400",
            "SlowDownException 400: Slow down",
            "200",
            "ok InvalidGrantException 400: Invalid grant provided",
            "200",
            "AccessDeniedException 400: Access denied",
            "InvalidGrantException 400: Invalid grant provided",
        ],
    );
}

#[test]
fn a_refresh_token_works_once_and_only_in_its_portal_session() {
    let aws = LoopbackAws::start();
    let center = center(&aws).signed_in();
    expect(
        &aws,
        r#"
client = register_for_codes()
first = sign_in(client)
second = refresh(client, first["refreshToken"])
print(second["refreshToken"] != first["refreshToken"], second["accessToken"] != first["accessToken"])
print(refusal(refresh, client=client, token=first["refreshToken"]))
for token in (first, second):
    print(refusal(portal.list_accounts, accessToken=token["accessToken"]))
portal.logout(accessToken=second["accessToken"])
print(refusal(refresh, client=client, token=second["refreshToken"]))
print(refusal(portal.list_accounts, accessToken=second["accessToken"]))
"#,
        &[
            "True True",
            "InvalidGrantException 400: Invalid grant provided",
            "ok",
            "ok",
            "InvalidGrantException 400: Invalid grant provided",
            "UnauthorizedException 401: Session token not found or invalid",
        ],
    );
    assert_eq!(center.grants("refresh_token"), 3);
}

#[test]
fn the_portal_lists_in_pages_and_gives_credentials_that_sts_takes() {
    let aws = LoopbackAws::start();
    let center = center(&aws).signed_in().page_size(1);
    center.many_accounts(3, &["ReadOnly"]);
    expect(
        &aws,
        r#"
token = sign_in(register_for_codes())["accessToken"]
pages = list(portal.get_paginator("list_accounts").paginate(accessToken=token))
print(len(pages), [account["accountId"] for page in pages for account in page["accountList"]])
print(refusal(portal.list_accounts, accessToken=token, maxResults=101))
print(refusal(portal.list_accounts, accessToken=token, nextToken="made up"))
roles = portal.list_account_roles(accessToken=token, accountId="000000000042", maxResults=100)["roleList"]
print([role["roleName"] for role in roles])
given = portal.get_role_credentials(accessToken=token, accountId="000000000042", roleName="ReadOnly")["roleCredentials"]
print(given["expiration"] - time.time() * 1000 > 3_500_000)
sts = client("sts", given["accessKeyId"], given["secretAccessKey"], given["sessionToken"])
print(sts.get_caller_identity()["Arn"].split("ReadOnly_")[0], sts.get_caller_identity()["Arn"].split("/")[2])
for account, role in (("000000000042", "Missing"), ("999999999999", "ReadOnly"), ("42", "ReadOnly")):
    print(refusal(portal.get_role_credentials, accessToken=token, accountId=account, roleName=role))
print(refusal(portal.list_accounts, accessToken="unknown"))
"#,
        &[
            "5 ['000000000042', '111122223333', '000000010001', '000000010002', '000000010003']",
            "InvalidRequestException 400: max_result must be between 1 and 100",
            "InvalidRequestException 400: Invalid next token",
            "['AdministratorAccess', 'ReadOnly']",
            "True",
            "arn:aws:sts::000000000042:assumed-role/AWSReservedSSO_ ann@corp.example",
            "ForbiddenException 403: No access",
            "ForbiddenException 403: No access",
            "InvalidRequestException 400: account_id must have 12 digits",
            "UnauthorizedException 401: Session token not found or invalid",
        ],
    );
}

#[test]
fn more_than_twenty_calls_a_second_are_too_many() {
    let aws = LoopbackAws::start();
    let center = center(&aws).signed_in();
    aws.fault("Logout", Fault::DropAnswer);
    expect(
        &aws,
        r#"
token = sign_in(register_for_codes())["accessToken"]
said = {refusal(portal.list_accounts, accessToken=token) for _ in range(60)}
print(sorted(said))
time.sleep(1.1)
print(refusal(portal.list_accounts, accessToken=token))
time.sleep(1.1)
print(refusal(portal.logout, accessToken=token))
print(refusal(portal.list_accounts, accessToken=token))
"#,
        &[
            "['TooManyRequestsException 429: HTTP 429 Unknown code', 'ok']",
            "ok",
            "ConnectionClosedError",
            "UnauthorizedException 401: Session token not found or invalid",
        ],
    );
    assert!(center.most_calls_in_a_second() > 20);
}
