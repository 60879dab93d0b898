//! Log entries to write and to find.

use edgewise::app::ports::{LogQuery, LogSearch, LogSink};
use edgewise::domain::action::ActionId;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::mask::Masker;
use edgewise::domain::name::TargetName;
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

/// A line of standard output of step `unpack` on `web-1`.
pub fn line(action: u8, seq: u64, text: &str) -> LogEntry {
    LogEntry {
        action: id(action),
        seq,
        time: at(i64::try_from(seq).unwrap()),
        level: LogLevel::Detail,
        target: Some(TargetName::parse("web-1").unwrap()),
        step: Some("unpack".into()),
        stage: Some("100%".into()),
        stream: LogStream::Stdout,
        text: Masker::default().mask(text),
        outcome: None,
        exit_code: None,
        offset: Some(seq * 10),
    }
}

/// All of an action.
pub fn all(action: u8) -> LogQuery {
    LogQuery {
        action: id(action),
        level: None,
        target: None,
        step: None,
        text: None,
        after: None,
        limit: 1000,
    }
}

/// The numbers of the entries that a query finds.
pub async fn seqs(logs: &dyn LogStore, query: &LogQuery) -> Vec<u64> {
    logs.page(query)
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.seq)
        .collect()
}
