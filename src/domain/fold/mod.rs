//! Folding: what many hosts wrote, grouped by sameness, so that one look tells which of them said something else.

mod outputs;
mod written;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde::{Deserialize, Serialize};
use similar::{ChangeTag, TextDiff};

use outputs::HostOutput;
pub use outputs::Outputs;
use written::Kept;

/// Lines of a difference at most; more would not be read.
const MOST_CHANGES: usize = 200;
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
    /// It differs from the largest group in what is not kept of them, and in nothing that is.
    #[serde(default)]
    pub difference_unseen: bool,
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
///
/// Every line that was taken counts, also those that are not kept to be shown.
#[must_use]
pub fn fold(outputs: Outputs) -> Vec<FoldedGroup> {
    let options = outputs.options();
    let mut places: HashMap<_, usize> = HashMap::new();
    let mut groups: Vec<(Vec<String>, HostOutput)> = Vec::new();
    for (target, output) in outputs.into_hosts() {
        let place = *places.entry(output.sameness()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((targets, _)) => targets.push(target),
            None => groups.push((vec![target], output)),
        }
    }
    // The sort keeps the order of those of the same size.
    groups.sort_by_key(|(targets, _)| std::cmp::Reverse(targets.len()));
    let mut differences = vec![(Vec::new(), false)];
    if let Some(((_, largest), others)) = groups.split_first() {
        differences.extend(
            others
                .iter()
                .map(|(_, other)| difference(largest, other, options)),
        );
    }
    groups
        .into_iter()
        .zip(differences)
        .enumerate()
        .map(
            |(place, ((targets, output), (difference, difference_cut)))| FoldedGroup {
                targets,
                left_out: output.left_out(),
                lines: output.into_lines(),
                difference_unseen: place > 0 && difference.is_empty(),
                difference,
                difference_cut,
            },
        )
        .collect()
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

/// A line as it is compared.
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

/// What `other` has instead of what `base` has, with a little around it, and whether it goes on.
fn difference(base: &HostOutput, other: &HostOutput, options: FoldOptions) -> (Vec<FoldedChange>, bool) {
    let mut changes = Vec::new();
    let mut is_cut = false;
    for (base, other) in base.streams().into_iter().zip(other.streams()) {
        let (old_lines, new_lines) = (base.beside(other), other.beside(base));
        let (old, new) = (
            compared(base, old_lines, options),
            compared(other, new_lines, options),
        );
        let old: Vec<&str> = old.iter().map(String::as_str).collect();
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        let diff = TextDiff::from_slices(&old, &new);
        for group in diff.grouped_ops(AROUND) {
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                if changes.len() == MOST_CHANGES {
                    return (changes, true);
                }
                let (sign, line) = match change.tag() {
                    ChangeTag::Insert => ('+', change.new_index().and_then(|at| new_lines.get(at))),
                    ChangeTag::Delete => ('-', change.old_index().and_then(|at| old_lines.get(at))),
                    ChangeTag::Equal => (' ', change.new_index().and_then(|at| new_lines.get(at))),
                };
                changes.push(FoldedChange {
                    sign,
                    text: line.cloned().unwrap_or_default(),
                });
            }
        }
        is_cut |= base.is_cut() || other.is_cut();
    }
    let is_cut = is_cut && !changes.is_empty();
    (changes, is_cut)
}

/// Lines of an output as they are compared; `lines` are all or the first ones of those that are kept.
fn compared(kept: &Kept, lines: &[String], options: FoldOptions) -> Vec<String> {
    let mut compared: Vec<String> = lines.iter().map(|line| compared_line(line, options)).collect();
    if options.ignore_space && !kept.is_cut() && lines.len() == kept.lines().len() {
        while compared.last().is_some_and(String::is_empty) {
            compared.pop();
        }
    }
    compared
}

#[cfg(test)]
#[path = "fold_test.rs"]
mod tests;
