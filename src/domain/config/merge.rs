//! Merging: environment, overridden by project, overridden by the request; whole top-level keys, as in Edge.

use serde_json::{Map, Value};

use super::{MergedConfig, Origin};

/// The configuration of these three layers, with the origin of every key. Nothing is checked yet.
#[must_use]
pub fn merge(
    environment: &Map<String, Value>,
    project: &Map<String, Value>,
    request: &Map<String, Value>,
) -> MergedConfig {
    let mut merged = MergedConfig::default();
    for (origin, layer) in [
        (Origin::Environment, environment),
        (Origin::Project, project),
        (Origin::Request, request),
    ] {
        for (key, value) in layer {
            merged.values.insert(key.clone(), value.clone());
            merged.origins.insert(key.clone(), origin);
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use proptest::collection::btree_map;
    use proptest::prelude::{Strategy, any, proptest};
    use serde_json::{Map, Value};

    use super::{Origin, merge};

    fn layer() -> impl Strategy<Value = Map<String, Value>> {
        // Few keys, so that layers meet on them.
        btree_map("[a-e]", any::<i8>(), 0..5)
            .prop_map(|map| map.into_iter().map(|(k, v)| (k, Value::from(v))).collect())
    }

    proptest! {
        #[test]
        fn the_last_layer_that_has_a_key_wins(
            environment in layer(),
            project in layer(),
            request in layer(),
        ) {
            let merged = merge(&environment, &project, &request);
            for (key, value) in &merged.values {
                let (wanted, origin) = if let Some(value) = request.get(key) {
                    (Some(value), Origin::Request)
                } else if let Some(value) = project.get(key) {
                    (Some(value), Origin::Project)
                } else {
                    (environment.get(key), Origin::Environment)
                };
                assert_eq!(Some(value), wanted);
                assert_eq!(merged.origins[key], origin);
            }
            assert_eq!(merged.values.len(), merged.origins.len());
            for key in environment.keys().chain(project.keys()).chain(request.keys()) {
                assert!(merged.values.contains_key(key));
            }
        }

        #[test]
        fn merging_the_result_again_changes_no_value(environment in layer(), project in layer()) {
            let none = Map::new();
            let once = merge(&environment, &project, &none);
            let values: Map<String, Value> = once.values.clone().into_iter().collect();
            assert_eq!(merge(&values, &none, &none).values, once.values);
            assert_eq!(merge(&values, &project, &none).values, once.values);
        }

        #[test]
        fn the_order_of_keys_within_a_layer_does_not_matter(environment in layer(), project in layer()) {
            let reversed = |map: &Map<String, Value>| -> Map<String, Value> {
                map.iter().rev().map(|(k, v)| (k.clone(), v.clone())).collect()
            };
            let none = Map::new();
            assert_eq!(
                merge(&environment, &project, &none),
                merge(&reversed(&environment), &reversed(&project), &none)
            );
        }
    }
}
