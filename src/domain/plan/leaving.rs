//! Targets that only leave service: the old ones of a blue-green rollout. Their steps are cut down to going out,
//! and their way back to coming in again; what runs on them stays as it is.

use std::collections::HashMap;

use crate::domain::name::TargetName;

use super::{Draft, Stage, Step, Work};

/// The steps of a way that take a target out of service.
#[must_use]
pub fn going_out(steps: &[Step]) -> Vec<Step> {
    some(steps, |work| matches!(work, Work::PoolOut | Work::Drain { .. }))
}

/// The steps of a way that put a target back in service.
#[must_use]
pub fn coming_in(steps: &[Step]) -> Vec<Step> {
    some(steps, |work| matches!(work, Work::PoolIn))
}

/// The steps of a way back, of which those that put in service are `always` ones: whatever else fails, who was taken
/// out is put back, and the load balancer's own checks judge it.
#[must_use]
pub fn putting_back(mut steps: Vec<Step>) -> Vec<Step> {
    for step in &mut steps {
        step.always |= step.work == Work::PoolIn;
    }
    steps
}

fn some(steps: &[Step], wanted: impl Fn(&Work) -> bool) -> Vec<Step> {
    steps
        .iter()
        .filter(|step| wanted(&step.work) && !step.once)
        .cloned()
        .collect()
}

/// Those that only leave service.
pub fn leaving(stages: &[Stage]) -> impl Iterator<Item = &TargetName> {
    let leaving = stages.iter().filter(|stage| stage.only_out);
    leaving.flat_map(|stage| &stage.targets)
}

/// A target that is only to leave service, and whose steps do not take it out: nothing would be done there.
#[must_use]
pub fn cannot_leave<'a>(draft: &Draft, stages: &'a [Stage]) -> Option<&'a TargetName> {
    let steps: HashMap<&TargetName, _> = draft
        .targets
        .iter()
        .map(|target| (&target.name, target))
        .collect();
    leaving(stages).find(|name| {
        let drafted = steps.get(name);
        drafted.is_some_and(|target| going_out(&target.steps).is_empty())
    })
}
