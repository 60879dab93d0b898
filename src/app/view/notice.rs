//! Notices as they are shown.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// What became of a notice of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeView {
    /// The occasion: `started`, `waiting`, `failed`, `rolled_back`, `done` or `revoked`.
    pub event: String,
    /// `webhook` or `chat`.
    pub kind: String,
    /// The machine it goes to; none where the address is a secret.
    pub to: Option<String>,
    /// How it is getting on.
    pub state: NoticeState,
    /// When it was delivered or given up, or is sent next.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u64,
    /// What the last attempt that failed came to.
    pub error: Option<String>,
}

/// How a notice is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeState {
    /// Its receiver took it.
    Delivered,
    /// It has not been tried.
    Waiting,
    /// An attempt failed, and another follows.
    Retrying,
    /// Nobody took it in time.
    Failed,
}

impl NoticeState {
    /// Whether it will be tried (again).
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Retrying)
    }

    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Waiting => "waiting",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }
}
