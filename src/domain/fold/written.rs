//! What one host wrote to one stream: all of it in a hash, the beginning of it to be shown.

use sha2::{Digest, Sha256};

use crate::domain::log_entry::Dropped;

use super::{FoldOptions, compared_line};

/// Lines that are kept of a stream of a host, at most.
const MOST_LINES: usize = 2_000;

/// A stream that is still being read.
#[derive(Debug, Default)]
pub(super) struct Written {
    hash: Sha256,
    /// Empty lines at the end so far, which count only once something follows them.
    empty: u64,
    dropped: Dropped,
    lines: Vec<String>,
    /// Lines that went into the hash alone.
    unkept: u64,
}

/// A stream that was read to its end.
#[derive(Debug)]
pub(super) struct Kept {
    sameness: Sameness,
    lines: Vec<String>,
    unkept: u64,
}

/// What is the same for streams that are the same: of all lines a hash, of those the log has not how many they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Sameness {
    hash: [u8; 32],
    dropped_lines: u64,
    dropped_bytes: u64,
}

impl Written {
    /// Takes a line, and keeps it if it has at most `room` bytes and nothing before it is missing. The bytes kept.
    pub(super) fn take(&mut self, line: &str, room: usize, options: FoldOptions) -> usize {
        self.count(&compared_line(line, options), options);
        if self.unkept > 0 || self.lines.len() >= MOST_LINES || line.len() > room {
            self.unkept += 1;
            return 0;
        }
        self.lines.push(line.to_owned());
        line.len()
    }

    fn count(&mut self, line: &str, options: FoldOptions) {
        if options.ignore_space && line.is_empty() {
            self.empty += 1;
            return;
        }
        for _ in 0..std::mem::take(&mut self.empty) {
            self.hash.update(0_u64.to_le_bytes());
        }
        // With its length, so that no two lines read like one.
        self.hash.update((line.len() as u64).to_le_bytes());
        self.hash.update(line);
    }

    /// Takes what the log says is not in it.
    pub(super) fn drop(&mut self, dropped: Dropped) {
        self.dropped.lines += dropped.lines;
        self.dropped.bytes += dropped.bytes;
    }

    /// The bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.lines.iter().map(String::len).sum()
    }

    /// The whole, at its end.
    pub(super) fn finish(self, options: FoldOptions) -> Kept {
        // What is passed over has a length too, which is not known of lines that are not there.
        let counts_bytes = options == FoldOptions::default();
        Kept {
            sameness: Sameness {
                hash: self.hash.finalize().into(),
                dropped_lines: self.dropped.lines,
                dropped_bytes: if counts_bytes { self.dropped.bytes } else { 0 },
            },
            lines: self.lines,
            unkept: self.unkept,
        }
    }
}

impl Kept {
    pub(super) fn sameness(&self) -> &Sameness {
        &self.sameness
    }

    pub(super) fn lines(&self) -> &[String] {
        &self.lines
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// How many more lines were written than are kept.
    pub(super) fn left_out(&self) -> u64 {
        self.unkept + self.sameness.dropped_lines
    }

    /// Whether lines at the end are not kept.
    pub(super) fn is_cut(&self) -> bool {
        self.unkept > 0
    }

    /// The lines that can be compared with those of another: what that one may have where it is cut is not known.
    pub(super) fn beside(&self, other: &Self) -> &[String] {
        let most = if other.is_cut() {
            other.lines.len()
        } else {
            self.lines.len()
        };
        &self.lines[..most.min(self.lines.len())]
    }
}
