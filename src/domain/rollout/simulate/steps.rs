//! The steps of a simulated host.

use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(from = "StepEntry")]
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

#[derive(Deserialize)]
#[serde(untagged)]
enum StepEntry {
    Name(String),
    Full(StepFields),
}

#[derive(Deserialize)]
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

impl From<StepEntry> for ScenarioStep {
    fn from(entry: StepEntry) -> Self {
        let fields = match entry {
            StepEntry::Full(fields) => fields,
            StepEntry::Name(name) => StepFields {
                name,
                retries: 0,
                retry_delay_seconds: 0,
                retry_backoff: None,
                timeout_seconds: None,
                idempotent: false,
                always: false,
                once: false,
            },
        };
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

/// Out, install, check, in.
pub(super) fn usual() -> Vec<ScenarioStep> {
    ["pool_out", "install", "check", "pool_in"]
        .map(|name| StepEntry::Name(name.to_owned()).into())
        .to_vec()
}
