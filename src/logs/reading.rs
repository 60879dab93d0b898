//! Where the log is read: in Elasticsearch where it is on, else in the built-in store.
//!
//! The built-in store gets everything in any case. It knows what this server wrote even while Elasticsearch is down, so that
//! following an action and going on with one after a restart depend on nothing outside. What another server wrote is there alone.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::elasticsearch::ElasticsearchLogs;
use super::embedded::EmbeddedLogs;
use super::kept;
use super::pipeline::Pipeline;
use super::sink::Sink as _;
use crate::app::ports::{LogError, LogOrder, LogPage, LogQuery, LogSearch, OutputOf, OutputRead};
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
    /// Other servers may work on the same actions, and have their own built-in stores.
    is_shared: bool,
    /// Everything below this number of the spool can be searched in Elasticsearch.
    searchable: Arc<AtomicU64>,
}

impl Reading {
    /// What was written to the pipeline, whose sinks these are. Where `is_shared`, other servers may have written of an action too.
    #[must_use]
    pub fn new(
        pipeline: Pipeline,
        local: EmbeddedLogs,
        remote: Option<ElasticsearchLogs>,
        is_shared: bool,
    ) -> Self {
        Self {
            pipeline,
            local,
            remote,
            is_shared,
            searchable: Arc::default(),
        }
    }

    /// The built-in store, once it has what was written before.
    async fn local(&self) -> Result<&EmbeddedLogs, LogError> {
        self.local_within(LOCAL_PATIENCE).await
    }

    async fn local_within(&self, patience: Duration) -> Result<&EmbeddedLogs, LogError> {
        if self.pipeline.reached(kept::NAME, patience).await {
            Ok(&self.local)
        } else {
            Err(LogError(
                "the built-in store is behind with writing: try again in a moment".to_owned(),
            ))
        }
    }

    /// The last number that this server knows of an action, if any; nothing where the built-in store does not say so soon, on
    /// which a page of Elasticsearch does not hang.
    async fn known_here(&self, action: ActionId) -> Option<Option<u64>> {
        let local = self.local_within(EXTRA_PATIENCE).await.ok()?;
        let asked = tokio::time::timeout(EXTRA_PATIENCE, local.last_seq(action)).await;
        asked.ok()?.ok()
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
        // Of an action under way two bulks may be on their way, and the later be searchable first: whoever saw it would page on
        // behind what was in the other. What this server knew before is searchable once it was refreshed, without a gap.
        let known = self.known_here(query.action).await;
        let head = self.pipeline.spool().head();
        if !self.pipeline.reached(remote.name(), REMOTE_PATIENCE).await {
            return Err(LogError("Elasticsearch is behind with writing".to_owned()));
        }
        let is_new = self.searchable.load(Ordering::Acquire) < head;
        if is_new || is_followed || query.after.is_none() {
            remote.refresh().await?;
            self.searchable.fetch_max(head, Ordering::AcqRel);
        }
        let page = remote.page(query).await?;
        let Some(known) = known else {
            return Ok(page);
        };
        if page.entries.iter().all(|entry| Some(entry.seq) <= known) {
            return Ok(page);
        }
        // What it did not know is another server's, which took the action over, or was written meanwhile.
        Ok(if self.known_here(query.action).await == Some(known) {
            page
        } else {
            up_to(known, page, query.order)
        })
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
        let (true, true, Some(remote)) = (self.is_shared, local == OutputRead::default(), &self.remote)
        else {
            return Ok(local);
        };
        // Another server may have begun with it, and what it wrote is there alone. Where that cannot be known, an empty answer
        // would have all of it written a second time.
        if self.pipeline.is_gone(remote.name()) {
            return Err(LogError("Elasticsearch is not there".to_owned()));
        }
        tokio::time::timeout(EXTRA_PATIENCE, remote.output_read(of))
            .await
            .unwrap_or_else(|_| Err(LogError("Elasticsearch does not answer in time".to_owned())))
    }
}

/// What of a page is there without a gap: its entries up to this number.
fn up_to(known: Option<u64>, mut page: LogPage, order: LogOrder) -> LogPage {
    page.entries.retain(|entry| Some(entry.seq) <= known);
    if order == LogOrder::OldestFirst {
        page.next = None;
    }
    page
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{Reading, up_to};
    use crate::app::ports::{LogOrder, LogPage, LogSearch as _, OutputOf, OutputRead};
    use crate::domain::action::ActionId;
    use crate::domain::log_context::LogContext;
    use crate::domain::log_entry::{LogEntry, LogLevel};
    use crate::domain::log_event::LogEvent;
    use crate::domain::mask::Masked;
    use crate::domain::name::TargetName;
    use crate::domain::timestamp::Timestamp;
    use crate::logs::elasticsearch::{ElasticsearchLogs, ElasticsearchOptions};
    use crate::logs::embedded::EmbeddedLogs;
    use crate::logs::pipeline::Pipeline;
    use crate::logs::sink::Sink;
    use crate::logs::spool::SpoolOptions;

    #[tokio::test]
    async fn how_far_an_output_is_logged_is_not_known_while_elasticsearch_does_not_say() {
        let of = OutputOf {
            action: ActionId::from_parts(Timestamp::from_millis(1_795_228_610_000), [0; 10]),
            target: TargetName::parse("web-1").unwrap(),
            step: "start".to_owned(),
            attempt: 1,
        };
        // Bound, and nobody listens.
        let nobody = tokio::net::TcpSocket::new_v4().unwrap();
        nobody.bind(([127, 0, 0, 1], 0).into()).unwrap();
        let port = nobody.local_addr().unwrap();
        let options = ElasticsearchOptions::new(vec![format!("http://{port}")]);
        let remote = ElasticsearchLogs::new(&options).unwrap();
        let cases = [(None, false), (Some(remote.clone()), false), (Some(remote), true)];
        for ((remote, delivers), is_shared) in cases
            .into_iter()
            .flat_map(|case| [(case.clone(), true), (case, false)])
        {
            let folder = tempfile::tempdir().unwrap();
            let local = EmbeddedLogs::open(&folder.path().join("log.db")).await.unwrap();
            let mut sinks: Vec<Arc<dyn Sink>> = vec![Arc::new(local.clone())];
            if let (Some(remote), true) = (&remote, delivers) {
                sinks.push(Arc::new(remote.clone()));
            }
            let pipeline = Pipeline::start(SpoolOptions::new(folder.path().join("spool")), sinks).unwrap();
            let reading = Reading::new(pipeline.clone(), local, remote.clone(), is_shared);
            let read = reading.output_read(&of).await;
            if remote.is_some() && is_shared {
                assert!(read.is_err(), "{read:?}, delivers: {delivers}");
            } else {
                assert_eq!(
                    read.unwrap(),
                    OutputRead::default(),
                    "nobody else can have begun with it"
                );
            }
            pipeline.close(std::time::Duration::from_secs(1)).await;
        }
    }

    #[test]
    fn a_page_ends_before_what_may_have_a_gap_and_older_ones_go_on() {
        let time = Timestamp::from_millis(1_795_228_610_000);
        let entry = |seq| {
            let of = (ActionId::from_parts(time, [0; 10]), seq);
            let context = Arc::new(LogContext::default());
            LogEntry::new(
                context,
                of,
                time,
                LogLevel::Detail,
                LogEvent::Output,
                Masked::literal("x"),
            )
        };
        let page = |seqs: &[u64]| LogPage {
            entries: seqs.iter().copied().map(entry).collect(),
            next: seqs.last().copied(),
        };
        for (known, order, found, kept, next) in [
            (
                Some(9),
                LogOrder::OldestFirst,
                vec![8, 9, 12, 13],
                vec![8, 9],
                None,
            ),
            (
                Some(9),
                LogOrder::NewestFirst,
                vec![13, 12, 9, 8],
                vec![9, 8],
                Some(8),
            ),
            (Some(9), LogOrder::NewestFirst, vec![13, 12], vec![], Some(12)),
            (None, LogOrder::OldestFirst, vec![2, 3], vec![], None),
        ] {
            let page = up_to(known, page(&found), order);
            assert_eq!(
                page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(),
                kept
            );
            assert_eq!(page.next, next);
        }
    }
}
