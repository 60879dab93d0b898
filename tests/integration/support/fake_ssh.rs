//! A server that does what OpenSSH never would: it lets one key in and then misbehaves as it is told. It runs nothing, so it
//! can also stand for thousands of hosts: it answers on every address of 127.0.0.0/8 at its port.

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use edgewise::ssh::SshSettings;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Config, Handle, Handler, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelMsg, MethodKind, MethodSet};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How the server treats its guests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manners {
    /// Every command is answered with `hello` and exit code 0.
    Good,
    /// The same, once [`Fake::let_go`] was called.
    Hold,
    /// A login gets no answer before [`Fake::let_go`] was called.
    NoLogin,
    /// A session that is asked for is neither opened nor refused.
    NoSession,
    /// The request to run a command gets no answer.
    NoExec,
    /// No input is ever taken: the window is zero and stays so.
    NoWindow,
    /// Output without end on standard error.
    FloodErrors,
    /// Output without end, in one line, on standard output.
    FloodLine,
    /// Requests without end that want no answer.
    FloodRequests,
    /// The channel is closed without an exit status.
    NoStatus,
    /// An exit status, and the channel stays open for ever.
    NoClose,
    /// The end of the output, then the channel stays open for ever.
    NoEnd,
    /// An exit status after the channel was closed.
    LateStatus,
    /// Two different exit statuses.
    TwoStatuses,
}

/// A server that runs until it is dropped.
pub struct Fake {
    folder: TempDir,
    port: u16,
    key: PublicKey,
    guests: Arc<Guests>,
    listening: JoinHandle<()>,
}

/// Who is there.
#[derive(Debug)]
pub struct Guests {
    open: AtomicUsize,
    most: AtomicUsize,
    taken: AtomicUsize,
    commands: AtomicUsize,
    let_go: watch::Sender<bool>,
}

impl Guests {
    async fn wait(&self) {
        let mut let_go = self.let_go.subscribe();
        let_go
            .wait_for(|let_go| *let_go)
            .await
            .expect("the server is there");
    }
}

impl Fake {
    pub async fn start(manners: Manners) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let new_key = || PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key");
        let (host, client) = (new_key(), new_key());
        let text = client.to_openssh(LineEnding::LF).expect("a key");
        write_private(&folder.path().join("id_ed25519"), &text);
        let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let guests = Arc::new(Guests {
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            commands: AtomicUsize::new(0),
            let_go: watch::Sender::new(false),
        });
        let config = Arc::new(Config {
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: Duration::from_millis(10),
            auth_rejection_time_initial: Some(Duration::ZERO),
            inactivity_timeout: None,
            nodelay: true,
            window_size: if manners == Manners::NoWindow { 0 } else { 2 << 20 },
            keys: vec![host.clone()],
            ..Config::default()
        });
        let key = host.public_key().clone();
        let client = client.public_key().clone();
        let listening = tokio::spawn(listen(listener, config, manners, client, Arc::clone(&guests)));
        Self {
            folder,
            port,
            key,
            guests,
            listening,
        }
    }

    /// Settings by which it is known under every name, at 127.0.0.1. `extra` stands in front of the `ssh_config`.
    pub fn settings(&self, extra: &str) -> SshSettings {
        let write = |name: &str, text: String| {
            let path = self.folder.path().join(name);
            std::fs::write(&path, text).expect("written");
            path
        };
        let folder = self.folder.path().to_owned();
        let mut settings = SshSettings::of_user(folder, "tester".to_owned(), None);
        let config = format!(
            "{extra}\nHost 127.*\n Port {p}\nHost *\n HostName 127.0.0.1\n Port {p}\n",
            p = self.port
        );
        settings.config_file = Some(write("config", config));
        settings.known_hosts_file = Some(write("known_hosts", self.known_hosts()));
        settings.identity_file = Some(self.client_key());
        settings
    }

    /// The line that names its key, at each of its addresses.
    pub fn known_hosts(&self) -> String {
        format!(
            "[127.*]:{} {}\n",
            self.port,
            self.key.to_openssh().expect("a key")
        )
    }

    /// The key that it lets in.
    pub fn client_key(&self) -> PathBuf {
        self.folder.path().join("id_ed25519")
    }

    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connections that are open.
    pub fn open(&self) -> usize {
        self.guests.open.load(Ordering::SeqCst)
    }

    /// The most that were open at once.
    pub fn most(&self) -> usize {
        self.guests.most.load(Ordering::SeqCst)
    }

    /// Connections that were ever opened.
    pub fn taken(&self) -> usize {
        self.guests.taken.load(Ordering::SeqCst)
    }

    /// Commands that were asked for.
    pub fn commands(&self) -> usize {
        self.guests.commands.load(Ordering::SeqCst)
    }

    /// Answers the commands that are held, and all others at once.
    pub fn let_go(&self) {
        self.guests.let_go.send_replace(true);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

fn write_private(path: &std::path::Path, text: &str) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .expect("a file");
    file.write_all(text.as_bytes()).expect("written");
}

async fn listen(
    listener: TcpListener,
    config: Arc<Config>,
    manners: Manners,
    client: PublicKey,
    guests: Arc<Guests>,
) {
    loop {
        let (socket, _) = listener.accept().await.expect("a guest");
        socket.set_nodelay(true).expect("a socket");
        let (config, guests) = (Arc::clone(&config), Arc::clone(&guests));
        let host = Host {
            manners,
            client: client.clone(),
            guests: Arc::clone(&guests),
            waiting: Mutex::default(),
            unanswered: Vec::new(),
        };
        tokio::spawn(async move {
            guests.taken.fetch_add(1, Ordering::SeqCst);
            let open = guests.open.fetch_add(1, Ordering::SeqCst) + 1;
            guests.most.fetch_max(open, Ordering::SeqCst);
            serve(config, socket, host).await;
            guests.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn serve(config: Arc<Config>, socket: TcpStream, host: Host) {
    if let Ok(session) = russh::server::run_stream(config, socket, host).await {
        // A guest may go in any way they like.
        let _ = session.await;
    }
}

/// One connection.
struct Host {
    manners: Manners,
    client: PublicKey,
    guests: Arc<Guests>,
    waiting: Mutex<Vec<Channel<Msg>>>,
    unanswered: Vec<ChannelOpenHandle>,
}

impl Handler for Host {
    type Error = russh::Error;

    async fn auth_publickey(&mut self, _user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        self.let_in(key.public_key).await
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Self::Error> {
        if self.manners == Manners::NoSession {
            self.waiting.lock().unwrap().push(channel);
            self.unanswered.push(reply);
            return Ok(());
        }
        self.waiting.lock().unwrap().push(channel);
        reply.accept().await;
        Ok(())
    }

    async fn exec_request(
        &mut self,
        id: ChannelId,
        _command: &[u8],
        session: &mut Session,
    ) -> Result<(), Self::Error> {
        self.guests.commands.fetch_add(1, Ordering::SeqCst);
        let found = {
            let mut waiting = self.waiting.lock().unwrap();
            let place = waiting.iter().position(|channel| channel.id() == id);
            place.map(|place| waiting.swap_remove(place))
        };
        let Some(channel) = found else {
            return Ok(());
        };
        if self.manners != Manners::NoExec {
            session.channel_success(id)?;
        }
        let (manners, guests, handle) = (self.manners, Arc::clone(&self.guests), session.handle());
        tokio::spawn(async move {
            // A guest that has gone hears nothing more; that is all an error means here.
            let _ = answer(manners, &guests, &handle, channel).await;
        });
        Ok(())
    }
}

impl Host {
    async fn let_in(&self, key: &PublicKey) -> Result<Auth, russh::Error> {
        if self.manners == Manners::NoLogin {
            // Nothing else of the connection moves here meanwhile, nor is its end seen.
            self.guests.wait().await;
        }
        if key.key_data() == self.client.key_data() {
            Ok(Auth::Accept)
        } else {
            Ok(Auth::reject())
        }
    }
}

async fn answer(
    manners: Manners,
    guests: &Guests,
    handle: &Handle,
    mut channel: Channel<Msg>,
) -> Result<(), russh::Error> {
    let id = channel.id();
    if matches!(manners, Manners::Good | Manners::Hold) {
        // The program comes first; what is in it is nobody's business here.
        while let Some(message) = channel.wait().await {
            if matches!(message, ChannelMsg::Eof | ChannelMsg::Close) {
                break;
            }
        }
    }
    match manners {
        Manners::Good | Manners::Hold => {
            if manners == Manners::Hold {
                guests.wait().await;
            }
            channel.data(&b"hello\n"[..]).await?;
            channel.exit_status(0).await?;
            channel.eof().await?;
            channel.close().await
        }
        Manners::NoLogin | Manners::NoSession | Manners::NoExec | Manners::NoWindow => {
            while channel.wait().await.is_some() {}
            Ok(())
        }
        Manners::FloodErrors | Manners::FloodLine => {
            let (mut read, write) = channel.split();
            // A channel that nobody reads would stop the whole connection, its end included.
            let reading = async { while read.wait().await.is_some() {} };
            let flooding = async {
                loop {
                    if manners == Manners::FloodErrors {
                        write.extended_data(1, &[b'e'; 8000][..]).await?;
                    } else {
                        write.data(&[b'x'; 8000][..]).await?;
                    }
                }
            };
            tokio::select! {
                () = reading => Ok(()),
                flooded = flooding => flooded,
            }
        }
        Manners::FloodRequests => loop {
            let noise = russh::Sig::Custom("NOISE".to_owned());
            handle
                .exit_signal_request(id, noise, false, String::new(), String::new())
                .await
                .map_err(|()| russh::Error::SendError)?;
            tokio::task::yield_now().await;
        },
        Manners::NoStatus => {
            channel.data(&b"half\n"[..]).await?;
            channel.close().await
        }
        Manners::NoClose => {
            channel.data(&b"whole\n"[..]).await?;
            channel.exit_status(3).await?;
            while channel.wait().await.is_some() {}
            Ok(())
        }
        Manners::NoEnd => {
            channel.data(&b"half\n"[..]).await?;
            channel.eof().await?;
            while channel.wait().await.is_some() {}
            Ok(())
        }
        Manners::LateStatus => {
            channel.close().await?;
            channel.exit_status(0).await
        }
        Manners::TwoStatuses => {
            channel.exit_status(4).await?;
            channel.exit_status(0).await?;
            channel.eof().await?;
            channel.close().await
        }
    }
}
