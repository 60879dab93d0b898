//! A small application on a farm of real SSH servers, configured as an operator would: the shipped `deploy.star`,
//! a space, an environment, a project. Each host keeps a diary of its starts, so that a test can count them.

use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::server::{Client, Place, Server, text};
use super::sshd::Farm;
pub use super::waiting::until;

/// The space of the shop.
pub const SPACE: &str = "pay";
/// Its project.
pub const PROJECT: &str = "web";
/// A version whose application starts and is not well.
pub const BROKEN: &str = "3";

/// Farm, place and application.
pub struct Shop {
    pub farm: Farm,
    pub place: Place,
    hosts: usize,
    config: Map<String, Value>,
}

impl Shop {
    /// A shop on so many hosts, called `web-1`, `web-2` ...
    pub async fn on(hosts: usize) -> Self {
        Self::with(hosts, &json!({})).await
    }

    /// The same, with keys of the project's configuration that differ.
    pub async fn with(hosts: usize, differs: &Value) -> Self {
        Self::of(Farm::start(hosts), hosts, differs).await
    }

    /// The same on the hosts of a farm.
    pub async fn of(farm: Farm, hosts: usize, differs: &Value) -> Self {
        let place = Place::with(&farm);
        for version in ["1", "2", BROKEN] {
            let path = place.write(&format!("artifacts/web-{version}.tar.gz"), "");
            std::fs::write(path, release(version)).expect("an artifact");
        }
        let health = health((1..=hosts).map(|number| farm.server(number).home()).collect()).await;
        let servers: Vec<Value> = (1..=hosts)
            .map(|number| {
                let server = farm.server(number);
                json!({"name": format!("web-{number}"), "address": server.address(), "port": server.port(),
                       "vars": {"home": server.home()}})
            })
            .collect();
        let mut config = json!({
            "artifact": text(&place.path("artifacts/web-{version}.tar.gz")),
            "version": "1",
            "server_info": "server_list",
            "server_list": {"east": servers},
            "dir": "{home}/app",
            "start_command": "sh {current}/start {home}",
            "stop_command": "test ! -f {current}/stop || sh {current}/stop {home}",
            "check_url": format!("http://127.0.0.1:{health}/{{name}}"),
            "healthcheck_string": ["version {version}"],
            "healthcheck_smart_delay": 1,
            "healthcheck_timeout": 1,
        });
        let config = config.as_object_mut().expect("an object");
        config.extend(differs.as_object().expect("an object").clone());
        let script = include_str!("../../../config/scripts/deploy.star");
        place.write("config/scripts/deploy.star", script);
        place.configure(
            "environments/plain.json",
            &json!({"name": "plain", "script": "deploy.star", "config": {}}),
        );
        place.configure(
            &format!("spaces/{SPACE}.json"),
            &json!({"name": SPACE, "title": "Payments"}),
        );
        let shop = Self {
            farm,
            place,
            hosts,
            config: config.clone(),
        };
        shop.configure(&json!({}));
        shop
    }

    /// Writes the project's configuration anew, with keys that differ; `apply` brings it to the server.
    pub fn configure(&self, differs: &Value) {
        let mut config = self.config.clone();
        config.extend(differs.as_object().expect("an object").clone());
        let project = json!({"name": PROJECT, "environment": "plain", "config": config});
        self.place
            .configure(&format!("projects/{SPACE}/{PROJECT}.json"), &project);
    }

    /// A server with this configuration, and a client that may do everything in the space.
    pub async fn open(&self) -> (Server, Client) {
        self.place.apply().await;
        let token = self.place.token("ci", SPACE, "deployer").await;
        let server = self.place.serve().await;
        let client = server.client(&token);
        (server, client)
    }

    /// The home on the host of this number, from 1.
    pub fn home(&self, number: usize) -> PathBuf {
        self.farm.server(number).home()
    }

    /// The application of one host on a port of its own, as a load balancer reaches it, under `/web-1`.
    pub async fn port_of(&self, number: usize) -> u16 {
        health(vec![self.home(number)]).await
    }

    fn numbers(&self) -> std::ops::RangeInclusive<usize> {
        1..=self.hosts
    }

    /// Which versions were started on a host, in that order.
    pub fn starts(&self, number: usize) -> Vec<String> {
        let diary = std::fs::read_to_string(self.home(number).join("starts")).unwrap_or_default();
        diary.lines().map(str::to_owned).collect()
    }

    /// The version that runs on each host, `-` where none does.
    pub fn running(&self) -> Vec<String> {
        self.numbers()
            .map(|number| running(&self.home(number)).unwrap_or_else(|| "-".to_owned()))
            .collect()
    }

    /// Lets every start on a host stand still until [`Shop::release`].
    pub fn hold(&self, number: usize) {
        std::fs::write(self.home(number).join("hold"), "").expect("a file");
    }

    /// Lets it go on.
    pub fn release(&self, number: usize) {
        std::fs::remove_file(self.home(number).join("hold")).expect("it was held");
    }

    /// Waits until a host has begun so many starts.
    pub async fn begun(&self, number: usize, starts: usize) {
        until(&format!("{starts} starts on host {number}"), || {
            self.starts(number).len() >= starts
        })
        .await;
    }
}

/// `POST` of an action of the project, accepted: its id.
pub async fn act(client: &Client, action: &str, body: &Value) -> String {
    let answer = client.post(&url(action), body).await.wanted(202);
    answer["action_id"].as_str().unwrap().to_owned()
}

/// Where an action of the project is posted to.
pub fn url(action: &str) -> String {
    format!("/space/{SPACE}/{PROJECT}/{action}/")
}

/// The version that runs on the host with this home; none where none does.
pub fn running(home: &std::path::Path) -> Option<String> {
    if !home.join("app.pid").exists() {
        return None;
    }
    // Which release's `start` ran is written there by itself.
    let version = std::fs::read_to_string(home.join("app.version")).ok()?;
    Some(version.trim().to_owned())
}

/// The artifact of a version: how to start it, how to stop it, what it says of itself.
///
/// The process that `start` leaves behind ends when its pid file is gone: with `stop`, or with the farm's folder.
pub fn release(version: &str) -> Vec<u8> {
    let start = format!(
        "home=$1\n\
         echo {version} >>$home/starts\n\
         echo starting {version}\n\
         while [ -e $home/hold ]; do sleep 0.05; done\n\
         (while [ -e $home/app.pid ]; do sleep 1; done) </dev/null >/dev/null 2>&1 &\n\
         echo {version} >$home/app.version\n\
         echo $! >$home/app.pid\n\
         echo started {version}\n"
    );
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, content) in [
        ("start", start.as_str()),
        ("stop", "rm -f $1/app.pid\n"),
        ("version", version),
    ] {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o755);
        header.set_cksum();
        archive
            .append_data(&mut header, name, content.as_bytes())
            .expect("memory");
    }
    archive.into_inner().expect("memory").finish().expect("memory")
}

/// Answers for the health of every application, as each would by itself: its port.
pub async fn health(homes: Vec<PathBuf>) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let homes = homes.clone();
            // A client that goes away is its own affair.
            tokio::spawn(async move { drop(answer(client, &homes).await) });
        }
    });
    port
}

async fn answer(client: TcpStream, homes: &[PathBuf]) -> std::io::Result<()> {
    let mut client = BufReader::new(client);
    let mut request = String::new();
    client.read_line(&mut request).await?;
    let mut header = String::new();
    while client.read_line(&mut header).await? > 2 {
        header.clear();
    }
    let number = request
        .split(' ')
        .nth(1)
        .and_then(|path| path.strip_prefix("/web-")?.parse::<usize>().ok());
    let version = number.and_then(|number| running(homes.get(number - 1)?));
    let (status, body) = match version {
        Some(version) if version != BROKEN => ("200 OK", format!("version {version}")),
        Some(version) => (
            "500 Internal Server Error",
            format!("version {version} is not well"),
        ),
        None => ("503 Service Unavailable", "nothing runs".to_owned()),
    };
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    client.get_mut().write_all(text.as_bytes()).await?;
    client.get_mut().shutdown().await
}
