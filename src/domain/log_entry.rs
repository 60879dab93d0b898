//! What is logged of an action.

use serde::{Deserialize, Serialize};

use super::action::ActionId;
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
    /// About which target; none where about the action itself.
    pub target: Option<TargetName>,
    /// About which step.
    pub step: Option<String>,
    /// The label of the stage.
    pub stage: Option<String>,
    /// Where the text comes from.
    pub stream: LogStream,
    /// What was said.
    pub text: Masked,
    /// How what it tells of ended, where something did.
    pub outcome: Option<Outcome>,
    /// The exit code, where there was one.
    pub exit_code: Option<i32>,
    /// For a line of output: the byte after its end in its stream, so that reading can go on from there.
    pub offset: Option<u64>,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
}
