//! Lines that are chosen, sorted, cut or put side by side.

use super::super::words::text;
use super::expand::Argument;
use super::runners::option_values;
use super::{Stream, Walker};

impl Walker<'_> {
    pub(super) fn lines(&mut self, name: &str, rest: &[Argument], stdin: &Stream) -> Stream {
        let mut files = Vec::new();
        let mut count = None;
        let mut bytes = None;
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let t = argument.text.as_str();
            if matches!(t, "-n" | "--lines") {
                at += 1;
                count = rest.get(at).map(|a| a.text.clone());
            } else if matches!(t, "-c" | "--bytes") {
                at += 1;
                bytes = rest.get(at).map(|a| a.text.clone());
            } else if let Some(value) = t.strip_prefix("-c").or_else(|| t.strip_prefix("--bytes=")) {
                bytes = Some(value.to_owned());
            } else if let Some(value) = t.strip_prefix("-n").or_else(|| t.strip_prefix("--lines=")) {
                count = Some(value.to_owned());
            } else if t.len() > 1 && t.starts_with('-') {
                count = count
                    .or_else(|| Some(t[1..].to_owned()).filter(|v| v.bytes().all(|b| b.is_ascii_digit())));
            } else {
                files.push(t.to_owned());
            }
            at += 1;
        }
        let input = self.inputs(&files, stdin);
        let whole = bytes
            .as_deref()
            .is_some_and(super::super::rules::exhaust::is_huge);
        let endless = input.endless && (name == "tail" || whole);
        let text = match (&input.text, bytes) {
            // Which line is which cannot be told.
            (Some(text), None) if !text::is_known(text) => Some(text.clone()),
            (Some(text), None) => {
                let lines: Vec<&str> = text.lines().collect();
                let wanted = count.as_deref().unwrap_or("10");
                let picked: Vec<&str> = match (
                    name,
                    wanted.strip_prefix('+').map(str::parse::<usize>),
                    wanted.trim_start_matches('-').parse::<usize>(),
                ) {
                    ("tail", Some(Ok(from)), _) => {
                        lines.iter().skip(from.saturating_sub(1)).copied().collect()
                    }
                    ("tail", _, Ok(n)) => lines
                        .iter()
                        .skip(lines.len().saturating_sub(n))
                        .copied()
                        .collect(),
                    (_, _, Ok(n)) => lines.iter().take(n).copied().collect(),
                    _ => lines,
                };
                Some(picked.iter().flat_map(|l| [*l, "\n"]).collect())
            }
            (Some(text), Some(bytes)) => {
                let n = bytes
                    .trim_start_matches(['+', '-'])
                    .parse::<usize>()
                    .unwrap_or(usize::MAX);
                let chars: Vec<char> = text.chars().collect();
                let from = match (name, bytes.starts_with('+')) {
                    ("tail", true) => n.saturating_sub(1),
                    ("tail", false) => chars.len().saturating_sub(n),
                    _ => 0,
                };
                let to = if name == "head" {
                    n.min(chars.len())
                } else {
                    chars.len()
                };
                Some(
                    chars
                        .get(from.min(to)..to)
                        .map(|c| c.iter().collect())
                        .unwrap_or_default(),
                )
            }
            _ => None,
        };
        Stream {
            endless,
            ..input.filtered(text, name)
        }
    }

    /// `paste`: the lines of its files side by side, or with `-s` those of each file in one line.
    pub(super) fn pasted(&mut self, operands: &[String], rest: &[Argument], stdin: &Stream) -> Stream {
        let delimiter = option_values(rest, &["-d", "--delimiters"]).first().cloned();
        let serial = rest.iter().any(|a| {
            a.text == "--serial"
                || a.text.starts_with('-') && !a.text.starts_with("--") && a.text.contains('s')
        });
        // `-sd ' '`
        let clustered = super::shells::clustered(rest, 'd').filter(|_| delimiter.is_none());
        let delimiter = delimiter.or(clustered).unwrap_or_else(|| "\t".to_owned());
        let files: Vec<String> = operands.iter().filter(|o| **o != delimiter).cloned().collect();
        let delimiter = delimiter.chars().next().map(String::from).unwrap_or_default();
        let all = self.inputs(&files, stdin);
        let columns: Vec<Option<String>> = if files.is_empty() {
            vec![stdin.text.clone()]
        } else {
            files
                .iter()
                .map(|file| {
                    if file == "-" {
                        stdin.text.clone()
                    } else {
                        self.content(file).text
                    }
                })
                .collect()
        };
        let text = columns
            .into_iter()
            .collect::<Option<Vec<String>>>()
            .map(|columns| {
                if serial {
                    return columns.iter().fold(String::new(), |all, text| {
                        all + &text.lines().collect::<Vec<_>>().join(&delimiter) + "\n"
                    });
                }
                let rows = columns.iter().map(|text| text.lines().count()).max().unwrap_or(0);
                (0..rows.min(256)).fold(String::new(), |all, row| {
                    let cells: Vec<&str> = columns
                        .iter()
                        .map(|text| text.lines().nth(row).unwrap_or_default())
                        .collect();
                    all + &cells.join(&delimiter) + "\n"
                })
            });
        all.filtered(text, "paste")
    }

    pub(super) fn cut(&mut self, rest: &[Argument], stdin: &Stream) -> Stream {
        let value = |letter: &str, long: &str| {
            rest.iter().enumerate().find_map(|(at, a)| {
                if a.text == letter || a.text == long {
                    return rest.get(at + 1).map(|a| a.text.clone());
                }
                a.text
                    .strip_prefix(letter)
                    .or_else(|| a.text.strip_prefix(&format!("{long}=")))
                    .map(str::to_owned)
            })
        };
        let delimiter = value("-d", "--delimiter").unwrap_or_else(|| "\t".to_owned());
        let files: Vec<String> = rest
            .iter()
            .enumerate()
            .filter(|(at, a)| {
                let valued = *at > 0
                    && matches!(
                        rest[at - 1].text.as_str(),
                        "-d" | "-f"
                            | "-c"
                            | "-b"
                            | "--delimiter"
                            | "--fields"
                            | "--characters"
                            | "--bytes"
                            | "--output-delimiter"
                    );
                !valued && !a.text.starts_with('-')
            })
            .map(|(_, a)| a.text.clone())
            .collect();
        let stdin = &self.inputs(&files, stdin);
        let fields = value("-f", "--fields");
        let only_delimited = rest
            .iter()
            .any(|a| a.text == "--only-delimited" || a.text.starts_with("-s") || a.text == "-zs");
        let characters = value("-c", "--characters").or_else(|| value("-b", "--bytes"));
        let text = stdin.text.as_ref().map(|text| {
            text.lines()
                .map(|line| match (&fields, &characters) {
                    (Some(list), _) => {
                        let parts: Vec<&str> = line.split(delimiter.as_str()).collect();
                        // A line without the delimiter is passed on whole.
                        if parts.len() == 1 && !only_delimited {
                            return format!("{line}\n");
                        }
                        format!("{}\n", chosen(list, &parts).join(&delimiter))
                    }
                    (None, Some(list)) => {
                        let chars: Vec<String> = line.chars().map(String::from).collect();
                        let parts: Vec<&str> = chars.iter().map(String::as_str).collect();
                        format!("{}\n", chosen(list, &parts).concat())
                    }
                    _ => format!("{line}\n"),
                })
                .collect()
        });
        stdin.filtered(text, "cut")
    }
}

/// The fields of a list (`1,3-5`) among parts.
pub(super) fn chosen<'p>(list: &str, parts: &[&'p str]) -> Vec<&'p str> {
    let mut out = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let number = at + 1;
        let wanted = list.split(',').any(|range| match range.split_once('-') {
            Some((from, to)) => {
                number >= from.parse().unwrap_or(1) && number <= to.parse().unwrap_or(usize::MAX)
            }
            None => range.parse() == Ok(number),
        });
        if wanted {
            out.push(*part);
        }
    }
    out
}

/// What `sort` makes of a text; the keys of `-k` are not followed.
pub(super) fn sorted(text: &str, options: &[&str]) -> String {
    let has = |letter: char, long: &str| {
        options
            .iter()
            .any(|o| *o == long || !o.starts_with("--") && o[1..].contains(letter))
    };
    if has('k', "--key") || has('R', "--random-sort") {
        return text.to_owned();
    }
    let mut lines: Vec<&str> = text.lines().collect();
    if has('n', "--numeric-sort") {
        let number = |line: &str| {
            let digits: String = line
                .trim_start()
                .chars()
                .take_while(char::is_ascii_digit)
                .collect();
            digits.parse::<u64>().unwrap_or(0)
        };
        lines.sort_by_key(|line| number(line));
    } else {
        lines.sort_unstable();
    }
    if has('r', "--reverse") {
        lines.reverse();
    }
    if has('u', "--unique") {
        lines.dedup();
    }
    lines.iter().flat_map(|line| [*line, "\n"]).collect()
}

/// The lines that a plain pattern of `grep` picks; all of them where it is no plain one, or where a line holds signs.
pub(super) fn picked(text: &str, pattern: Option<&String>, inverted: bool, name: &str) -> String {
    let Some(pattern) = pattern.filter(|_| text::is_known(text)) else {
        return text.to_owned();
    };
    let plain = name == "fgrep"
        || pattern
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || " _/-".contains(c));
    if !plain {
        return text.to_owned();
    }
    let lines = text
        .lines()
        .filter(|line| line.contains(pattern.as_str()) != inverted);
    lines.flat_map(|line| [line, "\n"]).collect()
}
