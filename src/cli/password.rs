//! A password, from standard input: without echo where that is a terminal, else its first line.

use std::io::{self, BufRead, IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use super::exit::Failure;

/// Reads a password; on a terminal it is asked for twice.
pub fn read(name: &str) -> Result<String, Failure> {
    let password = if io::stdin().is_terminal() {
        let first = ask(&format!("password of {name}: "))?;
        if first != ask("again: ")? {
            return Err(Failure::usage("the two passwords are not the same"));
        }
        first
    } else {
        line()?
    };
    if password.is_empty() {
        return Err(Failure::usage(
            "the password is empty: write it to standard input, for example from a file",
        ));
    }
    Ok(password)
}

/// Asks once on the terminal; none where there is nobody to ask.
pub fn ask_once(question: &str) -> Option<Result<String, Failure>> {
    io::stdin().is_terminal().then(|| ask(question))
}

fn ask(question: &str) -> Result<String, Failure> {
    let silence = Silence::begin()?;
    let mut error = io::stderr().lock();
    // Where the question cannot be written the answer can still be read.
    let _ = write!(error, "{question}").and_then(|()| error.flush());
    let answer = line();
    let _ = writeln!(error);
    drop(silence);
    answer
}

fn line() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin()
        .lock()
        .read_line(&mut text)
        .map_err(|error| Failure::failed(format!("cannot read the password: {error}")))?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

/// The terminal without echo; as it was when dropped.
struct Silence {
    before: Termios,
}

impl Silence {
    fn begin() -> Result<Self, Failure> {
        let failed = |error| Failure::failed(format!("cannot turn off the terminal's echo: {error}"));
        let before = tcgetattr(io::stdin()).map_err(failed)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent).map_err(failed)?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // The terminal is gone where this fails.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}
