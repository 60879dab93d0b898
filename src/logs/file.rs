//! Log entries as lines of JSON in a file, which may be moved away at any time: a new one is begun then.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::line_thread::LineThread;
use super::sink::{Refused, Sink, SinkError};
use crate::domain::log_entry::LogEntry;

/// A file of lines.
pub struct FileSink {
    thread: LineThread,
}

impl FileSink {
    /// This file, which is made when the first entry comes, for its owner alone.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn new(path: PathBuf) -> io::Result<Self> {
        let mut open = None;
        let thread = LineThread::start("file", move |lines| append(&mut open, &path, lines, sync))?;
        Ok(Self { thread })
    }
}

/// Forces what was written to the disk: what counts as delivered must outlive a power cut, since the spool forgets it. A pipe has
/// no disk.
fn sync(file: &File) -> io::Result<()> {
    match file.sync_data() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// The file, whose name is on the disk with it.
fn made(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    sync(&File::open(folder.unwrap_or(Path::new(".")))?)?;
    Ok(file)
}

/// Writes these lines whole or not at all, and forces them to the disk.
fn append(
    open: &mut Option<File>,
    path: &Path,
    lines: &[u8],
    sync: impl Fn(&File) -> io::Result<()>,
) -> io::Result<()> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
    let there = std::fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
    let ours = match open {
        Some(file) => file.metadata().map(|file| (file.dev(), file.ino())).ok(),
        None => None,
    };
    if there.is_none() || there != ours {
        *open = None;
    }
    let file = match open {
        Some(file) => file,
        None => open.insert(made(path).map_err(told)?),
    };
    let before = file.metadata().map_err(told)?.len();
    let written = file.write_all(lines).and_then(|()| sync(file));
    written.map_err(|error| {
        // They come again, and half a line would spoil the first of them.
        let _ = file.set_len(before);
        told(error)
    })
}

#[async_trait]
impl Sink for FileSink {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        self.thread.write(entries).await?;
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io;

    use super::{append, sync};

    #[test]
    fn what_does_not_reach_the_disk_is_not_delivered_and_comes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut open = None;
        append(&mut open, &path, b"first\n", sync).unwrap();
        let fails = |_: &File| Err(io::Error::other("the disk is gone"));
        let error = append(&mut open, &path, b"second\n", fails).unwrap_err();
        assert!(error.to_string().contains("the disk is gone"), "{error}");
        append(&mut open, &path, b"second\n", sync).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\nsecond\n");
    }
}
