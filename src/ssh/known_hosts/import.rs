//! Lines of another file of known hosts, held against what is known.

use russh::keys::HashAlg;
use russh::keys::ssh_key::public::KeyData;

use super::line::{self, Marker, Names};
use super::{Known, KnownHosts};

/// A line that could be taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// The line itself, without blanks around it.
    pub text: String,
    /// Its number, from 1.
    pub number: usize,
    /// Its names as they stand there; hashed ones cannot be read.
    pub names: String,
    /// `@revoked`, `@cert-authority`, or nothing.
    pub marker: &'static str,
    /// The kind of key.
    pub kind: String,
    /// `SHA256:...`
    pub fingerprint: String,
    /// What is known of it.
    pub fate: IncomingFate,
}

/// What is known of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IncomingFate {
    /// Nothing: it can be added.
    New,
    /// It is there already.
    There,
    /// Another key of the same kind is known for one of its names, at these places (`file:line`).
    Changed(Vec<String>),
    /// It cannot be understood.
    Broken,
}

impl IncomingFate {
    /// The word for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::New => "new",
            Self::There => "known",
            Self::Changed(_) => "CHANGED",
            Self::Broken => "broken",
        }
    }

    /// Where the other key stands.
    #[must_use]
    pub fn places(&self) -> &[String] {
        match self {
            Self::Changed(places) => places,
            Self::New | Self::There | Self::Broken => &[],
        }
    }
}

impl KnownHosts {
    /// Holds the lines of a text against these. Comments and empty lines are left out.
    #[must_use]
    pub fn compare(&self, text: &str) -> Vec<Incoming> {
        let lines = text.lines().map(str::trim).enumerate();
        lines
            .filter(|(_, text)| !text.is_empty() && !text.starts_with('#'))
            .map(|(index, text)| self.incoming(index + 1, text))
            .collect()
    }

    fn incoming(&self, number: usize, text: &str) -> Incoming {
        let mut words = text.split_ascii_whitespace();
        let first = words.next().unwrap_or_default();
        let names = if first.starts_with('@') {
            words.next().unwrap_or_default()
        } else {
            first
        };
        let mut incoming = Incoming {
            text: text.to_owned(),
            number,
            names: names.to_owned(),
            marker: "",
            kind: String::new(),
            fingerprint: String::new(),
            fate: IncomingFate::Broken,
        };
        if let Some((names, marker, key)) = line::parse(text) {
            incoming.marker = match marker {
                Marker::Host => "",
                Marker::Authority => "@cert-authority",
                Marker::Revoked => "@revoked",
            };
            incoming.kind = key.algorithm().to_string();
            incoming.fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
            incoming.fate = self.fate(&names, marker, &key);
        }
        incoming
    }

    fn fate(&self, names: &Names, marker: Marker, key: &KeyData) -> IncomingFate {
        let is_same = |known: &Known| known.marker == marker && known.key == *key;
        let is_other = |known: &Known| {
            marker == Marker::Host
                && known.marker == Marker::Host
                && known.key != *key
                && known.key.algorithm() == key.algorithm()
        };
        let (mut there, mut others) = (true, Vec::new());
        let mut look = |known: &[&Known]| {
            if known.iter().any(|known| is_same(known)) {
                return;
            }
            there = false;
            others.extend(
                known
                    .iter()
                    .filter(|known| is_other(known))
                    .map(|known| known.place.clone()),
            );
        };
        match names {
            Names::Plain(names) => {
                for name in names {
                    let known = self.about(name);
                    look(&known.iter().map(AsRef::as_ref).collect::<Vec<_>>());
                }
            }
            Names::Patterns(patterns) => {
                let same = self.patterns.iter().filter(|(known, _)| known == patterns);
                look(&same.map(|(_, known)| known.as_ref()).collect::<Vec<_>>());
            }
            Names::Hashed(hashed) => {
                // The same hash, or a plain name that it is the hash of.
                let same = self.hashed.iter().filter(|(known, _)| known == hashed);
                let plain = self.exact.iter().filter(|(name, _)| hashed.is(name));
                let known = same
                    .map(|(_, known)| known)
                    .chain(plain.flat_map(|(_, known)| known));
                look(&known.map(AsRef::as_ref).collect::<Vec<_>>());
            }
        }
        if there {
            IncomingFate::There
        } else if others.is_empty() {
            IncomingFate::New
        } else {
            others.dedup();
            IncomingFate::Changed(others)
        }
    }
}

#[cfg(test)]
#[path = "import_test.rs"]
mod tests;
