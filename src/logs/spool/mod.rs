//! The spool: every log entry goes to disk here first, whatever becomes of the sinks behind it.
//!
//! Segments of checksummed lines are written by one thread and read by one reader for each sink, which keeps its position.
//! A segment goes when every sink has it. Records and segments are numbered, so that no clock decides anything.

mod dropping;
mod error;
pub mod line;
mod position;
mod reader;
mod room;
mod segment;
mod shared;
mod writer;

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc;

use async_trait::async_trait;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::app::ports::{LogError, LogSink};
use crate::domain::log_entry::{LogEntry, LogLevel};

use dropping::Dropping;
use room::Room;
use segment::Segment;
use shared::Shared;
use writer::{Append, Job, Writer};

pub use error::SpoolError;
pub use reader::{Batch, SpoolReader};
pub use room::Audit;
pub use writer::Fsync;

/// KiB of records that may wait for the writing thread.
const QUEUE_KIB: usize = 64 << 10;

/// How a spool is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolOptions {
    /// Its folder, which is made where it is not there.
    pub folder: PathBuf,
    /// Bytes that it may take up before it counts as full.
    pub max_bytes: u64,
    /// Bytes after which a new segment begins.
    pub segment_bytes: u64,
    /// When records are forced to the disk.
    pub fsync: Fsync,
    /// What becomes of detail, and of new actions, when it is full.
    pub audit: Audit,
}

impl SpoolOptions {
    /// The usual ones, in this folder.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            max_bytes: 4 << 30,
            segment_bytes: 16 << 20,
            fsync: Fsync::Interval,
            audit: Audit::Relaxed,
        }
    }
}

/// The spool of this process. Cheap to clone.
#[derive(Clone)]
pub struct Spool {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
    queue: Arc<Semaphore>,
    dropping: Arc<Dropping>,
    /// Held by this process alone.
    _lock: Arc<File>,
}

impl Spool {
    /// Opens the spool, for these sinks: cuts off what a write that was interrupted left at its end, and goes on where it was.
    ///
    /// # Errors
    /// [`SpoolError`] where the folder cannot be used, or another process uses it.
    pub fn open(options: SpoolOptions, sinks: &[&str]) -> Result<Self, SpoolError> {
        let folder = options.folder.clone();
        let told = |error| SpoolError::Folder {
            folder: folder.clone(),
            error,
        };
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&folder)
            .map_err(told)?;
        let lock = File::create(folder.join("lock")).map_err(told)?;
        if lock.try_lock().is_err() {
            return Err(SpoolError::InUse(folder));
        }
        let mut segments = Segment::list(&folder).map_err(told)?;
        if segments.is_empty() {
            segments.push(Segment { first: 0, bytes: 0 });
        }
        let mut head = 0;
        if let Some(last) = segments.last_mut() {
            // Makes it where it is not there.
            Segment::open(&folder, last.first).map_err(told)?;
            let mended = Segment::mend(&folder, last.first).map_err(told)?;
            if mended.cut > 0 {
                tracing::warn!(
                    bytes = mended.cut,
                    "the end of the log spool was torn, and was cut off"
                );
            }
            last.bytes = mended.bytes;
            head = last.first + mended.records;
        }
        let shared = Arc::new(Shared::new(options, segments, head, sinks));
        let (jobs, received) = mpsc::channel();
        let writer = Writer::open(Arc::clone(&shared), received).map_err(told)?;
        std::thread::Builder::new()
            .name("log-spool".to_owned())
            .spawn(move || writer.run())
            .map_err(told)?;
        Ok(Self {
            shared,
            jobs,
            queue: Arc::new(Semaphore::new(QUEUE_KIB)),
            dropping: Arc::default(),
            _lock: Arc::new(lock),
        })
    }

    /// What reads the spool for a sink that it was opened for.
    #[must_use]
    pub fn reader(&self, sink: &str) -> SpoolReader {
        SpoolReader::new(Arc::clone(&self.shared), sink)
    }

    /// The sink has the records of a batch: it never gets them again, but after a crash.
    pub fn delivered(&self, sink: &str, batch: &Batch) {
        self.shared.delivered(sink, batch.next);
    }

    /// The number that the next record gets: everything below it is kept.
    #[must_use]
    pub fn head(&self) -> u64 {
        *self.shared.head.borrow()
    }

    /// Tells of every change of [`Self::head`].
    #[must_use]
    pub fn heads(&self) -> watch::Receiver<u64> {
        self.shared.head.subscribe()
    }

    /// How many records each sink has not got yet.
    #[must_use]
    pub fn backlog(&self) -> BTreeMap<String, u64> {
        self.shared.backlog()
    }

    /// How many records of detail were not kept, since this process began.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropping.total()
    }

    /// What is wrong with its room; none where there is enough.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match self.shared.room() {
            Room::Enough => None,
            Room::Scarce(why) | Room::None(why) => Some(why),
        }
    }

    /// Why no new action may begin; none where one may.
    #[must_use]
    pub fn refusal(&self) -> Option<String> {
        match self.shared.options.audit {
            Audit::Strict => self.trouble(),
            Audit::Relaxed => None,
        }
    }

    /// Writes down how much was dropped, where there is room again.
    pub async fn settle(&self) {
        if !self.dropping.is_idle() && !matches!(self.shared.room(), Room::None(_)) {
            self.tell_dropped().await;
        }
    }

    async fn tell_dropped(&self) {
        let ends = self.dropping.take_ends();
        let notes = ends.notes();
        if !notes.is_empty()
            && let Err(error) = self.append(&notes).await
        {
            tracing::warn!(%error, "what the log spool dropped could not be written down; it is tried again");
            self.dropping.give_back(ends);
        }
    }

    /// Writes everything down, and forces it to the disk.
    pub async fn close(&self) {
        self.tell_dropped().await;
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Job::Sync { done }).is_ok() {
            // Where the thread is gone, nothing is left to be forced.
            let _ = closed.await;
        }
        self.shared.keep_positions();
    }

    async fn append(&self, entries: &[LogEntry]) -> Result<(), SpoolError> {
        let mut lines = Vec::with_capacity(entries.len() * 512);
        for entry in entries {
            line::encode(entry, &mut lines).map_err(SpoolError::Json)?;
        }
        let urgent = entries.iter().all(|entry| entry.level == LogLevel::Basic);
        let kib = u32::try_from((lines.len() >> 10).clamp(1, QUEUE_KIB)).unwrap_or(1);
        let _place = self.queue.acquire_many(kib).await;
        let (done, kept) = oneshot::channel();
        let job = Job::Append(Append {
            lines,
            records: entries.len() as u64,
            urgent,
            done,
        });
        self.jobs.send(job).map_err(|_| SpoolError::Stopped)?;
        kept.await.map_err(|_| SpoolError::Stopped)?
    }
}

#[async_trait]
impl LogSink for Spool {
    async fn write(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        if entries.is_empty() {
            return Ok(());
        }
        let told = |error: SpoolError| LogError(error.to_string());
        if !matches!(self.shared.room(), Room::None(_)) {
            self.settle().await;
            match self.append(entries).await {
                Ok(()) => return Ok(()),
                Err(SpoolError::Disk(_)) => {}
                Err(error) => return Err(told(error)),
            }
        }
        // What is left out is counted only once the rest is kept: a rest that is not kept comes again.
        let Room::None(why) = self.shared.room() else {
            return self.append(entries).await.map_err(told);
        };
        let admitted = self.dropping.without_detail(entries, &why);
        self.append(&admitted.entries).await.map_err(told)?;
        self.dropping.happened(admitted);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use super::{Spool, SpoolOptions};
    use crate::domain::action::ActionId;
    use crate::domain::log_context::LogContext;
    use crate::domain::log_entry::{LogEntry, LogLevel};
    use crate::domain::log_event::LogEvent;
    use crate::domain::mask::Masked;
    use crate::domain::timestamp::Timestamp;

    #[tokio::test]
    async fn notes_that_could_not_be_written_are_written_later() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = Spool::open(SpoolOptions::new(folder.path().join("spool")), &["one"]).unwrap();
        let time = Timestamp::from_millis(1_795_228_610_000);
        let entry = |seq| {
            LogEntry::new(
                Arc::new(LogContext::default()),
                (ActionId::from_parts(time, [0; 10]), seq),
                time,
                LogLevel::Detail,
                LogEvent::Output,
                Masked::literal("a line"),
            )
        };
        let drop = |seqs: std::ops::Range<u64>| {
            let admitted = spool
                .dropping
                .without_detail(&seqs.map(entry).collect::<Vec<_>>(), "it is full");
            spool.dropping.happened(admitted);
        };
        drop(0..5);
        // Nobody writes any more.
        let (nobody, _) = mpsc::channel();
        let jobs = spool.jobs.clone();
        spool.jobs = nobody;
        spool.tell_dropped().await;
        assert_eq!(spool.head(), 0);
        let admitted = spool.dropping.without_detail(&[entry(5)], "it is full");
        spool.dropping.happened(admitted);
        spool.jobs = jobs;
        spool.tell_dropped().await;
        let told = spool.reader("one").read(10, 1 << 20).unwrap().entries;
        let told: Vec<(u64, u64)> = told
            .iter()
            .map(|note| (note.seq, note.dropped.unwrap().lines))
            .collect();
        assert_eq!(told, [(5, 5)], "four of the first time and one since");
        assert!(spool.dropping.is_idle());
    }
}
