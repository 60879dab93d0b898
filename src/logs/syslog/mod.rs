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

use super::sink::{Portion, Refused, Sink, SinkError};
use crate::domain::log_entry::LogEntry;

pub use address::{NotAnAddress, SyslogAddress};

use unsure::Unsure;

/// How long the way to it may take, and how long it may take nothing at all: as long as it takes a little, however slowly, nothing
/// is begun anew.
const PATIENCE: Duration = Duration::from_secs(10);
/// What every daemon takes in one datagram over loopback or its socket; longer messages lose their end.
const DATAGRAM: usize = 8 << 10;
/// The longest message over a stream.
const STREAMED: usize = 256 << 10;

/// A syslog daemon.
pub struct SyslogSink {
    address: SyslogAddress,
    host: String,
    patience: Duration,
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
            // Of the kernel: the runtime may not have looked yet.
            Self::Tcp(stream) => rustix::io::read(stream, &mut said),
            Self::UnixStream(stream) => rustix::io::read(stream, &mut said),
            Self::Unix(_) | Self::Udp(_) => Err(rustix::io::Errno::WOULDBLOCK),
        };
        loop {
            match read() {
                Ok(0) => return true,
                // A daemon has nothing to say; what it says all the same nobody needs.
                Ok(_) => {}
                Err(error) => return error != rustix::io::Errno::WOULDBLOCK,
            }
        }
    }

    /// Writes all of it, as long as the other side takes something now and then.
    async fn write(&mut self, bytes: &[u8], patience: Duration) -> std::io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let some = async {
                match self {
                    Self::Tcp(stream) => stream.write(rest).await,
                    Self::UnixStream(stream) => stream.write(rest).await,
                    Self::Unix(_) | Self::Udp(_) => Ok(rest.len()),
                }
            };
            let written = patient(patience, some).await?;
            if written == 0 {
                return Err(std::io::ErrorKind::WriteZero.into());
            }
            rest = &rest[written..];
        }
        Ok(())
    }
}

/// What comes of this within so long.
async fn patient<T>(patience: Duration, of: impl Future<Output = std::io::Result<T>>) -> std::io::Result<T> {
    match tokio::time::timeout(patience, of).await {
        Ok(result) => result,
        Err(_) => Err(std::io::Error::new(
            std::io::ErrorKind::TimedOut,
            "it takes nothing",
        )),
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
            patience: PATIENCE,
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
                    let sending = async {
                        loop {
                            match socket.send(message.as_bytes()) {
                                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                                    tokio::time::sleep(Duration::from_millis(1)).await;
                                }
                                result => return result,
                            }
                        }
                    };
                    patient(self.patience, sending).await?;
                }
            }
            Connection::Udp(socket) => {
                for entry in entries {
                    let message = message::of(entry, &self.host, DATAGRAM);
                    patient(self.patience, socket.send(message.as_bytes())).await?;
                }
            }
            Connection::Tcp(_) | Connection::UnixStream(_) => {
                let mut all = Vec::new();
                for entry in entries {
                    let message = message::of(entry, &self.host, STREAMED);
                    all.extend_from_slice(format!("{} {message}", message.len()).as_bytes());
                }
                connection.write(&all, self.patience).await?;
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

    /// Little: of what breaks off in the middle all comes again.
    fn portion(&self) -> Portion {
        Portion {
            entries: 1000,
            bytes: 512 << 10,
        }
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        let mut way = self.way.lock().await;
        let open = way.connection.take().filter(|open| !open.is_closed());
        let unsure = &way.unsure;
        let sending = async {
            let mut connection = if let Some(connection) = open {
                connection
            } else {
                let mut connection = patient(self.patience, self.connect()).await?;
                for portion in unsure.portions() {
                    connection.write(portion, self.patience).await?;
                }
                connection
            };
            let sent = self.send(&mut connection, entries).await?;
            Ok::<_, std::io::Error>((connection, sent))
        };
        match sending.await {
            Ok((connection, sent)) => {
                way.connection = Some(connection);
                way.unsure.sent(sent, Instant::now());
                Ok(Vec::new())
            }
            Err(error) => Err(SinkError::Unavailable(format!("{}: {error}", self.address))),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::AsyncReadExt as _;
    use tokio::net::TcpSocket;

    use super::{SyslogAddress, SyslogSink};
    use crate::domain::action::ActionId;
    use crate::domain::log_context::LogContext;
    use crate::domain::log_entry::{LogEntry, LogLevel};
    use crate::domain::log_event::LogEvent;
    use crate::domain::mask::Masker;
    use crate::domain::timestamp::Timestamp;
    use crate::logs::sink::Sink as _;

    #[tokio::test]
    async fn a_daemon_that_reads_slowly_gets_everything_once_however_long_it_takes() {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(64 << 10).unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let daemon = socket.listen(8).unwrap();
        let mut sink = SyslogSink::new(SyslogAddress::Tcp(daemon.local_addr().unwrap().to_string()));
        sink.patience = Duration::from_secs(1);
        let time = Timestamp::from_millis(1_795_228_610_000);
        // More than all queues on the way hold.
        let entries: Vec<LogEntry> = (0..64)
            .map(|seq| {
                let text = Masker::default().mask(&"x".repeat(250 << 10));
                let of = (ActionId::from_parts(time, [0; 10]), seq);
                let context = Arc::new(LogContext::default());
                LogEntry::new(context, of, time, LogLevel::Detail, LogEvent::Output, text)
            })
            .collect();
        let reading = tokio::spawn(async move {
            let (mut stream, _) = daemon.accept().await.unwrap();
            let mut part = vec![0; 64 << 10];
            let mut read = 0;
            loop {
                match stream.read(&mut part).await.unwrap() {
                    0 => return (read, daemon),
                    some => read += some,
                }
                // All of it takes several times the sink's patience, and each part much less.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        assert_eq!(sink.take(&entries).await, Ok(Vec::new()));
        drop(sink);
        let (read, _daemon) = reading.await.unwrap();
        assert!(
            (64 * (250 << 10)..65 * (250 << 10)).contains(&read),
            "{read}: once"
        );
    }
}
