//! Small programs of `awk` on a known text.

use super::super::words::text;
use super::Stream;

/// `awk '{print $2}'`, `awk 'NR==2'`, `awk '/x/{print tolower($0)}'` and `awk 'BEGIN{print "..."}'` on a known text.
pub(super) fn awk_fields(operands: &[String], stdin: &Stream) -> Option<String> {
    let program = operands.first()?.trim();
    if program.starts_with("BEGIN") {
        return super::outputs::printed(program);
    }
    let (pattern, body) = match program.split_once('{') {
        Some((pattern, body)) => (pattern.trim(), body.strip_suffix('}')?.trim()),
        None => (program, "print"),
    };
    // `{for(i=1;i<=NF;i++) printf "%c",$i}`: each field is the number of a character.
    if body.starts_with("for") && body.contains("%c") {
        let text = stdin.text.as_deref().filter(|text| text::is_known(text))?;
        let numbers = text
            .split_whitespace()
            .map(|field| field.parse::<u32>().ok().and_then(char::from_u32));
        return numbers.collect();
    }
    let body = body.strip_prefix("print")?.trim();
    let mut out = String::new();
    for (row, line) in stdin.text.as_deref()?.lines().enumerate() {
        if !awk_matches(pattern, line, row + 1)? {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut fields = Vec::new();
        for expression in body.split(',').map(str::trim) {
            fields.push(if body.is_empty() {
                line.to_owned()
            } else {
                awk_value(expression, line, &words)?
            });
        }
        out.push_str(&fields.join(" "));
        out.push('\n');
    }
    Some(out)
}

/// Whether a pattern of `awk` picks a line; `None`: it cannot be told.
pub(super) fn awk_matches(pattern: &str, line: &str, row: usize) -> Option<bool> {
    let pattern: String = pattern.chars().filter(|c| !c.is_whitespace()).collect();
    if matches!(pattern.as_str(), "" | "1") {
        return Some(true);
    }
    if let Some(inner) = pattern.strip_prefix('/').and_then(|p| p.strip_suffix('/')) {
        let plain = inner
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        return plain.then(|| line.contains(inner));
    }
    let condition = pattern.strip_prefix("NR")?;
    let number = |sign: &str| condition.strip_prefix(sign).and_then(|n| n.parse::<usize>().ok());
    if let Some(n) = number("==") {
        Some(row == n)
    } else if let Some(n) = number(">=") {
        Some(row >= n)
    } else if let Some(n) = number("<=") {
        Some(row <= n)
    } else if let Some(n) = number(">") {
        Some(row > n)
    } else {
        number("<").map(|n| row < n)
    }
}

/// An expression of `awk`: fields, literals and the case of both, side by side.
pub(super) fn awk_value(expression: &str, line: &str, words: &[&str]) -> Option<String> {
    for (name, lower) in [("tolower(", true), ("toupper(", false)] {
        if let Some(inner) = expression.strip_prefix(name).and_then(|e| e.strip_suffix(')')) {
            let value = awk_value(inner, line, words)?;
            return Some(if lower {
                value.to_lowercase()
            } else {
                value.to_uppercase()
            });
        }
    }
    let mut joined = String::new();
    for piece in expression.split_whitespace() {
        if let Some(number) = piece.strip_prefix('$') {
            match number {
                "0" => joined.push_str(line),
                "NF" => joined.push_str(words.last()?),
                n => joined.push_str(words.get(n.parse::<usize>().ok()?.checked_sub(1)?).unwrap_or(&"")),
            }
        } else {
            joined.push_str(piece.strip_prefix('"')?.strip_suffix('"')?);
        }
    }
    Some(joined)
}
