//! An action: one run of a plan over targets. Its id is the correlation id.

mod status;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use status::{ActionStatus, TargetState};

use super::timestamp::Timestamp;

/// Identifies an action, and everything logged for it: a UUID of version 7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActionId(uuid::Uuid);

impl ActionId {
    /// The id made at `now` with these random bits.
    #[must_use]
    pub fn from_parts(now: Timestamp, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_millis()).unwrap_or(0);
        Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// When it was made, as the id says: whoever made it knows no better.
    #[must_use]
    pub fn made_at(self) -> Timestamp {
        let millis = self.0.as_u128() >> 80;
        Timestamp::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
    }

    /// Reads an id.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(Self)
    }
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// Why an action is not getting on, for people and programs alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingFor {
    /// What it waits for.
    pub kind: WaitKind,
    /// The same in a sentence, with names and numbers.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
    /// What somebody can do about it, as a sentence.
    pub unblock: String,
}

/// What an action may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitKind {
    /// Its countdown.
    Countdown,
    /// Somebody's approval of a command the sanitizer asked about.
    Approval,
    /// An action before it in the queue.
    Queue,
    /// Targets that another action holds.
    Lease,
    /// A pool that cannot spare another member.
    Capacity,
    /// A load balancer that does not answer.
    Balancer,
    /// The soak of a stage.
    Soak,
    /// Somebody's approval at the gate of a stage.
    Gate,
    /// What the gate of a stage measures.
    Analysis,
    /// A person, since somebody paused it or a failure did.
    Paused,
}
