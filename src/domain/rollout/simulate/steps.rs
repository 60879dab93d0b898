//! The steps of a simulated host.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use super::scenario::SimulationError;

/// What a script may ask for, a simulation may.
const MOST_RETRIES: u32 = 100;
const GREATEST_BACKOFF: u32 = 10;
/// Of a delay or a timeout: 31 days.
const LONGEST_SECONDS: u64 = 31 * 24 * 3600;

#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Value")]
pub(super) struct ScenarioStep {
    pub name: String,
    pub retries: u32,
    pub retry_delay_seconds: u64,
    pub retry_backoff: u32,
    pub timeout_seconds: u64,
    pub idempotent: bool,
    pub always: bool,
    pub once: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct StepFields {
    name: String,
    #[serde(default)]
    retries: u32,
    #[serde(default)]
    retry_delay_seconds: u64,
    #[serde(default)]
    retry_backoff: Option<u32>,
    #[serde(default)]
    timeout_seconds: Option<u64>,
    #[serde(default)]
    idempotent: bool,
    #[serde(default)]
    always: bool,
    #[serde(default)]
    once: bool,
}

impl TryFrom<Value> for ScenarioStep {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::String(name) => Ok(Self::named(&name)),
            Value::Object(_) => serde_json::from_value::<StepFields>(value)
                .map(Self::from)
                .map_err(|error| format!("`steps`: {error}")),
            other => Err(format!(
                "a step is a name or an object such as {{\"name\": \"install\"}}, not {other}"
            )),
        }
    }
}

impl From<StepFields> for ScenarioStep {
    fn from(fields: StepFields) -> Self {
        Self {
            timeout_seconds: fields.timeout_seconds.unwrap_or(600),
            name: fields.name,
            retries: fields.retries,
            retry_delay_seconds: fields.retry_delay_seconds,
            retry_backoff: fields.retry_backoff.unwrap_or(1),
            idempotent: fields.idempotent,
            always: fields.always,
            once: fields.once,
        }
    }
}

impl ScenarioStep {
    fn named(name: &str) -> Self {
        Self::from(StepFields {
            name: name.to_owned(),
            ..StepFields::default()
        })
    }

    fn check(&self) -> Result<(), SimulationError> {
        let wrong = |field: &str, message: String| {
            Err(SimulationError::new(
                &format!("steps.{}.{field}", self.name),
                message,
            ))
        };
        if self.retries > MOST_RETRIES {
            return wrong(
                "retries",
                format!("{} are absurd: at most {MOST_RETRIES}", self.retries),
            );
        }
        if !(1..=GREATEST_BACKOFF).contains(&self.retry_backoff) {
            let message = format!("must be from 1 to {GREATEST_BACKOFF}, not {}", self.retry_backoff);
            return wrong("retry_backoff", message);
        }
        if self.retry_delay_seconds > LONGEST_SECONDS {
            let message = format!(
                "{} seconds are absurd: at most {LONGEST_SECONDS} (31 days)",
                self.retry_delay_seconds
            );
            return wrong("retry_delay_seconds", message);
        }
        if !(1..=LONGEST_SECONDS).contains(&self.timeout_seconds) {
            let message = format!(
                "must be from 1 to {LONGEST_SECONDS} (31 days), not {}",
                self.timeout_seconds
            );
            return wrong("timeout_seconds", message);
        }
        Ok(())
    }
}

/// There is a step, each has a name of its own, and no number is absurd.
pub(super) fn check(steps: &[ScenarioStep]) -> Result<(), SimulationError> {
    let wrong = |message: String| Err(SimulationError::new("steps", message));
    if steps.is_empty() {
        return wrong("there is none".to_owned());
    }
    let mut seen = HashSet::new();
    for step in steps {
        if step.name.trim().is_empty() {
            return wrong("a step wants a name".to_owned());
        }
        if !seen.insert(&step.name) {
            return wrong(format!("`{}` is named twice", step.name));
        }
        step.check()?;
    }
    Ok(())
}

/// Out, install, check, in.
pub(super) fn usual() -> Vec<ScenarioStep> {
    ["pool_out", "install", "check", "pool_in"]
        .map(ScenarioStep::named)
        .to_vec()
}
