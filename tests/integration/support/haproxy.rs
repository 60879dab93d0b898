//! A real HAProxy with one backend, `web`, on a folder of its own.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::port::Port;
use super::shop::until;

/// Where Debian has it.
const HAPROXY: &str = "/usr/sbin/haproxy";

/// One that runs until it is dropped.
pub struct HaproxyProcess {
    folder: TempDir,
    /// Where clients come in.
    pub front: SocketAddr,
    _port: Port,
    process: Child,
}

impl HaproxyProcess {
    /// Starts it in front of these servers; each is asked for `/web-1`, and is up at its first good answer.
    pub async fn start(servers: &[(&str, u16)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = Port::hold();
        let front = port.address();
        let socket = folder.path().join("admin.sock");
        let mut config = format!(
            "global\n stats socket {} mode 600 level admin\n\
             defaults\n mode http\n option abortonclose\n timeout connect 2s\n timeout client 30s\n timeout server 30s\n\
             frontend front\n bind {front}\n default_backend web\n\
             backend web\n option httpchk GET /web-1\n default-server check inter 50ms rise 1 fall 1\n",
            socket.display()
        );
        for (name, port) in servers {
            writeln!(config, " server {name} 127.0.0.1:{port}").expect("a text takes what it is given");
        }
        let file = folder.path().join("haproxy.cfg");
        std::fs::write(&file, config).expect("a file");
        let process = Command::new(HAPROXY)
            .arg("-db")
            .arg("-f")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("HAProxy is installed");
        until("HAProxy takes orders", || {
            std::os::unix::net::UnixStream::connect(&socket).is_ok()
        })
        .await;
        Self {
            folder,
            front,
            _port: port,
            process,
        }
    }

    /// Where it takes orders, as a configuration says it.
    pub fn address(&self) -> String {
        format!("unix:{}", self.folder.path().join("admin.sock").display())
    }

    /// Ends it, as if its machine had gone.
    pub fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it was started");
    }
}

impl Drop for HaproxyProcess {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
