//! The statements that a client is given, without their literals.

use super::super::Call;

/// The databases and schemas that the statements of a client drop.
pub(super) fn dropped_databases(call: &Call<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for statement in statements(call).iter().flat_map(|text| bare(text)) {
        let mut words = statement.split_whitespace();
        if words.next() == Some("DROP") && matches!(words.next(), Some("DATABASE" | "SCHEMA" | "KEYSPACE")) {
            names.extend(
                words
                    .filter(|w| !matches!(*w, "IF" | "EXISTS" | "CASCADE" | "RESTRICT" | "WITH" | "(FORCE)"))
                    .map(|w| w.trim_matches([',', ';', '`', '"']).to_owned()),
            );
        }
    }
    names
}

/// The statements that a client is given: by option, as an operand, on its input.
pub(super) fn statements(call: &Call<'_>) -> Vec<String> {
    let mut out = Vec::new();
    let mut words = call.words().peekable();
    while let Some(word) = words.next() {
        if matches!(
            word,
            "-e" | "--execute"
                | "-c"
                | "--command"
                | "--eval"
                | "-q"
                | "--query"
                | "-cmd"
                | "-Q"
                | "-execute"
                | "-eval"
        ) || word.strip_prefix('-').is_some_and(|l| {
            !l.starts_with('-')
                && l.len() < 6
                && l.ends_with(['e', 'c'])
                && l.chars().all(|c| c.is_ascii_alphabetic())
        }) {
            out.extend(words.peek().map(|w| (*w).to_owned()));
        } else if let Some((option, value)) = word.split_once('=')
            && matches!(option, "--execute" | "--command" | "--eval" | "--query")
        {
            out.push(value.to_owned());
        } else if let Some(value) = word
            .strip_prefix("-e")
            .or_else(|| word.strip_prefix("-c"))
            .filter(|v| v.contains(' '))
        {
            out.push(value.to_owned());
        } else if word.contains(' ') || word.contains("db.") {
            out.push(word.to_owned());
        } else if let Some(file) = word
            .strip_prefix("--file=")
            .or_else(|| word.strip_prefix("-f").filter(|f| !f.is_empty()))
            && let Some(content) = call.files.get(&call.path(file))
        {
            out.extend(content.text.clone());
        } else if matches!(word, "-f" | "--file" | "--init-command")
            && let Some(next) = words.peek()
        {
            match call.files.get(&call.path(next)) {
                Some(content) => out.extend(content.text.clone()),
                None if word == "--init-command" => out.push((*next).to_owned()),
                None => {}
            }
        } else if word.ends_with(".js")
            && let Some(content) = call.files.get(&call.path(word))
        {
            out.extend(content.text.clone());
        }
    }
    out.extend(call.stdin.text.clone());
    out
}

/// A statement without its literals and comments, in upper case, blanks made single. Comments that `MySQL` runs
/// (`/*! .. */`) stay.
pub(super) fn bare(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < chars.len() {
        let c = chars[at];
        let next = chars.get(at + 1).copied();
        match c {
            '\'' | '"' => {
                let double = c == '"';
                at += 1;
                let start = at;
                while at < chars.len() && chars[at] != c {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                if double {
                    // An identifier in most dialects.
                    out.extend(
                        chars[start.min(chars.len())..at.min(chars.len())]
                            .iter()
                            .filter(|c| c.is_alphanumeric() || **c == '_'),
                    );
                } else {
                    out.push_str("''");
                }
            }
            '-' if next == Some('-') => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
                out.push(' ');
            }
            '#' => {
                while at < chars.len() && chars[at] != '\n' {
                    at += 1;
                }
            }
            '/' if next == Some('*') && chars.get(at + 2) == Some(&'!') => {
                at += 2;
                while chars.get(at + 1).is_some_and(char::is_ascii_digit) {
                    at += 1;
                }
                out.push(' ');
            }
            '/' if next == Some('*') => {
                at += 2;
                while at < chars.len() && !(chars[at] == '*' && chars.get(at + 1) == Some(&'/')) {
                    at += 1;
                }
                at += 1;
                out.push(' ');
            }
            '*' if next == Some('/') => {
                at += 1;
                out.push(' ');
            }
            c if c.is_whitespace() => out.push(' '),
            '`' => {}
            c => out.extend(c.to_uppercase()),
        }
        at += 1;
    }
    out.split(';')
        .map(|s| s.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|s| !s.is_empty())
        .collect()
}
