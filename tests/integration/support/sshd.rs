//! A farm of real OpenSSH servers on 127.0.0.x, each with its own folder as its home, killed at the end.
//!
//! It runs as whoever runs the tests, root or not, and lets that user in.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::port::Port;

/// Where Debian has it.
const SSHD: &str = "/usr/sbin/sshd";
/// How long a server may take to listen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Servers that run.
pub struct Farm {
    folder: TempDir,
    servers: Vec<Sshd>,
}

/// One server.
pub struct Sshd {
    name: String,
    address: Ipv4Addr,
    port: u16,
    _held: Port,
    folder: PathBuf,
    process: Child,
}

impl Farm {
    /// `count` servers called `sshd-1`, `sshd-2`, ... with nothing special.
    pub fn start(count: usize) -> Self {
        Self::with(&vec![""; count])
    }

    /// A server for each text, which stands first in its `sshd_config` and so wins; `{dir}` in it is the server's folder,
    /// `{port}` its port. One with `UsePAM yes` takes [`PASSWORD`], where [`passwords_work`].
    pub fn with(extra: &[&str]) -> Self {
        if user_is_root() {
            // sshd wants it for the half of itself that has no rights.
            std::fs::create_dir_all("/run/sshd").expect("/run/sshd");
        }
        let folder = tempfile::tempdir().expect("a temporary folder");
        make_key(&folder.path().join("id_ed25519"), "ed25519");
        let servers = extra
            .iter()
            .enumerate()
            .map(|(index, extra)| Sshd::start(index + 1, folder.path(), extra))
            .collect::<Vec<_>>();
        for server in &servers {
            server.wait();
        }
        Self { folder, servers }
    }

    /// The server of this number, from 1.
    pub fn server(&self, number: usize) -> &Sshd {
        &self.servers[number - 1]
    }

    /// The same, to stop it.
    pub fn server_mut(&mut self, number: usize) -> &mut Sshd {
        &mut self.servers[number - 1]
    }

    /// The folder of everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The key that every server lets in.
    pub fn client_key(&self) -> PathBuf {
        self.folder.path().join("id_ed25519")
    }

    /// Lines that name every server's key.
    pub fn known_hosts(&self) -> String {
        self.servers
            .iter()
            .map(|server| server.known_hosts_line() + "\n")
            .collect()
    }

    /// By which each server is reached under its name.
    pub fn ssh_config(&self) -> String {
        let mut text = String::new();
        for server in &self.servers {
            writeln!(
                text,
                "Host {}\n HostName {}\n Port {}",
                server.name, server.address, server.port
            )
            .expect("a text takes what it is given");
        }
        text
    }
}

impl Sshd {
    fn start(number: usize, root: &Path, extra: &str) -> Self {
        let name = format!("sshd-{number}");
        let folder = root.join(&name);
        let home = folder.join("home");
        std::fs::create_dir_all(&home).expect("a folder");
        make_key(&folder.join("host_key"), "ed25519");
        let authorized = folder.join("authorized_keys");
        std::fs::copy(root.join("id_ed25519.pub"), &authorized).expect("a key");
        let address = Ipv4Addr::new(127, 0, 1, u8::try_from(number).expect("a small farm"));
        let held = Port::hold_on(address);
        let port = held.number();
        let dir = folder.to_str().expect("UTF-8");
        let config = format!(
            "{}\nListenAddress {address}:{port}\nHostKey {dir}/host_key\nPidFile none\nAuthorizedKeysFile {dir}/authorized_keys\n\
             UsePAM no\nStrictModes no\nPermitRootLogin yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n\
             SetEnv HOME={dir}/home\nPrintMotd no\nLogLevel VERBOSE\n",
            extra.replace("{dir}", dir).replace("{port}", &port.to_string())
        );
        if extra.contains("UsePAM yes") {
            passwords(&folder);
        }
        std::fs::write(folder.join("sshd_config"), config).expect("written");
        let process = listen(&folder);
        Self {
            name,
            address,
            port,
            _held: held,
            folder,
            process,
        }
    }

    fn wait(&self) {
        let begin = Instant::now();
        let place = SocketAddr::from((self.address, self.port));
        while TcpStream::connect_timeout(&place, Duration::from_secs(1)).is_err() {
            assert!(
                begin.elapsed() < PATIENCE,
                "{} does not listen: {}",
                self.name,
                self.log()
            );
            std::thread::yield_now();
        }
    }

    /// What it said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// Its address.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with its keys and configuration.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The home of whoever logs in.
    pub fn home(&self) -> PathBuf {
        self.folder.join("home")
    }

    /// Its public key: kind and key.
    pub fn public_key(&self) -> String {
        let text = std::fs::read_to_string(self.folder.join("host_key.pub")).expect("a key");
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// The line that names its key.
    pub fn known_hosts_line(&self) -> String {
        format!("[{}]:{} {}", self.address, self.port, self.public_key())
    }

    /// Ends it and every session on it, as a crash of the machine would end the sessions, and leaves alone what they
    /// started.
    pub fn kill(&mut self) {
        let sessions = children(self.process.id());
        // A process that has ended by itself cannot be killed any more.
        let _ = self.process.kill();
        let _ = self.process.wait();
        for pid in sessions {
            kill(pid);
        }
    }

    /// Ends every session on it; it goes on listening.
    pub fn kill_sessions(&self) {
        for pid in children(self.process.id()) {
            kill(pid);
        }
    }

    /// Stops every session on it in the middle of a word, as a network that drops everything would.
    pub fn freeze_sessions(&self) {
        for pid in children(self.process.id()) {
            signal(pid, rustix::process::Signal::STOP);
        }
    }

    /// Starts it again after [`Sshd::kill`].
    pub fn restart(&mut self) {
        self.process = listen(&self.folder);
        self.wait();
    }

    /// Gives it another host key, as somebody in between would have.
    pub fn change_key(&mut self) {
        self.kill();
        for name in ["host_key", "host_key.pub"] {
            std::fs::remove_file(self.folder.join(name)).expect("a key");
        }
        make_key(&self.folder.join("host_key"), "ed25519");
        self.restart();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The password of whoever runs the tests, at servers that ask for one.
pub const PASSWORD: &str = "s3cret";

/// Its hash, as `/etc/shadow` has it.
const PASSWORD_HASH: &str = "$6$vSpRbrt5xE4QE4l/$.eF0uQSZy8e8CdV6UveEvjlvNDdS68EpGeM7tb3svfMIR0AxVkHbgKKgwj2Gxvvbz1RhCm0m5BzTza/A9Gslc/";

/// Whether servers can have passwords of their own here: root may give a process its own view of `/etc`.
pub fn passwords_work() -> bool {
    let works = user_is_root()
        && Command::new("unshare")
            .args([
                "--mount",
                "--propagation",
                "private",
                "mount",
                "--bind",
                "/etc/hostname",
                "/etc/shadow",
            ])
            .output()
            .is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("not tested: only root, where it may mount, can give a server passwords of its own");
    }
    works
}

/// The files that a server with passwords of its own sees instead of the machine's, and the program that starts it so.
fn passwords(folder: &Path) {
    let dir = folder.to_str().expect("UTF-8");
    let write = |name: &str, text: String| std::fs::write(folder.join(name), text).expect("written");
    write(
        "shadow",
        format!("{}:{PASSWORD_HASH}:19000:0:99999:7:::\n", user()),
    );
    write(
        "pam",
        "auth required pam_unix.so nodelay\naccount required pam_permit.so\nsession required pam_permit.so\n"
            .to_owned(),
    );
    write(
        PRIVATE_VIEW,
        format!(
            "set -e\nmount --bind {dir}/shadow /etc/shadow\nmount --bind {dir}/pam /etc/pam.d/sshd\n\
             exec {SSHD} -D -e -f {dir}/sshd_config\n"
        ),
    );
}

const PRIVATE_VIEW: &str = "private_view.sh";

fn listen(folder: &Path) -> Child {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("a log");
    let view = folder.join(PRIVATE_VIEW);
    let mut command = if view.exists() {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--propagation", "private", "sh"])
            .arg(view);
        command
    } else {
        let mut command = Command::new(SSHD);
        command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        command
    };
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("sshd (Debian package openssh-server)")
}

/// Makes a key of a kind with OpenSSH's own program. One in 256 ECDSA keys has a number that is a byte shorter, which the
/// library does not read: it is made anew.
pub fn make_key(path: &Path, kind: &str) {
    let make = || {
        keygen(&["-q", "-N", "", "-t", kind, "-f", path.to_str().expect("UTF-8")]);
        russh::keys::load_secret_key(path, None).is_ok()
    };
    while !make() {
        assert_eq!(kind, "ecdsa", "every key of another kind is read");
        std::fs::remove_file(path).expect("it was made");
    }
}

/// Runs `ssh-keygen`.
pub fn keygen(arguments: &[&str]) {
    let done = Command::new("ssh-keygen")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .expect("ssh-keygen");
    assert!(
        done.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

/// Who runs the tests.
pub fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id");
    String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()
}

fn user_is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The children of a process, and theirs, as far as they are sshd's own.
fn children(of: u32) -> Vec<u32> {
    let mut found = vec![of];
    let mut index = 0;
    while index < found.len() {
        let parent = found[index];
        index += 1;
        for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
            let Some(pid) = entry
                .file_name()
                .to_str()
                .and_then(|name| name.parse::<u32>().ok())
            else {
                continue;
            };
            let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let Some((head, tail)) = stat.rsplit_once(") ") else {
                continue;
            };
            let is_sshd = head.contains("(sshd");
            if is_sshd
                && tail.split(' ').nth(1).and_then(|p| p.parse().ok()) == Some(parent)
                && !found.contains(&pid)
            {
                found.push(pid);
            }
        }
    }
    found.split_off(1)
}

fn kill(pid: u32) {
    signal(pid, rustix::process::Signal::KILL);
}

fn signal(pid: u32, signal: rustix::process::Signal) {
    if let Some(pid) = rustix::process::Pid::from_raw(pid.cast_signed()) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, signal);
    }
}
