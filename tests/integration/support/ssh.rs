//! Sessions with servers of a farm.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use edgewise::app::ports::{
    Artifacts as _, HostFailure, HostSession, Hosts as _, OutputLine, Payload, StepKey, StepRun, Upload,
};
use edgewise::app::uploads::Place;
use edgewise::artifacts::ArtifactReader;
use edgewise::domain::action::ActionId;
use edgewise::domain::lease::Lease;
use edgewise::domain::log_entry::LogStream;
use edgewise::domain::name::TargetName;
use edgewise::domain::plan::UploadSource;
use edgewise::domain::rollout::{StepResult, Way};
use edgewise::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer};
use edgewise::domain::target::Target;
use edgewise::domain::timestamp::Timestamp;
use edgewise::ssh::{
    AdHoc, Asked, Connection, Download, ExecEnd, Manner, Moved, Piece, SshError, SshHosts, SshSession,
    SshSettings,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::sshd::{Farm, user};
pub use super::waiting::until;

/// Settings by which the farm is known and lets us in. `extra` stands in front of its `ssh_config`.
pub fn settings(farm: &Farm, extra: &str) -> SshSettings {
    let write = |name: &str, text: String| {
        let path = farm.folder().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let mut settings = SshSettings::of_user(farm.folder().join("nobody"), user(), None);
    settings.config_file = Some(write("config", format!("{extra}\n{}", farm.ssh_config())));
    settings.known_hosts_file = Some(write("known_hosts", farm.known_hosts()));
    settings.identity_file = Some(farm.client_key());
    settings
}

/// Hosts by such settings.
pub fn hosts(settings: &SshSettings) -> SshHosts {
    SshHosts::new(settings).expect("settings")
}

/// A target that `ssh_config` resolves.
pub fn target(name: &str) -> Target {
    Target {
        name: TargetName::parse(name).expect("a name"),
        address: String::new(),
        port: None,
        user: None,
        zone: "east".to_owned(),
        pools: Vec::new(),
        labels: BTreeMap::new(),
        vars: BTreeMap::new(),
    }
}

/// A session, or why there is none.
pub async fn connect(hosts: &SshHosts, name: &str) -> Result<Arc<dyn HostSession>, HostFailure> {
    hosts.connect(key(name, 0).action, &target(name)).await
}

/// The same on behalf of another action.
pub async fn connect_for(
    hosts: &SshHosts,
    action: u8,
    name: &str,
) -> Result<Arc<dyn HostSession>, HostFailure> {
    hosts.connect(action_id(action), &target(name)).await
}

/// One of several actions.
pub fn action_id(number: u8) -> ActionId {
    ActionId::from_parts(Timestamp::from_millis(1_795_228_610_007), [number; 10])
}

/// Why there is no session.
pub async fn failure(hosts: &SshHosts, name: &str) -> HostFailure {
    match connect(hosts, name).await {
        Ok(_) => panic!("{name} let us in"),
        Err(failure) => failure,
    }
}

/// An action of each test's own. A step's processes are known by it on their host, and here all hosts are this one: a test
/// would count those of its neighbours.
fn own_action() -> ActionId {
    let mut hasher = DefaultHasher::new();
    std::thread::current().name().hash(&mut hasher);
    let mut random = [0; 10];
    random[..8].copy_from_slice(&hasher.finish().to_be_bytes());
    ActionId::from_parts(Timestamp::from_millis(1_795_228_610_007), random)
}

fn key(target: &str, step: u32) -> StepKey {
    StepKey {
        action: own_action(),
        target: TargetName::parse(target).expect("a name"),
        way: Way::Forth,
        step,
        attempt: 1,
    }
}

/// A step of an action.
pub fn step(target: &str, step: u32) -> StepRun {
    StepRun {
        timeout_seconds: 60,
        ..StepRun::of(key(target, step))
    }
}

fn lease(target: &TargetName) -> Lease {
    Lease::of_process(std::process::id(), target.clone())
}

fn command(text: &str) -> SanitizedCommand {
    SanitizedCommand::check(&Sanitizer::default(), text, None, Clearance::Approved).expect("allowed")
}

/// What a step said, and how it ended.
#[derive(Debug)]
pub struct Said {
    pub result: StepResult,
    pub lines: Vec<OutputLine>,
}

impl Said {
    pub fn stdout(&self) -> Vec<&str> {
        self.text(LogStream::Stdout)
    }

    pub fn stderr(&self) -> Vec<&str> {
        self.text(LogStream::Stderr)
    }

    fn text(&self, stream: LogStream) -> Vec<&str> {
        let of = self.lines.iter().filter(|line| line.stream == stream);
        of.map(|line| line.text.as_str()).collect()
    }
}

/// Runs a step to its end.
pub async fn run(session: &dyn HostSession, text: &str, run: &StepRun) -> Said {
    run_until(session, text, run, CancellationToken::new()).await
}

/// The same, with somebody who may want it to end.
pub async fn run_until(
    session: &dyn HostSession,
    text: &str,
    run: &StepRun,
    cancel: CancellationToken,
) -> Said {
    let (output, lines) = mpsc::channel(64);
    let (lease, command) = (lease(&run.key.target), command(text));
    let (result, lines) = tokio::join!(session.run(&lease, &command, run, output, cancel), collect(lines));
    Said { result, lines }
}

/// What a step wrote that has ended, from `run.resume` on.
pub async fn hear_again(session: &dyn HostSession, run: &StepRun) -> Result<Vec<OutputLine>, HostFailure> {
    let (output, lines) = mpsc::channel(64);
    let (heard, lines) = tokio::join!(session.hear_again(run, output), collect(lines));
    heard.map(|()| lines)
}

async fn collect(mut lines: mpsc::Receiver<OutputLine>) -> Vec<OutputLine> {
    let mut all = Vec::new();
    while let Some(line) = lines.recv().await {
        all.push(line);
    }
    all
}

/// Runs a command without the wrapper: how it ended, and the beginning of what it said on standard output.
pub async fn ad_hoc(
    connection: &Connection,
    text: &str,
    timeout: Option<Duration>,
) -> Result<(ExecEnd, Vec<u8>), SshError> {
    let name = TargetName::parse("somewhere").expect("a name");
    let (lease, command, manner) = (lease(&name), command(text), Manner::default());
    let ad_hoc = AdHoc {
        lease: &lease,
        command: &command,
        manner: &manner,
        timeout,
        cancel: CancellationToken::new(),
    };
    let mut out = Vec::new();
    let end = connection
        .ad_hoc(&ad_hoc, |piece| {
            if let Piece::Stdout(bytes) = piece
                && out.len() < 1000
            {
                out.extend_from_slice(bytes);
            }
        })
        .await?;
    Ok((end, out))
}

/// A file to put on a host.
pub fn upload(target: &str, dest: &Path, bytes: Vec<u8>) -> Upload {
    Upload {
        key: key(target, 0),
        payload: Payload::of_bytes(bytes.into()),
        dest: dest.to_str().expect("UTF-8").to_owned(),
        mode: "0644".to_owned(),
        owner: None,
        delete: false,
        timeout_seconds: 60,
    }
}

/// Where it goes, as the sanitizer is told.
pub fn place_of(upload: &Upload) -> Place<'_> {
    Place {
        dest: &upload.dest,
        mode: &upload.mode,
        owner: upload.owner.as_deref(),
        delete: upload.delete,
    }
}

/// Puts it there.
pub async fn put(session: &dyn HostSession, upload: &Upload, cancel: CancellationToken) -> StepResult {
    let text = edgewise::app::uploads::text(&upload.payload, place_of(upload), &Sanitizer::default())
        .await
        .expect("it can be read");
    let (lease, command) = (lease(&upload.key.target), command(&text));
    session.upload(&lease, &command, upload, cancel).await
}

/// Fetches something from a host into a folder here.
pub async fn get(
    session: &SshSession,
    target: &str,
    remote: &str,
    folder: &Path,
    cancel: CancellationToken,
) -> (StepResult, Moved) {
    let target = TargetName::parse(target).expect("a name");
    let (lease, command) = (
        lease(&target),
        command(&edgewise::app::uploads::fetch_text(remote)),
    );
    let download = Download {
        target,
        remote: remote.to_owned(),
        folder: folder.to_owned(),
        timeout_seconds: 60,
    };
    session.get(&lease, &command, &download, cancel).await
}

/// A session that can fetch too.
pub async fn session(hosts: &SshHosts, name: &str) -> SshSession {
    let asked = Asked {
        name: name.to_owned(),
        ..Asked::default()
    };
    hosts.session(&asked).await.expect("a session")
}

/// Bytes that look like nothing.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = length as u64 | 1;
    let mut next = || {
        // Xorshift (Marsaglia, 2003).
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..length).map(|_| next()).collect()
}

/// What a folder of this machine holds, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A folder with files of these texts.
pub async fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }
    folder
}

/// What is to be put of a folder.
pub async fn upload_folder(target: &str, source: &Path, dest: &Path, delete: bool) -> Upload {
    let reader = ArtifactReader::new().expect("a reader");
    let source = UploadSource::Path(source.to_str().expect("UTF-8").to_owned());
    let mut upload = upload(target, dest, Vec::new());
    upload.payload = reader.read(&source).await.expect("a folder");
    upload.delete = delete;
    upload
}

/// Puts a folder.
pub async fn put_folder(
    session: &dyn HostSession,
    target: &str,
    source: &Path,
    dest: &Path,
    delete: bool,
) -> StepResult {
    let upload = upload_folder(target, source, dest, delete).await;
    put(session, &upload, CancellationToken::new()).await
}

/// Everything in a folder: path, permission bits, and text, link or nothing.
pub fn everything(root: &Path) -> BTreeMap<String, (u32, String)> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let path = entry.path();
            let facts = path.symlink_metadata().expect("there");
            let mode = facts.permissions().mode() & 0o7777;
            let name = path
                .strip_prefix(root)
                .expect("inside")
                .to_string_lossy()
                .into_owned();
            let what = if facts.is_dir() {
                folders.push(path);
                (mode, "/".to_owned())
            } else if facts.is_symlink() {
                let target = std::fs::read_link(&path).expect("a link");
                (0, format!("-> {}", target.display()))
            } else {
                (
                    mode,
                    String::from_utf8_lossy(&std::fs::read(&path).expect("a file")).into_owned(),
                )
            };
            found.insert(name, what);
        }
    }
    found
}
