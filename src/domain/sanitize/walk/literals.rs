//! String literals and other delimited parts of a program's text.

use super::super::words::text;

/// The string literals of a program, adjacent and added ones joined.
pub fn literals(code: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut rest = code;
    let mut joined = false;
    while let Some(at) = rest.find(['"', '\'']) {
        let quote = rest[at..].chars().next().unwrap_or('"');
        let gap = rest[..at].trim();
        let joins = joined && matches!(gap, "" | "+" | "." | "..") && !out.is_empty();
        rest = &rest[at + 1..];
        if rest.starts_with(quote) && rest[1..].starts_with(quote) {
            // A triple quote.
            rest = &rest[2..];
            let end = rest.find(&quote.to_string().repeat(3)).unwrap_or(rest.len());
            out.push(rest[..end].to_owned());
            rest = rest.get(end + 3..).unwrap_or_default();
            joined = true;
            continue;
        }
        let mut literal = String::new();
        let mut chars = rest.char_indices();
        let mut end = rest.len();
        let mut raw = false;
        while let Some((place, c)) = chars.next() {
            if c == '\\' {
                raw = true;
                literal.push(c);
                if let Some((_, next)) = chars.next() {
                    literal.push(next);
                }
            } else if c == quote {
                end = place;
                break;
            } else {
                literal.push(c);
            }
        }
        rest = rest.get(end + 1..).unwrap_or_default();
        let literal = if raw {
            text::unescape(&literal, true)
        } else {
            literal
        };
        match out.last_mut() {
            Some(last) if joins => last.push_str(&literal),
            _ => out.push(literal),
        }
        joined = true;
        if out.len() > 64 {
            break;
        }
    }
    out
}

/// The inside of the parenthesis that opens next, or the rest of the statement.
pub(super) fn balanced(tail: &str) -> &str {
    let trimmed = tail.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || "_.:!?".contains(c));
    let offset = tail.len() - trimmed.len();
    let bytes = tail.as_bytes();
    let mut open = 0_usize;
    let mut quote = None;
    let mut at = offset;
    let began = trimmed.trim_start().starts_with(['(', '[', '{']);
    while let Some(&byte) = bytes.get(at) {
        match (quote, byte) {
            (_, b'\\') => at += 1,
            (Some(q), b) if q == b => quote = None,
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(' | b'[' | b'{') => open += 1,
            (None, b')' | b']' | b'}') => {
                open = open.saturating_sub(1);
                if open == 0 && began {
                    // `f("x")("y")` and `f().g("y")` go on.
                    return tail.get(offset..=at).unwrap_or(tail);
                }
            }
            (None, b';' | b'\n') if open == 0 => return tail.get(offset..at).unwrap_or(tail),
            _ => {}
        }
        at += 1;
    }
    tail.get(offset..).unwrap_or(tail)
}

/// `{..}`, `(..)`, `/../`: what stands between a delimiter and its partner.
pub(super) fn delimited(tail: &str) -> Option<String> {
    let open = tail.chars().next()?;
    let close = match open {
        '{' => '}',
        '(' => ')',
        '[' => ']',
        '<' => '>',
        '/' | '|' | '!' | '~' | '#' => open,
        _ => return None,
    };
    let inside = &tail[open.len_utf8()..];
    inside.find(close).map(|end| inside[..end].to_owned())
}

/// `chr(114).chr(109)`, `[114,109].map(chr)`, `String.fromCharCode(114,109)`.
pub(super) fn character_codes(code: &str) -> String {
    if ![
        "chr",
        "fromCharCode",
        "pack('C",
        "pack(\"C",
        "bytes(",
        "bytearray(",
    ]
    .iter()
    .any(|name| code.contains(name))
    {
        return String::new();
    }
    let mut out = String::new();
    for number in code.split(|c: char| !c.is_ascii_alphanumeric()) {
        let value = match number.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse::<u32>().ok(),
        };
        if let Some(c) = value.and_then(char::from_u32).filter(|c| (' '..='~').contains(c)) {
            out.push(c);
        }
    }
    out
}
