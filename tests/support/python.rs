//! Runs Python with boto3: the client of AWS that nobody here wrote.

use std::path::Path;
use std::process::Command;

/// What every script starts with: `client(service, key, secret, token=None)` against `url`, retries off, and
/// `refusal(call)`, which makes the call and returns `CODE STATUS: MESSAGE`, or `ok`.
const PRELUDE: &str = r#"
import sys, json, os, time, boto3, botocore
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError
url = os.environ["LOOPBACK_URL"]
def client(service, key, secret, token=None, region=None, retries=1):
    region = region or ("us-east-1" if service == "iam" else "eu-central-1")
    return boto3.client(service, aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
        region_name=region, endpoint_url=url,
        config=Config(retries={"total_max_attempts": retries, "mode": "standard"}, read_timeout=5, parameter_validation=False))
def over(service, credentials, **more):
    return client(service, credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["SessionToken"], **more)
def refusal(call, **parameters):
    try:
        call(**parameters)
    except ClientError as error:
        answer = error.response
        return f"{answer['Error']['Code']} {answer['ResponseMetadata']['HTTPStatusCode']}: {answer['Error']['Message']}"
    except Exception as error:
        return type(error).__name__
    return "ok"
"#;

/// Runs a script against a server, with arguments (`sys.argv[1:]`), and returns what it printed.
///
/// # Panics
/// Where it fails, with what it said.
pub fn boto3(python: &Path, url: &str, script: &str, arguments: &[&str]) -> String {
    let output = Command::new(python)
        .args(["-I", "-W", "ignore", "-c", &format!("{PRELUDE}{script}")])
        .args(arguments)
        .env_clear()
        .env("LOOPBACK_URL", url)
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .expect("Python starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the script failed: {said}");
    String::from_utf8(output.stdout).expect("Python prints UTF-8").trim_end_matches('\n').to_owned()
}
