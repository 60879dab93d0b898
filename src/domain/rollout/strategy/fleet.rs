//! The targets that a strategy cuts into stages, in the order in which they are taken.

use crate::domain::target::Pool;

use super::order::Order;
use super::{Places, TargetFacts};

/// The targets of a rollout, or of one of its zones, in their order: see [`Order`].
pub(super) struct Fleet<'a> {
    targets: Vec<&'a TargetFacts>,
    order: Order,
    /// So many come before those of the other kind.
    first: usize,
    whole: &'a [TargetFacts],
    pools: &'a [Pool],
    elsewhere: &'a Places,
}

impl<'a> Fleet<'a> {
    /// These targets of the `whole` rollout, which may be about a part of a project only: `elsewhere` is all of that.
    pub fn new(
        targets: &[&'a TargetFacts],
        whole: &'a [TargetFacts],
        pools: &'a [Pool],
        elsewhere: &'a Places,
        order: Order,
    ) -> Self {
        let (mut sorted, last): (Vec<_>, Vec<_>) = targets
            .iter()
            .copied()
            .partition(|target| !order.rank(target.in_service));
        let first = sorted.len();
        sorted.extend(last);
        Self {
            targets: sorted,
            order,
            first,
            whole,
            pools,
            elsewhere,
        }
    }

    pub fn target(&self, place: usize) -> &'a TargetFacts {
        self.targets[place]
    }

    pub fn all(&self) -> Vec<usize> {
        (0..self.targets.len()).collect()
    }

    pub fn in_service(&self) -> Vec<usize> {
        match self.order {
            Order::OutLast => (0..self.first).collect(),
            Order::OutFirst => (self.first..self.targets.len()).collect(),
        }
    }

    pub fn out_of_service(&self) -> Vec<usize> {
        match self.order {
            Order::OutLast => (self.first..self.targets.len()).collect(),
            Order::OutFirst => (0..self.first).collect(),
        }
    }

    pub fn order(&self) -> Order {
        self.order
    }

    /// The targets of the whole rollout, those of other zones too.
    pub fn whole(&self) -> &'a [TargetFacts] {
        self.whole
    }

    pub fn pools(&self) -> &'a [Pool] {
        self.pools
    }

    /// What the project has, also where this rollout does not come.
    pub fn elsewhere(&self) -> &'a Places {
        self.elsewhere
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
