//! A real Elasticsearch for the tests: one for the whole run with a prefix of names for each test, and others for those that
//! kill them or leave them little room.
//!
//! A node ends when its standard input does, which is when this process is gone, in whatever way.

use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

/// How long a node may take to begin on a busy machine; the first one of all fetches what it needs before.
const PATIENCE: Duration = Duration::from_mins(8);

/// What the guard of the shared node does: serves, and cleans up when its input ends.
const GUARD: &str = r#"trap '' INT HUP; sh "$START" 0 "$DATA" >"$DATA/said" 2>&1; rm -rf "$DATA""#;

fn start_script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/elasticsearch/start.sh")
}

/// The node of this test run.
struct Shared {
    url: String,
    /// Open as long as this process lives.
    _guard: ChildStdin,
}

static SHARED: OnceLock<Shared> = OnceLock::new();
static PREFIXES: AtomicU32 = AtomicU32::new(0);

/// The URL of the node of this test run, and a prefix that nobody else uses.
pub async fn shared() -> (String, String) {
    let url = tokio::task::spawn_blocking(|| SHARED.get_or_init(start_shared).url.clone())
        .await
        .expect("the starter does not panic without saying why");
    let number = PREFIXES.fetch_add(1, Ordering::Relaxed);
    (url, format!("t{number}"))
}

fn start_shared() -> Shared {
    let data = tempfile::Builder::new()
        .prefix("edgewise-elasticsearch-")
        .tempdir()
        .expect("there is room for temporary files")
        .keep();
    let mut child = Command::new("sh")
        .args(["-c", GUARD])
        .env("START", start_script())
        .env("DATA", &data)
        .env("ES_STOP_ON_STDIN_EOF", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a shell can be started");
    let guard = child.stdin.take().expect("it is piped");
    let url = address(&data, || child.try_wait().expect("it was started").is_some());
    Shared { url, _guard: guard }
}

/// Waits for the address of the node with this folder, on a thread that has nothing else to do.
#[expect(clippy::disallowed_methods, reason = "it is called where a thread may block")]
fn address(data: &Path, mut has_ended: impl FnMut() -> bool) -> String {
    let began = Instant::now();
    loop {
        let ports = std::fs::read_to_string(data.join("logs/http.ports")).unwrap_or_default();
        if let Some(address) = ports.lines().find(|line| line.starts_with("127.0.0.1:")) {
            return format!("http://{address}");
        }
        assert!(
            !has_ended() && began.elapsed() < PATIENCE,
            "Elasticsearch did not start: {}",
            std::fs::read_to_string(data.join("said")).unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A node of a test's own.
pub struct Node {
    data: TempDir,
    settings: String,
    child: Option<Child>,
    url: String,
}

impl Node {
    /// Starts one with these lines more in its settings.
    pub async fn start(settings: &str) -> Self {
        let mut node = Self {
            data: tempfile::tempdir().expect("a folder"),
            settings: settings.to_owned(),
            child: None,
            url: String::new(),
        };
        node.begin("0").await;
        node
    }

    async fn begin(&mut self, port: &str) {
        let said = std::fs::File::create(self.data.path().join("said")).expect("a file");
        // What the one before left would be taken for what this one says.
        let _ = std::fs::remove_file(self.data.path().join("logs/http.ports"));
        let mut child = Command::new("sh")
            .arg(start_script())
            .arg(port)
            .arg(self.data.path())
            .env("ES_STOP_ON_STDIN_EOF", "1")
            .env("ES_SETTINGS", &self.settings)
            .stdin(Stdio::piped())
            .stdout(said.try_clone().expect("a file"))
            .stderr(said)
            .spawn()
            .expect("a shell can be started");
        let data = self.data.path().to_owned();
        let (url, child) = tokio::task::spawn_blocking(move || {
            let url = address(&data, || child.try_wait().expect("it was started").is_some());
            (url, child)
        })
        .await
        .expect("the starter does not panic without saying why");
        self.url = url;
        self.child = Some(child);
        let health = ask(
            &self.url,
            Method::GET,
            "_cluster/health?wait_for_status=yellow&timeout=60s",
            None,
        )
        .await;
        assert!(health.0.is_success(), "{health:?}");
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Begins again on the same folder and port.
    pub async fn begin_again(&mut self) {
        let port = self.url.rsplit(':').next().unwrap_or("0").to_owned();
        self.begin(&port).await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Asks a node something.
pub async fn ask(url: &str, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
    let mut request = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client")
        .request(method, format!("{url}/{path}"));
    if let Some(body) = body {
        request = request.json(&body);
    }
    let answer = request.send().await.expect("Elasticsearch answers");
    let status = answer.status();
    let text = answer.text().await.expect("Elasticsearch answers whole");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// How many documents there are in indices of this prefix, of this action where one is given.
pub async fn count(url: &str, prefix: &str, correlation: Option<&str>) -> u64 {
    let indices = format!("{prefix}-basic-*,{prefix}-detail-*");
    ask(url, Method::POST, &format!("{indices}/_refresh"), None).await;
    let query = match correlation {
        None => serde_json::json!({"match_all": {}}),
        Some(id) => serde_json::json!({"term": {"correlation": id}}),
    };
    let body = serde_json::json!({"query": query});
    let found = loop {
        let (status, found) = ask(
            url,
            Method::POST,
            &format!("{indices}/_count"),
            Some(body.clone()),
        )
        .await;
        // An index that was made a moment ago has no shard yet that answers.
        if status != StatusCode::SERVICE_UNAVAILABLE {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    found["count"]
        .as_u64()
        .unwrap_or_else(|| panic!("no count in {found}"))
}
