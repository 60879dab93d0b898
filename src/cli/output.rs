//! What goes to standard output, and how: a table for people, or JSON alone for programs. Progress and questions
//! go to standard error.

use std::io::{self, BufRead, IsTerminal, Write};

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

use super::exit::Failure;

/// `-o`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
}

/// How this run speaks.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// `-o`.
    pub format: Format,
    /// `--yes`: every question is answered with yes.
    pub yes: bool,
}

/// A colour of a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Went well.
    Good,
    /// Went wrong.
    Bad,
    /// Under way, or waits.
    Busy,
    /// Beside the point.
    Faint,
}

impl Output {
    /// Whether programs read the output.
    #[must_use]
    pub fn is_json(self) -> bool {
        self.format == Format::Json
    }

    /// Prints `data` as JSON, or the table.
    pub fn print(self, data: &impl Serialize, table: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.is_json() {
            line(&pretty(data)?)
        } else {
            line(&table())
        }
    }

    /// Asks on the terminal; `--yes` answers without asking. Where nobody can be asked the answer is no.
    pub fn confirm(self, question: &str) -> Result<bool, Failure> {
        if self.yes {
            return Ok(true);
        }
        if !io::stdin().is_terminal() {
            return Err(Failure::usage(format!(
                "{question} Nobody can be asked here: add --yes."
            )));
        }
        let mut error = io::stderr().lock();
        let mut answer = String::new();
        write!(error, "{question} [y/N] ")
            .and_then(|()| error.flush())
            .and_then(|()| io::stdin().lock().read_line(&mut answer))
            .map_err(|error| Failure::failed(format!("cannot ask: {error}")))?;
        Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
    }
}

/// Writes a line to standard output. A reader that went away (`| head`) is no error worth words.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("cannot write the output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Writes a line to standard error; nothing can be done where that fails.
pub fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// `data` as JSON on several lines.
pub fn pretty(data: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string_pretty(data).map_err(|error| Failure::failed(format!("cannot write JSON: {error}")))
}

/// A table without a frame; long cells wrap at the terminal's width.
#[must_use]
pub fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head.map(str::to_uppercase));
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table
        .to_string()
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `text` in a colour on standard error, where that is a terminal and `NO_COLOR` is not set.
#[must_use]
pub fn painted(text: &str, paint: Paint) -> String {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if !wanted || !io::stderr().is_terminal() {
        return text.to_owned();
    }
    let code = match paint {
        Paint::Good => 32,
        Paint::Bad => 31,
        Paint::Busy => 33,
        Paint::Faint => 2,
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_table_has_no_frame_and_no_trailing_blanks() {
        let text = table(
            ["name", "state"],
            [["web-1".into(), "succeeded".into()], ["w".into(), String::new()]],
        );
        assert_eq!(text, "NAME   STATE\nweb-1  succeeded\nw");
    }
}
