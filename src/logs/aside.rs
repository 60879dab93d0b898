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

    /// Sets an entry aside, so that a power cut does not lose it either: the spool forgets it.
    pub(super) fn put(&self, entry: &LogEntry, why: &str) -> io::Result<()> {
        self.put_and(entry, why, |file, folder| {
            file.sync_data()?;
            // The name of a new file as well.
            File::open(folder)?.sync_all()
        })
    }

    fn put_and(
        &self,
        entry: &LogEntry,
        why: &str,
        sync: impl Fn(&File, &Path) -> io::Result<()>,
    ) -> io::Result<()> {
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
        let folder = self.path.parent().unwrap_or(Path::new("."));
        if let Err(error) = file.write_all(line.as_bytes()).and_then(|()| sync(&file, folder)) {
            // It is tried again, and half a line would spoil the next one.
            let _ = file.set_len(before);
            return Err(error);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use super::{Aside, last_of};
    use crate::domain::action::ActionId;
    use crate::domain::log_context::LogContext;
    use crate::domain::log_entry::{LogEntry, LogLevel};
    use crate::domain::log_event::LogEvent;
    use crate::domain::mask::Masked;
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn what_does_not_reach_the_disk_is_not_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let aside = Aside::new(folder.path(), "picky");
        let time = Timestamp::from_millis(1_795_228_610_000);
        let entry = LogEntry::new(
            Arc::new(LogContext::default()),
            (ActionId::from_parts(time, [0; 10]), 7),
            time,
            LogLevel::Detail,
            LogEvent::Output,
            Masked::literal("poison"),
        );
        let fails = |_: &_, _: &_| Err(io::Error::other("the disk is gone"));
        assert!(aside.put_and(&entry, "so", fails).is_err());
        assert_eq!(aside.count(), 0);
        aside.put(&entry, "so").unwrap();
        assert_eq!(aside.count(), 1);
        assert_eq!(last_of(aside.path()).unwrap().len(), 1, "once");
    }
}
