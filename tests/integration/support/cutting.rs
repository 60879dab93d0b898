//! A way to a server that breaks: every connection over it is cut after so many bytes.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::ssh::settings;
use super::sshd::Farm;
use edgewise::ssh::SshSettings;

/// Which direction is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// From us to the server.
    Sent,
    /// From the server to us.
    Received,
}

/// Goes on until it is dropped.
pub struct CuttingWay {
    port: u16,
    cuts: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl CuttingWay {
    /// A way to the farm's first server. Connection by connection as many bytes pass as `limits` says; further ones pass
    /// the last of them.
    pub async fn to(farm: &Farm, counted: Counted, limits: Vec<u64>) -> Self {
        let server = farm.server(1);
        let to = SocketAddr::from((server.address(), server.port()));
        Self::between(0, to, counted, limits).await
    }

    /// A way from this port on loopback, 0 for a free one, to that address.
    pub async fn between(port: u16, to: SocketAddr, counted: Counted, limits: Vec<u64>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let cuts = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&cuts);
        let task = tokio::spawn(async move {
            let mut number = 0;
            // They end with the way.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let limit = limits[number.min(limits.len() - 1)];
                number += 1;
                let seen = Arc::clone(&seen);
                connections.spawn(async move {
                    let Ok(server) = TcpStream::connect(to).await else {
                        return;
                    };
                    let (mut client_read, mut client_write) = client.into_split();
                    let (mut server_read, mut server_write) = server.into_split();
                    let is_cut = match counted {
                        Counted::Sent => tokio::select! {
                            cut = pass(&mut client_read, &mut server_write, limit) => cut,
                            _ = pass(&mut server_read, &mut client_write, u64::MAX) => false,
                        },
                        Counted::Received => tokio::select! {
                            cut = pass(&mut server_read, &mut client_write, limit) => cut,
                            _ = pass(&mut client_read, &mut server_write, u64::MAX) => false,
                        },
                    };
                    if is_cut {
                        seen.fetch_add(1, Ordering::SeqCst);
                        drop((client_read, client_write));
                        // What has passed arrives: closed with bytes unread, a socket would throw away what the other side
                        // has not read either.
                        let _ = server_write.shutdown().await;
                        let _ = tokio::io::copy(&mut server_read, &mut tokio::io::sink()).await;
                    }
                });
            }
        });
        Self { port, cuts, task }
    }

    /// Settings by which `sshd-1` is reached over it.
    pub fn settings(&self, farm: &Farm) -> SshSettings {
        let extra = format!("Host sshd-1\n HostName 127.0.0.1\n Port {}\n", self.port);
        let settings = settings(farm, &extra);
        let path = settings.known_hosts_file.as_ref().expect("a file");
        let known = std::fs::read_to_string(path).expect("there");
        let line = format!("[127.0.0.1]:{} {}\n", self.port, farm.server(1).public_key());
        std::fs::write(path, known + &line).expect("written");
        settings
    }

    /// Where it begins.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> u64 {
        self.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingWay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether the limit was reached.
async fn pass(
    from: &mut (impl tokio::io::AsyncRead + Unpin),
    to: &mut (impl tokio::io::AsyncWrite + Unpin),
    limit: u64,
) -> bool {
    let mut left = limit;
    let mut buffer = vec![0; 16 * 1024];
    while left > 0 {
        let room = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        match from.read(&mut buffer[..room]).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => {
                left -= read as u64;
                if to.write_all(&buffer[..read]).await.is_err() {
                    return false;
                }
            }
        }
    }
    true
}
