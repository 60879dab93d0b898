//! Is this server fit to work, and what has it done?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::app::ports::LogFigures;
use crate::store::{StatusCount, Store, StoreError};

/// A part that is not fit, for `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// `store`, `log`, `spool` or `disk`.
    pub part: &'static str,
    /// What is wrong with it, for anybody: the cause is in the log.
    pub message: &'static str,
}

/// Free bytes on the data folder's disk below which the server is not ready.
const FREE_BYTES: u64 = 64 * 1024 * 1024;

impl App {
    /// The parts that are not fit; none where all is well.
    pub async fn unfit(&self) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        if let Err(error) = self.store.ping().await {
            tracing::warn!(%error, "the store is not fit");
            unfit.push(Unfit {
                part: "store",
                message: "it does not answer",
            });
        }
        let probe = crate::domain::action::ActionId::from_parts(self.outside.clock.now(), [0; 10]);
        if let Err(error) = self.outside.log_search.last_seq(probe).await {
            tracing::warn!(%error, "the log store is not fit");
            unfit.push(Unfit {
                part: "log",
                message: "it does not answer",
            });
        }
        if let Some(why) = self.outside.log_health.figures().full {
            tracing::warn!(why, "the log spool is not fit");
            unfit.push(Unfit {
                part: "spool",
                message: "it does not take everything: the disk or its bound is full",
            });
        }
        match rustix::fs::statvfs(&self.settings.data_dir) {
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < FREE_BYTES => unfit.push(Unfit {
                part: "disk",
                message: "less than 64 MiB are free where the data folder lives",
            }),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "the data folder cannot be looked at");
                unfit.push(Unfit {
                    part: "disk",
                    message: "the data folder cannot be looked at",
                });
            }
        }
        unfit
    }

    /// The figures of the use cases, as Prometheus text. No names of hosts or users.
    pub async fn metrics(&self) -> String {
        let mut text = String::new();
        // A gauge in spite of its name: an action leaves a status for another, and old ones are forgotten.
        text.push_str(
            "# HELP edgewise_actions_total Actions that are kept, by how they are getting on or ended.\n",
        );
        text.push_str("# TYPE edgewise_actions_total gauge\n");
        match self.action_counts.of(&self.store).await {
            Ok(counts) => {
                for count in counts {
                    let _ = writeln!(
                        text,
                        "edgewise_actions_total{{space=\"{}\",project=\"{}\",action=\"{}\",status=\"{}\"}} {}",
                        count.space, count.project, count.action, count.status, count.count
                    );
                }
            }
            Err(error) => tracing::warn!(%error, "the store did not answer: no figures of actions"),
        }
        text.push_str("# HELP edgewise_event_streams Followers of actions that are being told of them.\n");
        text.push_str("# TYPE edgewise_event_streams gauge\n");
        let _ = writeln!(text, "edgewise_event_streams {}", self.feed.followers());
        render_log(&self.outside.log_health.figures(), &mut text);
        self.runner.figures().render(&mut text);
        text
    }
}

/// The figures of the log, as Prometheus text.
fn render_log(figures: &LogFigures, text: &mut String) {
    let mut one = |name: &str, kind: &str, help: &str, values: &[(String, u64)]| {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let whole = |value: u64| vec![(String::new(), value)];
    let by_sink = |counts: &BTreeMap<&'static str, u64>| -> Vec<(String, u64)> {
        counts
            .iter()
            .map(|(sink, count)| (format!("{{sink=\"{sink}\"}}"), *count))
            .collect()
    };
    let most = figures.waiting.values().max().copied().unwrap_or(0);
    one(
        "edgewise_log_spool_records",
        "gauge",
        "Log entries in the spool that not every sink has got yet.",
        &whole(most),
    );
    one(
        "edgewise_log_sink_waiting_records",
        "gauge",
        "Log entries in the spool that this sink has not got yet.",
        &by_sink(&figures.waiting),
    );
    one(
        "edgewise_log_refused_records",
        "gauge",
        "Log entries that this sink refused, which are set aside in the data folder.",
        &by_sink(&figures.refused),
    );
    one(
        "edgewise_log_dropped_records_total",
        "counter",
        "Log entries of detail that were left out because there was no room.",
        &whole(figures.dropped),
    );
}

/// How long the counts of actions are good for: they take a look at every action, and anybody may ask.
const COUNTS_LAST: Duration = Duration::from_secs(1);

/// The last counts of actions. Those who ask together get the same.
#[derive(Default)]
pub(crate) struct ActionCounts(tokio::sync::Mutex<Option<(Instant, Vec<StatusCount>)>>);

impl ActionCounts {
    async fn of(&self, store: &Store) -> Result<Vec<StatusCount>, StoreError> {
        let mut last = self.0.lock().await;
        if let Some((at, counts)) = &*last
            && at.elapsed() < COUNTS_LAST
        {
            return Ok(counts.clone());
        }
        let counts = store.status_counts().await?;
        *last = Some((Instant::now(), counts.clone()));
        Ok(counts)
    }
}
