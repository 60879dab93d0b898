//! The binary, as a person or a program calls it: standard output, standard error, exit code.

mod commands;
mod configuration;
mod doors;
mod exec;
mod fake_server;
mod files;
mod follow;
mod hosts;
mod judging;
mod made_up_hosts;
mod settings;
mod simulation;

use std::process::{Command, Stdio};

/// A policy that denies a program which is nowhere: what must not run would do no harm either.
const DENIES_WEB_TOOL: &str =
    r#"{"deny": [{"id": "wipe", "program": "web-tool", "args": ["wipe"], "reason": "it wipes"}]}"#;

/// One call of the binary, in an environment of its own.
pub(crate) struct Call {
    command: Command,
    stdin: String,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// `edgewise ARGS`.
pub(crate) fn edgewise(args: &[&str]) -> Call {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgewise"));
    command.args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EDGEWISE_") {
            command.env_remove(name);
        }
    }
    Call {
        command,
        stdin: String::new(),
    }
}

impl Call {
    /// The binary's process, for tests that talk to it while it runs.
    pub fn spawn(mut self) -> std::process::Child {
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn stdin(mut self, text: &str) -> Self {
        text.clone_into(&mut self.stdin);
        self
    }

    pub fn run(mut self) -> Ended {
        use std::io::Write;
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read its input may be gone before all of it is written.
        let _ = stdin.write_all(self.stdin.as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        Ended {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
