//! Who is told: the entries of the key `notify` of a configuration, and of a space.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::Occasion;
use crate::domain::config::{MergedConfig, Origin, is_reference, nearest, word_for};

/// What a receiver's entry may hold.
const RECEIVER_KEYS: [&str; 5] = ["kind", "url", "secret", "events", "actions"];

/// By what means somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Medium {
    /// The whole notice as JSON, signed.
    Webhook,
    /// A sentence, as Slack and Mattermost take it.
    Chat,
}

impl Medium {
    /// The word for it in configuration and JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Chat => "chat",
        }
    }
}

/// Somebody who is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// By what means.
    pub kind: Medium,
    /// Where to: a URL, or the reference of a secret that is one.
    pub url: Value,
    /// The reference of the secret that it is signed with; a webhook has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<Value>,
    /// On which occasions; on all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Occasion>,
    /// Of which actions (`deploy` ...); of all where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
}

impl Receiver {
    /// Whether it is told of this.
    #[must_use]
    pub fn wants(&self, occasion: Occasion, action: &str) -> bool {
        (self.events.is_empty() || self.events.contains(&occasion))
            && (self.actions.is_empty() || self.actions.iter().any(|wanted| wanted == action))
    }
}

/// Looks whether `value` is a list of receivers.
///
/// # Errors
/// What is wrong, with the place in the list. A URL is not repeated: it may be a secret.
pub fn check_receivers(value: &Value) -> Result<(), String> {
    let Value::Array(list) = value else {
        return Err(format!("wants a list of receivers, not {}", word_for(value)));
    };
    list.iter().enumerate().try_for_each(|(index, entry)| {
        let Value::Object(entry) = entry else {
            return Err(format!("[{index}] wants a map, not {}", word_for(entry)));
        };
        check_receiver(entry).map_err(|why| format!("[{index}]{why}"))
    })
}

fn check_receiver(entry: &Map<String, Value>) -> Result<(), String> {
    if let Some(key) = entry.keys().find(|key| !RECEIVER_KEYS.contains(&key.as_str())) {
        let hint = nearest(key, RECEIVER_KEYS)
            .map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
        return Err(format!(".{key} is not known here{hint}"));
    }
    let kind = entry.get("kind").and_then(Value::as_str);
    if !matches!(kind, Some("webhook" | "chat")) {
        return Err(".kind wants \"webhook\" or \"chat\"".to_owned());
    }
    match entry.get("url") {
        Some(Value::String(url)) if url.starts_with("http://") || url.starts_with("https://") => {}
        Some(url) if is_reference(url) => {}
        _ => {
            return Err(
                ".url wants a string that begins with http:// or https://, or {\"env\": \"NAME\"} or {\"file\": \"/PATH\"} \
                 where it is a secret"
                    .to_owned(),
            );
        }
    }
    match (kind, entry.get("secret")) {
        (Some("webhook"), Some(secret)) if is_reference(secret) => {}
        (Some("webhook"), _) => {
            return Err(
                ".secret is what a webhook is signed with: it wants {\"env\": \"NAME\"} or {\"file\": \"/PATH\"}, never \
                 the value"
                    .to_owned(),
            );
        }
        (_, Some(_)) => {
            return Err(".secret belongs to a webhook: what goes to a chat is not signed".to_owned());
        }
        (_, None) => {}
    }
    for (index, event) in texts(entry, "events")?.into_iter().enumerate() {
        if Occasion::parse(event).is_none() {
            let words = Occasion::ALL.map(Occasion::as_str);
            let hint = nearest(event, words)
                .map_or_else(String::new, |known| format!(". Did you mean \"{known}\"?"));
            return Err(format!(
                ".events[{index}] wants one of {}{hint}",
                words.join(", ")
            ));
        }
    }
    texts(entry, "actions").map(drop)
}

fn texts<'a>(entry: &'a Map<String, Value>, key: &str) -> Result<Vec<&'a str>, String> {
    let wrong = || format!(".{key} wants a list of strings");
    match entry.get(key) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => list.iter().map(|text| text.as_str().ok_or_else(wrong)).collect(),
        Some(_) => Err(wrong()),
    }
}

/// Adds the receivers of its space to an action's configuration, before its own, so that they are frozen with it.
pub fn add_receivers(config: &mut MergedConfig, space: &[Receiver]) {
    if space.is_empty() {
        return;
    }
    let own = match config.values.remove("notify") {
        Some(Value::Array(own)) => own,
        _ => Vec::new(),
    };
    let mut all: Vec<Value> = space.iter().map(as_value).collect();
    let own: Vec<Value> = own.into_iter().filter(|entry| !all.contains(entry)).collect();
    all.extend(own);
    config.values.insert("notify".to_owned(), Value::Array(all));
    config.origins.entry("notify".to_owned()).or_insert(Origin::Space);
}

fn as_value(receiver: &Receiver) -> Value {
    // Plain data with string keys always has a JSON form.
    serde_json::to_value(receiver).unwrap_or_default()
}

/// Who is told of an action, by its configuration. Edge's keys count too: `notify_me` false tells nobody, and
/// `notify_action` tells of that action alone.
#[must_use]
pub fn receivers_of(config: &MergedConfig, action: &str) -> Vec<Receiver> {
    let value = |key: &str| config.values.get(key);
    if value("notify_me").and_then(Value::as_bool) == Some(false) {
        return Vec::new();
    }
    let only = value("notify_action").and_then(Value::as_str);
    if only.is_some_and(|only| only != "all" && only != action) {
        return Vec::new();
    }
    let all = value("notify").and_then(Value::as_array).into_iter().flatten();
    // The configuration was checked; an entry that cannot be read is one of a later version.
    all.filter_map(|entry| serde_json::from_value(entry.clone()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Medium, Occasion, Origin, add_receivers, check_receivers, receivers_of};
    use crate::domain::config::merge;

    fn hook() -> Value {
        json!({"kind": "webhook", "url": "https://ci.example/hook", "secret": {"env": "HOOK"}})
    }

    #[test]
    fn receivers_are_checked_with_the_place_of_what_is_wrong() {
        let with = |key: &str, value: Value| {
            let mut hook = hook();
            hook[key] = value;
            json!([hook])
        };
        assert_eq!(check_receivers(&json!([hook()])), Ok(()));
        assert_eq!(
            check_receivers(
                &json!([{"kind": "chat", "url": {"file": "/run/url"}, "events": ["failed"], "actions": ["deploy"]}])
            ),
            Ok(())
        );
        for (value, wanted) in [
            (json!({}), "wants a list of receivers, not a map"),
            (json!(["x"]), "[0] wants a map"),
            (with("kind", json!("mail")), "[0].kind wants"),
            (with("url", json!("ftp://x")), "[0].url wants"),
            (
                with("secret", json!("s3cret")),
                "[0].secret is what a webhook is signed with",
            ),
            (
                with("events", json!(["finished"])),
                "[0].events[0] wants one of started, waiting, failed",
            ),
            (with("events", json!(["faild"])), "Did you mean \"failed\"?"),
            (
                with("event", json!([])),
                "[0].event is not known here. Did you mean `events`?",
            ),
            (
                with("actions", json!("deploy")),
                "[0].actions wants a list of strings",
            ),
            (
                json!([{"kind": "chat", "url": "http://x", "secret": {"env": "A"}}]),
                "[0].secret belongs to a webhook",
            ),
        ] {
            let message = check_receivers(&value).unwrap_err();
            assert!(message.contains(wanted), "{value}: {message}");
            assert!(!message.contains("s3cret"), "{message}");
        }
    }

    #[test]
    fn space_and_configuration_are_both_told_and_edges_keys_count() {
        let chat = json!({"kind": "chat", "url": "http://chat"});
        let config = |more: Value| {
            let mut config = json!({"notify": [hook(), chat]});
            config
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            merge(
                &serde_json::Map::new(),
                config.as_object().unwrap(),
                &serde_json::Map::new(),
            )
        };
        let space = vec![serde_json::from_value(chat.clone()).unwrap()];
        let mut both = config(json!({}));
        for _ in 0..2 {
            add_receivers(&mut both, &space);
            let all = receivers_of(&both, "deploy");
            let kinds: Vec<Medium> = all.iter().map(|receiver| receiver.kind).collect();
            assert_eq!(
                kinds,
                [Medium::Chat, Medium::Webhook],
                "the same one is told once"
            );
        }
        let mut none = merge(
            &serde_json::Map::new(),
            &serde_json::Map::new(),
            &serde_json::Map::new(),
        );
        add_receivers(&mut none, &space);
        assert_eq!(none.origins["notify"], Origin::Space);
        for (more, action, told) in [
            (json!({"notify_me": false}), "deploy", 0),
            (json!({"notify_me": true}), "deploy", 2),
            (json!({"notify_action": "all"}), "restart", 2),
            (json!({"notify_action": "deploy"}), "restart", 0),
            (json!({"notify_action": "deploy"}), "deploy", 2),
        ] {
            assert_eq!(receivers_of(&config(more.clone()), action).len(), told, "{more}");
        }
    }

    #[test]
    fn one_hears_only_of_what_it_wants() {
        let mut hook = hook();
        hook["events"] = json!(["failed", "rolled_back"]);
        hook["actions"] = json!(["deploy"]);
        let receiver: super::Receiver = serde_json::from_value(hook).unwrap();
        assert!(receiver.wants(Occasion::Failed, "deploy"));
        assert!(!receiver.wants(Occasion::Done, "deploy"));
        assert!(!receiver.wants(Occasion::Failed, "restart"));
    }
}
