//! Which load balancer has a pool, and what it is called there.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::config::{nearest, word_for};

/// What the entry of a load balancer may hold.
const BALANCER_KEYS: [&str; 2] = ["kind", "address"];

/// A pool as its load balancer is asked about it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PoolPlace {
    /// The zone it serves.
    pub zone: String,
    /// Its name.
    pub name: String,
    /// What it is called at the load balancer.
    pub backend: String,
    /// The load balancer; none where configuration names none.
    pub balancer: Option<BalancerAt>,
}

/// A load balancer as configured.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BalancerAt {
    /// `HAProxy`, by its runtime API.
    Haproxy {
        /// One address for each process that serves the pool, all of which are told: `unix:/PATH` or `tcp:HOST:PORT`.
        address: Vec<String>,
    },
}

impl BalancerAt {
    /// Reads an entry: `{"kind": "haproxy", "address": "unix:/run/haproxy/admin.sock"}`.
    ///
    /// # Errors
    /// What is wrong with it, beginning with the part at fault.
    pub fn parse(entry: &Value) -> Result<Self, String> {
        let Value::Object(entry) = entry else {
            return Err(format!(
                " wants a map with `kind` and `address`, not {}",
                word_for(entry)
            ));
        };
        if let Some(key) = entry.keys().find(|key| !BALANCER_KEYS.contains(&key.as_str())) {
            let hint = nearest(key, BALANCER_KEYS)
                .map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
            return Err(format!(".{key} is not known here{hint}"));
        }
        if entry.get("kind").and_then(Value::as_str) != Some("haproxy") {
            return Err(".kind wants \"haproxy\"".to_owned());
        }
        Ok(Self::Haproxy {
            address: addresses(entry)?,
        })
    }
}

fn addresses(entry: &Map<String, Value>) -> Result<Vec<String>, String> {
    let wrong = || {
        ".address wants \"unix:/PATH\" or \"tcp:HOST:PORT\", or a list of these: one for each process"
            .to_owned()
    };
    let one = |value: &Value| {
        let text = value.as_str().filter(|text| is_address(text)).ok_or_else(wrong)?;
        Ok(text.to_owned())
    };
    match entry.get("address") {
        Some(Value::Array(list)) if !list.is_empty() => list.iter().map(one).collect(),
        Some(value @ Value::String(_)) => one(value).map(|address| vec![address]),
        _ => Err(wrong()),
    }
}

fn is_address(text: &str) -> bool {
    match text.split_once(':') {
        Some(("unix", path)) => path.starts_with('/'),
        Some(("tcp", place)) => place
            .rsplit_once(':')
            .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0)),
        _ => false,
    }
}

/// Whether `HAProxy` takes this for a name: anything else could be another command on its line.
pub(super) fn is_backend(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':'))
}

#[cfg(test)]
mod tests {
    use super::{BalancerAt, is_backend};
    use serde_json::json;

    #[test]
    fn addresses_are_sockets_and_ports() {
        for (entry, addresses) in [
            (
                json!({"kind": "haproxy", "address": "unix:/run/h.sock"}),
                vec!["unix:/run/h.sock"],
            ),
            (
                json!({"kind": "haproxy", "address": ["tcp:lb-1:9999", "tcp:[::1]:9999"]}),
                vec!["tcp:lb-1:9999", "tcp:[::1]:9999"],
            ),
        ] {
            let BalancerAt::Haproxy { address } = BalancerAt::parse(&entry).unwrap();
            assert_eq!(address, addresses);
        }
        for (entry, wanted) in [
            (json!("haproxy"), "wants a map"),
            (json!({"kind": "f5", "address": "tcp:a:1"}), ".kind wants"),
            (json!({"kind": "haproxy"}), ".address wants"),
            (json!({"kind": "haproxy", "address": []}), ".address wants"),
            (
                json!({"kind": "haproxy", "address": "lb-1:9999"}),
                ".address wants",
            ),
            (
                json!({"kind": "haproxy", "address": "tcp:lb-1:0"}),
                ".address wants",
            ),
            (
                json!({"kind": "haproxy", "address": "unix:run.sock"}),
                ".address wants",
            ),
            (
                json!({"kind": "haproxy", "adress": "tcp:a:1"}),
                ".adress is not known here. Did you mean `address`?",
            ),
        ] {
            let message = BalancerAt::parse(&entry).unwrap_err();
            assert!(message.contains(wanted), "{entry}: {message}");
        }
    }

    #[test]
    fn a_backend_is_never_a_second_command() {
        assert!(is_backend("web_front-1.east:80"));
        for wrong in ["", "web/1", "web;shutdown", "a b", "a\nb"] {
            assert!(!is_backend(wrong), "{wrong}");
        }
    }
}
