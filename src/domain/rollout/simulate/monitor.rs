//! The made-up monitor that a simulation's analyses ask.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::analysis::{Measurement, Metric};
use crate::domain::plan::{Plan, Stage};

use super::scenario::SimulationError;

/// What the metrics give: the same for all, or the numbers of each by its name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    untagged,
    expecting = "`analysis` must be a word (pass, fail, inconclusive or unreachable), or a list of numbers for each metric by its name"
)]
pub(super) enum Monitor {
    Word(Word),
    /// The answers one after another; the last one for ever. A metric that is not named is good.
    Numbers(BTreeMap<String, Vec<Reading>>),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Word {
    #[default]
    Pass,
    Fail,
    Inconclusive,
    Unreachable,
}

/// A number, `null` for no data, or the word `unreachable`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Reading {
    Number(f64),
    Word(ReadingWord),
    None(()),
}

impl TryFrom<Value> for Reading {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        match value {
            Value::Null => Ok(Self::None(())),
            Value::String(word) if word == "unreachable" => Ok(Self::Word(ReadingWord::Unreachable)),
            value => value
                .as_f64()
                .map(Self::Number)
                .ok_or("a reading is a number, null or \"unreachable\""),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReadingWord {
    Unreachable,
}

impl Default for Monitor {
    fn default() -> Self {
        Self::Word(Word::default())
    }
}

impl Monitor {
    pub fn check(&self) -> Result<(), SimulationError> {
        match self {
            Self::Word(_) => Ok(()),
            Self::Numbers(metrics) => match metrics.iter().find(|(_, readings)| readings.is_empty()) {
                Some((metric, _)) => Err(SimulationError::new(
                    &format!("analysis.{metric}"),
                    "has no reading: give numbers, `null` or \"unreachable\"",
                )),
                None => Ok(()),
            },
        }
    }

    /// A name that no stage of the plan measures is a mistake.
    pub fn check_names(&self, plan: &Plan) -> Result<(), SimulationError> {
        let Self::Numbers(readings) = self else {
            return Ok(());
        };
        let measured = |name: &str| {
            let mut metrics = plan.stages.iter().flat_map(Stage::metrics);
            metrics.any(|metric| metric.name == name)
        };
        match readings.keys().find(|name| !measured(name)) {
            Some(unknown) => Err(SimulationError::new(
                &format!("analysis.{unknown}"),
                "is measured by no stage",
            )),
            None => Ok(()),
        }
    }

    /// The answer to the question of this number, from 1.
    pub fn answer(&self, metric: &Metric, measurement: u32) -> Measurement {
        let word = match self {
            Self::Word(word) => *word,
            Self::Numbers(metrics) => {
                let readings = metrics.get(&metric.name).map_or(&[][..], Vec::as_slice);
                let place = (measurement.max(1) - 1) as usize;
                match readings.get(place).or(readings.last()) {
                    Some(Reading::Number(value)) => return Measurement::of(*value),
                    Some(Reading::None(())) => Word::Inconclusive,
                    Some(Reading::Word(ReadingWord::Unreachable)) => Word::Unreachable,
                    None => Word::Pass,
                }
            }
        };
        match word {
            Word::Pass => Measurement::of(metric.success.example(true)),
            Word::Fail => Measurement::of(metric.success.example(false)),
            Word::Inconclusive => Measurement::NoData {
                detail: "the simulation has none".to_owned(),
            },
            Word::Unreachable => Measurement::Unreachable {
                detail: "the simulation says so".to_owned(),
            },
        }
    }
}

/// What is measured where the file's gates say `analysis` and its `config` defines none: the word of the
/// file's `analysis` is all that matters then.
pub(super) fn with_a_metric(config: &Map<String, Value>) -> Map<String, Value> {
    let mut config = config.clone();
    config
        .entry("analysis")
        .or_insert_with(|| json!([{"name": "simulated", "command": {"run": "true"}, "success": "== 0"}]));
    config
}
