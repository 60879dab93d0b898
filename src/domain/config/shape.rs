//! What the value of a key that every script knows must look like.

use serde_json::{Value, json};

use super::nearest;
use crate::domain::analysis::Analysis;
use crate::domain::notice::{Occasion, check_receivers};

/// What a value must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A string.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number from 0.
    Count,
    /// A whole number; Edge read a negative one as 0.
    Integer,
    /// A whole number from 0 to 100.
    Percent,
    /// A whole number from 0, or a string such as `"20%"`.
    CountOrPercent,
    /// One of these strings.
    Words(&'static [&'static str]),
    /// A list of strings.
    Texts,
    /// A JSON object.
    Map,
    /// A string, or an object of strings.
    TextOrMap,
    /// A gate: a word, or an object with an analysis.
    Gate,
    /// What a gate measures: a list of metrics.
    Analysis,
    /// Stages: `"1,10%,50%,100%"` or a list of objects.
    Stages,
    /// `"parallel"` or a list of zones in order.
    Zones,
    /// A list of those who are told.
    Receivers,
    /// A list of rings in order, or an object from rings to those before them.
    Rings,
    /// Edge's percentages: a string, a list of strings, or an object from fleet sizes to either; `0` names the rest.
    StaggeredBatch,
}

/// What the entry of a list of stages may hold.
const STAGE_KEYS: [&str; 12] = [
    "label",
    "percent",
    "count",
    "targets",
    "zone",
    "group",
    "ring",
    "max_parallel",
    "soak_seconds",
    "gate",
    "on_failure",
    "order",
];

/// The gates.
const GATES: &[&str] = &["none", "approval", "analysis"];
/// Which targets come first.
pub(super) const ORDERS: &[&str] = &["out_of_service_last", "out_of_service_first"];
/// What a failure does.
pub(super) const ON_FAILURE: &[&str] = &["rollback", "stop", "pause"];

/// The JSON type of a value, for messages: `a string`, `an integer`.
#[must_use]
pub fn word_for(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_i64() || number.is_u64() => "an integer",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

impl Shape {
    /// Looks whether `value` is one.
    ///
    /// # Errors
    /// What is wanted and what was given, in words.
    pub fn check(self, value: &Value) -> Result<(), String> {
        let fits = match self {
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Count => value.is_u64(),
            Self::Integer => value.is_i64() || value.is_u64(),
            Self::Percent => value.as_u64().is_some_and(|percent| percent <= 100),
            Self::CountOrPercent => value.is_u64() || value.as_str().is_some_and(is_count_or_percent),
            Self::Words(words) => return check_word(words, value),
            Self::Texts => is_texts(value),
            Self::Map => value.is_object(),
            Self::TextOrMap => {
                value.is_string()
                    || value
                        .as_object()
                        .is_some_and(|map| map.values().all(Value::is_string))
            }
            Self::Gate => return check_gate(value),
            Self::Analysis => return check_analysis(value),
            Self::Stages => return check_stages(value),
            Self::Receivers => return check_receivers(value),
            Self::Zones => value.as_str() == Some("parallel") || is_texts(value),
            Self::Rings => {
                is_texts(value)
                    || value
                        .as_object()
                        .is_some_and(|map| map.values().all(|before| before.is_string() || is_texts(before)))
            }
            Self::StaggeredBatch => {
                is_percentages(value)
                    || value
                        .as_object()
                        .is_some_and(|map| map.iter().all(|(size, list)| size == "0" || is_percentages(list)))
            }
        };
        if fits {
            Ok(())
        } else {
            Err(format!("wants {}, not {}", self.wanted(), given(value)))
        }
    }

    /// What is wanted, in words.
    #[must_use]
    pub fn wanted(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Count => "a whole number from 0".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Percent => "a whole number from 0 to 100".to_owned(),
            Self::CountOrPercent => "a whole number or a percentage such as \"20%\"".to_owned(),
            Self::Words(words) => words
                .iter()
                .map(|word| format!("\"{word}\""))
                .collect::<Vec<_>>()
                .join(" or "),
            Self::Texts => "a list of strings".to_owned(),
            Self::Map => "a map".to_owned(),
            Self::TextOrMap => "a string or a map of strings".to_owned(),
            Self::Gate => "\"none\", \"approval\", \"analysis\" or a map with the key `analysis`".to_owned(),
            Self::Analysis => "a list of metrics".to_owned(),
            Self::Stages => "a string such as \"1,10%,50%,100%\" or a list of stages".to_owned(),
            Self::Zones => "\"parallel\" or a list of zones".to_owned(),
            Self::Receivers => "a list of receivers".to_owned(),
            Self::Rings => "a list of rings, or a map from rings to those before them".to_owned(),
            Self::StaggeredBatch => {
                "a string such as \"10%,50%,100%\", a list of percentages, or a map from fleet sizes to these"
                    .to_owned()
            }
        }
    }

    /// The same as a JSON Schema.
    #[must_use]
    pub fn schema(self) -> Value {
        match self {
            Self::Text => json!({"type": "string"}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Count => json!({"type": "integer", "minimum": 0}),
            Self::Integer => json!({"type": "integer"}),
            Self::Percent => json!({"type": "integer", "minimum": 0, "maximum": 100}),
            Self::CountOrPercent => json!({"anyOf": [
                {"type": "integer", "minimum": 0},
                {"type": "string", "pattern": "^[0-9]+%?$"},
            ]}),
            Self::Words(words) => json!({"enum": words}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Map => json!({"type": "object"}),
            Self::TextOrMap => json!({"anyOf": [
                {"type": "string"},
                {"type": "object", "additionalProperties": {"type": "string"}},
            ]}),
            Self::Gate => json!({"anyOf": [
                {"enum": GATES},
                {"type": "object", "additionalProperties": false, "required": ["analysis"],
                 "properties": {"analysis": Self::Analysis.schema()}},
            ]}),
            Self::Analysis => json!({"anyOf": [
                {"type": "array", "minItems": 1, "items": {"type": "object", "required": ["name", "success"]}},
                {"type": "object", "required": ["metrics"]},
            ]}),
            Self::Stages => json!({"anyOf": [
                {"type": "string", "pattern": "^ *[0-9]+%?( *, *[0-9]+%?)* *$"},
                {"type": "array", "minItems": 1, "items": {
                    "type": "object",
                    "additionalProperties": false,
                    "properties": {
                        "label": {"type": "string"},
                        "percent": {"type": "number", "minimum": 0, "maximum": 100},
                        "count": {"type": "integer", "minimum": 1},
                        "targets": {"type": "array", "items": {"type": "string"}},
                        "zone": {"type": "string"},
                        "group": {"type": "string"},
                        "ring": {"type": "string"},
                        "max_parallel": Self::CountOrPercent.schema(),
                        "soak_seconds": Self::Count.schema(),
                        "gate": Self::Gate.schema(),
                        "on_failure": {"enum": ON_FAILURE},
                        "order": {"enum": ORDERS},
                    },
                }},
            ]}),
            Self::Zones => json!({"anyOf": [
                {"const": "parallel"},
                {"type": "array", "items": {"type": "string"}},
            ]}),
            Self::Receivers => json!({"type": "array", "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["kind", "url"],
                "properties": {
                    "kind": {"enum": ["webhook", "chat"]},
                    "url": {"type": ["string", "object"]},
                    "secret": {"type": "object"},
                    "events": {"type": "array", "items": {"enum": Occasion::ALL.map(Occasion::as_str)}},
                    "actions": {"type": "array", "items": {"type": "string"}},
                },
            }}),
            Self::Rings => json!({"anyOf": [
                {"type": "array", "items": {"type": "string"}},
                {"type": "object"},
            ]}),
            Self::StaggeredBatch => json!({"anyOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}},
                {"type": "object"},
            ]}),
        }
    }
}

/// What was given, for messages: short values as they are, others by their type.
fn given(value: &Value) -> String {
    match value {
        Value::String(text) if text.len() <= 40 => format!("{text:?}"),
        Value::Number(number) => number.to_string(),
        other => word_for(other).to_owned(),
    }
}

fn is_texts(value: &Value) -> bool {
    value
        .as_array()
        .is_some_and(|list| list.iter().all(Value::is_string))
}

fn is_count_or_percent(text: &str) -> bool {
    let text = text.trim();
    match text.strip_suffix('%') {
        Some(percent) => percent.parse::<u32>().is_ok_and(|percent| percent <= 100),
        None => text.parse::<u32>().is_ok(),
    }
}

/// Percentages as a string or a list of strings.
fn is_percentages(value: &Value) -> bool {
    match value {
        Value::String(text) => is_stage_list(text),
        Value::Array(list) => {
            !list.is_empty()
                && list
                    .iter()
                    .all(|part| part.as_str().is_some_and(is_count_or_percent))
        }
        _ => false,
    }
}

fn is_stage_list(text: &str) -> bool {
    text.split(',').all(is_count_or_percent)
}

fn check_word(words: &[&'static str], value: &Value) -> Result<(), String> {
    let word = value.as_str();
    if word.is_some_and(|word| words.contains(&word)) {
        return Ok(());
    }
    let hint = word
        .and_then(|word| nearest(word, words.iter().copied()))
        .map_or_else(String::new, |known| format!(". Did you mean \"{known}\"?"));
    Err(format!(
        "wants {}, not {}{hint}",
        words
            .iter()
            .map(|word| format!("\"{word}\""))
            .collect::<Vec<_>>()
            .join(" or "),
        given(value)
    ))
}

fn check_gate(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(fields) if fields.len() == 1 => match fields.get("analysis") {
            Some(definition) => check_analysis(definition).map_err(|why| format!("`analysis` {why}")),
            None => Err(format!("wants {}", Shape::Gate.wanted())),
        },
        Value::Object(_) => Err(format!("wants {}", Shape::Gate.wanted())),
        word => check_word(GATES, word),
    }
}

fn check_analysis(value: &Value) -> Result<(), String> {
    Analysis::read(value)
        .map(|_| ())
        .map_err(|error| error.to_string())
}

fn check_stages(value: &Value) -> Result<(), String> {
    match value {
        Value::String(text) if is_stage_list(text) => Ok(()),
        Value::Array(stages) if !stages.is_empty() => stages
            .iter()
            .enumerate()
            .try_for_each(|(index, stage)| check_stage(stage).map_err(|why| format!("stage {index}: {why}"))),
        other => Err(format!("wants {}, not {}", Shape::Stages.wanted(), given(other))),
    }
}

fn check_stage(stage: &Value) -> Result<(), String> {
    let Value::Object(stage) = stage else {
        return Err(format!("wants a map, not {}", given(stage)));
    };
    for (key, value) in stage {
        let shape = match key.as_str() {
            "label" | "zone" | "group" | "ring" => Shape::Text,
            "targets" => Shape::Texts,
            "count" | "soak_seconds" => Shape::Count,
            "max_parallel" => Shape::CountOrPercent,
            "gate" => Shape::Gate,
            "on_failure" => Shape::Words(ON_FAILURE),
            "order" => Shape::Words(ORDERS),
            "percent" => {
                if value
                    .as_f64()
                    .is_some_and(|percent| (0.0..=100.0).contains(&percent))
                {
                    continue;
                }
                return Err(format!(
                    "`percent` wants a number from 0 to 100, not {}",
                    given(value)
                ));
            }
            other => {
                let hint = nearest(other, STAGE_KEYS)
                    .map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
                return Err(format!("`{other}` is not known in a stage{hint}"));
            }
        };
        shape.check(value).map_err(|why| format!("`{key}` {why}"))?;
    }
    Ok(())
}
