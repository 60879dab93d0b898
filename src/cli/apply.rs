//! `edgewise apply` and `edgewise export`: configuration between files and the store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Exit, Failure};
use super::local_store;
use super::output::{Output, line, note};
use super::settings_args::SettingsArgs;
use crate::app::configure::{self, ApplyOptions, ObjectChange};
use crate::app::ports::ScriptText;
use crate::script::worker::{ScriptWorker, WorkerLimits};
use crate::settings::folder::{self, ConfigFolder, FolderError};
use crate::store::{ConfigKey, ConfigObject, Script, Store};

/// `edgewise apply`.
#[derive(Debug, Clone, Args)]
pub struct ApplyArgs {
    /// The folder: `spaces/*.json environments/*.json projects/<space>/*.json scripts/*.star policies/*.json`
    dir: PathBuf,
    /// Say what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Also remove what the folder does not have
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// `edgewise export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The folder to write; files that say the same are left alone, others are replaced, none is removed
    dir: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Applies a folder. What is removed is asked for first.
pub async fn apply(args: &ApplyArgs, output: Output) -> Result<Exit, Failure> {
    let (store, _) = local_store::open(&args.settings.settings()?).await?;
    let stored = folder_of(configure::current(&store).await?);
    let read = folder::read(&args.dir, &stored).map_err(|errors| wrong(&args.dir, &errors))?;
    let interpreter = interpreter()?;
    folder::check(&read, &stored, &interpreter)
        .await
        .map_err(|errors| wrong(&args.dir, &errors))?;
    let objects = objects_of(read.folder);

    let dry = ApplyOptions {
        dry_run: true,
        prune: args.prune,
    };
    let mut changes = run(&store, &interpreter, &objects, dry).await?;
    if !args.dry_run && changes.iter().any(|change| change.verb != "unchanged") {
        let removed: Vec<&str> = changes
            .iter()
            .filter(|change| change.verb == "deleted")
            .map(|change| change.name.as_str())
            .collect();
        if !removed.is_empty() && !output.confirm(&format!("Remove {}?", removed.join(", ")))? {
            return Err(Failure::new(Exit::Refused, "nothing was changed"));
        }
        let wet = ApplyOptions {
            dry_run: false,
            prune: args.prune,
        };
        changes = run(&store, &interpreter, &objects, wet).await?;
    }
    output.print(&changes, || shown(&changes, args.dry_run))?;
    Ok(Exit::Done)
}

/// Writes all configuration as files that `apply` takes.
pub async fn export(args: &ExportArgs, output: Output) -> Result<Exit, Failure> {
    let (store, _) = local_store::open(&args.settings.settings()?).await?;
    let folder = folder_of(configure::current(&store).await?);
    let written = folder::write(&args.dir, &folder)
        .map_err(|error| Failure::failed(format!("cannot write {}: {error}", args.dir.display())))?;
    let shown: Vec<_> = written
        .iter()
        .map(|written| serde_json::json!({"file": written.file, "changed": written.changed}))
        .collect();
    if output.is_json() {
        output.print(&shown, String::new)?;
    } else {
        for written in written.iter().filter(|written| written.changed) {
            line(&args.dir.join(&written.file).display().to_string())?;
        }
        note(&format!(
            "{} of {} files written",
            written.iter().filter(|written| written.changed).count(),
            written.len()
        ));
    }
    Ok(Exit::Done)
}

async fn run(
    store: &Store,
    interpreter: &ScriptWorker,
    objects: &[ConfigObject],
    options: ApplyOptions,
) -> Result<Vec<ObjectChange>, Failure> {
    let by = local_store::console();
    let objects = objects.to_vec();
    Ok(configure::apply(store, interpreter, objects, options, &by, local_store::now()).await?)
}

fn interpreter() -> Result<ScriptWorker, Failure> {
    Ok(ScriptWorker::new(super::this_program()?, WorkerLimits::default()))
}

/// Everything that is wrong, each with its file in `dir`.
fn wrong(dir: &Path, errors: &[FolderError]) -> Failure {
    let lines: Vec<String> = errors
        .iter()
        .map(|error| {
            let excerpt = error
                .excerpt
                .as_ref()
                .map_or_else(String::new, |excerpt| format!("\n{excerpt}"));
            format!("{}{excerpt}", dir.join(error.to_string()).display())
        })
        .collect();
    Failure::usage(format!("nothing was changed\n{}", lines.join("\n")))
}

fn shown(changes: &[ObjectChange], dry_run: bool) -> String {
    let mut lines: Vec<String> = changes
        .iter()
        .filter(|change| change.verb != "unchanged")
        .map(|change| {
            let what = format!("{} {} {}", change.verb, change.kind, change.name);
            // What is new or gone is whole in its file: only a change needs to be shown line by line.
            match change.verb {
                "changed" => format!("{what}\n{}", change.diff.trim_end()),
                _ => what,
            }
        })
        .collect();
    let count = lines.len();
    let same = changes.len() - count;
    lines.push(match (count, dry_run) {
        (0, _) => format!("nothing to change ({same} as they are)"),
        (_, true) => format!("{count} would change, {same} as they are"),
        (_, false) => format!("{count} changed, {same} as they were"),
    });
    lines.join("\n")
}

fn objects_of(folder: ConfigFolder) -> Vec<ConfigObject> {
    let mut objects = Vec::new();
    objects.extend(folder.spaces.into_iter().map(ConfigObject::Space));
    objects.extend(folder.environments.into_iter().map(ConfigObject::Environment));
    objects.extend(
        folder
            .projects
            .into_iter()
            .map(|(space, project)| ConfigObject::Project { space, project }),
    );
    objects.extend(folder.scripts.into_iter().map(|script| {
        ConfigObject::Script(Script {
            name: script.name,
            text: script.text,
        })
    }));
    objects.extend(
        folder
            .policies
            .into_iter()
            .map(|(name, policy)| ConfigObject::Policy { name, policy }),
    );
    objects
}

fn folder_of(objects: BTreeMap<ConfigKey, ConfigObject>) -> ConfigFolder {
    let mut folder = ConfigFolder::default();
    for object in objects.into_values() {
        match object {
            ConfigObject::Space(space) => folder.spaces.push(space),
            ConfigObject::Environment(environment) => folder.environments.push(environment),
            ConfigObject::Project { space, project } => folder.projects.push((space, project)),
            ConfigObject::Script(script) => folder.scripts.push(ScriptText {
                name: script.name,
                text: script.text,
            }),
            ConfigObject::Policy { name, policy } => folder.policies.push((name, policy)),
        }
    }
    folder
}
