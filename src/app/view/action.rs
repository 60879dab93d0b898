//! An action as it is shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::action::{ActionId, ActionStatus, TargetState, WaitingFor};
use crate::domain::plan::Gate;
use crate::domain::timestamp::Timestamp;

/// The answer to a request to act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The action's id, which is the correlation id.
    pub action_id: ActionId,
    /// The project.
    pub project: String,
    /// The space.
    pub space: String,
    /// The action's name.
    pub action: String,
    /// Its status now.
    pub status: ActionStatus,
    /// Its page.
    pub url: String,
    /// The hash of its plan.
    pub plan_hash: String,
    /// What it waits for, where it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingFor>,
    /// The action it is a retry or rollback of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<ActionId>,
}

/// An action in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionSummary {
    /// Its id.
    pub id: ActionId,
    /// The space.
    pub space: String,
    /// The project.
    pub project: String,
    /// Its name.
    pub action: String,
    /// How it is getting on.
    pub status: ActionStatus,
    /// The version it installs.
    pub version: Option<String>,
    /// Who did it.
    pub actor: String,
    /// On whose behalf.
    pub user: Option<String>,
    /// Why.
    pub reason: String,
    /// The hash of its plan.
    pub plan_hash: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its first target was begun.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// What it waits for.
    pub waiting_for: Option<WaitingFor>,
    /// The action it is a retry or rollback of.
    pub retry_of: Option<ActionId>,
}

/// An action with everything about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionView {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: ActionSummary,
    /// How many targets are in each state; states with none are named with 0.
    pub counts: BTreeMap<TargetState, u32>,
    /// The stages in order.
    pub stages: Vec<StageView>,
    /// The targets in start order.
    pub targets: Vec<TargetView>,
    /// The frozen configuration, secrets as their references.
    pub config: Value,
    /// The highest `seq` this view knows of: events up to here are in it.
    pub seq: u64,
}

/// A stage as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageView {
    /// Its label.
    pub label: String,
    /// `pending`, `running`, `soaking`, `waiting`, `done`, `failed`, `skipped` or `rolled_back`.
    pub status: String,
    /// Its targets' names.
    pub targets: Vec<String>,
    /// What must hold to go on after it.
    #[serde(default = "no_gate")]
    pub gate: Gate,
}

/// Servers of other versions do not say it.
fn no_gate() -> Gate {
    Gate::None
}

/// A target as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetView {
    /// Its name.
    pub name: String,
    /// How it is getting on.
    pub state: TargetState,
    /// The label of its stage.
    pub stage: String,
    /// Its zone.
    pub zone: String,
    /// The version it had before.
    pub version_before: Option<String>,
    /// The version it has, or is to have.
    pub version: Option<String>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// Its steps: those of the way forth, then those of the way back that were begun.
    pub steps: Vec<StepView>,
}

/// A step on a target as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Its name; on the way back it begins with `back: `.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// `pending`, `running`, `succeeded`, `failed`, `unreachable`, `unknown` or `skipped`.
    pub state: String,
    /// The exit code, where there was one.
    pub exit_code: Option<i32>,
    /// What went wrong, in words.
    pub error: Option<String>,
    /// How often it was begun.
    pub attempts: u32,
    /// When it was begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// It runs on the first target of the rollout alone, whichever targets list it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
}
