//! A witness of who may be begun when: proofs before others, those put off last.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::action::TargetState;
use crate::domain::name::TargetName;
use crate::domain::plan::{OnUnreachable, Plan};
use crate::domain::rollout::{Event, Rollout, StageStatus, Steer, Way};

use super::witness::stages_of;

pub(super) struct OrderWitness {
    plan: Arc<Plan>,
    stages: HashMap<TargetName, usize>,
    /// How many stages have begun, and of which nobody was left then.
    begun: usize,
    empty: HashSet<usize>,
    /// Soaks, gates and proofs were skipped by somebody.
    skips: bool,
    /// Somebody let it go on.
    resumed: bool,
    /// Those out of reach that are to come last.
    put_off: HashSet<TargetName>,
}

impl OrderWitness {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            stages: stages_of(plan),
            begun: 0,
            empty: HashSet::new(),
            skips: false,
            resumed: false,
            put_off: HashSet::new(),
        }
    }

    pub(super) fn see(&mut self, rollout: &Rollout, event: &Event, under_way: &HashSet<TargetName>) {
        self.see_proof(rollout, event);
        if !rollout.is_going_back() && rollout.ended_at().is_none() {
            self.see_stand_in(under_way);
            self.see_deferred(rollout, event);
        }
    }

    /// No stage begins before one target of the stage before it is good, or one that stood in for it.
    fn see_proof(&mut self, rollout: &Rollout, event: &Event) {
        if let Event::Steered { steer, .. } = event {
            self.skips |= matches!(steer, Steer::Force | Steer::Promote { .. });
            self.resumed |= *steer == Steer::Resume;
        }
        let is =
            |name: &TargetName, state: TargetState| rollout.target(name.as_str()).unwrap().state == state;
        let begun = rollout
            .stages()
            .take_while(|stage| !matches!(stage.status, StageStatus::Pending | StageStatus::Skipped))
            .count();
        for number in self.begun..begun {
            let stage = &self.plan.stages[number];
            if !stage.targets.iter().any(|name| is(name, TargetState::Pending)) {
                self.empty.insert(number);
                continue;
            }
            let before = self.plan.stages.iter().skip(number.saturating_sub(1));
            let good = before
                .flat_map(|stage| &stage.targets)
                .any(|name| is(name, TargetState::Succeeded));
            let nothing_to_prove = number == 0 || (number > 1 && self.empty.contains(&(number - 1)));
            assert!(
                good || nothing_to_prove || self.skips || (stage.only_out && self.resumed),
                "stage {} began without a proof",
                stage.label
            );
        }
        self.begun = begun;
    }

    /// Only one stands in at a time.
    fn see_stand_in(&self, under_way: &HashSet<TargetName>) {
        let begun = self.begun;
        let ahead = under_way
            .iter()
            .filter(|name| self.stages[*name] >= begun)
            .count();
        assert!(ahead <= 1, "{ahead} stand in at once");
    }

    /// Those out of reach come after all others.
    fn see_deferred(&mut self, rollout: &Rollout, event: &Event) {
        if self.plan.limits.on_unreachable != OnUnreachable::Defer {
            return;
        }
        match event {
            Event::HostsChecked { unfit } => {
                self.put_off.extend(unfit.iter().map(|(name, _, _)| name.clone()));
            }
            Event::StepEnded {
                target,
                way: Way::Forth,
                ..
            } if rollout.target(target.as_str()).unwrap().state == TargetState::Unreachable => {
                self.put_off.insert(target.clone());
            }
            Event::StepStarted {
                target,
                way: Way::Forth,
                ..
            } if self.put_off.contains(target) => {
                for other in rollout.targets() {
                    let leaves = self.plan.stages[self.stages[&other.name]].only_out;
                    assert!(
                        other.state != TargetState::Pending || leaves,
                        "{target} is tried again, and {} was not tried",
                        other.name
                    );
                    assert!(
                        other.state != TargetState::Running || self.put_off.contains(&other.name),
                        "{target} is tried again, and {} is not done",
                        other.name
                    );
                }
            }
            _ => {}
        }
    }
}
