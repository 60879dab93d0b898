//! What a script declares of a configuration key.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A key that a script reads: one entry of its `KEYS`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeySpec {
    /// The key.
    pub name: String,
    /// What its value must be.
    pub key_type: KeyType,
    /// Its value where nobody gives one.
    pub default: Option<Value>,
    /// It must be given by the environment, the project or the request.
    pub required: bool,
    /// A request may set it.
    pub overridable: bool,
    /// It holds `{"env": NAME}` or `{"file": PATH}`, never the value.
    pub secret: bool,
    /// What it is for.
    pub doc: String,
}

/// The type of a key's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyType {
    /// A JSON string.
    String,
    /// A JSON number without a fraction.
    Integer,
    /// A JSON number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A JSON array.
    List,
    /// A JSON object.
    Map,
    /// One of these strings.
    OneOf(Vec<String>),
}
