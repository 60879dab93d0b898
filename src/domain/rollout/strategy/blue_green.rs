//! Blue-green: the targets out of service (green) get the new version first, all together, and come into
//! service; then the ones that were in service (blue) follow behind them.

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
    let mut parts = vec![Part {
        label: "green".to_owned(),
        max_parallel: Some(keys.max_parallel.unwrap_or(Amount::Percent(100))),
        targets: green,
        ..Part::default()
    }];
    if !blue.is_empty() {
        parts.push(Part {
            label: "blue".to_owned(),
            targets: blue,
            ..Part::default()
        });
    }
    Ok(parts)
}
