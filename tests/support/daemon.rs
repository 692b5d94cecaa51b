//! Programs that run beside the tests and end with them, however they end.

use std::path::Path;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::thread;

use super::tools;

/// A program with nothing but `PATH` in its environment, to be started by [`spawn`].
pub fn command(program: &Path) -> Command {
    let mut command = match tools::find("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            // The kernel kills it when the thread that started it is gone.
            command.args(["--pdeathsig", "KILL"]).arg(program);
            command
        }
        None => Command::new(program),
    };
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// Starts it, from a thread that lives as long as the tests.
pub fn spawn(mut command: Command) -> Child {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        send.send(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"))).ok();
        loop {
            thread::park();
        }
    });
    receive.recv().expect("the thread sends before it sleeps")
}
