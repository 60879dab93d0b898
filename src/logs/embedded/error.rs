//! The one error of the built-in log store.

use diesel_async::pooled_connection::bb8::RunError;

use crate::app::ports::LogError;
use crate::domain::action::ActionId;

/// What can go wrong with the built-in log store.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedLogError {
    /// The file cannot be opened or written. Trying again later may help.
    #[error("the log cannot be reached: {0}")]
    Unavailable(String),
    /// The file was written by a newer Edgewise.
    #[error(
        "the log's schema {found} is newer than this edgewise knows: run the newer edgewise, or another file"
    )]
    NewerSchema {
        /// The newest migration in the file that is not known here.
        found: String,
    },
    /// An entry's `seq` is beyond what the file can number.
    #[error("entry {0} is one too many for one action")]
    TooManyEntries(u64),
    /// An entry that has no form as a row.
    #[error("an entry cannot be written: {0}")]
    Unwritable(String),
    /// An entry that does not say what an entry must say.
    #[error("the log is damaged: entry {seq} of action {action}: {what}")]
    Corrupt {
        /// Of which action.
        action: ActionId,
        /// Which entry.
        seq: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A place that does not say what it must say.
    #[error("the log is damaged: place {number}: {what}")]
    CorruptPlace {
        /// Its number in this file.
        number: i64,
        /// What is wrong with it.
        what: String,
    },
    /// A query failed in a way none of the above says.
    #[error("the log refused a query: {0}")]
    Query(#[from] diesel::result::Error),
}

impl From<RunError> for EmbeddedLogError {
    fn from(error: RunError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<EmbeddedLogError> for LogError {
    fn from(error: EmbeddedLogError) -> Self {
        Self(error.to_string())
    }
}
