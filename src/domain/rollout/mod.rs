//! The rollout engine: one pure machine, `(state, event, now) -> (state, effects)`.
//!
//! Staggered, canary, rolling, rings and all-at-once are lists of stages for it, not engines of their own.

mod effect;
mod event;

pub use effect::{Effect, Timer};
pub use event::{Event, GateVerdict, PoolSeen, Steer, StepResult, Way};
