//! How the log is getting on, for administrators: what waits, and what was set aside and why.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::App;
use crate::app::error::AppError;
use crate::app::view::{LogStateView, SetAsideView, SinkView};
use crate::domain::actor::Caller;

impl App {
    /// How the log is getting on. Entries of all spaces are in it, so it is for administrators of the server alone.
    pub async fn log_state(&self, caller: &Caller) -> Result<LogStateView, AppError> {
        if !caller.server_admin {
            let message = "how the log is getting on is for administrators of the server";
            return Err(AppError::Forbidden(message.to_owned()));
        }
        let figures = self.outside.log_health.figures();
        let (set_aside, unread) = if figures.refused.values().all(|refused| *refused == 0) {
            (BTreeMap::new(), None)
        } else {
            let health = Arc::clone(&self.outside.log_health);
            let read = tokio::task::spawn_blocking(move || health.set_aside())
                .await
                .map_err(|error| AppError::Internal(error.to_string()))?;
            match read {
                Ok(set_aside) => (set_aside, None),
                Err(error) => (BTreeMap::new(), Some(error.to_string())),
            }
        };
        let sinks = figures.waiting.iter().map(|(name, waiting)| SinkView {
            name: (*name).to_owned(),
            waiting: *waiting,
            trouble: figures.trouble.get(name).cloned(),
            refused: figures.refused.get(name).copied().unwrap_or(0),
            set_aside: set_aside
                .get(*name)
                .into_iter()
                .flatten()
                .map(SetAsideView::from)
                .collect(),
        });
        Ok(LogStateView {
            sinks: sinks.collect(),
            dropped: figures.dropped,
            full: figures.full,
            unread,
        })
    }
}
