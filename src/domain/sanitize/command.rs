//! The proof that a command was judged: the executor's one door asks for it.

use crate::domain::mask::Masker;

use super::{Decision, RuleHit, Sanitizer, Surroundings, Verdict};

/// A text that the sanitizer let through. It cannot be made in any other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SanitizedCommand {
    text: String,
}

/// What lets a command with the verdict `ask` through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clearance<'a> {
    /// Nobody was asked.
    None,
    /// Somebody with the right to it approved, and that is logged.
    Approved,
    /// The same for a command that raised these rules when it was shown; what else it raises by now nobody has seen.
    ApprovedFor(&'a [RuleHit]),
}

impl Clearance<'_> {
    fn covers(self, verdict: &Verdict) -> bool {
        match self {
            Self::None => false,
            Self::Approved => true,
            Self::ApprovedFor(seen) => verdict
                .rules
                .iter()
                .all(|rule| seen.iter().any(|seen| seen.id == rule.id)),
        }
    }
}

/// The sanitizer did not let a command through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sanitizer says {}: {}", .verdict.decision.as_str(), .verdict.rules.iter().map(|r| format!("{} ({})", r.reason, r.id)).collect::<Vec<_>>().join("; "))]
pub struct Refusal {
    /// The whole verdict.
    pub verdict: Verdict,
}

impl Refusal {
    /// The same with these secrets hidden in what is said of the command.
    #[must_use]
    pub fn masked(mut self, masker: &Masker) -> Self {
        let mask = |text: &mut String| *text = masker.mask(text).to_string();
        for rule in &mut self.verdict.rules {
            mask(&mut rule.reason);
            rule.chain.iter_mut().for_each(mask);
            rule.instead.iter_mut().for_each(mask);
        }
        for rule in &mut self.verdict.not_applied {
            mask(&mut rule.reason);
        }
        self
    }
}

/// A text with what the sanitizer said of it: to be kept by whoever is asked about the same again and again.
#[derive(Debug, Clone)]
pub struct JudgedCommand {
    text: String,
    verdict: Verdict,
}

impl JudgedCommand {
    /// Judges a text.
    #[must_use]
    pub fn new(sanitizer: &Sanitizer, text: &str, surroundings: &Surroundings<'_>) -> Self {
        Self {
            text: text.to_owned(),
            verdict: sanitizer.judge_in(text, surroundings),
        }
    }

    /// The text, if it may run.
    ///
    /// # Errors
    /// [`Refusal`] where the verdict is `deny`, or `ask` without an approval.
    pub fn cleared(&self, clearance: Clearance<'_>) -> Result<SanitizedCommand, Refusal> {
        let passes = match self.verdict.decision {
            Decision::Allow => true,
            Decision::Ask => clearance.covers(&self.verdict),
            Decision::Deny => false,
        };
        if passes {
            Ok(SanitizedCommand {
                text: self.text.clone(),
            })
        } else {
            Err(Refusal {
                verdict: self.verdict.clone(),
            })
        }
    }
}

impl SanitizedCommand {
    /// Judges `text` and keeps it only if it may run. `cwd` is the folder it starts in, where known.
    ///
    /// # Errors
    /// [`Refusal`] where the verdict is `deny`, or `ask` without an approval.
    pub fn check(
        sanitizer: &Sanitizer,
        text: &str,
        cwd: Option<&str>,
        clearance: Clearance<'_>,
    ) -> Result<Self, Refusal> {
        let surroundings = Surroundings {
            cwd,
            ..Surroundings::default()
        };
        Self::check_in(sanitizer, text, &surroundings, clearance)
    }

    /// The same where more is known of what it finds on the host.
    ///
    /// # Errors
    /// As [`SanitizedCommand::check`].
    pub fn check_in(
        sanitizer: &Sanitizer,
        text: &str,
        surroundings: &Surroundings<'_>,
        clearance: Clearance<'_>,
    ) -> Result<Self, Refusal> {
        JudgedCommand::new(sanitizer, text, surroundings).cleared(clearance)
    }

    /// The exact text that was judged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::{Clearance, SanitizedCommand, Sanitizer};

    #[test]
    fn an_approval_covers_what_was_seen_and_never_a_denial() {
        let sanitizer = Sanitizer::default();
        let seen = sanitizer.judge("reboot", None).rules;
        let passes = |text, clearance| SanitizedCommand::check(&sanitizer, text, None, clearance).is_ok();
        for (text, none, approved, approved_for) in [
            ("true", true, true, true),
            ("reboot", false, true, true),
            ("useradd x", false, true, false),
            ("reboot; useradd x", false, true, false),
            ("rm -rf /etc", false, false, false),
            ("reboot; rm -rf /etc", false, false, false),
        ] {
            assert_eq!(passes(text, Clearance::None), none, "{text}");
            assert_eq!(passes(text, Clearance::Approved), approved, "{text}");
            assert_eq!(
                passes(text, Clearance::ApprovedFor(&seen)),
                approved_for,
                "{text}"
            );
        }
    }
}
