//! Writes objects as the files of a configuration folder: the same objects always give the same bytes.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;

use super::ConfigFolder;

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Its path in the folder.
    pub file: String,
    /// It was not there before, or had another text.
    pub changed: bool,
}

/// Writes `folder` into `dir`. A file that has its text already is not touched; others are replaced whole.
/// Nothing is removed.
///
/// # Errors
/// Where a file or folder cannot be written.
pub fn write(dir: &Path, folder: &ConfigFolder) -> io::Result<Vec<Written>> {
    let mut files: Vec<(String, String)> = Vec::new();
    for space in &folder.spaces {
        files.push((format!("spaces/{}.json", space.name), json(space)?));
    }
    for environment in &folder.environments {
        files.push((
            format!("environments/{}.json", environment.name),
            json(environment)?,
        ));
    }
    for (space, project) in &folder.projects {
        files.push((format!("projects/{space}/{}.json", project.name), json(project)?));
    }
    for script in &folder.scripts {
        files.push((format!("scripts/{}", script.name), script.text.clone()));
    }
    for (name, policy) in &folder.policies {
        files.push((format!("policies/{name}.json"), json(policy)?));
    }
    files
        .into_iter()
        .map(|(file, text)| {
            let changed = put(&dir.join(&file), &text)?;
            Ok(Written { file, changed })
        })
        .collect()
}

fn json(value: &impl Serialize) -> io::Result<String> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

fn put(path: &Path, text: &str) -> io::Result<bool> {
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".edgewise-")
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(true)
}
