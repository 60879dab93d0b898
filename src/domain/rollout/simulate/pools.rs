//! The pools of a simulation, as its file says.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Deserialize;
use serde_json::Value;

use crate::domain::target::fits;

use super::balancer::{Hold, Moods};
use super::scenario::{MOST_TARGETS, Scenario, SimulationError};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScenarioPool {
    /// A count, or `"70%"`.
    #[serde(default)]
    minimum: Option<Value>,
    /// A pattern such as `"web-*"`, or names and patterns.
    #[serde(default = "everybody")]
    targets: Members,
    /// So many further members that this rollout does not touch.
    #[serde(default)]
    pub others: u32,
    /// When other actions hold some of those.
    #[serde(default)]
    held: Vec<Hold>,
}

#[derive(Debug, Deserialize)]
#[serde(
    untagged,
    expecting = "`targets` of a pool must be a pattern such as \"web-*\", or a list of names and patterns"
)]
enum Members {
    Pattern(String),
    Names(Vec<String>),
}

fn everybody() -> Members {
    Members::Pattern("*".to_owned())
}

impl Scenario {
    pub(super) fn fill_pools(&mut self) -> Result<(), SimulationError> {
        let places: HashMap<String, usize> = self
            .hosts
            .iter()
            .enumerate()
            .map(|(place, host)| (host.name.to_string(), place))
            .collect();
        for (pool, fields) in &self.pools {
            let wanted: &[String] = match &fields.targets {
                Members::Pattern(pattern) => std::slice::from_ref(pattern),
                Members::Names(names) => names,
            };
            let mut members = BTreeSet::new();
            for pattern in wanted {
                let before = members.len();
                if pattern.contains(['*', '?']) {
                    let fitting = self.hosts.iter().enumerate();
                    let fitting = fitting.filter(|(_, host)| fits(pattern, host.name.as_str()));
                    members.extend(fitting.map(|(place, _)| place));
                } else {
                    members.extend(places.get(pattern));
                }
                if members.len() == before {
                    let message = format!("`{pattern}` names no target, or none that is not named before it");
                    return Err(SimulationError::new(&format!("pools.{pool}.targets"), message));
                }
            }
            for place in members {
                self.hosts[place].pools.push(pool.clone());
            }
            if u64::from(fields.others) > MOST_TARGETS {
                let message = format!("{} is absurd: at most {MOST_TARGETS}", fields.others);
                return Err(SimulationError::new(&format!("pools.{pool}.others"), message));
            }
        }
        Ok(())
    }

    /// What the load balancer does about each pool, and when.
    pub(super) fn moods(&self) -> Result<BTreeMap<String, Moods>, SimulationError> {
        let mut moods: BTreeMap<String, Moods> = self
            .pools
            .keys()
            .map(|pool| (pool.clone(), Moods::default()))
            .collect();
        for outage in &self.outages {
            let span = outage.span()?;
            match &outage.pool {
                None => moods.values_mut().for_each(|pool| pool.silent.push(span)),
                Some(name) => {
                    let pool = moods.get_mut(name).ok_or_else(|| {
                        SimulationError::new("outages.pool", format!("there is no pool `{name}`"))
                    })?;
                    pool.silent.push(span);
                }
            }
        }
        for (name, fields) in &self.pools {
            let Some(pool) = moods.get_mut(name) else {
                continue;
            };
            for hold in &fields.held {
                pool.held.push((hold.span(name)?, hold.count));
            }
            for at in pool.holds() {
                let held = pool.held(at);
                if held > fields.others {
                    let message = format!(
                        "{held} are held at {} s, but the pool has {} members besides the targets (`others`)",
                        at.as_millis() / 1000,
                        fields.others
                    );
                    return Err(SimulationError::new(&format!("pools.{name}.held"), message));
                }
            }
        }
        Ok(moods)
    }

    /// How many members a pool must keep in service: a count, or a percentage by the rule of configuration.
    pub fn minimum(&self, pool: &str, members: usize) -> Result<u32, SimulationError> {
        let field = format!("pools.{pool}.minimum");
        let members = members as u64;
        let minimum = match self.pools.get(pool).and_then(|pool| pool.minimum.as_ref()) {
            None => Some(0),
            Some(Value::Number(count)) => count.as_u64(),
            Some(Value::String(text)) => text
                .strip_suffix('%')
                .and_then(|digits| digits.parse::<u64>().ok())
                .filter(|&percent| percent <= 100)
                .map(|percent| members - members * (100 - percent) / 100),
            Some(_) => None,
        };
        match minimum.and_then(|minimum| u32::try_from(minimum).ok()) {
            Some(minimum) if u64::from(minimum) <= members => Ok(minimum),
            Some(minimum) => Err(SimulationError::new(
                &field,
                format!("{minimum} must stay in service, but the pool has {members} members"),
            )),
            None => Err(SimulationError::new(
                &field,
                "must be a count such as 7, or a percentage such as \"70%\"",
            )),
        }
    }
}
