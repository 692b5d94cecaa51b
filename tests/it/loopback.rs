//! The loopback AWS is as strict as AWS, as seen by boto3, which nobody here wrote.

use std::sync::Arc;

use crate::support::aws::{AccessKey, Fault, LoopbackAws};
use crate::support::moto::Moto;
use crate::support::sandbox::Sandbox;
use crate::support::{python, tools};

/// Runs a script that prints lines, and compares them; false without boto3, where what the script would have done is not.
fn expect(aws: &LoopbackAws, script: &str, arguments: &[&str], lines: &[&str]) -> bool {
    let Some(python) = tools::require("python") else { return false };
    let printed = python::boto3(&python, &aws.url(), script, arguments);
    assert_eq!(printed.lines().collect::<Vec<_>>(), lines);
    true
}

fn ann(aws: &LoopbackAws) -> AccessKey {
    aws.user("ann").access_key()
}

#[test]
fn a_key_says_who_it_is_and_a_wrong_one_nothing() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    expect(
        &aws,
        r#"
key, secret = sys.argv[1:]
print(client("sts", key, secret).get_caller_identity()["Arn"])
print(refusal(client("sts", key, secret[:-1] + "_").get_caller_identity))
print(refusal(client("sts", "AKIAFAKEFAKEFAKEFAKE", secret).get_caller_identity))
print(refusal(client("sts", key, secret, "made up").get_caller_identity))
print(refusal(client("sts", key, secret, region="nowhere").get_caller_identity))
"#,
        &[&key.id, &key.secret],
        &[
            "arn:aws:iam::111122223333:user/ann",
            "SignatureDoesNotMatch 403: The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
            "InvalidClientTokenId 403: The security token included in the request is invalid.",
            "InvalidClientTokenId 403: The security token included in the request is invalid.",
            "SignatureDoesNotMatch 403: Credential should be scoped to a valid region, not 'nowhere'. ",
        ],
    );
}

#[test]
fn a_code_works_once_and_only_with_its_users_device() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    let phone = aws.user("ann").mfa("ann-phone");
    let bobs = aws.user("bob").mfa("bob-phone");
    let passkey = aws.user("ann").u2f("passkey");
    expect(
        &aws,
        r#"
key, secret, serial, code, wrong, other, others_code, passkey = sys.argv[1:]
sts = client("sts", key, secret)
print(refusal(sts.get_session_token, SerialNumber=serial, TokenCode=wrong))
print(refusal(sts.get_session_token, SerialNumber=serial, TokenCode=code))
print(refusal(sts.get_session_token, SerialNumber=serial, TokenCode=code))
print(refusal(sts.get_session_token, SerialNumber=other, TokenCode=others_code))
print(refusal(sts.get_session_token, SerialNumber=passkey, TokenCode=wrong))
print(refusal(sts.get_session_token, SerialNumber=serial))
"#,
        &[
            &key.id,
            &key.secret,
            &phone.serial(),
            &phone.code(),
            &phone.wrong_code(),
            &bobs.serial(),
            &bobs.code(),
            &passkey.serial(),
        ],
        &[
            "AccessDenied 403: MultiFactorAuthentication failed with invalid MFA one time pass code. ",
            "ok",
            "AccessDenied 403: MultiFactorAuthentication failed with invalid MFA one time pass code. ",
            "AccessDenied 403: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
             serial number is valid and associated with this user.",
            "AccessDenied 403: MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA \
             serial number is valid and associated with this user.",
            "AccessDenied 403: MultiFactorAuthentication failed, must provide both MFA serial number and one time pass \
             code.",
        ],
    );
}

#[test]
fn mfa_reaches_the_first_role_of_a_chain_and_no_further() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    let phone = aws.user("ann").mfa("ann-phone");
    let first = aws.role("first").trusts(&aws.user("ann").arn()).needs_mfa().max_session(43_200);
    let second = aws.role("second").trusts(&first.arn()).needs_external_id("audit-42");
    let strict = aws.role("strict").trusts(&first.arn()).needs_mfa();
    if !expect(
        &aws,
        r#"
key, secret, serial, code, code2, first, second, strict = sys.argv[1:]
sts = client("sts", key, secret)
print(refusal(sts.assume_role, RoleArn=first, RoleSessionName="tour"))
mfa = sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
over_mfa = over("sts", mfa)
a = over_mfa.assume_role(RoleArn=first, RoleSessionName="tour")
print(a["AssumedRoleUser"]["Arn"])
over_a = over("sts", a["Credentials"])
print(over_a.get_caller_identity()["Arn"])
print(refusal(over_a.assume_role, RoleArn=second, RoleSessionName="tour"))
print(refusal(over_a.assume_role, RoleArn=second, RoleSessionName="tour", ExternalId="audit-42"))
print(refusal(over_a.assume_role, RoleArn=strict, RoleSessionName="tour"))
print(refusal(over_mfa.assume_role, RoleArn=first, RoleSessionName="tour", DurationSeconds=3601))
print(refusal(over_a.get_session_token))
print(refusal(sts.assume_role, RoleArn=first, RoleSessionName="t", DurationSeconds=43200, SerialNumber=serial, TokenCode=code2))
print(refusal(sts.assume_role, RoleArn=first, RoleSessionName="tour", DurationSeconds=43200, SerialNumber=serial, TokenCode=code2))
"#,
        &[
            &key.id,
            &key.secret,
            &phone.serial(),
            &phone.code(),
            &phone.code(),
            &first.arn(),
            &second.arn(),
            &strict.arn(),
        ],
        &[
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on \
             resource: arn:aws:iam::111122223333:role/first",
            "arn:aws:sts::111122223333:assumed-role/first/tour",
            "arn:aws:sts::111122223333:assumed-role/first/tour",
            "AccessDenied 403: User: arn:aws:sts::111122223333:assumed-role/first/tour is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::111122223333:role/second",
            "ok",
            "AccessDenied 403: User: arn:aws:sts::111122223333:assumed-role/first/tour is not authorized to perform: \
             sts:AssumeRole on resource: arn:aws:iam::111122223333:role/strict",
            "ValidationError 400: The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by \
             role chaining.",
            "AccessDenied 403: Cannot call GetSessionToken with session credentials",
            "ValidationError 400: 1 validation error detected: Value 't' at 'roleSessionName' failed to satisfy \
             constraint: Member must have length greater than or equal to 2",
            "ok",
        ],
    ) {
        return;
    }
    assert_eq!(aws.count("GetSessionToken"), 2);
    assert_eq!(aws.last("AssumeRole").param("DurationSeconds"), Some("43200"));
}

#[test]
fn a_session_without_mfa_is_worth_little() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    let phone = aws.user("ann").mfa("ann-phone");
    let role = aws.role("plain").trusts("arn:aws:iam::111122223333:root");
    expect(
        &aws,
        r#"
key, secret, serial, code, role = sys.argv[1:]
sts = client("sts", key, secret)
plain = sts.get_session_token(DurationSeconds=900)["Credentials"]
print(refusal(over("iam", plain).list_mfa_devices))
print(refusal(over("sts", plain).get_caller_identity))
print(refusal(over("sts", plain).assume_role, RoleArn=role, RoleSessionName="tour"))
print(refusal(over("sts", plain).get_federation_token, Name="ann"))
mfa = sts.get_session_token(SerialNumber=serial, TokenCode=code)["Credentials"]
print(over("iam", mfa).list_mfa_devices()["MFADevices"][0]["SerialNumber"])
print(refusal(over("iam", mfa).list_access_keys))
print(over("iam", mfa).list_access_keys(UserName="ann")["AccessKeyMetadata"][0]["Status"])
print(refusal(over("iam", mfa).list_access_keys, UserName="bob"))
"#,
        &[&key.id, &key.secret, &phone.serial(), &phone.code(), &role.arn()],
        &[
            "InvalidClientTokenId 403: The security token included in the request is invalid",
            "ok",
            "ok",
            "AccessDenied 403: Cannot call GetFederationToken with session credentials",
            "arn:aws:iam::111122223333:mfa/ann-phone",
            "ValidationError 400: Must specify userName when calling with non-User credentials",
            "Active",
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: \
             iam:ListAccessKeys on resource: user bob because no identity-based policy allows the iam:ListAccessKeys \
             action",
        ],
    );
}

#[test]
fn durations_expiry_and_mfa_age_go_by_the_servers_clock() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    let phone = aws.user("ann").mfa("ann-phone");
    let role = aws.role("fresh").trusts(&aws.user("ann").arn()).needs_mfa_within(300);
    let Some(python) = tools::require("python") else { return };
    let refused = python::boto3(
        &python,
        &aws.url(),
        r#"
key, secret, serial, code, role = sys.argv[1:]
sts = client("sts", key, secret)
print(refusal(sts.get_session_token, DurationSeconds=899).split(":")[0])
print(refusal(sts.assume_role, RoleArn=role, RoleSessionName="tour", DurationSeconds=7200, SerialNumber=serial, TokenCode=code))
"#,
        &[&key.id, &key.secret, &phone.serial(), &phone.code(), &role.arn()],
    );
    assert_eq!(
        refused.lines().collect::<Vec<_>>(),
        [
            "ValidationError 400",
            "ValidationError 400: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ]
    );

    // The machine's clock is 500 s ahead, which AWS tolerates; then the server's goes on past it.
    aws.set_clock_offset(-500);
    let session = python::boto3(
        &python,
        &aws.url(),
        r#"
key, secret, serial, code, role = sys.argv[1:]
session = client("sts", key, secret).get_session_token(SerialNumber=serial, TokenCode=code, DurationSeconds=900)["Credentials"]
over("sts", session).assume_role(RoleArn=role, RoleSessionName="tour")
print(json.dumps([session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]]))
"#,
        &[&key.id, &key.secret, &phone.serial(), &phone.code(), &role.arn()],
    );
    for (offset, expected) in [
        (
            -100,
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole",
        ),
        (500, "ExpiredToken 403: The security token included in the request is expired"),
        (1000, "SignatureDoesNotMatch 403: Signature expired: "),
        (-1000, "SignatureDoesNotMatch 403: Signature not yet current: "),
    ] {
        aws.set_clock_offset(offset);
        let again = r#"
session = dict(zip(["AccessKeyId", "SecretAccessKey", "SessionToken"], json.loads(sys.argv[1])))
print(refusal(over("sts", session).assume_role, RoleArn=sys.argv[2], RoleSessionName="tour"))
"#;
        let refused = python::boto3(&python, &aws.url(), again, &[&session, &role.arn()]);
        assert!(refused.starts_with(expected), "at {offset}: {refused}");
    }
}

#[test]
fn what_aws_refuses_is_refused_in_its_words() {
    let aws = LoopbackAws::start();
    let ann = aws.user("ann").denied("iam:GetUser");
    let key = ann.access_key();
    let open = aws.role("open").trusts("arn:aws:iam::111122223333:root").takes_no_tags();
    let named = aws.role("named").trusts(&ann.arn()).needs_source_identity("ann");
    let root = aws.root().access_key();
    let stranger = aws.user_of("444455556666", "eve").access_key();
    aws.expect_sts_region("eu-central-1");
    expect(
        &aws,
        r#"
key, secret, root, root_secret, eve, eve_secret, open, named = sys.argv[1:]
sts = client("sts", key, secret)
def why(**more):
    return refusal(sts.assume_role, **({"RoleArn": open, "RoleSessionName": "tour"} | more))
def tags(count): return [{"Key": f"k{index}", "Value": "v"} for index in range(count)]
for more in [
    {"RoleArn": "arn:aws:iam::111122223333:role/none"},
    {"RoleArn": "arn:aws:iam::111122223333:user/ann"},
    {"DurationSeconds": 43201},
    {"ExternalId": "x"},
    {"Tags": tags(1)},
    {"Tags": tags(51)},
    {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]},
    {"Policy": "{"},
    {"RoleArn": named},
    {"RoleArn": named, "SourceIdentity": "ann"},
]: print(why(**more))
print(refusal(client("sts", root, root_secret).assume_role, RoleArn=open, RoleSessionName="tour"))
print(refusal(client("sts", eve, eve_secret).assume_role, RoleArn=open, RoleSessionName="tour"))
print(refusal(client("sts", key, secret, region="us-east-1").get_caller_identity))
print(refusal(client("iam", key, secret, region="eu-central-1").list_mfa_devices))
print(refusal(client("iam", key, secret).get_user))
print(refusal(client("iam", key, secret).list_users))
"#,
        &[&key.id, &key.secret, &root.id, &root.secret, &stranger.id, &stranger.secret, &open.arn(), &named.arn()],
        &[
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on \
             resource: arn:aws:iam::111122223333:role/none",
            "ValidationError 400: Request ARN is invalid",
            "ValidationError 400: 1 validation error detected: Value '43201' at 'durationSeconds' failed to satisfy \
             constraint: Member must have value less than or equal to 43200",
            "ValidationError 400: 1 validation error detected: Value 'x' at 'externalId' failed to satisfy constraint: \
             Member must have length greater than or equal to 2",
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:TagSession on \
             resource: arn:aws:iam::111122223333:role/open",
            "ValidationError 400: 1 validation error detected: Value '[51 members]' at 'tags' failed to satisfy \
             constraint: Member must have length less than or equal to 50",
            "InvalidParameterValue 400: Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            "MalformedPolicyDocument 400: The policy is not in the valid JSON format.",
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: sts:AssumeRole on \
             resource: arn:aws:iam::111122223333:role/named",
            "ok",
            "AccessDenied 403: Roles may not be assumed by root accounts.",
            "AccessDenied 403: User: arn:aws:iam::444455556666:user/eve is not authorized to perform: sts:AssumeRole on \
             resource: arn:aws:iam::111122223333:role/open",
            "SignatureDoesNotMatch 403: Credential should be scoped to a valid region, not 'us-east-1'. ",
            "SignatureDoesNotMatch 403: Credential should be scoped to a valid region, not 'eu-central-1'. ",
            "AccessDenied 403: User: arn:aws:iam::111122223333:user/ann is not authorized to perform: iam:GetUser on \
             resource: arn:aws:iam::111122223333:user/ann with an explicit deny in an identity-based policy",
            "InvalidAction 400: Could not find operation ListUsers for version 2010-05-08",
        ],
    );
}

#[test]
fn a_new_key_that_was_seen_can_be_unknown_again() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    aws.new_keys_appear(&[false, true, false]);
    if !expect(
        &aws,
        r#"
new = client("iam", *sys.argv[1:]).create_access_key(UserName="ann")["AccessKey"]
sts = client("sts", new["AccessKeyId"], new["SecretAccessKey"])
print([refusal(sts.get_caller_identity)[:6] for _ in range(5)])
"#,
        &[&key.id, &key.secret],
        &["['Invali', 'ok', 'Invali', 'ok', 'ok']"],
    ) {
        return;
    }
    assert_eq!(aws.connections(), 2, "a connection is kept for the next call, after a refusal too");
    aws.user("ann").set_active(&key.id, false);
    expect(
        &aws,
        r#"print(refusal(client("sts", *sys.argv[1:]).get_caller_identity)[:6])"#,
        &[&key.id, &key.secret],
        &["Invali"],
    );
}

#[test]
fn both_aws_clis_take_it_for_aws() {
    let aws = Arc::new(LoopbackAws::start());
    let key = ann(&aws);
    let mut sandbox = Sandbox::new("/bin/sh", &aws);
    sandbox.write(
        ".aws/credentials",
        &format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret),
    );
    sandbox.set("AWS_REGION", "eu-central-1");
    // 2.9 in Debian knows no AWS_ENDPOINT_URL (that came with 2.13) and would call out.
    let args = ["--endpoint-url", &aws.url(), "sts", "get-caller-identity", "--region", "eu-central-1"];
    for cli in ["aws-cli-1", "aws-cli-2"] {
        let Some(cli) = tools::require(cli) else { continue };
        let identity = sandbox.program(&cli, &args).run().json();
        assert_eq!(identity["Arn"], "arn:aws:iam::111122223333:user/ann");
    }
}

#[test]
fn a_user_has_two_keys_and_a_new_one_is_unknown_for_a_while() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    aws.new_keys_unknown_for(10);
    aws.new_keys_appear(&[true, false]);
    let Some(python) = tools::require("python") else { return };
    let script = r#"
key, secret = sys.argv[1:]
iam = client("iam", key, secret)
new = iam.create_access_key(UserName="ann")["AccessKey"]
print(refusal(client("sts", new["AccessKeyId"], new["SecretAccessKey"]).get_caller_identity))
print(refusal(iam.create_access_key, UserName="ann"))
print(iam.get_access_key_last_used(AccessKeyId=new["AccessKeyId"])["AccessKeyLastUsed"])
iam.update_access_key(UserName="ann", AccessKeyId=new["AccessKeyId"], Status="Inactive")
print(refusal(client("sts", new["AccessKeyId"], new["SecretAccessKey"]).get_caller_identity))
iam.delete_access_key(UserName="ann", AccessKeyId=new["AccessKeyId"])
print(refusal(iam.delete_access_key, UserName="ann", AccessKeyId=new["AccessKeyId"]).replace(new["AccessKeyId"], "NEW"))
print(len(iam.list_access_keys()["AccessKeyMetadata"]))
"#;
    let printed = python::boto3(&python, &aws.url(), script, &[&key.id, &key.secret]);
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [
            "InvalidClientTokenId 403: The security token included in the request is invalid.",
            "LimitExceeded 409: Cannot exceed quota for AccessKeysPerUser: 2",
            "{'ServiceName': 'N/A', 'Region': 'N/A'}",
            "InvalidClientTokenId 403: The security token included in the request is invalid.",
            "NoSuchEntity 404: The Access Key with id NEW cannot be found.",
            "1",
        ]
    );
    assert_eq!(aws.all_secrets().len(), 2, "a deleted key's secret is still one");
}

#[test]
fn a_virtual_device_is_enabled_by_two_codes_in_a_row() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    expect(
        &aws,
        r#"
import base64, hashlib, hmac, struct
def code(seed, step):
    digest = hmac.new(base64.b32decode(seed), struct.pack(">q", step), hashlib.sha1).digest()
    at = digest[19] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"
iam = client("iam", *sys.argv[1:])
device = iam.create_virtual_mfa_device(VirtualMFADeviceName="ann")["VirtualMFADevice"]
serial, seed, step = device["SerialNumber"], device["Base32StringSeed"], int(time.time()) // 30
print(serial, len(seed))
print(refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="ann").split(":")[0])
print(refusal(iam.enable_mfa_device, UserName="ann", SerialNumber=serial, AuthenticationCode1=code(seed, step), AuthenticationCode2=code(seed, step)).split(":")[0])
print(refusal(iam.enable_mfa_device, UserName="ann", SerialNumber=serial, AuthenticationCode1=code(seed, step), AuthenticationCode2=code(seed, step + 1)))
print(refusal(client("sts", *sys.argv[1:]).get_session_token, SerialNumber=serial, TokenCode=code(seed, step)).split(":")[0])
print(refusal(iam.delete_virtual_mfa_device, SerialNumber=serial).split(":")[0])
iam.deactivate_mfa_device(UserName="ann", SerialNumber=serial)
print(refusal(iam.delete_virtual_mfa_device, SerialNumber=serial))
"#,
        &[&key.id, &key.secret],
        &[
            "arn:aws:iam::111122223333:mfa/ann 32", "EntityAlreadyExists 409", "InvalidAuthenticationCode 403", "ok",
            "AccessDenied 403", "DeleteConflict 409", "ok",
        ],
    );
}

#[test]
fn faults_come_about_once_each_and_what_was_not_answered_may_have_been_processed() {
    let aws = LoopbackAws::start();
    let key = ann(&aws);
    aws.fault("GetCallerIdentity", Fault::Throttle);
    aws.fault("GetCallerIdentity", Fault::InternalFailure);
    aws.fault("GetCallerIdentity", Fault::DropRequest);
    aws.fault("GetCallerIdentity", Fault::Garbage);
    aws.fault("GetCallerIdentity", Fault::HalfAnswer);
    aws.fault("CreateAccessKey", Fault::DropAnswer);
    aws.fault("DeleteAccessKey", Fault::FailAfterwards);
    if !expect(
        &aws,
        r#"
sts = client("sts", *sys.argv[1:])
for _ in range(6): print(refusal(sts.get_caller_identity))
iam = client("iam", *sys.argv[1:])
print(refusal(iam.create_access_key, UserName="ann"))
keys = [key["AccessKeyId"] for key in iam.list_access_keys()["AccessKeyMetadata"]]
print(len(keys))
for _ in range(2): print(refusal(iam.delete_access_key, AccessKeyId=max(keys, key=lambda id: id != sys.argv[1])).split(":")[0])
"#,
        &[&key.id, &key.secret],
        &[
            "Throttling 400: Rate exceeded",
            "InternalFailure 500: The request processing has failed because of an unknown error, exception or failure.",
            "ConnectionClosedError",
            "ResponseParserError",
            "ResponseParserError",
            "ok",
            "ConnectionClosedError",
            "2",
            "InternalFailure 500",
            "NoSuchEntity 404",
        ],
    ) {
        return;
    }
    assert_eq!(aws.planned_faults(), 0);
    assert_eq!(aws.requests_of("GetCallerIdentity")[2].outcome, None);
    assert!(!aws.last("CreateAccessKey").answered && aws.last("CreateAccessKey").succeeded());
}

/// Both are asked the same; what moto does not check, the loopback AWS does.
#[test]
fn moto_and_the_loopback_aws_answer_in_the_same_form() {
    let Some(moto) = Moto::start() else { return };
    let Some(motos) = moto.user("ann") else { return };
    let Some(python) = tools::require("python") else { return };
    let aws = LoopbackAws::start();
    let ours = ann(&aws);
    aws.user("ann").mfa("ann-phone");
    let role = aws.role("deploy").trusts(&aws.user("ann").arn());
    let script = r#"
def shape(value):
    if isinstance(value, dict): return {key: shape(value[key]) for key in sorted(value)}
    return type(value).__name__
sts, iam = client("sts", *sys.argv[1:3]), client("iam", *sys.argv[1:3])
for answer in [
    sts.get_caller_identity(),
    sts.get_session_token(DurationSeconds=900),
    sts.assume_role(RoleArn=sys.argv[3], RoleSessionName="tour"),
    iam.list_access_keys(UserName="ann"),
    iam.list_mfa_devices(UserName="ann"),
    iam.create_virtual_mfa_device(VirtualMFADeviceName="tablet"),
    iam.create_access_key(UserName="ann"),
    iam.get_access_key_last_used(AccessKeyId=sys.argv[1]),
    iam.get_user(UserName="ann"),
]:
    del answer["ResponseMetadata"]
    # What AWS may leave out.
    answer.pop("PackedPolicySize", None); answer.pop("IsTruncated", None); answer.get("User", {}).pop("Tags", None)
    answer.get("VirtualMFADevice", {}).pop("Tags", None)
    print(shape(answer))
"#;
    let ask = |url: &str, key: &AccessKey| python::boto3(&python, url, script, &[&key.id, &key.secret, &role.arn()]);
    assert_eq!(ask(&aws.url(), &ours), ask(&moto.url(), &motos));
}
