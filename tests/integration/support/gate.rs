//! A gate in front of a server: a line on which bytes can be late, stand still, break off, or be cut with a reset.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What is wrong with a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ill {
    /// Nothing.
    Nothing,
    /// It ends after so many bytes, both ways together.
    CutAfter(u64),
    /// After so many bytes it falls silent, and stays open.
    HangAfter(u64),
}

/// A gate on a port of its own. Dropping it ends every line.
pub struct Gate {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: JoinHandle<()>,
}

struct Shared {
    server: SocketAddr,
    /// For lines to come: the first applies to the next one; without any nothing is wrong.
    ills: Mutex<Vec<Ill>>,
    delay: Duration,
    /// Every line stands still while this is so.
    is_still: watch::Sender<bool>,
    /// Counts the resets; each line that is open then ends by one.
    resets: watch::Sender<u64>,
    open: AtomicUsize,
    most: AtomicUsize,
    taken: AtomicUsize,
    bytes: AtomicU64,
}

impl Gate {
    /// In front of a server.
    pub async fn before(address: Ipv4Addr, port: u16) -> Self {
        Self::late(address, port, Duration::ZERO).await
    }

    /// In front of a server that is far away: everything comes so much later, each way.
    pub async fn late(address: Ipv4Addr, port: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let shared = Arc::new(Shared {
            server: (address, port).into(),
            ills: Mutex::default(),
            delay,
            is_still: watch::Sender::new(false),
            resets: watch::Sender::new(0),
            open: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            taken: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
        });
        let address = listener.local_addr().expect("a port");
        let listening = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Self {
            address,
            shared,
            listening,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What will be wrong with the next lines, one after another.
    pub fn next(&self, ills: &[Ill]) {
        *self.shared.ills.lock().unwrap() = ills.to_vec();
    }

    /// Every line stands still, or goes on.
    pub fn stand_still(&self, is_still: bool) {
        self.shared.is_still.send_replace(is_still);
    }

    /// Ends every line that is open by a reset (RST).
    pub fn reset(&self) {
        self.shared.resets.send_modify(|count| *count += 1);
    }

    /// Lines that are open.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// The most that were open at once.
    pub fn most(&self) -> usize {
        self.shared.most.load(Ordering::SeqCst)
    }

    /// Lines that were ever opened.
    pub fn taken(&self) -> usize {
        self.shared.taken.load(Ordering::SeqCst)
    }

    /// Bytes that passed, both ways, over all lines.
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::SeqCst)
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.listening.abort();
        self.reset();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (client, _) = listener.accept().await.expect("a line");
        shared.taken.fetch_add(1, Ordering::SeqCst);
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most.fetch_max(open, Ordering::SeqCst);
        let ill = {
            let mut ills = shared.ills.lock().unwrap();
            if ills.is_empty() {
                Ill::Nothing
            } else {
                ills.remove(0)
            }
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            carry(client, ill, &shared).await;
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

async fn carry(client: TcpStream, ill: Ill, shared: &Shared) {
    let Ok(server) = TcpStream::connect(shared.server).await else {
        return;
    };
    client.set_nodelay(true).expect("a socket");
    server.set_nodelay(true).expect("a socket");
    let mut resets = shared.resets.subscribe();
    resets.mark_unchanged();
    let left = AtomicU64::new(match ill {
        Ill::CutAfter(bytes) | Ill::HangAfter(bytes) => bytes,
        Ill::Nothing => u64::MAX,
    });
    let up = pass(&client, &server, ill, &left, shared);
    let down = pass(&server, &client, ill, &left, shared);
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = resets.changed() => {
            for socket in [&client, &server] {
                // Closing it now sends a reset.
                socket.set_zero_linger().expect("a socket");
            }
        }
    }
}

/// Passes bytes on until one side ends.
async fn pass(from: &TcpStream, to: &TcpStream, ill: Ill, left: &AtomicU64, shared: &Shared) {
    let (late, mut due) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let reading = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let room = left.load(Ordering::SeqCst);
            if room == 0 && matches!(ill, Ill::CutAfter(_)) {
                // What was passed is written before the line ends.
                break;
            }
            // A silent line takes everything and passes nothing on; its end is still seen.
            let room = if room == 0 { u64::MAX } else { room };
            let most = buffer.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            match read(from, &mut buffer[..most]).await {
                Ok(count) if count > 0 => {
                    let counted = count as u64;
                    let before = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                        Some(left.saturating_sub(counted))
                    });
                    let count = counted.min(before.unwrap_or(0)) as usize;
                    if late
                        .send((Instant::now() + shared.delay, buffer[..count].to_vec()))
                        .is_err()
                    {
                        break;
                    }
                }
                _ => break,
            }
        }
        drop(late);
    };
    let writing = async {
        let mut is_still = shared.is_still.subscribe();
        while let Some((at, bytes)) = due.recv().await {
            if !shared.delay.is_zero() {
                tokio::time::sleep_until(at).await;
            }
            is_still
                .wait_for(|is_still| !is_still)
                .await
                .expect("the gate is there");
            shared.bytes.fetch_add(bytes.len() as u64, Ordering::SeqCst);
            if write_all(to, &bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(reading, writing);
}

async fn read(from: &TcpStream, buffer: &mut [u8]) -> std::io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            read => return read,
        }
    }
}

async fn write_all(to: &TcpStream, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
