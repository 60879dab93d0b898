//! Reading the spool for one sink, in the order it was written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use super::line;
use super::position::Position;
use super::segment::Segment;
use super::shared::Shared;
use crate::domain::log_entry::LogEntry;

/// How much is read at once.
const CHUNK: u64 = 1 << 20;

/// Reads for one sink.
pub struct SpoolReader {
    shared: Arc<Shared>,
    at: Position,
    file: Option<(u64, File)>,
}

/// Records one after another.
#[derive(Debug)]
pub struct Batch {
    /// Their entries.
    pub entries: Vec<LogEntry>,
    /// How many in between were damaged, and cannot be had any more.
    pub damaged: u64,
    /// The number of the record after them.
    pub end: u64,
    pub(super) next: Position,
}

impl SpoolReader {
    pub(super) fn new(shared: Arc<Shared>, sink: &str) -> Self {
        Self {
            at: shared.position(sink),
            shared,
            file: None,
        }
    }

    /// The number of the next record.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.at.number
    }

    /// The next records: at most so many, of about so many bytes together. Empty where there is none yet. It reads files.
    ///
    /// # Errors
    /// What the operating system says; the same records come again.
    pub fn read(&mut self, most: usize, bytes: usize) -> io::Result<Batch> {
        let mut batch = Batch {
            entries: Vec::new(),
            damaged: 0,
            end: 0,
            next: self.at,
        };
        let mut chunk = CHUNK;
        let mut taken = 0;
        let mut text = Vec::new();
        while batch.entries.len() < most && taken < bytes {
            let (written, next) = self.shared.extent(batch.next.segment);
            if batch.next.offset >= written {
                let Some(next) = next else { break };
                batch.next = Position::at(next);
                continue;
            }
            let length = (written - batch.next.offset).min(chunk);
            text.resize(length as usize, 0);
            self.file(batch.next.segment)?
                .read_exact_at(&mut text, batch.next.offset)?;
            let mut begin = 0;
            for end in memchr::memchr_iter(b'\n', &text) {
                if batch.entries.len() >= most || taken >= bytes {
                    break;
                }
                match line::decode(&text[begin..end]) {
                    Ok(entry) => batch.entries.push(entry),
                    Err(line::Damaged) => batch.damaged += 1,
                }
                taken += end + 1 - begin;
                begin = end + 1;
                batch.next.number += 1;
            }
            batch.next.offset += begin as u64;
            if begin == 0 {
                if length < chunk {
                    // The end of a segment that is nobody's line.
                    batch.damaged += 1;
                    batch.next.offset = written;
                } else {
                    chunk *= 2;
                }
            }
        }
        batch.end = batch.next.number;
        self.at = batch.next;
        Ok(batch)
    }

    fn file(&mut self, segment: u64) -> io::Result<&File> {
        if self.file.as_ref().is_none_or(|(open, _)| *open != segment) {
            self.file = Some((
                segment,
                File::open(Segment::path(&self.shared.options.folder, segment))?,
            ));
        }
        self.file
            .as_ref()
            .map(|(_, file)| file)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}
