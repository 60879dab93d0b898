//! Which versions a rollout finds bad. The record of them is [`crate::domain::quarantine`].

use std::collections::BTreeSet;

use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::rollout::effect::Effect;
use crate::domain::target::goes_back;

use super::state::Phase;
use super::{Rollout, Turn};

impl Rollout {
    /// The version is rolled back because it is bad: by itself, or by hand. (An abort that takes its targets back
    /// says nothing about the version.)
    pub(super) fn condemn(&mut self, why: &str, turn: &mut Turn) {
        self.state.bad = Some(why.to_owned());
        turn.effects.extend(self.quarantine());
    }

    /// The bad versions that are to be recorded by now.
    pub(super) fn quarantine(&self) -> Vec<Effect> {
        let plan = &self.facts.plan;
        if self.state.bad.is_some() && goes_back(&plan.action) {
            // It goes to what was good before: that it did not get there says nothing about that version.
            return Vec::new();
        }
        if let (Some(why), Some(version)) = (&self.state.bad, &plan.version) {
            // Installing again what was there before says nothing about that version.
            let is_new = self.state.touched.iter().any(|&target| {
                let back = self.facts.way_back(target);
                back.is_some_and(|back| back.version.as_ref() != Some(version))
            });
            return is_new
                .then(|| Effect::Quarantine {
                    version: version.clone(),
                    why: why.clone(),
                })
                .into_iter()
                .collect();
        }
        let completed = matches!(
            self.state.phase,
            Phase::Ended {
                status: ActionStatus::Completed,
                ..
            }
        );
        if !(completed && goes_back(&plan.action)) {
            return Vec::new();
        }
        let left: BTreeSet<&String> = (0..self.state.targets.len() as u32)
            .filter(|&target| self.state.targets[target as usize].state == TargetState::Succeeded)
            .map(|target| self.facts.target(target))
            .filter(|target| target.version.is_some() && target.version != target.version_before)
            .filter_map(|target| target.version_before.as_ref())
            .collect();
        left.into_iter()
            .map(|version| Effect::Quarantine {
                version: version.clone(),
                why: format!("the action `{}` took it back", plan.action),
            })
            .collect()
    }
}
