//! `/dev/tty` through termios.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Instant;

use rustix::fs::OFlags;
use rustix::io::Errno;
use rustix::process::getpgrp;
use rustix::termios::{self, LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use zeroize::Zeroizing;

use super::line::{Line, Step};
use super::{AskError, Duration, Echo, Secret};

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
    pub fn open() -> Result<Terminal, AskError> {
        let flags = i32::try_from((OFlags::NOCTTY | OFlags::CLOEXEC).bits()).expect("these flags are small");
        let tty = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open("/dev/tty")
            .map_err(|_| AskError::Nobody("there is no terminal"))?;
        require_foreground(&tty)?;
        Ok(Terminal { tty })
    }

    /// Shows `prompt` and reads one line, without its end.
    ///
    /// Ctrl-C, Ctrl-\ and Ctrl-D on an empty line decline, and the terminal is as it was, on every way out but a kill.
    /// SIGTERM, SIGKILL and a panic (releases abort) while asking leave it without echo: no handler is installed, since
    /// one cannot be taken back without a trace; bash and zsh restore it by themselves.
    ///
    /// # Errors
    /// As [`AskError`] tells; [`AskError::Nobody`] too where this process is put into the background meanwhile.
    pub fn read_line(&self, prompt: &str, echo: Echo, limit: Option<Duration>) -> Result<Secret, AskError> {
        read_line(&self.tty, prompt, echo, limit, &require_foreground)
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

fn require_foreground(tty: &File) -> Result<(), AskError> {
    match tcgetpgrp(tty) {
        Ok(group) if group == getpgrp() => Ok(()),
        Ok(_) => Err(AskError::Nobody("this is a background job")),
        Err(_) => Err(AskError::Nobody("there is no terminal")),
    }
}

/// Reads byte by byte with editing of its own: in the terminal's line mode Ctrl-C would either kill this process with
/// the echo off, or arrive only with the next Enter.
pub(super) fn read_line(
    tty: &File,
    prompt: &str,
    echo: Echo,
    limit: Option<Duration>,
    require_foreground: &dyn Fn(&File) -> Result<(), AskError>,
) -> Result<Secret, AskError> {
    require_foreground(tty)?;
    let modes = Modes::for_asking(tty, require_foreground)?;
    let mut screen = tty;
    screen.write_all(prompt.as_bytes())?;
    let deadline = limit.map(|limit| (Instant::now() + limit, limit));
    let mut line = Line::new();
    let answer = loop {
        let byte = next_byte(tty)?;
        require_foreground(tty)?;
        modes.keep()?;
        let step = match byte {
            Some(byte) => line.take(byte),
            None => Step::Nothing,
        };
        match step {
            Step::Show if echo == Echo::On => screen.write_all(byte.as_slice())?,
            Step::Rub(count) if echo == Echo::On => screen.write_all("\u{8} \u{8}".repeat(count).as_bytes())?,
            Step::Nothing | Step::Show | Step::Rub(_) => {}
            Step::Done => break line.into_secret(),
            Step::Declined => break Err(AskError::Declined),
        }
        match deadline {
            Some((at, limit)) if Instant::now() >= at => break Err(AskError::TimedOut(limit)),
            _ => {}
        }
    };
    screen.write_all(b"\n")?;
    answer
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
    require_foreground: &'a dyn Fn(&File) -> Result<(), AskError>,
}

impl<'a> Modes<'a> {
    fn for_asking(
        tty: &'a File,
        require_foreground: &'a dyn Fn(&File) -> Result<(), AskError>,
    ) -> io::Result<Modes<'a>> {
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
        Ok(Modes { tty, before, asking, require_foreground })
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
        if (self.require_foreground)(self.tty).is_ok() {
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
            let asked = scope.spawn(|| read_line(&tty, "code: ", echo, Some(Duration::from_mins(1)), &|_| Ok(())));
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
            (b"a\tb\x1ac\n", "abc"),
            (b"ab\x04", "ab"),
            (b"\n", ""),
        ];
        for (keys, expected) in table {
            assert_eq!(ask(keys, Echo::Off).0.expect("answered"), expected, "{keys:?}");
        }
    }

    #[test]
    fn control_c_declines_and_gives_the_echo_back() {
        for keys in [&b"123\x03"[..], b"\x04", b"12\x1c"] {
            assert!(matches!(ask(keys, Echo::Off).0, Err(AskError::Declined)), "{keys:?}");
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
        let answer = read_line(&tty, "code: ", Echo::Off, Some(Duration::from_millis(250)), &|_| Ok(()));
        assert!(matches!(answer, Err(AskError::TimedOut(_))), "{answer:?}");
        assert!((250..60_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    }

    #[test]
    fn the_echo_stays_off_whatever_a_shell_does_to_the_terminal_meanwhile() {
        let (mut person, tty) = pty();
        let mode = || tcgetattr(&tty).expect("modes").local_modes.contains(LocalModes::ECHO);
        let before = tcgetattr(&tty).expect("modes");
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| read_line(&tty, "code: ", Echo::Off, Some(Duration::from_secs(9)), &|_| Ok(())));
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
            let asked = scope.spawn(|| read_line(&tty, "code: ", Echo::Off, None, &|_| Ok(())));
            std::thread::sleep(Duration::from_millis(150));
            drop(person);
            assert!(matches!(asked.join().expect("no panic"), Err(AskError::Terminal(_))));
        });
    }
}
