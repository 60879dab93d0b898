//! Thousands of hosts, as the binary reaches them: `bench/ssh/scale.md` says how to run these and what they found.

use std::fmt::Write as _;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::support::fake_ssh::{Fake, Manners};
use crate::support::ssh::until;

/// `edgewise exec` on so many addresses of the server, so many at once.
fn exec(fake: &Fake, hosts: usize, at_once: usize) -> Child {
    let mut list = String::new();
    for number in 0..hosts {
        let (a, b) = (number / 250, 1 + number % 250);
        writeln!(list, "127.{}.{}.{b}:{}", 1 + a / 250, a % 250, fake.port()).expect("a text");
    }
    let write = |name: &str, text: &str| {
        let path = fake.folder().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let known = write("known_hosts", &fake.known_hosts());
    let list = write("hosts", &list);
    let config = write("config", "");
    Command::new(env!("CARGO_BIN_EXE_edgewise"))
        .args(["-o", "json", "exec", "--concurrency", &at_once.to_string()])
        .arg("--ssh-config")
        .arg(config)
        .arg("--hosts-file")
        .arg(list)
        .args(["--", "true"])
        .env_clear()
        .env("HOME", fake.folder())
        .env("USER", "tester")
        .env("EDGEWISE_SSH__KNOWN_HOSTS_FILE", known)
        .env("EDGEWISE_SSH__IDENTITY_FILE", fake.client_key())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("edgewise")
}

/// Open descriptors, and resident memory in KiB.
fn size(child: &Child) -> (usize, u64) {
    let pid = child.id().expect("it runs");
    let fds = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .expect("it runs")
        .count();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    (fds, kib.expect("a number"))
}

/// Runs through all hosts; sizes after the first tenth, and shortly before the end while the window is still full.
async fn through_a_window(hosts: usize, window: usize) -> [(usize, u64); 2] {
    let fake = Fake::start(Manners::Good).await;
    let mut child = exec(&fake, hosts, window);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let (mut done, mut sizes) = (0, Vec::new());
    while let Some(line) = lines.next_line().await.expect("a line") {
        assert!(
            line.contains("\"outcome\":\"ok\"") && line.contains("hello"),
            "{line}"
        );
        done += 1;
        if done == hosts / 10 || done == hosts - window {
            sizes.push(size(&child));
        }
    }
    assert!(child.wait().await.expect("it ends").success());
    assert_eq!((done, fake.commands()), (hosts, hosts));
    until("all have gone", || fake.open() == 0).await;
    [sizes[0], sizes[1]]
}

#[tokio::test]
async fn a_window_leaves_nothing_behind() {
    let [(early, _), (late, _)] = through_a_window(300, 50).await;
    // The window, and what the program itself needs.
    for descriptors in [early, late] {
        assert!(
            descriptors <= 50 + 30,
            "{early} descriptors after a tenth, {late} at the end"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: see bench/ssh/scale.md"]
async fn ten_thousand_hosts_through_a_window_of_500() {
    let [early, late] = through_a_window(10_000, 500).await;
    println!(
        "after 1,000 hosts: {} descriptors, {} KiB; after 9,500: {} descriptors, {} KiB",
        early.0, early.1, late.0, late.1
    );
    assert!(late.0 <= early.0 + 50, "descriptors");
    assert!(late.1 <= early.1 * 5 / 4, "memory");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes: see bench/ssh/scale.md"]
async fn two_thousand_hosts_at_once() {
    let fake = Fake::start(Manners::Hold).await;
    let mut child = exec(&fake, 2000, 2000);
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let reading = tokio::spawn(async move {
        let mut done = 0;
        while lines.next_line().await.expect("a line").is_some() {
            done += 1;
        }
        done
    });
    while fake.commands() < 2000 {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        assert!(child.try_wait().expect("a child").is_none(), "it ended too early");
    }
    let (fds, kib) = size(&child);
    println!(
        "2,000 connections at once: {} open here, {fds} descriptors, {kib} KiB",
        fake.open()
    );
    assert_eq!(fake.open(), 2000);
    assert!(kib < 200 * 1024);
    fake.let_go();
    assert_eq!(reading.await.expect("no panic"), 2000);
    assert!(child.wait().await.expect("it ends").success());
}
