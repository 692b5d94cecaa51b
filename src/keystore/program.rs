//! Any program that speaks the protocol: one JSON request on its standard input, one response on its standard output.

use crate::keystore::outside::{Answers, COMMAND, Deadline, Launcher, Outside, words_of};
use crate::keystore::protocol::{Failure, FailureKind, Response, StoreRequest};
use crate::keystore::{KeyStore, Opening, PROGRAM, StoreError};

/// Prepares the program that config.toml names; it is started at the first request.
pub(super) fn open<'a>(opening: &Opening<'_, 'a>) -> Result<Box<dyn KeyStore + 'a>, StoreError> {
    let name = opening.id.name().trim_start_matches(PROGRAM);
    let missing = || StoreError::Unavailable(format!("config.toml has no `[stores.{name}]` with a `command`"));
    let table = opening.context.settings.stores.get(name).ok_or_else(missing)?;
    let command = table.values.get(COMMAND).ok_or_else(missing)?;
    let argv = words_of(command).map_err(|why| StoreError::Unavailable(format!("{}: {why}", table.place)))?;
    let program = argv[0].clone();
    Ok(Box::new(Outside::new(opening, program, |launcher| Box::new(Program { argv, launcher }))))
}

struct Program {
    argv: Vec<String>,
    launcher: Launcher,
}

impl Answers for Program {
    fn answer(&self, request: &StoreRequest, deadline: Deadline) -> Result<Response, StoreError> {
        let answer = self.launcher.run(&self.argv, request.to_json(), deadline)?;
        let broken = |message: String| {
            let failure = Failure { kind: FailureKind::Unavailable, message };
            Err(self.launcher.failed(failure, &answer, request))
        };
        match Response::from_json(answer.stdout.expose()) {
            Ok(Response::Failed(failure)) => Err(self.launcher.failed(failure, &answer, request)),
            Ok(response) if answer.status.success() => Ok(response),
            Ok(_) => broken(format!("its program answered, and then ended with {}", answer.status)),
            Err(malformed) if answer.status.success() => broken(malformed.to_string()),
            Err(_) => broken(format!("its program ended with {}", answer.status)),
        }
    }
}
