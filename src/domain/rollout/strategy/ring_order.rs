//! The order of rings, where the configuration says it: a list, or for each ring the rings that come before it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::values::names;
use super::{StrategyError, suggestion};

fn wrong(message: impl Into<String>) -> StrategyError {
    StrategyError::new("rings", message)
}

/// The rings in their order.
pub(super) fn read(value: &Value) -> Result<Vec<String>, StrategyError> {
    let order = match value {
        Value::Object(before) => by_predecessors(before)?,
        list => names("rings", list)?,
    };
    let mut seen = HashSet::new();
    match order.iter().find(|ring| !seen.insert(ring.as_str())) {
        Some(twice) => Err(wrong(format!("ring `{twice}` is named twice"))),
        None if order.is_empty() => Err(wrong("names no ring")),
        None => Ok(order),
    }
}

/// Each ring after those it names; those that could come at the same time in the order of the file.
fn by_predecessors(before: &Map<String, Value>) -> Result<Vec<String>, StrategyError> {
    let mut waits_for: Vec<(&str, Vec<String>)> = Vec::with_capacity(before.len());
    for (ring, value) in before {
        let named = match value {
            Value::String(one) => vec![one.clone()],
            list => names("rings", list)?,
        };
        if let Some(unknown) = named.iter().find(|name| !before.contains_key(*name)) {
            let known = before.keys().map(String::as_str);
            return Err(wrong(format!(
                "ring `{ring}` comes after `{unknown}`, which is no ring of the list{}",
                suggestion(unknown, known)
            )));
        }
        waits_for.push((ring, named));
    }
    let mut order: Vec<String> = Vec::with_capacity(waits_for.len());
    while order.len() < waits_for.len() {
        let next = waits_for
            .iter()
            .find(|(ring, named)| !has(&order, ring) && named.iter().all(|name| has(&order, name)));
        let Some((ring, _)) = next else {
            let circle = circle(&waits_for, &order);
            return Err(wrong(format!("the rings wait for each other: {circle}")));
        };
        order.push((*ring).to_owned());
    }
    Ok(order)
}

fn has(order: &[String], ring: &str) -> bool {
    order.iter().any(|placed| placed == ring)
}

/// The way round a circle: every ring that is left waits for another one that is left.
fn circle(waits_for: &[(&str, Vec<String>)], placed: &[String]) -> String {
    let left: HashMap<&str, &str> = waits_for
        .iter()
        .filter(|(ring, _)| !has(placed, ring))
        .filter_map(|(ring, named)| {
            let next = named.iter().find(|name| !has(placed, name))?;
            Some((*ring, next.as_str()))
        })
        .collect();
    let mut path: Vec<&str> = Vec::new();
    let mut ring = waits_for
        .iter()
        .map(|(ring, _)| *ring)
        .find(|ring| left.contains_key(ring));
    while let Some(here) = ring {
        if let Some(start) = path.iter().position(|seen| *seen == here) {
            path.drain(..start);
            path.push(here);
            break;
        }
        path.push(here);
        ring = left.get(here).copied();
    }
    path.join(" after ")
}
