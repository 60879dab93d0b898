//! Canary: stages that grow, first over the members of the named canary pools, with a soak or a gate after
//! each; everybody else comes last, under `Others`.

use std::collections::HashSet;

use super::fleet::Fleet;
use super::keys::Keys;
use super::{Part, StrategyError, staggered};

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if keys.canary_pool.is_empty() || keys.stages_choose_targets() {
        return staggered::lay(fleet, keys);
    }
    let first = fleet.places(|target| {
        target.in_service
            && target.pools.iter().any(|pool| {
                keys.canary_pool
                    .iter()
                    .any(|(zone, name)| name == pool && zone.as_ref().is_none_or(|zone| *zone == target.zone))
            })
    });
    if first.is_empty() {
        let named: Vec<&str> = keys.canary_pool.iter().map(|(_, pool)| pool.as_str()).collect();
        let message = format!("no target in service is in pool {}", named.join(", "));
        return Err(StrategyError::new("canary_pool", message));
    }
    let begin: HashSet<usize> = first.iter().copied().collect();
    let others: Vec<usize> = fleet
        .all()
        .into_iter()
        .filter(|place| !begin.contains(place))
        .collect();
    staggered::grow(fleet, keys, &first, &others)
}
