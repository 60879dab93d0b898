//! The proof that a command was judged: the executor's one door asks for it.

use super::{Decision, Sanitizer, Verdict};

/// A text that the sanitizer let through. It cannot be made in any other way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SanitizedCommand {
    text: String,
}

/// What lets a command with the verdict `ask` through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clearance {
    /// Nobody was asked.
    None,
    /// Somebody with the right to it approved, and that is logged.
    Approved,
}

/// The sanitizer did not let a command through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the sanitizer says {}: {}", .verdict.decision.as_str(), .verdict.rules.iter().map(|r| format!("{} ({})", r.reason, r.id)).collect::<Vec<_>>().join("; "))]
pub struct Refusal {
    /// The whole verdict.
    pub verdict: Verdict,
}

impl SanitizedCommand {
    /// Judges `text` and keeps it only if it may run.
    ///
    /// # Errors
    /// [`Refusal`] where the verdict is `deny`, or `ask` without an approval.
    pub fn check(
        sanitizer: &Sanitizer,
        text: &str,
        cwd: Option<&str>,
        clearance: Clearance,
    ) -> Result<Self, Refusal> {
        let verdict = sanitizer.judge(text, cwd);
        match (verdict.decision, clearance) {
            (Decision::Allow, _) | (Decision::Ask, Clearance::Approved) => Ok(Self {
                text: text.to_owned(),
            }),
            (Decision::Ask, Clearance::None) | (Decision::Deny, _) => Err(Refusal { verdict }),
        }
    }

    /// The exact text that was judged.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}
