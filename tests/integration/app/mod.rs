//! The use cases where time matters, on a clock that the tests move.

mod background;
mod following;
mod waits;
