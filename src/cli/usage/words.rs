//! Other tools' words, and our commands for them: aws-vault's, Granted's, awsume's, saml2aws's, the AWS CLI's.

/// A command or an option that keyfob does not have under this name, and what it has instead.
pub(super) struct Other {
    /// The commands it is tried below or on; the empty one is keyfob itself.
    pub on: &'static [&'static str],
    pub words: &'static [&'static str],
    /// Our command, with placeholders; empty where there is none.
    pub command: &'static str,
    /// What it does.
    pub why: &'static str,
}

pub(super) const fn other(
    on: &'static [&'static str],
    words: &'static [&'static str],
    command: &'static str,
    why: &'static str,
) -> Other {
    Other { on, words, command, why }
}

const KEYFOB: &[&str] = &[""];

/// What other tools call giving a shell a profile's credentials.
const SWITCH: &[&str] = &["assume", "awsume", "use", "use-profile", "switch", "activate"];

/// Programs whose first word may be typed too: what follows is what they take.
pub(super) const PROGRAMS: [&str; 6] = ["aws", "aws-okta", "aws-sso", "aws-vault", "granted", "saml2aws"];

/// Services of the AWS CLI whose names are no commands of ours.
const SERVICES: &[&str] = &[
    "acm", "apigateway", "athena", "autoscaling", "batch", "bedrock", "bedrock-runtime", "ce", "cloudformation",
    "cloudfront", "cloudtrail", "cloudwatch", "codebuild", "codecommit", "codepipeline", "cognito-idp", "dynamodb",
    "ec2", "ecr", "ecs", "efs", "eks", "elasticache", "elb", "elbv2", "events", "firehose", "glue", "guardduty", "iam",
    "identitystore", "kafka", "kinesis", "kms", "lambda", "logs", "opensearch", "organizations", "rds", "redshift",
    "route53", "s3", "s3api", "sagemaker", "secretsmanager", "securityhub", "ses", "sns", "sqs", "ssm", "sso-admin",
    "stepfunctions", "sts", "wafv2",
];

/// Whether a service is called so.
pub(in crate::cli) fn is_service(word: &str) -> bool {
    SERVICES.contains(&word)
}

/// Whether the AWS CLI has this command: a service, with what is done there.
pub(super) fn is_of_aws(word: &str, rest: &[String]) -> bool {
    is_service(word) && rest.first().is_some_and(|word| !word.starts_with('-'))
}

/// Other commands. One of ours is never looked up here.
pub(super) const COMMANDS: &[Other] = &[
    other(KEYFOB, &["version"], "keyfob --version", "show the version"),
    other(KEYFOB, &["ls", "profiles", "list-profiles", "sessions"], "keyfob list", "list profiles, keys and sessions"),
    other(KEYFOB, &["rm", "delete", "del"], "keyfob remove PROFILE", "delete a stored key"),
    other(KEYFOB, &["status", "info"], "keyfob", "show what is stored, linked and cached"),
    other(KEYFOB, &["status", "info"], "keyfob list", "or list profiles and their sessions"),
    other(KEYFOB, &["lock", "forget", "revoke"], "keyfob clear --all", "delete cached sessions and lock the vault"),
    other(KEYFOB, &["signout", "sign-out"], "keyfob logout PROFILE", "sign out"),
    other(KEYFOB, SWITCH, "eval PROFILE", "set the credentials in this shell"),
    other(KEYFOB, SWITCH, "keyfob exec PROFILE", "or start a subshell with them"),
    other(KEYFOB, &["shell", "subshell", "sh"], "keyfob exec PROFILE", "start a subshell with the credentials"),
    other(KEYFOB, &["run"], "keyfob exec PROFILE -- COMMAND", "run a command with the credentials"),
    other(
        KEYFOB,
        &["unset", "unassume", "deactivate"],
        "keyfob env --unset",
        "print the lines that remove the credentials",
    ),
    other(KEYFOB, &["signin", "sign-in"], "keyfob login PROFILE", "sign in"),
    other(KEYFOB, &["web"], "keyfob console PROFILE", "open the AWS console"),
    other(KEYFOB, &["get-caller-identity", "identity"], "keyfob whoami --check", "ask AWS who you are"),
    other(KEYFOB, &["eval", "script"], "keyfob env PROFILE", "print the lines that set the credentials"),
    other(KEYFOB, &["flush", "cache"], "keyfob clear", "delete cached sessions"),
    other(
        KEYFOB,
        &["browser"],
        "keyfob profile set PROFILE keyfob_browser BROWSER",
        "name a profile's browser; `browser` in config.toml is for all",
    ),
    other(KEYFOB, &["tags"], "keyfob sso accounts SESSION", "list accounts and roles"),
    other(KEYFOB, &["config-profiles"], "keyfob sso profiles SESSION", "write profiles for all roles"),
    other(KEYFOB, &["list-roles", "list-sso-roles"], "keyfob list", "list profiles, keys and sessions"),
    other(
        KEYFOB,
        &["get", "get-credentials", "credentials", "process"],
        "keyfob credential-process PROFILE",
        "print credentials as JSON",
    ),
    other(
        KEYFOB,
        &["configure", "config", "init", "setup", "new", "create", "store"],
        "keyfob add PROFILE",
        "store a key",
    ),
    other(KEYFOB, &["set"], "keyfob profile set PROFILE NAME VALUE", "change a setting"),
    other(KEYFOB, &["rename", "mv", "move"], "keyfob profile rename OLD NEW", "rename a profile"),
    other(KEYFOB, &["copy", "cp"], "keyfob profile copy OLD NEW", "copy a profile"),
    other(KEYFOB, &["enroll", "enrol"], "keyfob mfa enroll PROFILE", "enroll an MFA device"),
    other(KEYFOB, &["code", "token", "otp", "totp"], "keyfob mfa code PROFILE", "show the code of a stored seed"),
    other(KEYFOB, &["check", "diagnose", "verify"], "keyfob doctor", "check for problems"),
    other(
        KEYFOB,
        &["server", "serve", "proxy", "daemon"],
        "keyfob exec PROFILE --server",
        "run a command whose credentials are renewed while it runs",
    ),
    other(&["profile"], &["list", "ls"], "keyfob list", "list profiles"),
    other(&["profile"], &["show", "get", "view", "cat"], "keyfob show PROFILE", "show a profile's settings"),
    other(&["profile"], &["rm", "delete", "del"], "keyfob profile remove PROFILE", "remove a profile"),
    other(&["profile"], &["new", "create", "configure"], "keyfob profile add PROFILE", "create a profile"),
    other(&["profile"], &["mv", "move"], "keyfob profile rename OLD NEW", "rename a profile"),
    other(&["profile"], &["cp", "clone"], "keyfob profile copy OLD NEW", "copy a profile"),
    other(&["profile"], &["import"], "keyfob import", "move plaintext keys into the key store"),
    other(&["mfa"], &["rm", "delete", "del", "deactivate"], "keyfob mfa remove PROFILE", "remove an MFA device"),
    other(&["mfa"], &["ls", "show", "status"], "keyfob mfa list PROFILE", "list MFA devices"),
    other(&["mfa"], &["token", "otp", "totp", "generate"], "keyfob mfa code PROFILE", "show the code of a stored seed"),
    other(&["mfa"], &["new", "create", "register", "activate"], "keyfob mfa enroll PROFILE", "enroll an MFA device"),
    other(&["sso"], &["login", "signin"], "keyfob login SESSION", "sign in"),
    other(&["sso"], &["configure"], "keyfob login --start-url URL", "sign in for the first time"),
    other(&["sso"], &["logout", "signout"], "keyfob logout SESSION", "sign out"),
    other(
        &["sso"],
        &["list", "ls", "roles", "list-accounts", "list-account-roles"],
        "keyfob sso accounts SESSION",
        "list accounts and roles",
    ),
    other(&["sso"], &["sync", "populate", "generate"], "keyfob sso profiles SESSION", "write profiles for all roles"),
    other(&["sso"], &["get-role-credentials"], "keyfob credential-process PROFILE", "print credentials as JSON"),
    other(&["user"], &["ls", "show"], "keyfob user list", "list users"),
    other(&["user"], &["rm", "delete", "del"], "keyfob user remove NAME", "remove a user"),
    other(&["user"], &["add", "new"], "keyfob user create NAME", "create a user"),
    other(&["store"], &["ls", "show"], "keyfob store list", "list key stores"),
    other(&["store"], &["test", "verify"], "keyfob store check STORE", "test a key store"),
    other(&["vault"], &["lock"], "keyfob clear --all", "delete cached sessions and lock the vault"),
    other(&["vault"], &["unlock", "open"], "keyfob exec PROFILE -- true", "unlock it and start a session"),
    other(
        &["vault"],
        &["create", "init", "new"],
        "keyfob add PROFILE --backend vault",
        "create the vault with its first key",
    ),
    other(&["vault"], &["list", "ls"], "keyfob keys", "list the stored keys"),
];

/// Options for a profile's name, tried for one that is too much, in this order.
pub(super) const NAMING: [&str; 2] = ["--only", "--with"];

/// Our option for another's, where the command has it.
pub(super) const SYNONYMS: &[(&str, &[&str])] = &[
    ("yes", &["--force", "-f", "--assume-yes", "--no-prompt", "--no-confirm"]),
    ("verbose", &["--debug", "--trace", "--info"]),
    ("quiet", &["--silent"]),
    ("mfa-code", &["--token", "--mfa-token", "--token-code", "--otp", "--mfa", "--code", "-m"]),
    ("duration", &["--ttl", "--session-ttl", "--assume-role-ttl", "--session-duration", "--role-duration"]),
    ("role", &["--arn", "--role-arn", "--chain"]),
    ("session-name", &["--role-session-name"]),
    ("device", &["--remote", "--use-device-code"]),
    ("server", &["--ecs-server", "--ec2-server", "-s"]),
    ("backend", &["--store", "--keychain", "--key-store"]),
    ("diff", &["--dry-run"]),
    ("all", &["-a"]),
    ("region", &["-r", "--sso-region"]),
    ("start-url", &["--sso-start-url"]),
    ("plain", &["--no-link"]),
    ("no-link", &["--no-add-config"]),
    ("shell", &["--format", "--output", "-o"]),
    ("url", &["--link", "--print"]),
    ("unset", &["-u", "-un"]),
    ("only", &["--profile", "--profiles", "-p"]),
];

/// Our key store for another tool's.
pub(super) const STORES: [(&str, &str); 7] = [
    ("file", "vault"),
    ("keychain", "macos-keychain"),
    ("wincred", "windows-credential-manager"),
    ("1password", "op"),
    ("op-desktop", "op"),
    ("bitwarden", "bw"),
    ("keyring", "secret-service"),
];

pub(super) const AWS_CLI: [&str; 2] = ["configure", "sts"];

/// Options of other tools and of ours that take a value, and the placeholder that the value goes to.
const VALUED: &[(&str, &[&str])] = &[
    ("PROFILE", &["--profile", "-p", "--idp-account", "--exec-profile", "--source-profile", "-a"]),
    ("SESSION", &["--sso-session"]),
    ("SERVICE", &["--service", "-s", "--path"]),
    ("URL", &["--start-url", "--sso-start-url"]),
    ("REGION", &["--region", "--sso-region", "-r"]),
    ("ROLE", &["--arn", "--role-arn", "--chain", "--role"]),
    ("ACCOUNT", &["-A", "--account", "--account-id"]),
    ("NAME", &["-R", "--role-name"]),
    ("FILE", &["--csv"]),
    ("COMMAND", &["--exec"]),
    ("TIME", &["-d", "--duration", "--role-duration", "--session-duration"]),
    ("CODE", &["--mfa-token", "--mfa-code", "-t", "--token-code"]),
    (
        "OTHER",
        &[
            "--session-name", "--role-session-name", "--external-id", "--backend", "--format", "--output", "--shell",
            "--prompt", "--url-action", "-o", "--output-profile", "--sso-scopes", "--browser-profile", "-bp",
            "--container", "--console-destination", "-cd", "--save-to", "--pass-through", "-pt", "--min-ttl",
            "--policy", "--policy-arn", "--type", "--serial-number", "--idp-provider", "--url", "--username",
            "--access-token", "--query", "--cli-input-json",
        ],
    ),
];

/// The placeholder for the value of an option.
pub(super) fn place_of(option: &str) -> Option<&'static str> {
    VALUED.iter().find(|(_, options)| options.contains(&option)).map(|(name, _)| *name)
}

/// `eu-west-1`: the `-r` of awsume takes no value.
pub(super) fn is_region(word: &str) -> bool {
    word.contains('-') && word.ends_with(|last: char| last.is_ascii_digit())
}

/// Whether a word is ours misspelt or cut short, and no other word.
pub(super) fn is_misspelt(ours: &str, word: &str) -> bool {
    // Security: these do something else, or more.
    let changes = ["no-", "force", "drop-", "delete-", "replace", "allow-", "all", "prune", "yes"];
    let is_strict = changes.iter().any(|start| ours.starts_with(start));
    let most = if is_strict { 1 } else { (ours.len() / 4).clamp(1, 2) };
    (!is_strict && word.len() > 2 && ours.starts_with(word)) || strsim::osa_distance(ours, word) <= most
}
