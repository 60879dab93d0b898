//! The hash of a plan: the same request on the same state has the same hash.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Limits, PlanTarget, Rollback, Stage};
use crate::domain::target::Pool;

/// `sha256:` and 64 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(String);

/// What the hash covers.
#[derive(Serialize)]
struct Covered<'a> {
    action: &'a str,
    stages: &'a [Stage],
    limits: &'a Limits,
    pools: &'a [Pool],
    targets: &'a [PlanTarget],
    rollback: &'a Rollback,
}

impl PlanHash {
    /// The hash over what a plan will do: targets, stages, steps, limits and the way back.
    ///
    /// # Panics
    /// Never: the covered parts are plain data that always has a JSON form.
    #[must_use]
    pub fn over(
        action: &str,
        stages: &[Stage],
        limits: &Limits,
        pools: &[Pool],
        targets: &[PlanTarget],
        rollback: &Rollback,
    ) -> Self {
        let covered = Covered {
            action,
            stages,
            limits,
            pools,
            targets,
            rollback,
        };
        // Every map in it is ordered by key (`BTreeMap`), so equal plans give equal bytes.
        let json = serde_json::to_vec(&covered).expect("plain data has a JSON form");
        Self(format!(
            "sha256:{}",
            data_encoding::HEXLOWER.encode(&Sha256::digest(&json))
        ))
    }

    /// The hash as it is written in JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
