//! What a measured number must be: `<= 0.05`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A comparison with a number. Written as text: `<= 0.05`, `>99`, `== 0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    comparison: Comparison,
    /// Finite.
    threshold: f64,
}

/// The threshold is never NaN.
impl Eq for Condition {}

/// How the number is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Other,
}

/// A text that is no condition.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// It does not begin with a comparison.
    #[error("`{0}` begins with no comparison: write one of < <= > >= == != and a number, such as `<= 0.05`")]
    Comparison(String),
    /// What follows the comparison is not a finite number.
    #[error("`{0}` compares with no number: write one of < <= > >= == != and a number, such as `<= 0.05`")]
    Number(String),
}

/// The longer words first: `<` begins `<=` too.
const WORDS: [(&str, Comparison); 6] = [
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("==", Comparison::Equal),
    ("!=", Comparison::Other),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

impl Condition {
    /// Whether a number is as it must be. NaN never is.
    #[must_use]
    #[expect(clippy::float_cmp, reason = "that is what the words `==` and `!=` ask for")]
    pub fn holds(self, value: f64) -> bool {
        match self.comparison {
            Comparison::Less => value < self.threshold,
            Comparison::AtMost => value <= self.threshold,
            Comparison::Greater => value > self.threshold,
            Comparison::AtLeast => value >= self.threshold,
            Comparison::Equal => value == self.threshold,
            Comparison::Other => !value.is_nan() && value != self.threshold,
        }
    }

    /// A number that is as it must be, or one that is not.
    #[must_use]
    pub fn example(self, good: bool) -> f64 {
        // The threshold is finite, so one of these is on either side of every comparison.
        let tried = [self.threshold, f64::INFINITY, f64::NEG_INFINITY];
        let found = tried.into_iter().find(|value| self.holds(*value) == good);
        found.unwrap_or(self.threshold)
    }
}

impl FromStr for Condition {
    type Err = ConditionError;

    fn from_str(text: &str) -> Result<Self, ConditionError> {
        let trimmed = text.trim();
        let (rest, comparison) = WORDS
            .iter()
            .find_map(|(word, comparison)| Some((trimmed.strip_prefix(word)?, *comparison)))
            .ok_or_else(|| ConditionError::Comparison(text.to_owned()))?;
        match rest.trim().parse::<f64>() {
            Ok(threshold) if threshold.is_finite() => Ok(Self {
                comparison,
                threshold,
            }),
            _ => Err(ConditionError::Number(text.to_owned())),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS
            .iter()
            .find(|(_, comparison)| *comparison == self.comparison);
        write!(f, "{} {}", word.map_or("", |(word, _)| word), self.threshold)
    }
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Condition;

    #[test]
    fn a_comparison_with_a_number_is_read_and_written() {
        for (text, written, good, bad) in [
            ("<= 0.05", "<= 0.05", 0.05, 0.0501),
            ("<0.05", "< 0.05", 0.049, 0.05),
            (" >=  99.9 ", ">= 99.9", 99.9, 99.8),
            (">99", "> 99", f64::INFINITY, 99.0),
            ("== 0", "== 0", -0.0, 1.0),
            ("!= -1e3", "!= -1000", 5.0, -1000.0),
        ] {
            let condition: Condition = text.parse().unwrap();
            assert_eq!(condition.to_string(), written);
            assert_eq!(written.parse(), Ok(condition), "what is written is read again");
            assert!(condition.holds(good) && !condition.holds(bad), "{text}");
            assert!(!condition.holds(f64::NAN), "{text}");
            assert!(condition.holds(condition.example(true)) && !condition.holds(condition.example(false)));
            let json = serde_json::to_value(condition).unwrap();
            assert_eq!(json, written);
            assert_eq!(serde_json::from_value::<Condition>(json).unwrap(), condition);
        }
    }

    #[test]
    fn anything_else_says_what_would_be_right() {
        for text in [
            "",
            "0.05",
            "=< 1",
            "= 1",
            "<=",
            "<= five",
            "< 5%",
            "<= inf",
            "> NaN",
            "< 1 && > 0",
            "result < 1",
        ] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains("`<= 0.05`"), "{error}");
        }
    }
}
