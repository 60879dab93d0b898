//! Where the log is read: in Elasticsearch where it is on, else in the built-in store.
//!
//! The built-in store gets everything in any case. It knows what this server wrote even while Elasticsearch is down, so that
//! following an action and going on with one after a restart depend on nothing outside.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

use super::elasticsearch::ElasticsearchLogs;
use super::embedded::EmbeddedLogs;
use super::kept;
use super::pipeline::Pipeline;
use super::sink::Sink as _;
use crate::app::ports::{LogError, LogPage, LogQuery, LogSearch, OutputOf, OutputRead};
use crate::domain::action::ActionId;
use crate::domain::name::TargetName;
use crate::domain::output_limit::Amount;

/// How long a reader waits for what is on its way to the built-in store.
const LOCAL_PATIENCE: Duration = Duration::from_secs(10);
/// How long a reader waits for what is on its way to Elasticsearch, before the built-in store answers instead.
const REMOTE_PATIENCE: Duration = Duration::from_secs(2);
/// How long a question is worth asking whose answer is not necessary.
const EXTRA_PATIENCE: Duration = Duration::from_secs(1);

/// The log as it is read. Cheap to clone.
#[derive(Clone)]
pub struct Reading {
    pipeline: Pipeline,
    local: EmbeddedLogs,
    remote: Option<ElasticsearchLogs>,
}

impl Reading {
    /// What was written to the pipeline, whose sinks these are.
    #[must_use]
    pub fn new(pipeline: Pipeline, local: EmbeddedLogs, remote: Option<ElasticsearchLogs>) -> Self {
        Self {
            pipeline,
            local,
            remote,
        }
    }

    /// The built-in store, once it has what was written before.
    async fn local(&self) -> Result<&EmbeddedLogs, LogError> {
        if self.pipeline.reached(kept::NAME, LOCAL_PATIENCE).await {
            Ok(&self.local)
        } else {
            Err(LogError(
                "the built-in store is behind with writing: try again in a moment".to_owned(),
            ))
        }
    }

    /// Elasticsearch, where it is on and was there when it was last spoken to.
    fn remote_if_there(&self) -> Option<&ElasticsearchLogs> {
        let remote = self.remote.as_ref()?;
        (!self.pipeline.is_gone(remote.name())).then_some(remote)
    }

    /// A page of Elasticsearch, once what was written before can be searched there.
    async fn remote_page(
        &self,
        remote: &ElasticsearchLogs,
        query: &LogQuery,
        is_followed: bool,
    ) -> Result<LogPage, LogError> {
        if !self.pipeline.reached(remote.name(), REMOTE_PATIENCE).await {
            return Err(LogError("Elasticsearch is behind with writing".to_owned()));
        }
        // Who pages on sees what could be searched when it began; who follows takes a page's end for the end of what there is.
        if is_followed || query.after.is_none() {
            remote.refresh().await?;
        }
        remote.page(query).await
    }

    async fn page_for(&self, query: &LogQuery, is_followed: bool) -> Result<LogPage, LogError> {
        let Some(remote) = &self.remote else {
            return self.local().await?.page(query).await;
        };
        let error = match self.remote_page(remote, query, is_followed).await {
            Ok(page) => return Ok(page),
            Err(error) => error,
        };
        // What this server wrote is here as well. What it knows nothing of may be there, so that nothing found would be a lie.
        if self.local.last_seq(query.action).await?.is_some() {
            tracing::debug!(action = %query.action, %error, "the log is read in the built-in store");
            return self.local().await?.page(query).await;
        }
        Err(error)
    }
}

#[async_trait]
impl LogSearch for Reading {
    async fn page(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        self.page_for(query, false).await
    }

    async fn followed(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        match self.page_for(query, true).await {
            Ok(page) => Ok(page),
            // An action that has just begun is known nowhere yet, and is followed all the same.
            Err(_) => self.local().await?.page(query).await,
        }
    }

    async fn last_seq(&self, action: ActionId) -> Result<Option<u64>, LogError> {
        let local = self.local().await?.last_seq(action).await?;
        let (None, Some(remote)) = (local, self.remote_if_there()) else {
            return Ok(local);
        };
        // Another server's action: worth asking, and nothing hangs on it.
        match tokio::time::timeout(EXTRA_PATIENCE, remote.last_seq(action)).await {
            Ok(Ok(last)) => Ok(last),
            _ => Ok(None),
        }
    }

    async fn said(&self, action: ActionId) -> Result<HashMap<TargetName, Amount>, LogError> {
        self.local().await?.said(action).await
    }

    async fn output_read(&self, of: &OutputOf) -> Result<OutputRead, LogError> {
        let local = self.local().await?.output_read(of).await?;
        let (true, Some(remote)) = (local == OutputRead::default(), self.remote_if_there()) else {
            return Ok(local);
        };
        match tokio::time::timeout(EXTRA_PATIENCE, remote.output_read(of)).await {
            Ok(Ok(read)) => Ok(read),
            _ => Ok(local),
        }
    }
}
