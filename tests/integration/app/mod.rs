//! The use cases where time matters, on a clock that the tests move.

mod background;
mod choosing;
mod door;
mod following;
mod going_back;
mod killed_before_the_log;
mod output;
mod quarantine;
mod queueing;
mod secrets_after_a_restart;
mod side_by_side;
mod steering;
mod stopping;
mod story;
mod telling;
mod trouble;
mod versions;
mod waits;
