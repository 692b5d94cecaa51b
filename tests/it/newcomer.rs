//! A new user's first minutes: from the files that AWS's tutorial leaves to a linked profile behind MFA.

use std::sync::Arc;

use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

/// Import, enrol, and the AWS CLI itself, which asks for the code: each on a terminal, with nothing but their arguments.
#[test]
fn three_commands_lead_from_the_tutorials_files_to_a_linked_profile_with_a_new_device() {
    for name in ["aws-cli-1", "aws-cli-2"] {
        let Some(client) = tools::require(name) else { continue };
        let aws = Arc::new(LoopbackAws::start());
        let mut sandbox = Sandbox::with_vault(KEYFOB, &aws);
        sandbox.set("AWS_PAGER", "");
        let ann = aws.user("ann");
        let key = ann.access_key();
        // As `aws configure` writes them.
        sandbox.write(".aws/config", "[default]\nregion = eu-central-1\noutput = json\n");
        sandbox.write(
            ".aws/credentials",
            &format!("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n", key.id, key.secret),
        );
        let url = aws.url();
        let caller = ["--endpoint-url", &url, "sts", "get-caller-identity", "--query", "Arn", "--output", "text"];
        assert_eq!(sandbox.program(&client, &caller).run().ok().trim(), ann.arn(), "{name}, before");

        // One: the key goes into the key store, and the profile is linked.
        let mut terminal = sandbox.keyfob(&["import"]).on_terminal();
        // Of the variables that make this a machine of its own.
        terminal.expect("config.toml? [y/N] ");
        terminal.type_line("y");
        terminal.expect("create an MFA device now, in an authenticator app? [y/N] ");
        terminal.type_line("n");
        let (ran, seen) = terminal.finish();
        assert_eq!(ran.code, Some(0), "{seen}");
        assert_eq!(sandbox.read(".aws/credentials"), "[default]\n");
        assert_eq!(sandbox.program(&client, &caller).run().ok().trim(), ann.arn(), "{name}, imported");

        // Two: the device, which the profile has from then on.
        let mut terminal = sandbox.keyfob(&["mfa", "enroll", "default"]).on_terminal();
        terminal.expect("device name [ann]: ");
        terminal.type_line("");
        terminal.expect("first code from the app: ");
        let device = aws.device("arn:aws:iam::111122223333:mfa/ann").expect("made");
        let [first, second] = device.codes_in_a_row();
        terminal.type_line(&first);
        terminal.expect("next code, once the app shows it: ");
        terminal.type_line(&second);
        let (ran, seen) = terminal.finish();
        assert_eq!(ran.code, Some(0), "{seen}");
        assert!(device.is_enabled());

        // Three: the AWS CLI, for which keyfob asks; and from then on nobody is asked.
        aws.advance(60);
        aws.forget_requests();
        let mut terminal = sandbox.program(&client, &caller).on_terminal();
        terminal.expect("): ");
        terminal.type_line(&device.code());
        let (ran, seen) = terminal.finish();
        assert!(ran.code == Some(0) && seen.contains(&ann.arn()), "{name}: {seen}");
        assert_eq!(aws.count("GetSessionToken"), 1);
        assert_eq!(aws.last("GetSessionToken").params.get("SerialNumber"), Some(device.serial().as_str()));
        assert_eq!(sandbox.program(&client, &caller).run().ok().trim(), ann.arn(), "{name}, after");
        assert_eq!(aws.count("GetSessionToken"), 1);

        let config = sandbox.read(".aws/config");
        assert_eq!(
            config,
            format!(
                "[default]\nregion = eu-central-1\noutput = json\ncredential_process = {} credential-process default\n\
                 mfa_serial = {}\n",
                sandbox.path("bin/keyfob").display(),
                device.serial()
            )
        );
        sandbox.keyfob(&["doctor"]).run().ok();
    }
}
