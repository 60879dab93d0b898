//! A configuration folder: spaces, environments, projects, scripts and policies as files.
//!
//! `read` turns the files into domain objects, `check` looks at what needs the scripts (keys, types, topologies),
//! `write` turns objects into files again. Everything wrong is said at once, each with file, line, column and key.

mod check;
mod error;
mod json_places;
mod read;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use crate::app::ports::ScriptText;
use crate::domain::environment::Environment;
use crate::domain::name::Name;
use crate::domain::policy::Policy;
use crate::domain::project::Project;
use crate::domain::space::Space;

pub use check::check;
pub use error::FolderError;
pub use read::read;
pub use write::{Written, write};

/// What a configuration folder holds, each kind in the order of its names.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConfigFolder {
    /// `spaces/<name>.json`
    pub spaces: Vec<Space>,
    /// `environments/<name>.json`
    pub environments: Vec<Environment>,
    /// `projects/<space>/<name>.json`, each with its space.
    pub projects: Vec<(Name, Project)>,
    /// `scripts/<name>.star`
    pub scripts: Vec<ScriptText>,
    /// `policies/<name>.json`
    pub policies: Vec<(Name, Policy)>,
}

/// A folder as it was read, with the texts, so that what is found later can still be placed.
#[derive(Debug, Clone, Default)]
pub struct ReadFolder {
    /// What it holds.
    pub folder: ConfigFolder,
    /// The text of each file by its path in the folder.
    texts: BTreeMap<String, String>,
}

impl ConfigFolder {
    /// The environment of this name.
    #[must_use]
    pub fn environment(&self, name: &Name) -> Option<&Environment> {
        self.environments.iter().find(|known| known.name == *name)
    }

    /// The script of this file name.
    #[must_use]
    pub fn script(&self, name: &str) -> Option<&ScriptText> {
        self.scripts.iter().find(|known| known.name == name)
    }
}

impl ReadFolder {
    /// The error `message` at `key` of `file`.
    fn error(&self, file: &str, key: &str, message: impl Into<String>) -> FolderError {
        match self.texts.get(file) {
            Some(text) => FolderError::at_key(file, text, key, message),
            None => FolderError::of_file(file, message),
        }
    }
}
