//! Log entries a second: into the spool, through it into each sink, and into Elasticsearch beside a plain bulk loader that
//! has nothing else to do. See `bench/logs/README.md`.
//!
//! `EDGEWISE_BENCH_ES` is the URL of an Elasticsearch on loopback; without it that part is left out.
//! `EDGEWISE_BENCH_RECORDS` is how many entries, 100000 unless given.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use edgewise::app::ports::LogSink as _;
use edgewise::domain::action::ActionId;
use edgewise::domain::log_context::LogContext;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::Masker;
use edgewise::domain::name::TargetName;
use edgewise::domain::timestamp::Timestamp;
use edgewise::logs::elasticsearch::{ElasticsearchLogs, ElasticsearchOptions};
use edgewise::logs::embedded::EmbeddedLogs;
use edgewise::logs::file::FileSink;
use edgewise::logs::pipeline::Pipeline;
use edgewise::logs::sink::Sink;
use edgewise::logs::spool::{Fsync, Spool, SpoolOptions};
use edgewise::logs::stdout::StdoutSink;
use edgewise::logs::syslog::SyslogSink;
use futures_util::{StreamExt as _, stream};
use tokio::io::AsyncReadExt as _;

/// Entries that are written at once: as many as the journal does.
const BATCH: usize = 512;
const PATIENCE: Duration = Duration::from_mins(20);

/// Lines of about 90 characters and 12 words, from 50 hosts.
fn entries(count: u64) -> Vec<LogEntry> {
    let masker = Masker::default();
    let context = Arc::new(LogContext {
        actor: masker.mask("user:jdoe"),
        name: "deploy".into(),
        space: "payments".into(),
        project: "web".into(),
        environment: "plain".into(),
        version: Some(masker.mask("1.2.3")),
        plan_hash: "sha256:471c9f3ba11025a82ab534461940ae42ab8616175c0b98d4cdf061adb81c300c".into(),
        ..LogContext::default()
    });
    let action = ActionId::from_parts(Timestamp::from_millis(1_795_228_610_000), [7; 10]);
    (0..count)
        .map(|seq| {
            let time = Timestamp::from_millis(1_795_228_610_000 + i64::try_from(seq / 50).unwrap_or(0));
            let text = format!(
                "unpacked file {seq} of the release into {:x} as it was told, and all is well so far",
                seq * 7919
            );
            let mut entry = LogEntry::new(
                Arc::clone(&context),
                (action, seq),
                time,
                LogLevel::Detail,
                LogEvent::Output,
                masker.mask(&text),
            );
            entry.target = TargetName::parse(&format!("web-{}", seq % 50)).ok();
            entry.step = Some("unpack".into());
            entry.stage = Some("100%".into());
            entry.attempt = Some(1);
            entry.stream = LogStream::Stdout;
            entry.offset = Some(seq * 90);
            entry.line = Some(seq / 50 + 1);
            entry
        })
        .collect()
}

/// The process's memory in MiB: now, and at most so far.
fn memory() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| -> u64 {
        text.lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0)
            >> 10
    };
    (of("VmRSS:"), of("VmHWM:"))
}

fn told(what: &str, count: u64, took: Duration) -> f64 {
    let rate = count as f64 / took.as_secs_f64();
    let (now, most) = memory();
    println!("{what:<44} {rate:>9.0} records/s   {now:>4} MiB now, {most:>4} at most");
    rate
}

async fn spool_alone(all: &[LogEntry], fsync: Fsync) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = SpoolOptions::new(folder.path().join("spool"));
    options.fsync = fsync;
    let spool = Spool::open(options, &["nobody"]).expect("a spool");
    let began = Instant::now();
    for part in all.chunks(BATCH) {
        spool.write(part).await.expect("room");
    }
    spool.close().await;
    told(
        &format!("the spool alone, fsync {fsync:?}").to_lowercase(),
        all.len() as u64,
        began.elapsed(),
    );
}

/// Through the spool into a sink, until all of it is there.
async fn through(what: &str, all: &[LogEntry], sink: Arc<dyn Sink>) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let options = SpoolOptions::new(folder.path().join("spool"));
    let pipeline = Pipeline::start(options, vec![sink]).expect("a spool");
    let began = Instant::now();
    for part in all.chunks(BATCH) {
        pipeline.write(part).await.expect("room");
    }
    let left = pipeline.drained(PATIENCE).await;
    assert!(left.is_empty(), "{left:?}");
    let rate = told(what, all.len() as u64, began.elapsed());
    pipeline.close(PATIENCE).await;
    rate
}

/// The documents as the sink writes them, taken from a file of them, with the field of words.
async fn documents(all: &[LogEntry], folder: &Path) -> Vec<String> {
    let path = folder.join("documents.jsonl");
    let file = FileSink::new(path.clone()).expect("a thread");
    for part in all.chunks(10_000) {
        file.take(part).await.expect("room");
    }
    let text = std::fs::read_to_string(path).expect("they are there");
    text.lines()
        .map(|line| {
            let mut json: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let words = json["message"].as_str().unwrap_or_default().replace(',', "");
            json["edgewise"]["words"] = words.into();
            json.to_string()
        })
        .collect()
}

/// A plain bulk loader: ready documents, two bulks of 4 MiB under way, nothing compressed, nothing looked at but whether
/// there were errors.
async fn plain(url: &str, prefix: &str, documents: &[String]) -> f64 {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let began = Instant::now();
    let mut bulks = vec![String::new()];
    for (number, document) in documents.iter().enumerate() {
        if bulks.last().is_some_and(|bulk| bulk.len() > 4 << 20) {
            bulks.push(String::new());
        }
        if let Some(bulk) = bulks.last_mut() {
            let head = format!(
                "{{\"create\":{{\"_index\":\"{prefix}-detail-2026.11.21\",\"_id\":\"{number}\"}}}}\n"
            );
            bulk.push_str(&head);
            bulk.push_str(document);
            bulk.push('\n');
        }
    }
    let sent: Vec<bool> = stream::iter(bulks)
        .map(|bulk| {
            let request = client
                .post(format!("{url}/_bulk?filter_path=errors"))
                .header("content-type", "application/x-ndjson")
                .body(bulk);
            async move {
                let answer = request
                    .send()
                    .await
                    .expect("an answer")
                    .text()
                    .await
                    .expect("whole");
                answer.contains("\"errors\":false")
            }
        })
        .buffer_unordered(2)
        .collect()
        .await;
    assert!(sent.into_iter().all(|fine| fine));
    told("a plain bulk loader", documents.len() as u64, began.elapsed())
}

async fn elasticsearch(url: &str, all: &[LogEntry]) {
    let folder = tempfile::tempdir().expect("a folder");
    let documents = documents(all, folder.path()).await;
    let logs = |prefix: &str| {
        let mut options = ElasticsearchOptions::new(vec![url.to_owned()]);
        prefix.clone_into(&mut options.indices.prefix);
        Arc::new(ElasticsearchLogs::new(&options).expect("options"))
    };
    let unique = std::process::id();
    let mut ratios = Vec::new();
    // In turns, so that neither has the warmer server.
    for round in 0..4 {
        let (ours, theirs) = (
            format!("bench{unique}-{round}-ours"),
            format!("bench{unique}-{round}-plain"),
        );
        // One entry for each puts the templates and makes the index.
        logs(&ours).take(&all[..1]).await.expect("Elasticsearch");
        logs(&theirs).take(&all[..1]).await.expect("Elasticsearch");
        let (mine, plainly) = if round % 2 == 0 {
            let mine = through("through the spool into Elasticsearch", all, logs(&ours)).await;
            (mine, plain(url, &theirs, &documents).await)
        } else {
            let plainly = plain(url, &theirs, &documents).await;
            (
                through("through the spool into Elasticsearch", all, logs(&ours)).await,
                plainly,
            )
        };
        // The first round warms the server up.
        if round > 0 {
            ratios.push(mine / plainly);
        }
        for prefix in [ours, theirs] {
            let gone = reqwest::Client::new().delete(format!("{url}/{prefix}-detail-2026.11.21"));
            gone.send().await.expect("an answer");
        }
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "of the plain loader, the median of {}: {:.2}",
        ratios.len(),
        ratios[ratios.len() / 2]
    );
}

async fn syslog_daemon() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("a port");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 1 << 16];
            while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
        }
    });
    format!("tcp://{address}")
}

fn main() {
    // `cargo test --benches` and the like only want to know whether it starts.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let count = variable("EDGEWISE_BENCH_RECORDS")
        .and_then(|count| count.parse().ok())
        .unwrap_or(100_000);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let all = entries(count);
        println!("{count} entries; {} MiB before the first", memory().0);
        for fsync in [Fsync::Never, Fsync::Interval, Fsync::Always] {
            spool_alone(&all, fsync).await;
        }
        let folder = tempfile::tempdir().expect("a folder");
        let embedded = EmbeddedLogs::open(&folder.path().join("log.db"))
            .await
            .expect("a file");
        through(
            "through the spool into the built-in store",
            &all,
            Arc::new(embedded),
        )
        .await;
        let file = FileSink::new(folder.path().join("log.jsonl")).expect("a thread");
        through("through the spool into a file", &all, Arc::new(file)).await;
        let stdout = StdoutSink::of(std::io::sink()).expect("a thread");
        through("through the spool to standard output", &all, Arc::new(stdout)).await;
        let address = syslog_daemon().await.parse().expect("an address");
        through(
            "through the spool to syslog over TCP",
            &all,
            Arc::new(SyslogSink::new(address)),
        )
        .await;
        match variable("EDGEWISE_BENCH_ES") {
            Some(url) => elasticsearch(&url, &all).await,
            None => println!("EDGEWISE_BENCH_ES is not set: Elasticsearch is left out"),
        }
    });
}
