//! How a command, a check or a transfer on a target ended.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The words of the contract for how something on a host ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It did what it was told.
    Ok,
    /// It ran, and said no: an exit code that is not among the good ones, or a signal.
    Failed,
    /// The host could not be reached.
    Unreachable,
    /// The host was reached and refused every login that was offered.
    AuthFailed,
    /// The host showed another key than the one known for it.
    HostKeyChanged,
    /// No key is known for the host.
    HostKeyUnknown,
    /// It did not end in time and was stopped.
    Timeout,
    /// The sanitizer refused it; nothing was contacted.
    Denied,
    /// It was started and the connection was lost; whether it ended, and how, is not known.
    Unknown,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Failed,
        Self::Unreachable,
        Self::AuthFailed,
        Self::HostKeyChanged,
        Self::HostKeyUnknown,
        Self::Timeout,
        Self::Denied,
        Self::Unknown,
    ];

    /// The word for it in JSON, logs and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Unreachable => "unreachable",
            Self::AuthFailed => "auth_failed",
            Self::HostKeyChanged => "host_key_changed",
            Self::HostKeyUnknown => "host_key_unknown",
            Self::Timeout => "timeout",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the host itself could not be worked with, as opposed to the work on it going wrong.
    #[must_use]
    pub fn is_out_of_reach(self) -> bool {
        matches!(
            self,
            Self::Unreachable | Self::AuthFailed | Self::HostKeyChanged | Self::HostKeyUnknown
        )
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
