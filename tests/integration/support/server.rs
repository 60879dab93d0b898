//! The real binary as a server, on a folder of its own, and a client that speaks to it over HTTP.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use super::sshd::{Farm, user};
use super::waiting::until_so;

/// What any single wait of a test may take. It is only reached where something is broken.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A data folder with a configuration folder beside it, on which servers run one after another.
pub struct Place {
    folder: TempDir,
    settings: BTreeMap<String, String>,
}

/// What a call of the command line came to.
#[derive(Debug)]
pub struct Called {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Place {
    /// A place that knows the hosts of `farm` and can sign in there.
    pub fn with(farm: &Farm) -> Self {
        let mut place = Self::bare();
        let ssh_config = place.write("ssh/config", &farm.ssh_config());
        let known_hosts = place.write("ssh/known_hosts", &farm.known_hosts());
        place.set("EDGEWISE_SSH__CONFIG_FILE", &text(&ssh_config));
        place.set("EDGEWISE_SSH__KNOWN_HOSTS_FILE", &text(&known_hosts));
        place.set("EDGEWISE_SSH__IDENTITY_FILE", &text(&farm.client_key()));
        place.set("EDGEWISE_SSH__USER", &user());
        place
    }

    /// A place that knows no host.
    pub fn bare() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut place = Self {
            folder,
            settings: BTreeMap::new(),
        };
        let data = text(&place.path("data"));
        place.set("EDGEWISE_SERVER__LISTEN", "127.0.0.1:0");
        place.set("EDGEWISE_SERVER__DATA_DIR", &data);
        place
    }

    /// Sets a variable for everything that is started here from now on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// A path in the place's folder.
    pub fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    /// Writes a file in the place's folder.
    pub fn write(&self, below: &str, content: &str) -> PathBuf {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    /// Writes a file of the configuration folder.
    pub fn configure(&self, file: &str, content: &Value) {
        self.write(&format!("config/{file}"), &format!("{content:#}"));
    }

    /// `edgewise`, with the settings of this place and none of the machine's.
    pub fn command(&self) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_edgewise"))
    }

    fn command_of(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("EDGEWISE_") {
                command.env_remove(name);
            }
        }
        command
            .envs(&self.settings)
            .current_dir(self.folder.path())
            .kill_on_drop(true);
        command
    }

    /// Runs `edgewise ARGS` to its end, with `input` on its standard input.
    pub async fn call(&self, args: &[&str], input: &str) -> Called {
        let mut child = self
            .command()
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A command that does not read its input may be gone before all of it is written.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
            .await
            .unwrap_or_else(|_| panic!("{args:?} did not end"))
            .unwrap();
        Called {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The same, for a call that must succeed: what it printed.
    pub async fn done(&self, args: &[&str], input: &str) -> String {
        let called = self.call(args, input).await;
        assert_eq!(called.code, 0, "{args:?}: {}", called.stderr);
        called.stdout
    }

    /// `edgewise apply` of the configuration folder.
    pub async fn apply(&self) {
        let folder = text(&self.path("config"));
        self.done(&["apply", &folder], "").await;
    }

    /// People with a password each, and what else their accounts have: `--admin`, or `--group=web`.
    pub async fn people(&self, people: &[(&str, &str)]) {
        for (name, more) in people {
            self.done(&["user", "add", name, more], "correct horse battery staple\n")
                .await;
        }
    }

    /// A new service token.
    pub async fn token(&self, name: &str, space: &str, role: &str) -> String {
        let args = ["token", "add", name, "--space", space, "--role", role];
        self.done(&args, "").await.trim().to_owned()
    }

    /// Starts the server, and waits until it says where it listens.
    pub async fn serve(&self) -> Server {
        let mut command = self.command();
        command.arg("serve");
        self.start(command).await
    }

    /// The same, where the soft limit of open files is this.
    pub async fn serve_with_open_files(&self, soft: u32) -> Server {
        let mut command = self.command_of("/bin/sh");
        command.args(["-c", "ulimit -S -n \"$1\" && exec \"$2\" serve", "sh"]);
        command.args([&soft.to_string(), env!("CARGO_BIN_EXE_edgewise")]);
        self.start(command).await
    }

    async fn start(&self, mut command: Command) -> Server {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(self.server_log())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let Ok(Ok(Some(line))) = first else {
            panic!("the server did not come up: {first:?}\n{}", self.server_said());
        };
        let url = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("it said {line}"));
        Server {
            child,
            url: url.to_owned(),
        }
    }

    /// Calls `serve` where it must not come up.
    pub async fn serve_in_vain(&self) -> Called {
        self.call(&["serve"], "").await
    }

    fn server_log(&self) -> std::fs::File {
        let path = self.path("server.log");
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .expect("a log file")
    }

    /// What the servers wrote to standard error.
    pub fn server_said(&self) -> String {
        std::fs::read_to_string(self.path("server.log")).unwrap_or_default()
    }
}

/// A server that runs; killed when it is dropped.
pub struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A client with this token.
    pub fn client(&self, token: &str) -> Client {
        Client {
            url: self.url.clone(),
            token: Some(token.to_owned()),
            http: reqwest::Client::new(),
        }
    }

    /// A client that nobody knows.
    pub fn stranger(&self) -> Client {
        Client {
            url: self.url.clone(),
            token: None,
            http: reqwest::Client::new(),
        }
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// SIGKILL: it gets no chance to clear up.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// SIGTERM, and its end.
    pub async fn stop(self) -> ExitStatus {
        self.terminate();
        self.ended().await
    }

    /// SIGTERM, whatever becomes of it.
    pub fn terminate(&self) {
        let pid = rustix::process::Pid::from_raw(self.pid().cast_signed()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }

    /// Whether it has not ended.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Its end.
    pub async fn ended(mut self) -> ExitStatus {
        tokio::time::timeout(PATIENCE, self.child.wait())
            .await
            .expect("the server stops")
            .unwrap()
    }
}

/// Speaks to a server.
#[derive(Clone)]
pub struct Client {
    url: String,
    token: Option<String>,
    http: reqwest::Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {}: {}", self.status, self.text))
    }

    /// The body as JSON, where the status is as wanted.
    pub fn wanted(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// A problem document of this status: its `errors` as `field: message`.
    pub fn problem(&self, status: u16) -> Value {
        let problem = self.wanted(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(problem["status"], status);
        for key in ["type", "title", "detail", "instance"] {
            assert!(
                problem[key].as_str().is_some_and(|text| !text.is_empty()),
                "{key} in {problem}"
            );
        }
        assert_eq!(problem["request_id"], self.header("x-request-id"), "{problem}");
        problem
    }

    /// The message about a field, where that is the only field at fault.
    pub fn fault(&self, status: u16, field: &str) -> String {
        let problem = self.problem(status);
        let errors = problem["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{problem}");
        assert_eq!(errors[0]["field"], field, "{problem}");
        errors[0]["message"].as_str().unwrap().to_owned()
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Client {
    /// One that speaks to a server of the test's own.
    pub fn at(url: &str, token: &str) -> Self {
        Self {
            url: url.to_owned(),
            token: Some(token.to_owned()),
            http: reqwest::Client::new(),
        }
    }

    /// Its token.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// A request that a test builds further.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}{path}", self.url))
            .timeout(PATIENCE);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends it.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        assert!(headers.contains_key("x-request-id"), "every answer has an id");
        Answer {
            status,
            headers,
            text: response.text().await.unwrap(),
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// Steers an action.
    pub async fn steer(&self, id: &str, word: &str, body: &Value) -> Answer {
        self.post(&format!("/api/v1/actions/{id}/{word}"), body).await
    }

    /// The action as it is.
    pub async fn action(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/actions/{id}")).await.wanted(200)
    }

    /// The action once it is as wanted; the test fails where that does not come about.
    pub async fn until(&self, id: &str, what: &str, so: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let waiting = async {
            loop {
                last = self.action(id).await;
                if so(&last) {
                    return;
                }
                assert!(
                    !is_final(&last) || so(&last),
                    "it ended before it was {what}: {}",
                    brief(&last)
                );
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, waiting).await.is_ok();
        assert!(in_time, "it never was {what}: {}", brief(&last));
        last
    }

    /// The action when it is over.
    pub async fn end(&self, id: &str) -> Value {
        self.until(id, "over", is_final).await
    }

    /// The action when it is over, which must be with this status.
    pub async fn ends(&self, id: &str, status: &str) -> Value {
        let ended = self.end(id).await;
        assert_eq!(ended["status"], status, "{}", brief(&ended));
        ended
    }

    /// The whole log of an action: every page. An action is over a moment before its log is written to the end: of one that is
    /// over, the end is waited for.
    pub async fn log(&self, id: &str, query: &str) -> Vec<Value> {
        if is_final(&self.action(id).await) {
            self.log_is_closed(id).await;
        }
        let mut entries = Vec::new();
        let mut after = String::new();
        loop {
            let page = self
                .get(&format!("/api/v1/actions/{id}/logs?{query}{after}"))
                .await
                .wanted(200);
            entries.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return entries,
            }
        }
    }

    /// Waits until the action's end is in its log.
    async fn log_is_closed(&self, id: &str) {
        let path = format!("/api/v1/actions/{id}/logs?level=basic&order=newest&limit=5");
        until_so("the end of the log", async || {
            let page = self.get(&path).await.wanted(200);
            let entries = page["items"].as_array().unwrap();
            entries
                .iter()
                .any(|entry| entry["text"].as_str().unwrap().starts_with("end "))
        })
        .await;
    }

    /// The server-sent events of an action after `last`, up to the first that is as wanted or to the end.
    pub async fn events(&self, id: &str, last: Option<u64>, enough: impl Fn(&Told) -> bool) -> Vec<Told> {
        let mut request = self.request(Method::GET, &format!("/api/v1/actions/{id}/events"));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last.to_string());
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut stream = response.bytes_stream();
        let (mut text, mut told) = (Vec::new(), Vec::new());
        while let Some(chunk) = stream.next().await {
            text.extend_from_slice(&chunk.unwrap());
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = text.drain(..end + 2).collect();
                if let Some(event) = Told::read(std::str::from_utf8(&block).unwrap()) {
                    let done = enough(&event);
                    told.push(event);
                    if done {
                        return told;
                    }
                }
            }
        }
        told
    }
}

/// One server-sent event.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub event: String,
    pub id: u64,
    pub data: Value,
}

impl Told {
    fn read(block: &str) -> Option<Self> {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        Some(Self {
            event: field("event: ")?.to_owned(),
            id: field("id: ")?.parse().unwrap(),
            data: serde_json::from_str(field("data: ")?).unwrap(),
        })
    }
}

/// Whether nothing more will happen to an action.
pub fn is_final(action: &Value) -> bool {
    ["COMPLETED", "FAILED", "ROLLED_BACK", "REVOKED", "MANUAL_FAILED"]
        .contains(&action["status"].as_str().unwrap())
}

/// What a failed test shows of an action: its status, and what each target came to.
pub fn brief(action: &Value) -> String {
    let mut lines = vec![format!("{} {}", action["status"], action["waiting_for"])];
    for target in action["targets"].as_array().into_iter().flatten() {
        lines.push(format!(
            "{} {} {} {}",
            target["name"], target["state"], target["version"], target["error"]
        ));
        for step in target["steps"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|step| step["state"] != "pending")
        {
            lines.push(format!(
                "  {} {} {} {}",
                step["name"], step["state"], step["exit_code"], step["error"]
            ));
        }
    }
    lines.join("\n")
}

/// A path as text.
pub fn text(path: &Path) -> String {
    path.to_str().expect("UTF-8").to_owned()
}
