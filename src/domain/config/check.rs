//! Checks a merged configuration against what is known and declared, and fills in defaults.

use serde_json::Value;

use super::{ConfigError, KNOWN_KEYS, KeySpec, MergedConfig, Origin, known_key, nearest, word_for};

/// The configuration with the script's defaults, if nothing is wrong with it.
///
/// # Errors
/// Everything that is wrong, in the order of the keys: keys that nobody knows (with a suggestion), values of
/// another type than wanted, required keys that nobody gives, keys that a request may not set, secrets that
/// are not references.
pub fn check(mut config: MergedConfig, keys: &[KeySpec]) -> Result<MergedConfig, Vec<ConfigError>> {
    let mut errors: Vec<ConfigError> = config
        .values
        .iter()
        .filter_map(|(key, value)| {
            let message = check_value(key, value, config.origins.get(key).copied(), keys).err()?;
            Some(ConfigError {
                key: key.clone(),
                message,
            })
        })
        .collect();
    for spec in keys {
        if spec.secret {
            config.secrets.push(spec.name.clone());
        }
        if config.values.contains_key(&spec.name) {
            continue;
        }
        if let Some(default) = &spec.default {
            config.values.insert(spec.name.clone(), default.clone());
            config.origins.insert(spec.name.clone(), Origin::Default);
        } else if spec.required {
            errors.push(ConfigError {
                key: spec.name.clone(),
                message: format!("is required, {}, and nobody gives it", spec.key_type.wanted()),
            });
        }
    }
    config.secrets.sort();
    config.secrets.dedup();
    if errors.is_empty() {
        Ok(config)
    } else {
        errors.sort_by(|a, b| a.key.cmp(&b.key));
        Err(errors)
    }
}

fn check_value(key: &str, value: &Value, origin: Option<Origin>, keys: &[KeySpec]) -> Result<(), String> {
    let from_request = origin == Some(Origin::Request);
    let may_not = || Err("may not be set by a request: it is not declared overridable".to_owned());
    if let Some(spec) = keys.iter().find(|spec| spec.name == key) {
        if from_request && !spec.overridable {
            return may_not();
        }
        return if spec.secret {
            check_secret(value)
        } else {
            spec.key_type.check(value)
        };
    }
    let Some(known) = known_key(key) else {
        let words = keys
            .iter()
            .map(|spec| spec.name.as_str())
            .chain(KNOWN_KEYS.iter().map(|known| known.name));
        let hint = nearest(key, words).map_or_else(
            || ": no key of this name is declared by the script".to_owned(),
            |known| format!(". Did you mean `{known}`?"),
        );
        return Err(format!("is not known{hint}"));
    };
    if from_request && !known.overridable {
        return may_not();
    }
    known.shape.check(value)
}

/// `{"env": NAME}` or `{"file": PATH}`. What was given instead is not repeated: it may be the secret.
fn check_secret(value: &Value) -> Result<(), String> {
    let wanted = "is a secret: it wants {\"env\": \"NAME\"} or {\"file\": \"/PATH\"}, never the value";
    if is_reference(value) {
        Ok(())
    } else if value.is_object() {
        Err(wanted.to_owned())
    } else {
        Err(format!("{wanted}; {} was given", word_for(value)))
    }
}

/// Whether a value is the reference of a secret: `{"env": NAME}` or `{"file": PATH}`.
#[must_use]
pub fn is_reference(value: &Value) -> bool {
    let mut entries = value.as_object().into_iter().flatten();
    matches!(
        (entries.next(), entries.next()),
        (Some((kind, Value::String(name))), None)
            if matches!(kind.as_str(), "env" | "file") && !name.is_empty()
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::check;
    use crate::domain::config::{KeySpec, KeyType, Origin, merge};

    fn spec(name: &str, key_type: KeyType) -> KeySpec {
        KeySpec {
            name: name.to_owned(),
            key_type,
            default: None,
            required: false,
            overridable: false,
            secret: false,
            doc: String::new(),
        }
    }

    fn specs() -> Vec<KeySpec> {
        vec![
            KeySpec {
                required: true,
                ..spec("start_command", KeyType::String)
            },
            KeySpec {
                default: Some(json!("/opt/app")),
                ..spec("dir", KeyType::String)
            },
            KeySpec {
                overridable: true,
                ..spec("check_url", KeyType::String)
            },
            spec("keep", KeyType::Integer),
            spec("share", KeyType::Number),
            spec(
                "mode",
                KeyType::OneOf(vec!["blue".to_owned(), "green".to_owned()]),
            ),
            KeySpec {
                secret: true,
                ..spec("token", KeyType::String)
            },
        ]
    }

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    fn errors(environment: Value, project: Value, request: Value) -> Vec<String> {
        let merged = merge(&object(environment), &object(project), &object(request));
        match check(merged, &specs()) {
            Ok(_) => Vec::new(),
            Err(errors) => errors.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn defaults_are_filled_in_and_known_as_such() {
        let merged = merge(
            &object(json!({"start_command": "go", "version": "1"})),
            &object(json!({"token": {"env": "TOKEN"}, "version": "2"})),
            &Map::new(),
        );
        let config = check(merged, &specs()).unwrap();
        assert_eq!(config.values["dir"], json!("/opt/app"));
        assert_eq!(config.origins["dir"], Origin::Default);
        assert_eq!(config.values["version"], json!("2"));
        assert_eq!(config.origins["version"], Origin::Project);
        assert_eq!(config.secrets, ["token"]);
        assert_eq!(check(config.clone(), &specs()), Ok(config));
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        assert_eq!(
            errors(
                json!({"stop_comand": "x", "dri": "/x", "keep": "3", "zzz": 1}),
                json!({"share": true, "mode": "gren", "token": "hunter2", "strategy": "canari", "max_parallel": -1}),
                json!({"dir": "/y", "check_url": 7, "version": "9"}),
            ),
            [
                "check_url: wants a string, not an integer",
                "dir: may not be set by a request: it is not declared overridable",
                "dri: is not known. Did you mean `dir`?",
                "keep: wants an integer, not a string",
                "max_parallel: wants a whole number or a percentage such as \"20%\", not -1",
                "mode: wants one of \"blue\", \"green\", not \"gren\". Did you mean \"green\"?",
                "share: wants a number, not a boolean",
                "start_command: is required, a string, and nobody gives it",
                "stop_comand: is not known: no key of this name is declared by the script",
                "strategy: wants \"all_at_once\" or \"rolling\" or \"staggered\" or \"canary\" or \"ring\" or \"blue_green\", not \"canari\". Did you mean \"canary\"?",
                "token: is a secret: it wants {\"env\": \"NAME\"} or {\"file\": \"/PATH\"}, never the value; a string was given",
                "version: may not be set by a request: it is not declared overridable",
                "zzz: is not known: no key of this name is declared by the script",
            ]
        );
    }

    #[test]
    fn a_request_may_set_what_is_overridable() {
        let base = json!({"start_command": "go"});
        assert_eq!(
            errors(
                base.clone(),
                json!({}),
                json!({"check_url": "http://x", "strategy": "rolling"})
            ),
            Vec::<String>::new()
        );
        for secret in [
            json!({"env": ""}),
            json!({"env": "A", "file": "/b"}),
            json!({"vault": "x"}),
            json!({"file": 1}),
            json!({}),
        ] {
            let errors = errors(base.clone(), json!({"token": secret}), json!({}));
            assert_eq!(errors.len(), 1, "{secret}");
        }
    }
}
