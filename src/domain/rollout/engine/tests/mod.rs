//! The machine from outside: events in, effects and states out.

mod behaviour;
mod courses;
mod looks;
mod machines;
mod paused;
mod put_back;
mod transitions;
