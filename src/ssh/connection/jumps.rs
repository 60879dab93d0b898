//! Connections to jump hosts, shared by those who go the same way at the same time.
//!
//! `MaxSessions` does not count the channels that lead on to other hosts, but each is a socket of the one sshd process that
//! serves the connection, whose soft limit is often 1,024 descriptors, and one processor encrypts for all of them. So a
//! connection carries a bounded number of hosts, and the next ones get another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use russh::client::Handle;

use super::guard::Guard;
use super::leash::Leash;
use super::open::Made;

/// Ways that nobody goes are forgotten when there are more than so many.
const MANY: usize = 32;

/// A connection to a jump host: there as long as somebody goes that way.
pub(super) struct JumpConnection {
    pub(super) handle: Arc<Handle<Guard>>,
    /// Where it leads, hop after hop.
    pub(super) way: String,
    /// Cuts it when the last of them has gone.
    _leash: Leash,
    /// The one that carries it.
    before: Option<Arc<JumpConnection>>,
}

/// The connections of one way. The lock is held while one is made, so that all who wait for it share it.
pub(super) type Lanes = tokio::sync::Mutex<Vec<Weak<JumpConnection>>>;

/// Connections by the way they lead.
pub(super) struct Jumps {
    ways: Mutex<HashMap<String, Arc<Lanes>>>,
    hosts: usize,
}

impl JumpConnection {
    pub(super) fn new(made: Made, way: String, before: Option<Arc<Self>>) -> Self {
        Self {
            handle: Arc::new(made.handle),
            way,
            _leash: made.leash,
            before,
        }
    }

    /// Whether it has ended, or what carries it.
    pub(super) fn is_closed(&self) -> bool {
        self.handle.is_closed() || self.before.as_deref().is_some_and(Self::is_closed)
    }
}

impl Jumps {
    /// With so many hosts on each connection at most.
    pub(super) fn new(hosts: usize) -> Self {
        Self {
            ways: Mutex::default(),
            hosts: hosts.max(1),
        }
    }

    /// The connections over `way` (`user@host:port`, hop after hop).
    pub(super) fn lanes(&self, way: &str) -> Arc<Lanes> {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        if ways.len() > MANY {
            ways.retain(|_, lanes| is_used(lanes));
        }
        Arc::clone(ways.entry(way.to_owned()).or_default())
    }

    /// One of them that lives and has room; the dead ones are forgotten.
    pub(super) fn with_room(&self, lanes: &mut Vec<Weak<JumpConnection>>) -> Option<Arc<JumpConnection>> {
        let mut found = None;
        lanes.retain(|lane| {
            let Some(lane) = lane.upgrade().filter(|lane| !lane.is_closed()) else {
                return false;
            };
            // The one that has just been upgraded counts itself.
            if found.is_none() && Arc::strong_count(&lane) <= self.hosts {
                found = Some(lane);
            }
            true
        });
        found
    }
}

/// Somebody makes a connection there, or goes over one.
fn is_used(lanes: &Arc<Lanes>) -> bool {
    Arc::strong_count(lanes) > 1
        || lanes
            .try_lock()
            .map_or(true, |lanes| lanes.iter().any(|lane| lane.strong_count() > 0))
}

impl std::fmt::Debug for Jumps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jumps").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Jumps, MANY};

    #[test]
    fn ways_that_nobody_goes_are_forgotten() {
        let jumps = Jumps::new(64);
        let held = jumps.lanes("held");
        for way in 0..10 * MANY {
            jumps.lanes(&way.to_string());
        }
        let ways = jumps.ways.lock().expect("no panic");
        assert!(ways.len() <= MANY + 2, "{}", ways.len());
        assert!(ways.contains_key("held"));
        drop(held);
    }
}
