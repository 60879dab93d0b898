//! From the interpreter's errors to ours: a sentence, the place, and the line with carets under it.

use std::fmt::Write as _;

use starlark::ErrorKind;
use starlark::codemap::FileSpan;

use crate::app::ports::{ScriptError, ScriptPlace};

use super::host_text::readable_secrets;

/// An error without a place.
pub fn placeless(message: impl Into<String>) -> ScriptError {
    ScriptError {
        message: message.into(),
        place: None,
        excerpt: None,
    }
}

/// The interpreter's error in our words.
pub fn from_starlark(error: &starlark::Error) -> ScriptError {
    let message = match error.kind() {
        ErrorKind::Fail(message) => message.to_string(),
        ErrorKind::StackOverflow(_) => {
            "functions call each other too deeply: a script function may not call itself without end"
                .to_owned()
        }
        other => plain_words(&other.to_string()),
    };
    let span = error.span();
    ScriptError {
        message: readable_secrets(&message),
        place: span.map(place),
        excerpt: span.map(excerpt),
    }
}

/// The interpreter's words where ours say more.
fn plain_words(message: &str) -> String {
    if message.contains("tick") {
        "the script did not end: it made too many calls and rounds of loops".to_owned()
    } else if message.contains("heap") && message.contains("exceeded") {
        "the script used more memory than it may".to_owned()
    } else if message == "Immutable" {
        "this value cannot be changed: ctx, its targets and what the top level defined are fixed".to_owned()
    } else {
        message.to_owned()
    }
}

fn place(span: &FileSpan) -> ScriptPlace {
    let resolved = span.resolve();
    let begin = resolved.span.begin;
    ScriptPlace {
        file: resolved.file,
        line: u32::try_from(begin.line + 1).unwrap_or(u32::MAX),
        column: u32::try_from(begin.column + 1).unwrap_or(u32::MAX),
    }
}

/// The line of the place, and carets under as much of it as is meant:
///
/// ```text
///  --> deploy.star:3:12
///   |
/// 3 |     return rum("x")
///   |            ^^^
/// ```
fn excerpt(span: &FileSpan) -> String {
    let resolved = span.resolve();
    let (begin, end) = (resolved.span.begin, resolved.span.end);
    let line = span.file.source_line(begin.line);
    let until = if end.line == begin.line {
        end.column
    } else {
        line.chars().count()
    };
    let carets = until.saturating_sub(begin.column).max(1);
    let number = (begin.line + 1).to_string();
    let margin = " ".repeat(number.len());
    // Tabs are kept, so that the carets stand where the eye expects them.
    let lead: String = line
        .chars()
        .take(begin.column)
        .map(|c| if c == '\t' { '\t' } else { ' ' })
        .collect();
    let mut out = String::new();
    let _ = write!(
        out,
        "{margin}--> {}:{number}:{}\n{margin} |\n{number} | {line}\n{margin} | {lead}{}\n",
        resolved.file,
        begin.column + 1,
        "^".repeat(carets)
    );
    out
}
