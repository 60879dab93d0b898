//! The machine itself: [`Rollout`] takes events and says what is to be done.
//!
//! Three machines work together, each one `match` on (state, event): the action's lifecycle
//! (`lifecycle.rs`), the stages (`stages.rs`) and the targets (`targets.rs`). After each event
//! [`Rollout::settle`] starts whatever may be started now. Nothing here looks at all targets for one
//! event: counters, the queue and the set of active targets answer instead.

mod analysis;
mod attempts;
mod back;
mod bad_version;
mod by_hand;
mod capacity;
mod failures;
mod lifecycle;
mod looks;
mod outstanding;
mod proof;
mod stages;
mod state;
mod steering;
mod targets;
#[cfg(test)]
mod tests;
mod waiting;

use std::sync::Arc;

use crate::domain::action::{ActionId, ActionStatus, TargetState};
use crate::domain::plan::{Plan, RollbackTarget};
use crate::domain::timestamp::Timestamp;

use super::decision::Decision;
use super::effect::Effect;
use super::event::{Event, Way};
use super::facts::Facts;
use super::progress::{Counts, StageProgress, StageStatus, TargetProgress};
use super::refused::Refused;
use state::{Course, Phase, State};

/// One action under way: a fold over its events. The same events at the same times give the same state
/// and the same effects.
#[derive(Debug, Clone)]
pub struct Rollout {
    facts: Arc<Facts>,
    state: State,
    decisions: Vec<Decision>,
}

/// Two rollouts are equal when their plans and states are; decisions only explain.
impl PartialEq for Rollout {
    fn eq(&self, other: &Self) -> bool {
        (Arc::ptr_eq(&self.facts, &other.facts) || self.facts.plan == other.facts.plan)
            && self.state == other.state
    }
}

/// One event's moment, and what is to be done after it.
struct Turn {
    now: Timestamp,
    effects: Vec<Effect>,
}

impl Rollout {
    /// An action before its event 0, which says what the server's part of the rules is.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        let facts = Facts::new(plan);
        let state = State::new(&facts);
        Self {
            facts: Arc::new(facts),
            state,
            decisions: Vec::new(),
        }
    }

    /// Takes the next event, which is stored already, and returns what is to be done because of it.
    ///
    /// A timer that no longer matters and an answer for a target that moved on change nothing.
    ///
    /// # Errors
    /// [`Refused`] where the event cannot happen in this state; the state is unchanged then.
    pub fn apply(&mut self, event: &Event, now: Timestamp) -> Result<Vec<Effect>, Refused> {
        let mut turn = Turn {
            now,
            effects: Vec::new(),
        };
        self.take(event, &mut turn)?;
        self.settle(&mut turn);
        Ok(turn.effects)
    }

    /// How the action is getting on.
    #[must_use]
    pub fn status(&self) -> ActionStatus {
        self.status_now()
    }

    /// When its targets were its own and work began.
    #[must_use]
    pub fn started_at(&self) -> Option<Timestamp> {
        self.state.started_at
    }

    /// The action that it queues behind; none where it does not.
    #[must_use]
    pub fn queued_behind(&self) -> Option<ActionId> {
        match &self.state.phase {
            Phase::Before(before) => before.behind,
            Phase::New | Phase::Leases(_) | Phase::Hosts | Phase::Running | Phase::Ended { .. } => None,
        }
    }

    /// When it ended.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match &self.state.phase {
            Phase::Ended { at, .. } => Some(*at),
            Phase::New | Phase::Before(_) | Phase::Leases(_) | Phase::Hosts | Phase::Running => None,
        }
    }

    /// The plan it runs.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.facts.plan
    }

    /// Every target, in the plan's order.
    pub fn targets(&self) -> impl Iterator<Item = &TargetProgress> {
        self.state.targets.iter()
    }

    /// The target of this name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&TargetProgress> {
        self.facts
            .target_number(name)
            .map(|target| &self.state.targets[target as usize])
    }

    /// The place of a target in the plan, from 0.
    #[must_use]
    pub fn place_of(&self, name: &str) -> Option<usize> {
        self.facts.target_number(name).map(|target| target as usize)
    }

    /// The way back of the target at this place of the plan; none where it has none.
    #[must_use]
    pub fn way_back(&self, place: usize) -> Option<&RollbackTarget> {
        let place = u32::try_from(place).ok()?;
        (place < self.state.targets.len() as u32).then(|| self.facts.way_back(place))?
    }

    /// Every stage, in order.
    pub fn stages(&self) -> impl Iterator<Item = &StageProgress> {
        self.state.stages.iter()
    }

    /// How many targets are in each state.
    #[must_use]
    pub fn counts(&self) -> &Counts {
        &self.state.counts
    }

    /// The targets on which a step was started, in that order.
    pub fn touched(&self) -> impl Iterator<Item = &TargetProgress> {
        self.state
            .touched
            .iter()
            .map(|&target| &self.state.targets[target as usize])
    }

    /// How many targets hold a place in the window at this moment.
    #[must_use]
    pub fn in_progress(&self) -> u32 {
        self.state.in_progress
    }

    /// Whether it goes, or went, back.
    #[must_use]
    pub fn is_going_back(&self) -> bool {
        matches!(self.state.course, Course::Back)
    }

    /// Hands over what was decided since the last call. Decisions explain; they are no part of the state.
    pub fn take_decisions(&mut self) -> Vec<Decision> {
        std::mem::take(&mut self.decisions)
    }

    fn note(&mut self, turn: &Turn, what: impl Into<String>, why: impl Into<String>) {
        self.decisions.push(Decision {
            at: turn.now,
            what: what.into(),
            why: why.into(),
        });
    }

    fn set_state(&mut self, target: u32, state: TargetState, now: Timestamp) {
        let progress = &mut self.state.targets[target as usize];
        self.state.counts.leave(progress.state);
        self.state.counts.enter(state);
        if progress.state == TargetState::Succeeded {
            self.state.good[self.facts.stage_of(target) as usize] -= 1;
        }
        if state == TargetState::Succeeded {
            self.state.good[self.facts.stage_of(target) as usize] += 1;
        }
        progress.state = state;
        progress.ended_at = match state {
            TargetState::Pending | TargetState::Running => None,
            TargetState::Succeeded
            | TargetState::Failed
            | TargetState::Unreachable
            | TargetState::Unknown
            | TargetState::Skipped
            | TargetState::RolledBack => Some(now),
        };
    }

    fn step_name(&self, target: u32, way: Way, step: u32) -> &str {
        &self.facts.steps(target, way)[step as usize].name
    }
}
