//! The built-in log store as a sink behind the spool.

use async_trait::async_trait;

use super::embedded::{EmbeddedLogError, EmbeddedLogs};
use super::sink::{Refused, Sink, SinkError};
use crate::domain::log_entry::LogEntry;

/// The name of the built-in store among the sinks.
pub(super) const NAME: &str = "embedded";

#[async_trait]
impl Sink for EmbeddedLogs {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        match self.keep(entries).await {
            Ok(()) => Ok(Vec::new()),
            Err(error @ EmbeddedLogError::TooManyEntries(_)) => Err(SinkError::Refused(error.to_string())),
            Err(error) => Err(SinkError::Unavailable(error.to_string())),
        }
    }
}
