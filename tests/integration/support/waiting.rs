//! Waiting for what comes about outside: in another process, on a host, in a page.

use std::time::Duration;

use super::server::PATIENCE;

/// Waits until something is so.
///
/// # Panics
/// It is not within [`PATIENCE`].
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    until_so(what, async || so()).await;
}

/// The same where it takes a while to see.
///
/// # Panics
/// It is not so within [`PATIENCE`].
pub async fn until_so(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "it never came about: {what}");
}
