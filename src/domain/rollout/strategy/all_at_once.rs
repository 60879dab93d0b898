//! All at once: one stage; only the pools hold it back.

use super::fleet::Fleet;
use super::keys::Keys;
use super::{Part, StrategyError};

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if keys.stages.is_some() {
        let message = "`all_at_once` has one stage; use `staggered` or `canary` with a list";
        return Err(StrategyError::new("stages", message));
    }
    Ok(vec![Part {
        label: "100%".to_owned(),
        targets: fleet.all(),
        ..Part::default()
    }])
}
