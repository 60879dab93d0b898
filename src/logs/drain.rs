//! From the spool to one sink: reads on while the sink is busy, tries again while it is not there, and sets aside what it
//! refuses.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::aside::Aside;
use super::sink::{Sink, SinkError};
use super::spool::{Batch, Spool, SpoolReader};
use crate::domain::log_entry::LogEntry;

/// The first pause after a failure; twice as long each time.
const PAUSE: Duration = Duration::from_millis(100);
/// From one look whether a sink is there to the next.
const LOOK: Duration = Duration::from_millis(50);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Delivers to one sink.
pub(super) struct Drain {
    sink: Arc<dyn Sink>,
    spool: Spool,
    aside: Aside,
    /// Everything below this number has been delivered.
    delivered: watch::Sender<u64>,
    /// Why it does not take entries at the moment, and since when.
    trouble: Mutex<Option<(String, Instant)>>,
}

impl Drain {
    pub(super) fn new(sink: Arc<dyn Sink>, spool: Spool, folder: &Path) -> Self {
        let delivered = spool.reader(sink.name()).number();
        Self {
            aside: Aside::new(folder, sink.name()),
            sink,
            spool,
            delivered: watch::Sender::new(delivered),
            trouble: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        self.sink.name()
    }

    /// How many entries it refused that are set aside.
    pub(super) fn refused(&self) -> u64 {
        self.aside.count()
    }

    /// Why it takes nothing at the moment.
    pub(super) fn trouble(&self) -> Option<(String, Duration)> {
        let trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        trouble
            .as_ref()
            .map(|(why, since)| (why.clone(), since.elapsed()))
    }

    /// Resolves when everything below `number` has been delivered.
    pub(super) async fn reached(&self, number: u64) {
        let mut delivered = self.delivered.subscribe();
        // It lives as long as this.
        let _ = delivered.wait_for(|delivered| *delivered >= number).await;
    }

    /// Resolves to true when everything below `number` has been delivered, to false when the sink takes nothing.
    pub(super) async fn reached_or_gone(&self, number: u64) -> bool {
        let gone = async {
            while self.trouble().is_none() {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::select! {
            biased;
            () = self.reached(number) => true,
            () = gone => false,
        }
    }

    /// Delivers until it is stopped; what has begun is not waited for longer than the sink's own patience.
    pub(super) async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut heads = self.spool.heads();
        let mut reader = Some(self.spool.reader(self.sink.name()));
        let mut next = None;
        loop {
            let batch = match next.take() {
                Some(batch) => batch,
                None => match self.read(&mut reader).await {
                    Some(batch) => batch,
                    None => return,
                },
            };
            if batch.end == *self.delivered.borrow() {
                let head = batch.end;
                tokio::select! {
                    () = stop.cancelled() => return,
                    changed = heads.wait_for(|now| *now > head) => if changed.is_err() { return },
                }
                continue;
            }
            if batch.damaged > 0 {
                tracing::error!(
                    sink = self.sink.name(),
                    records = batch.damaged,
                    "damaged records of the log spool were passed over"
                );
            }
            let deliver = self.deliver(&batch.entries, &stop);
            let (delivered, ahead) = tokio::join!(deliver, self.read(&mut reader));
            if !delivered {
                return;
            }
            next = ahead;
            self.done(&batch).await;
            if next.is_none() {
                return;
            }
        }
    }

    async fn done(&self, batch: &Batch) {
        self.spool.delivered(self.sink.name(), batch);
        self.delivered.send_replace(batch.end);
        self.spool.settle().await;
    }

    /// Reads on, on a thread that may block. None where the thread died with its reader.
    async fn read(&self, reader: &mut Option<SpoolReader>) -> Option<Batch> {
        let mut mine = reader.take()?;
        let portion = self.sink.portion();
        loop {
            let read = tokio::task::spawn_blocking(move || {
                let batch = mine.read(portion.entries, portion.bytes);
                (mine, batch)
            });
            let (back, batch) = read.await.ok()?;
            mine = back;
            match batch {
                Ok(batch) => {
                    *reader = Some(mine);
                    return Some(batch);
                }
                Err(error) => {
                    self.troubled(&format!("the log spool cannot be read: {error}"));
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
            }
        }
    }

    /// Until the sink has all of them, or refused them one by one; says whether it came to that before it was stopped.
    async fn deliver(&self, entries: &[LogEntry], stop: &CancellationToken) -> bool {
        // What is left, the next part last.
        let mut parts = vec![entries];
        let mut pause = PAUSE;
        while let Some(part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            match self.sink.take(part).await {
                Ok(refused) => {
                    for one in refused {
                        if let Some(entry) = part.get(one.place)
                            && !self.set_aside(entry, &one.why, stop).await
                        {
                            return false;
                        }
                    }
                    self.fine();
                    pause = PAUSE;
                }
                Err(SinkError::Refused(why)) => {
                    if let [entry] = part {
                        if !self.set_aside(entry, &why, stop).await {
                            return false;
                        }
                    } else {
                        let (first, second) = part.split_at(part.len() / 2);
                        parts.extend([second, first]);
                    }
                }
                Err(SinkError::Unavailable(why)) => {
                    self.troubled(&why);
                    parts.push(part);
                    // Not all servers at the same moment.
                    let jitter = pause.mul_f64(rand::random_range(0.5..1.0));
                    tokio::select! {
                        () = stop.cancelled() => return false,
                        () = tokio::time::sleep(jitter) => {}
                    }
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
        true
    }

    /// Sets an entry aside, however long that takes; says whether it came to that before it was stopped. Until then the entry is
    /// not delivered, and the spool keeps it.
    async fn set_aside(&self, entry: &LogEntry, why: &str, stop: &CancellationToken) -> bool {
        tracing::error!(
            sink = self.sink.name(), action = %entry.action, seq = entry.seq, why,
            path = %self.aside.path().display(), "a sink of the log refuses an entry: it is set aside"
        );
        let mut pause = PAUSE;
        while let Err(error) = self.aside.put(entry, why) {
            self.troubled(&format!("an entry that it refused cannot be set aside: {error}"));
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
        true
    }

    /// Told once for each time it begins.
    fn troubled(&self, why: &str) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, _)) = &mut *trouble {
            why.clone_into(known);
            return;
        }
        tracing::warn!(
            sink = self.sink.name(),
            why,
            "a sink of the log takes nothing; entries wait in the spool"
        );
        *trouble = Some((why.to_owned(), Instant::now()));
    }

    fn fine(&self) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, since)) = trouble.take() {
            tracing::info!(
                sink = self.sink.name(),
                seconds = since.elapsed().as_secs(),
                "a sink of the log takes entries again"
            );
        }
    }
}
