//! The outside world, as the use cases see it. Adapters implement these traits and know nothing of each other.

mod log;
mod log_health;
mod payload;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::action::ActionId;
use crate::domain::config::KeySpec;
use crate::domain::lease::Lease;
use crate::domain::log_entry::LogStream;
use crate::domain::name::TargetName;
use crate::domain::notice::{Medium, Notice};
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Draft, ScriptContext, UploadSource};
use crate::domain::rollout::{StepResult, Way};
use crate::domain::sanitize::SanitizedCommand;
use crate::domain::target::{PoolPlace, Target};
use crate::domain::timestamp::Timestamp;

pub use log::{LogError, LogKeeper, LogOrder, LogPage, LogQuery, LogSearch, LogSink, OutputOf, OutputRead};
pub use log_health::{AlwaysWell, LogFigures, LogHealth, SetAside};
pub use payload::{Content, Payload, Tree, TreeEntry, TreeKind};

/// Time. Tests hand in one that they move themselves.
pub trait Clock: Send + Sync {
    /// The moment it is.
    fn now(&self) -> Timestamp;
    /// Resolves once that moment has come.
    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()>;
}

/// The fleet, over SSH.
#[async_trait]
pub trait Hosts: Send + Sync {
    /// Where a server of this name answers: its `HostName` by `ssh_config`, else the name itself.
    fn address_of(&self, name: &TargetName) -> String;

    /// Names the machine behind a target, so that two projects which call it differently cannot act on it
    /// at once: its resolved address and port.
    fn lease_key(&self, target: &Target) -> String;

    /// Opens the one connection that a whole action uses for this target. Connections are shared fairly among
    /// actions: this waits for its turn, and giving up the wait is harmless.
    ///
    /// # Errors
    /// [`HostFailure`] with the outcome and the reason, where it cannot be reached, shows a wrong or
    /// unknown key, or refuses every login.
    async fn connect(&self, action: ActionId, target: &Target) -> Result<Arc<dyn HostSession>, HostFailure>;

    /// Whether targets of an action wait for a connection because as many as allowed are open.
    fn held_up(&self, _action: ActionId) -> Option<HeldUp> {
        None
    }
}

/// Targets that wait for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldUp {
    /// How many of the action do.
    pub waiting: usize,
    /// How many connections may be open at once.
    pub places: usize,
}

/// Why a host cannot be worked with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct HostFailure {
    /// The word for it.
    pub outcome: Outcome,
    /// The reason, with what a person can do about it.
    pub message: String,
}

/// One connection to one host. Everything that runs there passes [`HostSession::run`] or
/// [`HostSession::upload`], and both ask for a [`Lease`] and a [`SanitizedCommand`].
#[async_trait]
pub trait HostSession: Send + Sync {
    /// Looks whether the host is fit for the steps to come: a shell, a private folder with room,
    /// sudo where `sudo` says it is needed; for `files_only`, SFTP where there is no shell. Changes nothing that stays.
    async fn check(&self, needs: &HostNeeds) -> Result<(), HostFailure>;

    /// Starts a step under the wrapper, sends its output as it comes, and returns its end. A step with
    /// the same [`StepKey`] is started at most once on a host, whatever happens to the connection or the
    /// server: a second call finds the first and goes on with it. Cancelling stops its process group.
    async fn run(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        run: &StepRun,
        output: mpsc::Sender<OutputLine>,
        cancel: CancellationToken,
    ) -> StepResult;

    /// Sends what a step wrote that has ended, from `run.resume` on: it is read where the host kept it, and nothing is ever
    /// started. Giving up the wait is harmless.
    ///
    /// # Errors
    /// [`HostFailure`] where the host does not give all of it.
    async fn hear_again(&self, run: &StepRun, output: mpsc::Sender<OutputLine>) -> Result<(), HostFailure>;

    /// Puts a file or a folder on the host: to a temporary name, verified there, then renamed; `command` is the
    /// judged text that says so. What is there already with the same bytes is left alone.
    async fn upload(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        upload: &Upload,
        cancel: CancellationToken,
    ) -> StepResult;

    /// Removes what actions left in the private folder on the host, where nothing was written for more than `days` days and
    /// nothing runs. Repeating it is harmless.
    ///
    /// # Errors
    /// [`HostFailure`] where the host cannot be worked with.
    async fn sweep(&self, days: u32) -> Result<(), HostFailure>;

    /// Ends the connection.
    async fn close(&self);
}

/// What the steps to come need of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostNeeds {
    /// Sudo, without a password or with the one that is known.
    pub sudo: bool,
    /// Nothing but files of the login's own is put there, which takes no shell.
    pub files_only: bool,
    /// Free bytes where uploads go: path and size.
    pub free_bytes: Vec<(String, u64)>,
}

/// Which attempt of which step of which action: the name of its folder on the host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StepKey {
    /// The action.
    pub action: ActionId,
    /// The target's name (several targets may share a host).
    pub target: TargetName,
    /// Which half of the plan.
    pub way: Way,
    /// The step's place, from 0.
    pub step: u32,
    /// From 1.
    pub attempt: u32,
}

/// How a step is to run.
#[derive(Clone, PartialEq, Eq)]
pub struct StepRun {
    /// Which.
    pub key: StepKey,
    /// As root, or as `user`, by sudo.
    pub sudo: bool,
    /// As this user instead of the login (by sudo).
    pub user: Option<String>,
    /// In this folder.
    pub cwd: Option<String>,
    /// With these permission bits taken away (octal).
    pub umask: Option<String>,
    /// With these variables, secrets filled in: they travel on stdin, never in argv.
    pub env: BTreeMap<String, String>,
    /// Exit codes that mean `ok`.
    pub ok_codes: Vec<i32>,
    /// After so long its process group is stopped, and the outcome is `timeout`.
    pub timeout_seconds: u64,
    /// From where to read the output on.
    pub resume: StreamOffsets,
}

impl StepRun {
    /// As the login, in its home, without a variable, for no time at all.
    #[must_use]
    pub fn of(key: StepKey) -> Self {
        Self {
            key,
            sudo: false,
            user: None,
            cwd: None,
            umask: None,
            env: BTreeMap::new(),
            ok_codes: vec![0],
            timeout_seconds: 0,
            resume: StreamOffsets::default(),
        }
    }
}

/// Bytes of each stream that were read (and logged) before.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StreamOffsets {
    /// Of standard output.
    pub stdout: u64,
    /// Of standard error.
    pub stderr: u64,
}

/// One line of a step's output, without its line end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputLine {
    /// `Stdout` or `Stderr`.
    pub stream: LogStream,
    /// The line; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// The line itself where it is not UTF-8.
    pub bytes: Option<Box<[u8]>>,
    /// The byte after its end in its stream.
    pub offset: u64,
    /// No line end follows: the line was too long, and goes on with the next; or it is the last.
    pub is_cut: bool,
}

/// A file or a folder to put on a host.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Which step it is.
    pub key: StepKey,
    /// What, shared by all targets.
    pub payload: Payload,
    /// The path: absolute, or below the login's home.
    pub dest: String,
    /// Octal permission bits of a file; what is in a folder has its own.
    pub mode: String,
    /// `user` or `user:group`. Where that is not the login, all of it is done as root, by `sudo -n`.
    pub owner: Option<String>,
    /// Of a folder that is there already: remove what the new one does not have.
    pub delete: bool,
    /// After so long it is given up; nothing of it is at `dest`.
    pub timeout_seconds: u64,
}

/// The load balancer.
#[async_trait]
pub trait Balancer: Send + Sync {
    /// The members of a pool with what each is doing; none where this balancer cannot be asked, so that
    /// the configured members count as in service.
    async fn members(&self, pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError>;
    /// Takes a target out of service: no new sessions but those that have to come back to it. Repeating it is harmless.
    async fn take_out(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError>;
    /// After the drain: no session at all. Repeating it is harmless.
    async fn shut(&self, _pool: &PoolPlace, _target: &Target) -> Result<(), BalancerError> {
        Ok(())
    }
    /// Puts it back. Repeating it is harmless.
    async fn put_back(&self, pool: &PoolPlace, target: &Target) -> Result<(), BalancerError>;
    /// How many sessions it still has; none where that cannot be counted.
    async fn sessions(&self, pool: &PoolPlace, target: &Target) -> Result<Option<u64>, BalancerError>;
}

/// A member of a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolMember {
    /// The target's name.
    pub name: TargetName,
    /// Whether it gets new sessions now.
    pub in_service: bool,
}

/// A load balancer that did not answer, or refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BalancerError {
    /// Nobody answered in time.
    #[error("the load balancer cannot be reached: {0}")]
    Unreachable(String),
    /// It answered that it will not.
    #[error("the load balancer refused: {0}")]
    Refused(String),
}

/// Asks applications how they are.
#[async_trait]
pub trait Prober: Send + Sync {
    /// One HTTP request; the status and the first [`PROBED_BYTES`] of the body, or why there is no answer.
    async fn http(&self, method: &str, url: &str, timeout_seconds: u64) -> Result<HttpSeen, String>;
    /// One TCP connection, closed at once.
    async fn tcp(&self, address: &str, port: u16, timeout_seconds: u64) -> Result<(), String>;
}

/// What an HTTP probe saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSeen {
    /// The status.
    pub status: u16,
    /// The body, or the beginning of one that is longer.
    pub body: String,
    /// There is more of it than was read.
    pub is_cut: bool,
}

/// How much of a body a prober looks at.
pub const PROBED_BYTES: usize = 64 * 1024;

/// Tells people and programs outside of actions.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Sends a notice once; or why it was not taken, in words that hold neither the URL nor the secret, which may both be
    /// secrets.
    async fn send(&self, delivery: &Delivery) -> Result<(), String>;
}

/// A notice on its way to one receiver.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// By what means.
    pub kind: Medium,
    /// Where to.
    pub url: String,
    /// What it is signed with; none where it is not.
    pub secret: Option<String>,
    /// What it says.
    pub notice: Notice,
    /// Which attempt this is, from 1.
    pub attempt: u64,
    /// The moment, which is signed with it.
    pub at: Timestamp,
}

/// Runs scripts, where they can hurt nobody.
#[async_trait]
pub trait Interpreter: Send + Sync {
    /// What a script declares.
    async fn describe(&self, script: &ScriptText) -> Result<ScriptFacts, ScriptError>;
    /// Calls the script's function `context.action`.
    async fn draft(&self, script: &ScriptText, context: &ScriptContext) -> Result<Draft, ScriptError>;
}

/// A script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptText {
    /// Its file name, for messages.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// What a script declares.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ScriptFacts {
    /// Its configuration keys.
    pub keys: Vec<KeySpec>,
    /// Its public functions that take `ctx` alone, in the order of the file.
    pub actions: Vec<String>,
    /// The first paragraph of its docstring.
    pub doc: String,
}

/// A script that is wrong, called `fail`, or did not end within its limits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
#[error("{message}")]
pub struct ScriptError {
    /// What is wrong, in a sentence.
    pub message: String,
    /// The place: file, line and column (from 1), where there is one.
    pub place: Option<ScriptPlace>,
    /// The line with a caret under it, ready to print in a fixed-width font.
    pub excerpt: Option<String>,
}

/// A place in a script.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ScriptPlace {
    /// The script's file name.
    pub file: String,
    /// From 1.
    pub line: u32,
    /// From 1.
    pub column: u32,
}

/// Fetches what uploads put on hosts.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// The file or the folder at the server, or the file behind a URL, looked at whole; or why it cannot be had, in
    /// words.
    async fn read(&self, source: &UploadSource) -> Result<Payload, String>;
}

/// Reads a secret by its reference.
pub trait Secrets: Send + Sync {
    /// The value behind `{"env": NAME}` or `{"file": PATH}`.
    ///
    /// # Errors
    /// The reason in words, without the value.
    fn resolve(&self, reference: &serde_json::Value) -> Result<String, String>;
}
