//! Who is in service now, asked before each single target is taken out.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Event, PoolCount, PoolHeld};
use crate::domain::target::{Pool, PoolPlace, Topology};
use crate::store::{FrozenAction, HeldLease, Store};

use super::outside::Outside;
use super::pool_places::PoolPlaces;

/// Asks about the pools of one action's targets.
pub(super) struct Asking {
    store: Store,
    outside: Outside,
    action: ActionId,
    pools: Vec<Watched>,
    /// The pools of each target, by their places above.
    of_target: HashMap<TargetName, Vec<usize>>,
    /// The key of one of its own leases, by which it knows its place among the actions.
    own_lease: Option<String>,
}

/// A pool with all that does not change while the action runs.
struct Watched {
    place: PoolPlace,
    /// The members by the plan, each with the key of its machine's lease, also those that the action does not touch.
    members: Vec<(String, TargetName)>,
    /// The action's targets among them.
    targets: Vec<TargetName>,
}

impl Asking {
    pub(super) fn new(store: Store, outside: Outside, action: &FrozenAction) -> Self {
        let hosts = &outside.hosts;
        let plan = &action.plan;
        let machines = machines(&outside, action);
        let places = PoolPlaces::of(&action.config);
        let mut pools: Vec<Watched> = Vec::with_capacity(plan.pools.len());
        let mut numbers: HashMap<(&str, &str), usize> = HashMap::new();
        for pool in &plan.pools {
            numbers
                .entry((pool.zone.as_str(), pool.name.as_str()))
                .or_insert(pools.len());
            pools.push(Watched {
                place: places.get(&pool.zone, &pool.name),
                members: keyed(pool, &machines),
                targets: Vec::new(),
            });
        }
        let mut of_target = HashMap::with_capacity(plan.targets.len());
        for planned in &plan.targets {
            let target = &planned.target;
            let mine = target.pools.iter();
            let mine: Vec<usize> = mine
                .filter_map(|name| numbers.get(&(target.zone.as_str(), name.as_str())).copied())
                .collect();
            for &number in &mine {
                pools[number].targets.push(target.name.clone());
            }
            of_target.insert(target.name.clone(), mine);
        }
        let own_lease = plan
            .targets
            .first()
            .map(|planned| hosts.lease_key(&planned.target));
        Self {
            store,
            action: action.record.id,
            pools,
            of_target,
            own_lease,
            outside,
        }
    }

    /// Asks about every pool of the target; members that actions before this one hold do not count as in service.
    pub(super) async fn ask(&self, target: TargetName) -> Event {
        let mut pools = Vec::new();
        for &number in self.of_target.get(&target).into_iter().flatten() {
            match self.look_at(&self.pools[number], &target).await {
                Ok(count) => pools.push(count),
                Err(error) => return Event::PoolsUnknown { target, error },
            }
        }
        Event::PoolsCounted { target, pools }
    }

    async fn look_at(&self, pool: &Watched, target: &TargetName) -> Result<PoolCount, String> {
        let said = self
            .outside
            .balancer
            .members(&pool.place)
            .await
            .map_err(|e| e.to_string())?;
        let ahead = self.held_ahead(pool).await?;
        let serves: HashSet<&TargetName> = match &said {
            Some(members) => members
                .iter()
                .filter(|member| member.in_service)
                .map(|member| &member.name)
                .collect(),
            None => pool.members.iter().map(|(_, name)| name).collect(),
        };
        let mut held: BTreeMap<ActionId, u32> = BTreeMap::new();
        for holder in ahead.values() {
            *held.entry(*holder).or_default() += 1;
        }
        let free = serves.iter().filter(|name| !ahead.contains_key(**name)).count();
        let out = pool.targets.iter().filter(|name| !serves.contains(name));
        Ok(PoolCount {
            pool: pool.place.name.clone(),
            in_service: u32::try_from(free).unwrap_or(u32::MAX),
            itself: serves.contains(target),
            away: 0,
            out_of_service: out.cloned().collect(),
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
    async fn held_ahead<'a>(&self, pool: &'a Watched) -> Result<HashMap<&'a TargetName, ActionId>, String> {
        let keys = pool.members.iter().map(|(key, _)| key.as_str());
        let own = self.own_lease.iter().map(String::as_str);
        let held = self
            .store
            .leases_held(keys.chain(own))
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
        Ok(pool
            .members
            .iter()
            .filter_map(|(key, name)| Some((name, *ahead.get(key.as_str())?)))
            .collect())
    }
}

/// The machine behind each server of the project, also of those that the action does not touch.
fn machines(outside: &Outside, action: &FrozenAction) -> HashMap<TargetName, String> {
    let hosts = &outside.hosts;
    // The frozen configuration was good when the plan was made, and the plan has the members that only the balancer knew.
    let members = action
        .plan
        .pools
        .iter()
        .map(|pool| ((pool.zone.clone(), pool.name.clone()), pool.members.clone()))
        .collect();
    let configured = Topology::parse(&action.config)
        .and_then(|topology| topology.with_members(&members))
        .map(|topology| topology.targets(&|name| hosts.address_of(name)))
        .unwrap_or_default();
    configured
        .iter()
        .chain(action.plan.targets.iter().map(|planned| &planned.target))
        .map(|target| (target.name.clone(), hosts.lease_key(target)))
        .collect()
}

fn keyed(pool: &Pool, machines: &HashMap<TargetName, String>) -> Vec<(String, TargetName)> {
    let key = |name: &TargetName| machines.get(name).map_or_else(|| name.to_string(), Clone::clone);
    pool.members
        .iter()
        .map(|name| (key(name), name.clone()))
        .collect()
}
