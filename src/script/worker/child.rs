//! The child's side.

use std::io::{self, Read, Write};

use rustix::process::{Resource, Rlimit, setrlimit};

use crate::app::ports::ScriptText;
use crate::script::evaluate::{describe, draft};

use super::{Answer, Request};

/// The stack of the thread that evaluates: deeply nested expressions are read recursively.
const STACK_BYTES: usize = 64 << 20;

/// Answers the one request on `input`. Meant to be all that its process does: it limits the process.
///
/// # Errors
/// Where `input` cannot be read or holds no request, a limit cannot be set, or `output` cannot be written.
pub fn run(mut input: impl Read, mut output: impl Write) -> io::Result<()> {
    let mut json = Vec::new();
    input.read_to_end(&mut json)?;
    let request: Request = serde_json::from_slice(&json)?;
    drop(json);
    let at_most = |limit: u64| Rlimit {
        current: Some(limit),
        maximum: Some(limit),
    };
    setrlimit(Resource::Core, at_most(0))?;
    setrlimit(Resource::As, at_most(request.memory_bytes))?;
    setrlimit(Resource::Cpu, at_most(request.cpu_seconds))?;
    let thread = std::thread::Builder::new()
        .stack_size(STACK_BYTES)
        .spawn(move || answer(request))?;
    // Where the interpreter itself gave up, it has said why on standard error, and there is no answer.
    let answer = thread
        .join()
        .map_err(|_| io::Error::other("the interpreter gave up on the script"))?;
    serde_json::to_writer(&mut output, &answer)?;
    output.flush()
}

fn answer(request: Request) -> Answer {
    let script = ScriptText {
        name: request.name,
        text: request.text,
    };
    let answer = match request.context {
        None => describe(&script).map(Answer::Facts),
        Some(context) => draft(&script, &context).map(Answer::Draft),
    };
    answer.unwrap_or_else(Answer::Error)
}
