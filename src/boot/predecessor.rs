//! Which server had the data folder before: its claims on actions of a store that others share are free as soon as the next one
//! is up, and need not run out. Without this, servers that die sooner than a claim runs out leave an action to nobody for most of
//! the time.

use std::path::{Path, PathBuf};

use crate::store::{ServerId, Store, StoreError};

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join("server-id")
}

/// Frees what the server before this one on the folder had claimed; says how many actions. Only for whoever knows that it is
/// alone on the folder.
pub(super) async fn release(store: &Store, data_dir: &Path) -> Result<usize, StoreError> {
    // None the first time; one that cannot be read is as good as none, for claims run out.
    let Ok(id) = std::fs::read_to_string(file(data_dir)) else {
        return Ok(0);
    };
    store.release_claims_of(&ServerId(id.trim().to_owned())).await
}

/// Notes which server has the folder now.
pub(super) fn remember(data_dir: &Path, server: &ServerId) -> std::io::Result<()> {
    let beside = data_dir.join("server-id.new");
    std::fs::write(&beside, &server.0)?;
    std::fs::rename(beside, file(data_dir))
}
