//! The rollout engine: one pure machine, `(state, event, now) -> (state, effects)`.
//!
//! Staggered, canary, rolling, rings and all-at-once are lists of stages for it, not engines of their own:
//! [`strategy`] makes those lists, [`Rollout`] runs them, [`simulate`] does so on made-up hosts.

mod decision;
mod effect;
mod engine;
mod event;
mod facts;
#[cfg(test)]
mod fixture;
mod numbers;
mod progress;
mod queue;
mod refused;
mod settings;
mod shape;
pub mod simulate;
pub mod strategy;

pub use decision::Decision;
pub use effect::{Effect, Timer};
pub use engine::Rollout;
pub use event::{Event, PoolCount, PoolHeld, Steer, StepResult, Way};
pub use progress::{Counts, StageProgress, StageStatus, StepProgress, StepState, TargetProgress};
pub use refused::Refused;
pub use settings::RolloutSettings;
