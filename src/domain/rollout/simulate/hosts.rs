//! The hosts of a simulation's file.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::name::TargetName;

use super::scenario::SimulationError;

#[derive(Debug, Deserialize)]
#[serde(try_from = "Value")]
pub(super) enum Targets {
    Count(u64),
    List(Vec<HostEntry>),
}

#[derive(Debug)]
pub(super) enum HostEntry {
    Name(String),
    Full(Box<HostFields>),
}

/// By hand, so that what is wrong with one of many is said by its place and name.
impl TryFrom<Value> for Targets {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(entries) => {
                let entries = entries.into_iter().enumerate();
                let entries = entries.map(|(place, entry)| match entry {
                    Value::String(name) => Ok(HostEntry::Name(name)),
                    Value::Object(_) => serde_json::from_value(entry)
                        .map(|fields| HostEntry::Full(Box::new(fields)))
                        .map_err(|error| format!("`targets[{place}]`: {error}")),
                    other => Err(format!(
                        "`targets[{place}]` must be a name or an object such as {{\"name\": \"web-1\"}}, not {other}"
                    )),
                });
                entries.collect::<Result<_, _>>().map(Self::List)
            }
            other => other.as_u64().map(Self::Count).ok_or_else(|| {
                format!("`targets` must be a whole number of hosts or a list of them, not {other}")
            }),
        }
    }
}

/// Like a server in a configuration, and what a simulation may say of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostFields {
    name: String,
    #[serde(default)]
    address: Option<String>,
    #[serde(default)]
    port: Option<u16>,
    #[serde(default)]
    user: Option<String>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    #[serde(default)]
    vars: BTreeMap<String, Value>,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default = "yes")]
    in_service: bool,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    group: Option<String>,
    #[serde(default)]
    ring: Option<Value>,
}

fn yes() -> bool {
    true
}

/// One made-up host.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub name: TargetName,
    pub address: String,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub labels: BTreeMap<String, String>,
    pub vars: BTreeMap<String, Value>,
    pub zone: String,
    pub in_service: bool,
    pub version: Option<String>,
    pub group: Option<String>,
    pub ring: Option<String>,
    pub pools: Vec<String>,
}

impl Host {
    pub fn named(name: &str, zone: String, version: Option<String>) -> Result<Self, SimulationError> {
        let name =
            TargetName::parse(name).map_err(|error| SimulationError::new("targets", error.to_string()))?;
        Ok(Self {
            address: name.to_string(),
            name,
            port: None,
            user: None,
            labels: BTreeMap::new(),
            vars: BTreeMap::new(),
            zone,
            in_service: true,
            version,
            group: None,
            ring: None,
            pools: Vec::new(),
        })
    }

    pub fn read(
        fields: &HostFields,
        zone: String,
        version: Option<&String>,
    ) -> Result<Self, SimulationError> {
        let version = fields.version.as_ref().or(version).cloned();
        let host = Self::named(&fields.name, fields.zone.clone().unwrap_or(zone), version)?;
        let ring = match &fields.ring {
            None | Some(Value::Null) => fields.labels.get("ring").cloned(),
            Some(Value::String(ring)) => Some(ring.clone()),
            Some(other) => Some(other.to_string()),
        };
        Ok(Self {
            address: fields.address.clone().unwrap_or(host.address),
            port: fields.port,
            user: fields.user.clone(),
            labels: fields.labels.clone(),
            vars: fields.vars.clone(),
            in_service: fields.in_service,
            group: fields
                .group
                .clone()
                .or_else(|| fields.labels.get("group").cloned()),
            ring,
            ..host
        })
    }
}
