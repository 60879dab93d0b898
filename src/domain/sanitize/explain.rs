//! A verdict for a person: the line, a caret under what matched, why, and what to do instead.

use std::fmt::Write as _;

use super::{Decision, RuleHit, Severity, Verdict};

/// The verdict as text, ready to print. `command` is the text that was judged.
#[must_use]
pub fn explain(command: &str, verdict: &Verdict) -> String {
    let mut out = match verdict.decision {
        Decision::Allow => "allow: nothing speaks against it\n".to_owned(),
        Decision::Ask => "ask: somebody with the right to approve must look at it first\n".to_owned(),
        Decision::Deny => "deny: it may not run\n".to_owned(),
    };
    for rule in &verdict.rules {
        out.push('\n');
        out.push_str(&one(command, rule));
    }
    for spared in &verdict.not_applied {
        let (head, mark) = place(command, spared.start, spared.end);
        let _ = write!(
            out,
            "\n{head}{mark}not applied {}: {}\n",
            spared.id, spared.reason
        );
    }
    out
}

/// The line that a place is in, and a line with carets under it.
fn place(command: &str, start: usize, end: usize) -> (String, String) {
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
    let line = &command[line_start..line_end];
    let before = width(&command[line_start..start]);
    let marked = width(&command[start..end.min(line_end)]).max(1);
    let number = command[..line_start].matches('\n').count() + 1;
    let head = format!("{number:>4} | ");
    let mark = format!(
        "{}{}{}\n",
        " ".repeat(head.len()),
        " ".repeat(before),
        "^".repeat(marked)
    );
    (format!("{head}{}\n", visible(line)), mark)
}

fn one(command: &str, rule: &RuleHit) -> String {
    let (head, mark) = place(command, rule.start, rule.end);
    let severity = match rule.severity {
        Severity::Ask => "ask",
        Severity::Deny => "deny",
    };
    let mut out = format!("{head}{mark}{severity} {}: {}\n", rule.id, rule.reason);
    if !rule.chain.is_empty() {
        let _ = writeln!(out, "  how: {}", rule.chain.join(" -> "));
    }
    if let Some(instead) = &rule.instead {
        let _ = writeln!(out, "  instead: {instead}");
    }
    out
}

/// One column for each character; what cannot be seen is shown.
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
    text.chars().count()
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
    }
}
