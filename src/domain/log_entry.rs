//! What is logged of an action.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::action::ActionId;
use super::log_context::{LogContext, LogHost};
use super::log_event::LogEvent;
use super::mask::Masked;
use super::name::TargetName;
use super::outcome::Outcome;
use super::timestamp::Timestamp;

/// One recorded fact, under the correlation id of its action. It takes only text that went through a masker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogEntry {
    /// The correlation id.
    pub action: ActionId,
    /// Its place in the action's story: one count for events and log entries together.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// How closely it looks.
    pub level: LogLevel,
    /// What it tells of.
    pub event: LogEvent,
    /// About which target; none where about the action itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<TargetName>,
    /// About which step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The label of the stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Which attempt of the step, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<u32>,
    /// Where the text comes from.
    pub stream: LogStream,
    /// What was said.
    pub text: Masked,
    /// How what it tells of ended, where something did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The exit code, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// For a line of output: the byte after its end in its stream, so that reading can go on from there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// For a line of output: its number in its stream of this attempt, from 1. Lines that were dropped have theirs, so
    /// a gap shows how many they were. After a restart of the server it goes on from where the log ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// While draining: how many sessions are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sessions: Option<u64>,
    /// Of a step that ended: what else is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<StepRecord>>,
    /// Of output over a limit: what is not in the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// The machine behind the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<Arc<LogHost>>,
    /// Whose action it is: the same for all its entries.
    pub context: Arc<LogContext>,
}

impl LogEntry {
    /// An entry about the action itself, with nothing but its words; the fields say more where there is more.
    #[must_use]
    pub fn new(
        context: Arc<LogContext>,
        (action, seq): (ActionId, u64),
        time: Timestamp,
        level: LogLevel,
        event: LogEvent,
        text: Masked,
    ) -> Self {
        Self {
            action,
            seq,
            time,
            level,
            event,
            target: None,
            step: None,
            stage: None,
            attempt: None,
            stream: LogStream::Story,
            text,
            outcome: None,
            exit_code: None,
            offset: None,
            line: None,
            sessions: None,
            run: None,
            dropped: None,
            host: None,
            context,
        }
    }
}

/// What is known of a step that ended on a target, beside how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepRecord {
    /// What it does: `run`, `upload`, `http_check` and so on.
    pub method: String,
    /// The state it ended in: `succeeded`, `failed` and so on.
    pub status: String,
    /// The target's batch in its stage, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// When this attempt began; none where a server before this one began it and that is not known any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Timestamp,
    /// Why it did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Masked>,
}

impl StepRecord {
    /// How long it took, in milliseconds. A clock that was set back meanwhile makes it 0.
    #[must_use]
    pub fn duration_millis(&self) -> Option<u64> {
        self.started.map(|started| self.ended.millis_since(started))
    }
}

/// Output that is not in the log.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped {
    /// How many lines.
    pub lines: u64,
    /// Of how many bytes together, without their line ends.
    pub bytes: u64,
}

/// How closely an entry looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// The story: one entry for each step's end, each decision, each person's word.
    Basic,
    /// Every line of output, every command, every probe.
    Detail,
}

/// Where an entry's text comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogStream {
    /// Edgewise's own words.
    Story,
    /// The command as it was sent.
    Command,
    /// Standard output of a step.
    Stdout,
    /// Standard error of a step.
    Stderr,
    /// A probe of a check or a count of sessions while draining.
    Probe,
}

impl LogLevel {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Basic, Self::Detail];

    /// The word for it in JSON and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Detail => "detail",
        }
    }
}

impl LogStream {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Story,
        Self::Command,
        Self::Stdout,
        Self::Stderr,
        Self::Probe,
    ];

    /// The word for it in JSON and columns.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Story => "story",
            Self::Command => "command",
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Probe => "probe",
        }
    }

    /// Whether it is what a program on a host wrote.
    #[must_use]
    pub fn is_output(self) -> bool {
        matches!(self, Self::Stdout | Self::Stderr)
    }
}
