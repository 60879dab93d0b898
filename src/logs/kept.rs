//! The built-in log store as a sink behind the spool.

use async_trait::async_trait;

use super::embedded::{EmbeddedLogError, EmbeddedLogs};
use super::sink::{Portion, Refused, Sink, SinkError};
use crate::domain::log_entry::LogEntry;

/// The name of the built-in store among the sinks.
pub(super) const NAME: &str = "embedded";

#[async_trait]
impl Sink for EmbeddedLogs {
    fn name(&self) -> &'static str {
        NAME
    }

    /// The lines of many hosts are in as many places of one index: the more are written at once, the fewer pages of it are
    /// written again.
    fn portion(&self) -> Portion {
        Portion {
            entries: 4096,
            ..Portion::default()
        }
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        match self.keep(entries).await {
            Ok(()) => Ok(Vec::new()),
            Err(error @ EmbeddedLogError::TooManyEntries(_)) => Err(SinkError::Refused(error.to_string())),
            Err(error) => Err(SinkError::Unavailable(error.to_string())),
        }
    }
}
