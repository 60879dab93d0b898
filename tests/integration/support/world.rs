//! The use cases on a made-up world: hosts that do at once what they are told, a balancer and a clock that the test moves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use edgewise::app::background::Keeping;
use edgewise::app::error::AppError;
use edgewise::app::messenger::Telling;
use edgewise::app::ports::{
    Balancer, BalancerError, Clock, HostFailure, HostNeeds, HostSession, Hosts, HttpSeen, LogError, LogPage,
    LogQuery, LogSearch, LogSink, OutputLine, OutputOf, OutputRead, PoolMember, Prober, StepRun, Upload,
};
use edgewise::app::request::{ActBody, ActRequest, CallerHeaders, SteerBody};
use edgewise::app::runner::Outside;
use edgewise::app::view::{Accepted, ActionView};
use edgewise::app::{App, AppSettings, Steered};
use edgewise::artifacts::ArtifactReader;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::actor::{Actor, Caller};
use edgewise::domain::environment::Environment;
use edgewise::domain::lease::Lease;
use edgewise::domain::log_entry::{LogEntry, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::name::{Name, TargetName};
use edgewise::domain::outcome::Outcome;
use edgewise::domain::output_limit::{Amount, OutputLimits};
use edgewise::domain::project::Project;
use edgewise::domain::rollout::{RolloutSettings, StepResult};
use edgewise::domain::sanitize::SanitizedCommand;
use edgewise::domain::space::Space;
use edgewise::domain::target::{PoolPlace, Target};
use edgewise::domain::timestamp::Timestamp;
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::notify::HttpNotifier;
use edgewise::script::worker::{ScriptWorker, WorkerLimits};
use edgewise::settings::MachineSecrets;
use edgewise::store::{ConfigChange, ConfigObject, Script, Store};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::server::PATIENCE;
use super::waiting::{until, until_so};

/// Time that stands still until the test moves it.
#[derive(Clone)]
pub struct ManualClock(watch::Sender<i64>);

impl ManualClock {
    /// A clock of its own.
    pub fn new() -> Self {
        Self(watch::Sender::new(1_795_228_610_000))
    }

    /// Moves it on.
    pub fn advance(&self, seconds: u64) {
        self.0.send_modify(|now| *now += seconds.cast_signed() * 1000);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(*self.0.borrow())
    }

    fn sleep_until(&self, at: Timestamp) -> BoxFuture<'static, ()> {
        let mut moved = self.0.subscribe();
        async move {
            // The clock lives as long as the world; without it nothing wakes any more.
            let _ = moved.wait_for(|now| *now >= at.as_millis()).await;
        }
        .boxed()
    }
}

/// Hosts, balancer and prober in one: what a test sees and sets.
#[derive(Default)]
pub struct Made {
    ran: Mutex<Vec<String>>,
    /// What was put on hosts, as `host: path`.
    pub uploaded: Mutex<Vec<String>>,
    /// The steps that were begun: a host begins none twice, whoever asks.
    begun: Mutex<BTreeSet<String>>,
    /// While it is set, what was begun does not end.
    pub hold: watch::Sender<bool>,
    /// What a command that begins so on this host says instead of succeeding: `host: command`.
    pub fails: Mutex<BTreeMap<String, String>>,
    /// What a command that begins so on this host prints: lines, by `host: command`.
    pub prints: Mutex<BTreeMap<String, Vec<String>>>,
    /// What each step wrote, as its host keeps it.
    wrote: Mutex<BTreeMap<String, Vec<OutputLine>>>,
    /// Hosts keep nothing of steps that ended.
    pub forgets: AtomicBool,
    /// Hosts say nothing of steps that ended, and nobody knows when they will.
    pub mute: AtomicBool,
    /// The load balancer does not answer.
    pub balancer_is_down: AtomicBool,
    /// The next command panics in its task.
    pub panics: AtomicBool,
    /// The log store does not answer.
    pub log_is_down: AtomicBool,
    /// Whether whoever writes to the log store hears nothing until this is over, as of a disk that hangs.
    pub log_hangs: AtomicBool,
    /// The log store does not say how far it has output.
    pub log_forgets_output: AtomicBool,
    /// A line after which the log store takes nothing any more, as one of a server that is killed in the middle of writing.
    pub log_tears_after: Mutex<Option<String>>,
    closed: AtomicUsize,
    /// Members that are out of service although nobody asked for it.
    pub broken: Mutex<Vec<String>>,
    out: Mutex<Vec<String>>,
    /// How each sweep of a host was called.
    pub swept: Mutex<Vec<u32>>,
    /// Everybody who was ever taken out of service.
    pub taken_out: Mutex<Vec<String>>,
    /// Hosts that are not fit.
    pub unfit: Mutex<Vec<String>>,
    /// Sessions on every member.
    pub sessions: Mutex<u64>,
    /// Probes that are answered badly before good ones come.
    pub bad_probes: AtomicUsize,
    /// How many probes there were.
    pub probes: AtomicUsize,
}

impl Made {
    /// How many sessions with hosts were closed by now.
    pub fn closed(&self) -> usize {
        self.closed.load(Ordering::SeqCst)
    }
}

struct Session(Arc<Made>, TargetName);

fn well() -> StepResult {
    StepResult {
        outcome: Outcome::Ok,
        exit_code: Some(0),
        error: None,
    }
}

#[async_trait]
impl HostSession for Session {
    async fn check(&self, _needs: &HostNeeds) -> Result<(), HostFailure> {
        if self
            .0
            .unfit
            .lock()
            .unwrap()
            .iter()
            .any(|name| name == self.1.as_str())
        {
            return Err(HostFailure {
                outcome: Outcome::Failed,
                message: "sudo asks for a password".to_owned(),
            });
        }
        Ok(())
    }

    async fn run(
        &self,
        lease: &Lease,
        command: &SanitizedCommand,
        run: &StepRun,
        output: mpsc::Sender<OutputLine>,
        _cancel: CancellationToken,
    ) -> StepResult {
        assert!(!self.0.panics.swap(false, Ordering::SeqCst), "as it was told to");
        let what = format!("{}: {}", lease.target(), command.text());
        let begins = self.0.begun.lock().unwrap().insert(format!("{:?}", run.key));
        if begins {
            self.0.ran.lock().unwrap().push(what.clone());
        }
        let prints = self.0.prints.lock().unwrap().clone();
        let mut offset = 0;
        for text in prints
            .into_iter()
            .filter(|(begins, _)| what.starts_with(begins.as_str()))
            .flat_map(|(_, lines)| lines)
        {
            offset += text.len() as u64 + 1;
            if offset <= run.resume.stdout {
                continue;
            }
            let line = OutputLine {
                stream: LogStream::Stdout,
                text,
                bytes: None,
                offset,
                is_cut: false,
            };
            if begins {
                let mut wrote = self.0.wrote.lock().unwrap();
                let kept = wrote.entry(format!("{:?}", run.key)).or_default();
                kept.push(line.clone());
            }
            // Nobody listens any more where the server is gone.
            let _ = output.send(line).await;
        }
        let mut hold = self.0.hold.subscribe();
        // Nobody holds it back once the world is gone.
        let _ = hold.wait_for(|hold| !hold).await;
        let fails = self.0.fails.lock().unwrap();
        match fails.iter().find(|(begins, _)| what.starts_with(begins.as_str())) {
            Some((_, error)) => StepResult {
                outcome: Outcome::Failed,
                exit_code: Some(1),
                error: Some(error.clone()),
            },
            None => well(),
        }
    }

    async fn hear_again(&self, run: &StepRun, output: mpsc::Sender<OutputLine>) -> Result<(), HostFailure> {
        if self.0.mute.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        if self.0.forgets.load(Ordering::SeqCst) {
            return Err(HostFailure {
                outcome: Outcome::Unknown,
                message: "its folder is gone".to_owned(),
            });
        }
        let wrote = self
            .0
            .wrote
            .lock()
            .unwrap()
            .get(&format!("{:?}", run.key))
            .cloned();
        for line in wrote.unwrap_or_default() {
            if line.offset > run.resume.stdout {
                let _ = output.send(line).await;
            }
        }
        Ok(())
    }

    async fn sweep(&self, days: u32) -> Result<(), HostFailure> {
        self.0.swept.lock().unwrap().push(days);
        Ok(())
    }

    async fn upload(
        &self,
        lease: &Lease,
        _command: &SanitizedCommand,
        upload: &Upload,
        _cancel: CancellationToken,
    ) -> StepResult {
        let what = format!("{}: {}", lease.target(), upload.dest);
        self.0.uploaded.lock().unwrap().push(what);
        well()
    }

    async fn close(&self) {
        self.0.closed.fetch_add(1, Ordering::SeqCst);
    }
}

/// The world's parts as the use cases take them.
#[derive(Clone)]
struct Adapter(Arc<Made>);

#[async_trait]
impl Hosts for Adapter {
    fn address_of(&self, name: &TargetName) -> String {
        name.to_string()
    }

    fn lease_key(&self, target: &Target) -> String {
        format!("{}:22", target.name)
    }

    async fn connect(&self, _action: ActionId, target: &Target) -> Result<Arc<dyn HostSession>, HostFailure> {
        Ok(Arc::new(Session(Arc::clone(&self.0), target.name.clone())))
    }
}

#[async_trait]
impl Balancer for Adapter {
    async fn members(&self, _pool: &PoolPlace) -> Result<Option<Vec<PoolMember>>, BalancerError> {
        if self.0.balancer_is_down.load(Ordering::SeqCst) {
            return Err(BalancerError::Unreachable("it is down".to_owned()));
        }
        let (broken, out) = (self.0.broken.lock().unwrap(), self.0.out.lock().unwrap());
        let member = |name: &str| PoolMember {
            name: TargetName::parse(name).unwrap(),
            in_service: !broken.iter().chain(out.iter()).any(|other| other == name),
        };
        Ok(Some(["a", "b"].map(member).to_vec()))
    }

    async fn take_out(&self, _pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        self.0.out.lock().unwrap().push(target.name.to_string());
        self.0.taken_out.lock().unwrap().push(target.name.to_string());
        Ok(())
    }

    async fn put_back(&self, _pool: &PoolPlace, target: &Target) -> Result<(), BalancerError> {
        self.0
            .out
            .lock()
            .unwrap()
            .retain(|name| *name != target.name.to_string());
        Ok(())
    }

    async fn sessions(&self, _pool: &PoolPlace, _target: &Target) -> Result<Option<u64>, BalancerError> {
        Ok(Some(*self.0.sessions.lock().unwrap()))
    }
}

#[async_trait]
impl Prober for Adapter {
    async fn http(&self, _method: &str, _url: &str, _timeout_seconds: u64) -> Result<HttpSeen, String> {
        let seen = self.0.probes.fetch_add(1, Ordering::SeqCst);
        let is_bad = seen < self.0.bad_probes.load(Ordering::SeqCst);
        Ok(HttpSeen {
            status: if is_bad { 503 } else { 200 },
            body: String::new(),
            is_cut: false,
        })
    }

    async fn tcp(&self, _address: &str, _port: u16, _timeout_seconds: u64) -> Result<(), String> {
        Ok(())
    }
}

#[async_trait]
impl LogSink for Logs {
    async fn write(&self, entries: &[LogEntry]) -> Result<(), LogError> {
        self.answers()?;
        while self.made.log_hangs.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let tears_after = self.made.log_tears_after.lock().unwrap().clone();
        if let Some(text) = tears_after
            && let Some(place) = entries
                .iter()
                .position(|entry| entry.stream == LogStream::Stdout && entry.text.as_str() == text)
        {
            self.log.write(&entries[..=place]).await?;
            std::future::pending::<()>().await;
        }
        self.log.write(entries).await
    }
}

#[async_trait]
impl LogSearch for Logs {
    async fn page(&self, query: &LogQuery) -> Result<LogPage, LogError> {
        self.answers()?;
        self.log.page(query).await
    }

    async fn last_seq(&self, action: ActionId) -> Result<Option<u64>, LogError> {
        self.answers()?;
        self.log.last_seq(action).await
    }

    async fn said(&self, action: ActionId) -> Result<HashMap<TargetName, Amount>, LogError> {
        self.log.said(action).await
    }

    async fn output_read(&self, of: &OutputOf) -> Result<OutputRead, LogError> {
        if self.made.log_forgets_output.load(Ordering::SeqCst) {
            return Err(LogError("it does not say".to_owned()));
        }
        self.log.output_read(of).await
    }
}

/// The built-in log store, where it is not down.
struct Logs {
    log: Arc<EmbeddedLogs>,
    made: Arc<Made>,
}

impl Logs {
    fn answers(&self) -> Result<(), LogError> {
        if self.made.log_is_down.load(Ordering::SeqCst) {
            return Err(LogError("it is down".to_owned()));
        }
        Ok(())
    }
}

/// Two hosts, `a` and `b`, in one pool, and the shipped script.
pub struct World {
    pub app: App,
    pub clock: ManualClock,
    pub made: Arc<Made>,
    folder: TempDir,
}

/// The script that is shipped.
pub const SHIPPED: &str = include_str!("../../../config/scripts/deploy.star");

impl World {
    /// A world whose project has these keys beside its own; actions wait 30 s for leases.
    pub async fn with(differs: &Value) -> Self {
        Self::on(None, SHIPPED, differs).await
    }

    /// The same with a script of the test's, where `store` is another than a file of its own there.
    pub async fn on(store: Option<&str>, script: &str, differs: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = store.map_or_else(|| file_in(&folder), str::to_owned);
        let clock = ManualClock::new();
        let store = Store::open(&url).await.unwrap();
        configure(&store, script, differs, clock.now()).await;
        let made = Arc::new(Made::default());
        let app = serve(&folder, "log.db", store, &clock, &made, 30).await;
        Self {
            app,
            clock,
            made,
            folder,
        }
    }

    /// The URL of the store, where it is a file.
    pub fn file(&self) -> String {
        file_in(&self.folder)
    }

    /// The file of the log.
    pub fn log_file(&self) -> std::path::PathBuf {
        self.folder.path().join("log.db")
    }

    /// Another server on this store, with a log store of its own or the first one's.
    pub async fn beside(&self, store: &str, log: &str) -> App {
        self.beside_with(store, log, 30).await
    }

    /// The same, where actions wait so many seconds for leases.
    pub async fn beside_with(&self, store: &str, log: &str, queue_timeout_seconds: u64) -> App {
        let store = Store::open(store).await.unwrap();
        let (clock, made) = (&self.clock, &self.made);
        serve(&self.folder, log, store, clock, made, queue_timeout_seconds).await
    }

    /// Starts an action on both hosts.
    pub async fn act(&self, action: &str, body: ActBody) -> ActionId {
        self.try_act(action, body).await.unwrap().action_id
    }

    /// The same, which may be refused.
    pub async fn try_act(&self, action: &str, body: ActBody) -> Result<Accepted, AppError> {
        self.app.act(&caller(), &asked(action, body)).await
    }

    /// Restarts both hosts.
    pub async fn restart(&self, body: ActBody) -> ActionId {
        self.act("restart", body).await
    }

    /// The same, held at its first command: nothing ends before `hold` is taken back.
    pub async fn begins(&self) -> ActionId {
        self.made.hold.send_replace(true);
        let id = self.restart(ActBody::default()).await;
        until("the first command", || !self.ran().is_empty()).await;
        id
    }

    /// Steers an action.
    pub async fn steer(&self, id: ActionId, word: &str) {
        self.app.steer(&caller(), id, word, &because()).await.unwrap();
    }

    /// Starts anew what has ended: the id of the new action.
    pub async fn again(&self, id: ActionId, word: &str) -> ActionId {
        match self.app.steer(&caller(), id, word, &because()).await.unwrap() {
            Steered::New(accepted) => accepted.action_id,
            Steered::Same(view) => panic!("{:?} is not a new action", view.summary),
        }
    }

    /// What the log in the folder has of an action.
    pub async fn logged(&self, id: ActionId) -> Vec<LogEntry> {
        let logs = EmbeddedLogs::open(&self.log_file()).await.unwrap();
        logs.page(&LogQuery::of(id, 100_000)).await.unwrap().entries
    }

    /// What its log has with this text, once there is any: the log is written while the action goes on.
    pub async fn says(&self, id: ActionId, text: &str) -> Vec<LogEntry> {
        let mut found = Vec::new();
        until_so(text, async || {
            found = self.logged(id).await;
            found.retain(|entry| entry.text.as_str().contains(text));
            !found.is_empty()
        })
        .await;
        found
    }

    /// What the log has once it has its end and is owed nothing, while the clock moves on.
    pub async fn whole_log(&self, id: ActionId) -> Vec<LogEntry> {
        let mut entries = Vec::new();
        until_so("the end of the log", async || {
            self.clock.advance(1);
            let owed = self.app.store().log_owed_from(id).await.unwrap();
            entries = self.logged(id).await;
            owed.is_none() && entries.iter().any(|entry| entry.event == LogEvent::Result)
        })
        .await;
        entries
    }

    /// Moves the clock on, second by second, until the action is over; the action then.
    pub async fn runs_out(&self, id: ActionId) -> ActionView {
        let moving = async {
            loop {
                self.clock.advance(1);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            view = self.until(id, |view| view.summary.status.is_final()) => view,
            () = moving => unreachable!("it moves for ever"),
        }
    }

    /// The action as it is.
    pub async fn action(&self, id: ActionId) -> ActionView {
        self.app.action(&caller(), id).await.unwrap()
    }

    /// The action once it waits for this kind of thing.
    pub async fn waits(&self, id: ActionId, kind: &str) -> ActionView {
        self.until(id, |view| {
            // While it takes its targets it says so too, for a moment, before anybody is known to hold them.
            let taking = kind == "lease" && view.summary.status == ActionStatus::Scheduled;
            let waits = view
                .summary
                .waiting_for
                .as_ref()
                .is_some_and(|wait| json!(wait.kind) == kind);
            waits && !taking
        })
        .await
    }

    /// The action once it has this status.
    pub async fn ends(&self, id: ActionId, status: ActionStatus) -> ActionView {
        let ended = self.until(id, |view| view.summary.status.is_final()).await;
        assert_eq!(ended.summary.status, status, "{ended:#?}");
        ended
    }

    /// The action once it is so.
    pub async fn until(&self, id: ActionId, so: impl Fn(&ActionView) -> bool) -> ActionView {
        let waiting = async {
            loop {
                let view = self.action(id).await;
                if so(&view) {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match tokio::time::timeout(PATIENCE, waiting).await {
            Ok(view) => view,
            Err(elapsed) => panic!(
                "it never came about ({elapsed}): {:#?}",
                self.action(id).await.summary
            ),
        }
    }

    /// Waits until the log of an action that has ended is whole.
    pub async fn log_is_whole(&self, id: ActionId) {
        let waiting = async {
            while self.app.store().log_owed_from(id).await.unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("the end of the log");
    }

    /// What ran, as `host: command`.
    pub fn ran(&self) -> Vec<String> {
        self.made.ran.lock().unwrap().clone()
    }
}

/// A request to act on both hosts.
pub fn asked(action: &str, body: ActBody) -> ActRequest {
    ActRequest {
        space: "s".to_owned(),
        project: "p".to_owned(),
        action: action.to_owned(),
        body: ActBody { all: true, ..body },
        headers: CallerHeaders::default(),
    }
}

/// A reason.
pub fn because() -> SteerBody {
    SteerBody {
        reason: "a test".to_owned(),
        ..SteerBody::default()
    }
}

fn file_in(folder: &TempDir) -> String {
    format!("sqlite:{}", folder.path().join("edgewise.db").display())
}

/// A server on this store.
async fn serve(
    folder: &TempDir,
    log: &str,
    store: Store,
    clock: &ManualClock,
    made: &Arc<Made>,
    queue_timeout_seconds: u64,
) -> App {
    let kept = Arc::new(EmbeddedLogs::open(&folder.path().join(log)).await.unwrap());
    let log = Arc::new(Logs {
        log: Arc::clone(&kept),
        made: Arc::clone(made),
    });
    let adapter = Adapter(Arc::clone(made));
    let rollout = RolloutSettings {
        queue_timeout_seconds,
        ..RolloutSettings::default()
    };
    serve_with(folder.path(), store, clock, &adapter, (kept, log), rollout).await
}

/// A server on this store, with a world and logs of the test's.
pub async fn serve_with(
    folder: &Path,
    store: Store,
    clock: &ManualClock,
    adapter: &(impl Hosts + Balancer + Prober + Clone + 'static),
    (kept, log): (Arc<EmbeddedLogs>, Arc<impl LogSink + LogSearch + 'static>),
    rollout: RolloutSettings,
) -> App {
    let outside = Outside {
        clock: Arc::new(clock.clone()),
        hosts: Arc::new(adapter.clone()),
        balancer: Arc::new(adapter.clone()),
        prober: Arc::new(adapter.clone()),
        notifier: Arc::new(HttpNotifier::new(Duration::from_millis(400)).unwrap()),
        artifacts: Arc::new(ArtifactReader::new().unwrap()),
        secrets: Arc::new(MachineSecrets),
        log_sink: Arc::clone(&log) as _,
        log_search: log,
        log_health: Arc::new(edgewise::app::ports::AlwaysWell),
        log_keeper: kept,
    };
    let program = env!("CARGO_BIN_EXE_edgewise").into();
    let interpreter = Arc::new(ScriptWorker::new(program, WorkerLimits::default()));
    let settings = AppSettings {
        session_hours: 12,
        rollout,
        data_dir: folder.to_owned(),
        output: OutputLimits::default(),
        keeping: Keeping::default(),
        telling: Telling::default(),
    };
    let app = App::new(store, outside, interpreter, settings);
    app.runner().recover().await.unwrap();
    app
}

/// One who may do everything.
pub fn caller() -> Caller {
    Caller {
        actor: Actor::System,
        server_admin: true,
        roles: Vec::new(),
    }
}

async fn configure(store: &Store, text: &str, differs: &Value, now: Timestamp) {
    let mut config = json!({
        "server_info": "pool_info",
        "pool_info": {"east": [{"pool_name": "front", "inpool_threshold": 50}]},
        "member_session_wait_time": 60,
        "start_command": "start",
        "stop_command": "stop",
    });
    let keys = config.as_object_mut().unwrap();
    if text != SHIPPED {
        keys.retain(|key, _| !key.ends_with("_command"));
    }
    keys.extend(differs.as_object().unwrap().clone());
    let Value::Object(config) = config else {
        panic!("an object")
    };
    put_project(store, text, config, now).await;
}

/// Writes the one project with its script and this configuration into the store.
pub async fn put_project(store: &Store, text: &str, config: Map<String, Value>, now: Timestamp) {
    let (space, name) = (Name::parse("s").unwrap(), Name::parse("p").unwrap());
    let environment = Name::parse("e").unwrap();
    let script = "deploy.star".to_owned();
    let changes = [
        ConfigObject::Space(Space {
            name: space.clone(),
            title: "S".to_owned(),
            color: None,
            members: Vec::new(),
            notify: Vec::new(),
        }),
        ConfigObject::Script(Script {
            name: script.clone(),
            text: text.to_owned(),
        }),
        ConfigObject::Environment(Environment {
            name: environment.clone(),
            script,
            config: Map::new(),
        }),
        ConfigObject::Project {
            space,
            project: Project {
                name,
                environment,
                config,
            },
        },
    ]
    .map(ConfigChange::Put);
    store.apply(&changes, &Actor::System, now).await.unwrap();
}

/// Counts what is in a list of texts.
pub fn count(ran: &[String]) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for text in ran {
        *counts.entry(text.as_str()).or_default() += 1;
    }
    counts
}
