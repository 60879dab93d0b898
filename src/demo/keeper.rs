//! The demo's keeper: a process of its own that clears up after a demo that could not.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Commands that still run on the made-up hosts may put files back while the folder is removed: so often it is tried.
const TRIES: u32 = 50;
/// From one try to the next.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits until the demo's process has ended, however it ended, and removes the folder that `lifeline` is in.
///
/// # Errors
/// Where the file cannot be locked, or the folder cannot be removed.
pub async fn keep(lifeline: &Path) -> std::io::Result<()> {
    let Some(root) = lifeline.parent() else {
        return Ok(());
    };
    let path = lifeline.to_path_buf();
    tokio::task::spawn_blocking(move || File::open(path)?.lock())
        .await
        .map_err(std::io::Error::other)??;
    let mut tries = 0;
    loop {
        match std::fs::remove_dir_all(root) {
            Err(error) if root.exists() && tries >= TRIES => return Err(error),
            _ if !root.exists() => return Ok(()),
            _ => {
                tries += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
