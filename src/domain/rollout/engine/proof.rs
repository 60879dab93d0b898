//! A stage proves the version to those that follow: one in which nobody is good proves nothing, and is not passed.
//! The next target then stands in, alone, until one is good: those of the later stages in their order, then those
//! out of reach that were put off.

use crate::domain::action::TargetState;

use super::state::{At, Course};
use super::{Rollout, StageStatus, Turn};

/// Who stands in for a stage in which nobody is good.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StandIn {
    /// The last one of the stage that it is in.
    who: Option<u32>,
    /// The stage and the place in it at which the next one is looked for: whoever comes before it was tried, or is not fit.
    from: (u32, u32),
    /// The stage needs no proof: nobody was left of it when it began, or a person let it pass.
    waived: bool,
}

impl Rollout {
    /// A stage begins. One of which nobody is left, after a stage that was passed, has nothing to prove.
    pub(super) fn begin_proof(&mut self, stage: u32) {
        let targets = &self.facts.stages[stage as usize];
        let anybody = targets.iter().any(|&target| self.is_pending(target));
        self.state.stand_in.who = None;
        self.state.stand_in.waived = stage > 0 && !anybody && self.is_anybody_good();
    }

    /// Whether others wait for this stage's proof and nobody of it is good.
    pub(super) fn lacks_proof(&self, stage: u32) -> bool {
        let stand_in = &self.state.stand_in;
        let is_good = |target: u32| self.state.targets[target as usize].state == TargetState::Succeeded;
        stage as usize + 1 < self.facts.stages.len()
            && self.state.good[stage as usize] == 0
            && !stand_in.who.is_some_and(is_good)
            && !stand_in.waived
            && !self.skips_watching()
    }

    /// Lets the next target stand in, or decides where nobody can; says whether it found anything to do.
    pub(super) fn seek_proof(&mut self, stage: u32, turn: &mut Turn) -> bool {
        let label = self.label(stage).to_owned();
        if let Some(target) = self.next_stand_in(stage) {
            self.state.stand_in.who = Some(target);
            self.state.course = Course::Forth {
                stage,
                at: At::Working,
            };
            self.state.stages[stage as usize].status = StageStatus::Running;
            let what = format!("let {} stand in for stage {label}", self.facts.name(target));
            self.note(turn, what, "nobody of it is good, so it proves nothing");
            self.wait_for_turn(target, 0);
            return true;
        }
        let Some(leaving) = self.leaving_stage_after(stage) else {
            return false;
        };
        // Whoever goes on after a pause has decided.
        self.state.stand_in.waived = true;
        let why = format!(
            "nobody of stage {label} is good, so nobody of stage {} may leave service",
            self.label(leaving)
        );
        self.decide(stage, &why, turn);
        true
    }

    /// Nobody is good, and nobody is left who could be.
    pub(super) fn has_nobody_to_watch(&self) -> bool {
        !self.is_anybody_good() && !self.state.stand_in.waived
    }

    fn is_anybody_good(&self) -> bool {
        self.state.counts.of(TargetState::Succeeded) > 0
    }

    /// The stage in which this target's failure counts.
    pub(super) fn judged_in(&self, target: u32) -> u32 {
        match self.state.course {
            Course::Forth { stage, .. } if self.state.stand_in.who == Some(target) => stage,
            Course::Forth { .. } | Course::Halt { .. } | Course::Back => self.facts.stage_of(target),
        }
    }

    fn next_stand_in(&mut self, stage: u32) -> Option<u32> {
        let facts = std::sync::Arc::clone(&self.facts);
        let (mut later, mut place) = self.state.stand_in.from.max((stage + 1, 0));
        while let Some(targets) = facts.stages.get(later as usize) {
            if !self.only_leaves(later) {
                let rest = targets.iter().enumerate().skip(place as usize);
                let next = rest.map(|(at, &target)| (at as u32, target));
                if let Some((at, target)) = next.into_iter().find(|&(_, target)| self.is_pending(target)) {
                    self.state.stand_in.from = (later, at + 1);
                    return Some(target);
                }
            }
            (later, place) = (later + 1, 0);
        }
        self.state.stand_in.from = (later, 0);
        let deferred = self.state.deferred.iter();
        let place = deferred
            .into_iter()
            .position(|&target| !self.only_leaves(facts.stage_of(target)))?;
        self.state.deferred.remove(place)
    }

    /// The first stage ahead whose targets only leave service, where any of them still waits for that.
    fn leaving_stage_after(&self, stage: u32) -> Option<u32> {
        let ahead = stage + 1..self.facts.stages.len() as u32;
        ahead.into_iter().find(|&later| {
            let mut targets = self.facts.stages[later as usize].iter();
            self.only_leaves(later) && targets.any(|&target| self.is_pending(target))
        })
    }

    pub(super) fn only_leaves(&self, stage: u32) -> bool {
        self.facts.plan.stages[stage as usize].only_out
    }

    fn is_pending(&self, target: u32) -> bool {
        self.state.targets[target as usize].state == TargetState::Pending
    }
}
