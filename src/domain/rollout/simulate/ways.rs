//! The steps of each way, as places in the file's list.

use crate::domain::rollout::Way;

use super::scenario::Scenario;

/// The steps of both ways are the same, but for `once` steps, which are not undone. Who only leaves service goes
/// out, and comes in again on the way back.
pub(super) struct Steps {
    back: Vec<usize>,
    out: Vec<usize>,
    in_again: Vec<usize>,
}

impl Steps {
    pub fn of(scenario: &Scenario) -> Self {
        let some = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
            let steps = scenario.steps.iter().enumerate();
            let found = steps.filter(|(_, step)| !step.once && wanted(&step.name));
            found.map(|(place, _)| place).collect()
        };
        Self {
            back: some(&|_| true),
            out: some(&|name| matches!(name, "pool_out" | "drain")),
            in_again: some(&|name| name == "pool_in"),
        }
    }

    /// The place in the file's list of a step of this way, of a host that only leaves service or of any other.
    pub fn number(&self, leaving: bool, way: Way, step: usize) -> usize {
        match (way, leaving) {
            (Way::Forth, false) => step,
            (Way::Back, false) => self.back[step],
            (Way::Forth, true) => self.out[step],
            (Way::Back, true) => self.in_again[step],
        }
    }
}
