//! Where a project lives: zones with servers, or zones with pools, as its configuration says.
//!
//! `server_info` names the key that holds the topology, as in Edge. A server that stands in several pools is
//! one target with several pools.

mod reader;
mod server_entry;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{BalancerAt, Pool, PoolPlace, Target};
use crate::domain::config::{ConfigError, MergedConfig, nearest};
use crate::domain::name::TargetName;

use reader::Reader;

/// Where a project lives.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Topology {
    /// Its servers in the order of the configuration, each once.
    pub servers: Vec<Server>,
    /// Its pools in the order of the configuration.
    pub pools: Vec<PoolEntry>,
}

/// A server as configured.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Its name.
    pub name: TargetName,
    /// Its zone.
    pub zone: String,
    /// Where it answers, where configuration says it.
    pub address: Option<String>,
    /// The port of its SSH server, where configuration says it.
    pub port: Option<u16>,
    /// The login, where configuration says it.
    pub user: Option<String>,
    /// Labels to choose by.
    pub labels: BTreeMap<String, String>,
    /// Values of its own, for the script.
    pub vars: BTreeMap<String, Value>,
    /// The pools it is listed in.
    pub pools: Vec<String>,
}

/// A pool as configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolEntry {
    /// Its name at the load balancer.
    pub name: String,
    /// The zone it serves.
    pub zone: String,
    /// The percentage of its members that stays in service.
    pub inpool_threshold: u64,
    /// Its members are canaries; none where nobody says.
    pub is_canary: Option<bool>,
    /// Its members are not listed here: the load balancer knows them.
    pub members_from_balancer: bool,
    /// Its members as listed.
    pub members: Vec<TargetName>,
    /// What it is called at the load balancer.
    pub backend: String,
    /// The load balancer; none where nobody names one.
    pub balancer: Option<BalancerAt>,
}

impl PoolEntry {
    /// How its load balancer is asked about it.
    #[must_use]
    pub fn place(&self) -> PoolPlace {
        PoolPlace {
            zone: self.zone.clone(),
            name: self.name.clone(),
            backend: self.backend.clone(),
            balancer: self.balancer.clone(),
        }
    }
}

/// A name that is no target of the project.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` is not a server of this project{}", .suggestion.as_ref().map_or_else(String::new, |known| format!(". Did you mean `{known}`?")))]
pub struct UnknownName {
    /// What was asked for.
    pub name: String,
    /// What was probably meant.
    pub suggestion: Option<String>,
}

impl Topology {
    /// Reads the topology of a checked configuration.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with the path of its key (`server_list.east[1].port`).
    pub fn parse(config: &MergedConfig) -> Result<Self, Vec<ConfigError>> {
        let mut reader = Reader::new(config);
        reader.read(config);
        if reader.errors.is_empty() {
            Ok(reader.topology)
        } else {
            Err(reader.errors)
        }
    }

    /// The same with the members (by zone and pool) that the load balancer knows: those of a pool that lists
    /// none become servers of its zone.
    ///
    /// # Errors
    /// The members that stand in another zone already: their pool there could not be asked about them.
    pub fn with_members(
        mut self,
        asked: &BTreeMap<(String, String), Vec<TargetName>>,
    ) -> Result<Self, Vec<ConfigError>> {
        let mut errors = Vec::new();
        let known = self.servers.iter().enumerate();
        let mut places: HashMap<TargetName, usize> = known
            .map(|(place, server)| (server.name.clone(), place))
            .collect();
        for pool in self.pools.iter_mut().filter(|pool| pool.members_from_balancer) {
            let Some(members) = asked.get(&(pool.zone.clone(), pool.name.clone())) else {
                continue;
            };
            pool.members.clone_from(members);
            for name in members {
                if let Some(known) = places.get(name).map(|&place| &mut self.servers[place]) {
                    if known.zone == pool.zone {
                        known.pools.push(pool.name.clone());
                    } else {
                        errors.push(ConfigError {
                            key: "server_info".to_owned(),
                            message: format!(
                                "the load balancer has server `{name}` in pool `{}` of zone `{}`, but it stands in zone \
                                 `{}` already: give it another name in one of them",
                                pool.name, pool.zone, known.zone
                            ),
                        });
                    }
                    continue;
                }
                places.insert(name.clone(), self.servers.len());
                self.servers.push(Server {
                    name: name.clone(),
                    zone: pool.zone.clone(),
                    address: None,
                    port: None,
                    user: None,
                    labels: BTreeMap::new(),
                    vars: BTreeMap::new(),
                    pools: vec![pool.name.clone()],
                });
            }
        }
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// The targets in the order of the configuration. `address_of` resolves a name that has no address.
    #[must_use]
    pub fn targets(&self, address_of: &dyn Fn(&TargetName) -> String) -> Vec<Target> {
        self.servers
            .iter()
            .map(|server| Target {
                name: server.name.clone(),
                address: server.address.clone().unwrap_or_else(|| address_of(&server.name)),
                port: server.port,
                user: server.user.clone(),
                zone: server.zone.clone(),
                pools: server.pools.clone(),
                labels: server.labels.clone(),
                vars: server.vars.clone(),
            })
            .collect()
    }

    /// The pools with what must stay in service. `members_of` tells the members (zone, pool) that the load
    /// balancer knows; none where it cannot be asked, so that those listed here count.
    ///
    /// By Edge's rule, `floor(N * (100 - inpool_threshold) / 100)` of `N` members may be out of service at
    /// once, and the others stay. Of a pool of one at 70 nothing may be taken out: it needs a threshold of 0.
    #[must_use]
    pub fn pools(&self, members_of: &dyn Fn(&str, &str) -> Option<Vec<TargetName>>) -> Vec<Pool> {
        self.pools
            .iter()
            .map(|pool| {
                let members = members_of(&pool.zone, &pool.name).unwrap_or_else(|| pool.members.clone());
                Pool {
                    name: pool.name.clone(),
                    zone: pool.zone.clone(),
                    minimum: minimum_in_service(members.len(), pool.inpool_threshold),
                    members,
                }
            })
            .collect()
    }

    /// The targets of these names, in the order of the configuration, each once.
    ///
    /// # Errors
    /// The names that are no target, each with a suggestion.
    pub fn select<'a>(
        &self,
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<Vec<TargetName>, Vec<UnknownName>> {
        let mut wanted = Vec::new();
        let mut unknown = Vec::new();
        for name in names {
            if self.servers.iter().any(|server| server.name.as_str() == name) {
                wanted.push(name);
            } else {
                let known = self.servers.iter().map(|server| server.name.as_str());
                unknown.push(UnknownName {
                    name: name.to_owned(),
                    suggestion: nearest(name, known).map(str::to_owned),
                });
            }
        }
        if unknown.is_empty() {
            let all = self.all();
            Ok(all
                .into_iter()
                .filter(|name| wanted.contains(&name.as_str()))
                .collect())
        } else {
            Err(unknown)
        }
    }

    /// All targets, in the order of the configuration.
    #[must_use]
    pub fn all(&self) -> Vec<TargetName> {
        self.servers.iter().map(|server| server.name.clone()).collect()
    }
}

/// How many of `members` must stay in service at this threshold.
fn minimum_in_service(members: usize, inpool_threshold: u64) -> u32 {
    let spare = members as u64 * (100 - inpool_threshold.min(100)) / 100;
    u32::try_from(members as u64 - spare).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
