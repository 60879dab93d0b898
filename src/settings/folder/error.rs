//! What is wrong with a file of a configuration folder.

use std::fmt;

use crate::domain::config::nearest;

use super::json_places::Places;

/// One thing wrong with a configuration folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FolderError {
    /// The path in the folder.
    pub file: String,
    /// The line, from 1; none where it is about the file as a whole.
    pub line: Option<usize>,
    /// The column in characters, from 1.
    pub column: Option<usize>,
    /// The path of the key (`config.server_list.east[1]`), where one is at fault.
    pub key: Option<String>,
    /// What is wrong and what would be right.
    pub message: String,
    /// The line with carets under it, where it is a script's.
    pub excerpt: Option<String>,
}

impl std::error::Error for FolderError {}

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.message)
    }
}

impl FolderError {
    /// About a file as a whole.
    pub(super) fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            column: None,
            key: None,
            message: message.into(),
            excerpt: None,
        }
    }

    /// At a key of a file; at the nearest key above where that key is not there.
    pub(super) fn at_key(file: &str, text: &str, key: &str, message: impl Into<String>) -> Self {
        let offset = Places::of(text).offset_of(key);
        let (line, column) = line_and_column(text, offset);
        Self {
            line: Some(line),
            column: Some(column),
            key: Some(key.to_owned()),
            ..Self::of_file(file, message)
        }
    }

    /// From the error of the JSON reader.
    pub(super) fn of_json(file: &str, text: &str, error: &serde_json::Error) -> Self {
        let offset = offset(text, error.line(), error.column());
        let said = error.to_string();
        // The position stands in its own fields.
        let message = said
            .rsplit_once(" at line ")
            .map_or(said.as_str(), |(message, _)| message);
        let inside = Places::of(text).path_at(offset);
        let (key, message) = if let Some(field) = between(message, "missing field `") {
            (join(&inside, field), "is required".to_owned())
        } else if let Some(field) = between(message, "unknown field `") {
            let expected = message
                .split_once("expected")
                .map_or("", |(_, expected)| expected);
            let known = expected.split('`').skip(1).step_by(2);
            let hint = nearest(field, known.clone()).map_or_else(
                || format!("; known are {}", known.collect::<Vec<_>>().join(", ")),
                |known| format!(". Did you mean `{known}`?"),
            );
            (inside, format!("is not known{hint}"))
        } else if error.is_data() {
            (inside, message.to_owned())
        } else {
            (inside, format!("is not JSON: {message}"))
        };
        let (line, column) = line_and_column(text, offset);
        Self {
            line: Some(line),
            column: Some(column),
            key: Some(key).filter(|key| !key.is_empty()),
            ..Self::of_file(file, message)
        }
    }
}

fn between<'a>(message: &'a str, begin: &str) -> Option<&'a str> {
    let rest = &message[message.find(begin)? + begin.len()..];
    rest.split('`').next()
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() {
        field.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

/// The byte at a line and a column in bytes, both from 1, as the JSON reader counts.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let begin: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    (begin + column.saturating_sub(1)).min(text.len())
}

fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_begin = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_begin..].chars().count() + 1,
    )
}
