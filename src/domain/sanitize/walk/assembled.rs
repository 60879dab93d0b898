//! Texts that a program in another language puts together before it runs them: formats, joined and split
//! literals, replaced, reversed or encoded ones, variables put into a template.

use super::super::words::text;

/// How many texts are made of one program.
const MOST: usize = 48;

/// The texts that could come of a program's literals.
pub fn texts(code: &str, literals: &[String]) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut add = |made: String| {
        if made.len() > 3 && made.len() < 4096 && out.len() < MOST && !out.contains(&made) {
            out.push(made);
        }
    };
    let variables = variables(code);
    let replacements = replacements(code);
    let cuts = literals.iter().any(|literal| literal.contains(' '))
        && ["substr", "slice(", "substring(", ":sub(", "[:", ":]"]
            .iter()
            .any(|name| code.contains(name))
        || code
            .match_indices('[')
            .any(|(at, _)| code[at + 1..].starts_with(|c: char| c.is_ascii_digit() || c == '-'));
    let places: Vec<usize> = if cuts {
        code.split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .filter(|number| (1..32).contains(number))
            .take(6)
            .collect()
    } else {
        Vec::new()
    };
    for (at, literal) in literals.iter().enumerate().take(24) {
        let after = &literals[at + 1..];
        if literal.contains("%c") {
            let mut made = literal.clone();
            for number in code
                .split(|c: char| !c.is_ascii_digit())
                .filter(|n| !n.is_empty())
            {
                if let Some(c) = number.parse().ok().and_then(char::from_u32) {
                    made = made.replacen("%c", &c.to_string(), 1);
                }
            }
            add(made);
        }
        if literal.contains("%s") || literal.contains("{}") || literal.contains("{0}") {
            add(filled(literal, after));
        }
        // `'rm|-rf|/etc'.split('|')`
        if code.contains("split") || code.contains("explode") {
            for sign in after
                .iter()
                .chain(&literals[..at])
                .filter(|l| l.chars().count() == 1)
            {
                if literal.contains(sign.as_str()) {
                    add(literal.replace(sign.as_str(), " "));
                }
            }
        }
        if let [from, to, ..] = after
            && ["replace", "gsub", "sub(", "tr(", "str_replace"]
                .iter()
                .any(|name| code.contains(name))
            && !from.is_empty()
        {
            add(literal.replace(from.as_str(), to));
        }
        // `str_replace("x", "", "rxm")`
        if let [to, subject, ..] = after
            && code.contains("str_replace")
            && !literal.is_empty()
        {
            add(subject.replace(literal.as_str(), to));
        }
        if [
            "lc ",
            "lc(",
            ".lower()",
            "toLowerCase",
            "strtolower",
            "downcase",
            ":lower(",
            "tolower(",
        ]
        .iter()
        .any(|name| code.contains(name))
        {
            add(literal.to_lowercase());
        }
        if let [from, to, ..] = after
            && (code.contains("maketrans") || code.contains("strtr") || code.contains(".tr("))
            && from.chars().count() == to.chars().count()
        {
            add(literal
                .chars()
                .map(|c| {
                    from.chars()
                        .position(|f| f == c)
                        .and_then(|at| to.chars().nth(at))
                        .unwrap_or(c)
                })
                .collect());
        }
        for (from, to) in &replacements {
            if literal.contains(from.as_str()) {
                add(literal.replace(from.as_str(), to));
            }
        }
        if cuts {
            let chars: Vec<char> = literal.chars().collect();
            for from in places.iter().filter(|from| **from < chars.len()) {
                let tail =
                    |from: usize, back: usize| chars[from..chars.len() - back].iter().collect::<String>();
                add(tail(*from, 0));
                // Languages count from one, or from nought; and from the end.
                add(tail(from.saturating_sub(1), 0));
                if places.contains(from) && chars.len() > 2 * from {
                    add(tail(*from, *from));
                }
            }
        }
        if literal.contains("\\u") || literal.contains("\\x") {
            add(text::unescape(literal, true).trim_matches('"').to_owned());
        }
        if literal.matches('%').count() > 2 {
            add(unquoted(literal));
        }
        if literal.contains(['$', '#', '{']) {
            let mut made = literal.clone();
            for (name, value) in &variables {
                for form in [
                    format!("${{{name}}}"),
                    format!("#{{{name}}}"),
                    format!("{{{name}}}"),
                    format!("${name}"),
                    format!("{{${name}}}"),
                ] {
                    made = made.replace(&form, value);
                }
            }
            if made != *literal {
                add(made);
            }
        }
    }
    for template in code.split('`').skip(1).step_by(2).take(8) {
        let mut made = template.to_owned();
        for (name, value) in &variables {
            made = made.replace(&format!("${{{name}}}"), value);
        }
        add(made);
    }
    // `x = "rm"; y = "-rf /etc"; run(x + " " + y)`
    if variables.len() > 1 && variables.len() < 8 {
        let values: Vec<&str> = variables.iter().map(|(_, value)| value.as_str()).collect();
        add(values.join(" "));
        add(values.concat());
    }
    let numbers = numbers(code);
    if !numbers.is_empty() {
        let rest: String = literals
            .iter()
            .filter(|l| !l.contains('%'))
            .cloned()
            .collect::<Vec<_>>()
            .concat();
        add(format!("{numbers}{rest}"));
        add(numbers);
    }
    out
}

/// `%s`, `{}` and `{0}` filled with the literals that follow.
fn filled(format: &str, values: &[String]) -> String {
    let mut out = String::new();
    let mut rest = format;
    let mut next = values.iter();
    while let Some(at) = rest.find(['%', '{']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        let taken = if tail.starts_with("%s") || tail.starts_with("{}") {
            2
        } else if tail.starts_with('{')
            && tail.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
            && tail.as_bytes().get(2) == Some(&b'}')
        {
            3
        } else {
            0
        };
        if taken == 0 {
            out.push_str(&tail[..1]);
            rest = &tail[1..];
        } else {
            out.push_str(next.next().map_or("", String::as_str));
            rest = &tail[taken..];
        }
    }
    out.push_str(rest);
    out
}

/// `%72%6d` in clear.
fn unquoted(literal: &str) -> String {
    let mut bytes = Vec::new();
    let raw = literal.as_bytes();
    let mut at = 0;
    while at < raw.len() {
        let hex = (raw[at] == b'%')
            .then(|| literal.get(at + 1..at + 3))
            .flatten()
            .and_then(|h| u8::from_str_radix(h, 16).ok());
        bytes.push(hex.unwrap_or(raw[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    text::lossy(&bytes)
}

/// `s/x/r/` and `sub(/x/, "r")`: what is replaced by what.
fn replacements(code: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (at, sign) in [" s/", "~s/", ";s/", "{s/", "sub(/", "replace(/"]
        .iter()
        .flat_map(|sign| code.match_indices(sign))
        .take(8)
    {
        let tail = &code[at + sign.len()..];
        let Some((from, rest)) = tail.split_once('/') else {
            continue;
        };
        let to = if sign.contains('(') {
            super::literals::literals(rest).into_iter().next()
        } else {
            rest.split_once('/').map(|(to, _)| to.to_owned())
        };
        if let Some(to) = to.filter(|_| !from.is_empty() && from.len() < 64) {
            out.push((from.to_owned(), to));
        }
    }
    out
}

/// `name = "literal"` with all signs that languages put before a name.
pub fn variables(code: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for (place, _) in code.match_indices('=').take(32) {
        let before = code[..place].trim_end_matches([':', ' ']);
        let name: String = before
            .chars()
            .rev()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let tail = code[place + 1..].trim_start();
        let Some(quote) = tail.chars().next().filter(|c| matches!(c, '"' | '\'' | '`')) else {
            continue;
        };
        if let Some(end) = tail[1..].find(quote)
            && !name.is_empty()
        {
            out.push((name, tail[1..=end].to_owned()));
        }
    }
    out
}

/// Characters given by their numbers: `string.char(114, 109)`, `sprintf("%c%c", 114, 109)`, `.pack("C*")`.
fn numbers(code: &str) -> String {
    let told = [
        "string.char",
        "%c",
        "pack(\"C",
        "pack('C",
        "pack(\"c",
        "map(&:chr",
        ".chr",
        "chr(",
        "fromCharCode",
        "fromCodePoint",
        "map(chr",
        "bytes([",
        "bytearray([",
        "array_map(\"chr",
        "array_map('chr",
        "Buffer.from([",
    ];
    if !told.iter().any(|name| code.contains(name)) {
        return String::new();
    }
    code.split(|c: char| !c.is_ascii_alphanumeric())
        .filter_map(|number| match number.strip_prefix("0x") {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse::<u32>().ok(),
        })
        .filter_map(char::from_u32)
        .filter(|c| (' '..='~').contains(c))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_put_together() {
        for (code, literals, made) in [
            (
                "'%s -rf %s' % ('rm','/x')",
                &["%s -rf %s", "rm", "/x"][..],
                "rm -rf /x",
            ),
            ("'rm|-rf'.split('|')", &["rm|-rf", "|"], "rm -rf"),
            ("'rQm'.replace('Q','')", &["rQm -r", "Q", ""], "rm -r"),
            ("a='rm'; `${a} -rf`", &["rm"], "rm -rf"),
            ("string.char(114,109,32,45)", &[], "rm -"),
            ("x", &["%72%6d%20-rf"], "rm -rf"),
        ] {
            let literals: Vec<String> = literals.iter().map(|l| (*l).to_owned()).collect();
            let out = texts(code, &literals);
            assert!(out.iter().any(|text| text == made), "{code}: {out:?}");
        }
    }
}
