//! The server's side: starts a child for each request and reads its death as an answer, too.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::app::ports::{Interpreter, ScriptError, ScriptFacts, ScriptText};
use crate::domain::plan::{Draft, ScriptContext};
use crate::script::fault::placeless;

use super::{Answer, Request, SUBCOMMAND};

/// How many descriptions are kept.
const CACHED: usize = 256;
/// For how long it is remembered that a script used up what it may use: it costs that much again to see it.
const SPENT: Duration = Duration::from_mins(1);

/// What a script may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkerLimits {
    /// Address space in bytes, with the program itself.
    pub memory_bytes: u64,
    /// Processor time in seconds.
    pub cpu_seconds: u64,
    /// Time on the wall in seconds.
    pub wall_seconds: u64,
}

impl Default for WorkerLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 1 << 30,
            cpu_seconds: 10,
            wall_seconds: 20,
        }
    }
}

/// Runs scripts in child processes of their own.
#[derive(Debug)]
pub struct ScriptWorker {
    program: PathBuf,
    limits: WorkerLimits,
    described: Mutex<HashMap<[u8; 32], Described>>,
}

/// What came of describing a script, and until when that is good; for ever where a script always says the same.
#[derive(Debug, Clone)]
struct Described {
    outcome: Result<ScriptFacts, ScriptError>,
    until: Option<Instant>,
}

/// Why a child gave no answer.
enum NoAnswer {
    /// It could not be asked; the next one may.
    Broken(ScriptError),
    /// The script used more than it may.
    Spent(ScriptError),
}

impl NoAnswer {
    /// The error itself, which names the script where it has no place.
    fn named(self, script: &str) -> Self {
        let name = |error: ScriptError| match error.place {
            None if !error.message.contains(script) => ScriptError {
                message: format!("{script}: {}", error.message),
                ..error
            },
            _ => error,
        };
        match self {
            Self::Broken(error) => Self::Broken(name(error)),
            Self::Spent(error) => Self::Spent(name(error)),
        }
    }
}

impl From<NoAnswer> for ScriptError {
    fn from(answer: NoAnswer) -> Self {
        match answer {
            NoAnswer::Broken(error) | NoAnswer::Spent(error) => error,
        }
    }
}

impl ScriptWorker {
    /// Uses `program`, which must be this very program, for the children.
    #[must_use]
    pub fn new(program: PathBuf, limits: WorkerLimits) -> Self {
        Self {
            program,
            limits,
            described: Mutex::new(HashMap::new()),
        }
    }

    async fn ask(&self, script: &ScriptText, context: Option<&ScriptContext>) -> Result<Answer, NoAnswer> {
        let request = Request {
            name: script.name.clone(),
            text: script.text.clone(),
            context: context.cloned(),
            memory_bytes: self.limits.memory_bytes,
            cpu_seconds: self.limits.cpu_seconds,
        };
        let request = serde_json::to_vec(&request).map_err(|error| {
            NoAnswer::Broken(placeless(format!("the script cannot be handed over: {error}")))
        })?;
        let wall = Duration::from_secs(self.limits.wall_seconds);
        match tokio::time::timeout(wall, self.converse(&request)).await {
            Ok(result) => result,
            Err(_) => Err(NoAnswer::Spent(placeless(format!(
                "{} did not end within {} seconds",
                script.name, self.limits.wall_seconds
            )))),
        }
        .map_err(|answer| answer.named(&script.name))
    }

    async fn converse(&self, request: &[u8]) -> Result<Answer, NoAnswer> {
        let broken = |error: std::io::Error| {
            NoAnswer::Broken(placeless(format!(
                "the script interpreter cannot be started: {error}"
            )))
        };
        let mut child = Command::new(&self.program)
            .arg(SUBCOMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        let mut input = child.stdin.take();
        let mut output = child.stdout.take();
        let mut complaints = child.stderr.take();
        let mut answer = Vec::new();
        let mut said = Vec::new();
        let write = async {
            if let Some(mut input) = input.take() {
                // A child that dies early closes its end; its status tells more than this error would.
                let _ = input.write_all(request).await;
            }
        };
        let read = async {
            match &mut output {
                Some(output) => output.read_to_end(&mut answer).await,
                None => Ok(0),
            }
        };
        let listen = async {
            match &mut complaints {
                Some(complaints) => complaints.read_to_end(&mut said).await,
                None => Ok(0),
            }
        };
        let ((), read, listened) = tokio::join!(write, read, listen);
        read.map_err(broken)?;
        listened.map_err(broken)?;
        let status = child.wait().await.map_err(broken)?;
        if status.success()
            && let Ok(answer) = serde_json::from_slice(&answer)
        {
            return Ok(answer);
        }
        Err(NoAnswer::Spent(
            self.obituary(status, &String::from_utf8_lossy(&said)),
        ))
    }

    fn remembered(&self, digest: &[u8; 32]) -> Option<Result<ScriptFacts, ScriptError>> {
        let described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        let found = described.get(digest)?;
        let good = found.until.is_none_or(|until| Instant::now() < until);
        good.then(|| found.outcome.clone())
    }

    /// Why the child ended without an answer.
    fn obituary(&self, status: ExitStatus, said: &str) -> ScriptError {
        let signal = status.signal().and_then(rustix::process::Signal::from_named_raw);
        // The words of the allocator, of Rust's collections, and of the interpreter's heap.
        let too_large = [
            "memory allocation",
            "capacity overflow",
            "out of memory",
            "AlignedSize",
        ];
        placeless(match signal {
            _ if too_large.iter().any(|words| said.contains(words)) => format!(
                "the script used more than {} MiB of memory",
                self.limits.memory_bytes >> 20
            ),
            _ if said.contains("overflowed its stack") => "the script nests too deeply".to_owned(),
            Some(rustix::process::Signal::XCPU | rustix::process::Signal::KILL) => format!(
                "the script did not end within {} seconds of processor time",
                self.limits.cpu_seconds
            ),
            _ => format!("the script interpreter ended without an answer ({status})"),
        })
    }
}

#[async_trait]
impl Interpreter for ScriptWorker {
    async fn describe(&self, script: &ScriptText) -> Result<ScriptFacts, ScriptError> {
        // The name is part of it: errors say it.
        let digest: [u8; 32] = Sha256::new()
            .chain_update(&script.name)
            .chain_update([0])
            .chain_update(&script.text)
            .finalize()
            .into();
        if let Some(outcome) = self.remembered(&digest) {
            return outcome;
        }
        let (outcome, until) = match self.ask(script, None).await {
            Ok(Answer::Facts(facts)) => (Ok(facts), None),
            Ok(Answer::Error(error)) => (Err(error), None),
            Ok(Answer::Draft(_)) => {
                return Err(placeless("the script interpreter answered another question"));
            }
            Err(NoAnswer::Spent(error)) => (Err(error), Some(Instant::now() + SPENT)),
            Err(NoAnswer::Broken(error)) => return Err(error),
        };
        let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
        if described.len() >= CACHED {
            described.clear();
        }
        let remembered = Described {
            outcome: outcome.clone(),
            until,
        };
        described.insert(digest, remembered);
        outcome
    }

    async fn draft(&self, script: &ScriptText, context: &ScriptContext) -> Result<Draft, ScriptError> {
        match self.ask(script, Some(context)).await? {
            Answer::Draft(draft) => Ok(draft),
            Answer::Error(error) => Err(error),
            Answer::Facts(_) => Err(placeless("the script interpreter answered another question")),
        }
    }
}
