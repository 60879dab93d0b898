//! The row of an entry.

use std::sync::Arc;

use diesel::{Insertable, Queryable, Selectable};
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StringDeserializer};
use serde::{Deserialize, Serialize};

use super::EmbeddedLogError;
use super::number::seq;
use super::places::Place;
use super::schema::entries;
use crate::domain::action::ActionId;
use crate::domain::log_context::LogContext;
use crate::domain::log_entry::{Dropped, LogEntry, LogStream, StepRecord};
use crate::domain::log_event::LogEvent;
use crate::domain::timestamp::Timestamp;

/// An entry to write. Its number and its place are filled in when they are known.
#[derive(Insertable)]
#[diesel(table_name = entries, treat_none_as_default_value = false)]
pub(super) struct NewEntryRow {
    pub(super) number: i64,
    pub(super) time: i64,
    pub(super) place: Option<i64>,
    level: &'static str,
    stream: &'static str,
    pub(super) text: String,
    outcome: Option<String>,
    exit_code: Option<i32>,
    byte_offset: Option<i64>,
    line: Option<i64>,
    more: Option<String>,
}

/// An entry as it was written.
#[derive(Queryable, Selectable)]
#[diesel(table_name = entries)]
pub(super) struct EntryRow {
    pub(super) number: i64,
    time: i64,
    pub(super) place: Option<i64>,
    level: String,
    stream: String,
    pub(super) text: String,
    outcome: Option<String>,
    exit_code: Option<i32>,
    byte_offset: Option<i64>,
    line: Option<i64>,
    more: Option<String>,
}

/// What few entries have.
#[derive(Default, PartialEq, Serialize, Deserialize)]
struct More {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<LogEvent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sessions: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<Box<StepRecord>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dropped: Option<Dropped>,
}

/// What an entry from this stream tells of, where it does not say otherwise.
fn usual_event(stream: LogStream) -> LogEvent {
    match stream {
        LogStream::Story => LogEvent::Decision,
        LogStream::Command => LogEvent::Command,
        LogStream::Stdout | LogStream::Stderr => LogEvent::Output,
        LogStream::Probe => LogEvent::Probe,
    }
}

impl NewEntryRow {
    pub(super) fn of(entry: &LogEntry) -> Result<Self, EmbeddedLogError> {
        let more = More {
            event: (entry.event != usual_event(entry.stream)).then_some(entry.event),
            sessions: entry.sessions,
            run: entry.run.clone(),
            dropped: entry.dropped,
        };
        let whole = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let number = i64::try_from(entry.seq).map_err(|_| EmbeddedLogError::TooManyEntries(entry.seq))?;
        Ok(Self {
            number,
            time: entry.time.as_millis(),
            place: None,
            level: entry.level.as_str(),
            stream: entry.stream.as_str(),
            text: entry.text.as_str().to_owned(),
            outcome: entry.outcome.map(|outcome| outcome.as_str().to_owned()),
            exit_code: entry.exit_code,
            byte_offset: entry.offset.map(whole),
            line: entry.line.map(whole),
            more: (more != More::default())
                .then(|| serde_json::to_string(&more))
                .transpose()
                .map_err(|error| EmbeddedLogError::Unwritable(error.to_string()))?,
        })
    }
}

impl EntryRow {
    pub(super) fn read(
        self,
        action: ActionId,
        context: &Arc<LogContext>,
        place: Option<&Place>,
    ) -> Result<LogEntry, EmbeddedLogError> {
        let seq = seq(self.number);
        let corrupt = |what: String| EmbeddedLogError::Corrupt { action, seq, what };
        let stream: LogStream = word(self.stream).map_err(corrupt)?;
        let more: More = match &self.more {
            Some(json) => serde_json::from_str(json).map_err(|error| corrupt(error.to_string()))?,
            None => More::default(),
        };
        Ok(LogEntry {
            action,
            seq,
            time: Timestamp::from_millis(self.time),
            level: word(self.level).map_err(corrupt)?,
            event: more.event.unwrap_or(usual_event(stream)),
            target: place.and_then(|place| place.target.clone()),
            step: place.and_then(|place| place.step.clone()),
            stage: place.and_then(|place| place.stage.clone()),
            attempt: place.and_then(|place| place.attempt),
            stream,
            // It was masked when it was written; no other text comes into this table.
            text: word(self.text).map_err(corrupt)?,
            outcome: self.outcome.map(word).transpose().map_err(corrupt)?,
            exit_code: self.exit_code,
            offset: self.byte_offset.map(i64::unsigned_abs),
            line: self.line.map(i64::unsigned_abs),
            sessions: more.sessions,
            run: more.run,
            dropped: more.dropped,
            host: place.and_then(|place| place.host.clone()),
            context: Arc::clone(context),
        })
    }
}

/// Whether what a row has beside says that it stands for lines that are left out.
pub(super) fn is_note(more: Option<&str>) -> bool {
    let more = more.and_then(|more| serde_json::from_str::<More>(more).ok());
    more.is_some_and(|more| more.dropped.is_some())
}

/// The value whose JSON form is this string.
fn word<'de, T: Deserialize<'de>>(text: String) -> Result<T, String> {
    let deserializer: StringDeserializer<WordError> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|error| error.to_string())
}
