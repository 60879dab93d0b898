//! The gate of a stage, as it is written.

use serde_json::Value;

use crate::domain::analysis::Analysis;
use crate::domain::plan::Gate;

use super::StrategyError;
use super::values::read_word;

const GATES: [(&str, Gate); 3] = [
    ("none", Gate::None),
    ("approval", Gate::Approval),
    ("analysis", Gate::Analysis),
];

/// `"none"`, `"approval"`, `"analysis"`, or `{"analysis": ...}` with a definition of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GateKey {
    pub gate: Gate,
    own: Option<Analysis>,
}

impl GateKey {
    pub const NONE: Self = Self {
        gate: Gate::None,
        own: None,
    };

    pub fn read(key: &str, value: &Value) -> Result<Self, StrategyError> {
        let Value::Object(fields) = value else {
            return Ok(Self {
                gate: read_word(key, value, &GATES)?,
                own: None,
            });
        };
        match (fields.get("analysis"), fields.len()) {
            (Some(definition), 1) => Ok(Self {
                gate: Gate::Analysis,
                own: Some(read_analysis(key, definition)?),
            }),
            _ => Err(StrategyError::new(
                key,
                "as an object has the key `analysis` alone, with a list of metrics",
            )),
        }
    }

    /// What is measured: its own definition, else that of the whole rollout.
    pub fn analysis(&self, whole: Option<&Analysis>) -> Result<Option<Analysis>, StrategyError> {
        match (self.gate, self.own.as_ref().or(whole)) {
            (Gate::None | Gate::Approval, _) => Ok(None),
            (Gate::Analysis, Some(analysis)) => Ok(Some(analysis.clone())),
            (Gate::Analysis, None) => Err(StrategyError::new(
                "analysis",
                "is needed, since a gate is `analysis`: a list of metrics with `name`, `prometheus`, `http` or \
                 `command`, and `success`",
            )),
        }
    }
}

pub(super) fn read_analysis(key: &str, value: &Value) -> Result<Analysis, StrategyError> {
    Analysis::read(value).map_err(|error| StrategyError::new(key, error.to_string()))
}
