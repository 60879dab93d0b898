//! How many handshakes may be under way: over all hosts, and to one address. sshd sheds logins beyond `MaxStartups`
//! (10 by default), which bites at jump hosts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Handshakes at once over all hosts.
const EVERYWHERE: usize = 128;
/// Handshakes at once to one address and port.
const PER_ADDRESS: usize = 8;

/// Who may begin a handshake.
#[derive(Debug)]
pub(super) struct Limits {
    everywhere: Arc<Semaphore>,
    addresses: Mutex<HashMap<String, Arc<Semaphore>>>,
}

/// The right to be in a handshake, until it is dropped.
pub(super) struct Turn {
    _address: OwnedSemaphorePermit,
    _everywhere: OwnedSemaphorePermit,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            everywhere: Arc::new(Semaphore::new(EVERYWHERE)),
            addresses: Mutex::default(),
        }
    }
}

impl Limits {
    /// Waits for a turn at `address`. The wait at one address takes no place from the others.
    pub(super) async fn turn(&self, address: &str) -> Turn {
        let semaphore = {
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            // Addresses that nobody waits for or uses are forgotten now and then.
            if addresses.len() > 4 * EVERYWHERE {
                addresses.retain(|_, semaphore| Arc::strong_count(semaphore) > 1);
            }
            let semaphore = addresses
                .entry(address.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(PER_ADDRESS)));
            Arc::clone(semaphore)
        };
        let address = semaphore
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let everywhere = Arc::clone(&self.everywhere)
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        Turn {
            _address: address,
            _everywhere: everywhere,
        }
    }
}
