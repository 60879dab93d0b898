//! Puts the adapters behind the use cases: the one place that names concrete ones.

mod log;
mod predecessor;

use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::app::background::{Background, Keeping};
use crate::app::messenger::Telling;
use crate::app::ports::{Artifacts, Balancer, Clock, Hosts, Secrets};
use crate::app::runner::Outside;
use crate::app::{App, AppSettings};
use crate::artifacts::ArtifactReader;
use crate::balancer::ByKind;
use crate::checks::NetworkProber;
use crate::clock::SystemClock;
use crate::domain::output_limit::{Amount, OutputLimits};
use crate::domain::rollout::RolloutSettings;
use crate::logs::pipeline::Pipeline;
use crate::notify::{self, HttpNotifier};
use crate::script::worker::{ScriptWorker, WorkerLimits};
use crate::settings::{MachineSecrets, Settings};
use crate::ssh::{SshHosts, SshLimits, SshSettings};
use crate::store::{ServerClaim, Store, StoreError};
use crate::web;

pub use log::{Log, open as open_log, refused};

/// Why a server could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum BootError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log: its spool, or one of the places it goes to.
    #[error("the log: {0}")]
    Log(String),
    /// SSH: a file it needs, or what is in it.
    #[error("ssh: {0}")]
    Ssh(String),
    /// TLS for outgoing requests.
    #[error("TLS: {0}")]
    Tls(#[from] reqwest::Error),
    /// A folder or a socket.
    #[error("{what}: {error}")]
    Machine {
        /// Which.
        what: String,
        /// What the operating system said.
        error: std::io::Error,
    },
}

/// What differs between a server and the demo.
pub struct Parts {
    /// The fleet.
    pub hosts: Arc<dyn Hosts>,
    /// The load balancer.
    pub balancer: Arc<dyn Balancer>,
    /// Secrets by reference.
    pub secrets: Arc<dyn Secrets>,
    /// This program, which runs scripts in children of its own.
    pub program: PathBuf,
}

/// The use cases on the real adapters. Nothing runs before the runner recovers.
///
/// # Errors
/// [`BootError`] for the first part that is not fit.
pub fn app(store: Store, log: Log, settings: AppSettings, parts: Parts) -> Result<App, BootError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let outside = Outside {
        clock,
        hosts: parts.hosts,
        balancer: parts.balancer,
        prober: Arc::new(NetworkProber::new()?),
        notifier: Arc::new(HttpNotifier::new(notify::PATIENCE)?),
        artifacts: Arc::new(ArtifactReader::new()?),
        secrets: parts.secrets,
        log_sink: Arc::new(log.pipeline.clone()),
        log_search: Arc::new(log.reading),
        log_health: Arc::new(log.pipeline),
        log_keeper: Arc::new(log.keeping),
    };
    let interpreter = Arc::new(ScriptWorker::new(parts.program, WorkerLimits::default()));
    Ok(App::new(store, outside, interpreter, settings))
}

/// What reads the sources of uploads.
///
/// # Errors
/// Where the TLS roots cannot be loaded.
pub fn artifacts() -> Result<Arc<dyn Artifacts>, reqwest::Error> {
    Ok(Arc::new(ArtifactReader::new()?))
}

/// A running server, until it is told to stop.
pub struct Server {
    app: App,
    log: Pipeline,
    /// How long steps and requests under way have to come to their end when the server stops, and then what waits for
    /// the log's sinks to be delivered.
    patience: u32,
    web: actix_web::dev::Server,
    stopping: tokio_util::sync::CancellationToken,
    address: std::net::SocketAddr,
    /// Held while the server runs: a second one on the same file is refused.
    _claim: ServerClaim,
}

impl Server {
    /// Opens the store, claims it, and binds the socket. No action runs yet.
    ///
    /// # Errors
    /// [`BootError`] for the first part that is not fit.
    pub async fn start(settings: &Settings, program: PathBuf) -> Result<Self, BootError> {
        let data_dir = &settings.server.data_dir;
        make_data_folder(data_dir).map_err(|error| BootError::Machine {
            what: format!("the data folder {}", data_dir.display()),
            error,
        })?;
        let store = Store::open(settings.store.url.reveal()).await?;
        let claim = store.claim_server()?;
        store.free_left_claims(&claim).await?;
        if store.is_shared() && settings.elasticsearch.urls.is_empty() {
            tracing::warn!(
                data_dir = %data_dir.display(),
                "each server on this store keeps the log entries of the actions that it runs in its own data folder: \
                 with several servers, ask the one that ran an action for its log, or set elasticsearch.url"
            );
        }
        let mut ssh = ssh_settings(settings);
        ssh.limits.fit(crate::ssh::raise_open_files_limit());
        let hosts = SshHosts::new(&ssh).map_err(|error| BootError::Ssh(error.to_string()))?;
        let parts = Parts {
            hosts: Arc::new(hosts),
            balancer: Arc::new(ByKind),
            secrets: Arc::new(MachineSecrets),
            program,
        };
        let log = open_log(
            data_dir,
            &settings.log,
            &settings.elasticsearch,
            store.is_shared(),
        )
        .await?;
        let pipeline = log.pipeline.clone();
        // The open log is this process's alone: whoever had the folder before has ended.
        let freed = predecessor::release(&store, data_dir).await?;
        if freed > 0 {
            tracing::info!(freed, "the server before this one left actions under way");
        }
        let app = app(store, log, app_settings(settings), parts)?;
        predecessor::remember(data_dir, app.runner().server()).map_err(|error| BootError::Machine {
            what: format!("the data folder {}", data_dir.display()),
            error,
        })?;
        let machine = |error| BootError::Machine {
            what: format!("listening on {}", settings.server.listen),
            error,
        };
        let listener = TcpListener::bind(&settings.server.listen).map_err(machine)?;
        let address = listener.local_addr().map_err(machine)?;
        let stopping = tokio_util::sync::CancellationToken::new();
        let options = web::Options {
            https_only: settings.server.secure_cookies,
            trust_forwarded: settings.server.trust_forwarded,
            shutdown_seconds: u64::from(settings.server.shutdown_seconds),
            stopping: stopping.clone(),
            ..web::Options::default()
        };
        let web = web::server(app.clone(), listener, options).map_err(machine)?;
        Ok(Self {
            app,
            log: pipeline,
            patience: settings.server.shutdown_seconds,
            web,
            stopping,
            address,
            _claim: claim,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.address
    }

    /// Goes on with what was left, and serves until `stop` resolves. Then no connection is taken and nothing new is begun,
    /// and steps and requests under way have `server.shutdown_seconds` to come to their end, or until `at_once`
    /// resolves. Steps that need longer go on on their hosts; the next server goes on with the actions.
    ///
    /// # Errors
    /// [`BootError`] where the store cannot be read, or the socket breaks.
    pub async fn run(
        self,
        stop: impl Future<Output = ()>,
        at_once: impl Future<Output = ()>,
    ) -> Result<(), BootError> {
        self.app.runner().recover().await?;
        let background = Background::start(&self.app);
        let handle = self.web.handle();
        let mut serving = tokio::spawn(self.web);
        let ended = tokio::select! {
            () = stop => None,
            ended = &mut serving => Some(ended),
        };
        self.stopping.cancel();
        let closed = handle.stop(true);
        background.stop().await;
        self.app.runner().drain(u64::from(self.patience), at_once).await;
        closed.await;
        let ended = match ended {
            Some(ended) => ended,
            None => serving.await,
        };
        let left = self
            .log
            .close(Duration::from_secs(u64::from(self.patience)))
            .await;
        if !left.is_empty() {
            tracing::warn!(?left, "log entries wait in the spool for the next start");
        }
        match ended {
            Ok(result) => result.map_err(|error| BootError::Machine {
                what: "the web server".into(),
                error,
            }),
            Err(error) => Err(BootError::Machine {
                what: "the web server".into(),
                error: std::io::Error::other(error),
            }),
        }
    }
}

/// Makes the data folder, where it is not there. Store and logs are in it, so it is its owner's alone.
///
/// # Errors
/// What the operating system says.
pub fn make_data_folder(folder: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
}

/// What the use cases are told by the settings.
#[must_use]
pub fn app_settings(settings: &Settings) -> AppSettings {
    let amount = |lines: u32, mib: u32| Amount {
        lines: u64::from(lines),
        bytes: u64::from(mib) << 20,
    };
    AppSettings {
        session_hours: u64::from(settings.server.session_hours),
        rollout: RolloutSettings {
            queue_timeout_seconds: settings.actions.queue_timeout_seconds,
            ..RolloutSettings::default()
        },
        data_dir: settings.server.data_dir.clone(),
        output: OutputLimits {
            command: amount(settings.log.command_lines, settings.log.command_mib),
            target: amount(settings.log.target_lines, settings.log.target_mib),
            action: amount(settings.log.action_lines, settings.log.action_mib),
        },
        keeping: Keeping {
            host_days: settings.ssh.keep_days,
            action_days: settings.actions.keep_days,
            actions_of_project: settings.actions.keep_of_project,
            log_days: settings.log.keep_days,
            log_bytes: u64::from(settings.log.max_mib) << 20,
        },
        telling: Telling {
            public_url: settings.server.public_url.clone(),
            keep_trying_hours: settings.actions.notify_hours,
        },
    }
}

/// What the SSH side is told by the settings and the environment.
#[must_use]
pub fn ssh_settings(settings: &Settings) -> SshSettings {
    let given = &settings.ssh;
    let usual = SshSettings::of_environment();
    SshSettings {
        config_file: given.config_file.clone().or(usual.config_file),
        known_hosts_file: given.known_hosts_file.clone().or(usual.known_hosts_file),
        user: given.user.clone().or(usual.user),
        identity_file: given.identity_file.clone().or(usual.identity_file),
        password: given
            .password
            .as_ref()
            .map(|password| password.reveal().to_owned()),
        sudo_password: given
            .sudo_password
            .as_ref()
            .map(|password| password.reveal().to_owned()),
        max_output_bytes: u64::from(given.max_output_mib) << 20,
        key_passphrase: given
            .key_passphrase
            .as_ref()
            .map(|passphrase| passphrase.reveal().to_owned()),
        connect_timeout_seconds: u64::from(given.connect_timeout_seconds),
        limits: SshLimits {
            connections: given.max_connections as usize,
            starts: given.max_starts as usize,
            starts_per_network: given.max_starts_per_network as usize,
            starts_per_jump: given.max_starts_per_jump as usize,
            starts_per_address: given.max_starts_per_address as usize,
            hosts_per_jump: given.max_hosts_per_jump as usize,
        },
        ..usual
    }
}
