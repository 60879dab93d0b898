//! Log entries to write and to find.

use std::sync::Arc;

use edgewise::app::ports::{LogQuery, LogSearch, LogSink, OutputOf};
use edgewise::domain::action::ActionId;
use edgewise::domain::log_context::{LogContext, LogHost};
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::Masker;
use edgewise::domain::name::TargetName;
use edgewise::domain::text_query::TextQuery;
use edgewise::domain::timestamp::Timestamp;

/// A place that takes entries and finds them again.
pub trait LogStore: LogSink + LogSearch {}
impl<T: LogSink + LogSearch> LogStore for T {}

pub fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_228_610_000 + millis)
}

pub fn id(number: u8) -> ActionId {
    let mut random = [0; 10];
    random[9] = number;
    ActionId::from_parts(at(i64::from(number)), random)
}

/// Whose all actions of this world are.
pub fn context() -> LogContext {
    let masked = |text: &str| Masker::default().mask(text);
    LogContext {
        actor: masked("jdoe"),
        user: Some(masked("customer-7")),
        name: "deploy".into(),
        space: "payments".into(),
        project: "web".into(),
        environment: "plain".into(),
        version: Some(masked("1.2.3")),
        plan_hash: "sha256:00ff".into(),
        trace_id: Some(masked("4bf92f3577b34da6a3ce929d0e0e4736")),
        correlation_id: Some(masked("build 17")),
    }
}

/// A line of standard output of step `unpack` on `web-1`.
pub fn line(action: u8, seq: u64, text: &str) -> LogEntry {
    let time = at(i64::try_from(seq).unwrap());
    let text = Masker::default().mask(text);
    LogEntry {
        target: Some(TargetName::parse("web-1").unwrap()),
        step: Some("unpack".into()),
        stage: Some("100%".into()),
        attempt: Some(1),
        stream: LogStream::Stdout,
        offset: Some(seq * 10),
        line: Some(seq + 1),
        host: Some(Arc::new(LogHost {
            address: "10.0.0.1".into(),
            port: Some(2222),
        })),
        ..LogEntry::new(
            Arc::new(context()),
            (id(action), seq),
            time,
            LogLevel::Detail,
            LogEvent::Output,
            text,
        )
    }
}

/// All of an action.
pub fn all(action: u8) -> LogQuery {
    LogQuery::of(id(action), 1000)
}

/// The first attempt of a step on `web-1`.
pub fn output_of(action: u8, step: &str) -> OutputOf {
    OutputOf {
        action: id(action),
        target: TargetName::parse("web-1").unwrap(),
        step: step.into(),
        attempt: 1,
    }
}

/// The query with these words.
pub fn with_words(query: LogQuery, words: &str) -> LogQuery {
    LogQuery {
        text: TextQuery::parse(words).unwrap(),
        ..query
    }
}

/// The numbers of the entries that a query finds.
pub async fn seqs(logs: &dyn LogStore, query: &LogQuery) -> Vec<u64> {
    let page = logs.page(query).await.unwrap();
    page.entries.iter().map(|entry| entry.seq).collect()
}
