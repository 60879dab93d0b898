//! The hidden command that evaluates one script in a process of its own.

use super::exit::{Exit, Failure};
use crate::script::worker;

/// Answers the request on standard input.
pub fn run() -> Result<Exit, Failure> {
    worker::run(std::io::stdin().lock(), std::io::stdout().lock())
        .map(|()| Exit::Done)
        .map_err(|error| Failure::failed(format!("script-worker: {error}")))
}
