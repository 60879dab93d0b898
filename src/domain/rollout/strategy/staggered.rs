//! Staggered: stages that grow, by the size of the fleet, or as a list says. Targets that are out of
//! service come last, under `Others`.
//!
//! The table is Edge's, with the entry for ten and more that was missing there, and with a first stage
//! that is always a single target.

use super::fleet::Fleet;
use super::keys::Keys;
use super::order::Order;
use super::stage_list::StageList;
use super::{Part, StrategyError};

/// The stages of a fleet of at least so many targets in service; the last line that fits.
const BY_SIZE: [(usize, &str); 4] = [
    (1, "100%"),
    (2, "1,100%"),
    (4, "1,50%,100%"),
    (10, "1,10%,25%,50%,100%"),
];

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if keys.stages_choose_targets()
        && let Some(list) = &keys.stages
    {
        return list.cut(fleet, &fleet.all(), keys);
    }
    grow(fleet, keys, &fleet.in_service(), &fleet.out_of_service())
}

/// Stages over `first`, then `Others`.
pub(super) fn grow(
    fleet: &Fleet<'_>,
    keys: &Keys,
    first: &[usize],
    others: &[usize],
) -> Result<Vec<Part>, StrategyError> {
    let mut parts = match &keys.stages {
        _ if first.is_empty() => Vec::new(),
        Some(list) => list.cut(fleet, first, keys)?,
        None => by_size(first.len())?.cut(fleet, first, keys)?,
    };
    if !others.is_empty() {
        let others = Part {
            label: "Others".to_owned(),
            targets: others.to_vec(),
            ..Part::default()
        };
        match fleet.order() {
            Order::OutFirst if keys.canary_pool.is_empty() => parts.insert(0, others),
            Order::OutFirst | Order::OutLast => parts.push(others),
        }
    }
    Ok(parts)
}

fn by_size(size: usize) -> Result<StageList, StrategyError> {
    let line = BY_SIZE.iter().rev().find(|(least, _)| *least <= size);
    StageList::read_text(line.map_or("100%", |(_, stages)| stages))
}
