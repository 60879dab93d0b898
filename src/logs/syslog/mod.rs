//! Log entries to a syslog daemon, as RFC 5424 has them: over a Unix socket, UDP (RFC 5426) or TCP (RFC 6587, with counted
//! octets). None of them answers. Over a stream, what a daemon may have left unread when it went away is sent again to the next
//! one; what is lost on its way over UDP, or in a daemon, is lost.

mod address;
mod message;
mod unsure;

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket, UnixStream};
use tokio::sync::Mutex;

use super::sink::{Refused, Sink, SinkError};
use crate::domain::log_entry::LogEntry;

pub use address::{NotAnAddress, SyslogAddress};

use unsure::Unsure;

/// How long a portion may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// What every daemon takes in one datagram over loopback or its socket; longer messages lose their end.
const DATAGRAM: usize = 8 << 10;
/// The longest message over a stream.
const STREAMED: usize = 256 << 10;

/// A syslog daemon.
pub struct SyslogSink {
    address: SyslogAddress,
    host: String,
    way: Mutex<Way>,
}

/// The way to the daemon.
#[derive(Default)]
struct Way {
    connection: Option<Connection>,
    unsure: Unsure,
}

enum Connection {
    /// The standard library's, which is asked again and again: a full queue of the other side's says nothing to `epoll` when it
    /// is emptied.
    Unix(UnixDatagram),
    Udp(UdpSocket),
    Tcp(TcpStream),
    UnixStream(UnixStream),
}

impl Connection {
    /// Whether the other side has gone away, as far as it is known by now.
    fn is_closed(&self) -> bool {
        let mut said = [0; 1024];
        let mut read = || match self {
            Self::Tcp(stream) => stream.try_read(&mut said),
            Self::UnixStream(stream) => stream.try_read(&mut said),
            Self::Unix(_) | Self::Udp(_) => Err(std::io::ErrorKind::WouldBlock.into()),
        };
        loop {
            match read() {
                Ok(0) => return true,
                // A daemon has nothing to say; what it says all the same nobody needs.
                Ok(_) => {}
                Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.write_all(bytes).await,
            Self::UnixStream(stream) => stream.write_all(bytes).await,
            Self::Unix(_) | Self::Udp(_) => Ok(()),
        }
    }
}

impl SyslogSink {
    /// The daemon behind this address. Speaks to nobody yet.
    #[must_use]
    pub fn new(address: SyslogAddress) -> Self {
        // Where there is none, the standard has a dash.
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        Self {
            address,
            host,
            way: Mutex::default(),
        }
    }

    async fn connect(&self) -> std::io::Result<Connection> {
        match &self.address {
            SyslogAddress::Unix(path) => {
                let socket = UnixDatagram::unbound()?;
                match socket.connect(path) {
                    Ok(()) => {
                        socket.set_nonblocking(true)?;
                        Ok(Connection::Unix(socket))
                    }
                    Err(error)
                        if error.raw_os_error() == Some(rustix::io::Errno::PROTOTYPE.raw_os_error()) =>
                    {
                        Ok(Connection::UnixStream(UnixStream::connect(path).await?))
                    }
                    Err(error) => Err(error),
                }
            }
            SyslogAddress::Udp(to) => {
                let to = tokio::net::lookup_host(to)
                    .await?
                    .next()
                    .ok_or(std::io::ErrorKind::AddrNotAvailable)?;
                let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(any).await?;
                socket.connect(to).await?;
                Ok(Connection::Udp(socket))
            }
            SyslogAddress::Tcp(to) => Ok(Connection::Tcp(TcpStream::connect(to).await?)),
        }
    }

    /// Sends the entries; what was sent over a stream.
    async fn send(&self, connection: &mut Connection, entries: &[LogEntry]) -> std::io::Result<Vec<u8>> {
        match connection {
            Connection::Unix(socket) => {
                for entry in entries {
                    let message = message::of(entry, &self.host, DATAGRAM);
                    loop {
                        match socket.send(message.as_bytes()) {
                            Ok(_) => break,
                            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                                tokio::time::sleep(Duration::from_millis(1)).await;
                            }
                            Err(error) => return Err(error),
                        }
                    }
                }
            }
            Connection::Udp(socket) => {
                for entry in entries {
                    socket
                        .send(message::of(entry, &self.host, DATAGRAM).as_bytes())
                        .await?;
                }
            }
            Connection::Tcp(_) | Connection::UnixStream(_) => {
                let mut all = Vec::new();
                for entry in entries {
                    let message = message::of(entry, &self.host, STREAMED);
                    all.extend_from_slice(format!("{} {message}", message.len()).as_bytes());
                }
                connection.write(&all).await?;
                return Ok(all);
            }
        }
        Ok(Vec::new())
    }
}

#[async_trait]
impl Sink for SyslogSink {
    fn name(&self) -> &'static str {
        "syslog"
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        let mut way = self.way.lock().await;
        let open = way.connection.take().filter(|open| !open.is_closed());
        let unsure = &way.unsure;
        let sending = async {
            let mut connection = if let Some(connection) = open {
                connection
            } else {
                let mut connection = self.connect().await?;
                for portion in unsure.portions() {
                    connection.write(portion).await?;
                }
                connection
            };
            let sent = self.send(&mut connection, entries).await?;
            Ok::<_, std::io::Error>((connection, sent))
        };
        let told = |error: String| SinkError::Unavailable(format!("{}: {error}", self.address));
        match tokio::time::timeout(PATIENCE, sending).await {
            Ok(Ok((connection, sent))) => {
                way.connection = Some(connection);
                way.unsure.sent(sent, Instant::now());
                Ok(Vec::new())
            }
            Ok(Err(error)) => Err(told(error.to_string())),
            Err(_) => Err(told("it takes nothing".to_owned())),
        }
    }
}
