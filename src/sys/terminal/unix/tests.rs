//! Questions on a pty, with keys that are typed at the other end.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::*;

const TEST_JOB: Job<'static> = Job { require_foreground: &|_| Ok(()), suspend: &|| {} };

/// A pty whose near end stands for the person and whose far end for the terminal.
fn pty() -> (File, File) {
    let person: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty");
    grantpt(&person).expect("granted");
    unlockpt(&person).expect("unlocked");
    let name = ptsname(&person, Vec::new()).expect("named");
    let tty = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(OFlags::NOCTTY.bits().cast_signed())
        .open(name.to_str().expect("ASCII"))
        .expect("opened");
    (person.into(), tty)
}

/// Types `keys` once the prompt is seen; returns the answer and all that was on the screen.
fn ask(keys: &[u8], echo: Echo) -> (Result<String, AskError>, String) {
    let (mut person, tty) = pty();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| read_line(&tty, "code: ", echo, Some(Duration::from_mins(1)), TEST_JOB, None));
        let mut screen = Vec::new();
        let mut chunk = [0; 256];
        while !screen.ends_with(b"code: ") {
            let count = person.read(&mut chunk).expect("read");
            screen.extend_from_slice(&chunk[..count]);
        }
        person.write_all(keys).expect("typed");
        let answer = asked.join().expect("no panic").map(|secret| secret.expose().to_owned());
        let modes = tcgetattr(&tty).expect("modes").local_modes;
        assert!(modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG), "{modes:?}");
        let count = person.read(&mut chunk).expect("read");
        screen.extend_from_slice(&chunk[..count]);
        (answer, String::from_utf8(screen).expect("UTF-8"))
    })
}

#[test]
fn a_secret_is_read_whole_and_never_shown() {
    let (answer, screen) = ask(b"fake-secret\n", Echo::Off);
    assert_eq!(answer.expect("answered"), "fake-secret");
    assert_eq!(screen, "code: \r\n");
}

#[test]
fn editing_keys_edit_and_other_keys_do_nothing() {
    let table: [(&[u8], &str); 8] = [
        (b"12x\x7f3\n", "123"),
        (b"wrong\x15right\r", "right"),
        ("é\u{8}e\n".as_bytes(), "e"),
        (b"\x7f\x7fa\n", "a"),
        (b"a\x1b[Ab\x1bOPc\x1b[1;5Dd\n", "abcd"),
        (b"a\tb\x07c\n", "abc"),
        (b"ab\x04", "ab"),
        (b"\n", ""),
    ];
    for (keys, expected) in table {
        assert_eq!(ask(keys, Echo::Off).0.expect("answered"), expected, "{keys:?}");
    }
}

#[test]
fn control_c_cancels_control_d_declines_and_both_give_the_echo_back() {
    for keys in [&b"123\x03"[..], b"12\x1c"] {
        assert!(matches!(ask(keys, Echo::Off).0, Err(AskError::Cancelled)), "{keys:?}");
    }
    assert!(matches!(ask(b"\x04", Echo::Off).0, Err(AskError::Declined)));
}

#[test]
fn two_things_pasted_at_once_answer_both_questions_and_the_second_is_not_shown() {
    let pasted = ["ID\rfake/Secret+==\r", "ID,fake/Secret+==\r", "ID  fake/Secret+==\n", "\"ID\",\"fake/Secret+==\"\r"];
    for keys in pasted.iter().copied().chain(["wr\x7f\x7fID\rfake/Secret+==\r", "no\rrest\r"]) {
        let (person, tty) = pty();
        let is_wrong = keys.starts_with("no");
        let answer = std::thread::scope(|scope| {
            let typing = scope.spawn(|| {
                let mut seen = [0; 4];
                (&person).read_exact(&mut seen).expect("the prompt");
                (&person).write_all(keys.as_bytes()).expect("typed");
                if is_wrong {
                    std::thread::sleep(Duration::from_millis(300));
                    (&person).write_all(pasted[0].as_bytes()).expect("typed");
                }
            });
            let check = |first: &str| if first == "ID" { Ok(()) } else { Err("wrong".to_owned()) };
            let answer = read_pair(&tty, ["id: ", "secret: "], &check, TEST_JOB);
            typing.join().expect("no panic");
            answer
        });
        let (first, second) = answer.expect("answered");
        assert_eq!((first.as_str(), second.expose()), ("ID", "fake/Secret+=="), "{keys:?}");
        let mut screen = [0; 256];
        let count = (&person).read(&mut screen).expect("read");
        let screen = String::from_utf8_lossy(&screen[..count]);
        assert!(!screen.contains("fake") && screen.contains("wrong") == is_wrong, "{screen:?}");
    }
}

#[test]
fn what_is_typed_during_a_check_is_neither_shown_nor_kept_and_control_c_ends_it_afterwards() {
    for (keys, is_cancelled) in [(&b"next\n"[..], false), (b"ne\x03xt", true)] {
        let (mut person, tty) = pty();
        let mut checked = false;
        person.write_all(b"").expect("there");
        let answer = std::thread::scope(|scope| {
            let typing = scope.spawn(|| {
                let mut seen = [0; 6];
                (&person).read_exact(&mut seen).expect("the prompt");
                (&person).write_all(b"fake\n").expect("typed");
            });
            let mut check = |secret: &Secret| {
                assert_eq!(secret.expose(), "fake");
                (&person).write_all(keys).expect("typed");
                // They take a while to arrive, and may be read before anybody sees them.
                let is_there = || rustix::io::ioctl_fionread(&tty).is_ok_and(|left| left > 0);
                let start = Instant::now();
                while !is_there() && start.elapsed() < Duration::from_millis(500) {
                    std::thread::yield_now();
                }
                while is_there() && start.elapsed().as_secs() < 5 {
                    std::thread::sleep(MOMENT);
                }
                std::thread::sleep(4 * MOMENT);
                checked = true;
            };
            let limit = Some(Duration::from_mins(1));
            let answer = read_line(&tty, "code: ", Echo::Off, limit, TEST_JOB, Some(&mut check));
            typing.join().expect("no panic");
            answer
        });
        assert_eq!((checked, matches!(answer, Err(AskError::Cancelled))), (true, is_cancelled), "{answer:?}");
        assert_eq!(rustix::io::ioctl_fionread(&tty).expect("asked"), 0, "nothing is left for a shell to run");
        let mut screen = [0; 64];
        let count = (&person).read(&mut screen).expect("read");
        assert_eq!(&screen[..count], b"\r\n", "no key is shown");
    }
}

#[test]
fn what_is_no_secret_is_shown_as_it_is_typed() {
    let (answer, screen) = ask(b"abx\x7fc\n", Echo::On);
    assert_eq!(answer.expect("answered"), "abc");
    assert!(screen.starts_with("code: "), "{screen:?}");
}

#[test]
fn nobody_answering_ends_the_question_at_its_limit() {
    let (_person, tty) = pty();
    let start = Instant::now();
    let answer = read_line(&tty, "code: ", Echo::Off, Some(Duration::from_millis(250)), TEST_JOB, None);
    assert!(matches!(answer, Err(AskError::TimedOut(_))), "{answer:?}");
    assert!((250..60_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
}

#[test]
fn the_echo_stays_off_whatever_a_shell_does_to_the_terminal_meanwhile() {
    let (mut person, tty) = pty();
    let mode = || tcgetattr(&tty).expect("modes").local_modes.contains(LocalModes::ECHO);
    let before = tcgetattr(&tty).expect("modes");
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| read_line(&tty, "code: ", Echo::Off, Some(Duration::from_secs(9)), TEST_JOB, None));
        let mut seen = [0; 6];
        person.read_exact(&mut seen).expect("the prompt");
        set(&tty, OptionalActions::Now, &before).expect("set");
        let start = Instant::now();
        while mode() && start.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
        assert!(!mode(), "the echo is on");
        person.write_all(b"fake\n").expect("typed");
        assert_eq!(asked.join().expect("no panic").expect("answered").expose(), "fake");
    });
    assert!(mode(), "and back on afterwards");
}

#[test]
fn a_terminal_that_hangs_up_ends_the_question() {
    let (person, tty) = pty();
    std::thread::scope(|scope| {
        let asked = scope.spawn(|| read_line(&tty, "code: ", Echo::Off, None, TEST_JOB, None));
        std::thread::sleep(Duration::from_millis(150));
        drop(person);
        assert!(matches!(asked.join().expect("no panic"), Err(AskError::Terminal(_))));
    });
}
