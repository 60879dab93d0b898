//! Which files an `Include` line means: `~`, paths relative to the folder of user configuration, and wildcards.

use std::path::{Component, Path, PathBuf};

use crate::ssh::pattern;

/// The existing files that the arguments name, each argument's in order of their names. Nothing where none exists,
/// as OpenSSH.
pub(super) fn paths(arguments: &[String], from: &Path, home: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for argument in arguments {
        let path = match argument.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None if Path::new(argument).is_absolute() => PathBuf::from(argument),
            None => base(from, home).join(argument),
        };
        found.extend(expand(&path));
    }
    found
}

/// Relative paths are below `~/.ssh`, in the system's file below `/etc/ssh`.
fn base(from: &Path, home: &Path) -> PathBuf {
    if from.starts_with("/etc/ssh") {
        PathBuf::from("/etc/ssh")
    } else {
        home.join(".ssh")
    }
}

fn expand(path: &Path) -> Vec<PathBuf> {
    let mut so_far = vec![PathBuf::new()];
    for component in path.components() {
        let Component::Normal(name) = component else {
            for path in &mut so_far {
                path.push(component);
            }
            continue;
        };
        let name = name.to_string_lossy();
        if !name.contains(['*', '?']) {
            for path in &mut so_far {
                path.push(name.as_ref());
            }
            continue;
        }
        so_far = so_far
            .iter()
            .flat_map(|folder| names(folder, &name).into_iter().map(|n| folder.join(n)))
            .collect();
    }
    so_far.retain(|path| path.is_file());
    so_far
}

/// The names in a folder that a pattern takes, sorted; hidden ones only where the pattern begins with a dot.
fn names(folder: &Path, pattern: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') || pattern.starts_with('.'))
        .filter(|name| pattern::matches(pattern, name))
        .collect();
    names.sort();
    names
}
