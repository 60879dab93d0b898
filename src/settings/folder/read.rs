//! Reads the files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use crate::app::ports::ScriptText;
use crate::domain::config::nearest;
use crate::domain::environment::Environment;
use crate::domain::name::Name;
use crate::domain::policy::Policy;
use crate::domain::project::Project;
use crate::domain::space::Space;

use super::{ConfigFolder, FolderError, ReadFolder};

/// The folders that are read.
const KINDS: [&str; 5] = ["spaces", "environments", "projects", "scripts", "policies"];

/// No file of a configuration is larger, in bytes.
const LARGEST: u64 = 4 << 20;

/// Reads the configuration folder `dir`. `stored` is what exists already: a project may refer to it.
///
/// # Errors
/// Everything that is wrong: what cannot be read, is not JSON, is of another shape than wanted; names that
/// are none or not those of their files; references to what is neither here nor stored.
pub fn read(dir: &Path, stored: &ConfigFolder) -> Result<ReadFolder, Vec<FolderError>> {
    let mut reader = Reader {
        dir,
        read: ReadFolder::default(),
        errors: Vec::new(),
    };
    reader.kinds();
    reader.spaces();
    reader.environments();
    reader.projects();
    reader.scripts();
    reader.policies();
    reader.references(stored);
    if reader.errors.is_empty() {
        Ok(reader.read)
    } else {
        reader
            .errors
            .sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        Err(reader.errors)
    }
}

struct Reader<'a> {
    dir: &'a Path,
    read: ReadFolder,
    errors: Vec<FolderError>,
}

/// A file that was found: its path in the folder, and its stem if that is a name.
struct Found {
    file: String,
    name: Name,
}

impl Reader<'_> {
    fn wrong(&mut self, file: &str, message: impl Into<String>) {
        self.errors.push(FolderError::of_file(file, message));
    }

    /// A folder that is nearly one of ours is a slip of the pen; others are none of our business.
    fn kinds(&mut self) {
        let entries = match entries(self.dir) {
            Ok(entries) => entries,
            Err(error) => {
                self.wrong(
                    &self.dir.display().to_string(),
                    format!("cannot be read: {error}"),
                );
                return;
            }
        };
        for (name, is_folder) in entries {
            if is_folder && let Some(known) = nearest(&name, KINDS) {
                self.wrong(
                    &name,
                    format!("is not a folder of a configuration. Did you mean `{known}`?"),
                );
            }
        }
    }

    fn spaces(&mut self) {
        for found in self.files("spaces", "json") {
            if let Some(space) = self.json::<Space>(&found.file)
                && self.is_named(&found, space.name.as_str())
            {
                for (index, member) in space.members.iter().enumerate() {
                    if member.user.is_some() == member.group.is_some() {
                        let error = self.read.error(
                            &found.file,
                            &format!("members[{index}]"),
                            "wants exactly one of `user` and `group`",
                        );
                        self.errors.push(error);
                    }
                }
                if space.color.as_deref().is_some_and(|color| !is_color(color)) {
                    let error = self.read.error(
                        &found.file,
                        "color",
                        "wants a CSS colour such as \"#0a7\" or \"#00aa77\"",
                    );
                    self.errors.push(error);
                }
                self.read.folder.spaces.push(space);
            }
        }
    }

    fn environments(&mut self) {
        for found in self.files("environments", "json") {
            if let Some(environment) = self.json::<Environment>(&found.file)
                && self.is_named(&found, environment.name.as_str())
            {
                self.read.folder.environments.push(environment);
            }
        }
    }

    fn projects(&mut self) {
        for space in self.folders("projects") {
            let folder = format!("projects/{space}");
            let Ok(space_name) = Name::parse(&space) else {
                self.wrong(&folder, format!("`{space}` is not the name of a space"));
                continue;
            };
            for found in self.files(&folder, "json") {
                if let Err(error) = Name::parse_project(found.name.as_str()) {
                    self.wrong(&found.file, error.to_string());
                } else if let Some(project) = self.json::<Project>(&found.file)
                    && self.is_named(&found, project.name.as_str())
                {
                    self.read.folder.projects.push((space_name.clone(), project));
                }
            }
        }
    }

    fn scripts(&mut self) {
        for found in self.files("scripts", "star") {
            if let Some(text) = self.text(&found.file) {
                self.read.folder.scripts.push(ScriptText {
                    name: format!("{}.star", found.name),
                    text,
                });
            }
        }
    }

    fn policies(&mut self) {
        for found in self.files("policies", "json") {
            if let Some(policy) = self.json::<Policy>(&found.file) {
                if let Err(error) = policy.check() {
                    let error = self.read.error(&found.file, &error.field, error.problem.as_str());
                    self.errors.push(error);
                }
                self.read.folder.policies.push((found.name, policy));
            }
        }
    }

    fn references(&mut self, stored: &ConfigFolder) {
        let folder = &self.read.folder;
        // What a broken file would have defined is not missing because of a reference to it.
        let is_broken = |file: &str| self.errors.iter().any(|error| error.file == file);
        let mut errors = Vec::new();
        for environment in &folder.environments {
            let script = environment.script.as_str();
            let scripts = folder.scripts.iter().chain(&stored.scripts);
            let known: Vec<&str> = scripts.map(|script| script.name.as_str()).collect();
            if !known.contains(&script) && !is_broken(&format!("scripts/{script}")) {
                let file = format!("environments/{}.json", environment.name);
                errors.push(
                    self.read
                        .error(&file, "script", dangling("script", script, &known)),
                );
            }
        }
        for (space, project) in &folder.projects {
            let file = format!("projects/{space}/{}.json", project.name);
            let environment = project.environment.as_str();
            let environments = folder.environments.iter().chain(&stored.environments);
            let known: Vec<&str> = environments.map(|known| known.name.as_str()).collect();
            if !known.contains(&environment) && !is_broken(&format!("environments/{environment}.json")) {
                let message = dangling("environment", environment, &known);
                errors.push(self.read.error(&file, "environment", message));
            }
            let spaces = folder.spaces.iter().chain(&stored.spaces);
            let known: Vec<&str> = spaces.map(|known| known.name.as_str()).collect();
            if !known.contains(&space.as_str()) && !is_broken(&format!("spaces/{space}.json")) {
                errors.push(FolderError::of_file(
                    &file,
                    dangling("space", space.as_str(), &known),
                ));
            }
        }
        self.errors.extend(errors);
    }

    /// The files of a folder with this ending, in the order of their names.
    fn files(&mut self, folder: &str, ending: &str) -> Vec<Found> {
        let mut found = Vec::new();
        for (file_name, is_folder) in self.entries(folder) {
            let file = format!("{folder}/{file_name}");
            match file_name.strip_suffix(&format!(".{ending}")) {
                Some(stem) if !is_folder => match Name::parse(stem) {
                    Ok(name) => found.push(Found { file, name }),
                    Err(error) => self.wrong(&file, error.to_string()),
                },
                _ => self.wrong(
                    &file,
                    format!("does not belong here: {folder} holds .{ending} files"),
                ),
            }
        }
        found
    }

    fn folders(&mut self, folder: &str) -> Vec<String> {
        let mut folders = Vec::new();
        for (name, is_folder) in self.entries(folder) {
            if is_folder {
                folders.push(name);
            } else {
                self.wrong(
                    &format!("{folder}/{name}"),
                    format!("does not belong here: {folder} holds a folder for each space"),
                );
            }
        }
        folders
    }

    fn entries(&mut self, folder: &str) -> Vec<(String, bool)> {
        let path = self.dir.join(folder);
        match entries(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                self.wrong(folder, format!("cannot be read: {error}"));
                Vec::new()
            }
        }
    }

    fn text(&mut self, file: &str) -> Option<String> {
        match read_text(&self.dir.join(file)) {
            Ok(text) => {
                self.read.texts.insert(file.to_owned(), text.clone());
                Some(text)
            }
            Err(error) => {
                self.wrong(file, format!("cannot be read: {error}"));
                None
            }
        }
    }

    fn json<T: DeserializeOwned>(&mut self, file: &str) -> Option<T> {
        let text = self.text(file)?;
        match serde_json::from_str(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.errors.push(FolderError::of_json(file, &text, &error));
                None
            }
        }
    }

    fn is_named(&mut self, found: &Found, name: &str) -> bool {
        let fits = found.name.as_str() == name;
        if !fits {
            let error = self.read.error(
                &found.file,
                "name",
                format!(
                    "is `{name}`, but the file is named `{}`: they must be the same",
                    found.name
                ),
            );
            self.errors.push(error);
        }
        fits
    }
}

/// The entries of a folder with whether each is one itself, in the order of their names; hidden files and
/// editors' backups are left out.
fn entries(path: &Path) -> io::Result<Vec<(String, bool)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with('~') {
            entries.push((name, entry.path().is_dir()));
        }
    }
    entries.sort();
    Ok(entries)
}

fn read_text(path: &PathBuf) -> Result<String, String> {
    let size = fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST >> 20));
    }
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 (byte {})", error.utf8_error().valid_up_to() + 1))
}

fn dangling(noun: &str, name: &str, known: &[&str]) -> String {
    let hint = nearest(name, known.iter().copied())
        .map_or_else(String::new, |known| format!(". Did you mean `{known}`?"));
    format!("there is no {noun} `{name}`{hint}")
}

fn is_color(color: &str) -> bool {
    color
        .strip_prefix('#')
        .is_some_and(|digits| matches!(digits.len(), 3 | 6) && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}
