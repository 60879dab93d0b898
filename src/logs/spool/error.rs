//! The one error of the spool.

use std::io;
use std::path::PathBuf;

/// What can go wrong with the spool.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Its folder cannot be used.
    #[error("the log spool {folder}: {error}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// What the operating system said.
        error: io::Error,
    },
    /// Another process has it.
    #[error("the log spool {0} is in use by another edgewise: give each server a data folder of its own")]
    InUse(PathBuf),
    /// The disk did not take a record.
    #[error("the log spool cannot be written: {0}")]
    Disk(String),
    /// An entry that cannot be written as JSON.
    #[error("an entry of the log cannot be written: {0}")]
    Json(serde_json::Error),
    /// The writing thread has ended.
    #[error("the log spool is closed")]
    Stopped,
}
