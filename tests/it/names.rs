//! Profile names of any characters: written, used and imported as the AWS CLI has them.

use std::sync::Arc;

use serde_json::Value;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

const NAMES: [&str; 16] = [
    "two words", "m\u{fc}nchen", "a#b", "a;b", "[x]", "a]b", "(y)", "p&q", "r,s", "t=u", "*", "~x", "z^", "a!b",
    "100%", "v:w",
];

fn machine() -> (Arc<LoopbackAws>, Sandbox, String) {
    let aws = Arc::new(LoopbackAws::start());
    let sandbox = Sandbox::with_vault(KEYFOB, &aws);
    let key = aws.user("ann").access_key();
    let lines = format!("{}\n{}\n", key.id, key.secret);
    (aws, sandbox, lines)
}

#[test]
fn every_name_the_aws_cli_takes_is_added_linked_and_served_to_it() {
    let (_aws, sandbox, lines) = machine();
    for name in NAMES {
        let add = sandbox.keyfob(&["add", name, "--stdin", "--region", "eu-west-1", "--yes"]);
        add.stdin(&lines).run().ok();
        let document = sandbox.keyfob(&["credential-process", name]).run().json();
        assert!(document["AccessKeyId"].as_str().expect("an id").starts_with("ASIA"), "{name}: {document}");
    }
    let config = sandbox.read(".aws/config");
    for name in NAMES {
        let plain = ["profile", "rename", name, "plain"];
        let back = ["profile", "rename", "plain", name];
        for arguments in [plain, back] {
            sandbox.keyfob(&arguments).run().ok();
        }
        assert_eq!(sandbox.read(".aws/config"), config, "{name}");
    }
    let Some(python) = tools::require("python") else { return };
    let script = "import boto3, json, sys\n\
                  from awscli.customizations.configure import profile_to_section\n\
                  def of(name):\n\
                  \x20   session = boto3.Session(profile_name=name)\n\
                  \x20   return [profile_to_section(name), session.region_name, session.get_credentials().access_key[:4]]\n\
                  print(json.dumps({name: of(name) for name in sys.argv[1:]}))\n";
    let arguments = [&["-X", "utf8", "-W", "ignore", "-c", script], &NAMES[..]].concat();
    let read: Value = sandbox.program(python, &arguments).run().json();
    for name in NAMES {
        let [header, region, key] = [0, 1, 2].map(|at| read[name][at].as_str().expect("text"));
        assert_eq!((region, key), ("eu-west-1", "ASIA"), "{name}");
        assert!(config.contains(&format!("[{header}]\n")), "{header} is not in {config}");
    }
}

#[test]
fn a_key_of_a_name_with_blanks_is_imported_as_the_aws_cli_wrote_it() {
    let (_aws, sandbox, lines) = machine();
    let (id, secret) = lines.trim_end().split_once('\n').expect("two lines");
    sandbox.write(".aws/config", "[profile 'two words']\nregion = eu-west-1\n");
    let credentials = format!("[two words]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
    sandbox.write(".aws/credentials", &credentials);
    let found = sandbox.keyfob(&["doctor", "--json"]).run();
    assert!(found.stdout.contains("plain-key"), "{}", found.stdout);
    sandbox.keyfob(&["import", "two words", "--yes"]).run().ok();
    assert!(!sandbox.read(".aws/credentials").contains(secret));
    sandbox.keyfob(&["credential-process", "two words"]).run().ok();
}
