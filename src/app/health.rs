//! Is this server fit to work, and what has it done?

use std::fmt::Write as _;

use crate::app::App;

/// A part that is not fit, for `/readyz`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfit {
    /// `store`, `log` or `disk`.
    pub part: &'static str,
    /// What is wrong with it.
    pub message: String,
}

/// Free bytes on the data folder's disk below which the server is not ready.
const FREE_BYTES: u64 = 64 * 1024 * 1024;

impl App {
    /// The parts that are not fit; none where all is well.
    pub async fn unfit(&self) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        if let Err(error) = self.store.ping().await {
            unfit.push(Unfit {
                part: "store",
                message: error.to_string(),
            });
        }
        let probe = crate::domain::action::ActionId::from_parts(self.outside.clock.now(), [0; 10]);
        if let Err(error) = self.outside.log_search.last_seq(probe).await {
            unfit.push(Unfit {
                part: "log",
                message: error.to_string(),
            });
        }
        match rustix::fs::statvfs(&self.settings.data_dir) {
            Ok(disk) if disk.f_bavail.saturating_mul(disk.f_frsize) < FREE_BYTES => unfit.push(Unfit {
                part: "disk",
                message: "less than 64 MiB are free where the data folder lives".to_owned(),
            }),
            Ok(_) => {}
            Err(error) => unfit.push(Unfit {
                part: "disk",
                message: error.to_string(),
            }),
        }
        unfit
    }

    /// The figures of the use cases, as Prometheus text. No names of hosts or users.
    pub async fn metrics(&self) -> String {
        let mut text = String::new();
        text.push_str("# HELP edgewise_actions_total Actions by how they are getting on or ended.\n");
        text.push_str("# TYPE edgewise_actions_total counter\n");
        match self.store.status_counts().await {
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
        self.runner.figures().render(&mut text);
        text
    }
}
