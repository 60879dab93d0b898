//! A log entry as it is shown.

use serde::{Deserialize, Serialize};

use crate::domain::log_entry::{LogEntry, LogLevel, LogStream};
use crate::domain::outcome::Outcome;
use crate::domain::timestamp::Timestamp;

/// A log entry as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogView {
    /// Its place in the action's story.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// `basic` or `detail`.
    pub level: LogLevel,
    /// About which target.
    pub target: Option<String>,
    /// About which step.
    pub step: Option<String>,
    /// Where the text comes from.
    pub stream: LogStream,
    /// What was said.
    pub text: String,
    /// How what it tells of ended.
    pub outcome: Option<Outcome>,
    /// The exit code.
    pub exit_code: Option<i32>,
}

impl From<&LogEntry> for LogView {
    fn from(entry: &LogEntry) -> Self {
        Self {
            seq: entry.seq,
            time: entry.time,
            level: entry.level,
            target: entry.target.as_ref().map(ToString::to_string),
            step: entry.step.clone(),
            stream: entry.stream,
            text: entry.text.as_str().to_owned(),
            outcome: entry.outcome,
            exit_code: entry.exit_code,
        }
    }
}
