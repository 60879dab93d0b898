//! The names of the indices, and when each is over.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp as Moment};

use crate::domain::log_entry::LogLevel;
use crate::domain::timestamp::Timestamp;

/// How the indices are named: `<prefix>-<level>-<period>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indices {
    /// What all names begin with.
    pub prefix: String,
    /// How often a new one begins.
    pub period: Period,
}

/// How often a new index begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// `edge-basic-2026.11.21`
    Day,
    /// `edge-basic-2026.11`
    Month,
}

const LEVELS: [LogLevel; 2] = [LogLevel::Basic, LogLevel::Detail];

impl Indices {
    /// The index of an entry of this level and moment: the same whenever it is written.
    #[must_use]
    pub fn of(&self, level: LogLevel, time: Timestamp) -> String {
        let date = Moment::from_millisecond(time.as_millis())
            .unwrap_or(Moment::UNIX_EPOCH)
            .to_zoned(TimeZone::UTC)
            .date();
        let (prefix, level) = (&self.prefix, level.as_str());
        match self.period {
            Period::Day => format!("{prefix}-{level}-{}", date.strftime("%Y.%m.%d")),
            Period::Month => format!("{prefix}-{level}-{}", date.strftime("%Y.%m")),
        }
    }

    /// What the names of all indices of a level match.
    #[must_use]
    pub fn pattern(&self, level: LogLevel) -> String {
        format!("{}-{}-*", self.prefix, level.as_str())
    }

    /// What the names of all indices match, with commas.
    #[must_use]
    pub fn patterns(&self) -> String {
        LEVELS.map(|level| self.pattern(level)).join(",")
    }

    /// The moment from which on no entry belongs to this index any more; none where its name is none of ours. Indices
    /// of the other period are ours as well: the setting may have been changed.
    #[must_use]
    pub fn over_at(&self, index: &str) -> Option<Timestamp> {
        let period = LEVELS.iter().find_map(|level| {
            index
                .strip_prefix(&self.prefix)?
                .strip_prefix('-')?
                .strip_prefix(level.as_str())?
                .strip_prefix('-')
        })?;
        let numbers: Vec<&str> = period.split('.').collect();
        let digits = |text: &str, length: usize| -> Option<i16> {
            (text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.parse().ok())
                .flatten()
        };
        let year = digits(numbers.first()?, 4)?;
        let month = i8::try_from(digits(numbers.get(1)?, 2)?).ok()?;
        let (begin, span) = match numbers.as_slice() {
            [_, _] => (Date::new(year, month, 1).ok()?, Span::new().months(1)),
            [_, _, day] => (
                Date::new(year, month, i8::try_from(digits(day, 2)?).ok()?).ok()?,
                Span::new().days(1),
            ),
            _ => return None,
        };
        let end = begin.checked_add(span).ok()?.to_zoned(TimeZone::UTC).ok()?;
        Some(Timestamp::from_millis(end.timestamp().as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Indices, Period};
    use crate::domain::log_entry::LogLevel;
    use crate::domain::timestamp::Timestamp;

    #[test]
    fn an_entry_has_one_index_for_ever_and_the_index_an_end() {
        let time: Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
        let end: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        for (period, name) in [
            (Period::Day, "my-edge-basic-2026.12.31"),
            (Period::Month, "my-edge-basic-2026.12"),
        ] {
            let indices = Indices {
                prefix: "my-edge".into(),
                period,
            };
            assert_eq!(indices.of(LogLevel::Basic, time), name);
            assert_eq!(indices.over_at(name), Some(end));
        }
    }

    #[test]
    fn no_other_name_is_ours() {
        let indices = Indices {
            prefix: "edge".into(),
            period: Period::Day,
        };
        assert!(indices.over_at("edge-detail-2026.02.28").is_some());
        for name in [
            "edge-detail-2026.02.30",
            "edge-detail-2026.2.3",
            "edge-detail-2026.02.28.01",
            "edge-detail-2026.02.28-000001",
            "edge-detail-",
            "edge-detail-2026",
            "edge-detailed-2026.02.28",
            "edge-audit-2026.02.28",
            "edgy-detail-2026.02.28",
            "other-edge-detail-2026.02.28",
            "",
        ] {
            assert_eq!(indices.over_at(name), None, "{name}");
        }
    }
}
