//! The zones, pools and targets that rollout keys name, against those that the project has.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::domain::plan::ZoneOrder;

use super::keys::{read_canary_pool, read_zones};
use super::{StrategyError, TargetFacts, suggestion};

/// Where a project lives, whatever part of it a rollout is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// Every zone.
    pub zones: BTreeSet<String>,
    /// Every pool, by zone and name.
    pub pools: BTreeSet<(String, String)>,
    /// Every target.
    pub targets: BTreeSet<String>,
    /// Every group that a target is in.
    pub groups: BTreeSet<String>,
    /// Every ring that a target is in.
    pub rings: BTreeSet<String>,
}

/// The keys for a rollout over some of the project's targets: `zones` and `canary_pool` may name whatever the project
/// has, and what concerns none of these targets is left out.
///
/// # Errors
/// [`StrategyError`] with the key that names a zone or pool which the project does not have, with what was probably meant.
pub(super) fn narrowed(
    mut keys: Map<String, Value>,
    targets: &[TargetFacts],
    places: &Places,
) -> Result<Map<String, Value>, StrategyError> {
    if let Some(value) = keys.get("zones").filter(|value| !value.is_null())
        && let ZoneOrder::Serial(zones) = read_zones("zones", value)?
    {
        let known = || places.zones.iter().map(String::as_str);
        if let Some(zone) = zones.iter().find(|zone| !places.zones.contains(*zone)) {
            return Err(unknown("zones", &format!("has no zone `{zone}`"), zone, known()));
        }
        let some: Vec<String> = zones
            .into_iter()
            .filter(|zone| targets.iter().any(|target| target.zone == *zone))
            .collect();
        if !some.is_empty() {
            keys.insert("zones".to_owned(), some.into());
        }
    }
    if let Some(value) = keys.get("canary_pool").filter(|value| !value.is_null()) {
        let mut named = false;
        for (zone, pool) in read_canary_pool(value)? {
            check_pool(zone.as_deref(), &pool, places)?;
            named |= targets.iter().any(|target| {
                target.pools.contains(&pool) && zone.as_ref().is_none_or(|zone| *zone == target.zone)
            });
        }
        if !named {
            // None of them is a canary: the first stage, a single target, has to do.
            keys.remove("canary_pool");
        }
    }
    Ok(keys)
}

fn check_pool(zone: Option<&str>, pool: &str, places: &Places) -> Result<(), StrategyError> {
    let here = |known: &&(String, String)| zone.is_none_or(|zone| zone == known.0);
    let names = || places.pools.iter().filter(here).map(|(_, name)| name.as_str());
    if let Some(zone) = zone.filter(|zone| !places.zones.contains(*zone)) {
        let zones = places.zones.iter().map(String::as_str);
        return Err(unknown(
            "canary_pool",
            &format!("has no zone `{zone}`"),
            zone,
            zones,
        ));
    }
    if names().any(|known| known == pool) {
        return Ok(());
    }
    let what = match zone {
        Some(zone) => format!("has no pool `{pool}` in zone `{zone}`"),
        None => format!("has no pool `{pool}`"),
    };
    Err(unknown("canary_pool", &what, pool, names()))
}

fn unknown<'a>(key: &str, what: &str, word: &str, known: impl Iterator<Item = &'a str>) -> StrategyError {
    StrategyError::new(key, format!("the project {what}{}", suggestion(word, known)))
}

#[cfg(test)]
mod tests {
    use super::{Places, narrowed};
    use crate::domain::name::TargetName;
    use crate::domain::rollout::strategy::TargetFacts;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn places() -> Places {
        let pool = |zone: &str, name: &str| (zone.to_owned(), name.to_owned());
        Places {
            zones: ["east", "west", "north"].map(str::to_owned).into(),
            pools: [
                pool("east", "front"),
                pool("west", "front"),
                pool("west", "canary"),
            ]
            .into(),
            ..Places::default()
        }
    }

    fn target(name: &str, zone: &str, pool: &str) -> TargetFacts {
        TargetFacts {
            name: TargetName::parse(name).unwrap(),
            zone: zone.to_owned(),
            pools: vec![pool.to_owned()],
            labels: BTreeMap::new(),
            in_service: true,
            new_version: true,
            group: None,
            ring: None,
        }
    }

    /// The keys for a rollout over one target in pool `front` of zone `east`, and one in `canary` of `west`.
    fn narrow(keys: &Value, with_canary: bool) -> Result<Value, String> {
        let mut targets = vec![target("a", "east", "front")];
        if with_canary {
            targets.push(target("b", "west", "canary"));
        }
        let keys = narrowed(keys.as_object().unwrap().clone(), &targets, &places());
        keys.map(Value::Object).map_err(|error| error.to_string())
    }

    #[test]
    fn what_concerns_none_of_the_targets_is_left_out() {
        let keys =
            json!({"zones": ["west", "north", "east"], "canary_pool": {"west": ["canary"]}, "max_failed": 1});
        let both = json!({"zones": ["west", "east"], "canary_pool": {"west": ["canary"]}, "max_failed": 1});
        assert_eq!(narrow(&keys, true), Ok(both));
        assert_eq!(
            narrow(&keys, false),
            Ok(json!({"zones": ["east"], "max_failed": 1}))
        );
        for same in [
            json!({"zones": "parallel", "canary_pool": "front"}),
            json!({"zones": null, "canary_pool": null}),
            json!({"zones": ["north"]}),
        ] {
            assert_eq!(
                narrow(&same, true),
                Ok(same.clone()),
                "nothing to leave out, or it is refused later"
            );
        }
    }

    #[test]
    fn what_the_project_does_not_have_is_refused_with_its_key() {
        for (keys, wanted) in [
            (
                json!({"zones": ["east", "west", "nort"]}),
                "zones: the project has no zone `nort` (did you mean `north`?)",
            ),
            (
                json!({"zones": ["east", "east"]}),
                "zones: zone `east` is named twice",
            ),
            (
                json!({"zones": ["east", 3]}),
                "zones: must be a list of names, not [\"east\",3]",
            ),
            (
                json!({"canary_pool": {"wst": ["canary"]}}),
                "canary_pool: the project has no zone `wst` (did you mean `west`?)",
            ),
            (
                json!({"canary_pool": {"east": ["fronts"]}}),
                "canary_pool: the project has no pool `fronts` in zone `east` (did you mean `front`?)",
            ),
            (
                json!({"canary_pool": ["canari"]}),
                "canary_pool: the project has no pool `canari` (did you mean `canary`?)",
            ),
        ] {
            assert_eq!(narrow(&keys, true), Err(wanted.to_owned()), "{keys}");
        }
    }
}
