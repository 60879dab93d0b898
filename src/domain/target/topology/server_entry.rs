//! Reads the entry of a server: its name alone, or a map. A name with ranges stands for many servers.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::Server;
use super::reader::Reader;
use crate::domain::config::word_for;
use crate::domain::name::TargetName;
use crate::domain::target::choose;

/// What the entry of a server may hold.
const SERVER_KEYS: [&str; 6] = ["name", "address", "port", "user", "labels", "vars"];

impl Reader {
    /// The servers of an entry; none where it is wrong.
    pub(super) fn server_entry(&mut self, path: &str, zone: &str, entry: &Value) -> Vec<Server> {
        let entry = match entry {
            Value::String(name) => &Map::from_iter([("name".to_owned(), Value::String(name.clone()))]),
            Value::Object(entry) => entry,
            other => {
                self.wrong(
                    path,
                    format!(
                        "wants the name of a server or a map with `name`, not {}",
                        word_for(other)
                    ),
                );
                return Vec::new();
            }
        };
        self.only(path, entry, &SERVER_KEYS);
        let Some(name) = entry.get("name").and_then(Value::as_str) else {
            self.wrong(format!("{path}.name"), "is required, a string");
            return Vec::new();
        };
        let names = match names(name) {
            Ok(names) => names,
            Err(error) => {
                self.wrong(path, error);
                return Vec::new();
            }
        };
        let address = self.text(path, entry, "address");
        let user = self.text(path, entry, "user");
        for (key, word) in [("address", &address), ("user", &user)] {
            // Both end up in the arguments of connections: never an option, never two words.
            if word.as_ref().is_some_and(|word| {
                word.is_empty() || word.starts_with('-') || word.contains(char::is_whitespace)
            }) {
                self.wrong(
                    format!("{path}.{key}"),
                    "wants one word that does not begin with `-`",
                );
            }
        }
        let given_port = entry.get("port");
        let port = given_port
            .and_then(Value::as_u64)
            .and_then(|port| u16::try_from(port).ok())
            .filter(|port| *port > 0);
        if given_port.is_some() && port.is_none() {
            self.wrong(format!("{path}.port"), "wants a port from 1 to 65535");
        }
        if address.is_some() && names.len() > 1 {
            self.wrong(
                format!("{path}.address"),
                format!("cannot be that of {} servers: name them one by one", names.len()),
            );
        }
        let server = Server {
            // Taken by each of them in turn.
            name: names[0].clone(),
            zone: zone.to_owned(),
            address,
            port,
            user,
            labels: self.labels(path, entry),
            vars: match entry.get("vars") {
                None => BTreeMap::new(),
                Some(Value::Object(vars)) => vars.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
                Some(other) => {
                    self.wrong(
                        format!("{path}.vars"),
                        format!("wants a map, not {}", word_for(other)),
                    );
                    BTreeMap::new()
                }
            },
            pools: Vec::new(),
        };
        names
            .into_iter()
            .map(|name| Server {
                name,
                ..server.clone()
            })
            .collect()
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
}

/// The names that a text stands for, at least one.
fn names(text: &str) -> Result<Vec<TargetName>, String> {
    let is_short = text.contains(['[', '!']);
    if !is_short {
        return Ok(vec![TargetName::parse(text).map_err(|error| error.to_string())?]);
    }
    let texts = choose([text], &|_| None).map_err(|error| error.to_string())?;
    if texts.is_empty() {
        return Err(format!("`{text}` stands for no server"));
    }
    texts
        .iter()
        .map(|text| TargetName::parse(text).map_err(|error| error.to_string()))
        .collect()
}
