//! Folding: what many hosts wrote, grouped by sameness, so that one look tells which of them said something else.

mod outputs;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

pub use outputs::Outputs;

/// Lines of a difference at most; more would not be read.
const MOST_CHANGES: usize = 200;
/// Lines of an output that are compared line by line, at most. Longer ones are only said to differ.
const MOST_COMPARED: usize = 5_000;
/// Lines around a change that are shown with it.
const AROUND: usize = 2;

/// What is not looked at when outputs are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FoldOptions {
    /// White space at the ends of lines, and empty lines at the end.
    pub ignore_space: bool,
    /// Moments and clock times.
    pub ignore_times: bool,
}

/// What one host wrote, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOutput {
    /// The target's name.
    pub target: String,
    /// Its lines.
    pub lines: Vec<String>,
    /// How many more lines it wrote than are here.
    pub left_out: u64,
}

/// Hosts that wrote the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedGroup {
    /// Their names, sorted.
    pub targets: Vec<String>,
    /// What the first of them wrote.
    pub lines: Vec<String>,
    /// How many more lines it wrote than are here.
    pub left_out: u64,
    /// How it differs from the largest group; empty for that one.
    pub difference: Vec<FoldedChange>,
    /// The difference goes on.
    pub difference_cut: bool,
}

/// A line of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoldedChange {
    /// `+` where only this group has it, `-` where only the largest one has, a blank for what both have.
    pub sign: char,
    /// The line.
    pub text: String,
}

/// Groups outputs by sameness: the largest group first, those of the same size by their first host.
#[must_use]
pub fn fold(mut outputs: Vec<HostOutput>, options: FoldOptions) -> Vec<FoldedGroup> {
    outputs.sort_by(|a, b| a.target.cmp(&b.target));
    let mut places: HashMap<(Vec<String>, u64), usize> = HashMap::new();
    let mut groups: Vec<FoldedGroup> = Vec::new();
    for output in outputs {
        let key = (compared(&output.lines, options), output.left_out);
        if let Some(place) = places.get(&key) {
            groups[*place].targets.push(output.target);
            continue;
        }
        places.insert(key, groups.len());
        groups.push(FoldedGroup {
            targets: vec![output.target],
            lines: output.lines,
            left_out: output.left_out,
            difference: Vec::new(),
            difference_cut: false,
        });
    }
    // The sort keeps the order of those of the same size.
    groups.sort_by_key(|group| std::cmp::Reverse(group.targets.len()));
    if let Some((largest, others)) = groups.split_first_mut() {
        for group in others {
            (group.difference, group.difference_cut) = difference(&largest.lines, &group.lines, options);
        }
    }
    groups
}

/// The whole in a sentence.
#[must_use]
pub fn headline(groups: &[FoldedGroup]) -> String {
    let hosts = |count: usize| format!("{count} {}", if count == 1 { "host" } else { "hosts" });
    match groups {
        [] => "no host wrote anything".to_owned(),
        [only] => format!("{}: identical", hosts(only.targets.len())),
        [largest, others @ ..] => {
            let rest: usize = others.iter().map(|group| group.targets.len()).sum();
            let differ = if rest == 1 { "differs" } else { "differ" };
            format!("{}: identical; {rest} {differ}", hosts(largest.targets.len()))
        }
    }
}

/// Lines as they are compared.
fn compared(lines: &[String], options: FoldOptions) -> Vec<String> {
    let mut compared: Vec<String> = lines.iter().map(|line| compared_line(line, options)).collect();
    if options.ignore_space {
        while compared.last().is_some_and(String::is_empty) {
            compared.pop();
        }
    }
    compared
}

fn compared_line(line: &str, options: FoldOptions) -> String {
    let line = if options.ignore_space {
        line.trim_end()
    } else {
        line
    };
    if options.ignore_times {
        without_times(line).into_owned()
    } else {
        line.to_owned()
    }
}

/// Replaces what is written like a date (`2026-11-21`), a time of day (`02:36:50.123Z`) or both.
fn without_times(line: &str) -> Cow<'_, str> {
    static MOMENT: LazyLock<Regex> = LazyLock::new(|| {
        let time = r"\d{2}:\d{2}:\d{2}(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?";
        Regex::new(&format!(r"\b(?:\d{{4}}-\d{{2}}-\d{{2}}(?:[T ]{time})?|{time})"))
            .expect("it is well formed")
    });
    MOMENT.replace_all(line, "\u{2026}")
}

/// What `other` has instead of what `base` has, with a little around it.
fn difference(base: &[String], other: &[String], options: FoldOptions) -> (Vec<FoldedChange>, bool) {
    let cut = |lines: &[String]| -> Vec<String> {
        let some = &lines[..lines.len().min(MOST_COMPARED)];
        some.iter().map(|line| compared_line(line, options)).collect()
    };
    let (old, new) = (cut(base), cut(other));
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let diff = TextDiff::from_slices(&old, &new);
    let mut changes = Vec::new();
    for group in diff.grouped_ops(AROUND) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            if changes.len() == MOST_CHANGES {
                return (changes, true);
            }
            let (sign, line) = match change.tag() {
                ChangeTag::Insert => ('+', change.new_index().and_then(|at| other.get(at))),
                ChangeTag::Delete => ('-', change.old_index().and_then(|at| base.get(at))),
                ChangeTag::Equal => (' ', change.new_index().and_then(|at| other.get(at))),
            };
            changes.push(FoldedChange {
                sign,
                text: line.cloned().unwrap_or_default(),
            });
        }
    }
    (changes, base.len().max(other.len()) > MOST_COMPARED)
}

#[cfg(test)]
#[path = "fold_test.rs"]
mod tests;
