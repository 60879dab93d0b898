//! How far a rollout, its stages, targets and steps are: what pages and the API show.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::action::TargetState;
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::timestamp::Timestamp;

use super::event::Way;

/// How a step of a target is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Not started.
    Pending,
    /// Started, or waiting for its next attempt.
    Running,
    /// Done.
    Succeeded,
    /// It said no.
    Failed,
    /// Its host could not be reached.
    Unreachable,
    /// It was started, and how it ended is not known.
    Unknown,
    /// Not to be run: a `once` step elsewhere, or one after a failure.
    Skipped,
}

impl StepState {
    /// The word for it in JSON and pages.
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
        }
    }

    /// The state of a step whose last attempt ended so.
    #[must_use]
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Ok => Self::Succeeded,
            Outcome::Failed | Outcome::Timeout | Outcome::Denied => Self::Failed,
            Outcome::Unreachable
            | Outcome::AuthFailed
            | Outcome::HostKeyChanged
            | Outcome::HostKeyUnknown => Self::Unreachable,
            Outcome::Unknown => Self::Unknown,
        }
    }
}

impl fmt::Display for StepState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One step of one target; its name is in the plan, at the same place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepProgress {
    /// How it is getting on.
    pub state: StepState,
    /// The last attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// The exit code of the last attempt that had one.
    pub exit_code: Option<i32>,
    /// Why the last attempt was not `ok`.
    pub error: Option<Box<str>>,
    /// When the first attempt was started; of a step that is looked at again, that of the last look.
    pub started_at: Option<Timestamp>,
    /// When the last attempt ended.
    pub ended_at: Option<Timestamp>,
}

impl StepProgress {
    pub(super) const PENDING: Self = Self {
        state: StepState::Pending,
        attempt: 0,
        exit_code: None,
        error: None,
        started_at: None,
        ended_at: None,
    };
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetProgress {
    /// Its name.
    pub name: TargetName,
    /// How it is getting on.
    pub state: TargetState,
    /// The half of the plan it is in, or was in last; none before it started.
    pub way: Option<Way>,
    /// The steps of the way forth.
    pub forth: Vec<StepProgress>,
    /// The steps of the way back; empty before it goes back.
    pub back: Vec<StepProgress>,
    /// Why it did not get there; kept when it was rolled back.
    pub error: Option<String>,
    /// Why it did not get back, where it should have.
    pub back_error: Option<String>,
    /// How to finish by hand what is left, where the rollout ended and should have taken it back.
    pub by_hand: Option<String>,
    /// The version it has as far as is known: the old one until the way forth is done.
    pub version: Option<String>,
    /// Its place among the touched targets, from 0; none where no step was started on it.
    pub touched: Option<u32>,
    /// When its first step was started.
    pub started_at: Option<Timestamp>,
    /// When it reached the state it is in, where that is not a state of work.
    pub ended_at: Option<Timestamp>,
}

/// How a stage is getting on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageStatus {
    /// Not begun.
    Pending,
    /// Its targets are being worked on.
    Running,
    /// Its targets are done and are being watched.
    Soaking,
    /// It waits for its gate.
    Gate,
    /// Passed.
    Done,
    /// The rollout ended or turned back in it.
    Stopped,
    /// Never begun.
    Skipped,
}

impl StageStatus {
    /// The word for it in JSON and pages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Soaking => "soaking",
            Self::Gate => "gate",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Skipped => "skipped",
        }
    }
}

impl fmt::Display for StageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageProgress {
    /// Its label in the plan.
    pub label: String,
    /// How it is getting on.
    pub status: StageStatus,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was passed or stopped.
    pub ended_at: Option<Timestamp>,
}

/// How many targets are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u32; TargetState::ALL.len()]);

impl Counts {
    /// How many are in this state.
    #[must_use]
    pub fn of(&self, state: TargetState) -> u32 {
        self.0[state as usize]
    }

    /// Every state with its count, in the order of the contract.
    pub fn iter(&self) -> impl Iterator<Item = (TargetState, u32)> {
        let counts = self.0;
        TargetState::ALL
            .into_iter()
            .map(move |state| (state, counts[state as usize]))
    }

    pub(super) fn enter(&mut self, state: TargetState) {
        self.0[state as usize] += 1;
    }

    pub(super) fn leave(&mut self, state: TargetState) {
        self.0[state as usize] -= 1;
    }
}
