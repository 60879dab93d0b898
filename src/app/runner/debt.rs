//! Output of an action that could not be put into the log as long as it ran: noted, so that it is read again after its end.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::action::ActionId;
use crate::store::{ServerId, Store};

/// What the log of one action is owed by this server.
pub(super) struct Debt {
    store: Store,
    action: ActionId,
    server: ServerId,
    /// After which number steps may have ended whose output is owed.
    from: u64,
    is_open: AtomicBool,
}

impl Debt {
    /// Nothing is owed yet. Steps whose output may be owed one day have ended after the number `from`.
    pub(super) fn new(store: Store, action: ActionId, server: ServerId, from: u64) -> Self {
        Self {
            store,
            action,
            server,
            from,
            is_open: AtomicBool::new(false),
        }
    }

    /// Something is.
    pub(super) async fn note(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        if let Err(error) = self.store.owe_log(self.action, &self.server, self.from).await {
            tracing::warn!(action = %self.action, %error, "it was not noted that the log lacks output of it");
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.is_open.load(Ordering::SeqCst)
    }
}
