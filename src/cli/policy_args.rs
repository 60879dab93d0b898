//! The flags that apply policies to commands judged on the command line.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Failure;
use crate::domain::policy::Policy;
use crate::domain::sanitize::Sanitizer;

/// Which policies hold.
#[derive(Debug, Clone, Default, Args)]
pub struct PolicyArgs {
    /// A folder of policies (*.json)
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,
    /// As in this space
    #[arg(long, requires = "policies")]
    space: Option<String>,
    /// As in this environment
    #[arg(long, requires = "policies")]
    environment: Option<String>,
}

impl PolicyArgs {
    /// The built-in rules with the policies in scope.
    pub fn sanitizer(&self) -> Result<Sanitizer, Failure> {
        let Some(folder) = &self.policies else {
            return Ok(Sanitizer::default());
        };
        let policies: Vec<Policy> = read(folder)?
            .into_iter()
            .filter(|policy| {
                policy
                    .scope
                    .covers(self.space.as_deref(), self.environment.as_deref())
            })
            .collect();
        let today = super::local_store::now().day();
        Sanitizer::with_policies(&policies, &today).map_err(|error| Failure::usage(error.to_string()))
    }
}

/// The policies of a folder, by file name.
fn read(folder: &Path) -> Result<Vec<Policy>, Failure> {
    let wrong =
        |path: &Path, error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| wrong(folder, &error))? {
        let path = entry.map_err(|error| wrong(folder, &error))?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            let text = std::fs::read_to_string(path).map_err(|error| wrong(path, &error))?;
            let policy: Policy = serde_json::from_str(&text).map_err(|error| wrong(path, &error))?;
            policy.check().map_err(|error| wrong(path, &error))?;
            Ok(policy)
        })
        .collect()
}
