//! What `echo` and `printf` print.

use super::super::words::text;
use super::{Stream, Walker};

impl Walker<'_> {
    pub(super) fn echo(&mut self, operands: &[&str]) -> Stream {
        let mut escapes = false;
        let mut newline = true;
        let mut from = 0;
        while let Some(option) = operands.get(from) {
            let letters = option.strip_prefix('-').unwrap_or_default();
            if letters.is_empty() || !letters.chars().all(|c| "neE".contains(c)) {
                break;
            }
            escapes |= letters.contains('e');
            newline &= !letters.contains('n');
            from += 1;
        }
        let text = operands[from..].join(" ");
        let mut steps = Vec::new();
        let text = if escapes {
            steps.push("echo -e".to_owned());
            text::unescape(&text, false)
        } else {
            text
        };
        let end = if newline { "\n" } else { "" };
        let mut stream = Stream {
            steps,
            ..Stream::known(format!("{text}{end}"))
        };
        self.mark_origin(&mut stream);
        stream
    }

    /// A text that holds something from elsewhere is from elsewhere.
    pub(super) fn mark_origin(&mut self, stream: &mut Stream) {
        if let Some(origin) = &self.origin {
            stream.secret |= origin.secret;
            let unknown = stream.text.as_deref().is_none_or(text::has_unknown);
            if unknown {
                stream.remote = stream.remote.max(origin.remote);
                stream.decoded |= origin.decoded;
            }
        }
    }

    pub(super) fn printf(&mut self, operands: &[&str]) -> Stream {
        let (variable, operands) = match operands {
            ["-v", variable, rest @ ..] => (Some(*variable), rest),
            ["--", rest @ ..] => (None, rest),
            rest => (None, rest),
        };
        let Some((format, values)) = operands.split_first() else {
            return Stream::empty();
        };
        let made = formatted(format, values);
        if let Some(variable) = variable {
            if let Some((array, key)) = variable.split_once('[') {
                let key = key.trim_end_matches(']').to_owned();
                let mut elements = match self.state.get(array) {
                    Some(super::state::Variable::Array(elements)) => elements.clone(),
                    _ => Vec::new(),
                };
                elements.retain(|(k, _)| *k != key);
                elements.push((key, made));
                self.state.set_array(array, elements);
                return Stream::empty();
            }
            self.state.set(variable, made);
            return Stream::empty();
        }
        let steps = if format.contains('\\') && made.trim_end() != format.trim_end_matches("\\n") {
            vec!["printf".to_owned()]
        } else {
            Vec::new()
        };
        let mut stream = Stream {
            steps,
            ..Stream::known(made)
        };
        self.mark_origin(&mut stream);
        stream
    }
}

/// `printf`: the format over the values, again while there are some.
pub fn formatted(format: &str, values: &[&str]) -> String {
    let mut out = String::new();
    let mut values = values.iter().copied().peekable();
    for _ in 0..512 {
        let had = values.peek().is_some();
        let mut rest = format;
        let mut used = false;
        let mut run = String::new();
        while let Some(at) = rest.find('%') {
            run.push_str(&rest[..at]);
            out.push_str(&text::unescape(&without_nul(&run), true));
            run.clear();
            rest = &rest[at + 1..];
            if let Some(tail) = rest.strip_prefix('%') {
                out.push('%');
                rest = tail;
                continue;
            }
            let flags = rest
                .bytes()
                .take_while(|b| b"-+ #0123456789.*lhqjzt".contains(b) && *b != b'q')
                .count();
            let precision = rest[..flags]
                .split_once('.')
                .and_then(|(_, p)| p.parse::<usize>().ok());
            let rest_flags = rest[..flags].to_owned();
            let Some(kind) = rest[flags..].chars().next() else {
                break;
            };
            rest = &rest[flags + kind.len_utf8()..];
            used = true;
            let value = values.next().unwrap_or_default();
            let piece = match kind {
                'b' => text::unescape(value, false),
                'c' => value.chars().take(1).collect(),
                's' => value.chars().take(precision.unwrap_or(usize::MAX)).collect(),
                'q' => super::wrappers::quote(value),
                'x' | 'X' if text::is_known(value) => format!("{:x}", whole_number(value)),
                'o' if text::is_known(value) => format!("{:o}", whole_number(value)),
                'd' | 'i' | 'u' if text::is_known(value) => whole_number(value).to_string(),
                _ => value.to_owned(),
            };
            out.push_str(&padded(piece, &rest_flags));
            if out.len() > text::LONGEST {
                return text::bounded(out);
            }
        }
        run.push_str(rest);
        out.push_str(&text::unescape(&without_nul(&run), true));
        if !used || !had || values.peek().is_none() || out.len() > text::LONGEST {
            break;
        }
    }
    text::bounded(out)
}

/// The number that a text begins with, or 0, as `printf` takes it; behind a quote the code of a character.
fn whole_number(text: &str) -> i64 {
    if let Some(rest) = text.strip_prefix(['\'', '"']) {
        return rest.chars().next().map_or(0, |c| i64::from(u32::from(c)));
    }
    let text = text.trim_start();
    let sign = usize::from(text.starts_with(['-', '+']));
    if let Some(hex) = text[sign..]
        .strip_prefix("0x")
        .or_else(|| text[sign..].strip_prefix("0X"))
    {
        let digits = hex.bytes().take_while(u8::is_ascii_hexdigit).count();
        return i64::from_str_radix(&hex[..digits], 16).unwrap_or(0);
    }
    let digits = text[sign..].bytes().take_while(u8::is_ascii_digit).count();
    let number = &text[..sign + digits];
    if digits > 1 && text[sign..].starts_with('0') {
        return i64::from_str_radix(number, 8).unwrap_or(0);
    }
    number.parse().unwrap_or(0)
}

/// A field of `printf` made as wide as it must be.
fn padded(text: String, flags: &str) -> String {
    let sizes = flags.split('.').next().unwrap_or_default();
    let width = sizes.trim_start_matches(['-', '+', ' ', '#', '0']);
    let missing = width
        .parse::<usize>()
        .unwrap_or(0)
        .min(text::LONGEST)
        .saturating_sub(text.chars().count());
    if missing == 0 {
        return text;
    }
    if sizes.contains('-') {
        format!("{text}{}", " ".repeat(missing))
    } else if sizes.starts_with('0') && text.parse::<i64>().is_ok_and(|number| number >= 0) {
        format!("{}{text}", "0".repeat(missing))
    } else {
        format!("{}{text}", " ".repeat(missing))
    }
}

/// The zero byte between items (`\0`), which a text cannot hold, becomes a line end.
fn without_nul(run: &str) -> String {
    if !run.contains("\\0") {
        return run.to_owned();
    }
    let mut out = String::new();
    let mut rest = run;
    while let Some(at) = rest.find("\\0") {
        out.push_str(&rest[..at]);
        let tail = &rest[at + 2..];
        let octal = tail.starts_with(|c: char| ('0'..='7').contains(&c));
        out.push_str(if octal { "\\0" } else { "\\n" });
        rest = tail;
    }
    out.push_str(rest);
    out
}
