//! Plans made from a plan that already ran: a retry of some targets, and the way back of a finished action.
//! Nothing is evaluated anew: both use the frozen steps, so they do what was shown.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::name::TargetName;

use super::{Gate, Plan, PlanHash, PlanTarget, Rollback, RollbackTarget, Stage};

impl Plan {
    /// The same plan for only these targets: their stages, in the same order, without the empty ones. Steps
    /// marked `once` whose names are in `once_done` fall out: they ran, and run once.
    #[must_use]
    pub fn restricted_to(&self, chosen: &BTreeSet<TargetName>, once_done: &BTreeSet<String>) -> Self {
        let mut plan = self.clone();
        plan.targets.retain(|target| chosen.contains(&target.target.name));
        for target in &mut plan.targets {
            target
                .steps
                .retain(|step| !(step.once && once_done.contains(&step.name)));
        }
        plan.rollback
            .targets
            .retain(|target| chosen.contains(&target.name));
        for stage in &mut plan.stages {
            stage.targets.retain(|name| chosen.contains(name));
        }
        plan.stages.retain(|stage| !stage.targets.is_empty());
        plan.rehashed()
    }

    /// The way back of these targets as a plan of its own: newest touched first, one stage for the first
    /// target and one for the rest. Its own way back is this plan's way forth, for those that have one.
    #[must_use]
    pub fn way_back(&self, touched: &[TargetName]) -> Self {
        let forth: BTreeMap<&TargetName, &PlanTarget> = self
            .targets
            .iter()
            .map(|target| (&target.target.name, target))
            .collect();
        let back: BTreeMap<&TargetName, &RollbackTarget> = self
            .rollback
            .targets
            .iter()
            .map(|target| (&target.name, target))
            .collect();
        let order: Vec<&TargetName> = touched
            .iter()
            .rev()
            .filter(|name| forth.contains_key(name) && back.contains_key(name))
            .collect();

        let stage = |label: &str, names: &[&TargetName]| Stage {
            label: label.to_owned(),
            targets: names.iter().map(|name| (*name).clone()).collect(),
            max_parallel: self.limits.max_parallel.max(1),
            soak_seconds: 0,
            gate: Gate::None,
            on_failure: None,
        };
        let (first, rest) = order.split_at(order.len().min(1));
        let mut stages = vec![stage("1", first)];
        if !rest.is_empty() {
            stages.push(stage("100%", rest));
        }
        let targets = order
            .iter()
            .enumerate()
            .map(|(place, name)| PlanTarget {
                target: forth[*name].target.clone(),
                stage: if place == 0 {
                    "1".to_owned()
                } else {
                    "100%".to_owned()
                },
                batch: if place == 0 {
                    1
                } else {
                    (place as u32 - 1) / self.limits.max_parallel.max(1) + 1
                },
                version: back[*name].version.clone(),
                version_before: forth[*name].version.clone(),
                steps: back[*name].steps.clone(),
            })
            .collect();
        let rollback = Rollback {
            targets: order
                .iter()
                .map(|name| RollbackTarget {
                    name: (*name).clone(),
                    version: forth[*name].version.clone(),
                    steps: forth[*name].steps.clone(),
                })
                .collect(),
        };
        let mut versions: Vec<Option<String>> =
            order.iter().map(|name| back[*name].version.clone()).collect();
        versions.dedup();
        Self {
            action: "rollback".to_owned(),
            version: if versions.len() == 1 {
                versions.remove(0)
            } else {
                None
            },
            stages,
            targets,
            rollback,
            ..self.clone()
        }
        .rehashed()
    }

    fn rehashed(mut self) -> Self {
        self.plan_hash = PlanHash::over(
            &self.action,
            &self.stages,
            &self.limits,
            &self.pools,
            &self.targets,
            &self.rollback,
        );
        self
    }
}
