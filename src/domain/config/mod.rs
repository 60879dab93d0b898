//! Configuration: the JSON of an environment and of a project, merged, with the origin of every key.

mod approvals;
mod check;
mod key;
mod known_keys;
mod merge;
mod merged;
mod nearest;
mod rollout_keys;
mod schema;
mod shape;

pub use approvals::check_approvals;
pub use check::{check, is_reference};
pub use key::{KeySpec, KeyType};
pub use known_keys::{KNOWN_KEYS, KeyGroup, KnownKey, is_known_key, known_key};
pub use merge::merge;
pub use merged::{ConfigError, MergedConfig, Origin};
pub use nearest::nearest;
pub use rollout_keys::{check_rollout_key, rollout_keys_of};
pub use schema::json_schema;
pub use shape::{Shape, word_for};
