//! What is to be run, put together from the command line: the text that is judged, and how it is to run.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use bytes::Bytes;

use super::ExecArgs;
use crate::cli::exit::Failure;
use crate::ssh::{Manner, quote};

/// The most bytes that `--stdin` takes: the same ones are held for all hosts.
const MOST_INPUT: u64 = 64 << 20;
/// The most bytes of a script.
const MOST_SCRIPT: u64 = 1 << 20;

/// A text to judge and run, and how to run it.
pub(super) struct What {
    pub text: String,
    pub manner: Manner,
}

impl What {
    /// As the command line says.
    ///
    /// # Errors
    /// A file that cannot be read, a variable that is not set, and what no shell can be told.
    pub(super) fn of(args: &ExecArgs) -> Result<Self, Failure> {
        let mut manner = Manner {
            sudo: args.sudo,
            user: args.user.clone(),
            cwd: args.cwd.clone(),
            umask: args.umask.clone(),
            ..Manner::default()
        };
        for path in &args.env_file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
            for (number, line) in text.lines().enumerate() {
                let place = || format!("{}:{}", path.display(), number + 1);
                if let Some((name, value)) = variable(line).map_err(|()| {
                    // Not the line itself: it may hold a secret.
                    Failure::usage(format!("{}: a line is NAME=VALUE", place()))
                })? {
                    manner.env.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let mut shown = String::new();
        for given in &args.env {
            let Some((name, value)) = given.split_once('=') else {
                let value = std::env::var(given).map_err(|_| {
                    Failure::usage(format!(
                        "--env {given}: no such variable is set here, or it is no text"
                    ))
                })?;
                manner.env.insert(given.clone(), value);
                continue;
            };
            // What stands on the command line is no secret, so the sanitizer sees it with the command.
            let one = Manner {
                env: [(name.to_owned(), value.to_owned())].into(),
                ..Manner::default()
            };
            if let Some(reason) = one.unfit("") {
                return Err(Failure::usage(format!("--env: {reason}")));
            }
            // Writing to a text cannot fail.
            let _ = writeln!(shown, "export {name}={}", quote(value));
        }
        let text = match &args.script {
            Some(path) => script(path, &args.command, args.stdin.is_some())?,
            None => args.command.join(" "),
        };
        manner.stdin = args.stdin.as_deref().map(input).transpose()?;
        if let Some(reason) = manner.unfit(&text) {
            return Err(Failure::usage(reason));
        }
        Ok(Self {
            text: shown + &text,
            manner,
        })
    }
}

/// A line of a file of variables: `NAME=VALUE`, the value as it stands; none where it is empty or a comment.
fn variable(line: &str) -> Result<Option<(&str, &str)>, ()> {
    let line = line.trim_start();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    line.split_once('=')
        .map(|(name, value)| Some((name.trim_end(), value)))
        .ok_or(())
}

/// The bytes of a file, or of our own standard input for `-`: read once, for all hosts.
fn input(from: &Path) -> Result<Bytes, Failure> {
    let bytes = if from == Path::new("-") {
        bounded(std::io::stdin().lock(), "standard input", MOST_INPUT)?
    } else {
        let name = from.display().to_string();
        let file = std::fs::File::open(from).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
        bounded(file, &name, MOST_INPUT)?
    };
    Ok(bytes.into())
}

fn bounded(source: impl std::io::Read, name: &str, most: u64) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    source
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    if bytes.len() as u64 > most {
        return Err(Failure::usage(format!(
            "{name}: more than {} MiB; put a file on the hosts instead",
            most >> 20
        )));
    }
    Ok(bytes)
}

/// What a script of this machine becomes: itself where `sh` runs it, else its interpreter with the script as a
/// here-document. Either way the sanitizer sees all of it.
fn script(path: &Path, arguments: &[String], has_input: bool) -> Result<String, Failure> {
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| Failure::usage(format!("{name}: {error}")))?;
    let text = String::from_utf8(bounded(file, &name, MOST_SCRIPT)?)
        .map_err(|_| Failure::usage(format!("{name}: a script is UTF-8 text")))?;
    let (program, flags) = interpreter(&text);
    let arguments: Vec<String> = arguments.iter().map(|argument| quote(argument)).collect();
    let arguments = arguments.join(" ");
    if program.rsplit('/').next() == Some("sh") {
        let mut begin = String::new();
        if !flags.is_empty() {
            let _ = writeln!(begin, "set {flags}");
        }
        if !arguments.is_empty() {
            let _ = writeln!(begin, "set -- {arguments}");
        }
        return Ok(begin + &text);
    }
    if has_input {
        return Err(Failure::usage(format!(
            "{name}: {program} gets the script itself as its input; --stdin goes with scripts for sh alone"
        )));
    }
    let from_input = match program.rsplit('/').next().unwrap_or_default() {
        "bash" | "dash" | "ash" | "ksh" | "mksh" | "zsh" => "-s",
        _ => "-",
    };
    let mut end = "EDGEWISE_SCRIPT".to_owned();
    while text.lines().any(|line| line == end) {
        end.push('_');
    }
    let words = [program, flags, from_input, &arguments];
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    Ok(format!("{} <<'{end}'\n{text}{newline}{end}\n", words.join(" ")))
}

/// The program that a script's first line names, and its flags; `sh` where it names none. `env` is looked through.
fn interpreter(text: &str) -> (&str, &str) {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else {
        return ("sh", "");
    };
    let (program, flags) = first_word(line);
    if program.rsplit('/').next() == Some("env") {
        return first_word(flags.strip_prefix("-S ").unwrap_or(flags));
    }
    if program.is_empty() {
        ("sh", "")
    } else {
        (program, flags)
    }
}

fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (text, ""),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::{bounded, interpreter, script, variable};

    #[test]
    fn the_first_line_names_the_interpreter() {
        for (text, program, flags) in [
            ("echo", "sh", ""),
            ("#!/bin/sh\n", "/bin/sh", ""),
            ("#! /bin/bash -eu\n", "/bin/bash", "-eu"),
            ("#!/usr/bin/env python3\n", "python3", ""),
            ("#!/usr/bin/env -S perl -w\n", "perl", "-w"),
            ("#!\n", "sh", ""),
            ("", "sh", ""),
        ] {
            assert_eq!(interpreter(text), (program, flags), "{text:?}");
        }
    }

    #[test]
    fn a_script_becomes_one_text() {
        let arguments = ["a b".to_owned()];
        for (text, want) in [
            ("#!/bin/sh -e\nid\n", "set -e\nset -- 'a b'\n#!/bin/sh -e\nid\n"),
            ("id", "set -- 'a b'\nid"),
            (
                "#!/bin/bash\nid",
                "/bin/bash -s 'a b' <<'EDGEWISE_SCRIPT'\n#!/bin/bash\nid\nEDGEWISE_SCRIPT\n",
            ),
            (
                "#!/usr/bin/env python3\nEDGEWISE_SCRIPT\n",
                "python3 - 'a b' <<'EDGEWISE_SCRIPT_'\n#!/usr/bin/env python3\nEDGEWISE_SCRIPT\nEDGEWISE_SCRIPT_\n",
            ),
        ] {
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(text.as_bytes()).unwrap();
            assert_eq!(script(file.path(), &arguments, false).unwrap(), want);
            let with_input = script(file.path(), &arguments, true);
            assert_eq!(with_input.is_ok(), !want.contains("<<"), "{text}");
        }
    }

    #[test]
    fn a_file_of_variables_has_comments_and_values_as_they_stand() {
        for (line, want) in [
            ("A=b c ", Ok(Some(("A", "b c ")))),
            (" A =\"x\"", Ok(Some(("A", "\"x\"")))),
            ("A=", Ok(Some(("A", "")))),
            ("# A=b", Ok(None)),
            ("", Ok(None)),
            ("s3cret", Err(())),
        ] {
            assert_eq!(variable(line), want, "{line:?}");
        }
    }

    #[test]
    fn too_much_input_is_refused() {
        assert_eq!(bounded(&b"abc"[..], "x", 3).unwrap(), b"abc");
        assert!(bounded(&b"abcd"[..], "x", 3).is_err());
    }
}
