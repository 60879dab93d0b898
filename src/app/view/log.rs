//! A log entry as it is shown.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::domain::fold::FoldedGroup;
use crate::domain::log_entry::{Dropped, LogEntry, LogLevel, LogStream, StepRecord};
use crate::domain::log_event::LogEvent;
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
    /// What only some have.
    #[serde(flatten)]
    pub more: LogMore,
}

/// What only some log entries have.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogMore {
    /// What it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<LogEvent>,
    /// The label of the target's stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Which attempt of the step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// For a line of output: its number in its stream, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// While draining: how many sessions are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// Of a step that ended: what it does, and when it began and ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<StepRecord>,
    /// Of output over a limit: what is not in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
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
            more: LogMore {
                event: Some(entry.event),
                stage: entry.stage.clone(),
                attempt: entry.attempt,
                line: entry.line,
                sessions: entry.sessions,
                run: entry.run.as_deref().cloned(),
                dropped: entry.dropped,
            },
        }
    }
}

impl LogView {
    /// The entry as a line of text: when, where, and what was said. What a program wrote is marked with `|`, or `!` where it
    /// wrote to standard error, and a command with `$`.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = self.time.to_string();
        if let Some(target) = &self.target {
            let _ = write!(line, " {target}");
        }
        if let Some(step) = &self.step {
            let _ = write!(line, " [{step}]");
        }
        let mark = match self.stream {
            LogStream::Command => " $",
            LogStream::Stdout => " |",
            LogStream::Stderr => " !",
            LogStream::Story | LogStream::Probe => "",
        };
        let _ = write!(line, "{mark} {}", self.text);
        if let Some(code) = self.exit_code {
            let _ = write!(line, " (exit code {code})");
        }
        line
    }
}

/// What hosts wrote in a step, grouped by sameness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedView {
    /// The step.
    pub step: String,
    /// The whole in a sentence: `57 hosts: identical; 2 differ`.
    pub headline: String,
    /// The groups, the largest first.
    pub groups: Vec<FoldedGroup>,
}
