//! Connections to jump hosts, shared by all who go the same way at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use russh::client::Handle;

use super::guard::Guard;

/// A connection that is there as long as somebody uses it. The lock is held while it is made, so that it is made once.
type Shared = tokio::sync::Mutex<Weak<Handle<Guard>>>;

/// Connections by the way they lead.
#[derive(Default)]
pub(super) struct Jumps(Mutex<HashMap<String, Arc<Shared>>>);

impl Jumps {
    /// The place of the connection over `way` (`user@host:port`, hop after hop).
    pub(super) fn place(&self, way: &str) -> Arc<Shared> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(places.entry(way.to_owned()).or_default())
    }
}

impl std::fmt::Debug for Jumps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jumps").finish_non_exhaustive()
    }
}
