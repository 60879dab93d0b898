//! One connection a target for the whole action.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::app::ports::{HostFailure, HostSession, Hosts};
use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::target::Target;

use super::figures::{Figures, OpenSession};

type Cell = Arc<OnceCell<Open>>;

/// A session, counted while it is open.
struct Open {
    session: Arc<dyn HostSession>,
    _counted: OpenSession,
}

/// The sessions of one action, opened when first needed.
pub(super) struct Sessions {
    action: ActionId,
    hosts: Arc<dyn Hosts>,
    figures: Figures,
    open: Mutex<HashMap<TargetName, Cell>>,
}

impl Sessions {
    pub(super) fn new(action: ActionId, hosts: Arc<dyn Hosts>, figures: Figures) -> Self {
        Self {
            action,
            hosts,
            figures,
            open: Mutex::default(),
        }
    }

    /// The session of a target. A connection that could not be made is tried again at the next call. Giving up the wait
    /// is harmless.
    pub(super) async fn get(&self, target: &Target) -> Result<Arc<dyn HostSession>, HostFailure> {
        let cell = {
            let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(open.entry(target.name.clone()).or_default())
        };
        let open = cell
            .get_or_try_init(|| async {
                let session = self.hosts.connect(self.action, target).await?;
                Ok::<_, HostFailure>(Open {
                    session,
                    _counted: self.figures.session(),
                })
            })
            .await?;
        Ok(Arc::clone(&open.session))
    }

    /// Ends the connection of a target that needs it no more.
    pub(super) async fn close(&self, target: &TargetName) {
        let cell = self
            .open
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(target);
        if let Some(open) = cell.as_ref().and_then(|cell| cell.get()) {
            open.session.close().await;
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
