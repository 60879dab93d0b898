//! What decoders make of a literal: base64, base32, hex, rot13, reversal, compression.

use std::io::Read;

use super::text::lossy;

/// More than this is not decompressed.
const MOST: u64 = 256 * 1024;

/// `base64 -d`; blanks and missing padding are forgiven, as shells' users do.
pub fn base64(text: &str) -> Option<Vec<u8>> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            c => c,
        })
        .collect();
    let compact = compact.get(..compact.len() - usize::from(compact.len() % 4 == 1))?;
    data_encoding::Specification {
        symbols: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".to_owned(),
        ..data_encoding::Specification::new()
    }
    .encoding()
    .ok()?
    .decode(compact.as_bytes())
    .ok()
}

/// `base32 -d`.
pub fn base32(text: &str) -> Option<Vec<u8>> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '=')
        .map(|c| c.to_ascii_uppercase())
        .collect();
    data_encoding::BASE32_NOPAD.decode(compact.as_bytes()).ok()
}

/// Hex digits; everything else between them is skipped.
pub fn hex(text: &str) -> Option<Vec<u8>> {
    let text = text.replace("0x", "").replace("\\x", "");
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    (digits.len() > 1).then(|| {
        digits
            .chunks_exact(2)
            .map(|pair| (pair[0] * 16 + pair[1]) as u8)
            .collect()
    })
}

/// `gzip -d`, `zcat`.
pub fn gunzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes)
        .take(MOST)
        .read_to_end(&mut out)
        .ok()?;
    Some(out)
}

/// The format of zlib, without gzip's head.
pub fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(bytes)
        .take(MOST)
        .read_to_end(&mut out)
        .ok()?;
    Some(out)
}

/// Each line reversed, as `rev` does.
pub fn reversed(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| line.chars().rev().collect())
        .collect();
    lines.join("\n")
}

/// `tr FROM TO`: sets with ranges and classes; `None` where a set is not understood.
pub fn translated(
    text: &str,
    from: &str,
    to: Option<&str>,
    delete: bool,
    complement: bool,
) -> Option<String> {
    let from = set(from)?;
    if delete {
        return Some(text.chars().filter(|c| from.contains(c) == complement).collect());
    }
    let to = set(to?)?;
    let last = *to.last()?;
    if complement {
        return Some(
            text.chars()
                .map(|c| if from.contains(&c) { c } else { last })
                .collect(),
        );
    }
    Some(
        text.chars()
            .map(|c| match from.iter().rposition(|f| *f == c) {
                Some(at) => to.get(at).copied().unwrap_or(last),
                None => c,
            })
            .collect(),
    )
}

/// The characters of a set of `tr`.
fn set(text: &str) -> Option<Vec<char>> {
    let text = super::text::unescape(text, true);
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let rest: String = chars[at..].iter().take(12).collect();
        let class = [
            ("[:upper:]", 'A'..='Z'),
            ("[:lower:]", 'a'..='z'),
            ("[:digit:]", '0'..='9'),
            ("[:space:]", '\t'..='\r'),
        ]
        .into_iter()
        .find(|(name, _)| rest.starts_with(name));
        if let Some((name, range)) = class {
            out.extend(range);
            if name == "[:space:]" {
                out.push(' ');
            }
            at += name.len();
        } else if at + 2 < chars.len() && chars[at + 1] == '-' && chars[at] <= chars[at + 2] {
            out.extend((chars[at]..=chars[at + 2]).take(300));
            at += 3;
        } else {
            out.push(chars[at]);
            at += 1;
        }
    }
    (!out.is_empty()).then_some(out)
}

/// `xxd -r` on a dump with offsets, or on plain digits (`-p`).
pub fn dump(text: &str, plain: bool) -> Option<String> {
    if plain {
        return hex(text).map(|bytes| lossy(&bytes));
    }
    let mut out = Vec::new();
    for line in text.lines() {
        let body = line
            .split_once(": ")
            .or_else(|| line.split_once(':'))
            .map_or(line, |(_, body)| body);
        let digits = body.split("  ").next().unwrap_or(body);
        out.extend(hex(digits)?);
    }
    Some(lossy(&out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoders() {
        assert_eq!(base64("cm0gLXJmIC8=").as_deref(), Some(&b"rm -rf /"[..]));
        assert_eq!(base64("cm0\n").as_deref(), Some(&b"rm"[..]));
        assert_eq!(base32("OJWQ====").as_deref(), Some(&b"rm"[..]));
        assert_eq!(hex("72 6d").as_deref(), Some(&b"rm"[..]));
        assert_eq!(reversed("/ fr- mr"), "rm -rf /");
        assert_eq!(
            translated("ez -es /", "a-z", Some("n-za-m"), false, false).as_deref(),
            Some("rm -rf /")
        );
        assert_eq!(translated("rXm", "X", None, true, false).as_deref(), Some("rm"));
        assert_eq!(dump("00000000: 726d 202d  rm -", false).as_deref(), Some("rm -"));
        assert_eq!(
            translated("ABC", "[:upper:]", Some("[:lower:]"), false, false).as_deref(),
            Some("abc")
        );
    }
}
