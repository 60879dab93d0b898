//! Who is in service now, asked before each single target is taken out.

use std::collections::{BTreeMap, HashMap};

use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::plan::Plan;
use crate::domain::rollout::{Event, PoolHeld, PoolSeen};
use crate::domain::target::{Pool, Topology};
use crate::store::{FrozenAction, HeldLease, Store};

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
    /// The key of one of its own leases, by which it knows its place among the actions.
    own_lease: Option<String>,
}

impl Asking {
    pub(super) fn new(store: Store, outside: Outside, action: &FrozenAction) -> Self {
        let hosts = &outside.hosts;
        // The frozen configuration was good when the plan was made, and the plan has the members that only the balancer knew.
        let members = action
            .plan
            .pools
            .iter()
            .map(|pool| ((pool.zone.clone(), pool.name.clone()), pool.members.clone()))
            .collect();
        let configured = Topology::parse(&action.config)
            .map(|topology| topology.with_members(&members))
            .map(|topology| topology.targets(&|name| hosts.address_of(name)))
            .unwrap_or_default();
        let machines = configured
            .iter()
            .chain(action.plan.targets.iter().map(|planned| &planned.target))
            .map(|target| (target.name.clone(), hosts.lease_key(target)))
            .collect();
        let own_lease = action
            .plan
            .targets
            .first()
            .map(|planned| hosts.lease_key(&planned.target));
        Self {
            store,
            plan: action.plan.clone(),
            action: action.record.id,
            places: PoolPlaces::of(&action.config),
            machines,
            own_lease,
            outside,
        }
    }

    /// Asks about every pool of the target; members that actions before this one hold do not count as in service.
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
            match self.look_at(pool).await {
                Ok(seen) => pools.push(seen),
                Err(error) => return Event::PoolsUnknown { target, error },
            }
        }
        Event::PoolsSeen { target, pools }
    }

    async fn look_at(&self, pool: &Pool) -> Result<PoolSeen, String> {
        let members = self
            .outside
            .balancer
            .members(&self.places.get(&pool.zone, &pool.name))
            .await
            .map_err(|e| e.to_string())?;
        let mut in_service: Vec<TargetName> = match members {
            Some(members) => members
                .into_iter()
                .filter(|m| m.in_service)
                .map(|m| m.name)
                .collect(),
            None => pool.members.clone(),
        };
        let ahead = self.held_ahead(pool).await?;
        in_service.retain(|name| !ahead.contains_key(name));
        let mut held: BTreeMap<ActionId, u32> = BTreeMap::new();
        for holder in ahead.into_values() {
            *held.entry(holder).or_default() += 1;
        }
        Ok(PoolSeen {
            pool: pool.name.clone(),
            in_service,
            held: held
                .into_iter()
                .map(|(by, members)| PoolHeld { by, members })
                .collect(),
        })
    }

    /// The members of the pool that actions hold which took their leases before this one, and by whom.
    ///
    /// Who came later leaves room for all that those before it may still take out, so these need not leave room for
    /// it: what it has out already the balancer says. Were both to leave room for the other, two actions on two halves
    /// of a pool would wait for each other for ever.
    async fn held_ahead(&self, pool: &Pool) -> Result<HashMap<TargetName, ActionId>, String> {
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
        let own = self.own_lease.iter().map(String::as_str);
        let held = self
            .store
            .leases_held(keys.iter().map(|(key, _)| *key).chain(own))
            .await
            .map_err(|e| e.to_string())?;
        let mine = held
            .iter()
            .find(|lease| lease.holder == self.action)
            .map(HeldLease::order);
        let ahead: HashMap<&str, ActionId> = held
            .iter()
            .filter(|lease| lease.holder != self.action && mine.is_none_or(|mine| lease.order() < mine))
            .map(|lease| (lease.lease_key.as_str(), lease.holder))
            .collect();
        Ok(keys
            .into_iter()
            .filter_map(|(key, name)| Some((name.clone(), *ahead.get(key)?)))
            .collect())
    }
}
