//! The machine from outside: events in, effects and states out.

mod courses;
mod transitions;
