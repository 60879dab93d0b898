//! Inventories in Ansible's INI form: `[group]`, `[group:children]`, `[group:vars]`, and lines of
//! `host[:port] name=value ...`.

use std::net::IpAddr;

use serde_json::Value;

use super::book::Book;
use super::vars::{Var, Vars};

/// What a section holds.
enum Section {
    Hosts(Option<String>),
    Children(String),
    Vars(String),
}

/// Whether a text is an inventory rather than a bare list of hosts: it has a section, or variables.
pub(super) fn is_inventory(text: &str) -> bool {
    text.lines().any(|line| {
        let line = line.trim();
        let comment = line.starts_with(['#', ';']);
        header(line).is_some() || (!comment && line.split_whitespace().skip(1).any(|word| word.contains('=')))
    })
}

/// Reads it. `path` is for complaints.
///
/// # Errors
/// A sentence with file and line.
pub(super) fn read(text: &str, path: &str) -> Result<Book, String> {
    let mut book = Book::default();
    let mut section = Section::Hosts(None);
    for (index, line) in text.lines().enumerate() {
        let place = format!("{path}:{}", index + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(title) = header(line) {
            section = match title.split_once(':') {
                None => Section::Hosts(Some(title.to_owned())),
                Some((group, "children")) => Section::Children(group.to_owned()),
                Some((group, "vars")) => Section::Vars(group.to_owned()),
                Some((_, kind)) => {
                    return Err(format!(
                        "{place}: a section is a group's hosts, `children` or `vars`, not `{kind}`"
                    ));
                }
            };
            match &section {
                Section::Hosts(Some(group)) | Section::Children(group) | Section::Vars(group) => {
                    book.open(group);
                }
                Section::Hosts(None) => {}
            }
            continue;
        }
        match &section {
            Section::Hosts(group) => {
                let words = words(line).ok_or_else(|| format!("{place}: a quote is not closed"))?;
                let Some((host, rest)) = words.split_first() else {
                    continue;
                };
                let mut vars = Vars::new();
                for word in rest {
                    let Some((name, value)) = word.split_once('=') else {
                        return Err(format!("{place}: `{word}` is not name=value"));
                    };
                    vars.insert(name.to_owned(), var(value, &place));
                }
                book.add(group.as_deref(), host, &vars, &place)?;
            }
            Section::Children(group) => {
                let child = line.split('#').next().unwrap_or_default().trim();
                book.nest(group, child);
            }
            Section::Vars(group) => {
                let Some((name, value)) = line.split_once('=') else {
                    return Err(format!("{place}: `{line}` is not name=value"));
                };
                let value = value.trim();
                let unquoted = ['"', '\'']
                    .iter()
                    .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
                let var = match unquoted {
                    Some(text) => Var {
                        value: text.into(),
                        place: place.clone(),
                    },
                    None => var(value, &place),
                };
                book.set(group, Vars::from([(name.trim().to_owned(), var)]));
            }
        }
    }
    Ok(book)
}

/// The title of a section; an IPv6 address in brackets is a host.
fn header(line: &str) -> Option<&str> {
    let line = line.split('#').next().unwrap_or_default().trim();
    let title = line.strip_prefix('[')?.strip_suffix(']')?;
    let first = title.bytes().next()?;
    (title.parse::<IpAddr>().is_err()
        && !title.contains(['[', ']', ','])
        && (first.is_ascii_alphabetic() || first == b'_'))
        .then_some(title)
}

/// A value as Ansible takes it: numbers and truths as such, the rest as text.
fn var(text: &str, place: &str) -> Var {
    let value = match text {
        "True" | "true" => Value::Bool(true),
        "False" | "false" => Value::Bool(false),
        number => match number.parse::<i64>() {
            // Leading zeros belong to a text.
            Ok(parsed) if parsed.to_string() == number => parsed.into(),
            _ => number.into(),
        },
    };
    Var {
        value,
        place: place.to_owned(),
    }
}

/// Words as a shell would split them, up to a comment; none where a quote is left open.
fn words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut chars = line.chars().peekable();
    loop {
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        match chars.peek() {
            None | Some('#') => return Some(words),
            Some(_) => {}
        }
        let mut word = String::new();
        let mut quote: Option<char> = None;
        while let Some(&c) = chars.peek() {
            if quote.is_none() && c.is_whitespace() {
                break;
            }
            chars.next();
            match (c, quote) {
                ('"' | '\'', None) => quote = Some(c),
                (c, Some(open)) if c == open => quote = None,
                ('\\', None | Some('"')) => word.extend(chars.next()),
                _ => word.push(c),
            }
        }
        if quote.is_some() {
            return None;
        }
        words.push(word);
    }
}
