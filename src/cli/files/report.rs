//! What is told of each host, as it ends: an object for programs, a line for people.

use std::io::Write;

use serde::Serialize;

use crate::cli::exit::Failure;
use crate::cli::output::{Output, Paint, note, painted};
use crate::domain::outcome::Outcome;
use crate::ssh::Moved;

/// How one host ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct HostEnd {
    pub host: String,
    pub outcome: Outcome,
    pub exit_code: Option<i32>,
    /// Files that there are, those of them that were there before, and bytes sent for the others.
    pub files: u64,
    pub unchanged: u64,
    pub bytes: u64,
    pub duration_ms: u64,
    pub error: Option<String>,
}

impl HostEnd {
    /// One that nothing was moved on.
    pub(super) fn of(host: &str, outcome: Outcome, error: Option<String>) -> Self {
        Self {
            host: host.to_owned(),
            outcome,
            exit_code: None,
            files: 0,
            unchanged: 0,
            bytes: 0,
            duration_ms: 0,
            error,
        }
    }

    pub(super) fn with_moved(mut self, moved: Moved) -> Self {
        (self.files, self.unchanged, self.bytes) = (moved.files, moved.unchanged, moved.bytes);
        self
    }
}

/// Tells of it.
pub(super) fn tell(end: &HostEnd, output: Output) -> Result<(), Failure> {
    if output.is_json() {
        let mut line = serde_json::to_vec(end)
            .map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))?;
        line.push(b'\n');
        let mut out = std::io::stdout().lock();
        return out
            .write_all(&line)
            .and_then(|()| out.flush())
            .map_err(|error| Failure::failed(format!("cannot write the output: {error}")));
    }
    if end.outcome == Outcome::Ok {
        let word = painted("ok", Paint::Good);
        let sent = end.files - end.unchanged;
        note(&format!(
            "{}: {word}: {} of {} sent, {} bytes",
            end.host, sent, end.files, end.bytes
        ));
    } else {
        let word = painted(end.outcome.as_str(), Paint::Bad);
        let error = end.error.as_deref().unwrap_or_default();
        note(&format!("{}: {word}: {error}", end.host));
    }
    Ok(())
}
