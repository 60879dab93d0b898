//! The files of known hosts, read once and again when they change.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::KnownHosts;

/// What tells that a file has changed; none where there is no file.
type Stamp = Option<(SystemTime, u64)>;

/// Files with their stamps, and what they say together.
type Read = (Vec<Stamp>, Arc<KnownHosts>);

/// What is known of hosts, by the list of files that it comes from.
#[derive(Debug, Default)]
pub struct KnownHostsFiles {
    read: Mutex<HashMap<Vec<PathBuf>, Read>>,
}

impl KnownHostsFiles {
    /// All lines of these files. A file that is not there or not readable says nothing.
    pub fn read(&self, files: &[PathBuf]) -> Arc<KnownHosts> {
        let stamps: Vec<Stamp> = files.iter().map(|path| stamp(path)).collect();
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((seen, known)) = read.get(files)
            && *seen == stamps
        {
            return Arc::clone(known);
        }
        let mut known = KnownHosts::default();
        for path in files {
            if let Ok(bytes) = std::fs::read(path) {
                known.add(&String::from_utf8_lossy(&bytes), path);
            }
        }
        let known = Arc::new(known);
        read.insert(files.to_vec(), (stamps, Arc::clone(&known)));
        known
    }
}

fn stamp(path: &Path) -> Stamp {
    let facts = path.metadata().ok()?;
    Some((facts.modified().ok()?, facts.len()))
}
