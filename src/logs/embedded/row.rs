//! The row of an entry.

use diesel::{Insertable, Queryable, QueryableByName, Selectable};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error as WordError, StringDeserializer};

use super::EmbeddedLogError;
use super::schema::entries;
use crate::domain::action::ActionId;
use crate::domain::log_entry::LogEntry;
use crate::domain::name::TargetName;
use crate::domain::timestamp::Timestamp;

/// How many bits of an entry's number are its `seq`: 68 thousand million entries an action, and 134 million actions.
const SEQ_BITS: u32 = 36;

/// The number of an entry; none where `seq` is too great to have one.
pub(super) fn number(action: i64, seq: u64) -> Option<i64> {
    let seq = i64::try_from(seq).ok().filter(|seq| *seq < 1 << SEQ_BITS)?;
    // The number after the action's last must fit too.
    let end = action.checked_add(1)?.checked_mul(1 << SEQ_BITS)?;
    Some(end - (1 << SEQ_BITS) + seq)
}

/// The `seq` of the entry of this number.
pub(super) fn seq(number: i64) -> u64 {
    (number & ((1 << SEQ_BITS) - 1)).unsigned_abs()
}

/// The numbers that entries of an action may have: the first, and the one after the last.
pub(super) fn numbers(action: i64) -> (i64, i64) {
    let first = action << SEQ_BITS;
    (first, first.saturating_add(1 << SEQ_BITS))
}

#[derive(Queryable, QueryableByName, Selectable, Insertable)]
#[diesel(table_name = entries, treat_none_as_default_value = false)]
pub(super) struct EntryRow {
    pub(super) number: i64,
    pub(super) action: i64,
    pub(super) time: i64,
    level: String,
    target: Option<String>,
    step: Option<String>,
    stage: Option<String>,
    stream: String,
    pub(super) text: String,
    outcome: Option<String>,
    exit_code: Option<i32>,
    byte_offset: Option<i64>,
}

impl EntryRow {
    /// The row of an entry of the action with this number in the file.
    pub(super) fn of(action: i64, entry: &LogEntry) -> Result<Self, EmbeddedLogError> {
        Ok(Self {
            number: number(action, entry.seq).ok_or(EmbeddedLogError::TooManyEntries(entry.seq))?,
            action,
            time: entry.time.as_millis(),
            level: entry.level.as_str().to_owned(),
            target: entry.target.as_ref().map(ToString::to_string),
            step: entry.step.clone(),
            stage: entry.stage.clone(),
            stream: entry.stream.as_str().to_owned(),
            text: entry.text.as_str().to_owned(),
            outcome: entry.outcome.map(|outcome| outcome.as_str().to_owned()),
            exit_code: entry.exit_code,
            byte_offset: entry
                .offset
                .map(|offset| i64::try_from(offset).unwrap_or(i64::MAX)),
        })
    }

    pub(super) fn read(self, action: ActionId) -> Result<LogEntry, EmbeddedLogError> {
        let (number, seq) = (self.action, seq(self.number));
        let corrupt = |what: String| EmbeddedLogError::Corrupt {
            action: number,
            seq,
            what,
        };
        Ok(LogEntry {
            action,
            seq,
            time: Timestamp::from_millis(self.time),
            level: word(self.level).map_err(corrupt)?,
            target: self
                .target
                .map(|target| TargetName::parse(&target))
                .transpose()
                .map_err(|error| corrupt(error.to_string()))?,
            step: self.step,
            stage: self.stage,
            stream: word(self.stream).map_err(corrupt)?,
            // It was masked when it was written; no other text comes into this table.
            text: word(self.text).map_err(corrupt)?,
            outcome: self.outcome.map(word).transpose().map_err(corrupt)?,
            exit_code: self.exit_code,
            offset: self.byte_offset.map(i64::unsigned_abs),
        })
    }
}

/// The value whose JSON form is this string.
fn word<'de, T: Deserialize<'de>>(text: String) -> Result<T, String> {
    let deserializer: StringDeserializer<WordError> = text.into_deserializer();
    T::deserialize(deserializer).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{number, numbers, seq};

    #[test]
    fn a_number_is_an_action_and_a_seq() {
        for (action, at) in [(1, 0), (1, 5), (7, (1 << 36) - 1), ((1 << 27) - 2, 3)] {
            let number = number(action, at).unwrap();
            let (first, end) = numbers(action);
            assert!((first..end).contains(&number), "{action} {at}");
            assert_eq!(seq(number), at);
        }
        assert_eq!(number(1, 1 << 36), None);
        assert_eq!(number((1 << 27) - 1, 0), None);
    }
}
