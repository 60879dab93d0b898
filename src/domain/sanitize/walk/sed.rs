//! Scripts of `sed` on a known text, and what they run or write.

use super::super::words::{decode, text};
use super::expand::Argument;
use super::{Stream, Walker};

/// What a script of `sed` does beyond its output.
pub(super) enum SedPart {
    /// It runs a command.
    Run(String),
    /// It writes a file.
    Write(String),
}

impl Walker<'_> {
    /// `sed`: substitutions on a known text; other scripts lose the text, not its origin.
    pub(super) fn sed(&mut self, rest: &[Argument], stdin: &Stream) -> Stream {
        let mut scripts: Vec<String> = Vec::new();
        let mut files = Vec::new();
        let mut silent = false;
        let mut at = 0;
        while let Some(argument) = rest.get(at) {
            let t = argument.text.as_str();
            match t {
                "-e" | "--expression" => {
                    at += 1;
                    scripts.extend(rest.get(at).map(|a| a.text.clone()));
                }
                "-f" => at += 1,
                "-n" | "--quiet" | "--silent" => silent = true,
                _ if t.starts_with('-') && t.len() > 1 => {
                    if let Some(script) = t.strip_prefix("-e").or_else(|| t.strip_prefix("--expression=")) {
                        scripts.push(script.to_owned());
                    }
                }
                _ if scripts.is_empty() => scripts.push(t.to_owned()),
                _ => files.push(t.to_owned()),
            }
            at += 1;
        }
        let input = self.inputs(&files, stdin);
        let mut text = input.text.clone();
        if silent && !scripts.iter().any(|s| s.ends_with('p')) {
            text = None;
        }
        for script in &scripts {
            for part in script.split([';', '\n']).map(str::trim).filter(|p| !p.is_empty()) {
                text = text.and_then(|t| substituted(&t, part));
            }
        }
        input.filtered(text, "sed")
    }
}

/// The parts of a script of `sed` that run something or write a file.
pub(super) fn sed_parts(script: &str) -> Vec<SedPart> {
    let mut out = Vec::new();
    for line in script.split(['\n', '{', '}']).map(str::trim) {
        // The address: numbers, `$`, `/pattern/`, ranges of them.
        let mut rest = line;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || "$,~+! ".contains(c));
            let Some(tail) = rest.strip_prefix('/') else { break };
            let Some(end) = tail.find('/') else { break };
            rest = tail[end + 1..].trim_start_matches('I');
        }
        if let Some(command) = rest.strip_prefix("e ") {
            out.push(SedPart::Run(command.trim().to_owned()));
        } else if let Some(path) = rest.strip_prefix("w ").or_else(|| rest.strip_prefix("W ")) {
            out.push(SedPart::Write(path.trim().to_owned()));
        } else if rest.starts_with('s')
            && let Some(delimiter) = rest.chars().nth(1).filter(|c| !c.is_alphanumeric() && *c != ' ')
        {
            let mut parts = Vec::new();
            let mut part = String::new();
            let mut chars = rest[1 + delimiter.len_utf8()..].chars();
            while let Some(c) = chars.next() {
                match c {
                    '\\' => match chars.next() {
                        Some(next) if next == delimiter => part.push(next),
                        next => {
                            part.push('\\');
                            part.extend(next);
                        }
                    },
                    c if c == delimiter && parts.len() < 2 => parts.push(std::mem::take(&mut part)),
                    c => part.push(c),
                }
            }
            parts.push(part);
            if let [pattern, replacement, flags] = parts.as_slice() {
                let own = flags.split([';', ' ']).next().unwrap_or_default();
                if own.contains('e') {
                    out.push(SedPart::Run(replacement.replace("\\n", "\n")));
                    if replacement.contains('&') {
                        out.push(SedPart::Run(replacement.replace('&', pattern)));
                    }
                }
                if let Some((_, path)) = flags.split_once("w ").filter(|_| own.ends_with('w')) {
                    out.push(SedPart::Write(path.trim().to_owned()));
                }
            }
        }
    }
    out
}

/// One command of `sed` on a text, as far as it is understood: `s`, `y`, `p`, line numbers aside.
pub(super) fn substituted(text: &str, command: &str) -> Option<String> {
    let command = command.trim_start_matches(|c: char| c.is_ascii_digit() || ",$ ".contains(c));
    let sign = command.chars().next()?;
    if command == "p" || command.is_empty() {
        return Some(text.to_owned());
    }
    if sign != 's' && sign != 'y' {
        return None;
    }
    let delimiter = command.chars().nth(1)?;
    let mut parts = vec![String::new()];
    let mut chars = command.chars().skip(2);
    while let Some(c) = chars.next() {
        if c == '\\' {
            let next = chars.next()?;
            if next != delimiter {
                parts.last_mut()?.push('\\');
            }
            parts.last_mut()?.push(next);
        } else if c == delimiter {
            parts.push(String::new());
        } else {
            parts.last_mut()?.push(c);
        }
    }
    let [pattern, replacement, flags] = parts.as_slice() else {
        return None;
    };
    if sign == 'y' {
        return decode::translated(text, pattern, Some(replacement), false, false);
    }
    let extended = flags.contains('E') || !pattern.contains('\\');
    let pattern = if extended {
        pattern.clone()
    } else {
        pattern
            .replace("\\(", "\u{1}")
            .replace("\\)", "\u{2}")
            .replace('(', "\\(")
            .replace(')', "\\)")
            .replace('\u{1}', "(")
            .replace('\u{2}', ")")
    };
    let regex = regex::RegexBuilder::new(&pattern)
        .size_limit(64 * 1024)
        .case_insensitive(flags.contains(['i', 'I']))
        .build()
        .ok()?;
    let lower = replacement.contains("\\L");
    let upper = replacement.contains("\\U");
    let replacement = if lower || upper {
        replacement
            .replace("\\L", "")
            .replace("\\U", "")
            .replace("\\E", "")
    } else {
        replacement.clone()
    };
    let mut template = String::new();
    let mut chars = replacement.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                digit if digit.is_ascii_digit() => template.extend(["${", &digit.to_string(), "}"]),
                'n' => template.push('\n'),
                other => template.push(other),
            },
            '&' => template.push_str("${0}"),
            '$' => template.push_str("$$"),
            c => template.push(c),
        }
    }
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            if lower || upper {
                let cased = |found: &regex::Captures<'_>| {
                    let mut made = String::new();
                    found.expand(&template, &mut made);
                    if lower {
                        made.to_lowercase()
                    } else {
                        made.to_uppercase()
                    }
                };
                if flags.contains('g') {
                    regex.replace_all(line, cased).into_owned()
                } else {
                    regex.replace(line, cased).into_owned()
                }
            } else if flags.contains('g') {
                // As often as a value may grow long.
                let most = text::LONGEST / template.len().max(1) + 1;
                regex.replacen(line, most, template.as_str()).into_owned()
            } else {
                regex.replace(line, template.as_str()).into_owned()
            }
        })
        .collect();
    Some(text::bounded(lines.join("\n")))
}
