//! The one error of the store.

use std::path::PathBuf;

use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel_async::pooled_connection::PoolError;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The text of `store.url` names no store. The text itself is left out: it may hold a password.
    #[error("`store.url` names no store: write sqlite:PATH or postgres://USER@HOST/DATABASE ({0})")]
    Url(&'static str),
    /// Nobody answered, or the file cannot be opened or written. Trying again later may help.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// What was to be written contradicts what is there: nothing of it was written.
    #[error("{0}")]
    Conflict(String),
    /// Another server works on the action: what this one wanted to write was not written.
    #[error("another server works on the action")]
    TakenOver,
    /// A key that is taken already or refers to nothing, where nobody expected it. The words are the database's.
    #[error("the store contradicts what was to be written: {0}")]
    Contradicted(String),
    /// The row that was to be changed is not there.
    #[error("there is no {0}")]
    Missing(String),
    /// A text that a database cannot keep: it holds a NUL character.
    #[error("{0} holds a NUL character")]
    Unstorable(&'static str),
    /// The schema was written by a newer Edgewise.
    #[error(
        "the store's schema {found} is newer than the newest this edgewise knows ({known}): run the newer edgewise"
    )]
    NewerSchema {
        /// The newest migration in the store that is not known here.
        found: String,
        /// The newest that is.
        known: String,
    },
    /// A migration could not be run.
    #[error("the store's schema could not be brought up to date: {0}")]
    Migration(String),
    /// Another server uses the same SQLite file.
    #[error(
        "another edgewise serves the store {0}: stop it first, or use PostgreSQL for several servers on one store"
    )]
    AlreadyServed(PathBuf),
    /// A row that does not say what a row of its table must say.
    #[error("the store is damaged: {table} {key}: {what}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// Which row.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// A query failed in a way none of the above says.
    #[error("the store refused a query: {0}")]
    Query(#[source] QueryError),
}

/// What a database says where trying again later may help. Diesel hands on neither the result codes of SQLite nor
/// these SQLSTATEs of PostgreSQL (classes 40, 53, 57), so its words must do. A PostgreSQL that speaks another
/// language than English is taken for broken at that moment, which ends in another try as well, only later.
const PASSING: [&str; 14] = [
    // SQLite: a full disk, a file that vanished, a lock nobody gave up in time.
    "database is locked",
    "disk is full",
    "unable to open",
    "readonly",
    "disk I/O",
    // 40P01, 57P01 to 57P03, 57014.
    "deadlock detected",
    "terminating connection",
    "the database system is",
    "canceling statement",
    // 53100, 53200, 53300.
    "No space left on device",
    "out of memory",
    "too many clients",
    "too many connections",
    "remaining connection slots",
];

impl From<QueryError> for StoreError {
    fn from(error: QueryError) -> Self {
        match &error {
            QueryError::DatabaseError(kind, info) => {
                let message = info.message();
                match kind {
                    DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::ForeignKeyViolation => {
                        Self::Contradicted(message.to_owned())
                    }
                    DatabaseErrorKind::ClosedConnection
                    | DatabaseErrorKind::UnableToSendCommand
                    | DatabaseErrorKind::SerializationFailure
                    | DatabaseErrorKind::ReadOnlyTransaction => Self::Unavailable(message.to_owned()),
                    _ if PASSING.iter().any(|words| message.contains(words)) => {
                        Self::Unavailable(message.to_owned())
                    }
                    _ => Self::Query(error),
                }
            }
            QueryError::BrokenTransactionManager => Self::Unavailable(error.to_string()),
            _ => Self::Query(error),
        }
    }
}

impl From<diesel_async::pooled_connection::bb8::RunError> for StoreError {
    fn from(error: diesel_async::pooled_connection::bb8::RunError) -> Self {
        match error {
            diesel_async::pooled_connection::bb8::RunError::User(error) => error.into(),
            diesel_async::pooled_connection::bb8::RunError::TimedOut => {
                Self::Unavailable("no connection was free in time".to_owned())
            }
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<diesel::ConnectionError> for StoreError {
    fn from(error: diesel::ConnectionError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind as Kind, Error as QueryError};

    use super::StoreError;

    #[test]
    fn what_may_pass_is_told_from_what_stays() {
        let table = [
            (Kind::SerializationFailure, "could not serialize access", "again"),
            (Kind::ReadOnlyTransaction, "cannot execute UPDATE", "again"),
            (Kind::UnableToSendCommand, "connection closed", "again"),
            (
                Kind::Unknown,
                "terminating connection due to administrator command",
                "again",
            ),
            (Kind::Unknown, "the database system is shutting down", "again"),
            (Kind::Unknown, "deadlock detected", "again"),
            (
                Kind::Unknown,
                "could not extend file \"base/1\": No space left on device",
                "again",
            ),
            (Kind::Unknown, "database or disk is full", "again"),
            (Kind::UniqueViolation, "duplicate key value", "contradicted"),
            (Kind::ForeignKeyViolation, "violates foreign key", "contradicted"),
            (Kind::Unknown, "column \"x\" does not exist", "query"),
        ];
        for (kind, message, wanted) in table {
            let error = QueryError::DatabaseError(kind, Box::new(message.to_owned()));
            let seen = match StoreError::from(error) {
                StoreError::Unavailable(_) => "again",
                StoreError::Contradicted(_) => "contradicted",
                StoreError::Query(_) => "query",
                other => panic!("{message}: {other:?}"),
            };
            assert_eq!(seen, wanted, "{message}");
        }
    }
}
