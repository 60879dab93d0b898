//! Who steers a simulation, when, and how.

use serde::Deserialize;

use crate::domain::rollout::Steer;

use super::scenario::{SimulationError, millis};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Steering {
    at: f64,
    #[serde(rename = "do")]
    what: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    to: Option<String>,
    #[serde(default)]
    rollback: bool,
}

impl Steering {
    pub fn read(&self) -> Result<(u64, Steer, String), SimulationError> {
        let to_end = match self.to.as_deref() {
            None => false,
            Some("end") => true,
            Some(other) => {
                return Err(SimulationError::new(
                    "steer.to",
                    format!("must be \"end\", not `{other}`"),
                ));
            }
        };
        let steer = match self.what.as_str() {
            "pause" => Steer::Pause,
            "resume" => Steer::Resume,
            "promote" => Steer::Promote { to_end },
            "force" => Steer::Force,
            "abort" => Steer::Abort {
                rollback: self.rollback,
            },
            "rollback" => Steer::Rollback,
            "approve" => Steer::Approve,
            "reject" => Steer::Reject,
            other => {
                return Err(SimulationError::new(
                    "steer.do",
                    format!(
                        "`{other}` is none of pause, resume, promote, force, abort, rollback, approve, reject"
                    ),
                ));
            }
        };
        Ok((millis("steer.at", self.at)?, steer, self.reason.clone()))
    }
}
