//! Entries that a sink refuses: kept in a file, so that they are neither lost nor tried for ever.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::domain::log_entry::LogEntry;

/// Beyond so many bytes the oldest half of what is set aside is forgotten.
const MOST_BYTES: u64 = 64 << 20;

/// What a sink refused: one JSON object a line, the entry beside the reason.
pub(super) struct Aside {
    path: PathBuf,
    count: AtomicU64,
}

impl Aside {
    pub(super) fn new(folder: &Path, sink: &str) -> Self {
        let path = folder.join(format!("{sink}.refused.jsonl"));
        let lines = std::fs::read(&path).map_or(0, |text| memchr::memchr_iter(b'\n', &text).count());
        Self {
            path,
            count: AtomicU64::new(lines as u64),
        }
    }

    /// How many are set aside.
    pub(super) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Sets an entry aside.
    pub(super) fn put(&self, entry: &LogEntry, why: &str) -> io::Result<()> {
        if std::fs::metadata(&self.path).is_ok_and(|file| file.len() > MOST_BYTES) {
            std::fs::rename(&self.path, self.path.with_extension("jsonl.old"))?;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&self.path)?;
        let mut line = json!({"why": why, "entry": entry}).to_string();
        line.push('\n');
        file.write_all(line.as_bytes())?;
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
