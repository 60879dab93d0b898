//! Rings: one circle after another, and within a circle one group after another, each with its soak.

use std::collections::BTreeMap;

use super::fleet::Fleet;
use super::keys::Keys;
use super::{Part, StrategyError, TargetFacts, suggestion};

/// Numbers in their order, then words in theirs.
type Priority = (bool, i64, String);

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if let Some(list) = &keys.stages {
        return list.cut(fleet, &fleet.all(), keys);
    }
    let mut rings: BTreeMap<(Priority, Option<String>), Vec<usize>> = BTreeMap::new();
    for place in fleet.all() {
        let target = fleet.target(place);
        let Some(ring) = &target.ring else {
            let message = format!(
                "`{}` is in no ring; give every target the label `ring`",
                target.name
            );
            return Err(StrategyError::new("strategy", message));
        };
        let priority = match (&keys.rings, ring.parse::<i64>()) {
            (Some(order), _) => (false, place_in(order, ring, target)?, ring.clone()),
            (None, Ok(number)) => (false, number, ring.clone()),
            (None, Err(_)) => (true, 0, ring.clone()),
        };
        rings
            .entry((priority, target.group.clone()))
            .or_default()
            .push(place);
    }
    Ok(rings
        .into_iter()
        .map(|(((_, _, ring), group), targets)| Part {
            label: match group {
                Some(group) => format!("ring {ring} {group}"),
                None => format!("ring {ring}"),
            },
            targets,
            ..Part::default()
        })
        .collect())
}

fn place_in(order: &[String], ring: &str, target: &TargetFacts) -> Result<i64, StrategyError> {
    match order.iter().position(|name| name == ring) {
        Some(place) => Ok(place as i64),
        None => Err(StrategyError::new(
            "rings",
            format!(
                "`{}` is in ring `{ring}`, which the list leaves out{}",
                target.name,
                suggestion(ring, order.iter().map(String::as_str))
            ),
        )),
    }
}
