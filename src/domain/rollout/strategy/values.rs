//! The kinds of values that rollout keys have: amounts, seconds, flags, words, lists of names.

use serde_json::Value;

use super::{StrategyError, suggestion};

/// No number of seconds in a rollout is longer than this: 31 days.
const LONGEST_SECONDS: u64 = 31 * 24 * 3600;
/// No count in a rollout is greater than this.
const GREATEST_COUNT: u64 = 1_000_000;

/// A count, or a percentage of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Amount {
    Count(u32),
    Percent(u32),
}

impl Amount {
    /// So many of `whole`, a percentage rounded down.
    pub fn of(self, whole: usize) -> u32 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (whole as u64 * u64::from(percent) / 100) as u32,
        }
    }

    pub fn parse(key: &str, text: &str) -> Result<Self, StrategyError> {
        let wrong = |why: &str| StrategyError::new(key, format!("`{text}` {why}"));
        let (digits, percent) = match text.strip_suffix('%') {
            Some(digits) => (digits.trim(), true),
            None => (text, false),
        };
        let number: u64 = digits
            .parse()
            .map_err(|_| wrong("is neither a whole number such as 2 nor a percentage such as 20%"))?;
        match (percent, number) {
            (true, 0..=100) => Ok(Self::Percent(number as u32)),
            (true, _) => Err(wrong("is more than all: a percentage goes to 100%")),
            (false, 0..=GREATEST_COUNT) => Ok(Self::Count(number as u32)),
            (false, _) => Err(wrong("is absurd: at most 1000000")),
        }
    }

    pub fn read(key: &str, value: &Value) -> Result<Self, StrategyError> {
        match value {
            Value::String(text) => Self::parse(key, text.trim()),
            other => Self::parse(key, &other.to_string()),
        }
    }
}

pub(super) fn read_seconds(key: &str, value: &Value) -> Result<u64, StrategyError> {
    match value.as_u64() {
        Some(seconds) if seconds <= LONGEST_SECONDS => Ok(seconds),
        Some(seconds) => Err(StrategyError::new(
            key,
            format!("{seconds} seconds are absurd: at most {LONGEST_SECONDS} (31 days)"),
        )),
        None => Err(StrategyError::new(
            key,
            format!("must be a whole number of seconds, 0 or more, not {value}"),
        )),
    }
}

/// A deadline of nothing could never be met.
pub(super) fn limit(seconds: Option<u64>, key: &str) -> Result<Option<u64>, StrategyError> {
    match seconds {
        Some(0) => Err(StrategyError::new(
            key,
            "must be at least 1 second; leave it out for no limit",
        )),
        other => Ok(other),
    }
}

/// A count or percentage that lets at least one through.
pub(super) fn read_window(key: &str, value: &Value) -> Result<Amount, StrategyError> {
    match Amount::read(key, value)? {
        Amount::Count(0) | Amount::Percent(0) => Err(StrategyError::new(
            key,
            "must be at least 1 (or 1%): with 0 nothing could ever start",
        )),
        amount => Ok(amount),
    }
}

pub(super) fn read_flag(key: &str, value: &Value) -> Result<bool, StrategyError> {
    value
        .as_bool()
        .ok_or_else(|| StrategyError::new(key, format!("must be true or false, not {value}")))
}

pub(super) fn read_word<T: Copy>(key: &str, value: &Value, words: &[(&str, T)]) -> Result<T, StrategyError> {
    let known = || words.iter().map(|(word, _)| *word);
    let found = value
        .as_str()
        .and_then(|text| words.iter().find(|(word, _)| *word == text));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let near = value
            .as_str()
            .map_or(String::new(), |text| suggestion(text, known()));
        StrategyError::new(
            key,
            format!(
                "must be one of {}, not {value}{near}",
                known().collect::<Vec<_>>().join(", ")
            ),
        )
    })
}

pub(super) fn word<T: Copy>(
    value: Option<&Value>,
    key: &str,
    words: &[(&str, T)],
    default: T,
) -> Result<T, StrategyError> {
    value.map_or(Ok(default), |value| read_word(key, value, words))
}

pub(super) fn names(key: &str, value: &Value) -> Result<Vec<String>, StrategyError> {
    let wrong = || StrategyError::new(key, format!("must be a list of names, not {value}"));
    let items = value.as_array().ok_or_else(wrong)?;
    items
        .iter()
        .map(|item| item.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}
