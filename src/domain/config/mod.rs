//! Configuration: the JSON of an environment and of a project, merged, with the origin of every key.

mod key;
mod merged;

pub use key::{KeySpec, KeyType};
pub use merged::{ConfigError, MergedConfig, Origin};
