//! What is acted on: a plain Linux host, reached over SSH.

mod choice;
mod installed;
mod place;
mod pool_place;
mod range;
mod selection;
mod topology;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::name::TargetName;

pub use choice::{ChoiceError, choose, terms};
pub use installed::{Installed, Put, goes_back};
pub use place::Place;
pub use pool_place::{BalancerAt, PoolPlace};
pub use range::{MOST_NAMES, RangeError, expand};
pub use selection::{Selection, SelectionError, fits};
pub use topology::{PoolEntry, Server, Topology, UnknownName};

/// A server as a plan knows it: frozen with the action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Its name, unique within the project.
    pub name: TargetName,
    /// Where it answers, as configured or as `ssh_config` resolves its name: a host name or an IP address.
    pub address: String,
    /// The port of its SSH server where configuration sets one; else `ssh_config` decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The login where configuration sets one; else `ssh_config` decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The data centre it is in.
    pub zone: String,
    /// The load balancer's pools it is a member of.
    #[serde(default)]
    pub pools: Vec<String>,
    /// Labels to choose by.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// Values of its own, for the script.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
}

/// A pool with the promise that is made for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// Its name at the load balancer.
    pub name: String,
    /// The zone it serves.
    pub zone: String,
    /// How many members must stay in service.
    pub minimum: u32,
    /// Its members when the plan was made, also those that the action does not touch.
    pub members: Vec<TargetName>,
}
