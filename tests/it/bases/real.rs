//! Bases as others serve and read them: AWS's own helper for Roles Anywhere, its stand-in for the metadata of an instance, the
//! addresses that instances and containers really have, and botocore and the JavaScript SDK as second opinions.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{Bed, login, roles_anywhere};
use crate::scene::key_id;
use crate::support::aws::{Metadata, PROFILE, TRUST_ANCHOR};
use crate::support::leaks::Shows;
use crate::support::tools;

/// A program that runs until this is dropped.
struct Background(Child);

impl Drop for Background {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn awss_own_helper_and_keyfob_get_the_same_role_from_roles_anywhere() {
    let Some(helper) = tools::require("rolesanywhere-credential-helper") else { return };
    for kind in [roles_anywhere::RSA, roles_anywhere::P256, roles_anywhere::P384] {
        let Some(bed) = roles_anywhere::enrolled(kind) else { return };
        let [certificate, key] = ["certificate.pem", "key.pem"].map(|file| bed.sandbox.path("ra").join(file));
        let (role, url) = (bed.jump.arn(), bed.aws.url());
        let arguments = [
            "credential-process",
            "--certificate",
            &certificate.display().to_string(),
            "--private-key",
            &key.display().to_string(),
            "--trust-anchor-arn",
            TRUST_ANCHOR,
            "--profile-arn",
            PROFILE,
            "--role-arn",
            &role,
            "--endpoint",
            &url,
            "--region",
            "eu-central-1",
        ];
        // The server takes both for what they are.
        bed.sandbox.program(&helper, &arguments).run().ok();
        assert_eq!(bed.cost(), "CreateSession", "AWS's helper, {kind:?}");
        bed.get("base").ok();
        assert_eq!(bed.cost(), "CreateSession", "keyfob, {kind:?}");
        // It makes a session for each call; over keyfob it makes one for all.
        bed.config(&format!("credential_process = {} {}", helper.display(), arguments.join(" ")));
        bed.costs(&[("base", "CreateSession", ""), ("b", "CreateSession, a 3600, b 3600", "")]);
    }
}

#[test]
fn awss_stand_in_for_an_instance_is_asked_by_version_2() {
    let Some(mock) = tools::require("ec2-metadata-mock") else { return };
    let mut bed = Bed::new();
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let mut command = Command::new(mock);
    command.args(["--imdsv2", "-n", "127.0.0.1", "-p", &port.to_string()]);
    let command = command.env_clear().env("HOME", bed.sandbox.home()).stdout(Stdio::null()).stderr(Stdio::null());
    let _running = Background(command.spawn().expect("it starts"));
    bed.sandbox.unset("AWS_EC2_METADATA_DISABLED");
    bed.sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("http://127.0.0.1:{port}"));
    bed.config("credential_source = Ec2InstanceMetadata");
    let started = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "the stand-in does not start");
        std::thread::sleep(Duration::from_millis(50));
    }
    // What it serves expired in 2020: as in an outage of the service, it is used for a while.
    let ran = bed.get("base");
    assert!(ran.ends_with(0).contains("the metadata service has no others"), "{}", ran.stderr);
    assert!(ran.json()["SessionToken"].is_string());
}

/// Serves an instance's metadata, by version 2 alone, and a container's credentials where both really are; then runs the
/// rest of the command line.
const MACHINE: &str = r#"
import http.server, json, subprocess, sys, threading
document = {"Code": "Success", "AccessKeyId": "ASIAMACHINE000000000", "SecretAccessKey": "FAKEmachine", "Token": "FAKEtoken",
            "Expiration": "2099-01-01T00:00:00Z"}
class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def answer(self, status, body=""):
        self.send_response(status); self.send_header("Content-Length", str(len(body))); self.end_headers()
        self.wfile.write(body.encode())
    def do_PUT(self):
        good = self.path == "/latest/api/token" and 1 <= int(self.headers.get("x-aws-ec2-metadata-token-ttl-seconds", 0)) <= 21600
        self.answer(200 if good else 400, "the-token" if good else "")
    def do_GET(self):
        roles = "/latest/meta-data/iam/security-credentials/"
        if self.path.startswith(roles):
            if self.headers.get("x-aws-ec2-metadata-token") != "the-token": return self.answer(401)
            return self.answer(200, "machine" if self.path == roles else json.dumps(document))
        if self.path in ("/v2/credentials/of-the-task", "/v1/credentials"):
            if self.path == "/v1/credentials" and self.headers.get("authorization") != "pod-token": return self.answer(400, "{}")
            return self.answer(200, json.dumps(document))
        self.answer(404)
for host in ("169.254.169.254", "169.254.170.2", "169.254.170.23"):
    server = http.server.ThreadingHTTPServer((host, 80), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
sys.exit(subprocess.run(sys.argv[1:]).returncode)
"#;

const KEY_ID: &str = "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1]).get_credentials().access_key)";

#[test]
fn instances_and_containers_are_asked_at_their_own_addresses() {
    if !rustix::process::geteuid().is_root() {
        return tools::skipped("only root can make a network namespace");
    }
    let (Some(python), Some(unshare), Some(_)) =
        (tools::require("python"), tools::require("unshare"), tools::require("ip"))
    else {
        return;
    };
    let mut bed = Bed::new();
    bed.sandbox.unset("AWS_EC2_METADATA_DISABLED");
    bed.sandbox.write("machine.py", MACHINE);
    bed.sandbox.write("pod-token", "pod-token");
    let role = bed.jump.arn();
    let sections = ["Ec2InstanceMetadata", "EcsContainer"]
        .map(|source| format!("[profile {source}]\ncredential_source = {source}\n[profile role-{source}]\ncredential_source = {source}\nrole_arn = {role}\n"));
    bed.sandbox.write(".aws/config", &sections.concat());
    let namespace = "ip link set lo up && for address in 169.254.169.254 169.254.170.2 169.254.170.23; do \
                     ip address add $address/32 dev lo || exit 1; done; exec \"$@\"";
    let inside = |bed: &Bed, command: &[&str]| {
        let python = python.display().to_string();
        let before = ["-n", "sh", "-c", namespace, "sh", &python, "-W", "ignore", "machine.py"];
        bed.sandbox.program(&unshare, &[&before[..], command].concat()).run()
    };
    if inside(&bed, &["true"]).code != Some(0) {
        return tools::skipped_everywhere("no network namespace can be made here");
    }
    for (profile, variable, value) in [
        ("Ec2InstanceMetadata", "NOTHING", "to-set"),
        ("EcsContainer", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/of-the-task"),
        ("EcsContainer", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
    ] {
        bed.sandbox.unset("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        bed.sandbox.set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", bed.sandbox.path("pod-token"));
        bed.sandbox.set(variable, value);
        bed.sandbox.keyfob(&["clear"]).run().ok();
        let ran = inside(&bed, &["keyfob", "credential-process", profile]);
        assert_eq!(ran.json()["AccessKeyId"], "ASIAMACHINE000000000", "{profile}");
    }
    // botocore gets the same for its only way to them, which is without a profile.
    let python = python.display().to_string();
    bed.sandbox.write(".aws/config", "");
    for variable in ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "NOTHING"] {
        let script = "import boto3; print(boto3.Session().get_credentials().access_key)";
        assert_eq!(inside(&bed, &[&python, "-W", "ignore", "-c", script]).ok().trim(), "ASIAMACHINE000000000");
        bed.sandbox.unset(variable);
    }
}

#[test]
fn botocore_gets_from_each_base_what_keyfob_gets() {
    let Some(python) = tools::require("python") else { return };
    const WHO: &str =
        "import boto3, sys; print(boto3.Session(profile_name=sys.argv[1]).client('sts').get_caller_identity()['Arn'])";
    // The role of the session alone: each names its sessions in its own way.
    let role_of = |arn: &str| arn.trim().rsplit_once('/').map(|(role, _)| role.to_owned()).expect("a role's session");
    let ask = |bed: &Bed, profile: &str| {
        let run = bed.sandbox.program(&python, &["-W", "ignore", "-c", WHO, profile]);
        run.env("AWS_DEFAULT_REGION", "eu-central-1").run()
    };
    let same = |bed: &Bed, profile: &str| {
        let theirs = ask(bed, profile);
        // Through a profile that has nothing but the link.
        let keyfob = bed.sandbox.path("bin/keyfob").display().to_string();
        let config = bed.sandbox.read(".aws/config");
        let link = format!("{config}[profile linked]\ncredential_process = {keyfob} credential-process {profile}\n");
        bed.sandbox.write(".aws/config", &link);
        let ours = ask(bed, "linked");
        bed.sandbox.write(".aws/config", &config);
        assert_eq!(role_of(theirs.ok()), role_of(ours.ok()), "{config}");
    };
    let a_over = |bed: &Bed, source: &str| {
        let text = format!(
            "[profile direct]\nrole_arn = {}\ncredential_source = {source}\nregion = eu-central-1\n",
            bed.a.arn()
        );
        bed.sandbox.write(".aws/config", &text);
    };
    let bed = Bed::new();
    bed.config(&bed.process(&bed.session().document()));
    same(&bed, "base");
    same(&bed, "b");
    let bed = Bed::new();
    let session = bed.session();
    bed.config(&format!(
        "aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}",
        session.id, session.secret, session.token
    ));
    bed.sandbox.may_hold_secrets(".aws");
    same(&bed, "base");
    same(&bed, "a");
    let mut bed = Bed::new();
    bed.jump.trusts("oidc:pod");
    let path = bed.sandbox.write("token", &bed.aws.web_token("pod", "sts.amazonaws.com", 3600));
    bed.config(&format!("role_arn = {}\nweb_identity_token_file = {}", bed.jump.arn(), path.display()));
    same(&bed, "base");
    same(&bed, "b");
    a_over(&bed, "Environment");
    let session = bed.session();
    bed.sandbox.set("AWS_ACCESS_KEY_ID", &session.id);
    bed.sandbox.set("AWS_SECRET_ACCESS_KEY", &session.secret);
    bed.sandbox.set("AWS_SESSION_TOKEN", &session.token);
    same(&bed, "direct");
    let mut bed = Bed::new();
    bed.aws.serve_machine(Some(&bed.jump), Metadata::On);
    bed.sandbox.unset("AWS_EC2_METADATA_DISABLED");
    bed.sandbox.set("AWS_EC2_METADATA_SERVICE_ENDPOINT", bed.aws.url());
    a_over(&bed, "Ec2InstanceMetadata");
    same(&bed, "direct");
    bed.sandbox.set("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", bed.aws.url()));
    a_over(&bed, "EcsContainer");
    same(&bed, "direct");
}

#[test]
fn other_tools_read_a_sign_in_that_keyfob_renewed_and_keyfob_one_that_they_did() {
    const JAVASCRIPT: &str = r"
        const { fromIni } = require('@aws-sdk/credential-provider-ini');
        fromIni({ profile: 'base' })().then((found) => console.log(found.accessKeyId));";
    for (name, arguments) in [("python", vec!["-W", "ignore", "-c", KEY_ID, "base"]), ("node", vec!["-e", JAVASCRIPT])]
    {
        let Some(program) = tools::require(name) else { continue };
        let one = login::signed_in(-5);
        let bed = &one.bed;
        let ours = key_id(&bed.get("base").json());
        assert_eq!(bed.cost(), "CreateOAuth2Token");
        let packages = tools::target().join("interop/javascript/node_modules");
        let theirs = || {
            let run = bed.sandbox.program(&program, &arguments).env("NODE_PATH", &packages);
            let run = run.env("AWS_DEFAULT_REGION", "eu-central-1").run();
            if run.stderr.contains("Cannot find module") || run.stderr.contains("botocore[crt]") {
                tools::skipped(&format!(
                    "{name} here cannot use a sign-in: {}",
                    run.stderr.lines().next().unwrap_or("")
                ));
                return None;
            }
            Some(run.ok().trim().to_owned())
        };
        let Some(read) = theirs() else { continue };
        assert_eq!((read.as_str(), bed.cost().as_str()), (ours.as_str(), ""), "{name} reads what keyfob wrote");
        // And the other way round.
        login::expire(bed);
        let Some(renewed) = theirs() else { continue };
        assert_eq!(bed.cost(), "CreateOAuth2Token", "{name} renews what keyfob wrote");
        assert_eq!(
            (key_id(&bed.get("base").json()), bed.cost().as_str()),
            (renewed, ""),
            "keyfob reads what {name} wrote"
        );
    }
}

/// Prints a token, and the keys of the provider that has signed it.
const PROVIDER: &str = r"
const { OAuth2Server } = require('oauth2-mock-server');
(async () => {
  const server = new OAuth2Server();
  await server.issuer.keys.generate('RS256');
  await server.start(0, '127.0.0.1');
  const claims = (header, payload) => { Object.assign(payload, { aud: process.argv[2], sub: 'pod' }); };
  const token = await server.issuer.buildToken({ scopesOrTransform: claims });
  const keys = await (await fetch(server.issuer.url + '/jwks')).text();
  console.log(token + '\n' + keys);
  await server.stop();
})();";

#[test]
fn a_providers_token_is_taken_for_its_signature_and_audience() {
    let Some(node) = tools::require("node") else { return };
    let bed = Bed::new();
    bed.jump.trusts("oidc:pod");
    let script = bed.sandbox.write("provider.js", PROVIDER);
    let packages = tools::target().join("node/node_modules");
    for (audience, problem) in [("sts.amazonaws.com", ""), ("vault", "the web identity token is for another audience")]
    {
        let script = script.display().to_string();
        let issued =
            bed.sandbox.program(&node, &[&script, audience]).env("NODE_PATH", &packages).shows(Shows::Keys).run();
        if issued.stderr.contains("Cannot find module") {
            return tools::skipped("npm's oauth2-mock-server is missing: `tests/run` installs it");
        }
        let (token, keys) = issued.ok().split_once('\n').expect("two lines");
        bed.sandbox.keep_secret(token, "a provider's token");
        let path = bed.sandbox.write("token", token);
        bed.config(&format!("role_arn = {}\nweb_identity_token_file = {}", bed.jump.arn(), path.display()));
        bed.sandbox.keyfob(&["clear"]).run().ok();
        let refused = crate::scene::fails(&bed.get("base"), 4, "the web identity token");
        assert!(refused.contains("InvalidIdentityToken"), "a provider that IAM does not know: {refused}");
        bed.aws.trust_provider(&serde_json::from_str(keys).expect("JSON"));
        bed.sandbox.keyfob(&["clear"]).run().ok();
        match problem {
            "" => drop(bed.get("base").json()),
            problem => drop(crate::scene::fails(&bed.get("base"), 4, problem)),
        }
    }
    assert!(bed.explain("base")["base"]["identity"].as_str().is_some_and(|who| who.starts_with("http://localhost:")));
}
