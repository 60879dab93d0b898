//! A value is a string in which a few signs from the private planes stand for what is not known.
//!
//! So trimming, slicing, joining and comparing need no machinery of their own: a sign is a character like any
//! other. The judged text cannot hold the signs, [`clean`] takes them out first.

/// Any text, also none: an unset variable, a command's output.
pub const UNKNOWN: char = '\u{10F000}';
/// Some text that is not empty.
pub const SOME: char = '\u{10F001}';
/// A glob's `*`.
pub const STAR: char = '\u{10F002}';
/// A glob's `?`.
pub const ONE: char = '\u{10F003}';
/// A glob's `[`.
pub const OPEN: char = '\u{10F004}';
/// A glob's `]`.
pub const CLOSE: char = '\u{10F005}';
/// The home folder of whoever runs it, an absolute path.
pub const HOME: char = '\u{10F006}';

/// How long a value may grow; what is longer is cut and its rest unknown.
pub const LONGEST: usize = 64 * 1024;

/// The text without the signs; every byte keeps its place.
pub fn clean(text: &str) -> String {
    if !text.as_bytes().contains(&0xF4) {
        // No character that is encoded in this way: no sign.
        return text.to_owned();
    }
    text.chars()
        .map(|c| if is_sign(c) { '\u{10FFFD}' } else { c })
        .collect()
}

/// Whether a character is one of the signs.
pub fn is_sign(c: char) -> bool {
    (UNKNOWN..=HOME).contains(&c)
}

/// Whether all of it is known: no sign but the home folder's.
pub fn is_known(text: &str) -> bool {
    !text.chars().any(|c| (UNKNOWN..=CLOSE).contains(&c))
}

/// Whether some of it is neither known nor a pattern.
pub fn has_unknown(text: &str) -> bool {
    text.contains([UNKNOWN, SOME])
}

/// Whether it is a pattern.
pub fn has_glob(text: &str) -> bool {
    text.contains([STAR, ONE, OPEN])
}

/// The text as a person would write it.
pub fn shown(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            UNKNOWN | SOME => out.push('…'),
            STAR => out.push('*'),
            ONE => out.push('?'),
            OPEN => out.push('['),
            CLOSE => out.push(']'),
            HOME => out.push('~'),
            c => out.push(c),
        }
    }
    out
}

/// Cuts what grew too long.
pub fn bounded(mut text: String) -> String {
    if text.len() > LONGEST {
        let mut end = LONGEST;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push(UNKNOWN);
    }
    text
}

/// Unquoted text: its `*`, `?` and `[..]` become signs.
pub fn globbing(text: &str) -> String {
    if !text.contains(['*', '?', '[']) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '*' => out.push(STAR),
            '?' => out.push(ONE),
            '[' => match bracket_end(rest).filter(|end| !rest[..*end].contains('/')) {
                Some(end) => {
                    out.push(OPEN);
                    out.push_str(&rest[..end]);
                    out.push(CLOSE);
                    rest = &rest[end + 1..];
                }
                None => out.push('['),
            },
            c => out.push(c),
        }
    }
    out
}

/// Where the `]` stands that closes a bracket, given what follows its `[`.
fn bracket_end(rest: &str) -> Option<usize> {
    let mut at = usize::from(rest.starts_with(['!', '^']));
    let mut first = true;
    // No bracket of a person is longer; the bound keeps a text of brackets from costing its square.
    while at < 128 {
        let tail = rest.get(at..)?;
        if let Some(class) = tail.strip_prefix("[:") {
            at += class.find(":]")? + 4;
        } else if tail.starts_with(']') && !first {
            return Some(at);
        } else {
            at += tail.chars().next()?.len_utf8();
        }
        first = false;
    }
    None
}

/// The escapes of `$'..'` and `printf` (`ansi`), or of `echo -e`.
pub fn unescape(raw: &str, ansi: bool) -> String {
    let mut out: Vec<u8> = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at + 1..];
        let Some(c) = rest.chars().next() else {
            out.push(b'\\');
            break;
        };
        let after = &rest[c.len_utf8()..];
        rest = after;
        let simple = match c {
            'a' => Some(7),
            'b' => Some(8),
            'e' | 'E' => Some(27),
            'f' => Some(12),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(11),
            '\\' => Some(b'\\'),
            '\'' | '"' | '?' if ansi => Some(c as u8),
            _ => None,
        };
        if let Some(byte) = simple {
            out.push(byte);
            continue;
        }
        match c {
            'x' => match number(after, 16, 2) {
                Some((value, taken)) => {
                    out.push(value as u8);
                    rest = &after[taken..];
                }
                None => out.extend_from_slice(b"\\x"),
            },
            'u' | 'U' => match number(after, 16, if c == 'u' { 4 } else { 8 }) {
                Some((value, taken)) => {
                    let shown = char::from_u32(value)
                        .filter(|c| !is_sign(*c))
                        .unwrap_or('\u{FFFD}');
                    out.extend_from_slice(shown.encode_utf8(&mut [0; 4]).as_bytes());
                    rest = &after[taken..];
                }
                None => out.extend_from_slice(b"\\u"),
            },
            '0'..='7' => {
                let digits = if c == '0' && !ansi {
                    after
                } else {
                    &raw[raw.len() - after.len() - 1..]
                };
                match number(digits, 8, 3) {
                    Some((value, taken)) => {
                        out.push(value as u8);
                        rest = &digits[taken..];
                    }
                    None => out.push(0),
                }
            }
            'c' if !ansi => {
                rest = "";
                break;
            }
            'c' => {
                if let Some(control) = after.chars().next().filter(char::is_ascii) {
                    out.push(control as u8 & 0x1f);
                    rest = &after[1..];
                }
            }
            other => {
                out.push(b'\\');
                out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        if out.last() == Some(&0) && ansi {
            out.pop();
        }
    }
    if !rest.contains('\\') {
        out.extend_from_slice(rest.as_bytes());
    }
    lossy(&out)
}

/// Bytes as text, without signs.
pub fn lossy(bytes: &[u8]) -> String {
    // The signs that were in the text before stay: they stand for the same.
    String::from_utf8_lossy(bytes).into_owned()
}

/// The number that begins a text, of at most so many digits, and how many bytes it took.
fn number(text: &str, radix: u32, most: usize) -> Option<(u32, usize)> {
    let taken = text.chars().take(most).take_while(|c| c.is_digit(radix)).count();
    Some((
        u32::from_str_radix(text.get(..taken).filter(|t| !t.is_empty())?, radix).ok()?,
        taken,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        for (raw, ansi, out) in [
            (r"a\nb", true, "a\nb"),
            (r"\x72\155", true, "rm"),
            (r"\0162\0155", false, "rm"),
            (r"\162\155", false, "rm"),
            (r"\u0072\U0000006d", true, "rm"),
            (r"\q\\", true, r"\q\"),
            (r"a\cb", false, "a"),
            (r"end\", true, r"end\"),
            ("plain", true, "plain"),
        ] {
            assert_eq!(unescape(raw, ansi), out, "{raw}");
        }
    }

    #[test]
    fn globs_become_signs() {
        assert_eq!(shown(&globbing("/e*c/[a-z]?[x")), "/e*c/[a-z]?[x");
        assert!(has_glob(&globbing("a*")));
        assert!(is_known(&globbing("a[b")));
    }

    #[test]
    fn cleaning_keeps_places() {
        let dirty = format!("a{UNKNOWN}b");
        assert_eq!(clean(&dirty).len(), dirty.len());
        assert!(is_known(&clean(&dirty)));
    }
}
