//! The one thread that writes the spool: what waits is written together, and a write that fails is taken back whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::error::SpoolError;
use super::segment::Segment;
use super::shared::Shared;

/// When records are forced to the disk. The death of the process alone loses nothing, whichever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fsync {
    /// Before each is believed: a power cut loses nothing.
    Always,
    /// Every second: a power cut loses about that.
    Interval,
    /// When the operating system likes.
    Never,
}

/// How often it is forced to the disk with [`Fsync::Interval`], and how often a full disk is tried again.
const INTERVAL: Duration = Duration::from_secs(1);
/// How many bytes are gathered for one write.
const GATHER: usize = 4 << 20;
/// Bytes that are held free for the story when the disk is full.
const RESERVE: u64 = 4 << 20;
/// Bytes that must be free beside the reserve before everything is written again.
const HEADROOM: u64 = 1 << 20;

pub(super) enum Job {
    Append(Append),
    Sync { done: oneshot::Sender<()> },
}

pub(super) struct Writer {
    shared: Arc<Shared>,
    jobs: Receiver<Job>,
    file: File,
    active: Segment,
    head: u64,
    unsynced: bool,
    synced: Instant,
}

/// Lines to write whole or not at all.
pub(super) struct Append {
    pub(super) lines: Vec<u8>,
    pub(super) records: u64,
    /// May use what is held in reserve.
    pub(super) urgent: bool,
    pub(super) done: oneshot::Sender<Result<(), SpoolError>>,
}

impl Writer {
    pub(super) fn open(shared: Arc<Shared>, jobs: Receiver<Job>) -> io::Result<Self> {
        let active = shared.active();
        let file = Segment::open(&shared.options.folder, active.first)?;
        let head = *shared.head.borrow();
        let mut writer = Self {
            shared,
            jobs,
            file,
            active,
            head,
            unsynced: false,
            synced: Instant::now(),
        };
        writer.look_for_room();
        Ok(writer)
    }

    /// Until nobody can send any more.
    pub(super) fn run(mut self) {
        loop {
            match self.jobs.recv_timeout(INTERVAL) {
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.unsynced
                && self.shared.options.fsync == Fsync::Interval
                && self.synced.elapsed() >= INTERVAL
            {
                self.sync();
            }
            if self.shared.disk_trouble().is_some() {
                self.look_for_room();
            }
        }
        self.sync();
    }

    fn take(&mut self, first: Job) {
        let mut appends = Vec::new();
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(job) = next.take() {
            match job {
                Job::Append(append) => {
                    bytes += append.lines.len();
                    appends.push(append);
                }
                Job::Sync { done } => {
                    self.append(std::mem::take(&mut appends));
                    self.sync();
                    // Who asked may have given up.
                    let _ = done.send(());
                }
            }
            if bytes < GATHER {
                next = self.jobs.try_recv().ok();
            }
        }
        self.append(appends);
    }

    fn append(&mut self, appends: Vec<Append>) {
        if appends.is_empty() {
            return;
        }
        let lines: Vec<&[u8]> = appends.iter().map(|append| &*append.lines).collect();
        let records = appends.iter().map(|append| append.records).sum();
        match self.put(&lines.concat(), records) {
            Ok(()) => {
                for append in appends {
                    let _ = append.done.send(Ok(()));
                }
            }
            Err(error) => {
                self.in_trouble(&error);
                for append in appends {
                    let result = if append.urgent {
                        self.put(&append.lines, append.records)
                    } else {
                        Err(io::Error::new(error.kind(), error.to_string()))
                    };
                    let _ = append
                        .done
                        .send(result.map_err(|error| SpoolError::Disk(error.to_string())));
                }
            }
        }
    }

    /// Writes these lines whole or not at all.
    fn put(&mut self, lines: &[u8], records: u64) -> io::Result<()> {
        if self.active.bytes >= self.shared.options.segment_bytes {
            self.roll()?;
        }
        let written = self.file.write_all_at(lines, self.active.bytes).and_then(|()| {
            if self.shared.options.fsync == Fsync::Always {
                self.file.sync_data()
            } else {
                Ok(())
            }
        });
        if let Err(error) = written {
            // Nobody reads beyond what was said to be there, and the next write begins there again; so nothing hangs on this.
            if let Err(error) = self.file.set_len(self.active.bytes) {
                tracing::warn!(%error, "what was not wholly written stays at the end of the log spool");
            }
            return Err(error);
        }
        self.unsynced = true;
        self.active.bytes += lines.len() as u64;
        self.head += records;
        self.shared.written(self.active.bytes, self.head);
        Ok(())
    }

    fn roll(&mut self) -> io::Result<()> {
        self.sync();
        self.file = Segment::open(&self.shared.options.folder, self.head)?;
        // The name of the new file must outlive a power cut as well.
        File::open(&self.shared.options.folder)?.sync_all()?;
        self.active = Segment {
            first: self.head,
            bytes: 0,
        };
        self.shared.rolled(self.head);
        Ok(())
    }

    fn sync(&mut self) {
        if self.unsynced
            && self.shared.options.fsync != Fsync::Never
            && let Err(error) = self.file.sync_data()
        {
            tracing::error!(%error, "the log spool could not be forced to the disk");
        }
        self.unsynced = false;
        self.synced = Instant::now();
    }

    fn reserve(&self) -> std::path::PathBuf {
        self.shared.options.folder.join("reserve")
    }

    /// The disk takes no more: what was held in reserve is for the story.
    fn in_trouble(&mut self, error: &io::Error) {
        if self.shared.disk_trouble().is_none() {
            tracing::error!(%error, "the log spool cannot be written: detail is dropped until it can");
        }
        self.shared.disk(Some(error.to_string()));
        if let Err(error) = std::fs::remove_file(self.reserve())
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the reserve of the log spool could not be freed");
        }
    }

    /// Holds room in reserve; once that can be had, there is room for everything.
    fn look_for_room(&mut self) {
        let held = self.has_room().and_then(|()| self.hold());
        match held {
            Ok(()) => {
                if self.shared.disk_trouble().is_some() {
                    tracing::info!("the log spool can be written again");
                    self.shared.disk(None);
                }
            }
            Err(error) => self.in_trouble(&error),
        }
    }

    /// Whether the disk has the reserve and a little more: what was freed of the reserve alone is no room.
    fn has_room(&self) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.shared.options.folder)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        let held = std::fs::metadata(self.reserve()).map_or(0, |file| file.blocks() * 512);
        if free.saturating_add(held) < RESERVE + HEADROOM {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "no space left on its disk",
            ));
        }
        Ok(())
    }

    fn hold(&self) -> io::Result<()> {
        let file = std::fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(self.reserve())?;
        match rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, RESERVE) {
            // A file system that cannot hold room for a file has to do without.
            Err(rustix::io::Errno::OPNOTSUPP) => Ok(()),
            result => Ok(result?),
        }
    }
}
