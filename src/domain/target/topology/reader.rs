//! Reads a topology, and collects everything that is wrong with it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::{PoolEntry, Server, Topology};
use crate::domain::config::{ConfigError, MergedConfig, nearest, word_for};
use crate::domain::name::TargetName;
use crate::domain::target::BalancerAt;
use crate::domain::target::pool_place::is_backend;

/// The percentage of a pool that stays in service where nobody says another: what Edge's examples use.
const INPOOL_THRESHOLD: u64 = 70;

/// Reads and collects what is wrong.
pub(super) struct Reader {
    pub(super) topology: Topology,
    pub(super) errors: Vec<ConfigError>,
    inpool_threshold: u64,
    /// The load balancer of each zone, for pools that do not name their own.
    balancers: HashMap<String, BalancerAt>,
    /// Where each server stands in the topology.
    places: HashMap<TargetName, usize>,
    /// Who was found in which pool.
    in_pools: HashSet<(usize, TargetName)>,
}

/// What the entry of a pool may hold. `zabbix_host` is Edge's and read by nobody.
const POOL_KEYS: [&str; 8] = [
    "pool_name",
    "inpool_threshold",
    "servers",
    "is_canary",
    "hostname",
    "zabbix_host",
    "backend",
    "balancer",
];

impl Reader {
    pub(super) fn new(config: &MergedConfig) -> Self {
        Self {
            topology: Topology::default(),
            errors: Vec::new(),
            inpool_threshold: config
                .values
                .get("inpool_threshold")
                .and_then(Value::as_u64)
                .unwrap_or(INPOOL_THRESHOLD),
            balancers: HashMap::new(),
            places: HashMap::new(),
            in_pools: HashSet::new(),
        }
    }

    pub(super) fn wrong(&mut self, key: impl Into<String>, message: impl Into<String>) {
        self.errors.push(ConfigError {
            key: key.into(),
            message: message.into(),
        });
    }

    pub(super) fn read(&mut self, config: &MergedConfig) {
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
            self.wrong(
                key,
                format!("is required as a map of zones: server_info is \"{key}\""),
            );
            return;
        };
        if zones.is_empty() {
            self.wrong(key, "has no zone");
        }
        self.balancers(config, zones);
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

    /// The load balancers of the zones.
    fn balancers(&mut self, config: &MergedConfig, zones: &Map<String, Value>) {
        let Some(Value::Object(given)) = config.values.get("balancer_info") else {
            return;
        };
        for (zone, entry) in given {
            let path = format!("balancer_info.{zone}");
            if !zones.contains_key(zone) {
                self.unknown(&path, "zone", zone, zones.keys().map(String::as_str));
            }
            if let Some(balancer) = self.balancer(&path, entry) {
                self.balancers.insert(zone.clone(), balancer);
            }
        }
    }

    fn balancer(&mut self, path: &str, entry: &Value) -> Option<BalancerAt> {
        match BalancerAt::parse(entry) {
            Ok(balancer) => Some(balancer),
            Err(wrong) => {
                let (part, message) = wrong.split_once(' ').unwrap_or(("", &wrong));
                self.wrong(format!("{path}{part}"), message);
                None
            }
        }
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
                    self.unknown(
                        &format!("{key}[{index}]"),
                        "zone",
                        zone,
                        zones.keys().map(String::as_str),
                    );
                } else if order[..index].contains(zone) {
                    self.wrong(
                        format!("{key}[{index}]"),
                        format!("zone `{zone}` is listed twice"),
                    );
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
        let hint =
            nearest(word, known).map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
        self.wrong(path, format!("there is no {noun} `{word}`{hint}"));
    }

    fn pool(&mut self, path: &str, zone: &str, entry: &Value) {
        let Some(entry) = entry.as_object() else {
            self.wrong(
                path,
                format!("wants a map with `pool_name`, not {}", word_for(entry)),
            );
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
        let backend = match entry.get("backend") {
            None => name,
            Some(Value::String(backend)) => backend,
            Some(other) => {
                self.wrong(
                    format!("{path}.backend"),
                    format!("wants a string, not {}", word_for(other)),
                );
                name
            }
        };
        let balancer = match entry.get("balancer") {
            Some(entry) => self.balancer(&format!("{path}.balancer"), entry),
            None => self.balancers.get(zone).cloned(),
        };
        if balancer.is_some() && !is_backend(backend) {
            self.wrong(
                format!("{path}.backend"),
                format!(
                    "`{backend}` cannot be the name of a backend of HAProxy: letters, digits and -_.: alone"
                ),
            );
        }
        let place = self.topology.pools.len();
        self.topology.pools.push(PoolEntry {
            backend: backend.to_owned(),
            balancer,
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
        for server in self.server_entry(path, zone, entry) {
            self.place(path, server, entry.is_string(), pool);
        }
    }

    /// Puts a server where it belongs. A `bare` one is known by its name alone.
    fn place(&mut self, path: &str, server: Server, bare: bool, pool: Option<usize>) {
        let name = server.name.clone();
        if let Some(place) = pool
            && !self.in_pools.insert((place, name.clone()))
        {
            self.wrong(path, format!("server `{name}` is listed twice in this pool"));
            return;
        }
        let at = match self.places.get(&name).copied() {
            None => {
                self.places.insert(name.clone(), self.topology.servers.len());
                self.topology.servers.push(server);
                self.topology.servers.len() - 1
            }
            Some(at) => {
                let known = &mut self.topology.servers[at];
                let fault = if known.zone != server.zone {
                    Some(format!("server `{name}` stands in zone `{}` already", known.zone))
                } else if pool.is_none() {
                    Some(format!("server `{name}` is listed twice"))
                } else if bare || same_but_pools(known, &server) {
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

    pub(super) fn only(&mut self, path: &str, entry: &Map<String, Value>, known: &[&str]) {
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
