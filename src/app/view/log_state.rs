//! How the log is getting on, as administrators see it.

use serde::{Deserialize, Serialize};

use crate::app::ports::SetAside;
use crate::domain::action::ActionId;
use crate::domain::timestamp::Timestamp;

/// How the log of a server is getting on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogStateView {
    /// The places that it goes to.
    pub sinks: Vec<SinkView>,
    /// Entries of detail that were left out for want of room, since the server began.
    pub dropped: u64,
    /// Why the spool does not take everything; none where it does.
    pub full: Option<String>,
    /// Why what was set aside cannot be shown; none where it can.
    pub unread: Option<String>,
}

/// A place that log entries go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SinkView {
    /// Its word in the settings.
    pub name: String,
    /// Entries that wait for it.
    pub waiting: u64,
    /// Why it takes nothing at the moment.
    pub trouble: Option<String>,
    /// Entries that it refused, which are set aside in the data folder.
    pub refused: u64,
    /// The last of these, the newest first.
    pub set_aside: Vec<SetAsideView>,
}

/// An entry that a sink refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAsideView {
    /// The action.
    pub action: ActionId,
    /// Its place in the action's story.
    pub seq: u64,
    /// When.
    pub time: Timestamp,
    /// What it says.
    pub text: String,
    /// Why the sink refused it.
    pub why: String,
}

impl LogStateView {
    /// Whether somebody should look at it.
    #[must_use]
    pub fn is_troubled(&self) -> bool {
        self.full.is_some()
            || self
                .sinks
                .iter()
                .any(|sink| sink.refused > 0 || sink.trouble.is_some())
    }
}

impl From<&SetAside> for SetAsideView {
    fn from(SetAside { why, entry }: &SetAside) -> Self {
        Self {
            action: entry.action,
            seq: entry.seq,
            time: entry.time,
            text: entry.text.as_str().to_owned(),
            why: why.clone(),
        }
    }
}
