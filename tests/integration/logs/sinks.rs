//! What every place that log entries go to must do, behind the spool: order kept, portions of any size, tried again until it
//! is there, nothing of a secret, closed within its deadline. One suite over all of them.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use edgewise::app::ports::{LogQuery, LogSearch, LogSink as _};
use edgewise::domain::log_entry::LogEntry;
use edgewise::domain::mask::Masker;
use edgewise::logs::elasticsearch::ElasticsearchLogs;
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::logs::file::FileSink;
use edgewise::logs::pipeline::Pipeline;
use edgewise::logs::sink::Sink;
use edgewise::logs::spool::SpoolOptions;
use edgewise::logs::stdout::StdoutSink;
use edgewise::logs::syslog::{SyslogAddress, SyslogSink};
use regex::Regex;
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;

use super::elasticsearch::options;
use super::world::{id, line};
use crate::support::cutting::{Counted, CuttingWay};
use crate::support::elasticsearch::shared;
use crate::support::port::Port;

const PATIENCE: Duration = Duration::from_mins(2);

/// A place for entries, with the other side of it.
#[async_trait]
trait Place: Send + Sync {
    fn sink(&self) -> Arc<dyn Sink>;
    /// What is there, in the order that it has there: the number of each entry and its text.
    async fn arrived(&self) -> Vec<(u64, String)>;
    /// It takes nothing from now on; says whether that can be had.
    async fn close(&mut self) -> bool;
    /// It takes everything again.
    async fn open(&mut self);
}

/// Entries of action 1 in a store that is read by pages.
async fn stored(store: &dyn LogSearch) -> Vec<(u64, String)> {
    let mut query = LogQuery::of(id(1), 1000);
    let mut all = Vec::new();
    loop {
        let page = store.page(&query).await.unwrap();
        all.extend(
            page.entries
                .iter()
                .map(|entry| (entry.seq, entry.text.to_string())),
        );
        match page.next {
            Some(next) => query.after = Some(next),
            None => return all,
        }
    }
}

struct Embedded {
    logs: EmbeddedLogs,
    _folder: TempDir,
}

#[async_trait]
impl Place for Embedded {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(self.logs.clone())
    }

    async fn arrived(&self) -> Vec<(u64, String)> {
        stored(&self.logs).await
    }

    async fn close(&mut self) -> bool {
        false
    }

    async fn open(&mut self) {}
}

struct Elastic {
    logs: ElasticsearchLogs,
    to: SocketAddr,
    port: u16,
    way: Option<CuttingWay>,
    direct: ElasticsearchLogs,
}

#[async_trait]
impl Place for Elastic {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(self.logs.clone())
    }

    async fn arrived(&self) -> Vec<(u64, String)> {
        self.direct.refresh().await.unwrap();
        stored(&self.direct).await
    }

    async fn close(&mut self) -> bool {
        self.way = None;
        true
    }

    async fn open(&mut self) {
        self.way = Some(CuttingWay::between(self.port, self.to, Counted::Sent, vec![u64::MAX]).await);
    }
}

/// What stands for standard output.
#[derive(Clone, Default)]
struct Out {
    written: Arc<Mutex<Vec<u8>>>,
    closed: Arc<AtomicBool>,
}

impl io::Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn json_lines(text: &[u8]) -> Vec<(u64, String)> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    text.lines()
        .map(|line| {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            let seq = json["edgewise"]["seq"].as_u64().unwrap();
            assert_eq!(json["correlation"], id(1).to_string());
            (seq, json["message"].as_str().unwrap().to_owned())
        })
        .collect()
}

struct Stdout(Out);

#[async_trait]
impl Place for Stdout {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(StdoutSink::of(self.0.clone()).unwrap())
    }

    async fn arrived(&self) -> Vec<(u64, String)> {
        json_lines(&self.0.written.lock().unwrap())
    }

    async fn close(&mut self) -> bool {
        self.0.closed.store(true, Ordering::SeqCst);
        true
    }

    async fn open(&mut self) {
        self.0.closed.store(false, Ordering::SeqCst);
    }
}

struct File {
    folder: TempDir,
}

impl File {
    fn path(&self) -> PathBuf {
        self.folder.path().join("logs/actions.jsonl")
    }
}

#[async_trait]
impl Place for File {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(FileSink::new(self.path()).unwrap())
    }

    async fn arrived(&self) -> Vec<(u64, String)> {
        json_lines(&std::fs::read(self.path()).unwrap_or_default())
    }

    async fn close(&mut self) -> bool {
        std::fs::rename(self.folder.path().join("logs"), self.folder.path().join("away")).unwrap();
        true
    }

    async fn open(&mut self) {
        std::fs::rename(self.folder.path().join("away"), self.folder.path().join("logs")).unwrap();
    }
}

/// A syslog daemon that remembers what it got.
struct Syslog {
    address: SyslogAddress,
    got: Arc<Mutex<Vec<Vec<u8>>>>,
    task: Option<tokio::task::JoinHandle<()>>,
    _folder: TempDir,
}

impl Syslog {
    fn new(address: SyslogAddress, folder: TempDir) -> Self {
        Self {
            address,
            got: Arc::default(),
            task: None,
            _folder: folder,
        }
    }
}

/// The message of a record: PRI and version, then what the standard says.
static MESSAGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"^<31>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z \S+ edgewise \d+ output \[edgewise@32473 correlation="([0-9a-f-]+)" seq="(\d+)" [^\]]*\] (.*)$"#,
    )
    .unwrap()
});

fn message(bytes: &[u8]) -> (u64, String) {
    let text = std::str::from_utf8(bytes).unwrap();
    let found = MESSAGE.captures(text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(found[1], id(1).to_string());
    (found[2].parse().unwrap(), found[3].to_owned())
}

#[async_trait]
impl Place for Syslog {
    fn sink(&self) -> Arc<dyn Sink> {
        Arc::new(SyslogSink::new(self.address.clone()))
    }

    async fn arrived(&self) -> Vec<(u64, String)> {
        self.got
            .lock()
            .unwrap()
            .iter()
            .map(|bytes| message(bytes))
            .collect()
    }

    async fn close(&mut self) -> bool {
        if let Some(task) = self.task.take() {
            task.abort();
            let _ = task.await;
        }
        // Over UDP nobody learns that nobody listens.
        !matches!(self.address, SyslogAddress::Udp(_))
    }

    async fn open(&mut self) {
        let got = Arc::clone(&self.got);
        self.task = Some(match &self.address {
            SyslogAddress::Unix(path) => {
                let _ = std::fs::remove_file(path);
                let socket = tokio::net::UnixDatagram::bind(path).unwrap();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 1 << 16];
                    while let Ok(length) = socket.recv(&mut bytes).await {
                        got.lock().unwrap().push(bytes[..length].to_vec());
                    }
                })
            }
            SyslogAddress::Udp(at) => {
                let socket = tokio::net::UdpSocket::bind(at).await.unwrap();
                tokio::spawn(async move {
                    let mut bytes = vec![0; 1 << 16];
                    while let Ok(length) = socket.recv(&mut bytes).await {
                        got.lock().unwrap().push(bytes[..length].to_vec());
                    }
                })
            }
            SyslogAddress::Tcp(at) => {
                let listener = tokio::net::TcpListener::bind(at).await.unwrap();
                tokio::spawn(async move {
                    while let Ok((mut stream, _)) = listener.accept().await {
                        // Counted octets: a length, a space, the message.
                        loop {
                            let mut length = 0;
                            let whole = loop {
                                match stream.read_u8().await {
                                    Ok(b' ') => break true,
                                    Ok(digit) => length = length * 10 + usize::from(digit - b'0'),
                                    Err(_) => break false,
                                }
                            };
                            let mut bytes = vec![0; length];
                            if !whole || stream.read_exact(&mut bytes).await.is_err() {
                                break;
                            }
                            got.lock().unwrap().push(bytes);
                        }
                    }
                })
            }
        });
    }
}

fn free_port(udp: bool) -> u16 {
    if udp {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.local_addr().unwrap().port()
    } else {
        Port::hold().number()
    }
}

/// One of every kind, open.
async fn place(kind: &str) -> Box<dyn Place> {
    let folder = tempfile::tempdir().unwrap();
    let mut place: Box<dyn Place> = match kind {
        "embedded" => Box::new(Embedded {
            logs: EmbeddedLogs::open(&folder.path().join("logs.db")).await.unwrap(),
            _folder: folder,
        }),
        "elasticsearch" => {
            let (url, prefix) = shared().await;
            let port = free_port(false);
            let over = format!("http://127.0.0.1:{port}");
            Box::new(Elastic {
                logs: ElasticsearchLogs::new(&options(&[&over], &prefix)).unwrap(),
                to: url.trim_start_matches("http://").parse().unwrap(),
                port,
                way: None,
                direct: ElasticsearchLogs::new(&options(&[&url], &prefix)).unwrap(),
            })
        }
        "stdout" => Box::new(Stdout(Out::default())),
        "file" => {
            std::fs::create_dir(folder.path().join("away")).unwrap();
            Box::new(File { folder })
        }
        "syslog-unix" => Box::new(Syslog::new(
            SyslogAddress::Unix(folder.path().join("log")),
            folder,
        )),
        "syslog-udp" => Box::new(Syslog::new(
            SyslogAddress::Udp(format!("127.0.0.1:{}", free_port(true))),
            folder,
        )),
        "syslog-tcp" => Box::new(Syslog::new(
            SyslogAddress::Tcp(format!("127.0.0.1:{}", free_port(false))),
            folder,
        )),
        other => panic!("{other}"),
    };
    place.open().await;
    place
}

fn pipeline(folder: &TempDir, place: &dyn Place) -> Pipeline {
    Pipeline::start(SpoolOptions::new(folder.path().join("spool")), vec![place.sink()]).unwrap()
}

/// Waits until so many different entries are there, and returns what is.
async fn arrives(place: &dyn Place, count: usize) -> Vec<(u64, String)> {
    let waiting = async {
        loop {
            let arrived = place.arrived().await;
            let mut seqs: Vec<u64> = arrived.iter().map(|(seq, _)| *seq).collect();
            seqs.sort_unstable();
            seqs.dedup();
            if seqs.len() >= count {
                return arrived;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .expect("they arrive")
}

async fn order_is_kept_and_portions_are_split(kind: &str) {
    let place = place(kind).await;
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(&folder, &*place);
    // UDP loses what comes faster than it is read.
    let count = if kind == "syslog-udp" { 50 } else { 5000 };
    let lines: Vec<LogEntry> = (0..count)
        .map(|seq| line(1, seq, &format!("line {seq}")))
        .collect();
    for part in lines.chunks(700) {
        pipeline.write(part).await.unwrap();
    }
    let arrived = arrives(&*place, lines.len()).await;
    let expected: Vec<(u64, String)> = (0..count).map(|seq| (seq, format!("line {seq}"))).collect();
    assert_eq!(arrived, expected, "{kind}");
    assert!(pipeline.drained(PATIENCE).await.is_empty(), "{kind}");
    assert!(pipeline.close(PATIENCE).await.is_empty(), "{kind}");
}

async fn it_is_tried_again_until_it_is_there(kind: &str) {
    let mut place = place(kind).await;
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(&folder, &*place);
    pipeline.write(&[line(1, 0, "before")]).await.unwrap();
    arrives(&*place, 1).await;
    if !place.close().await {
        return;
    }
    for seq in 1..=20 {
        pipeline.write(&[line(1, seq, "meanwhile")]).await.unwrap();
    }
    let left = pipeline.drained(Duration::from_millis(300)).await;
    assert_eq!(left.values().copied().max(), Some(20), "{kind}: {left:?}");
    place.open().await;
    pipeline.write(&[line(1, 21, "after")]).await.unwrap();
    let arrived = arrives(&*place, 22).await;
    let mut firsts: Vec<u64> = Vec::new();
    for (seq, _) in arrived {
        if !firsts.contains(&seq) {
            firsts.push(seq);
        }
    }
    assert!(firsts.is_sorted(), "{kind}: {firsts:?}");
    assert!(pipeline.close(PATIENCE).await.is_empty(), "{kind}");
}

async fn nothing_of_a_secret_arrives(kind: &str) {
    let place = place(kind).await;
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(&folder, &*place);
    let masker = Masker::new(["hunter2"]);
    let mut entry = line(1, 0, "");
    entry.text = masker.mask("login with hunter2, aHVudGVyMg==\nor not");
    pipeline.write(&[entry]).await.unwrap();
    let arrived = arrives(&*place, 1).await;
    let text = &arrived[0].1;
    assert!(text.starts_with("login with \u{2022}"), "{kind}: {text}");
    assert!(
        !text.contains("hunter2") && !text.contains("aHVudGVyMg"),
        "{kind}: {text}"
    );
    for file in std::fs::read_dir(folder.path().join("spool")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("hunter2"), "{kind}");
    }
    pipeline.close(PATIENCE).await;
}

async fn it_closes_within_its_deadline_and_the_rest_comes_after_the_next_start(kind: &str) {
    let mut place = place(kind).await;
    let folder = tempfile::tempdir().unwrap();
    let first = pipeline(&folder, &*place);
    first.write(&[line(1, 0, "before")]).await.unwrap();
    arrives(&*place, 1).await;
    if !place.close().await {
        return;
    }
    for seq in 1..=5 {
        first.write(&[line(1, seq, "left")]).await.unwrap();
    }
    let closing = first.close(Duration::from_millis(200));
    let left = tokio::time::timeout(Duration::from_secs(30), closing)
        .await
        .expect("nobody waits for a sink that is not there");
    drop(first);
    place.open().await;
    let second = pipeline(&folder, &*place);
    assert_eq!(left.values().copied().collect::<Vec<_>>(), [5], "{kind}");
    arrives(&*place, 6).await;
    second.write(&[line(1, 6, "last")]).await.unwrap();
    assert!(second.drained(PATIENCE).await.is_empty(), "{kind}");
    assert!(second.close(PATIENCE).await.is_empty(), "{kind}");
}

/// A test for each sink and each thing that it must do.
macro_rules! conformance {
    ($($name:ident: $kind:literal),+ $(,)?) => {
        $(mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn order_is_kept_and_portions_are_split() {
                super::order_is_kept_and_portions_are_split($kind).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn it_is_tried_again_until_it_is_there() {
                super::it_is_tried_again_until_it_is_there($kind).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn nothing_of_a_secret_arrives() {
                super::nothing_of_a_secret_arrives($kind).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn it_closes_within_its_deadline_and_the_rest_comes_after_the_next_start() {
                super::it_closes_within_its_deadline_and_the_rest_comes_after_the_next_start($kind).await;
            }
        })+
    };
}

conformance! {
    embedded: "embedded",
    elasticsearch: "elasticsearch",
    stdout: "stdout",
    file: "file",
    syslog_over_a_socket: "syslog-unix",
    syslog_over_udp: "syslog-udp",
    syslog_over_tcp: "syslog-tcp",
}

#[tokio::test]
async fn a_file_that_is_moved_away_is_begun_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("actions.jsonl");
    let sink = FileSink::new(path.clone()).unwrap();
    sink.take(&[line(1, 1, "old")]).await.unwrap();
    std::fs::rename(&path, folder.path().join("actions.jsonl.1")).unwrap();
    sink.take(&[line(1, 2, "new")]).await.unwrap();
    let seqs = |name: &str| -> Vec<u64> {
        let text = std::fs::read(folder.path().join(name)).unwrap();
        json_lines(&text).into_iter().map(|(seq, _)| seq).collect()
    };
    assert_eq!(seqs("actions.jsonl.1"), [1]);
    assert_eq!(seqs("actions.jsonl"), [2]);
}

#[tokio::test]
async fn what_a_syslog_daemon_left_unread_is_sent_to_the_next_one() {
    let at = format!("127.0.0.1:{}", free_port(false));
    let deaf = tokio::net::TcpListener::bind(&at).await.unwrap();
    let sink = SyslogSink::new(SyslogAddress::Tcp(at.clone()));
    let reading = async {
        let (stream, _) = deaf.accept().await.unwrap();
        stream
    };
    let (stream, taken) = tokio::join!(reading, async {
        let first = sink.take(&[line(1, 0, "first")]).await;
        first.and(sink.take(&[line(1, 1, "second")]).await)
    });
    taken.unwrap();
    // It goes away with both of them in its queue.
    drop((stream, deaf));
    let mut place = Syslog::new(SyslogAddress::Tcp(at), tempfile::tempdir().unwrap());
    place.open().await;
    // That the one it had has gone is known before it is written to.
    sink.take(&[line(1, 2, "third")]).await.unwrap();
    let arrived = arrives(&place, 3).await;
    let expected = [(0, "first"), (1, "second"), (2, "third")];
    assert_eq!(arrived, expected.map(|(seq, text)| (seq, text.to_owned())));
}
