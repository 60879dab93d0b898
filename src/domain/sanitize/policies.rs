//! Policies on top of the built-in rules: more that is refused or asked about, and lifted built-in rules.

use regex::Regex;

use super::super::policy::{Allowance, AllowedProgram, Policy, PolicyRule};
use super::verdict::{RuleHit, Severity};
use super::walk::{Executed, Finding};
use super::{Trees, look, paths};

/// The policies of one place, ready to be applied.
#[derive(Debug, Default)]
pub struct Policies {
    rules: Vec<Own>,
    lifts: Vec<Lift>,
    only: Option<Vec<AllowedProgram>>,
}

/// A rule of an operator's own.
#[derive(Debug)]
struct Own {
    severity: Severity,
    rule: PolicyRule,
    regex: Option<Regex>,
}

/// What an exception lifts: the rule on a command, compared after both were followed.
#[derive(Debug)]
struct Lift {
    entry: Allowance,
    findings: Vec<(String, Vec<String>)>,
}

/// A rule that matched and was not applied, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lifted {
    /// The rule.
    pub rule: String,
    /// The first byte of what matched.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// Why the policy lifts it.
    pub reason: String,
    /// Who answers for it.
    pub author: String,
}

impl Policies {
    /// Ready to be applied on a day; without one, what expires is left out.
    pub fn of(policies: &[Policy], today: Option<&str>) -> Self {
        let mut out = Self::default();
        for policy in policies {
            let own = |rule: &PolicyRule, severity| Own {
                severity,
                regex: rule.regex.as_deref().and_then(|text| Regex::new(text).ok()),
                rule: rule.clone(),
            };
            out.rules
                .extend(policy.deny.iter().map(|rule| own(rule, Severity::Deny)));
            out.rules
                .extend(policy.ask.iter().map(|rule| own(rule, Severity::Ask)));
            for entry in &policy.allow {
                let counts = match (&entry.expires, today) {
                    (None, _) => true,
                    (Some(expires), Some(today)) => today < expires.as_str(),
                    (Some(_), None) => false,
                };
                if counts && !entry.reason.trim().is_empty() && !entry.author.trim().is_empty() {
                    let (findings, _) = look(&entry.command, None, &Trees::default());
                    let findings = findings
                        .into_iter()
                        .filter(|f| f.rule.id == entry.rule)
                        .map(|f| (f.what, f.chain))
                        .collect();
                    out.lifts.push(Lift {
                        entry: entry.clone(),
                        findings,
                    });
                }
            }
            if let Some(only) = &policy.only {
                // Where several policies name programs, a program must be on each list.
                out.only = Some(match out.only.take() {
                    None => only.clone(),
                    Some(old) => old
                        .into_iter()
                        .filter(|o| only.iter().any(|n| n.program == o.program))
                        .collect(),
                });
            }
        }
        out
    }

    /// Takes out what an exception lifts.
    pub fn lift(&self, findings: Vec<Finding>) -> (Vec<Finding>, Vec<Lifted>) {
        let mut kept = Vec::new();
        let mut lifted = Vec::new();
        for finding in findings {
            let lift = self.lifts.iter().find(|lift| {
                lift.entry.rule == finding.rule.id
                    && lift
                        .findings
                        .iter()
                        .any(|(what, chain)| *what == finding.what && *chain == finding.chain)
            });
            match lift {
                Some(lift) => lifted.push(Lifted {
                    rule: finding.rule.id.to_owned(),
                    start: finding.span.start,
                    end: finding.span.end,
                    reason: lift.entry.reason.clone(),
                    author: lift.entry.author.clone(),
                }),
                None => kept.push(finding),
            }
        }
        (kept, lifted)
    }

    /// What the operators' own rules say of the commands that would be executed.
    pub fn judge(&self, command: &str, executed: &[Executed]) -> Vec<RuleHit> {
        let mut hits: Vec<RuleHit> = Vec::new();
        for one in executed {
            let mut line = one.program.clone();
            for argument in &one.arguments {
                line.push(' ');
                line.push_str(argument);
            }
            let written = command.get(one.span.start..one.span.end).unwrap_or_default();
            for own in &self.rules {
                if own.fits(one, &line, written) {
                    hits.push(RuleHit {
                        id: own.rule.id.clone(),
                        severity: own.severity,
                        start: one.span.start,
                        end: one.span.end,
                        reason: own.rule.reason.clone(),
                        chain: Vec::new(),
                        instead: None,
                    });
                }
            }
            if let Some(only) = &self.only
                && let Some(reason) = not_listed(only, one)
            {
                hits.push(RuleHit {
                    id: "policy.only".to_owned(),
                    severity: Severity::Deny,
                    start: one.span.start,
                    end: one.span.end,
                    reason,
                    chain: Vec::new(),
                    instead: None,
                });
            }
        }
        hits
    }
}

impl Own {
    fn fits(&self, one: &Executed, line: &str, written: &str) -> bool {
        if self.rule.regex.is_some() {
            // A pattern that cannot be read was refused by `Policy::check`; here it fits all, to be safe.
            return self
                .regex
                .as_ref()
                .is_none_or(|regex| regex.is_match(line) || regex.is_match(written));
        }
        let Some(program) = &self.rule.program else {
            return false;
        };
        (*program == one.program || *program == one.path)
            && self
                .rule
                .args
                .iter()
                .all(|wanted| one.arguments.iter().any(|given| given == wanted))
    }
}

/// What shells do without any program.
const BUILTINS: &[&str] = &[
    "cd", "echo", "printf", "test", "[", "true", "false", ":", "exit", "return", "set", "export", "read",
    "shift", "wait", "pwd", "type", "umask", "local", "break", "continue", "sudo", "env", "nohup", "timeout",
];

/// Why strict mode refuses a command; `None`: it does not.
fn not_listed(only: &[AllowedProgram], one: &Executed) -> Option<String> {
    if BUILTINS.contains(&one.program.as_str()) {
        return None;
    }
    let named = |listed: &AllowedProgram| {
        if listed.program.contains('/') {
            let path = paths::resolve(&one.path, one.cwd.as_deref());
            path == listed.program || listed.program.ends_with('/') && paths::is_under(&path, &listed.program)
        } else {
            listed.program == one.program
        }
    };
    let Some(listed) = only.iter().find(|listed| named(listed)) else {
        return Some(format!(
            "only listed programs may run here, and {} is not among them",
            one.program
        ));
    };
    if listed.under.is_empty() {
        return None;
    }
    one.arguments
        .iter()
        .filter(|argument| !argument.starts_with('-'))
        .find_map(|argument| {
            let path = paths::resolve(argument, one.cwd.as_deref());
            let path_like = argument.contains('/')
                || argument.starts_with('~')
                || argument == "."
                || argument == ".."
                || argument == "*";
            let inside = listed.under.iter().any(|tree| {
                paths::is_under(&path, tree) && path.trim_end_matches('/') != tree.trim_end_matches('/')
            });
            (path_like && !inside).then(|| {
                format!(
                    "{} may only work under {} here, and {argument} lies elsewhere",
                    one.program,
                    listed.under.join(", ")
                )
            })
        })
}
