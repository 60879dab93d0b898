//! The sanitizer: what would a shell execute, and may it?
//!
//! `Sanitizer::judge` gives a verdict on a text; `SanitizedCommand` is the proof of a verdict that lets it
//! through, and the only thing the executor accepts.
//!
//! The way of a text: `syntax` makes a tree of it; `walk` follows every command the shell would reach, with the
//! values it would have, through decoders, wrappers and other shells; `rules` look at each command's own
//! arguments, and at each file it writes; [`judge`](Sanitizer::judge) puts the policies on top. Nothing is run, and
//! nothing is looked up: not a file, not a name.

mod command;
mod explain;
mod odd;
mod paths;
mod policies;
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::if_same_then_else,
    clippy::match_same_arms,
    reason = "names on Linux mind their case; a row of a table stands for itself, also where another says the same"
)]
mod rules;
mod scan;
mod syntax;
mod verdict;
#[expect(
    clippy::case_sensitive_file_extension_comparisons,
    clippy::if_same_then_else,
    clippy::match_same_arms,
    reason = "names on Linux mind their case; a row of a table stands for itself, also where another says the same"
)]
mod walk;
mod words;

pub use command::{Clearance, Refusal, SanitizedCommand};
pub use explain::explain;
pub use paths::Trees;
pub use policies::Lifted;
pub use verdict::{Decision, RuleHit, Severity, Verdict};

use std::sync::Arc;

use super::policy::{Policy, PolicyError};
use policies::Policies;
use rules::shell;
use syntax::{Base, Span};
use walk::{Executed, Finding, Walker};

pub(crate) use walk::base as walk_base;

/// Longer texts are not looked into: they are asked about, or refused where a piece of them destroys.
pub const LONGEST: usize = 64 * 1024;

/// The built-in rules with the policies that apply to one space and environment.
#[derive(Debug, Clone, Default)]
pub struct Sanitizer {
    policies: Arc<Policies>,
    trees: Arc<Trees>,
}

/// One line of the table of rules, for pages.
#[derive(Debug, Clone, Copy)]
pub struct RuleLine {
    /// The family's title.
    pub family: &'static str,
    /// The rule's id.
    pub id: &'static str,
    /// How much it minds.
    pub severity: Severity,
    /// What it says.
    pub sentence: &'static str,
    /// Commands that it matches.
    pub matches: &'static [&'static str],
    /// Commands that nearly match.
    pub near: &'static [&'static str],
    /// A safer command.
    pub instead: Option<&'static str>,
}

impl Sanitizer {
    /// The built-in rules, and these policies on top. The caller has chosen those in scope, and has had them checked
    /// by [`Policy::check`]: what is not valid in them is left out where it would allow, and asks where it would
    /// forbid. Exceptions that expire count only with [`Sanitizer::with_policies`], which knows the day.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the callers have made the list for it"
    )]
    pub fn new(policies: Vec<Policy>) -> Self {
        Self {
            policies: Arc::new(Policies::of(&policies, None)),
            trees: Arc::default(),
        }
    }

    /// The same on a day (`YYYY-MM-DD`, UTC): exceptions that expire on it or before no longer count.
    ///
    /// # Errors
    /// [`PolicyError`] where a policy is not valid.
    pub fn with_policies(policies: &[Policy], today: &str) -> Result<Self, PolicyError> {
        for policy in policies {
            policy.check()?;
        }
        Ok(Self {
            policies: Arc::new(Policies::of(policies, Some(today))),
            trees: Arc::default(),
        })
    }

    /// The same with folders of one environment that matter more, or less, than elsewhere.
    #[must_use]
    pub fn with_trees(mut self, trees: Trees) -> Self {
        self.trees = Arc::new(trees);
        self
    }

    /// What a shell given `command` would do, judged. `cwd` is the folder it starts in, where known.
    #[must_use]
    pub fn judge(&self, command: &str, cwd: Option<&str>) -> Verdict {
        self.judge_fully(command, cwd).0
    }

    /// The verdict, and what matched but was lifted by a policy, with the reason.
    #[must_use]
    pub fn judge_fully(&self, command: &str, cwd: Option<&str>) -> (Verdict, Vec<Lifted>) {
        let (findings, executed) = look(command, cwd, &self.trees);
        let (findings, lifted) = self.policies.lift(findings);
        let mut rules: Vec<RuleHit> = findings.into_iter().map(hit).collect();
        rules.extend(self.policies.judge(command, &executed));
        rules.sort_by_key(|rule| (rule.start, rule.end, std::cmp::Reverse(rule.severity)));
        rules.dedup_by(|a, b| a.id == b.id && a.start == b.start && a.end == b.end);
        let decision = rules
            .iter()
            .map(|rule| rule.severity)
            .max()
            .map_or(Decision::Allow, |severity| match severity {
                Severity::Ask => Decision::Ask,
                Severity::Deny => Decision::Deny,
            });
        (Verdict { decision, rules }, lifted)
    }

    /// The table of built-in rules.
    pub fn rules() -> impl Iterator<Item = RuleLine> {
        rules::FAMILIES.iter().flat_map(|family| {
            family.rules.iter().map(|rule| RuleLine {
                family: family.title,
                id: rule.id,
                severity: rule.severity,
                sentence: rule.sentence,
                matches: rule.matches,
                near: rule.near,
                instead: rule.instead,
            })
        })
    }
}

/// What the built-in rules find, and what would be executed.
fn look(command: &str, cwd: Option<&str>, trees: &Trees) -> (Vec<Finding>, Vec<Executed>) {
    let text = words::text::clean(command);
    let whole = Span {
        start: 0,
        end: text.len(),
    };
    let mut findings = Vec::new();
    let mut executed = Vec::new();
    let mut add = |source: &str, base: Base, findings: &mut Vec<Finding>| {
        let looked = syntax::parse(source, base).map(|script| Walker::new(trees, cwd).judge(&script, whole));
        match looked {
            Ok((found, ran)) => {
                merge(findings, found);
                executed.extend(ran);
                Ok(())
            }
            Err(error) => Err(error),
        }
    };
    if text.len() > LONGEST {
        findings.push(Finding::of(&shell::TOO_COMPLEX, whole, "a text that is too long"));
        pieces(&text, &mut add, &mut findings);
        return (findings, executed);
    }
    if let Err(error) = add(&text, Base::Offset(0), &mut findings) {
        let start = error.at.min(text.len());
        findings.push(Finding::of(
            &shell::UNPARSABLE,
            Span {
                start,
                end: text.len(),
            },
            &error.to_string(),
        ));
        pieces(&text, &mut add, &mut findings);
    }
    for (start, end) in odd::characters(&text) {
        findings.push(Finding::of(
            &shell::ODD_CHARACTERS,
            Span { start, end },
            "odd characters",
        ));
    }
    if let Some(plain) = odd::plain(&text) {
        // What it would be without them; every place in it stands for the whole text.
        let _ = add(&plain, Base::Fixed(whole), &mut findings);
    }
    (findings, executed)
}

/// Looks at the pieces of a text that is not shell, one by one.
fn pieces(
    text: &str,
    add: &mut impl FnMut(&str, Base, &mut Vec<Finding>) -> Result<(), syntax::ParseError>,
    findings: &mut Vec<Finding>,
) {
    let whole = Span {
        start: 0,
        end: text.len(),
    };
    for piece in scan::lines(text) {
        let _ = add(&piece, Base::Fixed(whole), findings);
    }
}

fn merge(findings: &mut Vec<Finding>, more: Vec<Finding>) {
    for finding in more {
        if !findings.iter().any(|old| {
            old.rule.id == finding.rule.id && (old.span == finding.span || finding.span.start == 0)
        }) {
            findings.push(finding);
        }
    }
}

/// A finding for people and programs.
fn hit(finding: Finding) -> RuleHit {
    RuleHit {
        id: finding.rule.id.to_owned(),
        severity: finding.rule.severity,
        start: finding.span.start,
        end: finding.span.end,
        reason: finding.rule.sentence.to_owned(),
        chain: finding.chain,
        instead: finding.rule.instead.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests;
