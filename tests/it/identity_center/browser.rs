//! A real browser signs in, and shows the page it is sent back to.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::Office;
use crate::KEYFOB;
use crate::support::aws::LoopbackAws;
use crate::support::run::Ran;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

/// Without these it tries hosts that are not there, and a sandbox that root cannot have.
const FLAGS: &str = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                     --disable-component-update --disable-sync --hide-scrollbars --window-size=800,600 \
                     --virtual-time-budget=10000";

/// Signs in with Chromium as the browser, told to do `what` at the end. The browser may be slower than keyfob.
fn sign_in(sandbox: &mut Sandbox, login: &[&str], what: &str, is_there: impl Fn(&Sandbox) -> bool) -> Option<Ran> {
    let chromium = tools::require("chromium")?;
    // What it keeps has the address it was sent back to, with a code that is spent.
    sandbox.may_hold_secrets("chromium");
    let script = format!(
        "#!/bin/sh\nexec '{}' {FLAGS} --user-data-dir=\"$HOME/chromium/$$\" {what} \"$1\" 2>\"$HOME/chromium.log\"\n",
        chromium.display()
    );
    sandbox.may_hold_secrets("chromium.log");
    let browser = sandbox.script("bin/browser", &script);
    sandbox.set("BROWSER", &browser);
    // In a container keyfob would not expect a browser to find its way back.
    sandbox.set("KEYFOB_LOGIN", "browser");
    let ran = sandbox.keyfob(&[&["login", "--force"], login].concat()).run();
    let started = std::time::Instant::now();
    while !is_there(sandbox) {
        assert!(started.elapsed().as_secs() < 60, "the browser does not end: {}", ran.stderr);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Some(ran)
}

/// The page that the browser shows at the end of a login.
fn page(sandbox: &mut Sandbox, login: &[&str]) -> Option<(Ran, String)> {
    fs::remove_file(sandbox.path("page.html")).ok();
    let end = |sandbox: &Sandbox| is_whole(sandbox, "page.html", b"</html>");
    let ran = sign_in(sandbox, login, "--dump-dom >\"$HOME/page.html\"", end)?;
    let page = sandbox.read("page.html");
    assert!(!page.contains("<script"), "{page}");
    Some((ran, page))
}

/// A file that is whole: the browser renames neither.
fn is_whole(sandbox: &Sandbox, name: &str, end: &[u8]) -> bool {
    fs::read(sandbox.path(name)).is_ok_and(|bytes| bytes.windows(end.len()).any(|part| part == end))
}

#[test]
fn chromium_signs_in_and_shows_what_happened() {
    let mut office = Office::with_accounts();
    office.center.presses_allow();
    let Some((ran, shown)) = page(&mut office.sandbox, &["corp"]) else { return };
    assert!(ran.ends_with(0).contains("signed in to https://corp.awsapps.com/start"), "{}", ran.stderr);
    assert!(shown.contains("Signed in") && shown.contains("You can close this page"), "{shown}");
    assert_eq!(office.center.grants("authorization_code"), 1);
    let accounts = office.sandbox.keyfob(&["sso", "accounts", "corp"]).run();
    assert!(accounts.ok().contains("000000000042"), "{}", accounts.stdout);

    // A browser that is signed in comes back at once: somebody must be listening before it starts.
    office.center.signed_in();
    let (ran, shown) = page(&mut office.sandbox, &["corp"]).expect("chromium is there");
    assert!(ran.ends_with(0).contains("signed in") && shown.contains("Signed in"), "{shown}");
}

#[test]
fn chromium_says_so_where_access_is_denied() {
    let mut office = Office::with_accounts();
    office.center.presses_deny();
    let Some((ran, shown)) = page(&mut office.sandbox, &["corp"]) else { return };
    assert!(ran.ends_with(4).contains("was declined in the browser"), "{}", ran.stderr);
    assert!(shown.contains("Not signed in") && shown.contains("You did not allow it"), "{shown}");
}

#[test]
fn chromium_signs_in_as_aws_login_does_and_says_so_where_that_is_declined() {
    let aws = Arc::new(LoopbackAws::start());
    let me = "arn:aws:sts::111122223333:assumed-role/jump/me";
    aws.console_is(me, &aws.role("jump"));
    let mut sandbox = Sandbox::new(KEYFOB, &aws);
    // AWS's own file is where the tokens belong.
    sandbox.may_hold_secrets(".aws/login/cache");
    let login = ["me", "--region", "eu-central-1"];
    let Some((ran, shown)) = page(&mut sandbox, &login) else { return };
    assert!(ran.ends_with(0).contains(&format!("signed in as {me}")), "{}", ran.stderr);
    assert!(shown.contains("Signed in") && shown.contains(me) && shown.contains("You can close this page"), "{shown}");
    sandbox.keyfob(&["credential-process", "me"]).run().json();

    aws.console_declines();
    let (ran, shown) = page(&mut sandbox, &login).expect("chromium is there");
    assert!(ran.ends_with(4).contains("it was declined in the browser"), "{}", ran.stderr);
    assert!(shown.contains("Not signed in"), "{shown}");
}

/// The pictures are left in `target/pages`, for a person to look at.
#[test]
fn the_page_is_light_or_dark_as_the_browser_is() {
    for (scheme, number, is_dark) in [("light", 1, false), ("dark", 0, true)] {
        let mut office = Office::with_accounts();
        office.center.presses_allow();
        let what = format!("--blink-settings=preferredColorScheme={number} --screenshot=\"$HOME/page.png\"");
        let end = |sandbox: &Sandbox| is_whole(sandbox, "page.png", b"IEND");
        let Some(ran) = sign_in(&mut office.sandbox, &["corp"], &what, end) else { return };
        ran.ok();
        let (corner, others) = colours(office.sandbox.path("page.png"));
        assert_eq!(corner.iter().all(|part| *part < 64), is_dark, "{scheme}: {corner:?}");
        assert!(others > 20, "{scheme}: the page is empty");
        let folder = tools::target().join("pages");
        fs::create_dir_all(&folder).expect("a folder under target");
        fs::copy(office.sandbox.path("page.png"), folder.join(format!("signed-in-{scheme}.png")))
            .expect("a file there");
    }
}

/// The colour in the corner of a picture, and how many others there are.
fn colours(path: PathBuf) -> ([u8; 3], usize) {
    let file = std::io::BufReader::new(fs::File::open(path).expect("the browser has written it"));
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG");
    let mut pixels = vec![0; reader.output_buffer_size().expect("it fits into memory")];
    let info = reader.next_frame(&mut pixels).expect("a picture");
    let size = info.color_type.samples();
    let all: std::collections::BTreeSet<[u8; 3]> =
        pixels.chunks_exact(size).map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect();
    ([pixels[0], pixels[1], pixels[2]], all.len())
}
