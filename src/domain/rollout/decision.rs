//! What the engine decided, and why: for the log and the simulator.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// One decision. It explains the state, it is no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// What was decided, in a few words.
    pub what: String,
    /// Why, with names and numbers.
    pub why: String,
}
