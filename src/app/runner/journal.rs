//! The story of one action: numbers events and log entries with one count, writes the entries to the log
//! store, and tells the followers in that order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
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
use crate::domain::timestamp::Timestamp;

use super::claims::Claim;
use super::in_flight::Room;
use super::seen::left_out;
use super::story::Told;

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
    /// Told when it is written.
    written: Option<oneshot::Sender<()>>,
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
    /// It is what a check on the host says of one probe: how that went.
    pub(super) probe: Option<Outcome>,
}

impl Journal {
    /// Opens the journal of `action`, whose log has everything up to `written`; numbers up to `last` are taken. The task ends
    /// when the last clone of the journal is dropped, and says whether everything is written.
    pub(super) fn open(
        (action, context): (ActionId, LogContext),
        (written, last): (u64, u64),
        clock: Arc<dyn Clock>,
        masker: Arc<Masker>,
        sink: Arc<dyn LogSink>,
        feed: Feed,
        claim: Claim,
    ) -> (Self, JoinHandle<bool>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        feed.open(action, written);
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
                masker,
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

    /// One entry of detail in Edgewise's own words: a command as sent, a probe. It has its room until it is written.
    pub(super) fn detail(
        &self,
        event: LogEvent,
        stream: LogStream,
        about: About,
        text: &str,
        room: Option<Room>,
    ) {
        let said = (LogLevel::Detail, event, stream);
        let entry = self.about(said, about, self.masked(text));
        self.send(entry, room);
    }

    /// A note in place of entries of detail for which there was no room.
    pub(super) fn left_out(&self, about: About, stream: LogStream, dropped: Dropped, room: Option<Room>) {
        let said = (LogLevel::Detail, LogEvent::Dropped, stream);
        let text = self.masked(&left_out(dropped));
        let entry = LogEntry {
            dropped: Some(dropped),
            ..self.about(said, about, text)
        };
        self.send(entry, room);
    }

    /// One line of a step's output. It has its room until it is written.
    pub(super) fn output(&self, about: About, line: Line, room: Option<Room>) {
        let event = match (line.dropped, line.probe) {
            (Some(_), _) => LogEvent::Dropped,
            (None, Some(_)) => LogEvent::Probe,
            (None, None) => LogEvent::Output,
        };
        let about = About {
            outcome: line.probe,
            ..about
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

    /// Takes the next numbers for an event and for what it brings into the log; [`Journal::happened`] and [`Journal::told`]
    /// must follow. Gives the first.
    pub(super) fn reserve(&self, count: u64) -> u64 {
        let mut numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        let seq = numbered.next;
        numbered.next += count;
        seq
    }

    /// The event with this number is stored: what followers are told of it; none where nobody followed.
    pub(super) fn happened(&self, seq: u64, items: Option<Vec<FeedItem>>) {
        self.pass_on(Entry {
            seq,
            log: None,
            items,
            room: None,
            written: None,
        });
    }

    /// What an event that is stored brings into the log, under the number that was reserved for it, by this journal or one
    /// before it.
    pub(super) fn told(&self, seq: u64, time: Timestamp, told: Told) {
        self.pass_on(Entry {
            seq,
            log: Some(self.entry_of(seq, time, told)),
            items: Some(Vec::new()),
            room: None,
            written: None,
        });
    }

    /// Resolves when everything that was given a number before is written, or never will be.
    pub(super) async fn written(&self) {
        let (written, when) = oneshot::channel();
        let seq = self.reserve(1);
        self.pass_on(Entry {
            seq,
            log: None,
            items: Some(Vec::new()),
            room: None,
            written: Some(written),
        });
        // The writer has ended without: then it never will be.
        let _ = when.await;
    }

    fn pass_on(&self, entry: Entry) {
        let numbered = self.numbered.lock().unwrap_or_else(PoisonError::into_inner);
        // The writer ends only after the last sender.
        let _ = numbered.sender.send(entry);
    }

    fn entry_of(&self, seq: u64, time: Timestamp, told: Told) -> LogEntry {
        let said = (told.level, told.event, told.stream);
        let text = self.masked(&told.text);
        LogEntry {
            seq,
            time,
            ..self.about(said, told.about, text)
        }
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
            written: None,
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
    /// Whether everything was written in the end.
    async fn run(mut self, mut receiver: mpsc::UnboundedReceiver<Entry>) -> bool {
        let mut arrived = Vec::with_capacity(BATCH);
        while receiver.recv_many(&mut arrived, BATCH).await > 0 {
            let mut due = Vec::new();
            for entry in arrived.drain(..) {
                if entry.seq < self.next {
                    due.push(entry);
                } else {
                    self.early.insert(entry.seq, entry);
                }
            }
            // An event's number is taken before it is stored: what was numbered after it waits here.
            while let Some(entry) = self.early.remove(&self.next) {
                self.next += 1;
                due.push(entry);
            }
            self.write(due).await;
        }
        // What waits behind an event of which nobody knows whether it was stored is not written: the log would seem to have
        // what that event brings. Whoever goes on with the action tells it, and reads output again from the host.
        self.lost += self.early.values().filter(|entry| entry.log.is_some()).count();
        self.feed.close(self.action);
        if self.lost > 0 {
            tracing::warn!(action = %self.action, entries = self.lost, "log entries were not written: the next server that has the action makes up for them");
        }
        self.lost == 0
    }

    async fn write(&mut self, entries: Vec<Entry>) {
        if entries.is_empty() {
            return;
        }
        let logs: Vec<LogEntry> = entries.iter().filter_map(|entry| entry.log.clone()).collect();
        self.keep(&logs).await;
        for entry in entries {
            drop(entry.room);
            if let Some(written) = entry.written {
                // Who asked may have given up.
                let _ = written.send(());
            }
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
        if self.lost > 0 {
            // The log ends where something is missing: what comes after it is made up for together with it.
            self.lost += logs.len();
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
