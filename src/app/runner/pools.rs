//! Who is in service now, asked before each single target is taken out.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::plan::Plan;
use crate::domain::rollout::{Event, PoolSeen};
use crate::domain::target::Pool;
use crate::store::Store;

use super::outside::Outside;

/// One question about the pools of one target.
pub(super) struct Asking {
    pub(super) store: Store,
    pub(super) outside: Outside,
    pub(super) plan: Arc<Plan>,
    pub(super) action: ActionId,
}

impl Asking {
    /// Asks about every pool of the target; members that other actions hold do not count as in service.
    pub(super) async fn ask(&self, target: TargetName) -> Event {
        let planned = self.plan.targets.iter().find(|planned| planned.target.name == target);
        let mut pools = Vec::new();
        let (zone, names) = planned.map_or(("", &[][..]), |planned| (&planned.target.zone, &planned.target.pools));
        for name in names {
            let Some(pool) = self.plan.pools.iter().find(|pool| pool.name == *name && pool.zone == zone) else {
                continue;
            };
            match self.in_service(pool).await {
                Ok(in_service) => pools.push(PoolSeen { pool: name.clone(), in_service }),
                Err(error) => return Event::PoolsUnknown { target, error },
            }
        }
        Event::PoolsSeen { target, pools }
    }

    async fn in_service(&self, pool: &Pool) -> Result<Vec<TargetName>, String> {
        let members = self.outside.balancer.members(&pool.zone, &pool.name).await.map_err(|e| e.to_string())?;
        let in_service: Vec<TargetName> = match members {
            Some(members) => members.into_iter().filter(|m| m.in_service).map(|m| m.name).collect(),
            None => pool.members.clone(),
        };
        let held = self.held_by_others(pool).await?;
        Ok(in_service.into_iter().filter(|name| !held.contains(name)).collect())
    }

    /// The members of the pool that other actions hold. A member outside the plan is known by its name alone:
    /// its lease may be under another project's name for the same host, which the balancer then tells.
    async fn held_by_others(&self, pool: &Pool) -> Result<BTreeSet<TargetName>, String> {
        let keys: Vec<(String, TargetName)> = pool
            .members
            .iter()
            .map(|name| {
                let planned = self.plan.targets.iter().find(|planned| planned.target.name == *name);
                let key = planned.map_or_else(
                    || self.outside.hosts.lease_key_of(name),
                    |planned| self.outside.hosts.lease_key(&planned.target),
                );
                (key, name.clone())
            })
            .collect();
        let held = self.store.leases_held(keys.iter().map(|(key, _)| key.as_str())).await.map_err(|e| e.to_string())?;
        Ok(keys
            .into_iter()
            .filter(|(key, _)| held.iter().any(|lease| lease.lease_key == *key && lease.holder != self.action))
            .map(|(_, name)| name)
            .collect())
    }
}
