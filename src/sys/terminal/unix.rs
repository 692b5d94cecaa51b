//! `/dev/tty` through termios.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::{Signal, getpgrp, getsid, kill_current_process_group};
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use zeroize::Zeroizing;

use super::line::{Line, Step};
use super::{AskError, Duration, Echo, Secret, TRIES, pair};
use crate::sys::interrupt;

/// How often a terminal that is silent is looked at.
const MOMENT: Duration = Duration::from_millis(20);

/// The controlling terminal, with this process in its foreground when it was opened.
#[derive(Debug)]
pub struct Terminal {
    tty: File,
}

impl Terminal {
    /// Opens `/dev/tty`.
    ///
    /// # Errors
    /// [`AskError::Nobody`] at once where there is none, or where this process group is not the terminal's foreground
    /// group: the kernel would stop a background job at its first read (SIGTTIN), and it would keep its locks.
    ///
    /// [`AskError::Cancelled`] after a Ctrl-C: nothing else is asked.
    pub fn open() -> Result<Terminal, AskError> {
        if interrupt::is_noted() {
            return Err(AskError::Cancelled);
        }
        let tty = open()?;
        require_foreground(&tty)?;
        Ok(Terminal { tty })
    }

    /// The session whose terminal this is, if there is one, in the foreground or not: a terminal belongs to one session.
    pub fn session() -> Option<u32> {
        open().ok()?;
        getsid(None).ok()?.as_raw_nonzero().get().try_into().ok()
    }

    /// Shows `prompt` and reads one line, without its end.
    ///
    /// Ctrl-C and Ctrl-\ cancel, Ctrl-D on an empty line declines, Ctrl-Z suspends this process and whatever runs it, with
    /// the locks it holds. The terminal is as it was on every way out but a kill. SIGTERM, SIGKILL and a panic (releases abort) while asking leave it without echo: no handler is installed, since
    /// one cannot be taken back without a trace; bash and zsh restore it themselves.
    ///
    /// # Errors
    /// As [`AskError`] tells; [`AskError::Nobody`] too where this process is put into the background meanwhile.
    pub fn read_line(&self, prompt: &str, echo: Echo, limit: Option<Duration>) -> Result<Secret, AskError> {
        noted(read_line(&self.tty, prompt, echo, limit, JOB, None))
    }

    /// As [`Terminal::read_line`] without echo, and does `check` with the answer before the echo is back: what is typed
    /// meanwhile is neither shown nor kept, and Ctrl-C ends it once the check has ended.
    ///
    /// # Errors
    /// As [`Terminal::read_line`].
    pub fn read_line_and(
        &self,
        prompt: &str,
        limit: Option<Duration>,
        check: &mut dyn FnMut(&Secret),
    ) -> Result<(), AskError> {
        noted(read_line(&self.tty, prompt, Echo::Off, limit, JOB, Some(check)).map(drop))
    }

    /// Asks for a word with echo and a secret without, in one go: two lines pasted at once, or one line with both, answer
    /// both. The first is asked for until `check` takes it, three times at most.
    ///
    /// # Errors
    /// As [`Terminal::read_line`]; [`AskError::Unusable`].
    pub fn read_pair(
        &self,
        prompts: [&str; 2],
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(String, Secret), AskError> {
        noted(read_pair(&self.tty, prompts, check, JOB))
    }

    /// Has `work` find this terminal as its standard error, where that is something else: a crate that draws knows only
    /// the standard streams.
    ///
    /// # Errors
    /// Where the streams cannot be exchanged.
    pub fn as_stderr<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        if io::stderr().is_terminal() {
            return Ok(work());
        }
        let before = Before(rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3)?);
        rustix::stdio::dup2_stderr(&self.tty)?;
        let done = work();
        drop(before);
        Ok(done)
    }

    /// Its rows and columns; none where it does not know them.
    pub fn size(&self) -> Option<(usize, usize)> {
        let size = termios::tcgetwinsize(&self.tty).ok().filter(|size| size.ws_row > 0 && size.ws_col > 0)?;
        Some((size.ws_row.into(), size.ws_col.into()))
    }

    /// Writes a line of text, where this process is in the foreground; else nothing.
    pub fn write_line(&self, text: &str) {
        if require_foreground(&self.tty).is_ok() {
            // Progress is a courtesy: a terminal that fails here fails no command.
            let _ = (&self.tty).write_all(format!("{text}\n").as_bytes());
        }
    }

    /// Shows a line in place of the one shown this way before; an empty one leaves nothing of it.
    pub fn overwrite_line(&self, text: &str) {
        if require_foreground(&self.tty).is_ok() {
            let _ = (&self.tty).write_all(super::in_place(text).as_bytes());
        }
    }
}

/// What standard error was; it is that again when this is dropped.
struct Before(OwnedFd);

impl Drop for Before {
    fn drop(&mut self) {
        // Only a file that is no open one is refused here.
        let _ = rustix::stdio::dup2_stderr(&self.0);
    }
}

fn open() -> Result<File, AskError> {
    let flags = i32::try_from((OFlags::NOCTTY | OFlags::CLOEXEC).bits()).expect("these flags are small");
    let tty = OpenOptions::new().read(true).write(true).custom_flags(flags).open("/dev/tty");
    tty.map_err(|_| AskError::Nobody("there is no terminal"))
}

fn noted<T>(answer: Result<T, AskError>) -> Result<T, AskError> {
    if matches!(answer, Err(AskError::Cancelled)) {
        interrupt::note();
    }
    answer
}

fn require_foreground(tty: &File) -> Result<(), AskError> {
    match tcgetpgrp(tty) {
        Ok(group) if group == getpgrp() => Ok(()),
        Ok(_) => Err(AskError::Nobody("this is a background job")),
        Err(_) => Err(AskError::Nobody("there is no terminal")),
    }
}

/// What a question does with this process as a job of its shell.
#[derive(Clone, Copy)]
pub(super) struct Job<'a> {
    require_foreground: &'a dyn Fn(&File) -> Result<(), AskError>,
    suspend: &'a dyn Fn(),
}

const JOB: Job<'static> = Job { require_foreground: &require_foreground, suspend: &suspend };

/// Stops this process and those it runs with, as the terminal does at Ctrl-Z, until they are continued. Where the signal is
/// ignored (in a command substitution), nothing stops.
fn suspend() {
    let _ = kill_current_process_group(Signal::TSTP);
    // Another thread may have taken the signal, and this one may run on for a moment.
    std::thread::sleep(MOMENT);
}

/// Reads byte by byte with editing of its own: in the terminal's line mode Ctrl-C would either kill this process with
/// the echo off, or arrive only with the next Enter.
pub(super) fn read_line(
    tty: &File,
    prompt: &str,
    echo: Echo,
    limit: Option<Duration>,
    job: Job<'_>,
    check: Option<&mut dyn FnMut(&Secret)>,
) -> Result<Secret, AskError> {
    (job.require_foreground)(tty)?;
    let modes = Modes::for_asking(tty, job)?;
    let answer = modes.read_line(prompt, echo, limit)?;
    match check.is_some_and(|check| unechoed(tty, || check(&answer))) {
        true => Err(AskError::Cancelled),
        false => Ok(answer),
    }
}

fn read_pair(
    tty: &File,
    prompts: [&str; 2],
    check: &dyn Fn(&str) -> Result<(), String>,
    job: Job<'_>,
) -> Result<(String, Secret), AskError> {
    let mut problem = String::new();
    for _ in 0..TRIES {
        (job.require_foreground)(tty)?;
        // Anew for each try: what was pasted after a word that is wrong is not the answer to the next question.
        let modes = Modes::for_asking(tty, job)?;
        let line = modes.read_line(prompts[0], Echo::FirstWord, None)?;
        let (first, second) = pair(line.expose());
        if let Err(why) = check(first) {
            drop(modes);
            let mut screen = tty;
            screen.write_all(format!("{why}\n").as_bytes())?;
            problem = why;
            continue;
        }
        let second = match second {
            Some(second) => Secret::new(second.to_owned()),
            None => modes.read_line(prompts[1], Echo::Off, None)?,
        };
        return Ok((first.to_owned(), second));
    }
    Err(AskError::Unusable(problem))
}

/// Does `work` while whatever is typed on the terminal, which is in the modes for asking, is dropped; whether Ctrl-C was.
fn unechoed(tty: &File, work: impl FnOnce()) -> bool {
    let is_done = AtomicBool::new(false);
    let drop_keys = || {
        let mut is_cancelled = false;
        while !is_done.load(Ordering::Acquire) {
            match next_byte(tty) {
                Ok(Some(byte)) => is_cancelled |= Line::new().take(byte) == Step::Cancelled,
                Ok(None) => {}
                Err(_) => break,
            }
        }
        is_cancelled
    };
    std::thread::scope(|scope| {
        let dropping = std::thread::Builder::new().spawn_scoped(scope, drop_keys);
        work();
        is_done.store(true, Ordering::Release);
        // Without a thread Ctrl-C has to wait for the next question.
        dropping.is_ok_and(|dropping| dropping.join().unwrap_or(false))
    })
}

/// The next byte, or `None` after a moment without one.
///
/// It never waits in a read: a shell that gives the terminal its own modes just before one would make it last until the
/// next Enter, with echo and past every limit. Not poll(2) either: it does not work on macOS's /dev/tty.
fn next_byte(tty: &File) -> io::Result<Option<u8>> {
    if rustix::io::ioctl_fionread(tty)? == 0 {
        std::thread::sleep(MOMENT);
        return Ok(None);
    }
    let mut byte = Zeroizing::new([0u8]);
    match (&mut { tty }).read(byte.as_mut_slice()) {
        // A terminal that hung up reads as empty too, at once and for ever; asking for its modes then fails.
        Ok(0) => Ok(None),
        Ok(_) => Ok(Some(byte[0])),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(None),
        Err(error) => Err(error),
    }
}

/// The terminal's modes as they were, put back when dropped.
struct Modes<'a> {
    tty: &'a File,
    before: Termios,
    asking: Termios,
    job: Job<'a>,
}

impl<'a> Modes<'a> {
    fn for_asking(tty: &'a File, job: Job<'a>) -> io::Result<Modes<'a>> {
        let before = tcgetattr(tty)?;
        let mut asking = before.clone();
        asking.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ISIG);
        asking.local_modes.remove(LocalModes::IEXTEN);
        asking.input_modes.insert(termios::InputModes::ICRNL);
        // A read returns at once or after a tenth of a second.
        asking.special_codes[SpecialCodeIndex::VMIN] = 0;
        asking.special_codes[SpecialCodeIndex::VTIME] = 1;
        // Flush: what was typed before the question was seen must not answer it.
        set(tty, OptionalActions::Flush, &asking)?;
        Ok(Modes { tty, before, asking, job })
    }

    /// Shows `prompt` and reads a line; what was typed after an earlier line of the same modes counts.
    fn read_line(&self, prompt: &str, echo: Echo, limit: Option<Duration>) -> Result<Secret, AskError> {
        let Modes { tty, job, .. } = *self;
        let mut screen = tty;
        screen.write_all(prompt.as_bytes())?;
        let deadline = limit.map(|limit| (Instant::now() + limit, limit));
        let mut line = Line::new();
        let answer = loop {
            let byte = next_byte(tty)?;
            (job.require_foreground)(tty)?;
            self.keep()?;
            let before = line.visible(echo);
            match byte.map_or(Step::Nothing, |byte| line.take(byte)) {
                Step::Nothing => {}
                Step::Edited => match (line.visible(echo), byte) {
                    (now, _) if now < before => screen.write_all("\u{8} \u{8}".repeat(before - now).as_bytes())?,
                    (now, Some(byte)) if now > before || echo == Echo::On && byte >= 0x80 => {
                        screen.write_all(&[byte])?;
                    }
                    _ => {}
                },
                Step::Done => break line.into_secret(),
                Step::Declined => break Err(AskError::Declined),
                Step::Cancelled => break Err(AskError::Cancelled),
                Step::Suspend => {
                    screen.write_all(b"\n")?;
                    set(tty, OptionalActions::Flush, &self.before)?;
                    (job.suspend)();
                    // `bg` has put it into the background.
                    (job.require_foreground)(tty)?;
                    self.keep()?;
                    line = Line::new();
                    screen.write_all(prompt.as_bytes())?;
                }
            }
            match deadline {
                Some((at, limit)) if Instant::now() >= at => break Err(AskError::TimedOut(limit)),
                _ => {}
            }
        };
        screen.write_all(b"\n")?;
        answer
    }

    /// Puts the modes for asking back where somebody has changed them.
    ///
    /// Security: a shell whose job is stopped and continued gives the terminal its own modes, with echo.
    fn keep(&self) -> io::Result<()> {
        match tcgetattr(self.tty)?.local_modes == self.asking.local_modes {
            true => Ok(()),
            false => set(self.tty, OptionalActions::Now, &self.asking),
        }
    }
}

impl Drop for Modes<'_> {
    fn drop(&mut self) {
        // In the background the shell has put its own modes back already, and setting ours would stop this process.
        if (self.job.require_foreground)(self.tty).is_ok() {
            // Security: flushed, so that the rest of a pasted secret is not echoed and run by the shell.
            let _ = set(self.tty, OptionalActions::Flush, &self.before);
        }
    }
}

fn set(tty: &File, when: OptionalActions, modes: &Termios) -> io::Result<()> {
    loop {
        match tcsetattr(tty, when, modes) {
            Err(Errno::INTR) => {}
            result => return result.map_err(io::Error::from),
        }
    }
}

#[cfg(test)]
mod tests {
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
        let pasted =
            ["ID\rfake/Secret+==\r", "ID,fake/Secret+==\r", "ID  fake/Secret+==\n", "\"ID\",\"fake/Secret+==\"\r"];
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
                    let start = Instant::now();
                    while rustix::io::ioctl_fionread(&tty).is_ok_and(|left| left > 0) && start.elapsed().as_secs() < 5 {
                        std::thread::sleep(MOMENT);
                    }
                    std::thread::sleep(MOMENT);
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
            let asked =
                scope.spawn(|| read_line(&tty, "code: ", Echo::Off, Some(Duration::from_secs(9)), TEST_JOB, None));
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
}
