//! Who is in service now, asked before each single target is taken out.

use std::collections::{BTreeSet, HashMap};

use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::plan::Plan;
use crate::domain::rollout::{Event, PoolSeen};
use crate::domain::target::{Pool, Topology};
use crate::store::{FrozenAction, Store};

use super::outside::Outside;
use super::pool_places::PoolPlaces;

/// Asks about the pools of one action's targets.
pub(super) struct Asking {
    store: Store,
    outside: Outside,
    plan: Plan,
    action: ActionId,
    places: PoolPlaces,
    /// The machine behind each server of the project, also of those that the action does not touch.
    machines: HashMap<TargetName, String>,
}

impl Asking {
    pub(super) fn new(store: Store, outside: Outside, action: &FrozenAction) -> Self {
        let hosts = &outside.hosts;
        // The frozen configuration was good when the plan was made; members that only the balancer knows are
        // known by their names.
        let configured = Topology::parse(&action.config)
            .map(|topology| topology.targets(&|name| hosts.address_of(name)))
            .unwrap_or_default();
        let machines = configured
            .iter()
            .chain(action.plan.targets.iter().map(|planned| &planned.target))
            .map(|target| (target.name.clone(), hosts.lease_key(target)))
            .collect();
        Self {
            store,
            outside,
            plan: action.plan.clone(),
            action: action.record.id,
            places: PoolPlaces::of(&action.config),
            machines,
        }
    }

    /// Asks about every pool of the target; members that other actions hold do not count as in service.
    pub(super) async fn ask(&self, target: TargetName) -> Event {
        let planned = self
            .plan
            .targets
            .iter()
            .find(|planned| planned.target.name == target);
        let mut pools = Vec::new();
        let (zone, names) = planned.map_or(("", &[][..]), |planned| {
            (&planned.target.zone, &planned.target.pools)
        });
        for name in names {
            let Some(pool) = self
                .plan
                .pools
                .iter()
                .find(|pool| pool.name == *name && pool.zone == zone)
            else {
                continue;
            };
            match self.in_service(pool).await {
                Ok(in_service) => pools.push(PoolSeen {
                    pool: name.clone(),
                    in_service,
                }),
                Err(error) => return Event::PoolsUnknown { target, error },
            }
        }
        Event::PoolsSeen { target, pools }
    }

    async fn in_service(&self, pool: &Pool) -> Result<Vec<TargetName>, String> {
        let members = self
            .outside
            .balancer
            .members(&self.places.get(&pool.zone, &pool.name))
            .await
            .map_err(|e| e.to_string())?;
        let in_service: Vec<TargetName> = match members {
            Some(members) => members
                .into_iter()
                .filter(|m| m.in_service)
                .map(|m| m.name)
                .collect(),
            None => pool.members.clone(),
        };
        let held = self.held_by_others(pool).await?;
        Ok(in_service
            .into_iter()
            .filter(|name| !held.contains(name))
            .collect())
    }

    /// The members of the pool that other actions hold.
    async fn held_by_others(&self, pool: &Pool) -> Result<BTreeSet<TargetName>, String> {
        let keys: Vec<(&str, &TargetName)> = pool
            .members
            .iter()
            .map(|name| {
                (
                    self.machines.get(name).map_or(name.as_str(), String::as_str),
                    name,
                )
            })
            .collect();
        let held = self
            .store
            .leases_held(keys.iter().map(|(key, _)| *key))
            .await
            .map_err(|e| e.to_string())?;
        let by_others = |key: &str| held.iter().any(|h| h.lease_key == key && h.holder != self.action);
        Ok(keys
            .into_iter()
            .filter(|(key, _)| by_others(key))
            .map(|(_, name)| name.clone())
            .collect())
    }
}
