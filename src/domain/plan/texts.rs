//! What uploads bring that a later step may run: texts, by the place where they come to lie, and what cannot be read.

use std::collections::HashMap;
use std::sync::Arc;

use super::UploadSource;
use crate::domain::sanitize::Before;

/// Longer texts are not looked at, unless they are for a shell.
const LONGEST: u64 = 64 * 1024;
/// Not even then: nothing is run of which so much would have to be read.
const LONGEST_SCRIPT: u64 = 1024 * 1024;
/// How many texts of one folder are looked at.
const MOST: usize = 256;
/// How many files of one folder are known by their names; of a larger one nothing else is known.
const MOST_NAMES: usize = 2_000;

/// A file that an upload carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Its path in the folder that is uploaded; empty where the upload is the file itself, or of a folder all the rest.
    pub below: String,
    /// What it holds.
    pub held: Held,
}

/// What a file holds, as far as it matters to whoever is told to run it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Held {
    /// A text that an interpreter may be told to run.
    Text(Arc<str>),
    /// Machine code: run by itself it is a program as any other, and nothing for a shell.
    Program,
    /// A script of which nobody can say what it does: too long, or no text.
    Script,
    /// Anything else.
    Other,
}

impl Carried {
    /// Whether a file of this path and size that begins so has to be read whole to tell what it holds; of any other the
    /// beginning says it.
    #[must_use]
    pub fn is_to_be_read(below: &str, size: u64, beginning: &[u8]) -> bool {
        !is_program(beginning) && size <= longest(below, beginning) && is_told(below, beginning)
    }

    /// What these bytes are, which are all or the beginning of it.
    #[must_use]
    pub fn of(below: &str, bytes: &[u8], is_all: bool) -> Self {
        let text = || {
            let text = std::str::from_utf8(bytes).ok()?;
            let looked_at = is_all && bytes.len() as u64 <= longest(below, bytes) && !text.contains('\0');
            looked_at.then(|| Arc::from(text))
        };
        let held = if is_program(bytes) {
            Held::Program
        } else if !is_told(below, bytes) {
            Held::Other
        } else if let Some(text) = text() {
            Held::Text(text)
        } else if bytes.starts_with(b"#!") || is_shell_name(below) {
            Held::Script
        } else {
            Held::Other
        };
        Self {
            below: below.to_owned(),
            held,
        }
    }

    /// The text, where it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.held {
            Held::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Where it comes to lie once it is uploaded to `dest`.
    #[must_use]
    pub fn path_at(&self, dest: &str) -> String {
        let dest = dest.trim_end_matches('/');
        if self.below.is_empty() {
            dest.to_owned()
        } else {
            format!("{dest}/{}", self.below)
        }
    }

    /// That it was put there.
    #[must_use]
    pub fn put_at(self, dest: &str) -> Before {
        let path = self.path_at(dest);
        match self.held {
            Held::Text(text) => Before::Put {
                path,
                text: Some(text),
            },
            held => Before::PutUnread {
                path,
                is_program: held == Held::Program,
            },
        }
    }

    /// What decides which files are looked at where there are too many.
    fn rank(&self) -> u8 {
        match &self.held {
            Held::Text(text) if is_for_shell(&self.below, text.as_bytes()) => 0,
            Held::Text(text) if text.starts_with("#!") => 1,
            Held::Script => 1,
            Held::Program => 2,
            Held::Text(_) if !is_script_name(&self.below) => 3,
            Held::Text(_) => 4,
            Held::Other => 5,
        }
    }
}

/// The files of a folder, no more than can be looked at. What is left of the others: that nobody has read them.
#[must_use]
pub fn bounded(mut carried: Vec<Carried>) -> Vec<Carried> {
    let runs_by_itself = |one: &Carried| one.rank() <= 1;
    carried.sort_by_cached_key(Carried::rank);
    let rest = carried.get(MOST_NAMES..).filter(|rest| !rest.is_empty());
    let rest = rest.map(|rest| Carried {
        below: String::new(),
        // Without a script among them they are as good as a program: a shell that runs one is asked about.
        held: if rest.first().is_some_and(runs_by_itself) {
            Held::Script
        } else {
            Held::Program
        },
    });
    carried.truncate(MOST_NAMES);
    for one in carried.iter_mut().skip(MOST) {
        if matches!(one.held, Held::Text(_)) {
            one.held = if runs_by_itself(one) {
                Held::Script
            } else {
                Held::Other
            };
        }
    }
    // What is known of the folder comes before what is known of the files in it.
    rest.into_iter().chain(carried).collect()
}

fn is_program(beginning: &[u8]) -> bool {
    beginning.starts_with(b"\x7fELF")
}

/// How long a file may be that begins so, to be looked at.
fn longest(below: &str, beginning: &[u8]) -> u64 {
    if is_for_shell(below, beginning) {
        LONGEST_SCRIPT
    } else {
        LONGEST
    }
}

/// Whether a file that begins so is for a shell, by its name or its first line.
fn is_for_shell(below: &str, beginning: &[u8]) -> bool {
    let first = beginning.split(|byte| *byte == b'\n').next().unwrap_or_default();
    is_shell_name(below) || first.starts_with(b"#!") && first.windows(2).any(|two| two == b"sh")
}

/// Whether a shell or another interpreter might be told to run it: in a folder its name or its first line says so, or its name
/// says nothing else.
fn is_told(below: &str, beginning: &[u8]) -> bool {
    below.is_empty() || beginning.starts_with(b"#!") || is_shell_name(below) || is_script_name(below) || {
        let name = below.rsplit('/').next().unwrap_or_default();
        let settings = [".env", ".conf", ".cfg", ".txt", ".properties"];
        !name.chars().skip(1).any(|c| c == '.') || settings.iter().any(|end| name.ends_with(end))
    }
}

/// Whether a file of this name is for a shell.
#[must_use]
pub fn is_shell_name(name: &str) -> bool {
    [".sh", ".bash", ".ksh"].iter().any(|end| name.ends_with(end))
}

fn is_script_name(name: &str) -> bool {
    let ends = [
        ".py", ".pl", ".rb", ".js", ".php", ".lua", ".awk", ".sql", ".mk", "akefile", "crontab",
    ];
    ends.iter().any(|end| name.ends_with(end))
}

/// What the files and folders at the server hold that a plan uploads, by their path there.
#[derive(Debug, Default)]
pub struct Texts {
    known: HashMap<String, Vec<Carried>>,
}

impl Texts {
    /// Remembers what a path holds.
    pub fn insert(&mut self, path: &str, carried: Vec<Carried>) {
        self.known.insert(path.to_owned(), carried);
    }

    /// What an upload from here carries.
    #[must_use]
    pub fn of(&self, source: &UploadSource) -> Vec<Carried> {
        match source {
            UploadSource::Path(path) => self.known.get(path).cloned().unwrap_or_default(),
            UploadSource::Content(text) => vec![Carried::of("", text.as_bytes(), true)],
            UploadSource::Url(_) => Vec::new(),
        }
    }
}

/// The text that an upload of one file hands to whoever writes it.
#[must_use]
pub fn written(carried: &[Carried]) -> Option<&str> {
    match carried {
        [one] if one.below.is_empty() => one.text(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_run_is_looked_at_and_what_cannot_be_is_known_to_be_unread() {
        let long = vec![b'a'; 70_000];
        let script = [b"#!/bin/bash\n", long.as_slice()].concat();
        let huge = [b"#!/bin/bash\n", vec![b'a'; 2 << 20].as_slice()].concat();
        for (below, bytes, held) in [
            ("", b"echo".as_slice(), "text"),
            ("", b"\x7fELF\0\0", "program"),
            ("", b"\xff\xfe", "other"),
            ("", b"echo a\n\0", "other"),
            ("", &long, "other"),
            ("", &script, "text"),
            ("", &huge, "script"),
            ("bin/x", b"#!/usr/bin/env python3\n", "text"),
            ("bin/x", b"#!/bin/sh\necho \xe4", "script"),
            ("bin/x", b"\x7fELF\0\0", "program"),
            ("bin/run.sh", b"echo", "text"),
            ("bin/run.sh", &long, "text"),
            ("bin/run.sh", b"echo \xe4", "script"),
            ("bin/steps", b"echo", "text"),
            ("app/.env", b"A=1", "text"),
            ("static/page.html", b"<p>", "other"),
            ("tool.py", b"1", "text"),
            ("tool.js", &long, "other"),
            ("über.html", b"<p>", "other"),
            ("bin/é", b"echo", "text"),
        ] {
            let one = Carried::of(below, bytes, true);
            let found = match &one.held {
                Held::Text(text) => {
                    assert_eq!(text.as_bytes(), bytes);
                    "text"
                }
                Held::Program => "program",
                Held::Script => "script",
                Held::Other => "other",
            };
            assert_eq!(found, held, "{below}");
            let beginning = &bytes[..bytes.len().min(512)];
            let read = Carried::is_to_be_read(below, bytes.len() as u64, beginning);
            assert!(read || found != "text", "{below}");
            if !read {
                assert_eq!(Carried::of(below, beginning, false).held, one.held, "{below}");
            }
        }
    }

    #[test]
    fn of_very_many_the_scripts_are_looked_at_and_the_rest_is_unread() {
        let of = |below: String, text: &str| Carried::of(&below, text.as_bytes(), true);
        let mut carried: Vec<Carried> = (0..300).map(|n| of(format!("lib/{n}.js"), "1")).collect();
        carried.push(of("bin/deploy.sh".to_owned(), "echo"));
        let few = bounded(carried.clone());
        assert_eq!(few.len(), 301);
        assert_eq!(few[0].below, "bin/deploy.sh");
        assert_eq!(few.iter().filter(|one| one.text().is_some()).count(), 256);
        carried.extend((0..3_000).map(|n| of(format!("static/{n}.html"), "<p>")));
        let many = bounded(carried);
        assert_eq!(many.len(), 2_001);
        assert!(many[0].below.is_empty() && many[0].held == Held::Program);
        assert_eq!(many[1].below, "bin/deploy.sh");
        let scripts = (0..2_100).map(|n| of(format!("{n}.sh"), "echo")).collect();
        assert_eq!(bounded(scripts)[0].held, Held::Script);
        // So many are known by their names, and nothing is left.
        let all = bounded((0..2_000).map(|n| of(format!("{n}.html"), "<p>")).collect());
        assert_eq!(all.len(), 2_000);
        assert!(all.iter().all(|one| !one.below.is_empty()));
    }
}
