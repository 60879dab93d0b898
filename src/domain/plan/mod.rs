//! A plan: what a script returned for one action, complete, immutable and hashed.
//!
//! Everything that will happen is in it before anything happens: each target in start order with its
//! stage, each literal command with its verdict, the limits, and the way back for each target.

mod build;
mod derive;
mod draft;
mod hash;
mod history;
mod leaving;
mod step;
mod texts;

use serde::{Deserialize, Serialize};

pub use build::PlanInputs;
pub(in crate::domain) use draft::SECRET_BEGINS;
pub use draft::{Draft, DraftTarget, ScriptContext, ScriptTarget, secret_placeholder};
pub use hash::PlanHash;
pub use history::History;
pub use leaving::{cannot_leave, coming_in, going_out, leaving, putting_back};
pub use step::{Step, UploadSource, Work, seen_well};
pub use texts::{Carried, Held, Texts, bounded, is_shell_name, written};

use super::analysis::{Analysis, Metric};
use super::name::{Name, TargetName};
use super::target::{Pool, Target};

/// What will be done, and how it will be undone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Over targets, stages, steps, limits and the way back; not over the time or the actor.
    pub plan_hash: PlanHash,
    /// The space of the project.
    pub space: Name,
    /// The project.
    pub project: Name,
    /// The environment of the project.
    pub environment: Name,
    /// The script's function that made it.
    pub action: String,
    /// The script's file name.
    pub script: String,
    /// SHA-256 (hex) of the script's text.
    pub script_digest: String,
    /// The version the action installs; none where it installs nothing.
    pub version: Option<String>,
    /// The stages in order. Every target is in exactly one.
    pub stages: Vec<Stage>,
    /// What holds for the whole rollout.
    pub limits: Limits,
    /// The pools of the targets, with what must stay in service.
    pub pools: Vec<Pool>,
    /// The targets in start order.
    pub targets: Vec<PlanTarget>,
    /// How each target gets back.
    pub rollback: Rollback,
}

/// One target of a plan with what is done to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanTarget {
    /// The server.
    #[serde(flatten)]
    pub target: Target,
    /// The label of its stage.
    pub stage: String,
    /// Its batch within the stage, from 1: those that may be in progress together at the start.
    pub batch: u32,
    /// The version it is to have afterwards; none where nothing is known of its version.
    pub version: Option<String>,
    /// The version it had when the plan was made.
    pub version_before: Option<String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

/// A part of the rollout with limits of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Names it on pages and in logs, for example `10%`, `canary`, `Others`.
    pub label: String,
    /// Its targets in start order.
    pub targets: Vec<TargetName>,
    /// How many of them may be in progress at once; at least 1.
    pub max_parallel: u32,
    /// How long to watch after its last target before the next stage begins.
    pub soak_seconds: u64,
    /// What must hold to go on to the next stage.
    pub gate: Gate,
    /// What the gate measures; there where it is an analysis.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analysis: Option<Analysis>,
    /// What a failure in this stage does, where it differs from the whole rollout's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<OnFailure>,
    /// Its targets only leave service, and keep what they have: the old ones of a blue-green rollout.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_out: bool,
}

/// What must hold to go on after a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gate {
    /// Nothing.
    None,
    /// Somebody with the right to it says so.
    Approval,
    /// The numbers say so: those of the stage's `analysis`.
    Analysis,
}

/// What happens when the failure budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// Every touched target goes back to the version it had.
    Rollback,
    /// What runs is finished, nothing more is started, the action ends FAILED.
    Stop,
    /// What runs is finished, and a person decides.
    Pause,
    /// All others go on, and the action ends FAILED: the way back of a finished action, which leaves nobody on what was
    /// not wanted because another could not go. No configuration asks for it.
    GoOn,
}

/// What a target that cannot be reached does to the rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnreachable {
    /// It counts as a failure.
    Fail,
    /// It is left out, and named in the result.
    Skip,
    /// It is tried again after all others.
    Defer,
}

/// What an analysis without an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// A person decides.
    Pause,
    /// Go on.
    Pass,
    /// As if it had said no.
    Fail,
}

/// In which order the zones are worked on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ZoneOrder {
    /// `"parallel"`: zones do not matter to the order.
    #[serde(with = "parallel_word")]
    Parallel,
    /// One zone after another, in this order.
    Serial(Vec<String>),
}

mod parallel_word {
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("parallel")
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<(), D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "parallel" => Ok(()),
            other => Err(serde::de::Error::custom(format!("`{other}` is not `parallel`"))),
        }
    }
}

/// What holds for the whole rollout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How many targets may be in progress at once over all stages and zones.
    pub max_parallel: u32,
    /// The same on the way back; none is `max_parallel`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback_max_parallel: Option<u32>,
    /// How many targets may fail before `on_failure` is done: the next one decides.
    pub max_failed: u32,
    /// What is done then.
    pub on_failure: OnFailure,
    /// What a target out of reach does.
    pub on_unreachable: OnUnreachable,
    /// How many targets may stay out of reach before `on_failure` is done: a budget of their own, beside
    /// `max_failed`. Where none, those that `fail` or were deferred in vain count as failed, and those that
    /// are skipped do not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_unreachable: Option<u32>,
    /// What an analysis without an answer does.
    pub on_inconclusive: OnInconclusive,
    /// How long a target must stay healthy on the new version before it counts as good.
    pub success_window_seconds: u64,
    /// How long one target may take, from its first step; none is no limit.
    pub target_deadline_seconds: Option<u64>,
    /// How long the rollout may go without any target getting further; none is no limit.
    pub progress_deadline_seconds: Option<u64>,
    /// The order of zones.
    pub zones: ZoneOrder,
}

/// The way back, evaluated, sanitized and hashed like the way forth.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rollback {
    /// One for each target that has something to go back to.
    pub targets: Vec<RollbackTarget>,
}

/// How one target gets back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RollbackTarget {
    /// The target.
    pub name: TargetName,
    /// The version it goes back to: the one it had.
    pub version: Option<String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
}

impl Limits {
    /// How many targets may be on their way back at once.
    #[must_use]
    pub fn back_at_once(&self) -> u32 {
        self.rollback_max_parallel.unwrap_or(self.max_parallel).max(1)
    }
}

impl Stage {
    /// The metrics that its gate measures; none where it measures nothing.
    #[must_use]
    pub fn metrics(&self) -> &[Metric] {
        match (self.gate, &self.analysis) {
            (Gate::Analysis, Some(analysis)) => &analysis.metrics,
            _ => &[],
        }
    }
}

impl Plan {
    /// The metric at this place of a stage's analysis, both from 0.
    #[must_use]
    pub fn metric(&self, stage: u32, metric: u32) -> Option<&Metric> {
        let stage = self.stages.get(stage as usize)?;
        stage.metrics().get(metric as usize)
    }

    /// Every step of it, the way forth before the way back.
    pub fn steps(&self) -> impl Iterator<Item = (&TargetName, &Step)> {
        let forth = self
            .targets
            .iter()
            .flat_map(|t| t.steps.iter().map(move |s| (&t.target.name, s)));
        let back = self
            .rollback
            .targets
            .iter()
            .flat_map(|t| t.steps.iter().map(move |s| (&t.name, s)));
        forth.chain(back)
    }
}
