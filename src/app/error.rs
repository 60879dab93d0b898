//! Why a use case did not do what was asked. The web maps it to statuses, the command line to exit codes.

use serde::Serialize;

use crate::domain::action::ActionId;
use crate::domain::quarantine::Refusal;
use crate::domain::sanitize::{NotApplied, RuleHit};
use crate::domain::timestamp::Timestamp;
use crate::store::StoreError;

/// Why a use case did not do what was asked. Use [`AppError::Internal`] only for what a person who asked
/// cannot do anything about; its text goes to the log, not to them.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// Nobody is signed in, or what was shown is not (or no longer) valid.
    #[error("sign in first")]
    Unauthenticated,
    /// There is no such thing, or the caller may not see it: both look the same.
    #[error("there is no {0}")]
    NotFound(String),
    /// The caller may see it, but not do this.
    #[error("{0}")]
    Forbidden(String),
    /// What was asked is wrong in itself.
    #[error("{}", .0.iter().map(|e| format!("{}: {}", e.field, e.message)).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<FieldError>),
    /// The sanitizer refused a command of the plan.
    #[error("the sanitizer denied {} of the plan", count(.0.len(), "command"))]
    Denied(Vec<DeniedStep>),
    /// The version was rolled back, and nobody has lifted its quarantine.
    #[error("{0}")]
    Quarantined(Box<Refusal>),
    /// Somebody holds, or is due on, some of the targets.
    #[error("{} of the targets are held by action {} ({})", .0.targets.len(), .0.action, .0.actor)]
    Held(Box<HeldBy>),
    /// It cannot be done in the state things are in.
    #[error("{0}")]
    Conflict(String),
    /// Something it needs is out of order at the moment.
    #[error("{0}")]
    Unavailable(String),
    /// Too much of it in too short a time.
    #[error("{why}: try again in {seconds} s")]
    TooMany {
        /// Too much of what.
        why: String,
        /// When to try again.
        seconds: u64,
    },
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

/// One field at fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// The field, as the caller wrote it (`servers`, `config.max_parallel`).
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// A command of a plan that the sanitizer denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeniedStep {
    /// The first target it is for.
    pub target: String,
    /// How many targets have the same command in that step.
    pub targets: usize,
    /// The step.
    pub step: String,
    /// `forth` or `back`.
    pub way: String,
    /// The command.
    pub command: String,
    /// `deny`.
    pub verdict: String,
    /// The rules that matched, with span and a safer spelling.
    pub rules: Vec<RuleHit>,
    /// What matched as well and was not applied, with the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_applied: Vec<NotApplied>,
}

/// Who holds targets that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldBy {
    /// The action.
    pub action: ActionId,
    /// Who started it.
    pub actor: String,
    /// Since when.
    pub since: Timestamp,
    /// Which of the targets that were asked for.
    pub targets: Vec<String>,
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => {
                Self::Unavailable("the store does not answer: try again".to_owned())
            }
            StoreError::Conflict(sentence) => Self::Conflict(sentence),
            StoreError::Missing(what) => Self::NotFound(what),
            StoreError::Unstorable(_) => Self::field("body", error.to_string()),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl AppError {
    /// One field at fault.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError {
            field: field.into(),
            message: message.into(),
        }])
    }
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

#[cfg(test)]
mod tests {
    use super::AppError;
    use crate::store::StoreError;

    #[test]
    fn only_sentences_of_ours_reach_those_who_asked() {
        let ours = AppError::from(StoreError::Conflict("the action is over".to_owned()));
        assert!(matches!(ours, AppError::Conflict(_)));
        let of_the_database = AppError::from(StoreError::Contradicted("duplicate key value".to_owned()));
        assert!(matches!(of_the_database, AppError::Internal(_)));
    }
}
