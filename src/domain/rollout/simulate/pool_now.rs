//! A pool of a simulation at this moment.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::domain::timestamp::Timestamp;

use super::balancer::Moods;
use super::scenario::Scenario;

pub(super) struct PoolNow {
    pub name: String,
    pub minimum: u32,
    /// All of them, in service or not.
    pub members: u32,
    /// Those that are, if nobody else holds any.
    pub in_service: u32,
    pub lowest: u32,
    pub moods: Moods,
    /// The moments to come at which others take some, the last first.
    takes: Vec<Timestamp>,
    /// Members that were out of service from the start.
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
            members: others,
            in_service: others,
            lowest: others,
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
        let found = u32::try_from(self.found_out.len()).unwrap_or(u32::MAX);
        (self.members - self.in_service).saturating_sub(found)
    }

    /// How many are, as far as one knows who cannot ask.
    pub fn listed(&self, now: Timestamp) -> u32 {
        self.members.saturating_sub(self.moods.held(now))
    }

    /// Sees what others took up to this moment.
    pub fn pass(&mut self, now: Timestamp) {
        while let Some(at) = self.takes.pop_if(|at| *at <= now) {
            self.lowest = self.lowest.min(self.serving(at));
        }
    }
}
