//! Proof by breaking: every step of every shipped script fails, is cut off, hangs and outlives its server, and the end
//! is still as told.

mod chaos;
mod course;
mod fleet;
mod fuse;
mod handed_over;
mod killed;
mod spoilt;
mod stand;
