//! `/dev/tty` through termios.

#[cfg(test)]
mod tests;

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

use super::line::{KeyEffect, Line};
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
            let _ = (&self.tty).write_all(super::in_place(text, self.size().map(|(_, columns)| columns)).as_bytes());
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
                Ok(Some(byte)) => is_cancelled |= Line::new().take(byte) == KeyEffect::Cancelled,
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
            match byte.map_or(KeyEffect::Nothing, |byte| line.take(byte)) {
                KeyEffect::Nothing => {}
                KeyEffect::Edited => match (line.visible(echo), byte) {
                    (now, _) if now < before => screen.write_all("\u{8} \u{8}".repeat(before - now).as_bytes())?,
                    (now, Some(byte)) if now > before || echo == Echo::On && byte >= 0x80 => {
                        screen.write_all(&[byte])?;
                    }
                    _ => {}
                },
                KeyEffect::Done => break line.into_secret(),
                KeyEffect::Declined => break Err(AskError::Declined),
                KeyEffect::Cancelled => break Err(AskError::Cancelled),
                KeyEffect::Suspend => {
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
