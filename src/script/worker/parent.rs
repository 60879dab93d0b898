//! The server's side: starts a child for each request and reads its death as an answer, too.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

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
    described: Mutex<HashMap<[u8; 32], ScriptFacts>>,
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

    async fn ask(&self, script: &ScriptText, context: Option<&ScriptContext>) -> Result<Answer, ScriptError> {
        let request = Request {
            name: script.name.clone(),
            text: script.text.clone(),
            context: context.cloned(),
            memory_bytes: self.limits.memory_bytes,
            cpu_seconds: self.limits.cpu_seconds,
        };
        let request = serde_json::to_vec(&request)
            .map_err(|error| placeless(format!("the script cannot be handed over: {error}")))?;
        let wall = Duration::from_secs(self.limits.wall_seconds);
        match tokio::time::timeout(wall, self.converse(&request)).await {
            Ok(result) => result,
            Err(_) => Err(placeless(format!(
                "{} did not end within {} seconds",
                script.name, self.limits.wall_seconds
            ))),
        }
        .map_err(|error| match error.place {
            None if !error.message.contains(&script.name) => ScriptError {
                message: format!("{}: {}", script.name, error.message),
                ..error
            },
            _ => error,
        })
    }

    async fn converse(&self, request: &[u8]) -> Result<Answer, ScriptError> {
        let broken =
            |error: std::io::Error| placeless(format!("the script interpreter cannot be started: {error}"));
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
        Err(self.obituary(status, &String::from_utf8_lossy(&said)))
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
        let digest: [u8; 32] = Sha256::digest(script.text.as_bytes()).into();
        let cached = {
            let described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
            described.get(&digest).cloned()
        };
        if let Some(facts) = cached {
            return Ok(facts);
        }
        match self.ask(script, None).await? {
            Answer::Facts(facts) => {
                let mut described = self.described.lock().unwrap_or_else(PoisonError::into_inner);
                if described.len() >= CACHED {
                    described.clear();
                }
                described.insert(digest, facts.clone());
                Ok(facts)
            }
            Answer::Error(error) => Err(error),
            Answer::Draft(_) => Err(placeless("the script interpreter answered another question")),
        }
    }

    async fn draft(&self, script: &ScriptText, context: &ScriptContext) -> Result<Draft, ScriptError> {
        match self.ask(script, Some(context)).await? {
            Answer::Draft(draft) => Ok(draft),
            Answer::Error(error) => Err(error),
            Answer::Facts(_) => Err(placeless("the script interpreter answered another question")),
        }
    }
}
