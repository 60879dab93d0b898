//! Approvals that a configuration asks for are not for a request to take away.

use serde_json::{Map, Value};

use super::{ConfigError, MergedConfig};

/// The keys that lay the stages out: another layout may have no stage before which somebody is asked.
const LAYOUT: [&str; 2] = ["strategy", "stages"];

/// What is wrong with a request's keys where `configured`, the configuration without them, asks for an approval
/// between stages.
#[must_use]
pub fn check_approvals(configured: &MergedConfig, request: &Map<String, Value>) -> Vec<ConfigError> {
    if !asks_for_approval(configured) {
        return Vec::new();
    }
    LAYOUT
        .into_iter()
        .filter(|key| request.contains_key(*key))
        .map(|key| ConfigError {
            key: key.to_owned(),
            message:
                "may not be set by a request here: the configuration asks for an approval between its stages"
                    .to_owned(),
        })
        .collect()
}

fn asks_for_approval(configured: &MergedConfig) -> bool {
    let is_approval = |gate: Option<&Value>| gate.and_then(Value::as_str) == Some("approval");
    let in_stages = match configured.values.get("stages") {
        Some(Value::Array(stages)) => stages.iter().any(|stage| is_approval(stage.get("gate"))),
        _ => false,
    };
    in_stages || is_approval(configured.values.get("gate"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::check_approvals;
    use crate::domain::config::merge;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_request_lays_stages_out_anew_only_where_nobody_is_to_be_asked() {
        let gated = json!({"stages": [{"count": 1, "gate": "approval"}, {"percent": 100}]});
        let analysed = json!({"stages": [{"count": 1, "gate": "analysis"}, {"percent": 100}]});
        let everywhere = json!({"gate": "approval"});
        for (configured, request, refused) in [
            (&gated, json!({"stages": "100%"}), &["stages"][..]),
            (&gated, json!({"strategy": "all_at_once"}), &["strategy"]),
            (
                &everywhere,
                json!({"stages": "100%", "strategy": "rolling"}),
                &["strategy", "stages"],
            ),
            (&gated, json!({"max_parallel": 1}), &[]),
            (&analysed, json!({"stages": "100%"}), &[]),
            (&json!({"stages": "1,100%"}), json!({"stages": "100%"}), &[]),
        ] {
            let merged = merge(&Map::new(), &object(configured.clone()), &Map::new());
            let errors = check_approvals(&merged, &object(request.clone()));
            let keys: Vec<&str> = errors.iter().map(|error| error.key.as_str()).collect();
            assert_eq!(keys, refused, "{configured} {request}");
        }
    }
}
