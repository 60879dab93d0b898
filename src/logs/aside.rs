//! Entries that a sink refuses: kept in a file, so that they are neither lost nor tried for ever.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use crate::app::ports::SetAside;
use crate::domain::log_entry::LogEntry;

/// Beyond so many bytes the oldest half of what is set aside is forgotten.
const MOST_BYTES: u64 = 64 << 20;

/// How much is read of the end of a file to show what was set aside last.
const SHOWN_BYTES: u64 = 256 << 10;
/// How many of them are shown.
const SHOWN: usize = 20;
/// What the name of such a file ends with.
const ENDING: &str = ".refused.jsonl";

/// What was set aside last in this folder, by sink, the newest first; some of it where it is much. Reads files.
///
/// # Errors
/// Where the folder or a file of it cannot be read.
pub fn set_aside(folder: &Path) -> io::Result<BTreeMap<String, Vec<SetAside>>> {
    let mut all = BTreeMap::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if let Some(sink) = name.and_then(|name| name.strip_suffix(ENDING)) {
            all.insert(sink.to_owned(), last_of(&path)?);
        }
    }
    Ok(all)
}

fn last_of(path: &Path) -> io::Result<Vec<SetAside>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(SHOWN_BYTES)))?;
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    let lines = text.rsplit(|byte| *byte == b'\n');
    // The first line may be half of one, and the last may be torn.
    let read = lines.filter_map(|line| serde_json::from_slice(line).ok());
    Ok(read.take(SHOWN).collect())
}

/// What a sink refused: one JSON object a line, the entry beside the reason.
pub(super) struct Aside {
    path: PathBuf,
    count: AtomicU64,
}

impl Aside {
    pub(super) fn new(folder: &Path, sink: &str) -> Self {
        let path = folder.join(format!("{sink}{ENDING}"));
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
        let before = file.metadata()?.len();
        if let Err(error) = file.write_all(line.as_bytes()) {
            // It is tried again, and half a line would spoil the next one.
            let _ = file.set_len(before);
            return Err(error);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}
