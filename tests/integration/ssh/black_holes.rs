//! Networks that drop everything, each in a network namespace of its own that ends with its test. They need root.
//!
//! The test starts itself again inside a new namespace. There a pair of interfaces leads to a second namespace, with a real
//! sshd in it. A wrong neighbour's address at both ends is a black hole: the interfaces are up, every packet is sent, none arrives.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use edgewise::domain::outcome::Outcome;
use edgewise::ssh::SshSettings;
use tokio_util::sync::CancellationToken;

use crate::support::ssh::{connect, hosts, put, run, step, until, upload};
use crate::support::sshd::{make_key, user};

const HERE: &str = "10.213.7.1";
const THERE: &str = "10.213.7.2";
const NOWHERE: &str = "02:00:00:00:00:99";
const INSIDE: &str = "EDGEWISE_TEST_NAMESPACE";

/// Runs a test of this file again inside a namespace of its own; whether that is where we are.
fn is_inside(name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let can = Command::new("unshare")
        .args(["-n", "ip", "link", "set", "lo", "up"])
        .output();
    if !can.is_ok_and(|can| can.status.success()) {
        eprintln!("{name}: left out, network namespaces need root, unshare and ip");
        return false;
    }
    let output = Command::new("unshare")
        .arg("-n")
        .arg(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("ssh::black_holes::{name}"), "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare");
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    false
}

/// A host in a namespace behind a line of its own.
struct Island {
    folder: tempfile::TempDir,
    /// Keeps the namespace, and is its name.
    keeper: Child,
    sshd: Child,
    macs: [String; 2],
}

fn ip(arguments: &str) -> bool {
    let done = Command::new("ip")
        .args(arguments.split(' '))
        .output()
        .expect("ip");
    done.status.success()
}

fn mac(text: &str) -> String {
    let after = text.split("link/ether ").nth(1).expect("an address");
    after.split(' ').next().expect("an address").to_owned()
}

impl Island {
    async fn start() -> Self {
        assert!(ip("link set lo up"));
        assert!(ip("link add name ew-here type veth peer name ew-there"));
        let keeper = Command::new("unshare")
            .args(["-n", "sleep", "600"])
            .spawn()
            .expect("unshare");
        let pid = keeper.id();
        // The namespace is there once its keeper has become `sleep`.
        until("the namespace is there", || {
            std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == "sleep")
        })
        .await;
        assert!(ip(&format!("link set ew-there netns {pid}")));
        assert!(ip(&format!("addr add {HERE}/24 dev ew-here")) && ip("link set ew-here up"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let dir = folder.path().to_str().expect("UTF-8").to_owned();
        std::fs::create_dir_all(folder.path().join("home")).expect("a folder");
        std::fs::create_dir_all("/run/sshd").expect("/run/sshd");
        for name in ["host_key", "id_ed25519"] {
            make_key(&folder.path().join(name), "ed25519");
        }
        let config = format!(
            "ListenAddress {THERE}:22\nHostKey {dir}/host_key\nPidFile none\nAuthorizedKeysFile {dir}/id_ed25519.pub\n\
             UsePAM no\nStrictModes no\nPermitRootLogin yes\nSetEnv HOME={dir}/home\n"
        );
        std::fs::write(folder.path().join("sshd_config"), config).expect("written");
        let mut island = Self {
            macs: [mac(&text(&["ip", "link", "show", "ew-here"])), String::new()],
            sshd: Command::new("true").spawn().expect("true"),
            folder,
            keeper,
        };
        island.sshd.wait().expect("it ends");
        for command in [
            format!("ip addr add {THERE}/24 dev ew-there"),
            "ip link set ew-there up".into(),
        ] {
            assert!(
                island.there(&command).status().expect("nsenter").success(),
                "{command}"
            );
        }
        let shown = island.there("ip link show ew-there").output().expect("nsenter");
        island.macs[1] = mac(&String::from_utf8(shown.stdout).expect("UTF-8"));
        island.sshd = island
            .there(&format!("/usr/sbin/sshd -D -f {dir}/sshd_config"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("sshd");
        until("it listens", || std::net::TcpStream::connect((THERE, 22)).is_ok()).await;
        island
    }

    fn there(&self, command: &str) -> Command {
        let mut inside = Command::new("nsenter");
        inside
            .args(["-t", &self.keeper.id().to_string(), "-n"])
            .args(command.split(' '));
        inside
    }

    /// Nothing arrives any more, in either direction; or everything does again.
    fn drop_everything(&self, drops: bool) {
        let [here, there] = if drops {
            [NOWHERE, NOWHERE]
        } else {
            [self.macs[0].as_str(), self.macs[1].as_str()]
        };
        assert!(ip(&format!(
            "neigh replace {THERE} lladdr {there} nud permanent dev ew-here"
        )));
        let back = format!("ip neigh replace {HERE} lladdr {here} nud permanent dev ew-there");
        assert!(self.there(&back).status().expect("nsenter").success());
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    fn settings(&self, extra: &str) -> SshSettings {
        let path = |name: &str| self.folder.path().join(name);
        let key = std::fs::read_to_string(path("host_key.pub")).expect("a key");
        std::fs::write(path("known_hosts"), format!("{THERE} {key}")).expect("written");
        std::fs::write(
            path("config"),
            format!("{extra}\nHost island\n HostName {THERE}\n"),
        )
        .expect("written");
        let mut settings = SshSettings::of_user(path("nobody"), user(), None);
        settings.config_file = Some(path("config"));
        settings.known_hosts_file = Some(path("known_hosts"));
        settings.identity_file = Some(path("id_ed25519"));
        settings
    }

    /// Connections as the kernel here sees them.
    fn lines() -> usize {
        let all = std::fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
        let established = |line: &&str| line.split_whitespace().nth(3) == Some("01");
        all.lines().filter(established).count()
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        // What ends by itself with the namespace cannot be killed any more.
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
        let _ = self.keeper.kill();
        let _ = self.keeper.wait();
    }
}

fn text(command: &[&str]) -> String {
    let output = Command::new(command[0])
        .args(&command[1..])
        .output()
        .expect("a program");
    String::from_utf8(output.stdout).expect("UTF-8")
}

const KEEPALIVE: &str = "ConnectTimeout 3\nServerAliveInterval 1\nServerAliveCountMax 2\n";

#[tokio::test]
async fn under_a_step() {
    if !is_inside("under_a_step") {
        return;
    }
    let island = Island::start().await;
    let session = connect(&hosts(&island.settings(KEEPALIVE)), "island")
        .await
        .expect("a session");
    let home = island.home();
    let text = "echo x >>count; i=0; while [ $i -lt 500 ]; do i=$((i+1)); echo line $i; done; : >begun; \
                while [ ! -e go ]; do sleep 0.05; done; echo ended";
    let step = step("island", 0);
    let falling = async {
        until("it began", || home.join("begun").exists()).await;
        assert_eq!(Island::lines(), 1);
        island.drop_everything(true);
        let since = tokio::time::Instant::now();
        until("it is noticed", || Island::lines() == 0).await;
        // Interval × (count + 1), and what a machine under load adds to it.
        assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
        std::fs::write(home.join("go"), "").expect("written");
        island.drop_everything(false);
    };
    let (said, ()) = tokio::join!(run(&*session, text, &step), falling);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    let mut want: Vec<String> = (1..=500).map(|i| format!("line {i}")).collect();
    want.push("ended".to_owned());
    assert_eq!(said.stdout(), want);
    assert_eq!(
        std::fs::read_to_string(home.join("count")).expect("it ran"),
        "x\n"
    );
    session.close().await;
}

#[tokio::test]
async fn under_a_transfer() {
    if !is_inside("under_a_transfer") {
        return;
    }
    let island = Island::start().await;
    let session = connect(&hosts(&island.settings(KEEPALIVE)), "island")
        .await
        .expect("a session");
    let dest = island.home().join("d/big");
    let bytes: Vec<u8> = (0..60_000_000_u32).map(|i| (i % 251) as u8).collect();
    let file = upload("island", &dest, bytes.clone());
    let half = || {
        let files = std::fs::read_dir(dest.parent().expect("a folder"))
            .into_iter()
            .flatten()
            .flatten();
        files
            .filter_map(|file| file.metadata().ok())
            .any(|facts| facts.len() > 1_000_000)
    };
    let falling = async {
        until("it arrives", half).await;
        island.drop_everything(true);
        until("it is noticed", || Island::lines() == 0).await;
        assert!(!dest.exists(), "half a file is no file");
        island.drop_everything(false);
    };
    let (result, ()) = tokio::join!(put(&*session, &file, CancellationToken::new()), falling);
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(std::fs::read(&dest).expect("there") == bytes);
    session.close().await;
}

#[tokio::test]
async fn before_the_login() {
    if !is_inside("before_the_login") {
        return;
    }
    let island = Island::start().await;
    island.drop_everything(true);
    let hosts = hosts(&island.settings(KEEPALIVE));
    let refused = connect(&hosts, "island").await.err().expect("nobody answers");
    assert_eq!(refused.outcome, Outcome::Unreachable, "{refused}");
    assert!(refused.message.contains("within 3 s"), "{refused}");
    island.drop_everything(false);
    connect(&hosts, "island").await.expect("a session").close().await;
}

#[tokio::test]
async fn with_delay_and_loss() {
    if !is_inside("with_delay_and_loss") {
        return;
    }
    let island = Island::start().await;
    let netem = "qdisc add dev ew-here root netem delay 150ms 50ms loss 3%";
    let has_netem = Command::new("tc")
        .args(netem.split(' '))
        .output()
        .is_ok_and(|done| done.status.success());
    if !has_netem {
        eprintln!(
            "with_delay_and_loss: left out, this kernel has no netem; a gate delays in broken_lines instead"
        );
        return;
    }
    let session = connect(&hosts(&island.settings("")), "island")
        .await
        .expect("a session");
    for number in 0..3 {
        let said = run(&*session, "echo x; sleep 1; echo y", &step("island", number)).await;
        assert_eq!(said.stdout(), ["x", "y"], "{:?}", said.result);
    }
    let dest = island.home().join("file");
    let result = put(
        &*session,
        &upload("island", &dest, vec![7; 300_000]),
        CancellationToken::new(),
    )
    .await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    session.close().await;
}
