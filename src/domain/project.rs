//! A project: the deployed thing.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name::Name;

/// What is deployed: belongs to one space and one environment, overrides the configuration.
/// Its file is `projects/<space>/<name>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// The name in URLs, unique within the space.
    pub name: Name,
    /// The environment it lives in.
    pub environment: Name,
    /// Configuration of its own; each top-level key replaces the environment's.
    #[serde(default)]
    pub config: Map<String, Value>,
}
