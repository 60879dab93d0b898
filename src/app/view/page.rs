//! One page of a listing.

use serde::{Deserialize, Serialize};

/// One page of a listing, and where the next begins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// What to ask for the next page with; null on the last.
    pub next: Option<String>,
}
