//! What goes wrong in a simulation, as its file says.

use std::collections::HashSet;

use serde::Deserialize;

use super::scenario::{Scenario, SimulationError, millis};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failure {
    /// On this host; on all where none.
    #[serde(default)]
    pub target: Option<String>,
    /// On hosts that run this version.
    #[serde(default)]
    pub version: Option<String>,
    /// In this step; in all where none.
    #[serde(default)]
    pub step: Option<String>,
    pub kind: FailureKind,
    /// Seconds after the start.
    #[serde(default)]
    pub from: f64,
    /// Seconds after the start; for ever where none.
    #[serde(default)]
    pub until: Option<f64>,
    /// With a version: seconds after the host was put back with it.
    #[serde(default)]
    pub after_seconds: f64,
    /// So many of the hosts, by the seed.
    #[serde(default = "all_of_them")]
    pub share: f64,
}

fn all_of_them() -> f64 {
    1.0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum FailureKind {
    /// The step says no.
    Fail,
    /// The host cannot be reached.
    Unreachable,
    /// Ten times as long.
    Slow,
    /// It does not end before its timeout.
    Hang,
}

impl Scenario {
    pub(super) fn check_failures(&self) -> Result<(), SimulationError> {
        let names: HashSet<&str> = self.hosts.iter().map(|host| host.name.as_str()).collect();
        for failure in &self.failures {
            if let Some(step) = &failure.step {
                self.known_step("failures", step)?;
            }
            if let Some(target) = &failure.target
                && !names.contains(target.as_str())
            {
                let message = format!("there is no target `{target}`");
                return Err(SimulationError::new("failures", message));
            }
            let from = millis("failures.from", failure.from)?;
            if let Some(until) = failure.until
                && millis("failures.until", until)? <= from
            {
                return Err(SimulationError::new(
                    "failures.until",
                    "must be later than `from`",
                ));
            }
            millis("failures.after_seconds", failure.after_seconds)?;
            if !(0.0..=1.0).contains(&failure.share) {
                let message = format!("{} is no share from 0 to 1", failure.share);
                return Err(SimulationError::new("failures.share", message));
            }
        }
        Ok(())
    }
}
