//! How long a step of a simulation takes, as its file says.

use serde::Deserialize;
use serde_json::Value;

/// Seconds: fixed, or from one to the other by the seed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Duration {
    Fixed(f64),
    Between([f64; 2]),
}

impl TryFrom<Value> for Duration {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        let fixed = value.as_f64().map(Self::Fixed);
        let between = || match value.as_array().map(Vec::as_slice) {
            Some([from, to]) => Some(Self::Between([from.as_f64()?, to.as_f64()?])),
            _ => None,
        };
        fixed
            .or_else(between)
            .ok_or("a duration is a number of seconds, or a list of two: from and to")
    }
}

impl Duration {
    /// From, to.
    pub fn bounds(self) -> (f64, f64) {
        match self {
            Self::Fixed(seconds) => (seconds, seconds),
            Self::Between([low, high]) => (low, high),
        }
    }
}
