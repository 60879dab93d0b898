//! What uploads bring that a later step may run: texts, by the place where they come to lie.

use std::collections::HashMap;
use std::sync::Arc;

use super::UploadSource;

/// Longer texts are not looked at, unless they are for a shell.
const LONGEST: u64 = 64 * 1024;
/// Not even then: nothing is run of which so much would have to be read.
const LONGEST_SCRIPT: u64 = 1024 * 1024;
/// How many texts of one folder are looked at.
const MOST: usize = 256;

/// A text that an upload carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// Its path in the folder that is uploaded; empty where the upload is the file itself.
    pub below: String,
    /// The text.
    pub text: Arc<str>,
}

impl Carried {
    /// Whether a file of this path and size may be one at all: what is longer need not be read.
    #[must_use]
    pub fn may_be(below: &str, size: u64) -> bool {
        size <= LONGEST_SCRIPT && (below.is_empty() || size <= LONGEST || is_shell_name(below))
    }

    /// The text of these bytes, where a shell or another interpreter might be told to run it. In a folder that takes a
    /// name or a first line which says so.
    #[must_use]
    pub fn of(below: &str, bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains('\0'))?;
        let first = text.lines().next().unwrap_or_default();
        let for_shell = is_shell_name(below) || first.starts_with("#!") && first.contains("sh");
        let told = below.is_empty() || for_shell || first.starts_with("#!") || is_script_name(below);
        let short = bytes.len() as u64 <= if for_shell { LONGEST_SCRIPT } else { LONGEST };
        (told && short).then(|| Self {
            below: below.to_owned(),
            text: text.into(),
        })
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
    pub fn insert(&mut self, path: &str, mut carried: Vec<Carried>) {
        carried.truncate(MOST);
        self.known.insert(path.to_owned(), carried);
    }

    /// What an upload from here carries.
    #[must_use]
    pub fn of(&self, source: &UploadSource) -> Vec<Carried> {
        match source {
            UploadSource::Path(path) => self.known.get(path).cloned().unwrap_or_default(),
            UploadSource::Content(text) => Carried::of("", text.as_bytes()).into_iter().collect(),
            UploadSource::Url(_) => Vec::new(),
        }
    }
}

/// The text that an upload of one file hands to whoever writes it.
#[must_use]
pub fn written(carried: &[Carried]) -> Option<&str> {
    match carried {
        [one] if one.below.is_empty() => Some(&one.text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_run_is_looked_at() {
        let long = vec![b'a'; 70_000];
        let script = [b"#!/bin/bash\n", long.as_slice()].concat();
        for (below, bytes, taken) in [
            ("", b"echo".as_slice(), true),
            ("", b"\x7fELF\0\0", false),
            ("", b"\xff\xfe", false),
            ("", &long, false),
            ("", &script, true),
            ("bin/x", b"#!/usr/bin/env python3\n", true),
            ("bin/run.sh", b"echo", true),
            ("bin/run.sh", &long, true),
            ("static/page.html", b"<p>", false),
            ("tool.py", b"1", true),
        ] {
            assert_eq!(Carried::of(below, bytes).is_some(), taken, "{below}");
            assert!(!taken || Carried::may_be(below, bytes.len() as u64), "{below}");
        }
        assert!(!Carried::may_be("", 2 << 20) && !Carried::may_be("x.html", 70_000));
    }
}
