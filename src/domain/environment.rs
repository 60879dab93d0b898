//! An environment: a kind of infrastructure, with default configuration and the script that interprets it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::name::Name;

/// A kind of infrastructure. Its file is `environments/<name>.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// The name that projects refer to.
    pub name: Name,
    /// The file name of the script under `scripts/`, for example `deploy.star`.
    pub script: String,
    /// Default configuration of every project in it.
    #[serde(default)]
    pub config: Map<String, Value>,
}
