//! The built-in log store under load: writing, memory, reading and searching.
//!
//! `cargo bench --bench embedded_log [-- ACTIONS LINES BATCH]`: so many actions (10) of so many lines each (1,000,000), written so
//! many at once (4096), in a folder of its own under the one for temporary files, which is removed afterwards. `docs/decisions/embedded-log.md` has what came of it.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made may end")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use edgewise::app::ports::{LogOrder, LogQuery, LogSearch, LogSink};
use edgewise::domain::action::ActionId;
use edgewise::domain::log_context::LogContext;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::Masker;
use edgewise::domain::name::TargetName;
use edgewise::domain::text_query::TextQuery;
use edgewise::domain::timestamp::Timestamp;
use edgewise::logs::embedded::EmbeddedLogs;

/// Entries in a batch, as the store gets them from the spool when many are waiting.
const BATCH: u64 = 4096;
const HOSTS: u64 = 57;
/// Each page is read so often.
const TIMES: usize = 101;

fn id(number: u64) -> ActionId {
    let at = Timestamp::from_millis(1_795_228_610_000 + number.cast_signed());
    ActionId::from_parts(at, [0; 10])
}

/// A line of 12 words and about 93 bytes, some of them new in each line.
fn line(context: &Arc<LogContext>, masker: &Masker, action: u64, seq: u64) -> LogEntry {
    let spread = seq.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
    let needle = if seq % 250_000 == 777 { "needle" } else { "thread" };
    let text = format!(
        "INFO worker-{} {needle} {spread:08x} handled request GET /api/items/{} in {} ms status 200 for tenant {}",
        seq % 16,
        spread % 50_000,
        spread % 997,
        spread % 313
    );
    let time = Timestamp::from_millis(1_795_228_610_000 + (seq / 50).cast_signed());
    LogEntry {
        target: Some(TargetName::parse(&format!("web-{}", seq % HOSTS)).unwrap()),
        step: Some("start".into()),
        stage: Some("100%".into()),
        attempt: Some(1),
        stream: LogStream::Stdout,
        offset: Some(seq * 90),
        line: Some(seq / HOSTS + 1),
        ..LogEntry::new(
            Arc::clone(context),
            (id(action), seq),
            time,
            LogLevel::Detail,
            LogEvent::Output,
            masker.mask(&text),
        )
    }
}

/// Resident memory of this process, in MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

/// What this process has had of the processors so far.
fn processor_time() -> Duration {
    // In hundredths of a second, the 14th and the 15th; the name before them may have blanks.
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .map(|field| field.parse::<u64>().unwrap())
        .sum();
    Duration::from_millis(ticks * 10)
}

async fn write(logs: &EmbeddedLogs, action: u64, lines: u64, at_once: u64) -> Duration {
    let (context, masker) = (Arc::new(LogContext::default()), Masker::default());
    let mut spent = Duration::ZERO;
    let mut seq = 0;
    while seq < lines {
        let end = (seq + at_once).min(lines);
        let batch: Vec<LogEntry> = (seq..end)
            .map(|seq| line(&context, &masker, action, seq))
            .collect();
        // Making up lines is not the store's work.
        let begun = Instant::now();
        logs.write(&batch).await.unwrap();
        spent += begun.elapsed();
        seq = end;
    }
    spent
}

async fn read(logs: &EmbeddedLogs, name: &str, actions: u64, query: impl Fn(u64) -> LogQuery) {
    let mut taken = Vec::with_capacity(TIMES);
    let mut found = 0;
    for time in 0..TIMES as u64 {
        let query = query(time * 7 % actions);
        let begun = Instant::now();
        found = logs.page(&query).await.unwrap().entries.len();
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    println!(
        "{name:<44} {found:>4} entries  median {:>8.2?}  slowest {:>8.2?}",
        taken[TIMES / 2],
        taken[TIMES - 1]
    );
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let mut sizes = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse::<u64>().ok());
    let (actions, lines) = (sizes.next().unwrap_or(10), sizes.next().unwrap_or(1_000_000));
    let at_once = sizes.next().unwrap_or(BATCH);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log.db");
    let logs = EmbeddedLogs::open(&path).await.unwrap();

    let mut all = Duration::ZERO;
    for action in 0..actions {
        let before = processor_time();
        let spent = write(&logs, action, lines, at_once).await;
        all += spent;
        let rate = lines as f64 / spent.as_secs_f64();
        // That of making up the lines is in it.
        let each = processor_time().saturating_sub(before).as_secs_f64() * 1e6 / lines as f64;
        println!(
            "action {action}: {lines} lines, {rate:.0} lines/s, {each:.1} us of a processor a line, {} MiB resident",
            resident()
        );
    }
    let size = std::fs::metadata(&path).unwrap().len();
    let total = actions * lines;
    println!(
        "{total} lines, {:.0} lines/s, {} bytes a line on disk\n",
        total as f64 / all.as_secs_f64(),
        size / total
    );

    let page = |action| LogQuery::of(id(action), 500);
    let words = |action, words: &str| LogQuery {
        text: TextQuery::parse(words).unwrap(),
        ..page(action)
    };
    read(&logs, "first page", actions, page).await;
    read(&logs, "newest first", actions, |action| LogQuery {
        order: LogOrder::NewestFirst,
        ..page(action)
    })
    .await;
    read(&logs, "of one host and step", actions, |action| LogQuery {
        target: Some("web-17".into()),
        step: Some("start".into()),
        ..page(action)
    })
    .await;
    read(&logs, "of one stream (all of it)", actions, |action| LogQuery {
        stream: Some(LogStream::Stdout),
        ..page(action)
    })
    .await;
    read(&logs, "of a second in the middle", actions, |action| LogQuery {
        from: Some(Timestamp::from_millis(
            1_795_228_610_000 + (lines / 100).cast_signed(),
        )),
        until: Some(Timestamp::from_millis(
            1_795_228_611_000 + (lines / 100).cast_signed(),
        )),
        ..page(action)
    })
    .await;
    read(&logs, "a word of every line", actions, |action| {
        words(action, "request")
    })
    .await;
    read(&logs, "a word of one line in 250,000", actions, |action| {
        words(action, "needle")
    })
    .await;
    read(
        &logs,
        "two common words, together in one of 313",
        actions,
        |action| words(action, "tenant 17"),
    )
    .await;
    read(&logs, "a word of no line", actions, |action| {
        words(action, "haystack")
    })
    .await;
    read(&logs, "a rare word on one host", actions, |action| LogQuery {
        target: Some("web-17".into()),
        ..words(action, "needle")
    })
    .await;

    let begun = Instant::now();
    let mut query = LogQuery {
        limit: 2000,
        ..page(0)
    };
    let mut seen = 0;
    loop {
        let page = logs.page(&query).await.unwrap();
        seen += page.entries.len();
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    println!(
        "\nan action from end to end: {seen} lines in {:.2?}, {} MiB resident",
        begun.elapsed(),
        resident()
    );
}
