//! The machine from outside: events in, effects and states out.

mod analysis;
mod behaviour;
mod capacity;
mod courses;
mod deferred;
mod gates;
mod looks;
mod machines;
mod paused;
mod progress_deadline;
mod proof;
mod put_back;
mod steps;
mod stopped;
mod transitions;
