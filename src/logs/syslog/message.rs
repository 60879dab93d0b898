//! A log entry as a message of RFC 5424.

use std::fmt::Write as _;

use crate::domain::log_entry::{LogEntry, LogLevel};
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;

/// System daemons.
const FACILITY: u8 = 3;
/// The id of our structured data. The number is the one that RFC 5612 keeps for examples: Edgewise has none of its own.
const DATA: &str = "edgewise@32473";

/// The message of an entry: at most so many bytes, of which the text loses its end.
pub(super) fn of(entry: &LogEntry, host: &str, most: usize) -> String {
    let severity = match (entry.level, entry.outcome) {
        (LogLevel::Basic, Some(outcome)) if outcome != Outcome::Ok => 4,
        (LogLevel::Basic, _) => 6,
        (LogLevel::Detail, _) => 7,
    };
    let mut message = format!(
        "<{}>1 {} {} edgewise {} {} [{DATA}",
        FACILITY * 8 + severity,
        entry.time,
        name(host, 255),
        std::process::id(),
        name(entry.event.as_str(), 32),
    );
    let mut parameter = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = write!(message, " {name}=\"{}\"", quoted(value));
    };
    parameter("correlation", &entry.action.to_string());
    parameter("seq", &entry.seq.to_string());
    parameter("level", entry.level.as_str());
    parameter("stream", entry.stream.as_str());
    let optional = [
        ("target", entry.target.as_ref().map(TargetName::as_str)),
        ("step", entry.step.as_deref()),
        ("stage", entry.stage.as_deref()),
        ("outcome", entry.outcome.map(Outcome::as_str)),
        ("space", Some(entry.context.space.as_str())),
        ("project", Some(entry.context.project.as_str())),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            parameter(name, value);
        }
    }
    if let Some(code) = entry.exit_code {
        parameter("exit_code", &code.to_string());
    }
    message.push_str("] ");
    for character in entry.text.as_str().chars() {
        // A daemon that works by lines must not see one of our making.
        if character.is_control() && character != '\t' {
            message.extend(character.escape_default());
        } else {
            message.push(character);
        }
        if message.len() > most {
            break;
        }
    }
    if message.len() > most {
        let mut end = most.saturating_sub(3);
        while !message.is_char_boundary(end) {
            end -= 1;
        }
        message.truncate(end);
        message.push_str("...");
    }
    message
}

/// A name of the header: printable ASCII, no space.
fn name(text: &str, most: usize) -> String {
    let name: String = text.chars().filter(char::is_ascii_graphic).take(most).collect();
    if name.is_empty() { "-".to_owned() } else { name }
}

/// A value of structured data (section 6.3.3).
fn quoted(value: &str) -> String {
    let mut quoted = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '"' | '\\' | ']' => {
                quoted.push('\\');
                quoted.push(character);
            }
            character if character.is_control() => quoted.extend(character.escape_default()),
            character => quoted.push(character),
        }
    }
    quoted
}
