//! The log of a server: the spool, and a drain to each sink behind it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::aside;
use super::drain::Drain;
use super::sink::Sink;
use super::spool::{Spool, SpoolError, SpoolOptions};
use crate::app::ports::{LogError, LogFigures, LogHealth, LogSink, SetAside};
use crate::domain::log_entry::LogEntry;

/// The log of a server. Cheap to clone.
#[derive(Clone)]
pub struct Pipeline {
    spool: Spool,
    drains: Arc<Vec<Arc<Drain>>>,
    stop: CancellationToken,
    tasks: TaskTracker,
    running: Arc<Vec<tokio::task::AbortHandle>>,
    folder: Arc<Path>,
}

impl Pipeline {
    /// Opens the spool and begins to deliver to these sinks, on the runtime it is called on.
    ///
    /// # Errors
    /// [`SpoolError`] where the spool cannot be used.
    pub fn start(options: SpoolOptions, sinks: Vec<Arc<dyn Sink>>) -> Result<Self, SpoolError> {
        let folder = options.folder.clone();
        let names: Vec<&str> = sinks.iter().map(|sink| sink.name()).collect();
        let spool = Spool::open(options, &names)?;
        Ok(Self::deliver(spool, &folder, sinks))
    }

    fn deliver(spool: Spool, folder: &Path, sinks: Vec<Arc<dyn Sink>>) -> Self {
        let stop = CancellationToken::new();
        let tasks = TaskTracker::new();
        let drains: Vec<Arc<Drain>> = sinks
            .into_iter()
            .map(|sink| Arc::new(Drain::new(sink, spool.clone(), folder)))
            .collect();
        let running = drains
            .iter()
            .map(|drain| tasks.spawn(Arc::clone(drain).run(stop.clone())).abort_handle())
            .collect();
        Self {
            spool,
            drains: Arc::new(drains),
            stop,
            tasks,
            running: Arc::new(running),
            folder: folder.into(),
        }
    }

    /// The spool.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Waits until a sink has everything that was written before, at most so long; says whether it has.
    pub async fn reached(&self, sink: &str, patience: Duration) -> bool {
        let head = self.spool.head();
        let Some(drain) = self.drains.iter().find(|drain| drain.name() == sink) else {
            return false;
        };
        // One that takes nothing at the moment is not waited for.
        tokio::time::timeout(patience, drain.reached_or_gone(head))
            .await
            .unwrap_or(false)
    }

    /// Whether a sink takes nothing at the moment.
    #[must_use]
    pub fn is_gone(&self, sink: &str) -> bool {
        let drain = self.drains.iter().find(|drain| drain.name() == sink);
        drain.is_none_or(|drain| drain.trouble().is_some())
    }

    /// Waits until every sink has everything that was written before, at most so long; says how many entries are left for
    /// each that has not.
    pub async fn drained(&self, patience: Duration) -> BTreeMap<&'static str, u64> {
        let head = self.spool.head();
        let all = futures_util::future::join_all(self.drains.iter().map(|drain| drain.reached(head)));
        // Either way what is left is counted.
        let _ = tokio::time::timeout(patience, all).await;
        self.left()
    }

    fn left(&self) -> BTreeMap<&'static str, u64> {
        let backlog = self.spool.backlog();
        self.drains
            .iter()
            .filter_map(|drain| Some((drain.name(), *backlog.get(drain.name())?)))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Delivers for so long what is there, then stops; what is left waits in the spool for the next start. Says how much.
    pub async fn close(&self, patience: Duration) -> BTreeMap<&'static str, u64> {
        let until = tokio::time::Instant::now() + patience;
        let head = self.spool.head();
        // A sink that is not there is not waited for: the spool keeps what is its own.
        for drain in &*self.drains {
            // Either way what is left is counted.
            let _ = tokio::time::timeout_at(until, drain.reached_or_gone(head)).await;
        }
        self.stop.cancel();
        self.tasks.close();
        let ending = tokio::time::timeout(Duration::from_secs(1), self.tasks.wait());
        if ending.await.is_err() {
            // A sink is still at it; what it has by now comes again, which does no harm.
            for task in &*self.running {
                task.abort();
            }
            self.tasks.wait().await;
        }
        self.spool.close().await;
        self.left()
    }
}

#[async_trait]
impl LogSink for Pipeline {
    async fn write(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        self.spool.write(entries).await
    }
}

impl LogHealth for Pipeline {
    fn refusal(&self) -> Option<String> {
        self.spool.refusal()
    }

    fn set_aside(&self) -> Result<BTreeMap<String, Vec<SetAside>>, LogError> {
        aside::set_aside(&self.folder).map_err(|error| LogError(error.to_string()))
    }

    fn figures(&self) -> LogFigures {
        let waiting = self.spool.backlog();
        let of = |drain: &Arc<Drain>| (drain.name(), waiting.get(drain.name()).copied().unwrap_or(0));
        LogFigures {
            waiting: self.drains.iter().map(of).collect(),
            refused: self
                .drains
                .iter()
                .map(|drain| (drain.name(), drain.refused()))
                .collect(),
            trouble: self
                .drains
                .iter()
                .filter_map(|drain| Some((drain.name(), drain.trouble()?.0)))
                .collect(),
            dropped: self.spool.dropped(),
            full: self.spool.trouble(),
        }
    }
}
