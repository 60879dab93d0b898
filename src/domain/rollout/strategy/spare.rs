//! What the pools can spare, by the numbers of the plan.

use std::collections::HashMap;

use crate::domain::name::TargetName;
use crate::domain::target::Pool;

use super::{StrategyError, TargetFacts};

/// Refuses a plan with a target in service whose pool must keep every member: it could never start.
pub(super) fn check(targets: &[TargetFacts], pools: &[Pool]) -> Result<(), StrategyError> {
    let in_service: HashMap<&TargetName, &TargetFacts> = targets
        .iter()
        .filter(|target| target.in_service)
        .map(|target| (&target.name, target))
        .collect();
    for pool in pools {
        let members = pool.members.len() as u32;
        if pool.minimum < members {
            continue;
        }
        let mut stuck = pool.members.iter().filter_map(|member| in_service.get(member));
        if let Some(target) = stuck.find(|target| target.pools.contains(&pool.name)) {
            return Err(StrategyError::new(
                "inpool_threshold",
                never(pool, members, target),
            ));
        }
    }
    Ok(())
}

fn never(pool: &Pool, members: u32, target: &TargetFacts) -> String {
    // floor(members * (100 - threshold) / 100) >= 1, solved for the threshold.
    let at_most = 100 - 100_u32.div_ceil(members.max(1));
    format!(
        "pool `{}` in zone `{}` has {members} members and must keep {} of them in service: {members} - {} = {} \
         may be out at once, so `{}` could never be taken out. With a threshold of at most {at_most} % one may",
        pool.name,
        pool.zone,
        pool.minimum,
        pool.minimum,
        members.saturating_sub(pool.minimum),
        target.name,
    )
}

/// How many targets the pools can spare at once; at least 1.
pub(super) fn at_once(targets: &[TargetFacts], pools: &[Pool]) -> u32 {
    let spare: u64 = pools
        .iter()
        .map(|pool| (pool.members.len() as u64).saturating_sub(u64::from(pool.minimum)))
        .sum();
    let free = targets
        .iter()
        .filter(|target| target.pools.is_empty() || !target.in_service)
        .count() as u64;
    u32::try_from(spare + free).unwrap_or(u32::MAX).max(1)
}
