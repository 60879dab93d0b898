//! Secrets never reach logs or pages: text goes through a masker first, and comes out as another type.

use std::fmt;

use serde::{Deserialize, Serialize};

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
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Replaces the secrets of one action, by value, wherever they stand in a line.
#[derive(Clone, Default)]
pub struct Masker {
    forms: Vec<String>,
}

/// What stands where a secret stood.
pub const MASK: &str = "••••••";

impl fmt::Debug for Masker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masker({} forms)", self.forms.len())
    }
}

impl Masker {
    /// A masker for these values. Values of fewer than 4 characters are left alone: replacing them
    /// would blacken the log without hiding anything.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut forms: Vec<String> = Vec::new();
        for secret in secrets {
            // A secret of several lines is hidden line by line, as the log is written line by line.
            for part in secret.lines().map(str::trim_end).chain([secret]) {
                if part.chars().count() < 4 {
                    continue;
                }
                forms.push(part.to_owned());
                forms.push(data_encoding::BASE64.encode(part.as_bytes()));
                forms.push(part.replace('\'', "'\\''"));
                forms.push(percent_encoded(part));
            }
        }
        // Longest first, so that a secret that contains another is hidden whole.
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        Self { forms }
    }

    /// `text` with every known form of a secret replaced by [`MASK`].
    #[must_use]
    pub fn mask(&self, text: &str) -> Masked {
        let mut masked = text.to_owned();
        for form in &self.forms {
            if masked.contains(form.as_str()) {
                masked = masked.replace(form.as_str(), MASK);
            }
        }
        Masked(masked)
    }
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut out, byte| {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
                out.push(char::from(byte));
            } else {
                out.push('%');
                out.push_str(&data_encoding::HEXUPPER.encode(&[byte]));
            }
            out
        })
}

#[cfg(test)]
mod tests {
    use super::{MASK, Masker};

    #[test]
    fn a_secret_is_hidden_in_every_form_it_is_known_in() {
        let masker = Masker::new(["it's a s3cret/1"]);
        for line in [
            "password=it's a s3cret/1;",
            "p='it'\\''s a s3cret/1'",
            "u=it%27s%20a%20s3cret%2F1",
            "b=aXQncyBhIHMzY3JldC8x",
        ] {
            let hidden = masker.mask(line);
            assert!(hidden.as_str().contains(MASK), "{line}");
            assert!(!hidden.as_str().contains("s3cret"), "{line}");
        }
        assert_eq!(masker.mask("nothing here").as_str(), "nothing here");
    }

    #[test]
    fn each_line_of_a_secret_is_hidden() {
        let masker = Masker::new(["-----KEY-----\nabcdefgh\n-----END-----"]);
        assert_eq!(masker.mask("abcdefgh").as_str(), MASK);
    }

    #[test]
    fn a_longer_secret_hides_the_shorter_inside() {
        let masker = Masker::new(["hunter2", "hunter2-and-more"]);
        assert_eq!(
            masker.mask("x hunter2-and-more y").as_str(),
            format!("x {MASK} y")
        );
    }
}
