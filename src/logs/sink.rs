//! What every place that log entries go to must do.

use async_trait::async_trait;

use crate::domain::log_entry::LogEntry;

/// A place that log entries go to, behind the spool. It gets them in their order, some of them twice after a crash.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Its word in settings, metrics and file names.
    fn name(&self) -> &'static str;

    /// How much it likes to be given at once.
    fn portion(&self) -> Portion {
        Portion::default()
    }

    /// Takes these entries, and returns those that it never will. An entry that it has already changes nothing.
    ///
    /// # Errors
    /// [`SinkError::Unavailable`]: nothing is known of what it took; all of it comes again. [`SinkError::Refused`]: it takes them
    /// never as they are; they come again in smaller parts, and a single one is set aside.
    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError>;
}

/// How much a sink is given at once, at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Portion {
    /// Entries.
    pub entries: usize,
    /// Bytes of their records in the spool, about.
    pub bytes: usize,
}

impl Default for Portion {
    fn default() -> Self {
        Self {
            entries: 2000,
            bytes: 4 << 20,
        }
    }
}

/// An entry that a sink never takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Its place among those that were given.
    pub place: usize,
    /// Why.
    pub why: String,
}

/// Why a sink did not take entries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// It may later.
    #[error("{0}")]
    Unavailable(String),
    /// It never will, as they are.
    #[error("{0}")]
    Refused(String),
}
