//! A log entry as a document: names of the Elastic Common Schema where it has one, Edgewise's own under `edgewise`.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::action::ActionId;
use crate::domain::log_context::{LogContext, LogHost};
use crate::domain::log_entry::{Dropped, LogEntry, LogLevel, LogStream, StepRecord};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::Masked;
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::text_query::{folded, words_of};
use crate::domain::timestamp::Timestamp;

/// The version of the Elastic Common Schema whose names are used.
const ECS: &str = "8.11.0";

#[derive(Serialize)]
struct Document<'a> {
    #[serde(rename = "@timestamp")]
    timestamp: Timestamp,
    message: &'a str,
    correlation: ActionId,
    ecs: Ecs,
    event: Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<Host<'a>>,
    labels: Labels<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    process: Option<Process<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<Trace<'a>>,
    user: User<'a>,
    edgewise: Own<'a>,
}

#[derive(Serialize)]
struct Ecs {
    version: &'static str,
}

#[derive(Serialize)]
struct Event {
    action: &'static str,
    dataset: &'static str,
    kind: &'static str,
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<Timestamp>,
    /// Nanoseconds, as the schema has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<u64>,
}

#[derive(Serialize)]
struct Error<'a> {
    message: &'a str,
}

#[derive(Serialize)]
struct Host<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hostname: Option<&'a str>,
}

#[derive(Serialize)]
struct Labels<'a> {
    space: &'a str,
    project: &'a str,
    environment: &'a str,
    action: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a Masked>,
}

#[derive(Serialize)]
struct Process<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    command_line: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
}

#[derive(Serialize)]
struct Trace<'a> {
    id: &'a Masked,
}

#[derive(Serialize)]
struct User<'a> {
    name: &'a Masked,
}

#[derive(Serialize)]
struct Own<'a> {
    correlation_id: ActionId,
    seq: u64,
    level: LogLevel,
    event: LogEvent,
    stream: LogStream,
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<&'a TargetName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    offset: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<&'a StepRecord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dropped: Option<Dropped>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<&'a LogHost>,
    context: &'a LogContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    words: Option<String>,
}

/// The id of an entry's document: the same whenever it is written.
pub(super) fn id(entry: &LogEntry) -> String {
    format!("{}-{}", entry.action, entry.seq)
}

/// Adds the entry's document as one line, without its line feed; with what it is searched by, where that is wanted.
pub(super) fn write(entry: &LogEntry, searched: bool, into: &mut Vec<u8>) -> Result<(), serde_json::Error> {
    let run = entry.run.as_deref();
    let duration = run.and_then(StepRecord::duration_millis);
    let command_line = (entry.stream == LogStream::Command).then(|| entry.text.as_str());
    let document = Document {
        timestamp: entry.time,
        message: entry.text.as_str(),
        correlation: entry.action,
        ecs: Ecs { version: ECS },
        event: Event {
            action: entry.event.as_str(),
            dataset: match entry.level {
                LogLevel::Basic => "edgewise.basic",
                LogLevel::Detail => "edgewise.detail",
            },
            kind: "event",
            sequence: entry.seq,
            outcome: entry.outcome.map(outcome),
            start: run.and_then(|run| run.started),
            end: run.map(|run| run.ended),
            duration: duration.map(|millis| millis.saturating_mul(1_000_000)),
        },
        error: run.and_then(|run| run.error.as_ref()).map(|error| Error {
            message: error.as_str(),
        }),
        host: entry.target.as_ref().map(|target| Host {
            name: target.as_str(),
            hostname: entry.host.as_ref().map(|host| host.address.as_str()),
        }),
        labels: Labels {
            space: &entry.context.space,
            project: &entry.context.project,
            environment: &entry.context.environment,
            action: &entry.context.name,
            version: entry.context.version.as_ref(),
        },
        process: (command_line.is_some() || entry.exit_code.is_some()).then_some(Process {
            command_line,
            exit_code: entry.exit_code,
        }),
        trace: entry.context.trace_id.as_ref().map(|id| Trace { id }),
        user: User {
            name: &entry.context.actor,
        },
        edgewise: Own {
            correlation_id: entry.action,
            seq: entry.seq,
            level: entry.level,
            event: entry.event,
            stream: entry.stream,
            target: entry.target.as_ref(),
            step: entry.step.as_deref(),
            stage: entry.stage.as_deref(),
            attempt: entry.attempt,
            outcome: entry.outcome,
            exit_code: entry.exit_code,
            offset: entry.offset,
            line: entry.line,
            sessions: entry.sessions,
            run,
            duration_ms: duration,
            dropped: entry.dropped,
            host: entry.host.as_deref(),
            context: &entry.context,
            words: searched.then(|| words(entry.text.as_str())),
        },
    };
    serde_json::to_writer(into, &document)
}

/// The words of a text as the search compares them: the field for them is cut at spaces and nothing else, so that
/// both log stores find the same.
fn words(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for word in words_of(text) {
        if !joined.is_empty() {
            joined.push(' ');
        }
        if word.is_ascii() {
            joined.push_str(word);
            let from = joined.len() - word.len();
            joined[from..].make_ascii_lowercase();
        } else {
            joined.push_str(&folded(word));
        }
    }
    joined
}

/// The schema's word for how something ended.
fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ok => "success",
        Outcome::Unknown => "unknown",
        _ => "failure",
    }
}

/// What is read of a document: the rest of it says the same once more.
#[derive(Deserialize)]
pub(super) struct Source {
    #[serde(rename = "@timestamp")]
    timestamp: Timestamp,
    message: Masked,
    edgewise: OwnSource,
}

#[derive(Deserialize)]
struct OwnSource {
    correlation_id: ActionId,
    seq: u64,
    level: LogLevel,
    event: LogEvent,
    stream: LogStream,
    target: Option<TargetName>,
    step: Option<String>,
    stage: Option<String>,
    attempt: Option<u32>,
    outcome: Option<Outcome>,
    exit_code: Option<i32>,
    offset: Option<u64>,
    line: Option<u64>,
    sessions: Option<u64>,
    run: Option<Box<StepRecord>>,
    dropped: Option<Dropped>,
    host: Option<Arc<LogHost>>,
    context: Arc<LogContext>,
}

impl From<Source> for LogEntry {
    fn from(source: Source) -> Self {
        let own = source.edgewise;
        Self {
            action: own.correlation_id,
            seq: own.seq,
            time: source.timestamp,
            level: own.level,
            event: own.event,
            target: own.target,
            step: own.step,
            stage: own.stage,
            attempt: own.attempt,
            stream: own.stream,
            text: source.message,
            outcome: own.outcome,
            exit_code: own.exit_code,
            offset: own.offset,
            line: own.line,
            sessions: own.sessions,
            run: own.run,
            dropped: own.dropped,
            host: own.host,
            context: own.context,
        }
    }
}
