//! Where log entries go, where they are read, and where the log forgets.

use std::collections::HashMap;

use async_trait::async_trait;

use super::StreamOffsets;
use crate::domain::action::ActionId;
use crate::domain::log_entry::{LogEntry, LogLevel, LogStream};
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::output_limit::Amount;
use crate::domain::text_query::TextQuery;
use crate::domain::timestamp::Timestamp;

/// Where log entries go.
#[async_trait]
pub trait LogSink: Send + Sync {
    /// Keeps these entries, all or none. Entries with the same action and `seq` are the same entry:
    /// writing one again changes nothing.
    async fn write(&self, entries: &[LogEntry]) -> Result<(), LogError>;
}

/// Where log entries are read. Everything that a sink was given before is found, once it can be searched there.
#[async_trait]
pub trait LogSearch: Send + Sync {
    /// A page of entries in the query's order.
    async fn page(&self, query: &LogQuery) -> Result<LogPage, LogError>;
    /// The same for one who follows an action that runs in this process: what this process wrote is always found, also while the
    /// place where people read the log is down.
    async fn followed(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        self.page(query).await
    }
    /// The highest `seq` of an action; none where it has no entry.
    async fn last_seq(&self, action: ActionId) -> Result<Option<u64>, LogError>;
    /// How much of what programs wrote the log has of each target of an action. A store that cannot tell says nothing.
    async fn said(&self, action: ActionId) -> Result<HashMap<TargetName, Amount>, LogError> {
        let _ = action;
        Ok(HashMap::new())
    }
    /// How far the output of an attempt of a step has been logged.
    async fn output_read(&self, of: &OutputOf) -> Result<OutputRead, LogError>;
}

/// Where the log forgets what is old.
#[async_trait]
pub trait LogKeeper: Send + Sync {
    /// Forgets actions whose latest entry is older than `not_before`, and the oldest ones where all entries together take
    /// up more than `max_bytes`, but never those of `live`; says how many. Repeating it is harmless.
    async fn forget(
        &self,
        not_before: Timestamp,
        max_bytes: u64,
        live: &[ActionId],
    ) -> Result<usize, LogError>;
}

/// Which entries to read, in which order, and from where on. An unset field does not restrict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogQuery {
    /// Of this action.
    pub action: ActionId,
    /// Of this level only.
    pub level: Option<LogLevel>,
    /// Of this target.
    pub target: Option<String>,
    /// Of this step.
    pub step: Option<String>,
    /// Of targets of this stage.
    pub stage: Option<String>,
    /// That tell of something which ended so.
    pub outcome: Option<Outcome>,
    /// From this stream.
    pub stream: Option<LogStream>,
    /// Whose text matches.
    pub text: Option<TextQuery>,
    /// Of this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
    /// In which order.
    pub order: LogOrder,
    /// Only those that come after this `seq` in the order: greater ones oldest first, lesser ones newest first.
    pub after: Option<u64>,
    /// At most so many, from 1.
    pub limit: u32,
}

impl LogQuery {
    /// The first entries of an action.
    #[must_use]
    pub fn of(action: ActionId, limit: u32) -> Self {
        Self {
            action,
            level: None,
            target: None,
            step: None,
            stage: None,
            outcome: None,
            stream: None,
            text: None,
            from: None,
            until: None,
            order: LogOrder::OldestFirst,
            after: None,
            limit,
        }
    }

    /// Whether an entry of the action is one of those asked for, as far as its own fields say.
    #[must_use]
    pub fn matches(&self, entry: &LogEntry) -> bool {
        fn is<T: PartialEq>(wanted: Option<&T>, found: Option<&T>) -> bool {
            wanted.is_none() || wanted == found
        }
        is(self.level.as_ref(), Some(&entry.level))
            && self.target.as_deref().is_none_or(|wanted| {
                entry
                    .target
                    .as_ref()
                    .is_some_and(|target| target.as_str() == wanted)
            })
            && is(self.step.as_ref(), entry.step.as_ref())
            && is(self.stage.as_ref(), entry.stage.as_ref())
            && is(self.outcome.as_ref(), entry.outcome.as_ref())
            && is(self.stream.as_ref(), Some(&entry.stream))
            && self.from.is_none_or(|from| entry.time >= from)
            && self.until.is_none_or(|until| entry.time < until)
            && self
                .text
                .as_ref()
                .is_none_or(|text| text.matches(entry.text.as_str()))
    }
}

/// In which order entries come: by `seq`, which is the order they were said in, whatever the clock did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LogOrder {
    /// As they happened.
    #[default]
    OldestFirst,
    /// The other way round.
    NewestFirst,
}

/// Some entries, and where to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogPage {
    /// The entries, in the query's order.
    pub entries: Vec<LogEntry>,
    /// The `after` of the next page; none where nothing more was there when this one was read.
    pub next: Option<u64>,
}

/// Which output: of one attempt of a step on a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputOf {
    /// The action.
    pub action: ActionId,
    /// On which target.
    pub target: TargetName,
    /// The step, as the log names it.
    pub step: String,
    /// From 1.
    pub attempt: u32,
}

/// How far output has been logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputRead {
    /// Bytes of each stream.
    pub bytes: StreamOffsets,
    /// Lines of standard output.
    pub stdout_lines: u64,
    /// Lines of standard error.
    pub stderr_lines: u64,
    /// Its last line of standard output ends with something hidden, or stands for lines that are left out: what is hidden may
    /// go on behind it.
    pub stdout_hidden: bool,
    /// The same of standard error.
    pub stderr_hidden: bool,
}

impl OutputRead {
    /// From where on it is to be read again: from the beginning where only that shows what is to be hidden.
    #[must_use]
    pub fn resume(&self) -> StreamOffsets {
        StreamOffsets {
            stdout: if self.stdout_hidden { 0 } else { self.bytes.stdout },
            stderr: if self.stderr_hidden { 0 } else { self.bytes.stderr },
        }
    }
}

/// A log store that failed.
#[derive(Debug, thiserror::Error)]
#[error("log store: {0}")]
pub struct LogError(pub String);
