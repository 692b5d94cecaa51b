//! Another user of the machine, who knows the address of what listens on 127.0.0.1: the console's link, a sign-in, a server.

use crate::scene::Scene;
use crate::support::sandbox::Sandbox;
use crate::support::tools;

/// As another user: asks the address, by IPv4 and by its form in IPv6, waiting for an answer, leaving at once, and resetting; then
/// keeps connections open that say nothing. Meanwhile asks as the user. Prints what the other got, what the user got, and whether
/// that was soon.
const VISIT: &str = r#"
import http.client, os, signal, socket, struct, subprocess, sys, time
from urllib.parse import parse_qs, urlsplit
what, out, url = sys.argv[1], open(sys.argv[2], "w"), urlsplit(sys.argv[3])
headers, target, connections = {}, url.path, 80
if what == "login":
    query = parse_qs(url.query)
    back = urlsplit(query["redirect_uri"][0])
    address, target = back.netloc, f"{back.path}?error=access_denied&state={query['state'][0]}"
else:
    address = url.netloc
if what == "server":
    headers, connections = {"Authorization": os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN"]}, 400
port = int(address.split(":")[1])
request = f"GET {target} HTTP/1.1\r\nHost: {address}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + "\r\n"
def connected(family):
    connection = socket.socket(family)
    connection.settimeout(20)
    connection.connect(("127.0.0.1" if family == socket.AF_INET else "::ffff:127.0.0.1", port))
    return connection
def asked(family, leaving):
    answer = b""
    try:
        with connected(family) as connection:
            connection.sendall(request.encode())
            if leaving == "resets":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            while leaving == "waits" and (piece := connection.recv(4096)):
                answer += piece
    except ConnectionError:
        pass
    return answer.split()[1].decode() if answer else "nothing"
ready, tell = os.pipe()
other = os.fork()
if other == 0:
    os.setgroups([])
    os.setgid(54321)
    os.setuid(54321)
    got = {asked(family, leaving) for family in (socket.AF_INET, socket.AF_INET6) for leaving in ("closes", "resets", "waits")}
    idle = [connected(socket.AF_INET) for _ in range(connections)]
    os.write(tell, " ".join(sorted(got - {"403"}) or ["nothing"]).encode())
    signal.pause()
os.close(tell)
print("other:", os.read(ready, 100).decode(), file=out)
start = time.monotonic()
if what == "login":
    status = subprocess.run(["curl", "-sL", "-o", "/dev/null", "-w", "%{http_code}", sys.argv[3]], capture_output=True, text=True).stdout
else:
    connection = http.client.HTTPConnection(address, timeout=60)
    connection.request("GET", target, headers=headers)
    status = connection.getresponse().status
print("user:", status, "soon" if time.monotonic() - start < 10 else "late", file=out, flush=True)
os.kill(other, signal.SIGKILL)
"#;

/// The words of a command that visits an address, to which that is added, as another user and then as this one. None where this
/// user cannot be another.
pub fn visitor(sandbox: &Sandbox, what: &str) -> Option<Vec<String>> {
    if !rustix::process::geteuid().is_root() {
        tools::skipped("only root can be another user");
        return None;
    }
    tools::require("curl")?;
    let python = tools::require("python")?.display().to_string();
    let script = sandbox.write("bin/visit.py", VISIT).display().to_string();
    let out = sandbox.path("visited").display().to_string();
    Some(vec![python, "-I".to_owned(), script, what.to_owned(), out])
}

/// Has the browser be such a visitor.
pub fn visit_as_browser(sandbox: &mut Sandbox, what: &str) -> Option<()> {
    let words = visitor(sandbox, what)?.join("' '");
    let browser = sandbox.script("bin/visitor", &format!("#!/bin/sh\nexec '{words}' \"$1\"\n"));
    sandbox.set("BROWSER", browser);
    Some(())
}

#[test]
fn another_user_gets_nothing_of_the_consoles_link_and_keeps_nobody_from_it() {
    let mut scene = Scene::new();
    scene.warm();
    let Some(()) = visit_as_browser(&mut scene.sandbox, "console") else { return };
    let ran = scene.sandbox.keyfob(&["console", "deploy"]).run();
    let said = ran.ends_with(0);
    assert!(said.contains("another user of this machine connected to the link, and got nothing"), "{said}");
    assert!(!said.contains("a second time"), "{said}");
    assert_eq!(scene.sandbox.read("visited"), "other: nothing\nuser: 302 soon\n");
}

#[test]
fn another_user_keeps_no_command_from_its_server() {
    let scene = Scene::new();
    scene.warm();
    let Some(words) = visitor(&scene.sandbox, "server") else { return };
    let command = format!("'{}' \"$AWS_CONTAINER_CREDENTIALS_FULL_URI\"", words.join("' '"));
    scene.sandbox.keyfob(&["exec", "audit", "--server", "--", "sh", "-c", &command]).run().ends_with(0);
    assert_eq!(scene.sandbox.read("visited"), "other: nothing\nuser: 200 soon\n");
}
