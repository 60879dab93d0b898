//! The commands that a shell would reach, for whoever wants to know what was judged.

use super::walk::Executed;
use super::words::glob::could_be;
use super::words::text;

/// A simple command that would be executed.
#[derive(Debug, Clone)]
pub struct Reached {
    /// The program, as it is called.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<Word>,
    /// How it was derived; empty where it stands in the text as it is.
    pub chain: Vec<String>,
    /// The first byte of the place in the text that it comes from.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// What a word may be: a text, or one with parts that are not known or are a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// Whether it may be exactly this text.
    #[must_use]
    pub fn could_be(&self, literal: &str) -> bool {
        could_be(&self.0, literal)
    }

    /// Whether it is one text and no other.
    #[must_use]
    pub fn is_known(&self) -> bool {
        text::is_known(&self.0)
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&text::shown(&self.0))
    }
}

impl Reached {
    pub(super) fn of(executed: Executed) -> Self {
        Self {
            program: executed.path,
            arguments: executed.arguments.into_iter().map(Word).collect(),
            chain: executed.chain,
            start: executed.span.start,
            end: executed.span.end,
        }
    }
}
