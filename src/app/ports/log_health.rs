//! How the log is getting on: whether it takes everything, and what waits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::LogError;
use crate::domain::log_entry::LogEntry;

/// How the log is getting on.
pub trait LogHealth: Send + Sync {
    /// Why no new action may begin; none where one may.
    fn refusal(&self) -> Option<String>;
    /// What waits, and what was left out.
    fn figures(&self) -> LogFigures;
    /// What was set aside last, by sink, the newest first. Reads files: for a thread that may block.
    ///
    /// # Errors
    /// [`LogError`] where they cannot be read.
    fn set_aside(&self) -> Result<BTreeMap<String, Vec<SetAside>>, LogError>;
}

/// An entry that a sink refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// Why, as the sink said.
    pub why: String,
    /// The entry.
    pub entry: LogEntry,
}

/// The figures of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFigures {
    /// Entries in the spool that each sink has not got yet.
    pub waiting: BTreeMap<&'static str, u64>,
    /// Entries that each sink refused, which are set aside.
    pub refused: BTreeMap<&'static str, u64>,
    /// Why a sink takes nothing at the moment.
    pub trouble: BTreeMap<&'static str, String>,
    /// Entries of detail that were left out for want of room, since the server began.
    pub dropped: u64,
    /// Why the spool does not take everything; none where it does.
    pub full: Option<String>,
}

/// A log that is always well: one without a spool.
#[derive(Debug, Clone, Copy, Default)]
pub struct AlwaysWell;

impl LogHealth for AlwaysWell {
    fn refusal(&self) -> Option<String> {
        None
    }

    fn figures(&self) -> LogFigures {
        LogFigures::default()
    }

    fn set_aside(&self) -> Result<BTreeMap<String, Vec<SetAside>>, LogError> {
        Ok(BTreeMap::new())
    }
}
