//! What can happen to an action. Stored first, then applied; a restart replays them.

use serde::{Deserialize, Serialize};

use crate::domain::action::ActionId;
use crate::domain::actor::Actor;
use crate::domain::analysis::Measurement;
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::timestamp::Timestamp;

use super::effect::Timer;
use super::settings::RolloutSettings;

/// Which half of the plan a step belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// To the new version.
    Forth,
    /// To the version the target had.
    Back,
}

/// Something that happened. The JSON form is what the store keeps; a change to it needs a migration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Event 0: the action was accepted, in the same transaction as its row.
    Created {
        /// When the countdown is over.
        due_at: Timestamp,
        /// The commands that the sanitizer asked about: `target/step: rule ids`. Empty where none.
        needs_approval: Vec<String>,
        /// The action this one was told to queue behind, where targets were held.
        queued_behind: Option<ActionId>,
        /// The server's part of the rules as it was then: a replay under other rules would be another story.
        #[serde(default)]
        settings: RolloutSettings,
    },
    /// The action ahead in the queue ended, and no other is.
    QueueReached,
    /// The action ahead in the queue ended, and another one is ahead on other targets.
    QueueMoved {
        /// That one.
        behind: ActionId,
    },
    /// The targets' leases were asked for, and somebody else holds some of them.
    LeasesHeld {
        /// Who holds them.
        holder: ActionId,
        /// Which ones.
        targets: Vec<TargetName>,
    },
    /// All leases are held by this action.
    LeasesTaken,
    /// The first look at every target, before anything is taken out of service.
    HostsChecked {
        /// The targets that are not fit, with the outcome and the reason in words.
        unfit: Vec<(TargetName, Outcome, String)>,
    },
    /// How many are in service in the pools of a target that wants to start.
    PoolsCounted {
        /// The target that wants to start.
        target: TargetName,
        /// Each of its pools.
        pools: Vec<PoolCount>,
    },
    /// The load balancer did not answer.
    PoolsUnknown {
        /// The target that wants to start.
        target: TargetName,
        /// Why, in words.
        error: String,
    },
    /// A step is about to be started on a target: stored before the first byte is sent.
    StepStarted {
        /// Where.
        target: TargetName,
        /// Which half of the plan.
        way: Way,
        /// The step's place in the target's list, from 0.
        step: u32,
        /// From 1; a retry counts up.
        attempt: u32,
    },
    /// A step ended, or is known to have.
    StepEnded {
        /// Where.
        target: TargetName,
        /// Which half of the plan.
        way: Way,
        /// The step's place in the target's list, from 0.
        step: u32,
        /// Which attempt.
        attempt: u32,
        /// How.
        result: StepResult,
    },
    /// A moment that was waited for has come.
    TimerFired {
        /// Which.
        timer: Timer,
    },
    /// A metric of a stage's analysis was measured once, or could not be.
    Measured {
        /// The stage's place in the plan, from 0.
        stage: u32,
        /// The metric's place in the stage's analysis, from 0.
        metric: u32,
        /// Which question about this metric, from 1.
        measurement: u32,
        /// What it gave.
        result: Measurement,
    },
    /// A person or program steered.
    Steered {
        /// What was asked.
        steer: Steer,
        /// By whom.
        by: Actor,
        /// Why.
        reason: String,
    },
}

/// Members of a pool that another action holds: it may take them out at any moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolHeld {
    /// The action.
    pub by: ActionId,
    /// How many members it holds.
    pub members: u32,
}

/// Who is in service in one pool, in counts: by the word of its load balancer, or of the configuration where nobody can be
/// asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolCount {
    /// The pool.
    pub pool: String,
    /// How many members are in service at the moment of the question, less those that actions before this one hold.
    pub in_service: u32,
    /// Whether the target that wants to start is one of them.
    pub itself: bool,
    /// How many members of those that this rollout has out are not counted, besides those named in `out_of_service`. The
    /// others are: a balancer forgets a drain when it starts anew, and where nobody can be asked every member counts.
    #[serde(default, skip_serializing_if = "is_nobody")]
    pub away: u32,
    /// Members that are out of service: a rollout that may take nobody out can go on with these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub out_of_service: Vec<TargetName>,
    /// The actions before this one that hold members, in service or not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<PoolHeld>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "that is how serde asks")]
fn is_nobody(count: &u32) -> bool {
    *count == 0
}

/// How an attempt of a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// The word for it. `ok` means the exit code was among the step's good ones.
    pub outcome: Outcome,
    /// The exit code, where there was one.
    pub exit_code: Option<i32>,
    /// The reason in words a person can act on, where it is not `ok`.
    pub error: Option<String>,
}

/// What a person or program may ask of an action under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "steer", rename_all = "snake_case")]
pub enum Steer {
    /// Finish what runs, start nothing.
    Pause,
    /// Go on.
    Resume,
    /// Skip the rest of this soak or gate; with `to_end` of all that follow.
    Promote {
        /// All that follow too.
        to_end: bool,
    },
    /// Skip soaks, gates and the queue.
    Force,
    /// End it; with `rollback` on the way back.
    Abort {
        /// Every touched target goes back first.
        rollback: bool,
    },
    /// Go back now: every touched target to the version it had.
    Rollback,
    /// Let it run in spite of what the sanitizer asked about, or pass an approval gate.
    Approve,
    /// The opposite of approve.
    Reject,
}

impl Event {
    /// The word for it in JSON and in messages.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Created { .. } => "created",
            Self::QueueReached => "queue_reached",
            Self::QueueMoved { .. } => "queue_moved",
            Self::LeasesHeld { .. } => "leases_held",
            Self::LeasesTaken => "leases_taken",
            Self::HostsChecked { .. } => "hosts_checked",
            Self::PoolsCounted { .. } => "pools_counted",
            Self::PoolsUnknown { .. } => "pools_unknown",
            Self::StepStarted { .. } => "step_started",
            Self::StepEnded { .. } => "step_ended",
            Self::TimerFired { .. } => "timer_fired",
            Self::Measured { .. } => "measured",
            Self::Steered { .. } => "steered",
        }
    }
}

impl Steer {
    /// The word in URLs and on the command line.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Promote { .. } => "promote",
            Self::Force => "force",
            Self::Abort { .. } => "abort",
            Self::Rollback => "rollback",
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }
}
