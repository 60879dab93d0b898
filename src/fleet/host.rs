//! One made-up host: a port, a key, a folder.

use std::net::{Ipv4Addr, Shutdown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use russh::keys::{HashAlg, PublicKey};
use russh::{MethodKind, MethodSet, server};
use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use super::fault::{Fault, Faults};
use super::keys::KeyPair;
use super::process;
use super::server::{Metered, Server};
use super::{FleetError, HostPlan};

/// A made-up host that runs.
#[derive(Debug)]
pub struct FleetHost {
    plan: HostPlan,
    home: PathBuf,
    port: u16,
    key: PublicKey,
    faults: Arc<Faults>,
    /// The sockets of open connections, to cut them.
    sockets: Arc<Mutex<Vec<std::net::TcpStream>>>,
    stop: CancellationToken,
}

impl FleetHost {
    pub(super) async fn start(
        plan: HostPlan,
        root: &Path,
        client: PublicKey,
    ) -> Result<Arc<Self>, FleetError> {
        let home = root.join(&plan.name);
        let io = |what: String| move |source| FleetError::Io { what, source };
        std::fs::create_dir_all(&home).map_err(io(home.display().to_string()))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.map_err(io("a port on 127.0.0.1".to_owned()))?;
        let port = listener.local_addr().map_err(io("a port".to_owned()))?.port();
        let key = KeyPair::make()?;
        let host = Arc::new(Self {
            plan,
            home,
            port,
            key: key.public().clone(),
            faults: Arc::default(),
            sockets: Arc::default(),
            stop: CancellationToken::new(),
        });
        let config = Arc::new(server::Config {
            methods: MethodSet::from(&[MethodKind::PublicKey][..]),
            auth_rejection_time: Duration::from_millis(10),
            auth_rejection_time_initial: Some(Duration::ZERO),
            keys: vec![key.into_private()],
            inactivity_timeout: None,
            nodelay: true,
            ..server::Config::default()
        });
        tokio::spawn(Arc::clone(&host).listen(listener, config, client));
        Ok(host)
    }

    async fn listen(self: Arc<Self>, listener: TcpListener, config: Arc<server::Config>, client: PublicKey) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            let Ok((socket, _)) = accepted else { continue };
            let (config, client, host) = (Arc::clone(&config), client.clone(), Arc::clone(&self));
            tokio::spawn(async move {
                if let Err(error) = host.serve(socket, config, client).await {
                    tracing::debug!(host = host.name(), %error, "a connection ended");
                }
            });
        }
    }

    async fn serve(
        &self,
        mut socket: TcpStream,
        config: Arc<server::Config>,
        client: PublicKey,
    ) -> Result<(), russh::Error> {
        match self.faults.get() {
            Fault::Refuse => {
                self.faults.count_cut();
                return Ok(());
            }
            Fault::HangBeforeBanner => {
                let mut nothing = Vec::new();
                tokio::select! {
                    _ = socket.read_to_end(&mut nothing) => {}
                    () = self.stop.cancelled() => {}
                }
                return Ok(());
            }
            _ => {}
        }
        socket.set_nodelay(true)?;
        let socket = socket.into_std()?;
        lock(&self.sockets).push(socket.try_clone()?);
        let cutter = socket.try_clone()?;
        let stream = Metered::new(
            TcpStream::from_std(socket)?,
            cutter.try_clone()?,
            Arc::clone(&self.faults),
        );
        let handler = Server::new(client, self.home.clone(), Arc::clone(&self.faults), cutter);
        let session = server::run_stream(config, stream, handler).await?;
        session.await
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Its zone.
    #[must_use]
    pub fn zone(&self) -> &str {
        &self.plan.zone
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder: the home of whoever logs in.
    #[must_use]
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The key it shows.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.key
    }

    /// SHA-256 of the key it shows.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The line that names its key, for a file of known hosts.
    #[must_use]
    pub fn known_hosts_line(&self) -> String {
        let key = self.key.to_openssh().unwrap_or_default();
        format!("[127.0.0.1]:{} {key}", self.port)
    }

    /// Misbehaves from now on. Connections that are open stay so.
    pub fn break_with(&self, fault: Fault) {
        self.faults.set(fault);
    }

    /// How many connections the fault has cut, or refused, since it was set.
    #[must_use]
    pub fn faults_hit(&self) -> usize {
        self.faults.cuts()
    }

    /// Cuts every open connection. What runs goes on, as under sshd.
    pub fn cut(&self) {
        for socket in lock(&self.sockets).drain(..) {
            // A socket that is closed already cannot be cut any more.
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Stops listening, cuts every connection and kills everything that was started here.
    pub async fn stop(&self) {
        self.kill_all();
        // What was being started at that very moment.
        tokio::task::yield_now().await;
        process::kill_all_of(&self.home);
    }

    pub(super) fn kill_all(&self) {
        self.stop.cancel();
        self.cut();
        process::kill_all_of(&self.home);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
