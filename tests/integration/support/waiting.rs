//! Waiting for what comes about outside: in another process, on a host, in a page.

use std::time::Duration;

use super::server::PATIENCE;

/// Waits until something is so.
///
/// # Panics
/// It is not within [`PATIENCE`].
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let waiting = async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    assert!(waited.is_ok(), "it never came about: {what}");
}
