//! The server's side of a connection: lets one key in, and gives each command a process.

use std::collections::HashMap;
use std::io;
use std::net::Shutdown;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::fault::{Fault, Faults};
use super::process::{Job, run};

/// One connection.
pub(super) struct Server {
    client: PublicKey,
    home: PathBuf,
    faults: Arc<Faults>,
    cutter: std::net::TcpStream,
    waiting: HashMap<ChannelId, Channel<Msg>>,
}

impl Server {
    pub(super) fn new(
        client: PublicKey,
        home: PathBuf,
        faults: Arc<Faults>,
        cutter: std::net::TcpStream,
    ) -> Self {
        Self {
            client,
            home,
            faults,
            cutter,
            waiting: HashMap::new(),
        }
    }
}

impl Handler for Server {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let known = key.public_key.key_data() == self.client.key_data();
        Ok(if known && self.faults.get() != Fault::RefuseLogins {
            Auth::Accept
        } else {
            Auth::reject()
        })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.faults.get() == Fault::RefuseSessions {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        } else {
            self.waiting.insert(channel.id(), channel);
            reply.accept().await;
        }
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        host: &str,
        port: u32,
        _originator: &str,
        _originator_port: u32,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        let port = u16::try_from(port).unwrap_or(0);
        match TcpStream::connect((host, port)).await {
            Ok(mut socket) => {
                reply.accept().await;
                tokio::spawn(async move {
                    let mut channel = channel.into_stream();
                    // Either side may hang up at any moment; that is the end of the tunnel.
                    let _ = tokio::io::copy_bidirectional(&mut channel, &mut socket).await;
                });
            }
            Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        let Some(channel) = self.waiting.remove(&id) else {
            session.channel_failure(id)?;
            return Ok(());
        };
        session.channel_success(id)?;
        let job = Job {
            command: String::from_utf8_lossy(command).into_owned(),
            home: self.home.clone(),
            fault: self.faults.get(),
        };
        let cut = matches!(job.fault, Fault::CutOnExec(number) if self.faults.count_exec() == number);
        let (cutter, handle, faults) = (
            self.cutter.try_clone()?,
            session.handle(),
            Arc::clone(&self.faults),
        );
        tokio::spawn(async move {
            run(job, channel, handle, move || {
                if cut {
                    faults.count_cut();
                    // A socket that is closed already cannot be cut any more.
                    let _ = cutter.shutdown(Shutdown::Both);
                }
            })
            .await;
        });
        Ok(())
    }

    async fn channel_close(&mut self, id: ChannelId, _session: &mut Session) -> Result<(), Self::Error> {
        self.waiting.remove(&id);
        Ok(())
    }
}

/// A socket that counts, and cuts itself when the host is told so.
pub(super) struct Metered {
    socket: TcpStream,
    cutter: std::net::TcpStream,
    faults: Arc<Faults>,
    incoming: u64,
    outgoing: u64,
}

impl Metered {
    pub(super) fn new(socket: TcpStream, cutter: std::net::TcpStream, faults: Arc<Faults>) -> Self {
        Self {
            socket,
            cutter,
            faults,
            incoming: 0,
            outgoing: 0,
        }
    }

    fn check(&self) -> io::Result<()> {
        let over = match self.faults.get() {
            Fault::CutAfterBytesIn(limit) => self.incoming > limit,
            Fault::CutAfterBytesOut(limit) => self.outgoing > limit,
            _ => false,
        };
        if over {
            self.faults.count_cut();
            self.cutter.shutdown(Shutdown::Both)?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(cx, buffer);
        self.incoming += (buffer.filled().len() - before) as u64;
        match self.check() {
            Ok(()) => polled,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = polled {
            self.outgoing += written as u64;
            self.check()?;
        }
        polled
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
