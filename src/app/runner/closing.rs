//! How a server stops working: first nothing new is begun, then nothing goes on.

use tokio_util::sync::CancellationToken;

/// The two moments at which a server stops working. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Closing {
    begun: CancellationToken,
    over: CancellationToken,
}

impl Closing {
    /// From now on nothing new is begun; steps under way may come to their end.
    pub(super) fn begin(&self) {
        self.begun.cancel();
    }

    /// From now on nothing goes on here.
    pub(super) fn end(&self) {
        self.begun.cancel();
        self.over.cancel();
    }

    /// Whether nothing new may be begun.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.is_cancelled()
    }

    /// Whether nothing may go on.
    pub(super) fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    /// Resolves when nothing new may be begun.
    pub(super) async fn beginning(&self) {
        self.begun.cancelled().await;
    }

    /// Resolves when nothing may go on.
    pub(super) async fn ending(&self) {
        self.over.cancelled().await;
    }

    /// Cancelled when nothing may go on, or by whoever has it.
    pub(super) fn over(&self) -> CancellationToken {
        self.over.child_token()
    }
}
