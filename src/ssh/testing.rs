//! A fleet of made-up hosts, and sessions with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::ports::{HostSession, OutputLine, Payload, StepKey, StepRun, Upload};
use crate::domain::action::ActionId;
use crate::domain::lease::Lease;
use crate::domain::log_entry::LogStream;
use crate::domain::name::TargetName;
use crate::domain::rollout::{StepResult, Way};
use crate::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer};
use crate::domain::target::Target;
use crate::domain::timestamp::Timestamp;
use crate::fleet::{Fleet, FleetHost, FleetPlan, HostPlan};

use super::{SshHosts, SshSettings};

/// A fleet that is known and lets us in.
pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) hosts: SshHosts,
    _folder: tempfile::TempDir,
}

impl World {
    pub(super) async fn of(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let plan = FleetPlan {
            hosts: names
                .iter()
                .map(|name| HostPlan {
                    name: (*name).to_owned(),
                    zone: "east".to_owned(),
                })
                .collect(),
            root: folder.path().join("fleet"),
        };
        let fleet = Fleet::start(plan).await.expect("a fleet");
        let settings = settings(&folder, &fleet);
        let hosts = SshHosts::new(&settings).expect("settings");
        Self {
            fleet,
            hosts,
            _folder: folder,
        }
    }

    pub(super) fn host(&self, name: &str) -> &Arc<FleetHost> {
        self.fleet.host(name).expect("a host of the fleet")
    }

    pub(super) async fn session(&self, name: &str) -> Arc<dyn HostSession> {
        use crate::app::ports::Hosts as _;
        self.hosts
            .connect(key(name, 0).action, &target(name))
            .await
            .expect("a session")
    }
}

fn settings(folder: &tempfile::TempDir, fleet: &Fleet) -> SshSettings {
    let write = |name: &str, text: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let mut settings = SshSettings::of_user(folder.path().to_owned(), "tester".to_owned(), None);
    settings.config_file = Some(write("config", fleet.ssh_config_text()));
    settings.known_hosts_file = Some(write("known_hosts", fleet.known_hosts_text()));
    settings.identity_file = Some(fleet.client_key().to_owned());
    settings
}

pub(super) fn target(name: &str) -> Target {
    Target {
        name: TargetName::parse(name).expect("a name"),
        address: "127.0.0.1".to_owned(),
        port: None,
        user: None,
        zone: "east".to_owned(),
        pools: Vec::new(),
        labels: BTreeMap::new(),
        vars: BTreeMap::new(),
    }
}

pub(super) fn key(target: &str, step: u32) -> StepKey {
    StepKey {
        action: ActionId::from_parts(Timestamp::from_millis(1_795_228_610_007), [7; 10]),
        target: TargetName::parse(target).expect("a name"),
        way: Way::Forth,
        step,
        attempt: 1,
    }
}

pub(super) fn step(target: &str, step: u32) -> StepRun {
    StepRun {
        timeout_seconds: 60,
        ..StepRun::of(key(target, step))
    }
}

pub(super) fn lease(target: &str) -> Lease {
    Lease::of_process(1, TargetName::parse(target).expect("a name"))
}

pub(super) fn command(text: &str) -> SanitizedCommand {
    SanitizedCommand::check(&Sanitizer::default(), text, None, Clearance::Approved).expect("allowed")
}

/// What a step said, and how it ended.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) result: StepResult,
    pub(super) lines: Vec<OutputLine>,
}

impl Said {
    pub(super) fn text(&self, stream: LogStream) -> Vec<&str> {
        self.lines
            .iter()
            .filter(|line| line.stream == stream)
            .map(|line| line.text.as_str())
            .collect()
    }

    pub(super) fn stdout(&self) -> Vec<&str> {
        self.text(LogStream::Stdout)
    }

    pub(super) fn stderr(&self) -> Vec<&str> {
        self.text(LogStream::Stderr)
    }
}

/// Runs a step to its end, with all that it says.
pub(super) async fn run(session: &dyn HostSession, text: &str, run: &StepRun) -> Said {
    run_until(session, text, run, CancellationToken::new()).await
}

pub(super) async fn run_until(
    session: &dyn HostSession,
    text: &str,
    run: &StepRun,
    cancel: CancellationToken,
) -> Said {
    let (output, mut lines) = mpsc::channel(16);
    let name = run.key.target.to_string();
    let (lease, command) = (lease(&name), command(text));
    let collect = async {
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(line);
        }
        all
    };
    let (result, lines) = tokio::join!(session.run(&lease, &command, run, output, cancel), collect);
    Said { result, lines }
}

/// A file to put on a host.
pub(super) fn upload(target: &str, dest: &std::path::Path, bytes: &[u8]) -> Upload {
    Upload {
        key: key(target, 0),
        payload: Payload::of_bytes(bytes::Bytes::copy_from_slice(bytes)),
        dest: dest.to_str().expect("UTF-8").to_owned(),
        mode: "0644".to_owned(),
        owner: None,
        delete: false,
        timeout_seconds: 60,
    }
}

/// Puts it there.
pub(super) async fn put(session: &dyn HostSession, upload: &Upload) -> StepResult {
    let (lease, command) = (
        lease(&upload.key.target.to_string()),
        command(&format!("upload to {}", upload.dest)),
    );
    session
        .upload(&lease, &command, upload, CancellationToken::new())
        .await
}
