//! Plans made from a plan that already ran: a retry of some targets, and the way back of a finished action.
//! The frozen steps are used, so that they do what was shown; only a way back to another version is drafted anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::name::TargetName;
use crate::domain::sanitize::Sanitizer;

use super::build::{Judge, held_on_the_way_back};
use super::{
    Draft, Gate, History, Limits, OnFailure, OnUnreachable, Plan, PlanHash, PlanTarget, Rollback,
    RollbackTarget, Stage, Step, Texts, UploadSource, Work, putting_back,
};

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

    /// The way back of these targets, each with the version it has, as a plan of its own: newest touched first, one
    /// stage for the first target and one for the rest. It has no way back of its own: what it leaves must not come again
    /// by itself. As every way back it goes on past those that cannot go, and gives each all the time it takes.
    #[must_use]
    pub fn way_back(&self, touched: &[(TargetName, Option<String>)]) -> Self {
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
        let order: Vec<(&PlanTarget, &RollbackTarget, &Option<String>)> = touched
            .iter()
            .rev()
            .filter_map(|(name, has)| Some((*forth.get(name)?, *back.get(name)?, has)))
            .collect();

        let max_parallel = self.limits.back_at_once();
        let stage = |label: &str, some: &[(&PlanTarget, &RollbackTarget, &Option<String>)]| Stage {
            label: label.to_owned(),
            targets: some.iter().map(|(_, back, _)| back.name.clone()).collect(),
            max_parallel,
            soak_seconds: 0,
            gate: Gate::None,
            analysis: None,
            on_failure: None,
            only_out: false,
        };
        let (first, rest) = order.split_at(order.len().min(1));
        let mut stages = vec![stage("1", first)];
        if !rest.is_empty() {
            stages.push(stage("100%", rest));
        }
        let targets = order
            .iter()
            .enumerate()
            .map(|(place, (planned, back, has))| PlanTarget {
                target: planned.target.clone(),
                stage: if place == 0 { "1" } else { "100%" }.to_owned(),
                batch: place.saturating_sub(1) as u32 / max_parallel + 1,
                version: back.version.clone(),
                version_before: (*has).clone(),
                steps: back.steps.clone(),
            })
            .collect();
        let mut versions: Vec<Option<String>> =
            order.iter().map(|(_, back, _)| back.version.clone()).collect();
        versions.dedup();
        Self {
            version: if versions.len() == 1 {
                versions.remove(0)
            } else {
                None
            },
            stages,
            targets,
            limits: Limits {
                max_parallel,
                max_failed: 0,
                on_failure: OnFailure::GoOn,
                on_unreachable: match self.limits.on_unreachable {
                    OnUnreachable::Defer => OnUnreachable::Defer,
                    OnUnreachable::Fail | OnUnreachable::Skip => OnUnreachable::Fail,
                },
                max_unreachable: None,
                success_window_seconds: 0,
                target_deadline_seconds: None,
                ..self.limits.clone()
            },
            rollback: Rollback::default(),
            ..self.clone()
        }
        .named("rollback")
    }

    /// The same plan with the way back of this draft, which leads every target to this version. It is not judged yet.
    #[must_use]
    pub fn leading_back_by(mut self, draft: Draft, version: &str) -> Self {
        let back = draft.targets.into_iter().filter_map(|target| {
            Some(RollbackTarget {
                name: target.name,
                version: Some(version.to_owned()),
                steps: putting_back(target.rollback?),
            })
        });
        self.rollback.targets = back.collect();
        self
    }

    /// The same plan as an action of this name.
    #[must_use]
    pub fn named(mut self, action: &str) -> Self {
        action.clone_into(&mut self.action);
        held_on_the_way_back(action, &mut self.limits, &mut self.stages);
        self.rehashed()
    }

    /// The same plan with every command judged anew; `texts` are what its uploads from the server carry.
    #[must_use]
    pub fn judged_by(mut self, sanitizer: &Sanitizer, texts: &Texts) -> Self {
        let mut judge = Judge::new(sanitizer, texts);
        judge.analyses(&mut self.stages);
        let mut histories: BTreeMap<TargetName, History> = BTreeMap::new();
        for target in &mut self.targets {
            let history = histories.entry(target.target.name.clone()).or_default();
            target.steps = judge.steps(std::mem::take(&mut target.steps), history);
        }
        for target in &mut self.rollback.targets {
            let history = histories.entry(target.name.clone()).or_default();
            target.steps = judge.steps(std::mem::take(&mut target.steps), history);
        }
        self.rehashed()
    }

    /// Whether it is still what its hash was made over, to the byte.
    #[must_use]
    pub fn has_its_hash(&self) -> bool {
        self.plan_hash == self.hash_of_parts()
    }

    /// The files and folders at the server that it uploads.
    pub fn uploaded_paths(&self) -> BTreeSet<&str> {
        let forth = self.targets.iter().flat_map(|target| &target.steps);
        let back = self.rollback.targets.iter().flat_map(|target| &target.steps);
        forth.chain(back).filter_map(uploaded_path).collect()
    }

    fn rehashed(mut self) -> Self {
        self.plan_hash = self.hash_of_parts();
        self
    }

    fn hash_of_parts(&self) -> PlanHash {
        PlanHash::over(
            &self.action,
            &self.stages,
            &self.limits,
            &self.pools,
            &self.targets,
            &self.rollback,
        )
    }
}

fn uploaded_path(step: &Step) -> Option<&str> {
    match &step.work {
        Work::Upload {
            source: UploadSource::Path(path),
            ..
        } => Some(path),
        _ => None,
    }
}
