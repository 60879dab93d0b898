//! The words for how an action, and a target in it, is getting on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How an action is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionStatus {
    /// Being planned.
    Building,
    /// Behind another action.
    Queued,
    /// Planned; its countdown runs.
    Scheduled,
    /// Targets are being worked on, or it is on its way back.
    #[serde(rename = "INPROGRESS")]
    InProgress,
    /// Paused, or at a gate, or for an approval or a lease.
    Waiting,
    /// Done as told.
    Completed,
    /// Ended otherwise, also by a rollback that could not finish.
    Failed,
    /// Every touched target is back.
    RolledBack,
    /// Aborted or rejected before anything started.
    Revoked,
    /// Aborted under way.
    ManualFailed,
}

impl ActionStatus {
    /// All of them, in the order of the contract.
    pub const ALL: [Self; 10] = [
        Self::Building,
        Self::Queued,
        Self::Scheduled,
        Self::InProgress,
        Self::Waiting,
        Self::Completed,
        Self::Failed,
        Self::RolledBack,
        Self::Revoked,
        Self::ManualFailed,
    ];

    /// The word for it in JSON, columns and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "BUILDING",
            Self::Queued => "QUEUED",
            Self::Scheduled => "SCHEDULED",
            Self::InProgress => "INPROGRESS",
            Self::Waiting => "WAITING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::RolledBack => "ROLLED_BACK",
            Self::Revoked => "REVOKED",
            Self::ManualFailed => "MANUAL_FAILED",
        }
    }

    /// The status of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Completed | Self::Failed | Self::RolledBack | Self::Revoked | Self::ManualFailed => true,
            Self::Building | Self::Queued | Self::Scheduled | Self::InProgress | Self::Waiting => false,
        }
    }
}

impl fmt::Display for ActionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a target in an action is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetState {
    /// Not started.
    Pending,
    /// Its steps run.
    Running,
    /// Done as told.
    Succeeded,
    /// A step of it failed.
    Failed,
    /// It could not be reached.
    Unreachable,
    /// A step of it was started, and how that ended is not known.
    Unknown,
    /// Never started when the action ended.
    Skipped,
    /// Back on the version it had.
    RolledBack,
}

impl TargetState {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Unreachable,
        Self::Unknown,
        Self::Skipped,
        Self::RolledBack,
    ];

    /// The word for it in JSON, columns and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl fmt::Display for TargetState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionStatus, TargetState};

    #[test]
    fn each_word_is_the_same_in_json_and_in_columns() {
        for status in ActionStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.as_str());
            assert_eq!(ActionStatus::parse(status.as_str()), Some(status));
        }
        for state in TargetState::ALL {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
