//! The targets that a strategy cuts into stages, in the order in which they are taken.

use crate::domain::target::Pool;

use super::TargetFacts;

/// The targets of a rollout, or of one of its zones: those in service first, else as configured.
pub(super) struct Fleet<'a> {
    targets: Vec<&'a TargetFacts>,
    in_service: usize,
    pools: &'a [Pool],
}

impl<'a> Fleet<'a> {
    pub fn new(targets: &[&'a TargetFacts], pools: &'a [Pool]) -> Self {
        let (mut first, last): (Vec<_>, Vec<_>) =
            targets.iter().copied().partition(|target| target.in_service);
        let in_service = first.len();
        first.extend(last);
        Self {
            targets: first,
            in_service,
            pools,
        }
    }

    pub fn target(&self, place: usize) -> &'a TargetFacts {
        self.targets[place]
    }

    pub fn all(&self) -> Vec<usize> {
        (0..self.targets.len()).collect()
    }

    pub fn in_service(&self) -> Vec<usize> {
        (0..self.in_service).collect()
    }

    pub fn out_of_service(&self) -> Vec<usize> {
        (self.in_service..self.targets.len()).collect()
    }

    /// The places of the targets that `wanted` says yes to.
    pub fn places(&self, wanted: impl Fn(&TargetFacts) -> bool) -> Vec<usize> {
        (0..self.targets.len())
            .filter(|&place| wanted(self.targets[place]))
            .collect()
    }

    /// Every zone a target or a pool is in.
    pub fn zones(&self) -> impl Iterator<Item = &'a str> {
        let pools = self.pools.iter().map(|pool| pool.zone.as_str());
        self.targets
            .iter()
            .map(|target| target.zone.as_str())
            .chain(pools)
    }
}
