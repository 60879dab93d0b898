//! A moment in time, as a value that was handed in: the domain never asks a clock.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Milliseconds since the Unix epoch, in UTC. Written as RFC 3339 with milliseconds
/// (`2026-11-21T02:36:50.123Z`) wherever a person or another program reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// A text that is no RFC 3339 moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time as RFC 3339 writes it, for example 2026-11-21T02:36:50.123Z")]
pub struct NotATimestamp(pub String);

impl Timestamp {
    /// The moment this many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// The moment `seconds` later; stays at the end of time instead of wrapping round.
    #[must_use]
    pub const fn plus_seconds(self, seconds: u64) -> Self {
        self.plus_millis(if seconds > i64::MAX as u64 / 1000 {
            i64::MAX as u64
        } else {
            seconds * 1000
        })
    }

    /// The moment `millis` later; stays at the end of time instead of wrapping round.
    #[must_use]
    pub const fn plus_millis(self, millis: u64) -> Self {
        let millis = if millis > i64::MAX as u64 {
            i64::MAX
        } else {
            millis as i64
        };
        Self(self.0.saturating_add(millis))
    }

    /// The day it is on, in UTC: `YYYY-MM-DD`.
    #[must_use]
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }

    /// Milliseconds from `earlier` to this moment; 0 where `earlier` is later.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> u64 {
        let span = self.0.saturating_sub(earlier.0);
        if span < 0 { 0 } else { span as u64 }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            // Outside the years jiff knows; still unambiguous, and never a panic.
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse::<jiff::Timestamp>()
            .map(|moment| Self(moment.as_millisecond()))
            .map_err(|_| NotATimestamp(text.to_owned()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn is_written_in_utc_with_milliseconds_and_read_back() {
        let moment = Timestamp::from_millis(1_795_228_610_007);
        assert_eq!(moment.to_string(), "2026-11-21T02:36:50.007Z");
        assert_eq!("2026-11-21T02:36:50.007Z".parse(), Ok(moment));
        assert_eq!("2026-11-21T03:36:50.007+01:00".parse(), Ok(moment));
    }

    #[test]
    fn arithmetic_stays_within_time() {
        let end = Timestamp::from_millis(i64::MAX);
        assert_eq!(end.plus_seconds(u64::MAX), end);
        assert_eq!(Timestamp::from_millis(5).millis_since(end), 0);
    }
}
