//! Parameter expansion: values and the operators on them.

use super::super::syntax::{Parameter, ParameterOp, Part, Word};
use super::super::words::glob::could_be;
use super::super::words::text::{self, SOME, UNKNOWN};
use super::Walker;
use super::state::{Variable, given};

impl Walker<'_> {
    /// The values of an expansion: one, or as many as an array or `$@` has.
    pub(super) fn parameter(&mut self, parameter: &Parameter) -> Vec<String> {
        let mut parameter = parameter.clone();
        if parameter.indirect {
            if parameter.op.is_none() && parameter.index.is_some() {
                return self.keys(&parameter.name);
            }
            let name = self.lookup(&parameter.name, None).unwrap_or_default().join("");
            if !text::is_known(&name) || name.is_empty() {
                return vec![UNKNOWN.to_string()];
            }
            // `v='a[@]'; "${!v}"`
            match name
                .split_once('[')
                .and_then(|(name, tail)| Some((name, tail.strip_suffix(']')?)))
            {
                Some((array, index)) => {
                    array.clone_into(&mut parameter.name);
                    parameter.index = Some(Word {
                        parts: vec![Part::Plain(index.to_owned())],
                        ..Word::default()
                    });
                }
                None => parameter.name = name,
            }
            parameter.indirect = false;
        }
        let values = self.lookup(&parameter.name, parameter.index.as_ref());
        if parameter.length {
            return vec![match values {
                Some(values)
                    if matches!(parameter.name.as_str(), "@" | "*") || all(parameter.index.as_ref()) =>
                {
                    values.len().to_string()
                }
                Some(values) if values.iter().all(|v| text::is_known(v)) => {
                    values.join(" ").chars().count().to_string()
                }
                _ => SOME.to_string(),
            }];
        }
        match parameter.op.clone() {
            None => values.unwrap_or_else(|| vec![UNKNOWN.to_string()]),
            Some(op) => self.operate(&parameter.name, values, op),
        }
    }

    /// A variable's values: `None` where the script does not set it.
    fn lookup(&mut self, name: &str, index: Option<&Word>) -> Option<Vec<String>> {
        match name {
            "@" | "*" => return self.state.arguments.as_ref().map(|arguments| arguments.to_vec()),
            "#" => {
                let count = self
                    .state
                    .arguments
                    .as_ref()
                    .map(|arguments| arguments.len().to_string());
                return Some(vec![count.unwrap_or_else(|| SOME.to_string())]);
            }
            "0" => return Some(vec![self.state.zero.clone()]),
            "DIRSTACK" => {
                let kept = self.state.stack.iter().rev();
                let mut folders = vec![self.state.cwd.clone()];
                folders.extend(kept.cloned());
                let folders: Vec<String> = folders
                    .into_iter()
                    .map(|folder| folder.unwrap_or_else(|| SOME.to_string()))
                    .collect();
                if all(index) {
                    return Some(folders);
                }
                let at = index
                    .and_then(|word| self.key(word).parse::<usize>().ok())
                    .unwrap_or(0);
                return Some(vec![folders.get(at).cloned().unwrap_or_default()]);
            }
            _ => {}
        }
        if let Ok(position) = name.parse::<usize>() {
            let arguments = self.state.arguments.as_ref()?;
            return Some(vec![
                arguments
                    .get(position.wrapping_sub(1))
                    .cloned()
                    .unwrap_or_default(),
            ]);
        }
        if let Some(origin) = self.origins.get(name) {
            self.origin = Some(origin.clone());
        }
        let Some(variable) = self.state.get(name).cloned() else {
            return given(name, &self.state).map(|value| vec![value]);
        };
        match variable {
            Variable::Scalar(values) => {
                let at = self.pick(name, values.len());
                Some(vec![values.get(at).cloned().unwrap_or_default()])
            }
            Variable::Array(elements) if all(index) => {
                Some(elements.into_iter().map(|(_, value)| value).collect())
            }
            Variable::Array(elements) => {
                let key = match index {
                    None => "0".to_owned(),
                    Some(word) => self.key(word),
                };
                if let Some(back) = key.strip_prefix('-').and_then(|k| k.parse::<usize>().ok()) {
                    return Some(vec![
                        elements
                            .iter()
                            .rev()
                            .nth(back - 1)
                            .map(|(_, v)| v.clone())
                            .unwrap_or_default(),
                    ]);
                }
                let value = elements
                    .into_iter()
                    .find(|(k, _)| *k == key)
                    .map(|(_, value)| value);
                Some(vec![value.unwrap_or_else(|| {
                    if text::is_known(&key) {
                        String::new()
                    } else {
                        UNKNOWN.into()
                    }
                })])
            }
        }
    }

    /// An index's value: a number where it is arithmetic, else the text.
    pub(super) fn key(&mut self, word: &Word) -> String {
        let text = self.single(word);
        let value = self.arithmetic(&word.parts);
        if text::is_known(&value) && (text.contains(['+', '-', '*', '$']) || text.parse::<i64>().is_ok()) {
            value
        } else if let Some(Variable::Scalar(values)) = self.state.get(&text) {
            values.last().cloned().unwrap_or_default()
        } else {
            text
        }
    }

    fn keys(&self, name: &str) -> Vec<String> {
        match self.state.get(name) {
            Some(Variable::Array(elements)) => elements.iter().map(|(key, _)| key.clone()).collect(),
            _ => vec![UNKNOWN.to_string()],
        }
    }

    fn operate(&mut self, name: &str, values: Option<Vec<String>>, op: ParameterOp) -> Vec<String> {
        let set = values.is_some();
        let empty = values
            .as_ref()
            .is_none_or(|values| values.iter().all(String::is_empty));
        let known = |values: Option<Vec<String>>| values.unwrap_or_else(|| vec![UNKNOWN.to_string()]);
        match op {
            ParameterOp::Default(colon, word) => {
                if set && !(colon && empty) {
                    return known(values);
                }
                vec![self.operand_value(&word)]
            }
            ParameterOp::Assign(colon, word) => {
                if set && !(colon && empty) {
                    return known(values);
                }
                let value = self.operand_value(&word);
                self.state.set(name, value.clone());
                vec![value]
            }
            ParameterOp::Require(word) => {
                let _ = self.single(&word);
                if set && !empty {
                    known(values)
                } else {
                    vec![SOME.to_string()]
                }
            }
            ParameterOp::Alternate(colon, word) => {
                let value = self.operand_value(&word);
                // Where nobody set it here it may be set elsewhere, or not.
                if set && colon && empty || !set && self.pick(&format!("+{name}"), 2) == 1 {
                    vec![String::new()]
                } else {
                    vec![value]
                }
            }
            ParameterOp::TrimStart(long, word) => {
                let pattern = self.pattern(&word);
                each(known(values), |value| trim(value, &pattern, long, true))
            }
            ParameterOp::TrimEnd(long, word) => {
                let pattern = self.pattern(&word);
                each(known(values), |value| trim(value, &pattern, long, false))
            }
            ParameterOp::Replace(every, anchor, pattern, replacement) => {
                let pattern = self.pattern(&pattern);
                let replacement = self.single(&replacement);
                each(known(values), |value| {
                    replace(value, &pattern, &replacement, every, anchor)
                })
            }
            ParameterOp::Upper(true) => each(known(values), str::to_uppercase),
            ParameterOp::Lower(true) => each(known(values), str::to_lowercase),
            ParameterOp::Upper(false) => each(known(values), |value| first(value, char::to_uppercase)),
            ParameterOp::Lower(false) => each(known(values), |value| first(value, char::to_lowercase)),
            ParameterOp::Slice(offset, length) => {
                let offset = self.arithmetic(&offset.parts).parse::<i64>().ok();
                let length = length.map(|word| self.arithmetic(&word.parts).parse::<i64>().ok());
                let values = known(values);
                if matches!(name, "@" | "*") || values.len() > 1 {
                    let from = offset.and_then(|o| usize::try_from(o).ok()).unwrap_or(0);
                    let from = if matches!(name, "@" | "*") {
                        from.saturating_sub(1)
                    } else {
                        from
                    };
                    let count = length
                        .flatten()
                        .and_then(|l| usize::try_from(l).ok())
                        .unwrap_or(usize::MAX);
                    return values.into_iter().skip(from).take(count).collect();
                }
                each(values, |value| slice(value, offset, length))
            }
            ParameterOp::Transform(sign) => each(known(values), |value| match sign {
                'U' => value.to_uppercase(),
                'L' => value.to_lowercase(),
                'E' => text::unescape(value, true),
                _ => value.to_owned(),
            }),
        }
    }

    fn operand_value(&mut self, word: &Word) -> String {
        // The word of an unquoted `${x:-..}` is split like any other; joined by blanks it splits again later.
        self.single(word)
    }
}

fn all(index: Option<&Word>) -> bool {
    index.is_some_and(|index| matches!(index.plain(), Some("@" | "*")))
}

fn each(values: Vec<String>, change: impl Fn(&str) -> String) -> Vec<String> {
    values.into_iter().map(|value| change(&value)).collect()
}

fn first<I: Iterator<Item = char>>(value: &str, change: impl Fn(char) -> I) -> String {
    let mut chars = value.chars();
    chars
        .next()
        .map(|c| change(c).chain(chars).collect())
        .unwrap_or_default()
}

/// The places between the characters of a text, its ends too; few enough to try them all.
fn places(value: &str) -> Vec<usize> {
    value
        .char_indices()
        .map(|(at, _)| at)
        .chain([value.len()])
        .take(512)
        .collect()
}

fn trim(value: &str, pattern: &str, long: bool, start: bool) -> String {
    if text::has_unknown(value) && text::has_unknown(pattern) {
        return UNKNOWN.to_string();
    }
    let mut places = places(value);
    if start == long {
        places.reverse();
    }
    for at in places {
        let (cut, kept) = if start {
            value.split_at(at)
        } else {
            (&value[at..], &value[..at])
        };
        if could_be(pattern, cut) {
            return kept.to_owned();
        }
    }
    value.to_owned()
}

fn replace(value: &str, pattern: &str, replacement: &str, every: bool, anchor: Option<char>) -> String {
    if pattern.is_empty() {
        return value.to_owned();
    }
    if value.len() > 256 && !text::is_known(pattern) {
        return UNKNOWN.to_string();
    }
    if text::is_known(pattern) && anchor.is_none() {
        return text::bounded(if every {
            let most = text::LONGEST / replacement.len().max(1) + 1;
            value.replacen(pattern, replacement, most)
        } else {
            value.replacen(pattern, replacement, 1)
        });
    }
    let places = places(value);
    let mut out = String::new();
    let mut at = 0;
    while at < places.len() {
        let from = places[at];
        // The longest match that begins here.
        let end = (at + 1..places.len()).rev().find(|end| {
            let allowed = match anchor {
                Some('#') => at == 0,
                Some(_) => *end == places.len() - 1,
                None => true,
            };
            allowed && could_be(pattern, &value[from..places[*end]])
        });
        if let Some(end) = end {
            out.push_str(replacement);
            at = end;
            if !every {
                out.push_str(&value[places[at]..]);
                return text::bounded(out);
            }
        } else {
            out.extend(value[from..].chars().next());
            at += 1;
        }
        if out.len() > 4096 {
            break;
        }
    }
    text::bounded(out)
}

#[expect(
    clippy::option_option,
    reason = "no length, one that is not known, and one that is"
)]
fn slice(value: &str, offset: Option<i64>, length: Option<Option<i64>>) -> String {
    let (Some(offset), false) = (offset, matches!(length, Some(None))) else {
        return UNKNOWN.to_string();
    };
    if text::has_unknown(value) {
        return UNKNOWN.to_string();
    }
    if value.starts_with(text::HOME) && offset == 0 && length == Some(Some(1)) {
        return "/".to_owned();
    }
    let chars: Vec<char> = value.chars().collect();
    let size = chars.len() as i64;
    let from = if offset < 0 { size + offset } else { offset };
    if from < 0 {
        return String::new();
    }
    let to = match length.flatten() {
        None => size,
        Some(length) if length < 0 => size + length,
        Some(length) => from.saturating_add(length),
    };
    let (from, to) = (from.min(size) as usize, to.clamp(0, size) as usize);
    chars
        .get(from..to)
        .map(|part| part.iter().collect())
        .unwrap_or_default()
}
