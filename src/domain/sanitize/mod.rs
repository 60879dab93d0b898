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
mod reached;
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
    clippy::match_same_arms,
    reason = "names on Linux mind their case; a row of a table stands for itself, also where another says the same"
)]
mod walk;
mod words;

pub use command::{Clearance, JudgedCommand, Refusal, SanitizedCommand};
pub use explain::explain;
pub use reached::{Reached, Word};
pub use verdict::{Decision, NotApplied, RuleHit, Severity, Verdict};

use std::collections::BTreeMap;
use std::sync::Arc;

use super::policy::{Allowance, Policy, PolicyError};
use paths::{Loss, Trees};
use policies::Policies;
use rules::shell;
use syntax::{Base, Span};
use walk::{Finding, Followed, Walker};

pub use walk::Left;
pub(crate) use walk::base as walk_base;
use walk::quote;

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

/// Whether a host would be lost with this folder, whatever runs on it.
pub(in crate::domain) fn is_vital(folder: &str) -> bool {
    Trees::default().loss(&paths::resolve(folder, None)).0 == Loss::Fatal
}

/// Whether a file here is run without anybody's being told to: what it holds counts when it is written.
pub(crate) fn runs_by_itself(path: &str) -> bool {
    walk::runs_by_itself(&paths::resolve(path, None))
}

/// What is known of where a command runs, beside its text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// The folder it starts in, where known.
    pub cwd: Option<&'a str>,
    /// What was done on the host before it runs, in that order.
    pub before: &'a [Before],
    /// What it reads.
    pub input: Input<'a>,
    /// Variables that it finds in its environment, each with its value. What is missing here is not known.
    pub env: Option<&'a BTreeMap<String, String>>,
}

/// Something that was done on a host before.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Before {
    /// A file was put there.
    Put {
        /// Its path.
        path: String,
        /// What it holds, where that is a text that a program may be told to run.
        text: Option<Arc<str>>,
    },
    /// A file was put there that nobody has read: a shell that is told to run it is asked about.
    PutUnread {
        /// Its path; that of a folder stands for all in it that nothing else is known of.
        path: String,
        /// Machine code, which may run by itself as any other program of the host.
        is_program: bool,
    },
    /// A command ran, which was judged when its turn came.
    Ran {
        /// Its text.
        command: Arc<str>,
        /// The folder it started in, where known.
        cwd: Option<String>,
        /// Variables that it found.
        env: BTreeMap<String, String>,
    },
}

/// What a command reads at its standard input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Input<'a> {
    /// Nothing that Edgewise gives it.
    #[default]
    Inherited,
    /// This text.
    Text(&'a str),
    /// Bytes that are no text, or that cannot be looked at: a shell that runs them is asked about.
    Opaque,
}

impl<'a> Input<'a> {
    /// These bytes: a text, where they are one.
    #[must_use]
    pub fn of_bytes(bytes: &'a [u8]) -> Self {
        std::str::from_utf8(bytes)
            .ok()
            .filter(|text| !text.contains('\0'))
            .map_or(Self::Opaque, Self::Text)
    }
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
        Self::of(&policies, None, &|_, _| None)
    }

    /// The same on a day (`YYYY-MM-DD`, UTC): exceptions that expire on it or before no longer count.
    ///
    /// # Errors
    /// [`PolicyError`] where a policy is not valid.
    pub fn with_policies(policies: &[Policy], today: &str) -> Result<Self, PolicyError> {
        Self::with_authors(policies, today, &|_, _| None)
    }

    /// The same where not everybody may lift every rule: `void` says why an exception does not count, where it does not.
    ///
    /// # Errors
    /// [`PolicyError`] where a policy is not valid.
    pub fn with_authors(
        policies: &[Policy],
        today: &str,
        void: &dyn Fn(&Policy, &Allowance) -> Option<String>,
    ) -> Result<Self, PolicyError> {
        for policy in policies {
            policy.check()?;
        }
        Ok(Self::of(policies, Some(today), void))
    }

    fn of(
        policies: &[Policy],
        today: Option<&str>,
        void: &dyn Fn(&Policy, &Allowance) -> Option<String>,
    ) -> Self {
        let mut trees = Trees::default();
        for policy in policies {
            trees.system.extend_from_slice(&policy.trees.system);
            trees.data.extend_from_slice(&policy.trees.data);
            trees.own.extend_from_slice(&policy.trees.own);
        }
        Self {
            policies: Arc::new(Policies::of(policies, today, void, &trees)),
            trees: Arc::new(trees),
        }
    }

    /// What a shell given `command` would do, judged. `cwd` is the folder it starts in, where known.
    #[must_use]
    pub fn judge(&self, command: &str, cwd: Option<&str>) -> Verdict {
        self.judge_in(
            command,
            &Surroundings {
                cwd,
                ..Surroundings::default()
            },
        )
    }

    /// The same where more is known of what it finds on the host.
    #[must_use]
    pub fn judge_in(&self, command: &str, surroundings: &Surroundings<'_>) -> Verdict {
        self.verdict(look(command, surroundings, None, &self.trees), command)
    }

    fn verdict(&self, looked: Followed, command: &str) -> Verdict {
        let (findings, mut not_applied) = self.policies.lift(looked.findings);
        let mut rules: Vec<RuleHit> = findings.into_iter().map(hit).collect();
        rules.extend(self.policies.judge(command, &looked.executed, &looked.written));
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
        not_applied.extend(looked.spared.iter().map(spared));
        not_applied.sort_by(|a, b| (a.start, a.end, &a.id).cmp(&(b.start, b.end, &b.id)));
        not_applied.dedup();
        Verdict {
            decision,
            rules,
            not_applied,
        }
    }

    /// The same on a host where this is `left` of what was done before `surroundings.before`: whoever judges one step
    /// after another need not follow all of those before it each time.
    #[must_use]
    pub fn judge_after(&self, command: &str, surroundings: &Surroundings<'_>, left: &Left) -> Verdict {
        self.verdict(look(command, surroundings, Some(left), &self.trees), command)
    }

    /// What is left on a host once this is done there as well.
    #[must_use]
    pub fn left_by(&self, done: &[Before], left: Left) -> Left {
        Walker::new(&self.trees, None)
            .with_left(left)
            .with_before(done)
            .left()
    }

    /// The commands that a shell given `command` would execute, in the order in which they were followed.
    #[must_use]
    pub fn follow(&self, command: &str, surroundings: &Surroundings<'_>) -> Vec<Reached> {
        let looked = look(command, surroundings, None, &self.trees);
        looked.executed.into_iter().map(Reached::of).collect()
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

/// The script that would set the variables which a command finds: what a rule says of one holds wherever it was set.
fn exports(env: &BTreeMap<String, String>, whole: Span) -> Option<syntax::Script> {
    if env.is_empty() {
        return None;
    }
    let lines: Vec<String> = env
        .iter()
        .map(|(name, value)| format!("export {name}={}", quote(value)))
        .collect();
    syntax::parse(&lines.join("\n"), Base::Fixed(whole)).ok()
}

/// What the built-in rules find, and what would be executed.
fn look(command: &str, surroundings: &Surroundings<'_>, left: Option<&Left>, trees: &Trees) -> Followed {
    let text = words::text::clean(command);
    let whole = Span {
        start: 0,
        end: text.len(),
    };
    let mut all = Followed::default();
    let exports = surroundings.env.and_then(|env| exports(env, whole));
    let walker = || {
        Walker::new(trees, surroundings.cwd)
            .with_left(left.cloned().unwrap_or_default())
            .with_before(surroundings.before)
            .with_exports(exports.as_ref())
            .with_input(surroundings.input)
    };
    let take = |followed: Followed, all: &mut Followed| {
        merge(&mut all.findings, followed.findings);
        merge(&mut all.spared, followed.spared);
        all.executed.extend(followed.executed);
        all.written.extend(followed.written);
    };
    let add = |source: &str, base: Base, all: &mut Followed| {
        let followed = syntax::parse(source, base).map(|script| walker().judge(&script, whole));
        followed.map(|followed| take(followed, all))
    };
    let pieces = |all: &mut Followed| take(walker().judge_pieces(&scan::lines(&text), whole), all);
    if text.len() > LONGEST {
        all.findings
            .push(Finding::of(&shell::TOO_COMPLEX, whole, "a text that is too long"));
        pieces(&mut all);
        return all;
    }
    if let Err(error) = add(&text, Base::Offset(0), &mut all) {
        let start = error.at.min(text.len());
        all.findings.push(Finding::of(
            &shell::UNPARSABLE,
            Span {
                start,
                end: text.len(),
            },
            &error.to_string(),
        ));
        pieces(&mut all);
    } else if all.findings.iter().any(|f| f.rule.id == shell::TOO_COMPLEX.id) {
        // What was not come to may destroy as well.
        pieces(&mut all);
    }
    for (start, end) in odd::characters(&text) {
        all.findings.push(Finding::of(
            &shell::ODD_CHARACTERS,
            Span { start, end },
            "odd characters",
        ));
    }
    if let Some(plain) = odd::plain(&text) {
        // What it would be without them; every place in it stands for the whole text.
        let _ = add(&plain, Base::Fixed(whole), &mut all);
    }
    all
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

/// A finding that an option keeps from being one.
fn spared(finding: &Finding) -> NotApplied {
    NotApplied {
        id: finding.rule.id.to_owned(),
        start: finding.span.start,
        end: finding.span.end,
        reason: format!(
            "an option keeps it from doing anything: {}",
            words::text::shown(&finding.what)
        ),
    }
}

#[cfg(test)]
mod corpus_tests;
#[cfg(test)]
mod exempt_tests;
#[cfg(test)]
mod milder_tests;
#[cfg(test)]
mod policies_tests;
#[cfg(test)]
mod tests;
