//! One source of settings: the values it gives, each with its place.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Serialize;
use toml::de::{DeTable, DeValue};

use super::error::SettingsError;
use super::keys::{Kind, SettingKey};

/// A value as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub(super) enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Boolean(bool),
    /// Several strings.
    List(Vec<String>),
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// `config/default.toml`, or worked out as it says there.
    Default,
    /// A settings file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
    },
    /// A variable of the environment.
    Variable(String),
    /// `--set`, or another flag.
    Flag,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag => f.write_str("command line"),
        }
    }
}

/// The values of one source by key.
pub(super) type Layer = BTreeMap<&'static str, (Value, Origin)>;

/// Reads a settings file. `path` is for messages.
pub(super) fn of_toml(text: &str, path: Option<&Path>) -> Result<Layer, Vec<SettingsError>> {
    let place = |span: Range<usize>| match path {
        None => Origin::Default,
        Some(path) => Origin::File {
            path: path.to_owned(),
            line: line_of(text, span.start),
        },
    };
    let table = DeTable::parse(text).map_err(|error| {
        vec![SettingsError::Syntax {
            at: place(error.span().unwrap_or(0..0)).to_string(),
            message: error.message().to_owned(),
        }]
    })?;
    let mut layer = Layer::new();
    let mut errors = Vec::new();
    for (section, content) in table.get_ref() {
        let Some(keys) = content.get_ref().as_table() else {
            errors.push(unknown(&place(section.span()), section.get_ref()));
            continue;
        };
        for (name, value) in keys {
            let origin = place(name.span());
            let path = format!("{}.{}", section.get_ref(), name.get_ref());
            match SettingKey::find(&path) {
                None => errors.push(unknown(&origin, &path)),
                Some(key) => match of_toml_value(key, value.get_ref()) {
                    Ok(value) => {
                        layer.insert(key.path, (value, origin));
                    }
                    Err(found) => errors.push(wrong(key, &origin, found)),
                },
            }
        }
    }
    if errors.is_empty() { Ok(layer) } else { Err(errors) }
}

/// Reads a value as text: from the environment or from `--set`.
pub(super) fn of_text(key: &'static SettingKey, text: &str, origin: &Origin) -> Result<Value, SettingsError> {
    let value = match key.kind {
        Kind::Text | Kind::Path | Kind::OneOf(_) => Ok(Value::Text(text.to_owned())),
        Kind::TextOrList => Ok(Value::List(
            text.split(',').map(|part| part.trim().to_owned()).collect(),
        )),
        Kind::Integer { .. } => text.trim().parse().map(Value::Integer).map_err(|_| ()),
        Kind::Boolean => text.trim().parse().map(Value::Boolean).map_err(|_| ()),
    };
    value
        .map_err(|()| format!("`{text}`"))
        .and_then(|value| within(key, value))
        .map_err(|found| wrong(key, origin, found))
}

fn of_toml_value(key: &SettingKey, value: &DeValue<'_>) -> Result<Value, String> {
    let given = match (key.kind, value) {
        (Kind::Text | Kind::Path | Kind::OneOf(_) | Kind::TextOrList, DeValue::String(text)) => {
            Some(Value::Text(text.to_string()))
        }
        (Kind::TextOrList, DeValue::Array(items)) => items
            .iter()
            .map(|item| item.get_ref().as_str().map(str::to_owned))
            .collect::<Option<Vec<_>>>()
            .map(Value::List),
        (Kind::Integer { .. }, DeValue::Integer(number)) => {
            i64::from_str_radix(number.as_str(), number.radix())
                .ok()
                .map(Value::Integer)
        }
        (Kind::Boolean, DeValue::Boolean(flag)) => Some(Value::Boolean(*flag)),
        _ => None,
    };
    given
        .ok_or_else(|| format!("a value of the type {}", value.type_str()))
        .and_then(|value| within(key, value))
}

fn within(key: &SettingKey, value: Value) -> Result<Value, String> {
    match (key.kind, &value) {
        (Kind::Integer { min, max }, Value::Integer(number)) if !(min..=max).contains(number) => {
            Err(number.to_string())
        }
        (Kind::OneOf(words), Value::Text(word)) if !words.contains(&word.as_str()) => {
            Err(format!("`{word}`"))
        }
        _ => Ok(value),
    }
}

fn wrong(key: &'static SettingKey, origin: &Origin, found: String) -> SettingsError {
    let wanted = match key.kind {
        Kind::Text => "a string".to_owned(),
        Kind::Path => "a string, the path of a file or folder".to_owned(),
        Kind::Integer { min, max } => format!("a whole number from {min} to {max}"),
        Kind::Boolean => "true or false".to_owned(),
        Kind::TextOrList => "a string or a list of strings".to_owned(),
        Kind::OneOf(words) => words
            .iter()
            .map(|word| format!("`{word}`"))
            .collect::<Vec<_>>()
            .join(" or "),
    };
    SettingsError::Wrong {
        at: origin.to_string(),
        key: key.path,
        wanted,
        found,
    }
}

fn unknown(origin: &Origin, key: &str) -> SettingsError {
    SettingsError::Unknown {
        at: origin.to_string(),
        key: key.to_owned(),
        nearest: SettingKey::nearest(key).map(str::to_owned),
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
