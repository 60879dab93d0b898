//! A real PostgreSQL server for the tests: one for the whole run, a fresh database for each test.
//!
//! The server runs under a guard, a small shell that waits for the end of its standard input. That end comes when
//! this process is gone, in whatever way, so no server is ever left behind.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::NoTls;

/// What the guard does: makes a database, serves it, and cleans up when its input ends.
const GUARD: &str = r#"
trap '' INT TERM HUP
"$BIN/initdb" --no-sync -A trust -U edgewise -E UTF8 --locale=C.UTF-8 -D "$DATA/db" >"$DATA/initdb.log" 2>&1 || {
    cat "$DATA/initdb.log" >&2; exit 1; }
"$BIN/postgres" -D "$DATA/db" -c listen_addresses=127.0.0.1 -c "port=$PORT" -c "unix_socket_directories=" \
    -c fsync=off -c full_page_writes=off -c max_connections=400 </dev/null &
server=$!
read -r _
kill -QUIT "$server" 2>/dev/null
wait "$server"
rm -rf "$DATA"
"#;

/// The server of this test run.
struct Server {
    port: u16,
    /// Open as long as this process lives.
    _guard: ChildStdin,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a new and empty database.
pub async fn fresh_database() -> String {
    let port = tokio::task::spawn_blocking(|| SERVER.get_or_init(start).port)
        .await
        .expect("the starter does not panic without saying why");
    let name = format!("t{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let (client, connection) = tokio_postgres::connect(&url(port, "postgres"), NoTls)
        .await
        .expect("the server said that it is ready");
    let connection = tokio::spawn(connection);
    client
        .batch_execute(&format!("CREATE DATABASE {name}"))
        .await
        .expect("the name is new");
    drop(client);
    connection.await.expect("it ends").expect("it ends well");
    url(port, &name)
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://edgewise@127.0.0.1:{port}/{database}")
}

fn start() -> Server {
    // Between the moment a free port is found and the moment it is used, somebody else may take it.
    (0..5)
        .find_map(|_| try_start())
        .expect("PostgreSQL did not start; its own words are above")
}

fn try_start() -> Option<Server> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .expect("loopback has a free port")
        .local_addr()
        .expect("it is bound")
        .port();
    let data = tempfile::Builder::new()
        .prefix("edgewise-postgres-")
        .tempdir()
        .expect("there is room for temporary files")
        .keep();
    let mut command = guard_command(&data);
    let mut guard = command
        .env("BIN", binaries())
        .env("DATA", &data)
        .env("PORT", port.to_string())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a shell can be started");
    let stdin = guard.stdin.take().expect("it is piped");
    let mut words = BufReader::new(guard.stderr.take().expect("it is piped")).lines();
    let mut said = Vec::new();
    for line in words.by_ref().map_while(Result::ok) {
        if line.contains("database system is ready to accept connections") {
            std::thread::spawn(move || {
                // Nobody needs what it says on, but somebody must read it, or the server would wait for room.
                words.map_while(Result::ok).for_each(drop);
                guard.wait()
            });
            return Some(Server { port, _guard: stdin });
        }
        said.push(line);
    }
    drop(stdin);
    let ended = guard.wait().expect("it was started");
    eprintln!("{ended}\n{}", said.join("\n"));
    None
}

/// PostgreSQL refuses to run as root: there it runs as the user that its package made.
fn guard_command(data: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        let mut command = Command::new("sh");
        command.args(["-c", GUARD]);
        return command;
    }
    let status = Command::new("chown")
        .arg("postgres")
        .arg(data)
        .status()
        .expect("chown is there");
    assert!(
        status.success(),
        "the package `postgresql` makes the user `postgres`"
    );
    let mut command = Command::new("setpriv");
    command.args([
        "--reuid=postgres",
        "--regid=postgres",
        "--clear-groups",
        "sh",
        "-c",
        GUARD,
    ]);
    command
}

/// The folder of the newest PostgreSQL that is installed.
fn binaries() -> PathBuf {
    let debian = Path::new("/usr/lib/postgresql");
    let newest = std::fs::read_dir(debian)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .max();
    if let Some(newest) = newest {
        return debian.join(newest.to_string()).join("bin");
    }
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .find(|folder| folder.join("initdb").is_file())
        .expect("PostgreSQL is not installed: apt-get install postgresql")
}

/// Stands between a server and its database, and can cut the line.
pub struct Proxy {
    url: String,
    is_cut: tokio::sync::watch::Sender<bool>,
}

impl Proxy {
    /// A line to the database of this URL.
    pub async fn before(url: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port");
        let here = listener.local_addr().expect("it is bound");
        let (_, place) = url.split_once('@').expect("a URL of ours");
        let (there, database) = place.split_once('/').expect("a URL of ours");
        let there = there.to_owned();
        let is_cut = tokio::sync::watch::Sender::new(false);
        let cut = is_cut.clone();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let (there, mut cut) = (there.clone(), cut.subscribe());
                tokio::spawn(async move {
                    if *cut.borrow() {
                        return;
                    }
                    let Ok(mut server) = tokio::net::TcpStream::connect(there).await else {
                        return;
                    };
                    tokio::select! {
                        // Whichever side hangs up, the other is told.
                        _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
                        _ = cut.wait_for(|cut| *cut) => {}
                    }
                });
            }
        });
        Self {
            url: format!("postgres://edgewise@{here}/{database}"),
            is_cut,
        }
    }

    /// Where the line begins.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Hangs up on everybody, and on whoever calls.
    pub fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// Lets them call again.
    pub fn mend(&self) {
        self.is_cut.send_replace(false);
    }
}
