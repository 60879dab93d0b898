//! What is told of an action outside: on which occasions, to whom, and in which words.
//!
//! A notice is made with the event that is its occasion and stored with it, so none is lost and none told of what
//! was not stored. Whether it arrives never changes anything about the action.

mod occasion;
mod receiver;

use serde::{Deserialize, Serialize};

use super::action::{ActionId, ActionStatus, WaitingFor};
use super::timestamp::Timestamp;

pub use occasion::{Occasion, Standing};
pub use receiver::{Medium, Receiver, add_receivers, check_receivers, receivers_of};

/// What is told: the body of a webhook, as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its own id: the same however often it is sent.
    pub id: String,
    /// On which occasion.
    pub event: Occasion,
    /// When that was.
    pub time: Timestamp,
    /// The action as it was then.
    pub action: NoticedAction,
}

/// What a notice says of its action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticedAction {
    /// The action's id.
    pub id: ActionId,
    /// Its space.
    pub space: String,
    /// Its project.
    pub project: String,
    /// Its environment.
    pub environment: String,
    /// Its name: `deploy`, `restart` ...
    pub action: String,
    /// How it was getting on.
    pub status: ActionStatus,
    /// The version it installs.
    pub version: Option<String>,
    /// Who did it.
    pub actor: String,
    /// On whose behalf.
    pub user: Option<String>,
    /// Why.
    pub reason: String,
    /// What it waited for.
    pub waiting_for: Option<WaitingFor>,
    /// How many targets it has.
    pub targets: u32,
    /// How many of them had succeeded.
    pub succeeded: u32,
    /// How many had failed, were out of reach, or are unknown.
    pub failed: u32,
    /// How many were back on the version they had.
    pub rolled_back: u32,
    /// The first thing that went wrong, as `target: reason`.
    pub error: Option<String>,
    /// The action that this one tries again or takes back.
    pub retry_of: Option<ActionId>,
    /// Its page.
    pub url: String,
}

/// A notice for one receiver, to be sent until it is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressedNotice {
    /// Who is to get it.
    pub receiver: Receiver,
    /// What it says.
    pub notice: Notice,
}
