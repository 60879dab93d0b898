//! Where the breaking begins: for each action of each shipped script, a store in which it is about to start, and the
//! hosts as they are then. A case works on a copy.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use edgewise::app::App;
use edgewise::app::ports::{Clock as _, Interpreter as _, LogQuery, LogSearch as _, ScriptText};
use edgewise::app::request::ActBody;
use edgewise::domain::action::{ActionId, ActionStatus};
use edgewise::domain::log_entry::LogEntry;
use edgewise::domain::plan::{Plan, Work};
use edgewise::domain::rollout::RolloutSettings;
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::script::worker::{ScriptWorker, WorkerLimits};
use edgewise::store::Store;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::fleet::{Door, FIRST, Fleet, HOME, HOSTS, Spoil, Which};
use super::fuse::Fuse;
use crate::support::server::PATIENCE;
use crate::support::world::{ManualClock, asked, caller, put_project, serve_with};

/// How long an action waits before it starts: as long as its stand stays as it is.
const COUNTDOWN: u64 = 3600;
/// The version that was there before the one that the hosts have.
pub const BEFORE_THAT: &str = "1";
/// The version that the hosts have.
pub const BEFORE: &str = "2";
/// The version that a deploy brings.
pub const AFTER: &str = "4";
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/scripts");

/// An action that is about to start.
pub struct Stand {
    /// `script action`, for messages.
    pub name: String,
    pub id: ActionId,
    folder: TempDir,
    /// Where the artifacts are that its plan names.
    _artifacts: Arc<TempDir>,
}

/// A copy of a stand, to break things on.
pub struct Case {
    pub folder: TempDir,
    pub clock: ManualClock,
}

/// The text of every script that is shipped, by file name.
fn scripts() -> Vec<(String, String)> {
    let mut scripts: Vec<(String, String)> = std::fs::read_dir(CONFIG)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "star"))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    scripts.sort();
    scripts
}

/// What an operator would set, of the keys that the script has.
fn config(artifacts: &Path, keys: &[String]) -> Map<String, Value> {
    let own = json!({
        "artifact": artifacts.join("{version}.tar.gz"),
        "dir": HOME,
        "stop_command": format!("test ! -e {HOME}/current/stop || sh {HOME}/current/stop {HOME}"),
        "start_command": format!("sh {HOME}/current/start {HOME}"),
        "check_url": "http://{address}/health",
        "custom_install_cmd": "cp version installed",
        "context_dir": format!("{HOME}/context"),
        "command_timeout": 5,
        "keep_releases": 0,
        "healthcheck_smart_delay": 5,
        "healthcheck_timeout": 40,
    });
    let mut config = own.as_object().unwrap().clone();
    config.retain(|key, _| keys.contains(key));
    let rollout = json!({
        "version": BEFORE,
        "server_info": "pool_info",
        "pool_info": {"east": [{"pool_name": "front", "inpool_threshold": 50}]},
        "stages": "1,100%",
    });
    config.extend(rollout.as_object().unwrap().clone());
    config
}

/// Every action of every shipped script, about to start.
pub async fn all() -> Vec<Stand> {
    let worker = ScriptWorker::new(env!("CARGO_BIN_EXE_edgewise").into(), WorkerLimits::default());
    let mut stands = Vec::new();
    for (name, text) in scripts() {
        let script = ScriptText {
            name: name.clone(),
            text: text.clone(),
        };
        let facts = worker.describe(&script).await.unwrap();
        let keys: Vec<String> = facts.keys.iter().map(|key| key.name.clone()).collect();
        let kept = Arc::new(tempfile::tempdir().unwrap());
        artifacts(kept.path());
        let base = installed(&text, config(kept.path(), &keys)).await;
        for action in &facts.actions {
            let (id, folder) = match about_to(&base, action, &[]).await {
                (_, plan, _) if leaves_out(&plan) => {
                    // The pool can spare one at a time, so one is all that can be left out.
                    let (id, _, folder) = about_to(&base, action, &[FIRST]).await;
                    (id, folder)
                }
                (id, _, folder) => (id, folder),
            };
            stands.push(Stand {
                name: format!("{name} {action}"),
                id,
                folder,
                _artifacts: Arc::clone(&kept),
            });
        }
    }
    stands
}

/// Whether every case is wanted, and not as many as fit into the time of everybody's tests.
pub fn is_thorough() -> bool {
    std::env::var("BREAKING").is_ok_and(|wanted| wanted == "all")
}

/// A store with a project on whose hosts two versions were installed, one after the other.
async fn installed(script: &str, config: Map<String, Value>) -> TempDir {
    let case = Case::at(tempfile::tempdir().unwrap(), 0);
    let store = case.store().await;
    put_project(&store, script, config, case.clock.now()).await;
    let fleet = case.fleet(Vec::new(), None);
    let app = case.serve(&fleet).await;
    for version in [BEFORE_THAT, BEFORE] {
        let body = ActBody {
            version: Some(version.to_owned()),
            ..ActBody::default()
        };
        let id = app
            .act(&caller(), &asked("deploy", body))
            .await
            .unwrap()
            .action_id;
        assert_eq!(case.ends(&app, &fleet, id).await, ActionStatus::Completed);
    }
    app.runner().stop().await;
    case.folder
}

/// Whether it takes targets out of service and does not put them back.
fn leaves_out(plan: &Plan) -> bool {
    let steps = || plan.targets.iter().flat_map(|target| &target.steps);
    steps().any(|step| step.work == Work::PoolOut) && !steps().any(|step| step.work == Work::PoolIn)
}

/// An action on these hosts, or all, that has not started.
async fn about_to(base: &TempDir, action: &str, servers: &[&str]) -> (ActionId, Plan, TempDir) {
    let case = Case::at(copy(base), COUNTDOWN);
    let fleet = case.fleet(Vec::new(), None);
    let app = case.serve(&fleet).await;
    let body = ActBody {
        version: action.ends_with("deploy").then(|| AFTER.to_owned()),
        countdown: COUNTDOWN,
        ..ActBody::default()
    };
    let mut request = asked(action, body);
    if !servers.is_empty() {
        request.body.all = false;
        request.body.servers = servers.iter().map(|&server| server.to_owned()).collect();
    }
    let id = app.act(&caller(), &request).await.unwrap().action_id;
    let plan = app.store().action(id).await.unwrap().unwrap().plan;
    app.runner().stop().await;
    (id, plan, case.folder)
}

impl Stand {
    /// Whether it is the one whose every moment is looked at most closely.
    pub fn is_widest(&self) -> bool {
        self.name == "deploy.star deploy"
    }

    /// A copy of its own for a test, whose countdown is over.
    pub fn case(&self) -> Case {
        Case::at(copy(&self.folder), 3 * COUNTDOWN)
    }
}

impl Case {
    fn at(folder: TempDir, seconds: u64) -> Self {
        let clock = ManualClock::new();
        clock.advance(seconds);
        Self { folder, clock }
    }

    /// The file of the store.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("edgewise.db")
    }

    pub async fn store(&self) -> Store {
        let url = format!("sqlite:{}", self.file().display());
        Store::open(&url).await.unwrap()
    }

    /// The hosts, where these calls of the first are spoilt, and the server dies by that fuse.
    pub fn fleet(&self, spoilt: Vec<(Which, Spoil)>, fuse: Option<Fuse>) -> Arc<Fleet> {
        Fleet::new(&self.folder.path().join("hosts"), &self.clock, spoilt, fuse)
    }

    /// A server on this copy.
    pub async fn serve(&self, fleet: &Arc<Fleet>) -> App {
        let log = Arc::new(
            EmbeddedLogs::open(&self.folder.path().join("log.db"))
                .await
                .unwrap(),
        );
        let (door, store) = (Door(Arc::clone(fleet)), self.store().await);
        let logs = (Arc::clone(&log), log);
        let rollout = RolloutSettings::default();
        serve_with(self.folder.path(), store, &self.clock, &door, logs, rollout).await
    }

    /// What the log has of an action, whole.
    pub async fn logged(&self, id: ActionId) -> Vec<LogEntry> {
        let log = EmbeddedLogs::open(&self.folder.path().join("log.db"))
            .await
            .unwrap();
        log.page(&LogQuery::of(id, 100_000)).await.unwrap().entries
    }

    /// Moves the clock on whenever nothing else moves, until the action is over.
    pub async fn ends(&self, app: &App, fleet: &Fleet, id: ActionId) -> ActionStatus {
        let moving = async {
            loop {
                let record = app.store().action_record(id).await.unwrap().unwrap();
                if record.status.is_final() {
                    return record.status;
                }
                self.tick(fleet).await;
            }
        };
        match tokio::time::timeout(PATIENCE, moving).await {
            Ok(status) => status,
            Err(elapsed) => {
                let view = app.action(&caller(), id).await.unwrap();
                panic!("it never ends ({elapsed}): {:#?}", view.summary)
            }
        }
    }

    /// Lets a moment pass; where nothing moved in it, time goes on.
    pub async fn tick(&self, fleet: &Fleet) {
        let before = fleet.moves();
        tokio::time::sleep(Duration::from_millis(4)).await;
        if before.is_some() && fleet.moves() == before {
            self.clock.advance(1);
        }
    }
}

/// A copy of a folder, where the links of the hosts lead to what was copied.
fn copy(folder: &TempDir) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    let mut copying = std::process::Command::new("cp");
    copying.arg("-a").arg(folder.path().join(".")).arg(to.path());
    assert!(copying.status().unwrap().success());
    for host in HOSTS {
        for entry in std::fs::read_dir(to.path().join("hosts").join(host)).unwrap() {
            let link = entry.unwrap().path();
            if let Ok(target) = std::fs::read_link(&link) {
                let below = target.strip_prefix(folder.path()).unwrap();
                std::fs::remove_file(&link).unwrap();
                std::os::unix::fs::symlink(to.path().join(below), &link).unwrap();
            }
        }
    }
    to
}

/// Writes the artifacts of all versions.
fn artifacts(folder: &Path) {
    for version in [BEFORE_THAT, BEFORE, AFTER] {
        std::fs::write(folder.join(format!("{version}.tar.gz")), release(version)).unwrap();
    }
}

fn release(version: &str) -> Vec<u8> {
    let start = format!("echo {version} >>$1/starts\necho {version} >$1/running\n");
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in [
        ("start", start.as_str()),
        ("stop", "rm -f $1/running\n"),
        ("version", version),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        archive
            .append_data(&mut header, name, content.as_bytes())
            .unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap()
}
