//! Blue-green: the new ones in, the old ones out. The targets out of service (green) get the new version, all
//! together, and come into service; then those that were in service (blue) leave it, and keep what they have: to go
//! back is to put them in again. Where the action changes no version, such as a restart, blue ones follow behind
//! the green ones instead.

use std::collections::HashSet;

use crate::domain::name::TargetName;
use crate::domain::target::Pool;

use super::fleet::Fleet;
use super::keys::Keys;
use super::values::Amount;
use super::{Part, StrategyError};

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if keys.stages.is_some() {
        let message = "`blue_green` has two stages of its own; use `canary` with a list";
        return Err(StrategyError::new("stages", message));
    }
    let (green, blue) = (fleet.out_of_service(), fleet.in_service());
    if green.is_empty() {
        let message = "`blue_green` needs targets out of service to begin with, and all are in service";
        return Err(StrategyError::new("strategy", message));
    }
    let replaces = green.iter().any(|&place| fleet.target(place).new_version);
    let mut parts = vec![Part {
        label: "green".to_owned(),
        max_parallel: Some(keys.max_parallel.unwrap_or(Amount::Percent(100))),
        targets: green,
        ..Part::default()
    }];
    if !blue.is_empty() {
        if replaces {
            let leaving: HashSet<&TargetName> = blue.iter().map(|&place| &fleet.target(place).name).collect();
            for pool in fleet.pools() {
                check_what_is_left(&leaving, pool)?;
            }
        }
        parts.push(Part {
            label: "blue".to_owned(),
            targets: blue,
            only_out: replaces,
            ..Part::default()
        });
    }
    Ok(parts)
}

/// With all blue ones out, the others must be enough.
fn check_what_is_left(leaving: &HashSet<&TargetName>, pool: &Pool) -> Result<(), StrategyError> {
    let members = pool.members.len();
    let out = pool.members.iter().filter(|name| leaving.contains(name)).count();
    let left = members - out;
    if out == 0 || left as u64 >= u64::from(pool.minimum) {
        return Ok(());
    }
    Err(StrategyError::new(
        "strategy",
        format!(
            "`blue_green` takes {out} of the {members} members of pool `{}` in zone `{}` out: {members} - {out} = {left} \
             would be left, and {} must stay in service",
            pool.name, pool.zone, pool.minimum
        ),
    ))
}
