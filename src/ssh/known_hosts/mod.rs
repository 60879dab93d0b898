//! `known_hosts` as OpenSSH reads it (`sshd(8)`, on the format of that file): parsed once, then asked per host.
//!
//! A line that is broken is skipped and the others count. `@revoked` is looked at first. A host may have several keys.

mod import;
mod line;
mod store;
mod trust;
mod verdict;

pub use import::{Incoming, IncomingFate};
pub use store::KnownHostsFiles;
pub use trust::{TrustError, known_hosts_line, trust};
pub use verdict::{HostKeyVerdict, Shown};

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use russh::keys::ssh_key::public::KeyData;

use crate::ssh::pattern;

use line::{Marker, Names};

/// All lines of one or more files.
#[derive(Debug, Default)]
pub struct KnownHosts {
    /// Lines whose names are plain: by name.
    exact: HashMap<String, Vec<Arc<Known>>>,
    /// Lines with patterns.
    patterns: Vec<(Vec<String>, Arc<Known>)>,
    /// Lines with a hashed name.
    hashed: Vec<(line::HashedName, Arc<Known>)>,
    /// What was found before, since a hashed line costs a hash for each name.
    found: Mutex<HashMap<String, Arc<Vec<Arc<Known>>>>>,
}

/// A line that was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    marker: Marker,
    key: KeyData,
    /// `file:line`.
    place: String,
}

impl KnownHosts {
    /// Adds the lines of a text that stands in `path`.
    pub fn add(&mut self, text: &str, path: &Path) {
        for (index, text) in text.lines().enumerate() {
            let Some((names, marker, key)) = line::parse(text) else {
                continue;
            };
            let known = Arc::new(Known {
                marker,
                key,
                place: format!("{}:{}", path.display(), index + 1),
            });
            match names {
                Names::Plain(names) => {
                    for name in names {
                        self.exact.entry(name).or_default().push(Arc::clone(&known));
                    }
                }
                Names::Patterns(patterns) => self.patterns.push((patterns, known)),
                Names::Hashed(hashed) => self.hashed.push((hashed, known)),
            }
        }
        self.found
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    /// Every line about `name` (lower case; `[host]:port` where the port is not 22).
    fn about(&self, name: &str) -> Arc<Vec<Arc<Known>>> {
        if let Some(found) = self
            .found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
        {
            return Arc::clone(found);
        }
        let mut lines: Vec<Arc<Known>> = self.exact.get(name).cloned().unwrap_or_default();
        for (patterns, known) in &self.patterns {
            if pattern::list_matches(patterns.iter().map(String::as_str), name) {
                lines.push(Arc::clone(known));
            }
        }
        for (hashed, known) in &self.hashed {
            if hashed.is(name) {
                lines.push(Arc::clone(known));
            }
        }
        let lines = Arc::new(lines);
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name.to_owned(), Arc::clone(&lines));
        lines
    }
}
