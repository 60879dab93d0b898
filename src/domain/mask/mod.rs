//! Secrets never reach logs or pages: text goes through a masker first, and comes out as another type.
//!
//! Secrets are found by their value, in each way that programs write values: as they are, in base64 (wherever in the encoded
//! bytes they stand, wrapped over lines or not), in hexadecimal, in URLs, in JSON, and quoted for a shell; and in any two of these
//! ways, one inside the other.
//!
//! Not found: values of four characters in base64 inside base64; what is encoded three times (but for base64 or hexadecimal inside two escapes); base64 that is wrapped over lines and
//! then encoded again; and inside base64 or hexadecimal, escapes other than the usual ones (percent signs for all that RFC 3986 does not
//! leave alone, JSON as most write it, in full and in ASCII, and the shell's `'\''`, `'"'"'` and backslashes).

mod forms;
mod stream;
mod view;

use std::fmt;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use forms::Forms;
use view::View;

pub use stream::StreamMasker;

/// Text in which every known secret has been replaced. A log entry takes no other.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Masked(String);

impl Masked {
    /// Text of our own that cannot hold a secret: a literal in the program.
    #[must_use]
    pub fn literal(text: &'static str) -> Self {
        Self(text.to_owned())
    }

    /// The text without secrets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The beginning of it, in at most so many bytes.
    #[must_use]
    pub fn cut(mut self, bytes: usize) -> Self {
        let end = (0..=bytes.min(self.0.len()))
            .rev()
            .find(|end| self.0.is_char_boundary(*end));
        self.0.truncate(end.unwrap_or(0));
        self
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces the secrets of one action, by value, wherever they stand in a text.
#[derive(Clone, Default)]
pub struct Masker {
    /// None where there is no secret.
    forms: Option<Forms>,
}

/// What stands where a secret stood.
pub const MASK: &str = "••••••";

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.forms.is_some() {
            "Masker(with secrets)"
        } else {
            "Masker(without secrets)"
        })
    }
}

impl Masker {
    /// A masker for these values. Values of fewer than 4 characters are left alone: replacing them
    /// would blacken the log without hiding anything.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        Self {
            forms: Forms::of(secrets),
        }
    }

    /// `text` with every known form of a secret replaced by [`MASK`].
    #[must_use]
    pub fn mask(&self, text: &str) -> Masked {
        let hidden = self.find(text);
        Masked(rendered(text, 0..text.len(), &hidden))
    }

    /// Where secrets stand in a text: in order, none touching another.
    fn find(&self, text: &str) -> Vec<Range<usize>> {
        let Some(forms) = &self.forms else {
            return Vec::new();
        };
        let mut found = Vec::new();
        forms.find(&View::plain(text), &mut found);
        for view in View::all_of(text) {
            forms.find(&view, &mut found);
        }
        merged(found)
    }

    /// Where a secret may begin that a text may end in the middle of; its length where none does.
    fn pending(&self, text: &str) -> usize {
        let Some(forms) = &self.forms else {
            return text.len();
        };
        let plain = forms.pending(&View::plain(text), text.len());
        View::all_of(text)
            .iter()
            .map(|view| forms.pending(view, text.len()))
            .fold(plain, usize::min)
    }
}

/// Ranges that overlap or touch, as one.
fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_unstable_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// A part of a text with what is hidden in it replaced.
fn rendered(text: &str, part: Range<usize>, hidden: &[Range<usize>]) -> String {
    let mut out = String::with_capacity(part.len());
    let mut at = part.start;
    for range in hidden {
        let (start, end) = (range.start.max(part.start), range.end.min(part.end));
        if start >= end {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(MASK);
        at = end;
    }
    out.push_str(&text[at..part.end]);
    out
}

#[cfg(test)]
#[path = "mask_test.rs"]
mod tests;
