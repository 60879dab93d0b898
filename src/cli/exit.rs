//! How a command ends: the exit codes of the contract, and failures with the sentence that goes with them.

use std::fmt;

use crate::app::error::AppError;
use crate::domain::action::ActionStatus;

/// The exit code of a command that did its work, whatever came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done as told.
    Done,
    /// It failed.
    Failed,
    /// The command line, or what it names, is wrong.
    Usage,
    /// The action went back by itself, or because somebody asked for it.
    RolledBack,
    /// Somebody ended the action.
    Aborted,
    /// A policy, a freeze, a lock, a missing right or a missing approval.
    Refused,
    /// This command gave up waiting; the action goes on.
    GaveUp,
    /// The server, or a host, is out of reach.
    OutOfReach,
    /// Ctrl-C; the action goes on.
    Interrupted,
}

impl Exit {
    /// The number.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::RolledBack => 3,
            Self::Aborted => 4,
            Self::Refused => 5,
            Self::GaveUp => 6,
            Self::OutOfReach => 7,
            Self::Interrupted => 130,
        }
    }

    /// That of an action that ended so. One that was revoked while it waited for an approval was refused.
    #[must_use]
    pub fn of_action(status: ActionStatus, waited_for_approval: bool) -> Self {
        match status {
            ActionStatus::Completed => Self::Done,
            ActionStatus::RolledBack => Self::RolledBack,
            ActionStatus::Revoked if waited_for_approval => Self::Refused,
            ActionStatus::Revoked | ActionStatus::ManualFailed => Self::Aborted,
            ActionStatus::Failed => Self::Failed,
            ActionStatus::Building
            | ActionStatus::Queued
            | ActionStatus::Scheduled
            | ActionStatus::InProgress
            | ActionStatus::Waiting => Self::GaveUp,
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        exit.code().into()
    }
}

/// A command that could not do its work: the code, and what a person should read on standard error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How to end.
    pub exit: Exit,
    /// What to say; more than one line where there is more to say.
    pub message: String,
}

impl Failure {
    /// A failure with these words.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self {
            exit,
            message: message.into(),
        }
    }

    /// The command line, or what it names, is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let exit = match &error {
            AppError::NotFound(_) | AppError::Invalid(_) => Exit::Usage,
            AppError::Unauthenticated
            | AppError::Forbidden(_)
            | AppError::Denied(_)
            | AppError::Quarantined(_)
            | AppError::Held(_)
            | AppError::Conflict(_) => Exit::Refused,
            AppError::Unavailable(_) | AppError::TooMany { .. } => Exit::OutOfReach,
            AppError::Internal(_) => Exit::Failed,
        };
        let message = match &error {
            AppError::Invalid(fields) => fields
                .iter()
                .map(|field| format!("{}: {}", field.field, field.message))
                .collect::<Vec<_>>()
                .join("\n"),
            other => other.to_string(),
        };
        Self { exit, message }
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionStatus, Exit};

    #[test]
    fn each_end_of_an_action_has_its_code() {
        let table = [
            (ActionStatus::Completed, 0),
            (ActionStatus::Failed, 1),
            (ActionStatus::RolledBack, 3),
            (ActionStatus::Revoked, 4),
            (ActionStatus::ManualFailed, 4),
            (ActionStatus::Waiting, 6),
            (ActionStatus::InProgress, 6),
        ];
        for (status, code) in table {
            assert_eq!(Exit::of_action(status, false).code(), code, "{status}");
        }
        assert_eq!(Exit::of_action(ActionStatus::Revoked, true).code(), 5);
    }
}
