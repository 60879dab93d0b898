//! Scripts in a child process: one request, one answer, hard limits.
//!
//! One operation can pass between two of the interpreter's own checks (`"a" * 10**9`), so a script is
//! evaluated where it can hurt nobody. The child is this program under the hidden subcommand
//! `script-worker`; it reads a request in JSON on standard input and writes the answer on standard output.

mod child;
mod parent;

use serde::{Deserialize, Serialize};

use crate::app::ports::{ScriptError, ScriptFacts};
use crate::domain::plan::{Draft, ScriptContext};

pub use child::run;
pub use parent::{ScriptWorker, WorkerLimits};

/// The hidden subcommand.
pub const SUBCOMMAND: &str = "script-worker";

/// What the child is asked.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    /// The script's file name.
    name: String,
    /// The script's text.
    text: String,
    /// The call of an action; without one the script is described.
    context: Option<ScriptContext>,
    /// Bytes of address space it limits itself to.
    memory_bytes: u64,
    /// Seconds of processor time it limits itself to.
    cpu_seconds: u64,
}

/// What the child answers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    /// What the script declares.
    Facts(ScriptFacts),
    /// What the script returned.
    Draft(Draft),
    /// What is wrong with it.
    Error(ScriptError),
}
