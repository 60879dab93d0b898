//! What the store knows of an action.

use crate::domain::action::{ActionId, ActionStatus, WaitingFor};
use crate::domain::actor::Actor;
use crate::domain::config::MergedConfig;
use crate::domain::name::Name;
use crate::domain::plan::{Plan, PlanHash};
use crate::domain::timestamp::Timestamp;

/// An action, without the plan and the configuration that are frozen with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRecord {
    /// Its id, which is the correlation id.
    pub id: ActionId,
    /// The space of the project.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// The environment of the project.
    pub environment: Name,
    /// The script's function.
    pub action: String,
    /// The version it installs; none where it installs nothing.
    pub version: Option<String>,
    /// Who asked for it.
    pub actor: Actor,
    /// On whose behalf, as the actor said.
    pub on_behalf: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its countdown is over.
    pub due_at: Timestamp,
    /// When the work began; none while it has not.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it is getting on.
    pub status: ActionStatus,
    /// What it waits for, where it waits.
    pub waiting_for: Option<WaitingFor>,
    /// The hash of its plan.
    pub plan_hash: PlanHash,
    /// The action that this one tries again or takes back.
    pub retry_of: Option<ActionId>,
    /// The action it was told to queue behind.
    pub queued_behind: Option<ActionId>,
    /// What the caller calls it.
    pub correlation: Correlation,
}

/// The caller's own ids for what it asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correlation {
    /// The request's `X-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// The request's `traceparent` (W3C Trace Context).
    pub traceparent: Option<String>,
}

/// An action with all that is frozen with it.
#[derive(Debug, Clone, PartialEq)]
pub struct FrozenAction {
    /// How it is getting on.
    pub record: ActionRecord,
    /// Its plan.
    pub plan: Plan,
    /// Its configuration; secrets are references.
    pub config: MergedConfig,
}
