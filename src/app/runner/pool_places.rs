//! Which load balancers have the pools of one action, by its frozen configuration.

use std::collections::HashMap;

use crate::domain::config::MergedConfig;
use crate::domain::target::{PoolPlace, Topology};

/// The pools of the action's project, by zone and name.
#[derive(Clone, Default)]
pub(super) struct PoolPlaces(HashMap<(String, String), PoolPlace>);

impl PoolPlaces {
    /// Those that the configuration names. It was good when the plan was made.
    pub(super) fn of(config: &MergedConfig) -> Self {
        let pools = Topology::parse(config)
            .map(|topology| topology.pools)
            .unwrap_or_default();
        Self(
            pools
                .iter()
                .map(|pool| ((pool.zone.clone(), pool.name.clone()), pool.place()))
                .collect(),
        )
    }

    /// A pool; one that the configuration does not name has no load balancer.
    pub(super) fn get(&self, zone: &str, name: &str) -> PoolPlace {
        let known = self.0.get(&(zone.to_owned(), name.to_owned()));
        known.cloned().unwrap_or_else(|| PoolPlace {
            zone: zone.to_owned(),
            name: name.to_owned(),
            backend: name.to_owned(),
            balancer: None,
        })
    }
}
