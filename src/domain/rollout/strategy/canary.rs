//! Canary: stages that grow, first over the members of the named canary pools, with a soak or a gate after
//! each; everybody else comes last, under `Others`. A zone of its own that has no canary begins as `staggered` does:
//! with a single target.

use std::collections::HashSet;

use super::fleet::Fleet;
use super::keys::Keys;
use super::{Part, StrategyError, TargetFacts, staggered, suggestion};

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if keys.canary_pool.is_empty() || keys.stages_choose_targets() {
        return staggered::lay(fleet, keys);
    }
    check(fleet, keys)?;
    let first = fleet.places(|target| is_canary(target, keys));
    if first.is_empty() {
        return staggered::lay(fleet, keys);
    }
    let begin: HashSet<usize> = first.iter().copied().collect();
    let others: Vec<usize> = fleet
        .all()
        .into_iter()
        .filter(|place| !begin.contains(place))
        .collect();
    staggered::grow(fleet, keys, &first, &others)
}

fn is_canary(target: &TargetFacts, keys: &Keys) -> bool {
    target.in_service
        && keys
            .canary_pool
            .iter()
            .any(|(zone, pool)| has(target, zone.as_ref(), pool))
}

fn has(target: &TargetFacts, zone: Option<&String>, pool: &String) -> bool {
    target.pools.contains(pool) && zone.is_none_or(|zone| *zone == target.zone)
}

/// Every pool that is named must be one, and somebody of the whole rollout must be a canary.
fn check(fleet: &Fleet<'_>, keys: &Keys) -> Result<(), StrategyError> {
    let wrong = |message| Err(StrategyError::new("canary_pool", message));
    for (zone, name) in &keys.canary_pool {
        let is_there = fleet
            .whole()
            .iter()
            .any(|target| has(target, zone.as_ref(), name))
            || fleet
                .pools()
                .iter()
                .any(|pool| pool.name == *name && zone.as_ref().is_none_or(|zone| *zone == pool.zone));
        if !is_there {
            let pools = fleet.whole().iter().flat_map(|target| &target.pools);
            let near = suggestion(name, pools.map(String::as_str));
            let place = zone
                .as_ref()
                .map_or(String::new(), |zone| format!(" of zone {zone}"));
            return wrong(format!("no target{place} is in a pool `{name}`{near}"));
        }
    }
    if fleet.whole().iter().any(|target| is_canary(target, keys)) {
        return Ok(());
    }
    let named: Vec<&str> = keys.canary_pool.iter().map(|(_, pool)| pool.as_str()).collect();
    wrong(format!("no target in service is in pool {}", named.join(", ")))
}
