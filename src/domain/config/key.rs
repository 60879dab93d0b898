//! What a script declares of a configuration key.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{nearest, word_for};

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

impl KeyType {
    /// The type that a script writes as this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "string" => Self::String,
            "integer" => Self::Integer,
            "number" => Self::Number,
            "boolean" => Self::Boolean,
            "list" => Self::List,
            "map" => Self::Map,
            _ => return None,
        })
    }

    /// What is wanted, in words.
    #[must_use]
    pub fn wanted(&self) -> String {
        match self {
            Self::String => "a string".to_owned(),
            Self::Integer => "an integer".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Boolean => "a boolean".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Map => "a map".to_owned(),
            Self::OneOf(words) => {
                let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
                format!("one of {}", words.join(", "))
            }
        }
    }

    /// Looks whether `value` is one.
    ///
    /// # Errors
    /// What is wanted and what was given, in words.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let fits = match self {
            Self::String => value.is_string(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Number => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Map => value.is_object(),
            Self::OneOf(words) => {
                return match value.as_str() {
                    Some(word) if words.iter().any(|known| known == word) => Ok(()),
                    Some(word) => {
                        let hint = nearest(word, words.iter().map(String::as_str))
                            .map_or_else(String::new, |known| format!(". Did you mean \"{known}\"?"));
                        Err(format!("wants {}, not \"{word}\"{hint}", self.wanted()))
                    }
                    None => Err(format!("wants {}, not {}", self.wanted(), word_for(value))),
                };
            }
        };
        if fits {
            Ok(())
        } else {
            Err(format!("wants {}, not {}", self.wanted(), word_for(value)))
        }
    }

    /// The same as a JSON Schema.
    #[must_use]
    pub fn schema(&self) -> Value {
        match self {
            Self::String => json!({"type": "string"}),
            Self::Integer => json!({"type": "integer"}),
            Self::Number => json!({"type": "number"}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::List => json!({"type": "array"}),
            Self::Map => json!({"type": "object"}),
            Self::OneOf(words) => json!({"enum": words}),
        }
    }
}
