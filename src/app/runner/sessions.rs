//! One connection a target for the whole action.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::app::ports::{HostFailure, HostSession, Hosts};
use crate::domain::name::TargetName;
use crate::domain::target::Target;

type Cell = Arc<OnceCell<Arc<dyn HostSession>>>;

/// The sessions of one action, opened when first needed.
pub(super) struct Sessions {
    hosts: Arc<dyn Hosts>,
    open: Mutex<HashMap<TargetName, Cell>>,
}

impl Sessions {
    pub(super) fn new(hosts: Arc<dyn Hosts>) -> Self {
        Self {
            hosts,
            open: Mutex::default(),
        }
    }

    /// The session of a target. A connection that could not be made is tried again at the next call.
    pub(super) async fn get(&self, target: &Target) -> Result<Arc<dyn HostSession>, HostFailure> {
        let cell = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(open.entry(target.name.clone()).or_default())
        };
        cell.get_or_try_init(|| self.hosts.connect(target)).await.cloned()
    }

    /// Ends the connection of a target that needs it no more.
    pub(super) async fn close(&self, target: &TargetName) {
        let cell = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(target);
        if let Some(session) = cell.as_ref().and_then(|cell| cell.get()) {
            session.close().await;
        }
    }

    /// Ends them all.
    pub(super) async fn close_all(&self) {
        let names: Vec<TargetName> = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect();
        futures_util::future::join_all(names.iter().map(|name| self.close(name))).await;
    }
}
