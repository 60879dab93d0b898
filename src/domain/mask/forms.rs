//! The forms in which secrets are looked for.

use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

use super::view::{View, ViewKind};

/// Values of fewer characters are no secrets.
const SHORTEST: usize = 4;

/// All forms of some secrets. Cheap to clone.
#[derive(Clone)]
pub(super) struct Forms {
    every: Arc<Finder>,
    packed: Arc<Finder>,
}

/// Some forms, and what finds all of them at once.
struct Finder {
    forms: Vec<String>,
    automaton: AhoCorasick,
}

impl Forms {
    /// None where nothing is secret.
    pub(super) fn of<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut plain: Vec<String> = Vec::new();
        for secret in secrets {
            // A secret of several lines is hidden line by line too: its lines may be shown apart.
            for part in secret.lines().chain([secret]) {
                for part in [part, part.trim()] {
                    if part.chars().count() >= SHORTEST {
                        plain.push(part.to_owned());
                    }
                }
            }
        }
        let packed: Vec<String> = plain.iter().flat_map(|secret| packed(secret)).collect();
        let quoted = plain
            .iter()
            .filter(|secret| secret.contains('\''))
            .flat_map(|secret| [secret.replace('\'', r"'\''"), secret.replace('\'', r#"'"'"'"#)]);
        let every = plain.iter().cloned().chain(packed.iter().cloned()).chain(quoted);
        Some(Self {
            every: Arc::new(Finder::of(every.collect())?),
            packed: Arc::new(Finder::of(packed)?),
        })
    }

    fn finder(&self, kind: ViewKind) -> &Finder {
        match kind {
            ViewKind::Plain | ViewKind::Decoded => &self.every,
            ViewKind::Unwrapped => &self.packed,
        }
    }

    /// Adds where secrets stand in the text of a view. All that overlap are found: of two secrets that do, hiding one
    /// would leave a part of the other.
    pub(super) fn find(&self, view: &View<'_>, found: &mut Vec<Range<usize>>) {
        let automaton = &self.finder(view.kind).automaton;
        for hit in automaton.find_overlapping_iter(&*view.bytes) {
            found.push(view.place(hit.start(), hit.end()));
        }
    }

    /// Where a form may begin that the text of the view ends in the middle of; the text's end where none does.
    pub(super) fn pending(&self, view: &View<'_>, end: usize) -> usize {
        let bytes = &view.bytes[..view.settled];
        let forms = &self.finder(view.kind).forms;
        let longest = forms.iter().map(|form| begun(form.as_bytes(), bytes)).max();
        view.tail(longest.unwrap_or(0), end)
    }
}

/// How much of a form, but not all of it, the bytes end with.
fn begun(form: &[u8], bytes: &[u8]) -> usize {
    let Some(last) = bytes.last() else { return 0 };
    (1..form.len())
        .rev()
        .find(|length| form[length - 1] == *last && bytes.ends_with(&form[..*length]))
        .unwrap_or(0)
}

impl Finder {
    fn of(mut forms: Vec<String>) -> Option<Self> {
        forms.sort_unstable();
        forms.dedup();
        if forms.is_empty() {
            return None;
        }
        // Without it nothing could be shown: it is given no more than some values from a configuration.
        let automaton = AhoCorasick::new(&forms).expect("fewer than two thousand million forms");
        Some(Self { forms, automaton })
    }
}

/// Base64 and hexadecimal of a value, wherever it stands in what is encoded.
///
/// Base64 writes three bytes as four characters, so a value looks different behind 0, 1 or 2 bytes (RFC 4648, section 4).
/// Characters that hold bits of what is around it as well are not known; they hold at most four bits of the value.
fn packed(secret: &str) -> Vec<String> {
    let mut forms = vec![
        HEXLOWER.encode(secret.as_bytes()),
        HEXUPPER.encode(secret.as_bytes()),
    ];
    for base64 in [&BASE64, &BASE64URL] {
        // To its padding, where it stands alone.
        forms.push(base64.encode(secret.as_bytes()));
        for before in 0..3_usize {
            let mut bytes = vec![0; before];
            bytes.extend_from_slice(secret.as_bytes());
            let first = (before * 8).div_ceil(6);
            let end = bytes.len() * 8 / 6;
            if end - first >= SHORTEST {
                forms.push(base64.encode(&bytes)[first..end].to_owned());
            }
        }
    }
    forms
}
