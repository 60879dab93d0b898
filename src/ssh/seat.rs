//! Where a session's connection is kept: open while somebody works with it, closed where others wait for its place.

use std::sync::{Arc, Weak};

use futures_util::future::{BoxFuture, FutureExt as _};
use tokio::sync::Mutex;

use super::config::HostConfig;
use super::connection::{Connection, Dialer};
use super::error::SshError;
use super::places::{Party, Place, Use, Vacates};

/// A host's seat: its place among all connections, and the connection.
pub(super) struct Seat {
    pub(super) dialer: Arc<Dialer>,
    pub(super) host: HostConfig,
    party: Party,
    place: Mutex<Option<Place>>,
    /// With the number of the place it was opened by.
    open: Mutex<Option<(u64, Arc<Connection>)>>,
}

/// Somebody works with the host: its connection stays, or is opened again, as long as this lives.
pub(super) struct Seated<'a> {
    seat: &'a Seat,
    used: Use,
}

impl Seat {
    pub(super) fn new(dialer: Arc<Dialer>, host: HostConfig, party: Party) -> Arc<Self> {
        Arc::new(Self {
            dialer,
            host,
            party,
            place: Mutex::default(),
            open: Mutex::default(),
        })
    }

    /// Begins to work with the host. Where all places are taken it waits for its turn, which has no time limit; giving up the
    /// wait is harmless.
    pub(super) async fn sit(self: &Arc<Self>) -> Seated<'_> {
        let mut place = self.place.lock().await;
        let entered = place.as_ref().and_then(Place::enter);
        let used = if let Some(used) = entered {
            used
        } else {
            // It was asked back. Whoever closes its connection does so, or has done; there will be another.
            *place = None;
            let holder: Arc<dyn Vacates> = Arc::clone(self) as _;
            let holder: Weak<dyn Vacates> = Arc::downgrade(&holder);
            let (taken, used) = self.dialer.places().take(self.party, holder).await;
            *place = Some(taken);
            used
        };
        Seated { seat: self, used }
    }

    /// Closes the connection and gives the place back. Who works with the host meanwhile opens another.
    pub(super) async fn close(&self) {
        let open = self.open.lock().await.take();
        if let Some((_, connection)) = open {
            connection.close().await;
        }
        // Locked by somebody who is just asking for a place, it holds none.
        if let Ok(mut place) = self.place.try_lock() {
            *place = None;
        }
    }
}

impl Seated<'_> {
    /// The connection, opened anew where it has ended.
    ///
    /// # Errors
    /// [`SshError`]: what stood in the way.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>, SshError> {
        let mut open = self.seat.open.lock().await;
        if let Some((number, connection)) = open.as_ref()
            && *number == self.used.number()
            && !connection.is_closed()
        {
            return Ok(Arc::clone(connection));
        }
        // What is left of another one ends when nobody uses it any more.
        *open = None;
        let connection = Arc::new(self.seat.dialer.connect(self.seat.host.clone()).await?);
        *open = Some((self.used.number(), Arc::clone(&connection)));
        Ok(connection)
    }

    /// Leaves the connection to those who use it; the next one is another.
    pub(super) async fn renew(&self) {
        *self.seat.open.lock().await = None;
    }
}

impl Vacates for Seat {
    fn vacate(self: Arc<Self>, number: u64) -> BoxFuture<'static, ()> {
        async move {
            let mut open = self.open.lock().await;
            let left = open.take_if(|(of, _)| *of == number);
            drop(open);
            if let Some((_, connection)) = left {
                tracing::debug!(host = %self.host.place(), "an idle connection is closed, others wait for its place");
                connection.close().await;
            }
        }
        .boxed()
    }
}
