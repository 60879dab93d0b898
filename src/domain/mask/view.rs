//! A text as it reads once an encoding is taken off, with the place in the text of each byte.

/// One reading of a text.
pub(super) struct View<'a> {
    pub(super) kind: ViewKind,
    pub(super) bytes: std::borrow::Cow<'a, [u8]>,
    /// From where to where each byte is written in the text; none where it is where it stands.
    places: Option<Vec<(u32, u32)>>,
    /// How many of the bytes stay as they are whatever follows.
    pub(super) settled: usize,
    /// Where the text ends in the middle of an escape.
    unfinished: Option<usize>,
}

/// Which forms of a secret are looked for in a reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ViewKind {
    /// The text as it is: every form.
    Plain,
    /// Without the line ends of wrapped base64 and hexadecimal: these forms.
    Unwrapped,
    /// Decoded: every form, as one encoding is put around another.
    Decoded,
}

/// A line of wrapped base64 or hexadecimal has at least so many characters; 64 and 76 are usual.
const WRAPPED: usize = 40;

impl<'a> View<'a> {
    pub(super) fn plain(text: &'a str) -> Self {
        Self {
            kind: ViewKind::Plain,
            bytes: text.as_bytes().into(),
            places: None,
            settled: text.len(),
            unfinished: None,
        }
    }

    /// Each other reading that a text has, with one encoding taken off or two: most have none.
    pub(super) fn all_of(text: &str) -> Vec<View<'static>> {
        let bytes = text.as_bytes();
        let mut views: Vec<View<'static>> = Vec::new();
        if bytes.len() > WRAPPED && memchr::memchr(b'\n', bytes).is_some() {
            views.extend(unwrapped(bytes));
        }
        for view in readings(bytes) {
            let twice = readings(&view.bytes).map(|inner| inner.below(&view));
            let twice: Vec<View<'static>> = twice.collect();
            views.push(view);
            views.extend(twice);
        }
        views
    }

    /// A reading of what `outer` reads, as one of the text.
    fn below(self, outer: &View<'_>) -> View<'static> {
        let places = self.places.unwrap_or_default();
        // What `outer` may still read otherwise, this one may too.
        let settled = places.partition_point(|(_, end)| *end as usize <= outer.settled);
        let of_text = |at: u32| outer.place(at as usize, at as usize + 1);
        let unfinished = self.unfinished.and_then(|at| u32::try_from(at).ok());
        let unfinished = unfinished.map(|at| of_text(at).start);
        View {
            kind: self.kind,
            settled: settled.min(self.settled),
            places: Some(
                places
                    .into_iter()
                    .map(|(from, to)| (of_text(from).start as u32, of_text(to - 1).end as u32))
                    .collect(),
            ),
            bytes: self.bytes.into_owned().into(),
            unfinished: match (unfinished, outer.unfinished) {
                (Some(inner), Some(outer)) => Some(inner.min(outer)),
                (inner, outer) => inner.or(outer),
            },
        }
    }

    /// Where in the text the bytes `from..to` are written.
    pub(super) fn place(&self, from: usize, to: usize) -> std::ops::Range<usize> {
        match &self.places {
            None => from..to,
            Some(places) => places[from].0 as usize..places[to - 1].1 as usize,
        }
    }

    /// Where in the text the last `length` settled bytes begin; where it ends where there are none.
    pub(super) fn tail(&self, length: usize, end: usize) -> usize {
        let begins = match &self.places {
            _ if length == 0 => end,
            None => self.settled - length,
            Some(places) => places[self.settled - length].0 as usize,
        };
        begins.min(self.unfinished.unwrap_or(end))
    }
}

/// What some bytes read as, with one encoding taken off. Where nothing stands for anything else there is no other reading.
fn readings(bytes: &[u8]) -> impl Iterator<Item = View<'static>> {
    let views = escapes_in(bytes).map(move |escape| decoded(bytes, escape));
    views.filter(move |view| view.bytes != bytes || view.unfinished.is_some())
}

/// What reads an escape at the beginning of some bytes.
type ReadEscape = fn(&[u8]) -> Escape;

/// The escapes that there may be in some bytes.
fn escapes_in(bytes: &[u8]) -> impl Iterator<Item = ReadEscape> {
    let has = |sign: u8| memchr::memchr(sign, bytes).is_some();
    let (percent, plus, backslash, quote) = (has(b'%'), has(b'+'), has(b'\\'), has(b'\''));
    [
        (percent, url_escape as ReadEscape),
        (plus, form_escape),
        (backslash, json_escape),
        (backslash, shell_escape),
        (backslash, ansi_escape),
        (quote, quote_escape),
    ]
    .into_iter()
    .filter_map(|(there, escape)| there.then_some(escape))
}

/// What an escape at the beginning of some bytes stands for, and how long it is.
enum Escape {
    /// No escape.
    None,
    /// The bytes end before it does.
    Unfinished,
    /// A character.
    Char(char, usize),
    /// A byte.
    Byte(u8, usize),
    /// A byte at the end, which may be another one if more digits follow.
    Open(u8, usize),
}

fn decoded(bytes: &[u8], escape: ReadEscape) -> View<'static> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut places = Vec::with_capacity(bytes.len());
    let mut unfinished = None;
    let mut at = 0;
    let mut open = 0;
    while at < bytes.len() {
        let (length, width) = match escape(&bytes[at..]) {
            Escape::Unfinished => {
                unfinished = Some(at);
                break;
            }
            Escape::None => {
                out.push(bytes[at]);
                (1, 1)
            }
            Escape::Byte(byte, length) => {
                out.push(byte);
                (length, 1)
            }
            Escape::Open(byte, length) => {
                unfinished = Some(at);
                open = 1;
                out.push(byte);
                (length, 1)
            }
            Escape::Char(c, length) => {
                let mut buffer = [0; 4];
                let encoded = c.encode_utf8(&mut buffer).as_bytes();
                out.extend_from_slice(encoded);
                (length, encoded.len())
            }
        };
        for _ in 0..width {
            places.push((at as u32, (at + length) as u32));
        }
        at += length;
    }
    View {
        kind: ViewKind::Decoded,
        settled: out.len() - open,
        bytes: out.into(),
        places: Some(places),
        unfinished,
    }
}

fn hex(bytes: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

/// Whether these are fewer than `length` bytes, all of which could be digits.
fn may_go_on(bytes: &[u8], length: usize) -> bool {
    bytes.len() < length && bytes.iter().all(u8::is_ascii_hexdigit)
}

/// RFC 3986, section 2.1.
fn url_escape(bytes: &[u8]) -> Escape {
    match bytes {
        [b'%', rest @ ..] if may_go_on(rest, 2) => Escape::Unfinished,
        [b'%', high, low, ..] => hex(&[*high, *low]).map_or(Escape::None, |byte| Escape::Byte(byte as u8, 3)),
        _ => Escape::None,
    }
}

/// The same in `application/x-www-form-urlencoded`.
fn form_escape(bytes: &[u8]) -> Escape {
    match bytes {
        [b'+', ..] => Escape::Byte(b' ', 1),
        _ => url_escape(bytes),
    }
}

/// RFC 8259, section 7.
fn json_escape(bytes: &[u8]) -> Escape {
    let [b'\\', rest @ ..] = bytes else {
        return Escape::None;
    };
    match rest {
        [] => Escape::Unfinished,
        [b'n', ..] => Escape::Byte(b'\n', 2),
        [b'r', ..] => Escape::Byte(b'\r', 2),
        [b't', ..] => Escape::Byte(b'\t', 2),
        [b'b', ..] => Escape::Byte(8, 2),
        [b'f', ..] => Escape::Byte(12, 2),
        [sign @ (b'"' | b'\\' | b'/'), ..] => Escape::Byte(*sign, 2),
        [b'u', digits @ ..] if may_go_on(digits, 4) => Escape::Unfinished,
        [b'u', digits @ ..] => unicode_escape(digits),
        _ => Escape::None,
    }
}

/// What follows `\u`: one escape, or two that are a surrogate pair.
fn unicode_escape(digits: &[u8]) -> Escape {
    let Some(first) = digits.get(..4).and_then(hex) else {
        return Escape::None;
    };
    if let Some(c) = char::from_u32(first) {
        return Escape::Char(c, 6);
    }
    let second = &digits[4..];
    let is_cut = match second {
        [] | [b'\\'] => true,
        [b'\\', b'u', rest @ ..] => may_go_on(rest, 4),
        _ => false,
    };
    if is_cut {
        return Escape::Unfinished;
    }
    let low = match second {
        [b'\\', b'u', rest @ ..] => rest.get(..4).and_then(hex),
        _ => None,
    };
    match (first, low) {
        (0xD800..=0xDBFF, Some(low @ 0xDC00..=0xDFFF)) => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00);
            char::from_u32(code).map_or(Escape::None, |c| Escape::Char(c, 12))
        }
        _ => Escape::None,
    }
}

/// A backslash before a character, as a shell has it outside quotes and in double ones.
fn shell_escape(bytes: &[u8]) -> Escape {
    match bytes {
        [b'\\'] => Escape::Unfinished,
        [b'\\', escaped, ..] => Escape::Byte(*escaped, 2),
        _ => Escape::None,
    }
}

/// A quote inside a shell's single quotes: it ends them, stands outside, and begins them again.
fn quote_escape(bytes: &[u8]) -> Escape {
    for written in [br"'\''".as_slice(), br#"'"'"'"#] {
        if bytes.starts_with(written) {
            return Escape::Byte(b'\'', written.len());
        }
        if written.starts_with(bytes) {
            return Escape::Unfinished;
        }
    }
    Escape::None
}

/// A backslash as it reads in a shell's `$'...'`, to `printf`, and in what many languages print: `\n`, `\303`, `\xc3`, `\u00e4`.
fn ansi_escape(bytes: &[u8]) -> Escape {
    let [b'\\', rest @ ..] = bytes else {
        return Escape::None;
    };
    match rest {
        [] => Escape::Unfinished,
        [b'a', ..] => Escape::Byte(7, 2),
        [b'b', ..] => Escape::Byte(8, 2),
        [b't', ..] => Escape::Byte(b'\t', 2),
        [b'n', ..] => Escape::Byte(b'\n', 2),
        [b'v', ..] => Escape::Byte(11, 2),
        [b'f', ..] => Escape::Byte(12, 2),
        [b'r', ..] => Escape::Byte(b'\r', 2),
        [b'e' | b'E', ..] => Escape::Byte(27, 2),
        [sign @ (b'\\' | b'\'' | b'"' | b'?'), ..] => Escape::Byte(*sign, 2),
        [b'0'..=b'7', ..] => byte_escape(rest, 1, 8, 3),
        [b'x', digits @ ..] => byte_escape(digits, 2, 16, 2),
        [b'u', digits @ ..] if may_go_on(digits, 4) => Escape::Unfinished,
        [b'u', digits @ ..] => long_escape(digits, 4),
        [b'U', digits @ ..] if may_go_on(digits, 8) => Escape::Unfinished,
        [b'U', digits @ ..] => long_escape(digits, 8),
        _ => Escape::None,
    }
}

/// A byte written in so many digits at most, behind so many bytes of its escape.
fn byte_escape(digits: &[u8], before: usize, radix: u32, most: usize) -> Escape {
    let values = digits
        .iter()
        .map_while(|digit| char::from(*digit).to_digit(radix));
    let (value, count) = values
        .take(most)
        .fold((0, 0), |(value, count), digit| (value * radix + digit, count + 1));
    // Of three octal digits a shell takes the last eight bits.
    let byte = (value & 0xFF) as u8;
    match count {
        0 if digits.is_empty() => Escape::Unfinished,
        0 => Escape::None,
        _ if count < most && count == digits.len() => Escape::Open(byte, before + count),
        _ => Escape::Byte(byte, before + count),
    }
}

/// What follows `\u` or `\U`, in so many digits.
fn long_escape(digits: &[u8], length: usize) -> Escape {
    let code = digits.get(..length).and_then(hex);
    code.and_then(char::from_u32)
        .map_or(Escape::None, |c| Escape::Char(c, length + 2))
}

/// Takes out the line ends that stand after a long run of what base64 and hexadecimal are written with.
fn unwrapped(bytes: &[u8]) -> Option<View<'static>> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut places = Vec::with_capacity(bytes.len());
    let mut run = 0;
    let mut any = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\n' if run >= WRAPPED => {
                any = true;
                run = 0;
                continue;
            }
            // Between the run and the line end.
            b'\r' if run >= WRAPPED && bytes.get(at + 1) == Some(&b'\n') => continue,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' | b'=' => run += 1,
            _ => run = 0,
        }
        out.push(*byte);
        places.push((at as u32, at as u32 + 1));
    }
    any.then_some(View {
        kind: ViewKind::Unwrapped,
        settled: out.len(),
        bytes: out.into(),
        places: Some(places),
        unfinished: None,
    })
}
