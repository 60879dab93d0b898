//! Three hosts in folders: what runs on them runs really, under `/srv/shop`, and each step of an action at most once, as
//! the wrapper has it. What reaches a host, the balancer or the application is numbered, so that a test can spoil any of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use edgewise::app::ports::{
    Balancer, BalancerError, Clock as _, HostFailure, HostNeeds, HostSession, Hosts, HttpSeen, OutputLine,
    Payload, PoolMember, Prober, StepKey, StepRun, Upload,
};
use edgewise::domain::action::ActionId;
use edgewise::domain::lease::Lease;
use edgewise::domain::name::TargetName;
use edgewise::domain::outcome::Outcome;
use edgewise::domain::rollout::{StepResult, Way};
use edgewise::domain::sanitize::SanitizedCommand;
use edgewise::domain::target::{PoolPlace, Target};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::fuse::Fuse;
use crate::support::world::ManualClock;

/// The hosts, all of one pool.
pub const HOSTS: [&str; 3] = ["a", "b", "c"];
/// The one that is spoilt: the first of the first stage.
pub const FIRST: &str = "a";
/// Where the application lives, by the configuration.
pub const HOME: &str = "/srv/shop";
/// How long a balancer that does not answer is waited for.
const BALANCER_PATIENCE: u64 = 30;

/// In which way a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// It is done, and says that it failed.
    Fails,
    /// It is done, and nobody hears how it ended.
    Cut,
    /// It never ends.
    Hangs,
    /// It never gets there.
    Unreachable,
}

/// Every way.
pub const SPOILS: [Spoil; 4] = [Spoil::Fails, Spoil::Cut, Spoil::Hangs, Spoil::Unreachable];

/// What was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// A step on the host.
    Step {
        /// Which way.
        way: Way,
        /// Its place.
        step: u32,
    },
    /// The balancer, to take it out.
    TakeOut,
    /// The balancer, to put it back.
    PutBack,
    /// The balancer, for its sessions.
    Sessions,
    /// The application.
    Health,
}

/// Which calls of the first host are spoilt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The one of this place among its calls, and those after it while the same is tried.
    Place(usize),
    /// All of this kind on the way forth.
    Forth(Called),
}

/// Whether a call is a step of the way back.
pub fn is_back(called: &Called) -> bool {
    matches!(called, Called::Step { way: Way::Back, .. })
}

#[derive(Default)]
struct State {
    /// How each step that was begun ended: a host begins none twice, whoever asks.
    begun: BTreeMap<String, StepResult>,
    runs: Vec<(String, Way, u32)>,
    calls: BTreeMap<String, Vec<Called>>,
    out: BTreeSet<String>,
    lowest: usize,
}

/// The hosts, the balancer and the applications.
pub struct Fleet {
    root: PathBuf,
    clock: ManualClock,
    state: Mutex<State>,
    /// The calls of the first host that are spoilt.
    spoilt: Vec<(Which, Spoil)>,
    fuse: Option<Fuse>,
    moves: AtomicUsize,
    busy: AtomicUsize,
}

/// A call that goes on.
struct Busy<'a>(&'a Fleet);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.moves.fetch_add(1, Ordering::SeqCst);
        self.0.busy.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fleet {
    /// In this folder, where each host has one of its own.
    pub fn new(
        root: &Path,
        clock: &ManualClock,
        spoilt: Vec<(Which, Spoil)>,
        fuse: Option<Fuse>,
    ) -> Arc<Self> {
        let state = State {
            lowest: HOSTS.len(),
            ..State::default()
        };
        Arc::new(Self {
            root: root.to_owned(),
            clock: clock.clone(),
            state: Mutex::new(state),
            spoilt,
            fuse,
            moves: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What kills the server, where something does.
    pub fn fuse(&self) -> Option<&Fuse> {
        self.fuse.as_ref()
    }

    /// Grows with everything that happens; none while something is being done.
    pub fn moves(&self) -> Option<usize> {
        (self.busy.load(Ordering::SeqCst) == 0).then(|| self.moves.load(Ordering::SeqCst))
    }

    /// What was called for the first host, in order.
    pub fn calls(&self) -> Vec<Called> {
        self.state().calls.get(FIRST).cloned().unwrap_or_default()
    }

    /// How often each step was begun on its host, over all its attempts.
    pub fn runs(&self) -> BTreeMap<(String, bool, u32), usize> {
        let mut counts = BTreeMap::new();
        for (host, way, step) in &self.state().runs {
            *counts
                .entry((host.clone(), *way == Way::Back, *step))
                .or_default() += 1;
        }
        counts
    }

    /// The hosts out of service.
    pub fn out(&self) -> BTreeSet<String> {
        self.state().out.clone()
    }

    /// The fewest that were in service at any time.
    pub fn lowest(&self) -> usize {
        self.state().lowest
    }

    /// What each host has: the release that its link leads to, and the version that runs.
    pub fn has(&self) -> Vec<(String, String)> {
        HOSTS
            .iter()
            .map(|host| {
                let home = self.root.join(host);
                let link = std::fs::read_link(home.join("current")).unwrap_or_default();
                let release = link
                    .file_name()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                (release, running(&home))
            })
            .collect()
    }

    /// Somebody comes to a door of the world.
    async fn begin(&self, host: &str, called: Called) -> (Busy<'_>, Option<Spoil>) {
        if let Some(fuse) = &self.fuse {
            fuse.pass().await;
        }
        self.busy.fetch_add(1, Ordering::SeqCst);
        let mut state = self.state();
        let calls = state.calls.entry(host.to_owned()).or_default();
        let place = calls.len();
        let is_spoilt = |which: &Which, spoil: Spoil| match which {
            Which::Place(from) if spoil == Spoil::Cut => *from == place,
            // What fails goes on failing while the same is tried.
            Which::Place(from) => *from <= place && calls[*from..].iter().all(|before| *before == called),
            Which::Forth(spoilt) => *spoilt == called && !calls.iter().any(is_back),
        };
        let spoil = self
            .spoilt
            .iter()
            .find(|(which, spoil)| host == FIRST && is_spoilt(which, *spoil))
            .map(|(_, spoil)| *spoil);
        calls.push(called);
        (Busy(self), spoil)
    }

    /// Time passes, in which others may do something.
    async fn wait(&self, busy: &Busy<'_>, seconds: u64) {
        let _ = busy;
        self.busy.fetch_sub(1, Ordering::SeqCst);
        let at = self.clock.now().plus_seconds(seconds);
        let back = Back(self);
        self.clock.sleep_until(at).await;
        drop(back);
    }

    /// A step really done, once.
    fn once(&self, key: &StepKey, work: impl FnOnce(&Path) -> StepResult) -> StepResult {
        let name = format!("{key:?}");
        if let Some(before) = self.state().begun.get(&name) {
            return before.clone();
        }
        let host = key.target.to_string();
        let result = work(&self.root.join(&host));
        let mut state = self.state();
        state.runs.push((host, key.way, key.step));
        state.begun.insert(name, result.clone());
        result
    }

    async fn step(
        &self,
        key: &StepKey,
        timeout_seconds: u64,
        cancel: &CancellationToken,
        work: impl FnOnce(&Path) -> StepResult + Send,
    ) -> StepResult {
        let called = Called::Step {
            way: key.way,
            step: key.step,
        };
        let (busy, spoil) = self.begin(key.target.as_str(), called).await;
        match spoil {
            None => self.once(key, work),
            Some(Spoil::Fails) => self.once(key, |home| {
                work(home);
                ended(Outcome::Failed, Some(9), "it failed")
            }),
            Some(Spoil::Cut) => {
                self.once(key, work);
                ended(Outcome::Unknown, None, "the connection was lost")
            }
            Some(Spoil::Hangs) => {
                self.once(key, |_| ended(Outcome::Timeout, None, "stopped after its time"));
                tokio::select! {
                    () = self.wait(&busy, timeout_seconds) => ended(Outcome::Timeout, None, "stopped after its time"),
                    () = cancel.cancelled() => ended(Outcome::Failed, None, "stopped on request"),
                }
            }
            Some(Spoil::Unreachable) => ended(Outcome::Unreachable, None, "no route to the host"),
        }
    }

    async fn balance(
        &self,
        target: &Target,
        called: Called,
        act: impl FnOnce(&mut State) + Send,
    ) -> Result<(), BalancerError> {
        let (busy, spoil) = self.begin(target.name.as_str(), called).await;
        let silent = || BalancerError::Unreachable("it does not answer".to_owned());
        match spoil {
            None => {
                act(&mut self.state());
                Ok(())
            }
            Some(Spoil::Fails) => Err(BalancerError::Refused("it will not".to_owned())),
            Some(Spoil::Cut) => {
                act(&mut self.state());
                Err(silent())
            }
            Some(Spoil::Hangs) => {
                self.wait(&busy, BALANCER_PATIENCE).await;
                Err(silent())
            }
            Some(Spoil::Unreachable) => Err(silent()),
        }
    }
}

/// Back from a wait, in whatever way it ended.
struct Back<'a>(&'a Fleet);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        self.0.busy.fetch_add(1, Ordering::SeqCst);
    }
}

fn ended(outcome: Outcome, exit_code: Option<i32>, error: &str) -> StepResult {
    StepResult {
        outcome,
        exit_code,
        error: (outcome != Outcome::Ok).then(|| error.to_owned()),
    }
}

fn running(home: &Path) -> String {
    let text = std::fs::read_to_string(home.join("running")).unwrap_or_default();
    text.trim().to_owned()
}

/// Runs a command as the host would.
fn sh(home: &Path, command: &str, run: &StepRun) -> StepResult {
    std::fs::create_dir_all(home).unwrap();
    let here = |text: &str| text.replace(HOME, home.to_str().unwrap());
    let cwd = run
        .cwd
        .as_deref()
        .map_or_else(|| home.to_owned(), |cwd| here(cwd).into());
    let output = Command::new("/bin/sh")
        .args(["-c", &here(command)])
        .current_dir(cwd)
        .envs(run.env.iter().map(|(name, value)| (name, here(value))))
        .output()
        .unwrap();
    let code = output.status.code().unwrap_or(-1);
    if run.ok_codes.contains(&code) {
        ended(Outcome::Ok, Some(code), "")
    } else {
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        ended(Outcome::Failed, Some(code), &error)
    }
}

/// The fleet as the use cases take it.
#[derive(Clone)]
pub struct Door(pub Arc<Fleet>);

struct Session(Arc<Fleet>);

#[async_trait]
impl HostSession for Session {
    async fn check(&self, _needs: &HostNeeds) -> Result<(), HostFailure> {
        if let Some(fuse) = self.0.fuse() {
            fuse.pass().await;
        }
        Ok(())
    }

    async fn run(
        &self,
        _lease: &Lease,
        command: &SanitizedCommand,
        run: &StepRun,
        _output: mpsc::Sender<OutputLine>,
        cancel: CancellationToken,
    ) -> StepResult {
        let work = |home: &Path| sh(home, command.text(), run);
        self.0.step(&run.key, run.timeout_seconds, &cancel, work).await
    }

    async fn upload(
        &self,
        _lease: &Lease,
        _command: &SanitizedCommand,
        upload: &Upload,
        cancel: CancellationToken,
    ) -> StepResult {
        let Payload::File { content, .. } = &upload.payload else {
            panic!("the shipped scripts upload files")
        };
        let bytes = content.piece(0).await.unwrap();
        assert_eq!(bytes.len() as u64, content.size(), "the artifacts here are small");
        let work = |home: &Path| {
            let dest = PathBuf::from(upload.dest.replace(HOME, home.to_str().unwrap()));
            std::fs::create_dir_all(dest.parent().unwrap()).unwrap();
            std::fs::write(dest, &bytes).unwrap();
            ended(Outcome::Ok, None, "")
        };
        self.0
            .step(&upload.key, upload.timeout_seconds, &cancel, work)
            .await
    }

    async fn hear_again(&self, _run: &StepRun, _output: mpsc::Sender<OutputLine>) -> Result<(), HostFailure> {
        Ok(())
    }

    async fn sweep(&self, _days: u32) -> Result<(), HostFailure> {
        Ok(())
    }

    async fn close(&self) {}
}

#[async_trait]
impl Hosts for Door {
    fn address_of(&self, name: &TargetName) -> String {
        name.to_string()
    }

    fn lease_key(&self, target: &Target) -> String {
        format!("{}:22", target.name)
    }

    async fn connect(
        &self,
        _action: ActionId,
        _target: &Target,
    ) -> Result<Arc<dyn HostSession>, HostFailure> {
        Ok(Arc::new(Session(Arc::clone(&self.0))))
    }
}

#[async_trait]
impl Balancer for Door {
    async fn members(&self, _pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        if let Some(fuse) = self.0.fuse() {
            fuse.pass().await;
        }
        let state = self.0.state();
        let member = |name: &str| PoolMember {
            name: TargetName::parse(name).unwrap(),
            in_service: !state.out.contains(name),
        };
        Ok(Some(HOSTS.map(member).to_vec()))
    }

    async fn take_out(&self, _pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        let act = |state: &mut State| {
            state.out.insert(target.name.to_string());
            state.lowest = state.lowest.min(HOSTS.len() - state.out.len());
        };
        self.0.balance(target, Called::TakeOut, act).await
    }

    async fn put_back(&self, _pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        let act = |state: &mut State| {
            state.out.remove(target.name.as_str());
        };
        self.0.balance(target, Called::PutBack, act).await
    }

    async fn sessions(&self, _pool: &PoolPlace, target: &Target) -> Result<Option<u64>, BalancerError> {
        self.0
            .balance(target, Called::Sessions, |_| ())
            .await
            .map(|()| Some(0))
    }
}

#[async_trait]
impl Prober for Door {
    async fn http(&self, _method: &str, url: &str, timeout_seconds: u64) -> Result<HttpSeen, String> {
        let host = url.split(['/', ':']).find(|part| HOSTS.contains(part)).unwrap();
        let (busy, spoil) = self.0.begin(host, Called::Health).await;
        let version = running(&self.0.root.join(host));
        let status = match spoil {
            None if version.is_empty() => 503,
            None => 200,
            Some(Spoil::Fails) => 500,
            Some(Spoil::Cut) => return Err("the connection was closed".to_owned()),
            Some(Spoil::Hangs) => {
                self.0.wait(&busy, timeout_seconds).await;
                return Err("no answer in time".to_owned());
            }
            Some(Spoil::Unreachable) => return Err("connection refused".to_owned()),
        };
        Ok(HttpSeen {
            status,
            body: format!("version {version}"),
            is_cut: false,
        })
    }

    async fn tcp(&self, _address: &str, _port: u16, _timeout_seconds: u64) -> Result<(), String> {
        panic!("no shipped script does this")
    }
}
