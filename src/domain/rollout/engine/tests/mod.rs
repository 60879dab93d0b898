//! The machine from outside: events in, effects and states out.

mod behaviour;
mod courses;
mod deferred;
mod looks;
mod machines;
mod paused;
mod progress_deadline;
mod proof;
mod put_back;
mod stopped;
mod transitions;
