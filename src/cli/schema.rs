//! `edgewise schema`: what a script's configurations may hold, for editors and other programs.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Exit, Failure};
use super::output;
use crate::app::ports::{Interpreter as _, ScriptText};
use crate::domain::config::json_schema;
use crate::script::worker::{ScriptWorker, WorkerLimits};

/// `edgewise schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// The script, for example conf/scripts/deploy.star
    script: PathBuf,
}

/// Prints it: JSON in either format.
pub async fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let path = args.script.display().to_string();
    let text = std::fs::read_to_string(&args.script)
        .map_err(|error| Failure::usage(format!("cannot read {path}: {error}")))?;
    let worker = ScriptWorker::new(super::this_program()?, WorkerLimits::default());
    let facts = worker
        .describe(&ScriptText { name: path, text })
        .await
        .map_err(|error| {
            let place = error.place.as_ref().map_or_else(String::new, |place| {
                format!("{}:{}:{}: ", place.file, place.line, place.column)
            });
            Failure::usage(format!("{place}{}", error.message))
        })?;
    output::line(&output::pretty(&json_schema(&facts.keys))?)?;
    Ok(Exit::Done)
}
