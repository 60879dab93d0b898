//! What the engine wants done. It does nothing itself.

use serde::{Deserialize, Serialize};

use crate::domain::action::ActionStatus;
use crate::domain::name::TargetName;
use crate::domain::timestamp::Timestamp;

use super::event::Way;

/// Something to do; each names the events that answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Take the leases on all targets, or none: `LeasesTaken` or `LeasesHeld`.
    TakeLeases,
    /// Look whether every target can be worked with, changing nothing: `HostsChecked`.
    CheckHosts,
    /// Ask the load balancer about the pools of a target that wants to start: `PoolsCounted` or `PoolsUnknown`.
    /// Also asked for a target without pools, which is answered with no pools.
    AskPools {
        /// The target that wants to start.
        target: TargetName,
    },
    /// Run a step: `StepStarted`, then `StepEnded`.
    RunStep {
        /// Where.
        target: TargetName,
        /// Which half of the plan.
        way: Way,
        /// The step's place in the target's list, from 0.
        step: u32,
        /// From 1.
        attempt: u32,
    },
    /// A step was started before a restart of the server and its end was not stored: find out on the host
    /// what became of it and go on reading where it still runs; only a host that never started it starts it
    /// now: `StepEnded`.
    LookUpStep {
        /// Where.
        target: TargetName,
        /// Which half of the plan.
        way: Way,
        /// The step's place in the target's list, from 0.
        step: u32,
        /// Which attempt.
        attempt: u32,
    },
    /// Tell when the moment has come: `TimerFired`. Arming the same timer again replaces its moment.
    Arm {
        /// Which.
        timer: Timer,
        /// When.
        at: Timestamp,
    },
    /// Measure a metric of a stage's analysis once: `Measured`. What is to be asked is in the plan
    /// ([`crate::domain::plan::Plan::metric`]). Several may be asked at the same time.
    Measure {
        /// The stage's place in the plan, from 0.
        stage: u32,
        /// The metric's place in the stage's analysis, from 0.
        metric: u32,
        /// Which question about this metric, from 1.
        measurement: u32,
    },
    /// Write into the inventory that the target now has this version.
    RecordVersion {
        /// The target.
        target: TargetName,
        /// The version it has now.
        version: String,
        /// Whether it is there because a rollback put it back.
        rolled_back: bool,
    },
    /// Record that this version is bad for the project in its environment: it was rolled back. Saying so again
    /// changes nothing.
    Quarantine {
        /// The version.
        version: String,
        /// Why, in words.
        why: String,
    },
    /// The action is over: release the leases, write the end.
    End {
        /// How.
        status: ActionStatus,
    },
}

/// A moment that is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "snake_case")]
pub enum Timer {
    /// The countdown before the start.
    Countdown,
    /// The next try to take the leases.
    Leases,
    /// The end of the patience for them (`queue_timeout_seconds`).
    LeasesGiveUp,
    /// The next question to the load balancer for a target that had to wait.
    Pools {
        /// The target that wants to start.
        target: TargetName,
    },
    /// The next attempt of a step that failed.
    Retry {
        /// Where.
        target: TargetName,
    },
    /// The end of the time a target must stay healthy.
    Success {
        /// Where.
        target: TargetName,
    },
    /// The end of the time a target may take.
    TargetDeadline {
        /// Where.
        target: TargetName,
    },
    /// The end of a stage's soak.
    Soak {
        /// The stage's place in the plan, from 0.
        stage: u32,
    },
    /// The next question about a metric of a stage's analysis.
    Measure {
        /// The stage's place in the plan, from 0.
        stage: u32,
        /// The metric's place in the stage's analysis, from 0.
        metric: u32,
    },
    /// The end of the time without any progress.
    ProgressDeadline,
}

impl Timer {
    /// The target it is about, where it is about one.
    #[must_use]
    pub fn target(&self) -> Option<&TargetName> {
        match self {
            Self::Pools { target }
            | Self::Retry { target }
            | Self::Success { target }
            | Self::TargetDeadline { target } => Some(target),
            Self::Countdown
            | Self::Leases
            | Self::LeasesGiveUp
            | Self::Soak { .. }
            | Self::Measure { .. }
            | Self::ProgressDeadline => None,
        }
    }
}
