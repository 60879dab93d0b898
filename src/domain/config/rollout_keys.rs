//! The rollout keys of a configuration, with Edge's words read as the new ones.

use serde_json::{Map, Value, json};

use super::known_keys::{KNOWN_KEYS, KeyGroup, known_key};
use super::nearest;

/// Looks whether `name` is a rollout key and `value` fits it.
///
/// # Errors
/// In words, with a suggestion for a name that is not known.
pub fn check_rollout_key(name: &str, value: &Value) -> Result<(), String> {
    match known_key(name) {
        Some(key) if key.group == KeyGroup::Rollout => {
            key.shape.check(value).map_err(|why| format!("`{name}` {why}"))
        }
        _ => {
            let known = KNOWN_KEYS
                .iter()
                .filter(|key| key.group == KeyGroup::Rollout)
                .map(|key| key.name);
            let hint =
                nearest(name, known).map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
            Err(format!("`{name}` is not a rollout key{hint}"))
        }
    }
}

/// The rollout keys of a checked configuration, for a fleet of `fleet` targets. Edge's keys are read where
/// the new ones are not given:
///
/// - `is_canary` true: `canary`, with `canary_pool`; else `is_staggered` true: `staggered`, false: `rolling`;
/// - `staggered_batch`: `stages`; of a map from fleet sizes that of the greatest size which is not above the fleet's;
/// - `zone_parallelization` (or Edge's `zone_parallelazation`) false: `zones` is `zone_serialization_order`.
#[must_use]
pub fn rollout_keys_of(config: &Map<String, Value>, fleet: usize) -> Map<String, Value> {
    let mut keys: Map<String, Value> = KNOWN_KEYS
        .iter()
        .filter(|key| key.group == KeyGroup::Rollout)
        .filter_map(|key| {
            let value = config.get(key.name).filter(|value| !value.is_null())?;
            Some((key.name.to_owned(), value.clone()))
        })
        .collect();
    let flag = |name: &str| config.get(name).and_then(Value::as_bool);
    if !keys.contains_key("strategy") {
        let word = match (flag("is_canary"), flag("is_staggered")) {
            (Some(true), _) => Some("canary"),
            (_, Some(true)) => Some("staggered"),
            (_, Some(false)) => Some("rolling"),
            _ => None,
        };
        if let Some(word) = word {
            keys.insert("strategy".to_owned(), json!(word));
        }
    }
    let strategy = keys.get("strategy").and_then(Value::as_str).map(str::to_owned);
    // Only the engine knows which targets are in those pools.
    if strategy.as_deref() == Some("canary")
        && let Some(pools) = config.get("canary_pool")
    {
        keys.insert("canary_pool".to_owned(), pools.clone());
    }
    if !keys.contains_key("stages")
        && !matches!(strategy.as_deref(), Some("rolling" | "all_at_once"))
        && let Some(stages) = config
            .get("staggered_batch")
            .and_then(|batch| stages_of(batch, fleet))
    {
        keys.insert("stages".to_owned(), Value::String(stages));
    }
    let parallel = flag("zone_parallelization").or_else(|| flag("zone_parallelazation"));
    if !keys.contains_key("zones")
        && parallel == Some(false)
        && let Some(order) = config.get("zone_serialization_order")
    {
        keys.insert("zones".to_owned(), order.clone());
    }
    keys
}

fn stages_of(batch: &Value, fleet: usize) -> Option<String> {
    match batch {
        Value::String(stages) => Some(stages.clone()),
        Value::Array(parts) => Some(
            parts
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
        ),
        // The key "0" names Edge's rest label and is no size.
        Value::Object(sizes) => sizes
            .iter()
            .filter_map(|(size, stages)| Some((size.parse::<usize>().ok()?, stages)))
            .filter(|(size, stages)| (1..=fleet).contains(size) && !stages.is_object())
            .max_by_key(|(size, _)| *size)
            .and_then(|(_, stages)| stages_of(stages, fleet)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{check_rollout_key, rollout_keys_of};
    use serde_json::{Value, json};

    fn keys(config: &Value, fleet: usize) -> Value {
        Value::Object(rollout_keys_of(config.as_object().unwrap(), fleet))
    }

    #[test]
    fn edges_words_are_read_as_the_new_ones() {
        let batch = json!({"0": "Others", "1": "100%", "2": "50%,100%", "4": "25%,50%,100%"});
        for (config, fleet, wanted) in [
            (json!({"version": "1"}), 4, json!({})),
            (
                json!({"strategy": "rolling", "is_canary": true}),
                4,
                json!({"strategy": "rolling"}),
            ),
            (
                json!({"is_canary": true, "is_staggered": false}),
                4,
                json!({"strategy": "canary"}),
            ),
            (json!({"is_staggered": true}), 4, json!({"strategy": "staggered"})),
            (
                json!({"is_staggered": false, "staggered_batch": "1,100%"}),
                4,
                json!({"strategy": "rolling"}),
            ),
            (
                json!({"staggered_batch": "10%,100%"}),
                4,
                json!({"stages": "10%,100%"}),
            ),
            (
                json!({"staggered_batch": ["10%", "100%"]}),
                4,
                json!({"stages": "10%,100%"}),
            ),
            (
                json!({"staggered_batch": batch}),
                5,
                json!({"stages": "25%,50%,100%"}),
            ),
            (json!({"staggered_batch": batch}), 1, json!({"stages": "100%"})),
            (
                json!({"stages": "1,100%", "staggered_batch": batch}),
                5,
                json!({"stages": "1,100%"}),
            ),
            (
                json!({"zone_parallelazation": false, "zone_serialization_order": ["a", "b", "c"]}),
                5,
                json!({"zones": ["a", "b", "c"]}),
            ),
            (
                json!({"zone_parallelization": true, "zone_parallelazation": false, "zone_serialization_order": ["a"]}),
                5,
                json!({}),
            ),
        ] {
            assert_eq!(keys(&config, fleet), wanted, "{config}");
        }
    }

    #[test]
    fn a_rollout_key_is_checked_by_name_and_shape() {
        assert_eq!(check_rollout_key("max_failed", &json!("10%")), Ok(()));
        assert_eq!(
            check_rollout_key("max_fialed", &json!(1)),
            Err("`max_fialed` is not a rollout key. Did you mean `max_failed`?".to_owned())
        );
        assert_eq!(
            check_rollout_key("on_failure", &json!("rolback")),
            Err(
                "`on_failure` wants \"rollback\" or \"stop\" or \"pause\", not \"rolback\". Did you mean \"rollback\"?"
                    .to_owned()
            )
        );
        assert_eq!(
            check_rollout_key("stages", &json!([{"percent": 10, "soak": 3}])),
            Err("`stages` stage 0: `soak` is not known in a stage".to_owned())
        );
        assert!(check_rollout_key("version", &json!("1")).is_err());
        assert!(check_rollout_key("stages", &json!("1,150%")).is_err());
    }
}
