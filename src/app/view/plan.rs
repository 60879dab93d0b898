//! A plan as it is shown.

use serde::{Deserialize, Serialize};

use super::QuarantineView;
use crate::domain::plan::{Gate, Limits, Plan, Step};
use crate::domain::sanitize::{Decision, NotApplied, RuleHit};

/// A plan as it is shown: the contract's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    /// Its hash.
    pub plan_hash: String,
    /// The space.
    pub space: String,
    /// The project.
    pub project: String,
    /// The action.
    pub action: String,
    /// The version it installs.
    pub version: Option<String>,
    /// The stages in order.
    pub stages: Vec<PlanStageView>,
    /// What holds for the whole rollout.
    pub limits: Limits,
    /// The targets in start order.
    pub targets: Vec<PlanTargetView>,
    /// The way back.
    pub rollback: RollbackView,
    /// Why it may not run: its version was rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineView>,
}

/// A stage of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStageView {
    /// Its label.
    pub label: String,
    /// Its targets' names.
    pub targets: Vec<String>,
    /// How many at once.
    pub max_parallel: u32,
    /// The watch after it.
    pub soak_seconds: u64,
    /// What must hold to go on.
    pub gate: Gate,
}

/// A target of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanTargetView {
    /// Its name.
    pub name: String,
    /// Its stage's label.
    pub stage: String,
    /// Its zone.
    pub zone: String,
    /// Its batch within the stage.
    pub batch: u32,
    /// The version it is to have.
    pub version: Option<String>,
    /// The version it has.
    pub version_before: Option<String>,
    /// Its steps.
    pub steps: Vec<PlanStepView>,
}

/// A step of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStepView {
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The literal command; null where no host is touched.
    pub command: Option<String>,
    /// The sanitizer's word; null where there is no command.
    pub verdict: Option<Decision>,
    /// The rules that matched.
    pub rules: Vec<RuleHit>,
    /// What matched and was not applied, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_applied: Vec<NotApplied>,
    /// It runs on the first target of the rollout alone, whichever targets list it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub once: bool,
    /// It also runs after an earlier step of its target failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub always: bool,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackView {
    /// One for each target that has something to go back to.
    pub targets: Vec<RollbackTargetView>,
}

/// The way back of one target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollbackTargetView {
    /// The target's name.
    pub name: String,
    /// The version it goes back to.
    pub version: Option<String>,
    /// Its steps.
    pub steps: Vec<PlanStepView>,
}

impl From<&Step> for PlanStepView {
    fn from(step: &Step) -> Self {
        Self {
            name: step.name.clone(),
            kind: step.work.kind().to_owned(),
            command: step.command.clone(),
            verdict: step.verdict,
            rules: step.rules.clone(),
            not_applied: step.not_applied.clone(),
            once: step.once,
            always: step.always,
        }
    }
}

impl From<&Plan> for PlanView {
    fn from(plan: &Plan) -> Self {
        Self {
            plan_hash: plan.plan_hash.to_string(),
            space: plan.space.to_string(),
            project: plan.project.to_string(),
            action: plan.action.clone(),
            version: plan.version.clone(),
            stages: plan
                .stages
                .iter()
                .map(|stage| PlanStageView {
                    label: stage.label.clone(),
                    targets: stage.targets.iter().map(ToString::to_string).collect(),
                    max_parallel: stage.max_parallel,
                    soak_seconds: stage.soak_seconds,
                    gate: stage.gate,
                })
                .collect(),
            limits: plan.limits.clone(),
            targets: plan
                .targets
                .iter()
                .map(|planned| PlanTargetView {
                    name: planned.target.name.to_string(),
                    stage: planned.stage.clone(),
                    zone: planned.target.zone.clone(),
                    batch: planned.batch,
                    version: planned.version.clone(),
                    version_before: planned.version_before.clone(),
                    steps: planned.steps.iter().map(PlanStepView::from).collect(),
                })
                .collect(),
            rollback: RollbackView {
                targets: plan
                    .rollback
                    .targets
                    .iter()
                    .map(|back| RollbackTargetView {
                        name: back.name.to_string(),
                        version: back.version.clone(),
                        steps: back.steps.iter().map(PlanStepView::from).collect(),
                    })
                    .collect(),
            },
            quarantine: None,
        }
    }
}
