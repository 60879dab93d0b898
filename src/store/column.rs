//! Between domain values and columns: JSON text, milliseconds, words. What does not read back is `Corrupt`.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use crate::domain::action::ActionId;
use crate::domain::name::{Name, TargetName};
use crate::domain::timestamp::Timestamp;

/// A row being read: names the row in what is said about a column that cannot be read.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) table: &'static str,
    pub(super) key: &'a str,
}

impl Row<'_> {
    pub(super) fn corrupt(self, what: impl Into<String>) -> StoreError {
        StoreError::Corrupt {
            table: self.table,
            key: self.key.to_owned(),
            what: what.into(),
        }
    }

    pub(super) fn json<T: DeserializeOwned>(self, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| self.corrupt(error.to_string()))
    }

    pub(super) fn optional_json<T: DeserializeOwned>(
        self,
        text: Option<&str>,
    ) -> Result<Option<T>, StoreError> {
        text.map(|text| self.json(text)).transpose()
    }

    pub(super) fn action(self, text: &str) -> Result<ActionId, StoreError> {
        ActionId::parse(text).ok_or_else(|| self.corrupt(format!("`{text}` is not the id of an action")))
    }

    pub(super) fn name(self, text: &str) -> Result<Name, StoreError> {
        Name::parse(text).map_err(|error| self.corrupt(error.to_string()))
    }

    pub(super) fn target(self, text: &str) -> Result<TargetName, StoreError> {
        TargetName::parse(text).map_err(|error| self.corrupt(error.to_string()))
    }

    pub(super) fn count(self, number: i64) -> Result<u64, StoreError> {
        u64::try_from(number).map_err(|_| self.corrupt(format!("{number} counts nothing")))
    }
}

/// The JSON text of a value of ours.
///
/// # Panics
/// Never: the domain's values are plain data with string keys, which always have a JSON form.
pub(super) fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data has a JSON form")
}

pub(super) fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

pub(super) fn millis(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_millis)
}

/// A count as a column holds it. Counts of ours stay far below the limit.
pub(super) fn big(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Refuses what PostgreSQL cannot keep as text, on SQLite too, so that both answer alike.
pub(super) fn plain(what: &'static str, text: &str) -> Result<(), StoreError> {
    if text.contains('\0') {
        Err(StoreError::Unstorable(what))
    } else {
        Ok(())
    }
}
