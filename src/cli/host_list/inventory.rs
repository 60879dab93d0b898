//! An inventory file with what stands beside it (`group_vars`, `host_vars`), worked out for each host.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::book::Settled;
use super::vars::{Reached, Warnings, sort};
use super::{ini, yaml};

/// How large a file may be.
const MOST_BYTES: u64 = 64 << 20;

/// Hosts with groups and variables.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Inventory {
    settled: Settled,
    path: String,
}

/// A host of it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::cli) struct InventoryHost {
    pub(super) reached: Reached,
    /// Variables that say nothing of the way to it.
    pub(in crate::cli) vars: BTreeMap<String, Value>,
    /// Its groups, without `all`.
    pub(in crate::cli) groups: Vec<String>,
}

impl InventoryHost {
    /// Where it answers, where that is not its name.
    pub(in crate::cli) fn address(&self) -> Option<&str> {
        self.reached.address.as_deref()
    }

    /// Its port.
    pub(in crate::cli) fn port(&self) -> Option<u16> {
        self.reached.port
    }

    /// The login.
    pub(in crate::cli) fn user(&self) -> Option<&str> {
        self.reached.user.as_deref()
    }

    /// The key file.
    pub(in crate::cli) fn identity_file(&self) -> Option<&str> {
        self.reached.identity_file.as_deref()
    }
}

/// Reads a file of hosts.
///
/// # Errors
/// A sentence.
pub(super) fn text_of(path: &Path) -> Result<String, String> {
    let read = || {
        if path.metadata()?.len() > MOST_BYTES {
            return Err(std::io::Error::other(format!(
                "it is larger than {} MiB",
                MOST_BYTES >> 20
            )));
        }
        std::fs::read_to_string(path)
    };
    read().map_err(|error| format!("cannot read {}: {error}", path.display()))
}

impl Inventory {
    /// Reads an inventory. None where the file is a bare list of hosts.
    ///
    /// # Errors
    /// A sentence with file and line.
    pub(super) fn read(text: &str, path: &Path) -> Result<Option<Self>, String> {
        let name = path.display().to_string();
        let mut book = if yaml::is_yaml(path) {
            yaml::read(text, &name)?
        } else if ini::is_inventory(text) {
            ini::read(text, &name)?
        } else {
            return Ok(None);
        };
        let beside = path.parent().unwrap_or(Path::new(""));
        let groups: Vec<String> = book.group_names().into_iter().map(str::to_owned).collect();
        for group in groups
            .iter()
            .map(String::as_str)
            .filter(|group| *group != "all")
            .chain(["all"])
        {
            for (file, text) in files(&beside.join("group_vars"), group)? {
                book.set(group, yaml::read_vars(&text, &file)?);
            }
        }
        for host in book.hosts.clone() {
            for (file, text) in files(&beside.join("host_vars"), &host)? {
                book.describe(&host, yaml::read_vars(&text, &file)?);
            }
        }
        let settled = book.settle().map_err(|reason| format!("{name}: {reason}"))?;
        Ok(Some(Self { settled, path: name }))
    }

    /// A bare list of hosts as an inventory without groups.
    ///
    /// # Errors
    /// A sentence with file and line.
    pub(super) fn of_list(text: &str, path: &Path) -> Result<Self, String> {
        let name = path.display().to_string();
        let settled = ini::read(text, &name)?
            .settle()
            .map_err(|reason| format!("{name}: {reason}"))?;
        Ok(Self { settled, path: name })
    }

    /// The names of all hosts, in the order of the file.
    pub(in crate::cli) fn hosts(&self) -> &[String] {
        &self.settled.hosts
    }

    /// The members of a group.
    pub(in crate::cli) fn group(&self, name: &str) -> Option<Vec<String>> {
        self.settled.members.get(name).cloned()
    }

    /// The names of its groups.
    pub(in crate::cli) fn groups(&self) -> impl Iterator<Item = &str> {
        self.settled.members.keys().map(String::as_str)
    }

    /// Its file.
    pub(in crate::cli) fn path(&self) -> &str {
        &self.path
    }

    /// What it says of a host; none where it does not know it. What is not understood is noted.
    ///
    /// # Errors
    /// A sentence with file and line, where the way to the host cannot be told.
    pub(in crate::cli) fn host(
        &self,
        name: &str,
        warnings: &mut Warnings,
    ) -> Result<Option<InventoryHost>, String> {
        let Some(facts) = self.settled.facts.get(name) else {
            return Ok(None);
        };
        let (reached, vars) = sort(&facts.vars, warnings)?;
        Ok(Some(InventoryHost {
            reached,
            vars,
            groups: facts.groups.clone(),
        }))
    }
}

/// The files about a group or a host: `NAME`, `NAME.yml`, `NAME.yaml`, `NAME.json`, or all in the folder `NAME`.
fn files(folder: &Path, name: &str) -> Result<Vec<(String, String)>, String> {
    // A name is part of a path here.
    if !folder.is_dir() || name.contains('/') || name.starts_with('.') {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = ["", ".yml", ".yaml", ".json"]
        .iter()
        .map(|end| folder.join(format!("{name}{end}")))
        .filter(|path| path.is_file())
        .collect();
    if let Ok(entries) = std::fs::read_dir(folder.join(name)) {
        let mut more: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.is_file() && yaml::is_yaml(path))
            .collect();
        more.sort();
        paths.extend(more);
    }
    paths
        .iter()
        .map(|path| Ok((path.display().to_string(), text_of(path)?)))
        .collect()
}
