//! The forms in which secrets are looked for.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use serde_json::Value;

use super::view::{View, ViewKind};

/// Values of fewer characters are no secrets.
const SHORTEST: usize = 4;
/// What base64 inside base64 leaves of five characters for certain.
const SHORTEST_TWICE: usize = 7;

/// All forms of some secrets. Cheap to clone.
#[derive(Clone)]
pub(super) struct Forms {
    every: Arc<Finder>,
    packed: Arc<Finder>,
}

/// Some forms, and what finds all of them at once.
struct Finder {
    forms: Vec<String>,
    /// By byte: the forms that have it. A line's last byte is its end, which few forms have.
    with: Vec<Vec<u32>>,
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
        let once: Vec<String> = plain.iter().flat_map(|secret| packed(secret)).collect();
        let escaped = plain.iter().flat_map(|secret| escaped(secret));
        let escaped = escaped.flat_map(|form| packed(&form));
        // Behind base64 twice a short piece says little of a secret, and much else looks like it.
        let twice = once.iter().flat_map(|form| packed(form));
        let twice = twice.filter(|form| form.len() >= SHORTEST_TWICE);
        let packed: Vec<String> = escaped.chain(twice).chain(once.iter().cloned()).collect();
        let quoted = plain
            .iter()
            .filter(|secret| secret.contains('\''))
            .flat_map(|secret| quoted(secret));
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
        let Some(last) = bytes.last() else {
            return view.tail(0, end);
        };
        let finder = self.finder(view.kind);
        let with = &finder.with[usize::from(*last)];
        let forms = with.iter().map(|form| finder.forms[*form as usize].as_bytes());
        let longest = forms.map(|form| begun(form, *last, bytes)).max();
        view.tail(longest.unwrap_or(0), end)
    }
}

/// How much of a form, but not all of it, the bytes end with, of which this is the last.
fn begun(form: &[u8], last: u8, bytes: &[u8]) -> usize {
    memchr::memrchr_iter(last, &form[..form.len() - 1])
        .map(|at| at + 1)
        .find(|length| bytes.ends_with(&form[..*length]))
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
        let mut with = vec![Vec::new(); 256];
        for (number, form) in (0..).zip(&forms) {
            let mut bytes = form.as_bytes().to_vec();
            bytes.sort_unstable();
            bytes.dedup();
            for byte in bytes {
                with[usize::from(byte)].push(number);
            }
        }
        Some(Self {
            forms,
            with,
            automaton,
        })
    }
}

/// Quoted for a shell, where a quote stands in it.
fn quoted(secret: &str) -> [String; 2] {
    [secret.replace('\'', r"'\''"), secret.replace('\'', r#"'"'"'"#)]
}

/// Escaped for a URL, a form, JSON and a shell, as it is usually done: what is then packed. Without an escape in it, it is the
/// value itself, which is looked for anyway.
fn escaped(secret: &str) -> Vec<String> {
    let mut forms = Vec::from(quoted(secret));
    for (lower, plus) in [(false, false), (true, false), (false, true)] {
        forms.push(secret.bytes().map(|byte| percent(byte, lower, plus)).collect());
    }
    let json = Value::from(secret).to_string();
    let json = &json[1..json.len() - 1];
    forms.push(json.to_owned());
    let mut ascii = String::new();
    for c in json.chars() {
        let mut units = [0; 2];
        if c.is_ascii() {
            ascii.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                // Writing to a text cannot fail.
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    forms.push(ascii);
    let mut shell = String::new();
    for c in secret.chars() {
        if c.is_ascii() && !c.is_ascii_alphanumeric() && !"-_./:=@%+,".contains(c) {
            shell.push('\\');
        }
        shell.push(c);
    }
    forms.push(shell);
    forms.retain(|form| form != secret);
    forms
}

/// A byte as RFC 3986 has it, or `application/x-www-form-urlencoded` for a blank.
fn percent(byte: u8, lower: bool, plus: bool) -> String {
    match byte {
        b' ' if plus => "+".to_owned(),
        b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ if lower => format!("%{byte:02x}"),
        _ => format!("%{byte:02X}"),
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
