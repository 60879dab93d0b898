//! A command on a made-up host: a shell in a process group of its own, its streams on the channel.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, Sig};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use super::fault::Fault;

/// Where programs are looked for; what a bare host has.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// What the commands of the wrapper begin with, so that a fault can make the command itself fail.
const STEP: &str = "eval '\n";
/// Number of standard error among the extended data (RFC 4254, 5.2).
const STDERR: u32 = 1;

/// A command to run.
pub(super) struct Job {
    pub(super) command: String,
    pub(super) home: PathBuf,
    pub(super) fault: Fault,
}

/// Runs it to its end; calls `started` once it has begun. Without the connection it goes on, as under sshd.
pub(super) async fn run(job: Job, channel: Channel<Msg>, session: Handle, started: impl FnOnce() + Send) {
    let id = channel.id();
    let (mut read, write) = channel.split();
    let mut first = Vec::new();
    match &job.fault {
        Fault::Fail { matching, code } => {
            let whole = job.command.ends_with("sh -s");
            if whole {
                first = read_all(&mut read).await;
            }
            if job.command.contains(matching) {
                // The client may be gone; nobody else wants to know.
                let _ = write.exit_status(*code).await;
                let _ = write.eof().await;
                let _ = write.close().await;
                return;
            }
            let text = String::from_utf8_lossy(&first).into_owned();
            if whole && text.contains(matching) {
                first = text
                    .replacen(STEP, &format!("exit {code}\n{STEP}"), 1)
                    .into_bytes();
            }
        }
        Fault::Slow(pause) => tokio::time::sleep(*pause).await,
        _ => {}
    }
    let Ok(mut child) = spawn(&job) else {
        let _ = write.exit_status(126).await;
        let _ = write.close().await;
        return;
    };
    started();
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (input, queued) = mpsc::unbounded_channel();
    tokio::spawn(feed(stdin, queued));
    if !first.is_empty() {
        // The process may have ended already.
        let _ = input.send(Bytes::from(first));
    }
    let ended = matches!(job.fault, Fault::Fail { .. }) && job.command.ends_with("sh -s");
    let mut input = if ended { None } else { Some(input) };
    let outputs = async {
        let out = async {
            match stdout {
                Some(stdout) => write.data(stdout).await,
                None => Ok(()),
            }
        };
        let err = async {
            match stderr {
                Some(stderr) => write.extended_data(STDERR, stderr).await,
                None => Ok(()),
            }
        };
        // A client that is gone reads nothing more; that is all it means.
        let _ = tokio::join!(out, err);
    };
    tokio::pin!(outputs);
    let (mut exited, mut drained) = (false, false);
    while !(exited && drained) {
        tokio::select! {
            message = read.wait() => match message {
                Some(ChannelMsg::Data { data }) => if let Some(input) = &input {
                    let _ = input.send(data);
                },
                Some(ChannelMsg::Eof) => input = None,
                Some(ChannelMsg::Signal { signal }) => {
                    if let (Some(group), Some(signal)) = (group, number(&signal)) {
                        // The group may have ended already.
                        let _ = kill_process_group(group, signal);
                    }
                }
                Some(ChannelMsg::Close) | None => break,
                Some(_) => {}
            },
            status = child.wait(), if !exited => {
                exited = true;
                // A client that is gone hears nothing more; that is all it means.
                match status.ok().map(|s| (s.code(), s.signal())) {
                    Some((Some(code), _)) => {
                        let _ = write.exit_status(code.cast_unsigned()).await;
                    }
                    Some((None, Some(signal))) => {
                        let _ = session.exit_signal_request(id, name(signal), false, String::new(), String::new()).await;
                    }
                    _ => {}
                }
            }
            () = &mut outputs, if !drained => drained = true,
        }
    }
    let _ = write.eof().await;
    let _ = write.close().await;
    if !exited {
        // Somebody has to take notice of its end.
        tokio::spawn(async move { child.wait().await });
    }
}

fn spawn(job: &Job) -> std::io::Result<Child> {
    Command::new("/bin/sh")
        .arg("-c")
        .arg(&job.command)
        .current_dir(&job.home)
        .env_clear()
        .env("HOME", &job.home)
        .env("PATH", PATH)
        .env(MARK, &job.home)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

async fn feed(stdin: Option<ChildStdin>, mut queued: mpsc::UnboundedReceiver<Bytes>) {
    let Some(mut stdin) = stdin else { return };
    while let Some(bytes) = queued.recv().await {
        if stdin.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

async fn read_all(read: &mut ChannelReadHalf) -> Vec<u8> {
    let mut all = Vec::new();
    let reading = async {
        loop {
            match read.wait().await {
                Some(ChannelMsg::Data { data }) => all.extend_from_slice(&data),
                Some(ChannelMsg::Eof | ChannelMsg::Close) | None => return,
                Some(_) => {}
            }
        }
    };
    // A client that never ends its input is served with what it sent.
    let _ = tokio::time::timeout(Duration::from_secs(5), reading).await;
    all
}

/// The signals that both SSH and the system have names for.
const SIGNALS: &[(Sig, Signal)] = &[
    (Sig::ABRT, Signal::ABORT),
    (Sig::ALRM, Signal::ALARM),
    (Sig::HUP, Signal::HUP),
    (Sig::INT, Signal::INT),
    (Sig::KILL, Signal::KILL),
    (Sig::PIPE, Signal::PIPE),
    (Sig::QUIT, Signal::QUIT),
    (Sig::SEGV, Signal::SEGV),
    (Sig::TERM, Signal::TERM),
    (Sig::USR1, Signal::USR1),
];

fn number(signal: &Sig) -> Option<Signal> {
    let same = |known: &Sig| std::mem::discriminant(known) == std::mem::discriminant(signal);
    SIGNALS
        .iter()
        .find(|(known, _)| same(known))
        .map(|(_, number)| *number)
}

fn name(signal: i32) -> Sig {
    let known = SIGNALS.iter().find(|(_, number)| number.as_raw() == signal);
    known.map_or_else(|| Sig::Custom(signal.to_string()), |(name, _)| name.clone())
}

/// The variable by which everything that was started on a host is found again, whatever session it is in.
const MARK: &str = "EDGEWISE_FLEET_HOST";

/// Kills everything that was started on the host with this home.
pub(super) fn kill_all_of(home: &Path) {
    let mark = [MARK.as_bytes(), b"=", home.as_os_str().as_encoded_bytes()].concat();
    // What is being started while this looks is found by looking again.
    for _ in 0..10 {
        if kill_marked(&mark) == 0 {
            return;
        }
    }
}

fn kill_marked(mark: &[u8]) -> usize {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return 0;
    };
    let mut killed = 0;
    for process in processes.flatten() {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(environment) = std::fs::read(process.path().join("environ")) else {
            continue;
        };
        if environment.split(|&b| b == 0).any(|variable| variable == mark)
            && let Some(pid) = Pid::from_raw(pid)
            && kill_process(pid, Signal::KILL).is_ok()
        {
            killed += 1;
        }
    }
    killed
}
