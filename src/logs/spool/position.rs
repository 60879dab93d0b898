//! How far a sink has come, kept in a file of its own.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The next record that a sink has not got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Its number.
    pub(super) number: u64,
    /// The first record of its segment.
    pub(super) segment: u64,
    /// The byte at which it begins there.
    pub(super) offset: u64,
}

fn path(folder: &Path, sink: &str) -> PathBuf {
    folder.join(format!("{sink}.position"))
}

impl Position {
    /// The beginning of a segment.
    pub(super) fn at(segment: u64) -> Self {
        Self {
            number: segment,
            segment,
            offset: 0,
        }
    }

    /// What was kept for a sink; none where nothing was, or it cannot be made out: the sink begins with the oldest record
    /// then, and knows those that it has.
    pub(super) fn read(folder: &Path, sink: &str) -> Option<Self> {
        let text = fs::read_to_string(path(folder, sink)).ok()?;
        let (numbers, sum) = text.trim_end().rsplit_once(' ')?;
        if u32::from_str_radix(sum, 16).ok()? != crc32fast::hash(numbers.as_bytes()) {
            return None;
        }
        let mut numbers = numbers.split(' ').map(str::parse);
        Some(Self {
            number: numbers.next()?.ok()?,
            segment: numbers.next()?.ok()?,
            offset: numbers.next()?.ok()?,
        })
    }

    /// Keeps it: whole or not at all, whenever the power goes.
    pub(super) fn write(self, folder: &Path, sink: &str) -> io::Result<()> {
        let numbers = format!("{} {} {}", self.number, self.segment, self.offset);
        let sum = crc32fast::hash(numbers.as_bytes());
        let path = path(folder, sink);
        let new = path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        writeln!(file, "{numbers} {sum:08x}")?;
        file.sync_data()?;
        fs::rename(new, path)
    }
}

#[cfg(test)]
mod tests {
    use super::Position;

    #[test]
    fn a_position_is_kept_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Position::read(folder.path(), "file"), None);
        let position = Position {
            number: 17,
            segment: 3,
            offset: 4096,
        };
        position.write(folder.path(), "file").unwrap();
        assert_eq!(Position::read(folder.path(), "file"), Some(position));
        let path = folder.path().join("file.position");
        let whole = std::fs::read_to_string(&path).unwrap();
        for damaged in [
            &whole[..whole.len() / 2],
            "",
            "1 2 3 4",
            &whole.replace("17", "18"),
        ] {
            std::fs::write(&path, damaged).unwrap();
            assert_eq!(Position::read(folder.path(), "file"), None, "{damaged}");
        }
    }
}
