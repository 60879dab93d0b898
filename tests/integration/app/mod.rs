//! The use cases where time matters, on a clock that the tests move.

mod following;
mod waits;
