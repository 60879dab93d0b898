//! Texts that may hold what is not known, and what can be done to them.

pub mod arithmetic;
pub mod brace;
pub mod decode;
pub mod glob;
pub mod text;
