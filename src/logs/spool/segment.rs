//! The files of the spool: each named by the number of its first record, so that no clock decides about their order.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::line;

const ENDING: &str = ".spool";

/// A file of records one after another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    /// The number of its first record.
    pub(super) first: u64,
    /// How long it is.
    pub(super) bytes: u64,
}

impl Segment {
    /// Where the segment that begins with this record is.
    pub(super) fn path(folder: &Path, first: u64) -> PathBuf {
        folder.join(format!("{first:020}{ENDING}"))
    }

    /// All of them in a folder, oldest first.
    pub(super) fn list(folder: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let first = name
                .to_str()
                .and_then(|name| name.strip_suffix(ENDING))
                .and_then(|digits| digits.parse().ok());
            if let Some(first) = first {
                let bytes = entry.metadata()?.len();
                found.push(Self { first, bytes });
            }
        }
        found.sort_by_key(|segment| segment.first);
        Ok(found)
    }

    /// Opens it to be written, and makes it where it is not there.
    pub(super) fn open(folder: &Path, first: u64) -> io::Result<File> {
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(Self::path(folder, first))
    }

    /// Cuts off what a write that was interrupted left at its end, and says how many records it holds, how many bytes were
    /// cut, and how long it is now. A damaged record with whole ones after it stays: the reader passes it over.
    pub(super) fn mend(folder: &Path, first: u64) -> io::Result<Mended> {
        let path = Self::path(folder, first);
        let file = OpenOptions::new().read(true).write(true).open(&path)?;
        let was = file.metadata()?.len();
        let mut reader = BufReader::with_capacity(1 << 20, &file);
        let (mut records, mut at) = (0, 0);
        let mut sound = Mended::default();
        let mut text = Vec::new();
        loop {
            text.clear();
            let read = reader.read_until(b'\n', &mut text)?;
            if read == 0 {
                break;
            }
            records += 1;
            at += read as u64;
            let whole = text
                .strip_suffix(b"\n")
                .is_some_and(|text| line::checked(text).is_ok());
            if whole {
                sound = Mended {
                    records,
                    bytes: at,
                    cut: 0,
                };
            }
        }
        sound.cut = was - sound.bytes;
        if sound.cut > 0 {
            file.set_len(sound.bytes)?;
            file.sync_all()?;
        }
        Ok(sound)
    }
}

/// What [`Segment::mend`] found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Mended {
    pub(super) records: u64,
    pub(super) bytes: u64,
    pub(super) cut: u64,
}
