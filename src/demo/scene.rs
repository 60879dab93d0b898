//! The demo's scene: hosts, balancer, store and configuration, all under one temporary folder.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::background::Keeping;
use crate::app::messenger::Telling;
use crate::app::ports::Clock as _;
use crate::app::{App, AppSettings, accounts};
use crate::balancer::InProcess;
use crate::boot::{self, Parts};
use crate::clock::SystemClock;
use crate::domain::actor::Actor;
use crate::domain::environment::Environment;
use crate::domain::name::{Name, TargetName};
use crate::domain::output_limit::OutputLimits;
use crate::domain::project::Project;
use crate::domain::rollout::RolloutSettings;
use crate::domain::space::Space;
use crate::fleet::{Fleet, FleetPlan, HostPlan};
use crate::logs::pipeline::Pipeline;
use crate::settings::MachineSecrets;
use crate::ssh::{SshHosts, SshSettings};
use crate::store::{ConfigChange, ConfigObject, Script, Store, User};

use super::application::Release;
use super::{DemoError, Options, artifact};

/// The demo's space.
pub(super) const SPACE: &str = "demo";
/// The demo's project.
pub(super) const PROJECT: &str = "shop";
/// Half of each pool stays in service.
const THRESHOLD: u32 = 50;

/// Everything that the demo plays on.
pub(super) struct Scene {
    pub(super) app: App,
    pub(super) log: Pipeline,
    pub(super) balancer: InProcess,
    /// Where the balancer takes requests.
    pub(super) front: SocketAddr,
    hosts: u32,
    fleet: Fleet,
    stop: CancellationToken,
    /// Locked while the demo lives: the applications end with it.
    lifeline: File,
    /// Clears up where this process cannot any more.
    keeper: tokio::process::Child,
    root: TempDir,
}

/// One made-up host with the port of its application.
struct Stand {
    name: TargetName,
    zone: &'static str,
    ssh_port: u16,
    app_port: u16,
    home: String,
}

impl Scene {
    /// Sets everything up: nothing is deployed yet.
    pub(super) async fn set(options: &Options) -> Result<Self, DemoError> {
        if !(4..=64).contains(&options.hosts) {
            return Err(DemoError::Edgewise(
                "the demo has 4 to 64 hosts: two a zone, so that one of them can be taken out".to_owned(),
            ));
        }
        let machine = |what| move |error| DemoError::Machine { what, error };
        let root = tempfile::Builder::new()
            .prefix("edgewise-demo-")
            .tempdir()
            .map_err(machine("a folder"))?;
        let lifeline_path = root.path().join("alive");
        let lifeline = File::create(&lifeline_path).map_err(machine("a file"))?;
        lifeline.lock().map_err(machine("a lock"))?;
        let keeper = tokio::process::Command::new(&options.program)
            .args(["demo-keeper", "--lifeline"])
            .arg(&lifeline_path)
            // Not in our group: a Ctrl-C is for us, and it has to outlive that.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(machine("the keeper"))?;

        let fleet = Fleet::start(FleetPlan {
            hosts: hosts(options.hosts),
            root: root.path().join("hosts"),
        })
        .await
        .map_err(|error| DemoError::Edgewise(error.to_string()))?;
        let stands = stands(&fleet)?;
        let balancer = InProcess::default();
        for stand in &stands {
            let address = SocketAddr::from(([127, 0, 0, 1], stand.app_port));
            balancer.add(stand.zone, &pool(stand.zone), stand.name.clone(), address);
        }
        let listener = TcpListener::bind(("127.0.0.1", 0))
            .await
            .map_err(machine("the balancer's port"))?;
        let front = listener.local_addr().map_err(machine("the balancer's port"))?;
        let stop = CancellationToken::new();
        tokio::spawn(balancer.clone().serve(listener, stop.child_token()));

        let artifacts = root.path().join("artifacts");
        std::fs::create_dir(&artifacts).map_err(machine("a folder"))?;
        for (version, healthy) in [("1", true), ("2", true), ("3", options.third_is_healthy)] {
            artifact::write(
                &artifacts,
                &Release {
                    version: version.to_owned(),
                    healthy,
                },
            )
            .map_err(machine("an artifact"))?;
        }

        let data_dir = root.path().join("data");
        std::fs::create_dir(&data_dir).map_err(machine("a folder"))?;
        let store = Store::open(&format!("sqlite:{}", data_dir.join("edgewise.db").display()))
            .await
            .map_err(|error| DemoError::Edgewise(error.to_string()))?;
        configure(&store, options, &stands, &artifacts, &lifeline_path).await?;
        let settings = AppSettings {
            session_hours: 12,
            rollout: RolloutSettings::default(),
            data_dir: data_dir.clone(),
            output: OutputLimits::default(),
            keeping: Keeping::default(),
            telling: Telling::default(),
        };
        let parts = Parts {
            hosts: Arc::new(ssh(&fleet, root.path())?),
            balancer: Arc::new(balancer.clone()),
            secrets: Arc::new(MachineSecrets),
            program: options.program.clone(),
        };
        let log = boot::open_log(&data_dir, &options.log, &options.elasticsearch, store.is_shared())
            .await
            .map_err(|error| DemoError::Edgewise(error.to_string()))?;
        let pipeline = log.pipeline.clone();
        let app =
            boot::app(store, log, settings, parts).map_err(|error| DemoError::Edgewise(error.to_string()))?;
        // There is nothing to go on with, but a claim that nobody renews ends after a while, and its action stands still.
        app.runner()
            .recover()
            .await
            .map_err(|error| DemoError::Edgewise(error.to_string()))?;
        Ok(Self {
            app,
            log: pipeline,
            balancer,
            front,
            hosts: options.hosts,
            fleet,
            stop,
            lifeline,
            keeper,
            root,
        })
    }

    /// The folder under which all of it lives.
    pub(super) fn root(&self) -> &Path {
        self.root.path()
    }

    /// How many hosts the pools promise to keep in service.
    pub(super) fn minimum(&self) -> u32 {
        let east = self.hosts.div_ceil(2);
        let kept = |members: u32| members - members * (100 - THRESHOLD) / 100;
        kept(east) + kept(self.hosts - east)
    }

    /// A code that signs the demo's administrator in once.
    pub(super) async fn login_code(&self) -> Result<String, DemoError> {
        let code = accounts::new_token();
        let expires = SystemClock.now().plus_seconds(3600);
        self.app
            .store()
            .add_login_code(&accounts::hash_token(&code), "demo", expires)
            .await
            .map_err(|error| DemoError::Edgewise(error.to_string()))?;
        Ok(code)
    }

    /// Resolves when the one-time login was used, or after `patience`.
    pub(super) async fn somebody_signed_in(&self, patience: Duration) {
        let signed_in = async {
            while !self.app.store().has_sessions().await.unwrap_or(false) {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        };
        // Either way the show begins.
        let _ = tokio::time::timeout(patience, signed_in).await;
    }

    /// What the inventory says every host has.
    pub(super) async fn versions(&self) -> Result<BTreeMap<String, String>, DemoError> {
        let (space, project) = (name(SPACE)?, name(PROJECT)?);
        let known = self
            .app
            .store()
            .inventory(&space, &project)
            .await
            .map_err(|error| DemoError::Edgewise(error.to_string()))?;
        let mut versions: BTreeMap<String, String> = self
            .fleet
            .hosts()
            .iter()
            .map(|host| (host.name().to_owned(), String::new()))
            .collect();
        versions.extend(
            known
                .into_iter()
                .map(|entry| (entry.target.to_string(), entry.installed.version)),
        );
        Ok(versions)
    }

    /// Stops everything and removes the folder.
    pub(super) async fn strike(mut self) {
        self.stop.cancel();
        self.app.runner().stop().await;
        self.log.close(Duration::ZERO).await;
        self.fleet.stop().await;
        // The applications and the keeper wait for this lock: they end, and the keeper clears up.
        drop(self.lifeline);
        if let Err(error) = self.keeper.wait().await {
            tracing::debug!(%error, "the keeper was not waited for");
        }
        if let Err(error) = self.root.close()
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::debug!(%error, "an application cleared up first");
        }
    }
}

fn hosts(count: u32) -> Vec<HostPlan> {
    let east = count.div_ceil(2);
    (1..=count)
        .map(|number| HostPlan {
            name: format!("web-{number}"),
            zone: if number <= east { "east" } else { "west" }.to_owned(),
        })
        .collect()
}

fn stands(fleet: &Fleet) -> Result<Vec<Stand>, DemoError> {
    // All ports are held until the last is known, so that no two hosts get the same.
    let mut held = Vec::new();
    let mut stands = Vec::new();
    for host in fleet.hosts() {
        let machine = |error| DemoError::Machine {
            what: "a port for an application",
            error,
        };
        let listener = StdListener::bind(("127.0.0.1", 0)).map_err(machine)?;
        stands.push(Stand {
            name: TargetName::parse(host.name()).map_err(|error| DemoError::Edgewise(error.to_string()))?,
            zone: if host.zone() == "east" { "east" } else { "west" },
            ssh_port: host.port(),
            app_port: listener.local_addr().map_err(machine)?.port(),
            home: host.home().display().to_string(),
        });
        held.push(listener);
    }
    Ok(stands)
}

fn ssh(fleet: &Fleet, root: &Path) -> Result<SshHosts, DemoError> {
    let known_hosts = root.join("known_hosts");
    let config = root.join("ssh_config");
    for (path, text) in [(&known_hosts, fleet.known_hosts_text()), (&config, String::new())] {
        std::fs::write(path, text).map_err(|error| DemoError::Machine {
            what: "an SSH file",
            error,
        })?;
    }
    let mut settings = SshSettings::of_user(root.to_path_buf(), "demo".to_owned(), None);
    settings.config_file = Some(config);
    settings.known_hosts_file = Some(known_hosts);
    settings.identity_file = Some(fleet.client_key().to_path_buf());
    SshHosts::new(&settings).map_err(|error| DemoError::Edgewise(error.to_string()))
}

/// Writes what an operator would write: a space, an environment with the shipped script, a project, a user.
async fn configure(
    store: &Store,
    options: &Options,
    stands: &[Stand],
    artifacts: &Path,
    lifeline: &Path,
) -> Result<(), DemoError> {
    let space = Space {
        name: name(SPACE)?,
        title: "Demo".to_owned(),
        color: Some("#0a7d6b".to_owned()),
        members: Vec::new(),
        notify: Vec::new(),
    };
    let environment = Environment {
        name: name("made-up")?,
        script: "deploy.star".to_owned(),
        config: Map::new(),
    };
    let project = Project {
        name: name(PROJECT)?,
        environment: environment.name.clone(),
        config: project_config(options, stands, artifacts, lifeline),
    };
    let script = Script {
        name: "deploy.star".to_owned(),
        text: include_str!("../../config/scripts/deploy.star").to_owned(),
    };
    let now = SystemClock.now();
    let told = |error: crate::store::StoreError| DemoError::Edgewise(error.to_string());
    let changes = [
        ConfigObject::Space(space.clone()),
        ConfigObject::Script(script),
        ConfigObject::Environment(environment),
        ConfigObject::Project {
            space: space.name,
            project,
        },
    ]
    .map(ConfigChange::Put);
    store.apply(&changes, &Actor::System, now).await.map_err(told)?;
    let user = User {
        name: "demo".to_owned(),
        password_hash: None,
        server_admin: true,
        groups: Vec::new(),
        disabled: false,
        created_at: now,
    };
    store.add_user(&user).await.map_err(told)
}

fn project_config(
    options: &Options,
    stands: &[Stand],
    artifacts: &Path,
    lifeline: &Path,
) -> Map<String, Value> {
    let mut pools = Map::new();
    for zone in ["east", "west"] {
        let servers: Vec<Value> = stands
            .iter()
            .filter(|stand| stand.zone == zone)
            .map(|stand| {
                json!({
                    "name": stand.name, "address": "127.0.0.1", "port": stand.ssh_port,
                    "vars": {"port": stand.app_port, "home": stand.home},
                })
            })
            .collect();
        let entry = json!([{"pool_name": pool(zone), "inpool_threshold": THRESHOLD, "servers": servers}]);
        pools.insert(zone.to_owned(), entry);
    }
    let program = options.program.display();
    let config = json!({
        "description": "a small HTTP application on made-up hosts",
        "server_info": "pool_info",
        "pool_info": pools,
        "strategy": "canary",
        "stages": "1,25%,50%,100%",
        "soak_seconds": if options.once { 0 } else { 3 },
        "member_session_wait_time": 10,
        "artifact": format!("{}/app-{{version}}.tar.gz", artifacts.display()),
        "dir": "{home}/app",
        "start_command": format!(
            "nohup '{program}' demo-app --release {{current}} --port {{port}} --lifeline '{}' >{{home}}/app.log 2>&1 </dev/null & echo $! >{{home}}/app.pid",
            lifeline.display()
        ),
        "stop_command":
            "if [ -f {home}/app.pid ]; then pid=$(cat {home}/app.pid); kill \"$pid\"; while kill -0 \"$pid\" 2>/dev/null; do sleep 0.05; done; rm -f {home}/app.pid; fi",
        "check_url": "http://{address}:{port}/health",
        "healthcheck_timeout": 5,
        "healthcheck_smart_delay": 1,
    });
    match config {
        Value::Object(config) => config,
        _ => Map::new(),
    }
}

fn pool(zone: &str) -> String {
    format!("shop-{zone}")
}

fn name(text: &str) -> Result<Name, DemoError> {
    Name::parse(text).map_err(|error| DemoError::Edgewise(error.to_string()))
}
