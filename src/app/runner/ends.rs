//! Actions that ended in this process, for those that queue behind them.

use tokio::sync::watch;

/// Counts the ends; each runner has one, each dispatcher a receiver.
#[derive(Clone)]
pub(super) struct Ends(watch::Receiver<u64>);

impl Ends {
    pub(super) fn channel() -> (watch::Sender<u64>, Self) {
        let (sender, receiver) = watch::channel(0);
        (sender, Self(receiver))
    }

    /// Resolves once another action has ended since the last time.
    pub(super) async fn noticed(&mut self) {
        if self.0.changed().await.is_err() {
            // The runner is gone: nothing ends any more.
            std::future::pending::<()>().await;
        }
    }
}
