//! A pool of a simulation at this moment.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::domain::timestamp::Timestamp;

use super::balancer::Moods;
use super::scenario::Scenario;

/// How load balancers answer who is in service.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "a file has no word for all; the properties try them")
)]
pub(super) enum Answers {
    /// In counts alone, with a few names of those that were out from the start: cheap in a large fleet.
    #[default]
    Counted,
    /// With the names of all that are out, as a real one does.
    Named,
    /// Not at all: every member that is listed counts.
    Listed,
}

pub(super) struct PoolNow {
    pub name: String,
    pub minimum: u32,
    /// How many members are in service, if nobody else holds any.
    pub in_service: u32,
    pub lowest: u32,
    pub moods: Moods,
    /// The moments to come at which others take some, the last first.
    takes: Vec<Timestamp>,
    /// Members that are out of service.
    pub out: BTreeSet<usize>,
    /// Those of them that were from the start.
    pub found_out: BTreeSet<usize>,
}

impl PoolNow {
    pub fn new(scenario: &Scenario, name: &str, minimum: u32) -> Self {
        let moods = scenario.moods.get(name).cloned().unwrap_or_default();
        let others = scenario.pools.get(name).map_or(0, |pool| pool.others);
        let mut takes: Vec<Timestamp> = moods.holds().collect();
        takes.sort_unstable_by_key(|at| Reverse(*at));
        Self {
            name: name.to_owned(),
            minimum,
            in_service: others,
            lowest: others,
            out: BTreeSet::new(),
            found_out: BTreeSet::new(),
            moods,
            takes,
        }
    }

    /// How many are in service.
    pub fn serving(&self, now: Timestamp) -> u32 {
        self.in_service.saturating_sub(self.moods.held(now))
    }

    /// How many the rollout has out.
    pub fn taken_out(&self) -> u32 {
        (self.out.len() - self.found_out.len()) as u32
    }

    /// How many are, as far as one knows who cannot ask.
    pub fn listed(&self, now: Timestamp) -> u32 {
        (self.in_service + self.out.len() as u32).saturating_sub(self.moods.held(now))
    }

    /// Sees what others took up to this moment.
    pub fn pass(&mut self, now: Timestamp) {
        while let Some(at) = self.takes.pop_if(|at| *at <= now) {
            self.lowest = self.lowest.min(self.serving(at));
        }
    }
}
