//! A real browser signs in, and shows the page it is sent back to.

use std::fs;
use std::path::PathBuf;

use super::Office;
use crate::support::run::Ran;
use crate::support::tools;

/// Without these it tries hosts that are not there, and a sandbox that root cannot have.
const FLAGS: &str = "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking \
                     --disable-component-update --disable-sync --hide-scrollbars --window-size=800,600 \
                     --virtual-time-budget=10000";

/// Signs in with Chromium as the browser, told to do `what` at the end. The browser may be slower than keyfob.
fn sign_in(office: &mut Office, what: &str, is_there: impl Fn(&Office) -> bool) -> Option<Ran> {
    let chromium = tools::require("chromium")?;
    // What it keeps has the address it was sent back to, with a code that is spent.
    office.sandbox.may_hold_secrets("chromium");
    let script = format!(
        "#!/bin/sh\nexec '{}' {FLAGS} --user-data-dir=\"$HOME/chromium/$$\" {what} \"$1\" 2>\"$HOME/chromium.log\"\n",
        chromium.display()
    );
    office.sandbox.may_hold_secrets("chromium.log");
    let browser = office.sandbox.script("bin/browser", &script);
    office.sandbox.set("BROWSER", &browser);
    // In a container keyfob would not expect a browser to find its way back.
    office.sandbox.set("KEYFOB_LOGIN", "browser");
    let ran = office.sandbox.keyfob(&["login", "corp", "--force"]).run();
    let started = std::time::Instant::now();
    while !is_there(office) {
        assert!(started.elapsed().as_secs() < 60, "the browser does not end: {}", ran.stderr);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Some(ran)
}

/// A file that is whole: the browser renames neither.
fn is_whole(office: &Office, name: &str, end: &[u8]) -> bool {
    fs::read(office.sandbox.path(name)).is_ok_and(|bytes| bytes.windows(end.len()).any(|part| part == end))
}

#[test]
fn chromium_signs_in_and_shows_what_happened() {
    let mut office = Office::with_accounts();
    office.center.presses_allow();
    let end = |office: &Office| is_whole(office, "page.html", b"</html>");
    let Some(ran) = sign_in(&mut office, "--dump-dom >\"$HOME/page.html\"", end) else { return };
    ran.ok();
    assert!(ran.stderr.contains("signed in to https://corp.awsapps.com/start"), "{}", ran.stderr);
    let page = office.sandbox.read("page.html");
    assert!(page.contains("Signed in") && page.contains("You can close this page"), "{page}");
    assert!(!page.contains("<script"), "{page}");
    assert_eq!(office.center.grants("authorization_code"), 1);
    let accounts = office.sandbox.keyfob(&["sso", "accounts", "corp"]).run();
    assert!(accounts.ok().contains("000000000042"), "{}", accounts.stdout);

    // A browser that is signed in comes back at once: somebody must be listening before it starts.
    office.center.signed_in();
    fs::remove_file(office.sandbox.path("page.html")).expect("it is there");
    sign_in(&mut office, "--dump-dom >\"$HOME/page.html\"", end).expect("chromium is there").ok();
    assert!(office.sandbox.read("page.html").contains("Signed in"));
}

#[test]
fn chromium_says_so_where_access_is_denied() {
    let mut office = Office::with_accounts();
    office.center.presses_deny();
    let end = |office: &Office| is_whole(office, "page.html", b"</html>");
    let Some(ran) = sign_in(&mut office, "--dump-dom >\"$HOME/page.html\"", end) else { return };
    assert!(ran.ends_with(4).contains("was declined in the browser"), "{}", ran.stderr);
    let page = office.sandbox.read("page.html");
    assert!(page.contains("Not signed in") && page.contains("You did not allow it"), "{page}");
}

/// The pictures are left in `target/pages`, for a person to look at.
#[test]
fn the_page_is_light_or_dark_as_the_browser_is() {
    for (scheme, number, is_dark) in [("light", 1, false), ("dark", 0, true)] {
        let mut office = Office::with_accounts();
        office.center.presses_allow();
        let what = format!("--blink-settings=preferredColorScheme={number} --screenshot=\"$HOME/page.png\"");
        let Some(ran) = sign_in(&mut office, &what, |office| is_whole(office, "page.png", b"IEND")) else { return };
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
