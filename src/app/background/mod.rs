//! What the server does besides actions: forgetting what is old, cleaning up on hosts, and telling others.
//!
//! Each chore is woken by a timer and by a signal, is told nothing, and can be done twice: it looks for itself what is to
//! be done, so one that was missed or cut off is made good by the next.

mod forget;
mod sweep;

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::App;
use super::messenger::Messenger;
use super::ports::{Clock, LogError};
use crate::store::StoreError;

use forget::{ForgetActions, ForgetLog};
use sweep::SweepHosts;

/// How long what is over is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keeping {
    /// Days that steps' folders stay on their hosts.
    pub host_days: u32,
    /// Days that a finished action stays in the store ...
    pub action_days: u32,
    /// ... and how many of each project stay however old they are.
    pub actions_of_project: u32,
    /// Days that the log of an action stays.
    pub log_days: u32,
    /// Bytes that the log may take up.
    pub log_bytes: u64,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            host_days: 7,
            action_days: 365,
            actions_of_project: 50,
            log_days: 90,
            log_bytes: 10 << 30,
        }
    }
}

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Something that is done again and again.
#[async_trait]
trait Chore: Send + Sync {
    /// What the log calls it.
    fn name(&self) -> &'static str;
    /// Seconds from one time to the next.
    fn every(&self) -> u64;
    /// Does what is to be done now; says how much that was.
    async fn run(&self) -> Result<usize, ChoreError>;
}

/// Why a chore was not done. The next time makes it good.
#[derive(Debug, thiserror::Error)]
enum ChoreError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Log(#[from] LogError),
}

/// The chores of a server, under way until they are stopped.
pub struct Background {
    tasks: TaskTracker,
    stopping: CancellationToken,
    wake: Vec<Arc<Notify>>,
}

impl Background {
    /// Begins with all of them.
    #[must_use]
    pub fn start(app: &App) -> Self {
        let chores: [Arc<dyn Chore>; 3] = [
            Arc::new(ForgetActions::new(app)),
            Arc::new(ForgetLog::new(app)),
            Arc::new(SweepHosts::new(app)),
        ];
        let mut background = Self {
            tasks: TaskTracker::new(),
            stopping: CancellationToken::new(),
            wake: Vec::new(),
        };
        for chore in chores {
            let wake = Arc::new(Notify::new());
            background.wake.push(Arc::clone(&wake));
            let clock = Arc::clone(&app.outside.clock);
            let stopping = background.stopping.clone();
            background.tasks.spawn(async move {
                // A chore may be cut off anywhere: what it did stays done.
                stopping
                    .run_until_cancelled(again_and_again(&*chore, &*clock, &wake))
                    .await;
            });
        }
        let messenger = Messenger::new(app);
        let stopping = background.stopping.clone();
        background.tasks.spawn(async move {
            // What it was sending when it is cut off, it sends again: the same notice with the same id.
            stopping.run_until_cancelled(messenger.run()).await;
        });
        background
    }

    /// Does all of them now, rather than when their time comes.
    pub fn wake(&self) {
        for wake in &self.wake {
            wake.notify_one();
        }
    }

    /// Ends them.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn again_and_again(chore: &dyn Chore, clock: &dyn Clock, wake: &Notify) {
    loop {
        match chore.run().await {
            Ok(0) => {}
            Ok(count) => tracing::info!(chore = chore.name(), count, "done"),
            Err(error) => tracing::warn!(chore = chore.name(), %error, "not done; it will be tried again"),
        }
        let next = clock.now().plus_seconds(chore.every());
        tokio::select! {
            () = clock.sleep_until(next) => {}
            () = wake.notified() => {}
        }
    }
}
