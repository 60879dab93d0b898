//! The story of one action: numbers events and log entries with one count, writes the entries to the log
//! store, and tells the followers in that order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::app::feed::Feed;
use crate::app::ports::{Clock, LogSink};
use crate::app::view::{FeedItem, LogView};
use crate::domain::action::ActionId;
use crate::domain::log_context::{LogContext, LogHost};
use crate::domain::log_entry::{Dropped, LogEntry, LogLevel, LogStream, StepRecord};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::{Masked, Masker};
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;

use super::claims::Claim;
use super::in_flight::Room;

/// Entries written to the sink at once.
const BATCH: usize = 512;

/// The journal of one action. Cheap to clone.
#[derive(Clone)]
pub(super) struct Journal {
    action: ActionId,
    context: Arc<LogContext>,
    clock: Arc<dyn Clock>,
    masker: Arc<Masker>,
    numbered: Arc<Mutex<Numbered>>,
}

struct Numbered {
    next: u64,
    sender: mpsc::UnboundedSender<Entry>,
}

struct Entry {
    seq: u64,
    log: Option<LogEntry>,
    /// None where nobody followed when it happened.
    items: Option<Vec<FeedItem>>,
    /// Free again when it is written.
    room: Option<Room>,
}

/// What a log entry is about, and how what it tells of ended.
#[derive(Debug, Clone, Default)]
pub(super) struct About {
    pub(super) target: Option<TargetName>,
    pub(super) step: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) attempt: Option<u32>,
    pub(super) host: Option<Arc<LogHost>>,
    pub(super) outcome: Option<Outcome>,
    pub(super) exit_code: Option<i32>,
    pub(super) sessions: Option<u64>,
    pub(super) run: Option<Box<StepRecord>>,
}

/// A line of output on its way into the log.
pub(super) struct Line {
    pub(super) stream: LogStream,
    pub(super) text: Masked,
    /// The byte after its end in its stream.
    pub(super) offset: u64,
    /// Its number in its stream, from 1.
    pub(super) number: u64,
    /// It stands for lines that are left out, of which this is the last.
    pub(super) dropped: Option<Dropped>,
}

impl Journal {
    /// Opens the journal of `action` after its entry `last`. The task ends, with everything written, when
    /// the last clone of the journal is dropped.
    pub(super) fn open(
        (action, context): (ActionId, LogContext),
        last: u64,
        clock: Arc<dyn Clock>,
        masker: Masker,
        sink: Arc<dyn LogSink>,
        feed: Feed,
        claim: Claim,
    ) -> (Self, JoinHandle<()>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        feed.open(action, last);
        let writer = Writer {
            action,
            next: last + 1,
            early: BTreeMap::new(),
            sink,
            feed,
            clock: Arc::clone(&clock),
            claim,
            lost: 0,
        };
        let task = tokio::spawn(writer.run(receiver));
        let numbered = Arc::new(Mutex::new(Numbered {
            next: last + 1,
            sender,
        }));
        (
            Self {
                action,
                context: Arc::new(context),
                clock,
                masker: Arc::new(masker),
                numbered,
            },
            task,
        )
    }

    /// Text without the action's secrets.
    pub(super) fn masked(&self, text: &str) -> Masked {
        self.masker.mask(text)
    }

    /// The masker of the action's secrets.
    pub(super) fn masker(&self) -> Arc<Masker> {
        Arc::clone(&self.masker)
    }

    /// One entry of the story.
    pub(super) fn story(&self, event: LogEvent, about: About, text: &str) {
        let said = (LogLevel::Basic, event, LogStream::Story);
        let entry = self.about(said, about, self.masked(text));
        self.send(entry, None);
    }

    /// One entry of detail in Edgewise's own words: a command as sent, a probe.
    pub(super) fn detail(&self, event: LogEvent, stream: LogStream, about: About, text: &str) {
        let said = (LogLevel::Detail, event, stream);
        let entry = self.about(said, about, self.masked(text));
        self.send(entry, None);
    }

    /// One line of a step's output. It has its room until it is written.
    pub(super) fn output(&self, about: About, line: Line, room: Option<Room>) {
        let event = match line.dropped {
            Some(_) => LogEvent::Dropped,
            None => LogEvent::Output,
        };
        let said = (LogLevel::Detail, event, line.stream);
        let entry = LogEntry {
            offset: Some(line.offset),
            line: Some(line.number),
            dropped: line.dropped,
            ..self.about(said, about, line.text)
        };
        self.send(entry, room);
    }

    /// Takes the next number for an event; [`Journal::happened`] must follow.
    pub(super) fn reserve(&self) -> u64 {
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = numbered.next;
        numbered.next += 1;
        seq
    }

    /// The event with this number is stored: what followers are told of it; none where nobody followed.
    pub(super) fn happened(&self, seq: u64, items: Option<Vec<FeedItem>>) {
        let numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        // The writer ends only after the last sender.
        let _ = numbered.sender.send(Entry {
            seq,
            log: None,
            items,
            room: None,
        });
    }

    /// An entry without its number and its moment.
    fn about(
        &self,
        (level, event, stream): (LogLevel, LogEvent, LogStream),
        about: About,
        text: Masked,
    ) -> LogEntry {
        let context = Arc::clone(&self.context);
        LogEntry {
            target: about.target,
            step: about.step,
            stage: about.stage,
            attempt: about.attempt,
            stream,
            outcome: about.outcome,
            exit_code: about.exit_code,
            sessions: about.sessions,
            run: about.run,
            host: about.host,
            ..LogEntry::new(context, (self.action, 0), self.clock.now(), level, event, text)
        }
    }

    fn send(&self, entry: LogEntry, room: Option<Room>) {
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = numbered.next;
        numbered.next += 1;
        let _ = numbered.sender.send(Entry {
            seq,
            log: Some(LogEntry { seq, ..entry }),
            items: Some(Vec::new()),
            room,
        });
    }
}

/// Writes what the journal numbered, in that order.
struct Writer {
    action: ActionId,
    next: u64,
    early: BTreeMap<u64, Entry>,
    sink: Arc<dyn LogSink>,
    feed: Feed,
    clock: Arc<dyn Clock>,
    claim: Claim,
    /// Entries that were given up.
    lost: usize,
}

impl Writer {
    async fn run(mut self, mut receiver: mpsc::UnboundedReceiver<Entry>) {
        let mut arrived = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut arrived, BATCH).await > 0 {
            for entry in arrived.drain(..) {
                self.early.insert(entry.seq, entry);
            }
            let mut due = Vec::new();
            // An event's number is taken before it is stored: what was numbered after it waits here.
            while let Some(entry) = self.early.remove(&self.next) {
                self.next += 1;
                due.push(entry);
            }
            self.write(due).await;
        }
        // What waits behind an event that was never stored is still worth keeping.
        let rest = std::mem::take(&mut self.early).into_values().collect();
        self.write(rest).await;
        self.feed.close(self.action);
        if self.lost > 0 {
            tracing::error!(action = %self.action, entries = self.lost, "log entries were lost: the log store did not take them before the end");
        }
    }

    async fn write(&mut self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let logs: Vec<LogEntry> = entries.iter().filter_map(|entry| entry.log.clone()).collect();
        self.keep(&logs).await;
        for entry in entries {
            drop(entry.room);
            let items = match (&entry.log, entry.items) {
                (Some(log), _) => Some(vec![FeedItem::Log(Box::new(LogView::from(log)))]),
                (None, items) => items,
            };
            self.feed.publish(self.action, entry.seq, items);
        }
    }

    /// Writes until it is written: a log store that fails slows output down and decides nothing. A server that stops
    /// tries once more and does not wait for it.
    async fn keep(&mut self, logs: &[LogEntry]) {
        if logs.is_empty() {
            return;
        }
        let mut pause = Duration::from_millis(100);
        loop {
            match self.sink.write(logs).await {
                Ok(()) => return,
                Err(error) => {
                    tracing::warn!(action = %self.action, entries = logs.len(), %error, "the log store did not take entries; trying again");
                    let again = self.clock.now().plus_millis(pause.as_millis() as u64);
                    tokio::select! {
                        biased;
                        () = self.claim.over() => {
                            self.lost += logs.len();
                            return;
                        }
                        () = self.clock.sleep_until(again) => {}
                    }
                    pause = (pause * 2).min(Duration::from_secs(10));
                }
            }
        }
    }
}
