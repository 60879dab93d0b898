//! A configuration file as a tree: lines in order, each under the `Host` or `Match` block it stands in, and the files
//! that it includes in their place.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::include;
use super::keyword::{self, Meaning};
use super::line;
use super::resolved::Origin;

/// How deep files may include each other (as OpenSSH).
const MAX_DEPTH: usize = 16;

/// One or more configuration files, read and understood.
#[derive(Debug, Clone, Default)]
pub struct SshConfig {
    pub(super) files: Vec<Vec<Entry>>,
    /// Lines that could not be honoured: sentences with file and line.
    pub(super) warnings: Vec<String>,
    /// A `Match final` stands somewhere: the files are gone through twice.
    pub(super) twice: bool,
}

/// A file that cannot be read or understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not readable.
    #[error("cannot read the ssh_config {path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A line that makes no sense.
    #[error("{origin}: {reason}")]
    Line {
        /// The place.
        origin: Origin,
        /// What is wrong with it.
        reason: String,
    },
}

/// What a line says.
#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// What follows applies to hosts that these patterns take.
    Host(Vec<String>),
    /// What follows applies where all of these hold.
    Match(Vec<Criterion>),
    /// A value.
    Set {
        keyword: String,
        arguments: Vec<String>,
        origin: Origin,
    },
    /// Other files, in their place.
    Include(Vec<Vec<Entry>>),
    /// A keyword that would change what happens and is not done.
    Missing { keyword: String, origin: Origin },
}

/// One condition of a `Match` line.
#[derive(Debug, Clone)]
pub(super) struct Criterion {
    pub(super) negated: bool,
    pub(super) on: MatchOn,
}

/// What a condition looks at.
#[derive(Debug, Clone)]
pub(super) enum MatchOn {
    All,
    Host(Vec<String>),
    OriginalHost(Vec<String>),
    User(Vec<String>),
    LocalUser(Vec<String>),
    /// `final` and `canonical`: the second time that the files are gone through.
    Final,
    /// Not supported here: never holds, whatever stands in front of it.
    Never,
}

impl SshConfig {
    /// Reads the files in order; earlier ones win. A file that does not exist is empty where `optional`.
    ///
    /// # Errors
    /// [`ConfigError`] where a file cannot be read, or a line makes no sense.
    pub fn load(files: &[(PathBuf, bool)], home: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        for (path, optional) in files {
            if *optional && !path.exists() {
                continue;
            }
            let entries = config.file(path, home, 0)?;
            config.files.push(entries);
        }
        Ok(config)
    }

    /// Understands a text as if it stood in `path`; included files are still read.
    ///
    /// # Errors
    /// [`ConfigError`] where a line makes no sense, or an included file cannot be read.
    pub fn parse(text: &str, path: &Path, home: &Path) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let entries = config.text(text, path, home, 0)?;
        config.files.push(entries);
        Ok(config)
    }

    /// What could not be honoured in the files as a whole: sentences with file and line.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn file(&mut self, path: &Path, home: &Path, depth: usize) -> Result<Vec<Entry>, ConfigError> {
        let bytes = std::fs::read(path).map_err(|error| ConfigError::Read {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        self.text(&String::from_utf8_lossy(&bytes), path, home, depth)
    }

    fn text(
        &mut self,
        text: &str,
        path: &Path,
        home: &Path,
        depth: usize,
    ) -> Result<Vec<Entry>, ConfigError> {
        let file: Arc<Path> = Arc::from(path);
        let mut entries = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let origin = Origin::Line {
                file: Arc::clone(&file),
                line: index + 1,
            };
            let wrong = |reason: String| ConfigError::Line {
                origin: origin.clone(),
                reason,
            };
            let Some((keyword, arguments)) = line::split(text).map_err(wrong)? else {
                continue;
            };
            if arguments.is_empty() {
                return Err(wrong(format!("`{keyword}` needs a value")));
            }
            match keyword.as_str() {
                "host" => entries.push(Entry::Host(arguments)),
                "match" => {
                    let criteria = self.criteria(&arguments, &origin).map_err(wrong)?;
                    entries.push(Entry::Match(criteria));
                }
                "include" => {
                    if depth >= MAX_DEPTH {
                        return Err(wrong("files include each other too deep".to_owned()));
                    }
                    let mut files = Vec::new();
                    for path in include::paths(&arguments, path, home) {
                        files.push(self.file(&path, home, depth + 1)?);
                    }
                    entries.push(Entry::Include(files));
                }
                _ => match keyword::meaning(&keyword) {
                    Meaning::First | Meaning::Every => entries.push(Entry::Set {
                        keyword,
                        arguments,
                        origin,
                    }),
                    Meaning::Nothing => {}
                    Meaning::Missing if keyword::is_as_it_is(&keyword, &arguments) => {}
                    Meaning::Missing => entries.push(Entry::Missing { keyword, origin }),
                },
            }
        }
        Ok(entries)
    }

    fn criteria(&mut self, arguments: &[String], origin: &Origin) -> Result<Vec<Criterion>, String> {
        let mut criteria = Vec::new();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let (negated, word) = match word.strip_prefix('!') {
                Some(rest) => (true, rest),
                None => (false, word.as_str()),
            };
            // OpenSSH also reads `host=a,b`.
            let (name, inline) = match word.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (word, None),
            };
            let name = name.to_ascii_lowercase();
            let mut list = || -> Result<Vec<String>, String> {
                let text = match &inline {
                    Some(text) => text.clone(),
                    None => words
                        .next()
                        .cloned()
                        .ok_or_else(|| format!("`Match {name}` needs a pattern"))?,
                };
                Ok(text.split(',').map(str::to_owned).collect())
            };
            let on = match name.as_str() {
                "all" => MatchOn::All,
                "host" => MatchOn::Host(list()?),
                "originalhost" => MatchOn::OriginalHost(list()?),
                "user" => MatchOn::User(list()?),
                "localuser" => MatchOn::LocalUser(list()?),
                "final" => {
                    self.twice = true;
                    MatchOn::Final
                }
                "canonical" => MatchOn::Final,
                "exec" | "localnetwork" | "tagged" | "version" | "command" | "sessiontype" => {
                    list()?;
                    self.warnings.push(format!(
                        "{origin}: `Match {name}` is not supported, its block is left out"
                    ));
                    MatchOn::Never
                }
                _ => return Err(format!("`Match` does not know `{name}`")),
            };
            criteria.push(Criterion { negated, on });
        }
        Ok(criteria)
    }
}
