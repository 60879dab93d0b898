//! Rolling: a sliding window over all, in which a slow host delays nobody; or, in lock-step, batches that
//! wait for their last member.

use super::fleet::Fleet;
use super::keys::Keys;
use super::values::Amount;
use super::{Part, QUARTER, StrategyError};

pub(super) fn lay(fleet: &Fleet<'_>, keys: &Keys) -> Result<Vec<Part>, StrategyError> {
    if let Some(list) = &keys.stages {
        return list.cut(fleet, &fleet.all(), keys);
    }
    let all = fleet.all();
    if !keys.lock_step {
        return Ok(vec![Part {
            label: "100%".to_owned(),
            targets: all,
            ..Part::default()
        }]);
    }
    let size = keys.max_parallel.unwrap_or(QUARTER).of(all.len()).max(1);
    Ok(all
        .chunks(size as usize)
        .enumerate()
        .map(|(number, batch)| Part {
            label: format!("batch {}", number + 1),
            targets: batch.to_vec(),
            max_parallel: Some(Amount::Count(size)),
            ..Part::default()
        })
        .collect())
}
