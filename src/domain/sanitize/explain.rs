//! A verdict for a person: the line, a caret under what matched, why, and what to do instead.

use std::fmt::Write as _;
use unicode_width::UnicodeWidthChar as _;

use super::{Decision, RuleHit, Severity, Verdict};

/// The verdict as text, ready to print. `command` is the text that was judged.
#[must_use]
pub fn explain(command: &str, verdict: &Verdict) -> String {
    let mut out = match verdict.decision {
        Decision::Allow => "allow: nothing speaks against it\n".to_owned(),
        Decision::Ask => "ask: somebody with the right to approve must look at it first\n".to_owned(),
        Decision::Deny => "deny: it may not run\n".to_owned(),
    };
    let mut shown = None;
    let mut show = |out: &mut String, start, end| {
        // What is said of one place stands below it together.
        if shown.replace((start, end)) != Some((start, end)) {
            out.push('\n');
            out.push_str(&place(command, start, end));
        }
    };
    for rule in &verdict.rules {
        show(&mut out, rule.start, rule.end);
        out.push_str(&one(rule));
    }
    for spared in &verdict.not_applied {
        show(&mut out, spared.start, spared.end);
        // Writing to a text cannot fail.
        let _ = writeln!(out, "not applied {}: {}", spared.id, spared.reason);
    }
    out
}

/// So many columns of a long line are shown before what matched, and so many of it and behind it.
const BEFORE: usize = 60;
const BEHIND: usize = 100;

/// The line that a place is in, and a line with carets under it.
fn place(command: &str, start: usize, end: usize) -> String {
    let mut start = start.min(command.len());
    while !command.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = end.clamp(start, command.len());
    while !command.is_char_boundary(end) {
        end += 1;
    }
    let line_start = command[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = command[start..].find('\n').map_or(command.len(), |at| start + at);
    let before = end_of(&visible(&command[line_start..start]), BEFORE);
    let from = visible(&command[start..line_end]);
    let behind = beginning_of(&from, BEHIND);
    let marked = visible(&command[start..end.min(line_end)]);
    let marked = width(&marked).clamp(1, width(&behind).max(1));
    let number = command[..line_start].matches('\n').count() + 1;
    let head = format!("{number:>4} | ");
    let blank = " ".repeat(head.len() + width(&before));
    format!("{head}{before}{behind}\n{blank}{}\n", "^".repeat(marked))
}

/// The end of a text that is too long, with a sign that it is cut.
fn end_of(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns;
    let kept = text.char_indices().rev().take_while(|(_, c)| {
        left = left.saturating_sub(columns_of(*c));
        left > 0
    });
    let start = kept.last().map_or(text.len(), |(at, _)| at);
    format!("\u{2026}{}", &text[start..])
}

/// The same of its beginning.
fn beginning_of(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns;
    let kept = text.chars().take_while(|c| {
        left = left.saturating_sub(columns_of(*c));
        left > 0
    });
    kept.chain(['\u{2026}']).collect()
}

fn one(rule: &RuleHit) -> String {
    let severity = match rule.severity {
        Severity::Ask => "ask",
        Severity::Deny => "deny",
    };
    let mut out = format!("{severity} {}: {}\n", rule.id, rule.reason);
    if !rule.chain.is_empty() {
        let _ = writeln!(out, "  how: {}", rule.chain.join(" -> "));
    }
    if let Some(instead) = &rule.instead {
        let _ = writeln!(out, "  instead: {instead}");
    }
    out
}

/// What cannot be seen is shown.
fn visible(line: &str) -> String {
    line.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() || super::odd::plain(&c.to_string()).is_some() {
                '\u{b7}'
            } else {
                c
            }
        })
        .collect()
}

fn width(text: &str) -> usize {
    text.chars().map(columns_of).sum()
}

fn columns_of(c: char) -> usize {
    c.width().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Sanitizer;
    use super::*;

    #[test]
    fn the_caret_stands_under_what_matched() {
        let command = "cd /tmp\nls && rm -rf /etc; date";
        let verdict = Sanitizer::default().judge(command, None);
        let text = explain(command, &verdict);
        assert!(
            text.contains("   2 | ls && rm -rf /etc; date\n             ^^^^^^^^^^^\n"),
            "{text}"
        );
        assert!(text.contains("deny fs.wipe"), "{text}");
        assert!(text.contains("instead: "), "{text}");
    }

    #[test]
    fn any_place_in_any_text_can_be_shown() {
        let verdict = |start, end| Verdict {
            decision: Decision::Ask,
            not_applied: vec![],
            rules: vec![RuleHit {
                id: "x".into(),
                severity: Severity::Ask,
                start,
                end,
                reason: "y".into(),
                chain: vec![],
                instead: None,
            }],
        };
        for (start, end) in [(0, 0), (1, 2), (3, 1), (99, 120), (0, 99)] {
            assert!(explain("aé\nß", &verdict(start, end)).contains('^'));
        }
        let long = format!("{}HERE{}", "é".repeat(3000), "日".repeat(3000));
        let text = explain(&long, &verdict(6000, 6004));
        let (line, mark) = text.lines().nth(2).zip(text.lines().nth(3)).unwrap();
        assert_eq!(
            (line.starts_with("   1 | …éé"), line.ends_with("日…")),
            (true, true),
            "{text}"
        );
        assert!(line.chars().count() < 200, "{text}");
        let at = line.chars().position(|c| c == 'H').unwrap();
        assert_eq!(mark, format!("{}^^^^", " ".repeat(at)));
        let wide = "echo 日本語 e\u{301}; HERE";
        let text = explain(wide, &verdict(wide.len() - 4, wide.len()));
        assert!(
            text.contains(&format!("\n{}^^^^\n", " ".repeat(7 + 15))),
            "{text}"
        );
    }

    #[test]
    fn what_is_said_of_one_place_stands_below_it_together() {
        let hit = |id: &str, start| RuleHit {
            id: id.to_owned(),
            severity: Severity::Deny,
            start,
            end: start + 2,
            reason: "r".to_owned(),
            chain: vec![],
            instead: None,
        };
        let verdict = Verdict {
            decision: Decision::Deny,
            rules: vec![hit("a", 0), hit("b", 0), hit("c", 4)],
            not_applied: vec![],
        };
        assert_eq!(
            explain("ls; id", &verdict),
            "deny: it may not run\n\n   1 | ls; id\n       ^^\ndeny a: r\ndeny b: r\n\n   1 | ls; id\n           ^^\ndeny c: r\n"
        );
    }
}
