//! The built-in log store: one SQLite file with an index of words (FTS5).
//!
//! A file of its own, so that a million lines of output never stand before an event of the store in the
//! queue of writers, and so that it may be deleted without losing anything but the log.

mod error;
mod file;
mod number;
mod page;
mod places;
mod retention;
mod row;
mod said;
mod schema;
mod words;
mod write;

use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;
use diesel::sqlite::SqliteConnection;
use diesel_async::pooled_connection::bb8::Pool;
use diesel_async::sync_connection_wrapper::SyncConnectionWrapper;

use crate::app::ports::{LogError, LogPage, LogQuery, LogSearch, LogSink, OutputOf, OutputRead};
use crate::domain::action::ActionId;
use crate::domain::log_entry::LogEntry;
use crate::domain::name::TargetName;
use crate::domain::output_limit::Amount;

pub use error::EmbeddedLogError;
pub use retention::LogRetention;

/// A pool whose connections run whole pieces of synchronous work on threads that may block.
type Connections = Pool<SyncConnectionWrapper<SqliteConnection>>;

/// The built-in log store. Cheap to clone.
#[derive(Clone)]
pub struct EmbeddedLogs {
    /// One: writers queue here rather than on the file's lock.
    writer: Connections,
    /// A few, which no writer ever blocks.
    readers: Connections,
}

impl EmbeddedLogs {
    /// Opens the log in this file, creating it where there is none, and brings its schema up to date.
    ///
    /// # Errors
    /// [`EmbeddedLogError::Unavailable`] where the file cannot be used; [`EmbeddedLogError::NewerSchema`]
    /// where a newer Edgewise wrote it.
    pub async fn open(path: &Path) -> Result<Self, EmbeddedLogError> {
        file::migrate(path.to_owned()).await?;
        Ok(Self {
            writer: file::connections(path, 1).await?,
            readers: file::connections(path, 3).await?,
        })
    }

    /// Keeps these entries, all or none; those that are there already stay as they are.
    ///
    /// # Errors
    /// [`EmbeddedLogError::TooManyEntries`] where one of them can have no number; else whatever keeps the file from being
    /// written.
    pub async fn keep(&self, entries: &[LogEntry]) -> Result<(), EmbeddedLogError> {
        if entries.is_empty() {
            return Ok(());
        }
        let batch = write::Batch::of(entries)?;
        Self::work(&self.writer, move |conn| batch.write(conn)).await
    }

    /// Runs a piece of synchronous work on a connection. Once begun it goes on to its end, also where nobody
    /// waits for it any more.
    async fn work<T: Send + 'static>(
        connections: &Connections,
        work: impl FnOnce(&mut SqliteConnection) -> Result<T, EmbeddedLogError> + Send + 'static,
    ) -> Result<T, EmbeddedLogError> {
        let mut conn = connections.get().await?;
        conn.spawn_blocking(move |conn| Ok(work(conn))).await?
    }
}

#[async_trait]
impl LogSink for EmbeddedLogs {
    async fn write(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        Ok(self.keep(entries).await?)
    }
}

#[async_trait]
impl LogSearch for EmbeddedLogs {
    async fn page(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        let query = query.clone();
        Ok(Self::work(&self.readers, move |conn| page::page(conn, &query)).await?)
    }

    async fn last_seq(&self, action: ActionId) -> Result<Option<u64>, LogError> {
        Ok(Self::work(&self.readers, move |conn| page::last_seq(conn, action)).await?)
    }

    async fn said(&self, action: ActionId) -> Result<HashMap<TargetName, Amount>, LogError> {
        Ok(Self::work(&self.readers, move |conn| said::said(conn, action)).await?)
    }

    async fn output_read(&self, of: &OutputOf) -> Result<OutputRead, LogError> {
        let of = of.clone();
        Ok(Self::work(&self.readers, move |conn| page::output_read(conn, &of)).await?)
    }
}
