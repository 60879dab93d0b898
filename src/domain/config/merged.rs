//! The merged configuration of one action.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::KeySpec;
use crate::domain::plan::secret_placeholder;

/// Configuration after merging: environment, overridden by project, overridden by the request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MergedConfig {
    /// The value of each key. A secret's value is its reference, never the secret.
    pub values: BTreeMap<String, Value>,
    /// Where each value comes from.
    pub origins: BTreeMap<String, Origin>,
    /// The keys declared secret.
    pub secrets: Vec<String>,
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The script's default.
    Default,
    /// The space.
    Space,
    /// The environment.
    Environment,
    /// The project.
    Project,
    /// The request.
    Request,
}

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ConfigError {
    /// The key at fault.
    pub key: String,
    /// What is wrong and what would be right, in words.
    pub message: String,
}

impl MergedConfig {
    /// What a script sees as `ctx.config`: a secret is its placeholder, a declared key that nobody gives is null.
    #[must_use]
    pub fn for_script(&self, keys: &[KeySpec]) -> Map<String, Value> {
        let declared = keys.iter().map(|spec| (spec.name.clone(), Value::Null));
        let given = self.values.iter().map(|(key, value)| {
            let value = if self.secrets.contains(key) {
                Value::String(secret_placeholder(key))
            } else {
                value.clone()
            };
            (key.clone(), value)
        });
        declared.chain(given).collect()
    }
}
