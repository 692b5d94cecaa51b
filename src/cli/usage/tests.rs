use super::*;
use crate::format::shell::Shell;

/// The hints that a command line is answered with: each command as a POSIX shell runs it.
fn answered(line: &str, env: &[(&str, &str)]) -> Vec<String> {
    let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
    let refusal = command().try_get_matches_from(&arguments).expect_err(line);
    // Not the profiles of whoever runs the tests.
    let env = env.iter().copied().chain([("HOME", "/nowhere")].into_iter().filter(|_| env.is_empty()));
    let error = error(&refusal, &arguments, &Environment::from_pairs(env));
    error.hints().iter().map(|hint| hint.command(Shell::Sh).unwrap_or_else(|| hint.shown())).collect()
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_was_meant_is_the_first_hint() {
    let table = [
        // Other tools' words.
        ("keyfob version", "keyfob --version"),
        ("keyfob doc", "keyfob doctor"),
        ("keyfob ls", "keyfob list"),
        ("keyfob ls --json", "keyfob list --json"),
        ("keyfob ls -la", "keyfob list"),
        ("keyfob -q rm work", "keyfob remove work"),
        ("keyfob rm --yes work", "keyfob remove work --yes"),
        ("keyfob rm", "keyfob remove PROFILE"),
        ("keyfob lock", "keyfob clear --all"),
        ("keyfob status", "keyfob"),
        ("keyfob assume prod", r#"eval "$(keyfob env prod)""#),
        ("keyfob assume prod -r eu-west-1", r#"eval "$(keyfob env prod --region eu-west-1)""#),
        ("keyfob assume -c prod", "keyfob console prod"),
        ("keyfob assume prod -c", "keyfob console prod"),
        ("keyfob assume -un", "keyfob env --unset"),
        ("keyfob signin prod", "keyfob login prod"),
        ("keyfob configure", "keyfob add PROFILE"),
        ("keyfob configure --profile prod", "keyfob add prod"),
        ("keyfob configure list", "keyfob list"),
        ("keyfob configure list-profiles", "keyfob list"),
        ("keyfob configure get region --profile prod", "keyfob show prod"),
        ("keyfob configure set region eu-west-1", "keyfob profile set PROFILE region eu-west-1"),
        ("keyfob configure set region eu-west-1 --profile prod", "keyfob profile set prod region eu-west-1"),
        ("keyfob configure import --csv keys.csv --profile prod", "keyfob add prod --csv keys.csv"),
        ("keyfob configure sso", "keyfob login --start-url URL"),
        ("keyfob configure export-credentials --profile=prod", "keyfob credential-process prod"),
        ("keyfob sts get-caller-identity --profile prod", "keyfob whoami prod --check"),
        ("keyfob sts get-caller-identity", "keyfob whoami PROFILE --check"),
        ("keyfob signout prod", "keyfob logout prod"),
        ("keyfob sso generate corp", "keyfob sso profiles corp"),
        ("keyfob shell prod", "keyfob exec prod"),
        ("keyfob run prod terraform plan", "keyfob exec prod -- terraform plan"),
        ("keyfob shell prod -- make", "keyfob exec prod -- make"),
        ("keyfob profile ls", "keyfob list"),
        ("keyfob sign-out corp", "keyfob logout corp"),
        ("keyfob sso login corp", "keyfob login corp"),
        ("keyfob sso ls corp", "keyfob sso accounts corp"),
        ("keyfob user rm bob", "keyfob user remove bob"),
        ("keyfob store test pass", "keyfob store check pass"),
        // A profile that an option names.
        ("keyfob agent --socket s deploy", "keyfob agent --socket s --only deploy"),
        ("keyfob agent --socket s --profile deploy", "keyfob agent --socket s --only deploy"),
        ("keyfob user list work", "keyfob user list --with work"),
        ("keyfob profile mv a b", "keyfob profile rename a b"),
        ("keyfob mfa rm work --device", "keyfob mfa remove work --device"),
        ("keyfob profile help set", "keyfob help profile set"),
        // A command that the shell has taken apart.
        ("keyfob exec prod aws s3 ls", "keyfob exec prod -- aws s3 ls"),
        (
            "keyfob exec --duration 1h prod aws s3 ls --recursive",
            "keyfob exec --duration 1h prod -- aws s3 ls --recursive",
        ),
        ("keyfob -v exec prod -n terraform plan -out=x", "keyfob -v exec prod -n -- terraform plan '-out=x'"),
        ("keyfob exec prod -t 123456 make", "keyfob exec prod --mfa-code CODE -- make"),
        // Misspelt.
        ("keyfob imprt work --yes", "keyfob import work --yes"),
        ("keyfob mfa enrol work", "keyfob mfa enroll work"),
        ("keyfob list --jsn", "keyfob list --json"),
        ("keyfob env prod --durtion=1h", "keyfob env prod --duration 1h"),
        ("keyfob import --from aws-valt", "keyfob import --from aws-vault"),
        // Other tools' options.
        ("keyfob exec --profile prod -- aws s3 ls", "keyfob exec prod -- aws s3 ls"),
        ("keyfob env --profile=prod", "keyfob env prod"),
        ("keyfob --profile prod exec -- aws s3 ls", "keyfob exec prod -- aws s3 ls"),
        ("keyfob -p prod env", "keyfob env prod"),
        ("keyfob --profile=prod -v env", "keyfob -v env prod"),
        ("keyfob --profile prod list", "keyfob list"),
        ("keyfob --json list", "keyfob list --json"),
        ("keyfob --region eu-west-1 env prod", "keyfob env --region eu-west-1 prod"),
        ("keyfob --mfa-token 123456 exec prod -- make", "keyfob exec --mfa-code CODE prod -- make"),
        ("keyfob exec prod --ecs-server -- make", "keyfob exec prod --server -- make"),
        ("keyfob env prod --server", "keyfob exec prod --server"),
        ("keyfob exec prod --json", "keyfob credential-process prod"),
        ("keyfob console prod --service s3", "keyfob console prod s3"),
        ("keyfob console -s ec2 prod", "keyfob console prod ec2"),
        ("keyfob console --profile prod --service ec2", "keyfob console prod ec2"),
        ("keyfob env --profile prod --output json", "keyfob env prod --shell json"),
        ("keyfob env prod --format=json", "keyfob env prod --shell json"),
        ("keyfob console prod --link", "keyfob console prod --url"),
        ("keyfob sso configure", "keyfob login --start-url URL"),
        ("keyfob sso list-accounts corp", "keyfob sso accounts corp"),
        ("keyfob login -s prod", "keyfob console prod --url"),
        ("keyfob console prod -r us-east-1 --url", "keyfob console prod --region us-east-1 --url"),
        ("keyfob login prod --stdout", "keyfob console prod --url"),
        ("keyfob list --sessions", "keyfob list"),
        ("keyfob export prod --format=env", "keyfob env prod --shell dotenv"),
        ("keyfob env -u", "keyfob env --unset"),
        ("keyfob remove work --force", "keyfob remove work --yes"),
        ("keyfob profile set work region x --dry-run", "keyfob profile set work region x --diff"),
        // The value of an option is no profile.
        ("keyfob assume -d 1h prod", r#"eval "$(keyfob env prod -d 1h)""#),
        ("keyfob assume -c -s s3 prod", "keyfob console prod s3"),
        ("keyfob assume -c -r eu-west-1 prod", "keyfob console prod --region eu-west-1"),
        ("keyfob shell --help", "keyfob exec PROFILE"),
        ("keyfob shell -d 1h prod", "keyfob exec prod -d 1h"),
        ("keyfob console --service s3", "keyfob console PROFILE s3"),
        ("keyfob process --arn arn:x", "keyfob credential-process --role ROLE"),
        (
            "keyfob process --arn arn:aws:iam::111122223333:role/x",
            "keyfob credential-process --role arn:aws:iam::111122223333:role/x",
        ),
        (
            "keyfob sso generate --sso-region eu-west-1 https://x.awsapps.com/start",
            "keyfob login --start-url https://x.awsapps.com/start --region eu-west-1",
        ),
        (
            "keyfob sso login --sso-start-url https://x.awsapps.com/start --sso-region eu-west-1",
            "keyfob login --start-url https://x.awsapps.com/start --region eu-west-1",
        ),
        (
            "keyfob login --sso-start-url https://x.awsapps.com/start --sso-region eu-west-1",
            "keyfob login --start-url https://x.awsapps.com/start --region eu-west-1",
        ),
        (
            "keyfob assume --sso --sso-start-url https://x.awsapps.com/start --sso-region eu-west-1 --role-name r",
            "keyfob login --start-url https://x.awsapps.com/start --region eu-west-1",
        ),
        ("keyfob sso login --sso-start-url https://x", "keyfob login --start-url https://x --region REGION"),
        ("keyfob env -r prod", "keyfob env prod"),
        ("keyfob env prod -s", "keyfob env prod"),
        ("keyfob env -r eu-west-1 prod", "keyfob env --region eu-west-1 prod"),
        ("keyfob configure import --csv file:///x.csv", "keyfob add PROFILE --csv /x.csv"),
        ("keyfob configure export-credentials --profile prod --format env", "keyfob env prod"),
        ("keyfob configure export-credentials --profile prod --format process", "keyfob credential-process prod"),
        // Not what is merely like it.
        ("keyfob rotate --no-session work", "keyfob rotate work"),
        ("keyfob sso profiles corp --no-link --diff", "keyfob sso profiles corp --plain --diff"),
        ("keyfob use-profile prod", r#"eval "$(keyfob env prod)""#),
        ("keyfob credentials add work", "keyfob add work"),
        ("keyfob credentials import work", "keyfob import work"),
        ("keyfob credentials list", "keyfob list"),
        ("keyfob credentials remove work", "keyfob remove work"),
        ("keyfob credentials update work", "keyfob add work --replace"),
        ("keyfob credentials export work", "keyfob export work"),
        ("keyfob setup wizard", "keyfob login --start-url URL"),
        ("keyfob setup profiles", "keyfob sso profiles SESSION"),
        ("keyfob setup ecs auth", "keyfob exec PROFILE --server"),
        // aws-vault's.
        ("keyfob exec --prompt=ykman prod -- aws s3 ls", "keyfob exec prod -- aws s3 ls"),
        ("keyfob exec --prompt osascript prod -- make", "keyfob exec prod -- make"),
        ("keyfob exec --stdout prod", "keyfob exec prod"),
        ("keyfob exec --lazy -s prod -- make", "keyfob exec prod --server -- make"),
        ("keyfob exec --backend file prod -- make", "keyfob exec --backend vault prod -- make"),
        ("keyfob exec --backend=keychain prod -- make", "keyfob exec --backend macos-keychain prod -- make"),
        ("keyfob remove prod --sessions", "keyfob clear prod"),
        ("keyfob add --no-add-config prod", "keyfob add --no-link prod"),
        ("keyfob login prod --path s3", "keyfob console prod s3"),
        ("keyfob login -d 1h prod", "keyfob console prod --duration 1h"),
        ("keyfob export prod --format json", "keyfob credential-process prod"),
        ("keyfob export prod --format=export-json", "keyfob env prod --shell json"),
        ("keyfob export --format ini prod", "keyfob env prod"),
        ("keyfob aws-vault exec prod --no-session -- make", "keyfob exec prod --no-session -- make"),
        ("keyfob aws-vault exec --prompt=terminal prod", "keyfob exec prod"),
        // Granted's.
        ("keyfob assume -es prod", "keyfob login prod"),
        ("keyfob assume prod -ex", "keyfob link prod"),
        ("keyfob assume --env prod", "keyfob env prod --shell dotenv"),
        ("keyfob assume -u prod", "keyfob console prod --url"),
        ("keyfob assume --url prod", "keyfob console prod --url"),
        ("keyfob assume -r us-east-1 -c prod -s s3", "keyfob console prod s3 --region us-east-1"),
        ("keyfob assume prod --exec make", "keyfob exec prod -- make"),
        ("keyfob assume prod --exec -- make test", "keyfob exec prod -- make test"),
        ("keyfob assume prod -- make test", "keyfob exec prod -- make test"),
        ("keyfob assume --mfa-token 123456 prod", r#"eval "$(keyfob env prod --mfa-code CODE)""#),
        ("keyfob granted credentials add prod", "keyfob add prod"),
        ("keyfob credentials export-plaintext prod", "keyfob export prod"),
        ("keyfob credentials rotate prod", "keyfob rotate prod"),
        (
            "keyfob granted sso login --sso-start-url https://x --sso-region us-east-1",
            "keyfob login --start-url https://x --region us-east-1",
        ),
        ("keyfob assume prod --sso", "keyfob login --start-url URL --region REGION prod"),
        ("keyfob granted browser set", "keyfob profile set PROFILE keyfob_browser BROWSER"),
        ("keyfob login -a prod --role arn:aws:iam::111122223333:role/x", "keyfob login prod"),
        // awsume's.
        ("keyfob awsume prod", r#"eval "$(keyfob env prod)""#),
        ("keyfob awsume -l", "keyfob list"),
        ("keyfob env -l", "keyfob list"),
        ("keyfob env -s prod", "keyfob env prod"),
        ("keyfob awsume -u", "keyfob env --unset"),
        ("keyfob awsume -o saved prod", "keyfob link prod"),
        ("keyfob env -k prod", "keyfob unlink prod"),
        ("keyfob env -a prod", "keyfob link prod"),
        ("keyfob awsume -r prod", "keyfob clear prod"),
        ("keyfob env --source-profile work --role-arn 111122223333:x", "keyfob env work --role 111122223333:x"),
        // aws-sso's.
        ("keyfob flush", "keyfob clear"),
        ("keyfob flush prod", "keyfob clear prod"),
        ("keyfob eval -p prod", "keyfob env prod"),
        ("keyfob eval --clear", "keyfob env --unset"),
        ("keyfob process -p prod", "keyfob credential-process prod"),
        ("keyfob tags", "keyfob sso accounts SESSION"),
        ("keyfob setup completions", "keyfob completions SHELL"),
        (
            "keyfob exec -A 111122223333 -R Admin -- make",
            "keyfob sso profiles SESSION --account 111122223333 --role Admin",
        ),
        ("keyfob login corp --url-action print", "keyfob login --no-browser corp"),
        ("keyfob console --url-action=clip prod", "keyfob console prod --copy"),
        // saml2aws's.
        ("keyfob script --shell=fish -a prod", "keyfob env prod --shell fish"),
        ("keyfob login -a prod", "keyfob login prod"),
        ("keyfob saml2aws exec --exec-profile prod -- make", "keyfob exec prod -- make"),
        ("keyfob configure --idp-provider Okta --url https://x -a prod", "keyfob add prod"),
        // The AWS CLI's.
        ("keyfob s3 ls s3://b --profile prod", "keyfob exec prod -- aws s3 ls s3://b"),
        ("keyfob --profile=prod s3 ls --region eu-west-1", "keyfob exec prod -- aws s3 ls --region eu-west-1"),
        ("keyfob aws iam list-users", "keyfob exec PROFILE -- aws iam list-users"),
        ("keyfob aws sso login --profile prod", "keyfob login prod"),
        ("keyfob sso login --no-browser --sso-session corp", "keyfob login corp --no-browser"),
        ("keyfob sso login --use-device-code --profile prod", "keyfob login prod --device"),
        ("keyfob logout --all", "keyfob logout"),
        ("keyfob login --remote --profile prod", "keyfob login --device prod"),
        (
            "keyfob sts assume-role --role-arn 111122223333:x --role-session-name me",
            "keyfob exec PROFILE --role 111122223333:x --session-name me",
        ),
        ("keyfob configure set aws_access_key_id AKIAX --profile prod", "keyfob add prod"),
        (
            "keyfob configure export-credentials --format powershell --profile prod",
            "keyfob env prod --shell powershell",
        ),
        // A profile that is called as a command is.
        ("keyfob configure --profile env", "keyfob add env"),
        ("keyfob configure --profile=list", "keyfob add list"),
        ("keyfob configure set region eu-west-1 --profile get", "keyfob profile set get region eu-west-1"),
        ("keyfob --profile env exec -- make", "keyfob exec env -- make"),
        ("keyfob --profile env env", "keyfob env env"),
        ("keyfob configure export-credentials --profile env", "keyfob credential-process env"),
        ("keyfob assume -c -p console", "keyfob console console"),
        // Half a command.
        ("keyfob add", "keyfob add PROFILE"),
        ("keyfob profile set work", "keyfob profile set work NAME=VALUE"),
        ("keyfob link", "keyfob link PROFILE"),
    ];
    let wrong: Vec<String> = table
        .iter()
        // Windows has no server.
        .filter(|(_, expected)| cfg!(unix) || !expected.contains("--server"))
        .map(|(line, expected)| (line, expected, answered(line, &[])))
        .filter(|(_, expected, got)| got.first().map(String::as_str) != Some(**expected))
        .map(|(line, expected, got)| format!("{line}: {got:?}, not {expected}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let here = answered("keyfob aws s3 ls", &[("AWS_PROFILE", "prod")]);
    assert_eq!(here[0], "keyfob exec -- aws s3 ls");
    let two = answered("keyfob exec aws s3 ls", &[("AWS_PROFILE", "prod")]);
    assert_eq!(two[..2], ["keyfob exec aws -- s3 ls", "keyfob exec -- aws s3 ls"]);
}

/// Another option or command would do something else.
#[test]
fn a_word_that_is_only_like_ours_is_not_replaced() {
    for line in [
        "keyfob exec --no-region prod -- true", "keyfob exec --session prod", "keyfob rotate --no-sessions work",
        "keyfob add work --verify", "keyfob login prod --enforce", "keyfob import --from awsume",
        "keyfob import --from granted", "keyfob plugin", "keyfob prod", "keyfob sso-tokens list",
    ] {
        let first = answered(line, &[]).into_iter().next().unwrap_or_default();
        assert!(first.starts_with("usage:"), "{line}: {first}");
    }
    assert_eq!(answered("keyfob exec --no-sesion prod", &[])[0], "keyfob exec --no-session prod");
}

#[test]
fn a_profile_alone_is_switched_to() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("config");
    crate::sys::files::replace(&path, b"[profile prod]\nregion = eu-west-1\n").expect("written");
    let (folder, file) = (home.path().display().to_string(), path.display().to_string());
    let env = [("HOME", &*folder), ("AWS_CONFIG_FILE", &*file)];
    for line in ["keyfob prod", "keyfob -s prod", "keyfob prod -s"] {
        assert_eq!(answered(line, &env)[..2], [r#"eval "$(keyfob env prod)""#, "keyfob exec prod"], "{line}");
    }
    for (line, expected) in [
        ("keyfob prod -c", "keyfob console prod"),
        ("keyfob -c prod", "keyfob console prod"),
        ("keyfob prod -c -s s3", "keyfob console prod s3"),
    ] {
        assert_eq!(answered(line, &env)[0], expected, "{line}");
    }
}

/// Whatever is typed, a command in an answer is one that keyfob takes, and clap's tips are in none.
#[test]
fn every_command_of_an_answer_is_taken() {
    let of_row = |row: &'static Other| row.words.iter().map(|word| (row.on[0], *word));
    let of_options = |row: &'static Other| row.on.iter().flat_map(|on| row.words.iter().map(move |word| (*on, *word)));
    let others = COMMANDS.iter().flat_map(of_row).chain(OPTIONS.iter().flat_map(of_options));
    let rests = ["", " work --yes", " a b c", " work -- aws s3 ls", " -x=$(id) 'y"];
    let others: Vec<_> = others.collect();
    // Each word once, and all that may follow after some.
    let typed = (0..).zip(others).flat_map(|(at, (on, word))| {
        let rests = if at % 5 == 0 { &rests[..] } else { &rests[at % 5..=at % 5] };
        rests.iter().map(move |rest| format!("keyfob {on} {word}{rest}").replace("  ", " "))
    });
    let options = ["--server", "--nonsense", "--profile", "--profile p", "-z", "--jsn", "--force", "x y z"];
    let tree = command();
    let on = tree
        .get_subcommands()
        .flat_map(|command| options.map(|option| format!("keyfob {} {option}", command.get_name())));
    for line in typed.chain(on) {
        let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        let Err(refusal) = command().try_get_matches_from(&arguments) else { continue };
        if !refusal.use_stderr() {
            continue;
        }
        let error = error(&refusal, &arguments, &Environment::from_pairs([]));
        for hint in error.hints() {
            assert!(
                !hint.shown().contains("as a value") && !hint.shown().contains("similar"),
                "{line}: {}",
                hint.shown()
            );
            let Some(command) = hint.command(Shell::Sh) else { continue };
            let words = shell_words::split(&command).unwrap_or_else(|error| panic!("{line}: {command}: {error}"));
            // A placeholder is no value, whoever typed it.
            let words: Vec<String> =
                words.into_iter().map(|word| sample(&Word::Fill(word.into())).to_owned()).collect();
            assert!(words[0] != "keyfob" || taken(given(&words)).is_some() || words.len() == 1, "{line}: {command}");
        }
    }
}

#[test]
fn a_usage_line_names_keyfob_whatever_the_program_is_called() {
    let arguments: Vec<OsString> = ["/opt/x/kf-1.2", "add", "--nonsense"].map(OsString::from).to_vec();
    let refusal = command().try_get_matches_from(&arguments).expect_err("refused");
    let hints: Vec<String> =
        error(&refusal, &arguments, &Environment::from_pairs([])).hints().iter().map(Hint::shown).collect();
    assert_eq!(hints, ["usage: keyfob add [OPTIONS] <PROFILE>", "show its options: `keyfob add --help`"]);
}
