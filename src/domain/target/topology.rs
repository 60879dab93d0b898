//! Where a project lives: zones with servers, or zones with pools, as its configuration says.
//!
//! `server_info` names the key that holds the topology, as in Edge. A server that stands in several pools is
//! one target with several pools.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Pool, Target};
use crate::domain::config::{ConfigError, MergedConfig, nearest, word_for};
use crate::domain::name::TargetName;

/// The percentage of a pool that stays in service where nobody says another: what Edge's examples use.
const INPOOL_THRESHOLD: u64 = 70;

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
    #[must_use]
    pub fn with_members(mut self, asked: &BTreeMap<(String, String), Vec<TargetName>>) -> Self {
        for pool in self.pools.iter_mut().filter(|pool| pool.members_from_balancer) {
            let Some(members) = asked.get(&(pool.zone.clone(), pool.name.clone())) else {
                continue;
            };
            pool.members.clone_from(members);
            for name in members {
                if let Some(known) = self.servers.iter_mut().find(|server| server.name == *name) {
                    known.pools.push(pool.name.clone());
                    continue;
                }
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
        self
    }

    /// The targets in the order of the configuration. `address_of` resolves a name that has no address.
    #[must_use]
    pub fn targets(&self, address_of: &dyn Fn(&TargetName) -> String) -> Vec<Target> {
        self.servers
            .iter()
            .map(|server| Target {
                name: server.name.clone(),
                address: server
                    .address
                    .clone()
                    .unwrap_or_else(|| address_of(&server.name)),
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

/// Reads and collects what is wrong.
struct Reader {
    topology: Topology,
    errors: Vec<ConfigError>,
    inpool_threshold: u64,
}

/// What the entry of a server may hold.
const SERVER_KEYS: [&str; 6] = ["name", "address", "port", "user", "labels", "vars"];

/// What the entry of a pool may hold. `zabbix_host` is Edge's and read by nobody.
const POOL_KEYS: [&str; 6] = [
    "pool_name",
    "inpool_threshold",
    "servers",
    "is_canary",
    "hostname",
    "zabbix_host",
];

impl Reader {
    fn new(config: &MergedConfig) -> Self {
        Self {
            topology: Topology::default(),
            errors: Vec::new(),
            inpool_threshold: config
                .values
                .get("inpool_threshold")
                .and_then(Value::as_u64)
                .unwrap_or(INPOOL_THRESHOLD),
        }
    }

    fn wrong(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.errors.push(ConfigError {
            key: key.into(),
            message: message.into(),
        });
    }

    fn read(&mut self, config: &MergedConfig) {
        let Some(info) = config.values.get("server_info") else {
            self.wrong(
                "server_info",
                "is required: it names the key that holds the servers, \"server_list\" or \"pool_info\"",
            );
            return;
        };
        let key = match info.as_str() {
            Some(key @ ("server_list" | "pool_info")) => key,
            Some(key @ ("nimbus_server_list" | "aws_lb_info")) => {
                self.wrong(
                    "server_info",
                    format!("\"{key}\" is not a topology that plain hosts can have: use \"server_list\" or \"pool_info\""),
                );
                return;
            }
            _ => {
                self.wrong("server_info", "wants \"server_list\" or \"pool_info\"");
                return;
            }
        };
        let Some(zones) = config.values.get(key).and_then(Value::as_object) else {
            self.wrong(key, format!("is required as a map of zones: server_info is \"{key}\""));
            return;
        };
        if zones.is_empty() {
            self.wrong(key, "has no zone");
        }
        for (zone, entries) in zones {
            let path = format!("{key}.{zone}");
            if zone.trim().is_empty() {
                self.wrong(&path, "a zone wants a name");
            }
            match entries.as_array() {
                Some(entries) if entries.is_empty() => self.wrong(&path, "has no entry"),
                Some(entries) if key == "server_list" => {
                    for (index, entry) in entries.iter().enumerate() {
                        self.server(&format!("{path}[{index}]"), zone, entry, None);
                    }
                }
                Some(entries) => {
                    for (index, entry) in entries.iter().enumerate() {
                        self.pool(&format!("{path}[{index}]"), zone, entry);
                    }
                }
                None => self.wrong(&path, format!("wants a list, not {}", word_for(entries))),
            }
        }
        self.references(config, zones);
    }

    /// What refers to zones and pools must refer to those that are there.
    fn references(&mut self, config: &MergedConfig, zones: &Map<String, Value>) {
        for key in ["zones", "zone_serialization_order"] {
            let Some(Value::Array(order)) = config.values.get(key) else {
                continue;
            };
            let order: Vec<&str> = order.iter().filter_map(Value::as_str).collect();
            for (index, zone) in order.iter().enumerate() {
                if !zones.contains_key(*zone) {
                    self.unknown(&format!("{key}[{index}]"), "zone", zone, zones.keys().map(String::as_str));
                } else if order[..index].contains(zone) {
                    self.wrong(format!("{key}[{index}]"), format!("zone `{zone}` is listed twice"));
                }
            }
            for zone in zones.keys().filter(|zone| !order.contains(&zone.as_str())) {
                self.wrong(key, format!("leaves out zone `{zone}`"));
            }
        }
        let Some(Value::Object(canaries)) = config.values.get("canary_pool") else {
            return;
        };
        for (zone, pools) in canaries {
            for (index, pool) in pools.as_array().into_iter().flatten().enumerate() {
                let path = format!("canary_pool.{zone}[{index}]");
                let known: Vec<String> = self
                    .topology
                    .pools
                    .iter()
                    .filter(|known| known.zone == *zone)
                    .map(|known| known.name.clone())
                    .collect();
                match pool.as_str() {
                    Some(pool) if known.iter().any(|known| known == pool) => {}
                    Some(pool) => self.unknown(&path, "pool", pool, known.iter().map(String::as_str)),
                    None => self.wrong(&path, format!("wants a string, not {}", word_for(pool))),
                }
            }
        }
    }

    fn unknown<'a>(&mut self, path: &str, noun: &str, word: &str, known: impl IntoIterator<Item = &'a str>) {
        let hint = nearest(word, known).map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
        self.wrong(path, format!("there is no {noun} `{word}`{hint}"));
    }

    fn pool(&mut self, path: &str, zone: &str, entry: &Value) {
        let Some(entry) = entry.as_object() else {
            self.wrong(path, format!("wants a map with `pool_name`, not {}", word_for(entry)));
            return;
        };
        self.only(path, entry, &POOL_KEYS);
        let name = match entry.get("pool_name").and_then(Value::as_str) {
            Some(name) if !name.is_empty() => name,
            _ => {
                self.wrong(format!("{path}.pool_name"), "is required, a string");
                return;
            }
        };
        if self
            .topology
            .pools
            .iter()
            .any(|pool| pool.zone == zone && pool.name == name)
        {
            self.wrong(path, format!("pool `{name}` is listed twice in zone `{zone}`"));
            return;
        }
        let inpool_threshold = match entry.get("inpool_threshold") {
            None => self.inpool_threshold,
            Some(threshold) => match threshold.as_u64() {
                Some(percent) if percent <= 100 => percent,
                _ => {
                    self.wrong(
                        format!("{path}.inpool_threshold"),
                        "wants a whole number from 0 to 100",
                    );
                    self.inpool_threshold
                }
            },
        };
        let is_canary = entry.get("is_canary").and_then(Value::as_bool);
        if is_canary.is_none() && entry.contains_key("is_canary") {
            self.wrong(format!("{path}.is_canary"), "wants true or false");
        }
        let place = self.topology.pools.len();
        self.topology.pools.push(PoolEntry {
            name: name.to_owned(),
            zone: zone.to_owned(),
            inpool_threshold,
            is_canary,
            members_from_balancer: !entry.contains_key("servers"),
            members: Vec::new(),
        });
        match entry.get("servers") {
            None => {}
            Some(Value::Array(servers)) if !servers.is_empty() => {
                for (index, server) in servers.iter().enumerate() {
                    self.server(&format!("{path}.servers[{index}]"), zone, server, Some(place));
                }
            }
            Some(_) => self.wrong(format!("{path}.servers"), "wants a list of at least one server"),
        }
    }

    fn server(&mut self, path: &str, zone: &str, entry: &Value, pool: Option<usize>) {
        let Some(server) = self.server_entry(path, zone, entry) else {
            return;
        };
        let name = server.name.clone();
        if let Some(place) = pool
            && self.topology.pools[place].members.contains(&name)
        {
            self.wrong(path, format!("server `{name}` is listed twice in this pool"));
            return;
        }
        let known = self
            .topology
            .servers
            .iter()
            .position(|known| known.name == name);
        let at = match known {
            None => {
                self.topology.servers.push(server);
                self.topology.servers.len() - 1
            }
            Some(at) => {
                let known = &mut self.topology.servers[at];
                let fault = if known.zone != zone {
                    Some(format!("server `{name}` stands in zone `{}` already", known.zone))
                } else if pool.is_none() {
                    Some(format!("server `{name}` is listed twice"))
                } else if entry.is_string() || same_but_pools(known, &server) {
                    None
                } else if is_bare(known) {
                    let pools = std::mem::take(&mut known.pools);
                    *known = Server { pools, ..server };
                    None
                } else {
                    Some(format!(
                        "server `{name}` is described differently in another pool: describe it once"
                    ))
                };
                if let Some(fault) = fault {
                    self.wrong(path, fault);
                    return;
                }
                at
            }
        };
        if let Some(place) = pool {
            self.topology.pools[place].members.push(name);
            let pool = self.topology.pools[place].name.clone();
            self.topology.servers[at].pools.push(pool);
        }
    }

    fn server_entry(&mut self, path: &str, zone: &str, entry: &Value) -> Option<Server> {
        let entry = match entry {
            Value::String(name) => &Map::from_iter([("name".to_owned(), Value::String(name.clone()))]),
            Value::Object(entry) => entry,
            other => {
                self.wrong(
                    path,
                    format!("wants the name of a server or a map with `name`, not {}", word_for(other)),
                );
                return None;
            }
        };
        self.only(path, entry, &SERVER_KEYS);
        let name = match entry.get("name").and_then(Value::as_str) {
            Some(name) => match TargetName::parse(name) {
                Ok(name) => name,
                Err(error) => {
                    self.wrong(path, error.to_string());
                    return None;
                }
            },
            None => {
                self.wrong(format!("{path}.name"), "is required, a string");
                return None;
            }
        };
        let address = self.text(path, entry, "address");
        let user = self.text(path, entry, "user");
        for (key, word) in [("address", &address), ("user", &user)] {
            // Both end up in the arguments of connections: never an option, never two words.
            if word
                .as_ref()
                .is_some_and(|word| word.is_empty() || word.starts_with('-') || word.contains(char::is_whitespace))
            {
                self.wrong(format!("{path}.{key}"), "wants one word that does not begin with `-`");
            }
        }
        let port = match entry.get("port") {
            None => None,
            Some(port) => {
                let parsed = port
                    .as_u64()
                    .and_then(|port| u16::try_from(port).ok())
                    .filter(|port| *port > 0);
                if parsed.is_none() {
                    self.wrong(format!("{path}.port"), "wants a port from 1 to 65535");
                }
                parsed
            }
        };
        Some(Server {
            name,
            zone: zone.to_owned(),
            address,
            port,
            user,
            labels: self.labels(path, entry),
            vars: match entry.get("vars") {
                None => BTreeMap::new(),
                Some(Value::Object(vars)) => vars.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
                Some(other) => {
                    self.wrong(format!("{path}.vars"), format!("wants a map, not {}", word_for(other)));
                    BTreeMap::new()
                }
            },
            pools: Vec::new(),
        })
    }

    fn labels(&mut self, path: &str, entry: &Map<String, Value>) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        match entry.get("labels") {
            None => {}
            Some(Value::Object(given)) => {
                for (label, value) in given {
                    match value.as_str() {
                        Some(value) => {
                            labels.insert(label.clone(), value.to_owned());
                        }
                        None => self.wrong(
                            format!("{path}.labels.{label}"),
                            format!("wants a string, not {}", word_for(value)),
                        ),
                    }
                }
            }
            Some(other) => self.wrong(
                format!("{path}.labels"),
                format!("wants a map of strings, not {}", word_for(other)),
            ),
        }
        labels
    }

    fn text(&mut self, path: &str, entry: &Map<String, Value>, key: &str) -> Option<String> {
        let value = entry.get(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.wrong(
                format!("{path}.{key}"),
                format!("wants a string, not {}", word_for(value)),
            );
        }
        text.map(str::to_owned)
    }

    fn only(&mut self, path: &str, entry: &Map<String, Value>, known: &[&str]) {
        for key in entry.keys().filter(|key| !known.contains(&key.as_str())) {
            let hint = nearest(key, known.iter().copied())
                .map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
            self.wrong(format!("{path}.{key}"), format!("is not known here{hint}"));
        }
    }
}

fn same_but_pools(known: &Server, other: &Server) -> bool {
    let without = |server: &Server| Server {
        pools: Vec::new(),
        ..server.clone()
    };
    without(known) == without(other)
}

/// Nothing but its name is known of it.
fn is_bare(server: &Server) -> bool {
    server.address.is_none()
        && server.port.is_none()
        && server.user.is_none()
        && server.labels.is_empty()
        && server.vars.is_empty()
}
