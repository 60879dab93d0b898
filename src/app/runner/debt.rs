//! Output of an action that could not be put into the log as long as it ran: noted, so that it is read again after its end.

use tokio::sync::Mutex;

use crate::domain::action::ActionId;
use crate::store::{ServerId, Store};

/// What the log of one action is owed by this server.
pub(super) struct Debt {
    store: Store,
    action: ActionId,
    server: ServerId,
    /// After which number steps may have ended whose output is owed.
    from: u64,
    /// Held while the store is told, so that what gets into debt meanwhile is not noted as paid.
    is_open: Mutex<bool>,
}

impl Debt {
    /// Nothing is owed yet. Steps whose output may be owed one day have ended after the number `from`.
    pub(super) fn new(store: Store, action: ActionId, server: ServerId, from: u64) -> Self {
        Self {
            store,
            action,
            server,
            from,
            is_open: Mutex::new(false),
        }
    }

    /// Something is.
    pub(super) async fn note(&self) {
        let mut is_open = self.is_open.lock().await;
        *is_open = true;
        if let Err(error) = self.store.owe_log(self.action, &self.server, self.from).await {
            tracing::warn!(action = %self.action, %error, "it was not noted that the log lacks output of it");
        }
    }

    /// What servers before owed is in the log; nothing is noted where this one owes something.
    pub(super) async fn pay(&self) {
        let is_open = self.is_open.lock().await;
        if *is_open {
            return;
        }
        if let Err(error) = self.store.log_is_paid(self.action, &self.server).await {
            // Whoever goes on with the action hears it once more, which changes nothing.
            tracing::warn!(action = %self.action, %error, "it was not noted that the output of ended steps is in the log");
        }
    }

    pub(super) async fn is_open(&self) -> bool {
        *self.is_open.lock().await
    }
}
