//! The demo, as anybody starts it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::support::elasticsearch::{count, shared};
use crate::support::port::Port;

/// What the whole demo may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(150);

/// A demo that runs, with a folder for temporary files of its own.
struct Demo {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    temporary: TempDir,
}

impl Demo {
    fn start(args: &[&str]) -> Self {
        Self::start_with(args, &[])
    }

    /// The same with these variables.
    fn start_with(args: &[&str], variables: &[(&str, &str)]) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_edgewise"))
            .args(["demo", "--port", "0"])
            .args(args)
            .env("TMPDIR", temporary.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self {
            child,
            lines,
            temporary,
        }
    }

    /// The next line that holds `text`.
    async fn says(&mut self, text: &str) -> String {
        let mut said = Vec::new();
        let waiting = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                if line.contains(text) {
                    return Some(line);
                }
                said.push(line);
            }
            None
        };
        let found = tokio::time::timeout(PATIENCE, waiting).await;
        match found {
            Ok(Some(line)) => line,
            _ => panic!("it never said {text}: {said:#?}"),
        }
    }

    /// All it says, and how it ends.
    async fn end(mut self) -> (i32, Vec<String>, TempDir) {
        let mut said = Vec::new();
        let running = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                said.push(line);
            }
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, running)
            .await
            .expect("the demo ends");
        (status.code().unwrap_or(-1), said, self.temporary)
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_raw(self.child.id().unwrap().cast_signed()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

/// The command lines of processes that know a folder.
fn processes(of: &Path) -> Vec<String> {
    let of = of.to_str().unwrap();
    let pids = std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| entry.path());
    pids.filter_map(|pid: PathBuf| std::fs::read(pid.join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(of))
        .collect()
}

/// Waits until nothing is left of a demo: no file, no process.
async fn gone(temporary: &TempDir) {
    let left = || -> Vec<PathBuf> {
        std::fs::read_dir(temporary.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .collect()
    };
    let waiting = async {
        while !left().is_empty() || !processes(temporary.path()).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(
        waited.is_ok(),
        "left: {:?} {:?}",
        left(),
        processes(temporary.path())
    );
}

/// The cells of the row of the closing table that begins so: what was seen, what was wanted, the verdict.
fn row(said: &[String], what: &str) -> Vec<String> {
    let cells = |line: &String| -> Vec<String> {
        line.split(['│', '┆'])
            .map(|cell| cell.trim().to_owned())
            .filter(|cell| !cell.is_empty())
            .collect()
    };
    let found = said
        .iter()
        .map(cells)
        .find(|cells| cells.first().is_some_and(|first| first == what));
    found
        .unwrap_or_else(|| panic!("no row `{what}` in {said:#?}"))
        .split_off(1)
}

#[tokio::test]
async fn the_demo_deploys_twice_goes_back_once_and_fails_no_request() {
    let (code, said, temporary) = Demo::start(&["--once"]).end().await;
    assert_eq!(code, 0, "{said:#?}");
    for (what, seen) in [
        ("deploy of version 1", "COMPLETED"),
        ("deploy of version 2", "COMPLETED"),
        ("deploy of version 3", "ROLLED_BACK"),
        ("hosts that version 3 touched", "1"),
        ("hosts with version 2", "8"),
        ("requests failed", "0"),
    ] {
        assert_eq!(row(&said, what)[0], seen, "{what}");
    }
    assert!(row(&said, "requests served")[0].parse::<u64>().unwrap() > 0);
    assert!(row(&said, "fewest hosts in service")[0].parse::<u64>().unwrap() >= 4);
    let stages: Vec<&String> = said
        .iter()
        .filter(|line| line.trim_start().starts_with("stage "))
        .collect();
    assert!(
        stages.iter().filter(|line| line.contains(" done ")).count() >= 5,
        "{stages:#?}"
    );
    assert!(
        stages
            .iter()
            .any(|line| line.contains(" rolled_back ") || line.contains(" failed ")),
        "{stages:#?}"
    );
    gone(&temporary).await;
}

#[tokio::test]
async fn the_demo_does_not_end_well_where_the_third_version_is_healthy() {
    let (code, said, temporary) = Demo::start(&["--once", "--hosts", "4", "--third-is-healthy"])
        .end()
        .await;
    assert_eq!(code, 1, "{said:#?}");
    assert_eq!(
        row(&said, "deploy of version 3"),
        ["COMPLETED", "ROLLED_BACK", "NOT AS TOLD"]
    );
    gone(&temporary).await;
}

#[tokio::test]
async fn every_record_of_the_demo_is_found_in_elasticsearch_by_its_correlation_id() {
    let (url, prefix) = shared().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("actions.jsonl");
    let set = [
        format!("log.file={}", file.display()),
        format!("elasticsearch.index_prefix={prefix}"),
    ];
    let args = ["--once", "--hosts", "4", "--set", &set[0], "--set", &set[1]];
    let (code, said, _temporary) = Demo::start_with(&args, &[("EDGEWISE_ELASTICSEARCH__URL", &url)])
        .end()
        .await;
    assert_eq!(code, 0, "{said:#?}");
    let mut written: BTreeMap<String, u64> = BTreeMap::new();
    for line in std::fs::read_to_string(&file).unwrap().lines() {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        *written
            .entry(json["correlation"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    assert_eq!(written.len(), 3, "three deploys");
    for (correlation, records) in written {
        assert!(records > 20, "{correlation}: {records}");
        assert_eq!(
            count(&url, &prefix, Some(&correlation)).await,
            records,
            "{correlation}"
        );
    }
}

#[tokio::test]
async fn the_demo_says_what_could_not_be_delivered_and_ends_with_1() {
    let nobody = Port::hold();
    let url = nobody.url();
    let (code, said, temporary) = Demo::start_with(
        &["--once", "--hosts", "4"],
        &[("EDGEWISE_ELASTICSEARCH__URL", &url)],
    )
    .end()
    .await;
    assert_eq!(code, 1, "{said:#?}");
    assert_eq!(
        row(&said, "deploy of version 3")[0],
        "ROLLED_BACK",
        "no rollout minds"
    );
    assert!(
        said.iter()
            .any(|line| line.ends_with("log entries were not delivered to elasticsearch")),
        "{said:#?}"
    );
    gone(&temporary).await;
}

#[tokio::test]
async fn an_interrupted_demo_takes_everything_with_it() {
    let mut demo = Demo::start(&["--once", "--hosts", "4"]);
    demo.says("version 2:").await;
    demo.signal(rustix::process::Signal::INT);
    let (code, said, temporary) = demo.end().await;
    assert_eq!(code, 130, "{said:#?}");
    gone(&temporary).await;
}

#[tokio::test]
async fn a_killed_demo_leaves_nothing_either() {
    for when in ["hosts in 2 zones", "version 2:"] {
        let mut demo = Demo::start(&["--once", "--hosts", "4"]);
        demo.says(when).await;
        demo.signal(rustix::process::Signal::KILL);
        let (_, _, temporary) = demo.end().await;
        gone(&temporary).await;
    }
}
