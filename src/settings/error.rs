//! What is wrong with the settings, in sentences that say where.

use std::path::PathBuf;

/// One thing wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A file that was named cannot be read.
    #[error("cannot read {}, which {named_by} names: {reason}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The flag or variable that names it.
        named_by: String,
        /// The operating system's words.
        reason: String,
    },
    /// A file that is not TOML.
    #[error("{at}: {message}")]
    Syntax {
        /// File and line.
        at: String,
        /// The parser's words.
        message: String,
    },
    /// A key that nobody reads.
    #[error("{at}: there is no setting `{key}`{}", suggest(.nearest.as_deref()))]
    Unknown {
        /// File and line, or the variable.
        at: String,
        /// The key, or the variable.
        key: String,
        /// The spelling that was probably meant.
        nearest: Option<String>,
    },
    /// A value that is not what the key takes.
    #[error("{at}: `{key}` takes {wanted}, not {found}")]
    Wrong {
        /// File and line, or the variable.
        at: String,
        /// The key.
        key: &'static str,
        /// What it takes.
        wanted: String,
        /// What was given. Never the value of a secret.
        found: String,
    },
    /// A flag that is not `SECTION.KEY=VALUE`.
    #[error(
        "--set takes SECTION.KEY=VALUE, for example --set server.listen=127.0.0.1:9000; `{0}` is not that"
    )]
    Flag(String),
    /// A secret in a flag. What was given is not repeated.
    #[error(
        "--set {key}: this holds a secret, and every user of the machine can read a command line; give it in the file, in {variable}, or in the file that {variable}_FILE names"
    )]
    OnCommandLine {
        /// The key.
        key: &'static str,
        /// The environment's variable for it.
        variable: String,
    },
    /// A path begins with `~`, or a default lies in the home folder, and `HOME` is not set.
    #[error("{0} lies in the home folder, and HOME is not set: set HOME, or give an absolute path")]
    NoHome(&'static str),
}

/// Everything wrong with the settings, one a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct SettingsErrors(pub Vec<SettingsError>);

fn suggest(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}
