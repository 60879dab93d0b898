//! What comes in to be accepted, and what is answered.

use super::FrozenAction;
use crate::domain::action::ActionId;
use crate::domain::actor::Actor;
use crate::domain::name::TargetName;
use crate::domain::notice::AddressedNotice;
use crate::domain::rollout::Event;
use crate::domain::timestamp::Timestamp;
use crate::store::StoreError;

/// An action to accept.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Its row, plan and configuration.
    pub action: FrozenAction,
    /// Its targets, each with the key that its lease is taken under.
    pub targets: Vec<(String, TargetName)>,
    /// Its first event. Where the store makes it queue, `queued_behind` is filled in, and how it gets on is what the
    /// engine says of that.
    pub event0: Event,
    /// The caller's `Idempotency-Key`.
    pub idempotency: Option<Idempotency>,
    /// What is told of it at once, where it does not queue.
    pub notices: Vec<AddressedNotice>,
}

/// An `Idempotency-Key` and what it came with. It counts for the same actor and the same space, project and action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The key.
    pub key: String,
    /// SHA-256 (hex) of the body.
    pub body_hash: String,
}

/// What happens where another action has a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictRule {
    /// The action is refused.
    Refuse,
    /// It queues behind the last one that has any of them.
    Queue,
}

/// What became of a new action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// It was accepted.
    New {
        /// The action it queues behind.
        queued_behind: Option<ActionId>,
    },
    /// The same request was accepted before, as this action; nothing was written.
    Repeated(ActionId),
}

/// Why an action was not accepted. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Another action has some of the targets.
    #[error("action {} of {} has {} of the targets", .0.holder, .0.actor, .0.targets.len())]
    Held(Held),
    /// The key came before, with another body.
    #[error("this Idempotency-Key came with another body before, for action {0}")]
    KeyReused(ActionId),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<diesel::result::Error> for CreateError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Who has targets that another action wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The first action that has some of them.
    pub holder: ActionId,
    /// Who asked for it.
    pub actor: Actor,
    /// Since when: its start, or where it has not started, its acceptance.
    pub since: Timestamp,
    /// The wanted targets that this or any other action has, by name.
    pub targets: Vec<TargetName>,
}
