//! The spool: nothing that was kept is lost, whatever happens to the process, the file or the disk.

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use edgewise::app::ports::LogSink as _;
use edgewise::domain::log_entry::{LogEntry, LogLevel, LogStream};
use edgewise::domain::log_event::LogEvent;
use edgewise::logs::spool::{Audit, Fsync, Spool, SpoolError, SpoolOptions};
use tempfile::TempDir;

use super::world::{at, line};
use crate::support::disk::SmallDisk;

fn options(folder: &Path) -> SpoolOptions {
    SpoolOptions {
        segment_bytes: 4096,
        ..SpoolOptions::new(folder.join("spool"))
    }
}

fn open(folder: &TempDir) -> Spool {
    Spool::open(options(folder.path()), &["one", "two"]).unwrap()
}

fn lines(seqs: std::ops::Range<u64>) -> Vec<LogEntry> {
    seqs.map(|seq| line(1, seq, "a line of output")).collect()
}

/// The segments, oldest first.
fn segments(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder.join("spool"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "spool"))
        .collect();
    found.sort();
    found
}

/// Everything that a sink has not got, with the number of damaged records.
fn rest(spool: &Spool, sink: &str) -> (Vec<u64>, u64) {
    let mut reader = spool.reader(sink);
    let (mut seqs, mut damaged) = (Vec::new(), 0);
    loop {
        let batch = reader.read(7, 1 << 20).unwrap();
        if batch.entries.is_empty() && batch.damaged == 0 {
            return (seqs, damaged);
        }
        seqs.extend(batch.entries.iter().map(|entry| entry.seq));
        damaged += batch.damaged;
    }
}

fn seqs(range: std::ops::Range<u64>) -> Vec<u64> {
    range.collect()
}

#[tokio::test]
async fn each_sink_reads_everything_in_order_and_goes_on_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    for part in lines(0..100).chunks(9) {
        spool.write(part).await.unwrap();
    }
    assert!(segments(folder.path()).len() > 5);
    let mut reader = spool.reader("one");
    let batch = reader.read(30, 1 << 20).unwrap();
    assert_eq!(batch.entries, lines(0..30));
    spool.delivered("one", &batch);
    assert_eq!(spool.backlog().into_values().collect::<Vec<_>>(), [70, 100]);
    spool.close().await;
    drop((spool, reader));

    let spool = open(&folder);
    assert_eq!(rest(&spool, "one").0, seqs(30..100));
    assert_eq!(rest(&spool, "two").0, seqs(0..100));
    // Segments go when both have them, and not before.
    let before = segments(folder.path()).len();
    for sink in ["one", "two"] {
        let mut reader = spool.reader(sink);
        let batch = reader.read(1000, 1 << 20).unwrap();
        spool.delivered(sink, &batch);
        let left = segments(folder.path()).len();
        assert!(
            if sink == "one" { left == before } else { left == 1 },
            "{sink}: {left}"
        );
    }
    spool.write(&lines(100..101)).await.unwrap();
    assert_eq!(rest(&spool, "one").0, [100]);
    assert_eq!(spool.head(), 101);
}

#[tokio::test]
async fn a_process_that_dies_loses_nothing_and_repeats_little() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    spool.write(&lines(0..50)).await.unwrap();
    let batch = spool.reader("one").read(20, 1 << 20).unwrap();
    spool.delivered("one", &batch);
    // What the disk has when the process is killed: nothing is closed.
    let copy = tempfile::tempdir().unwrap();
    copy_spool(folder.path(), copy.path());
    let again = Spool::open(options(copy.path()), &["one", "two"]).unwrap();
    assert_eq!(rest(&again, "one").0, seqs(20..50));
    assert_eq!(again.head(), 50);
    again.write(&lines(50..51)).await.unwrap();
    assert_eq!(rest(&again, "two").0, seqs(0..51));
}

fn copy_spool(from: &Path, to: &Path) {
    fs::create_dir(to.join("spool")).unwrap();
    for entry in fs::read_dir(from.join("spool")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, to.join("spool").join(path.file_name().unwrap())).unwrap();
    }
}

#[tokio::test]
async fn a_torn_end_is_cut_off_wherever_it_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let mut one = options(folder.path());
    one.segment_bytes = 1 << 20;
    let spool = Spool::open(one.clone(), &["one", "two"]).unwrap();
    spool.write(&lines(0..10)).await.unwrap();
    spool.close().await;
    drop(spool);
    let whole = fs::read(&segments(folder.path())[0]).unwrap();
    let ends: Vec<usize> = memchr::memchr_iter(b'\n', &whole).map(|end| end + 1).collect();
    let last = whole.len() - ends[8];
    // Torn after each byte of the last two lines, or with zeros where the blocks were never written.
    for cut in 0..=(last * 2).min(whole.len() - ends[7]) {
        for hole in [0, 512] {
            let copy = tempfile::tempdir().unwrap();
            fs::create_dir(copy.path().join("spool")).unwrap();
            let mut torn = whole[..whole.len() - cut].to_vec();
            torn.extend(vec![0; hole]);
            fs::write(copy.path().join("spool").join(format!("{:020}.spool", 0)), torn).unwrap();
            one.folder = copy.path().join("spool");
            let spool = Spool::open(one.clone(), &["one"]).unwrap();
            let kept = ends.iter().filter(|end| **end <= whole.len() - cut).count() as u64;
            assert_eq!(rest(&spool, "one"), (seqs(0..kept), 0), "cut {cut}, hole {hole}");
            assert_eq!(spool.head(), kept);
            // And it goes on behind it.
            spool.write(&lines(kept..kept + 2)).await.unwrap();
            assert_eq!(
                rest(&spool, "one"),
                (seqs(0..kept + 2), 0),
                "cut {cut}, hole {hole}"
            );
        }
    }
}

#[tokio::test]
async fn damage_in_the_middle_costs_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    spool.write(&lines(0..30)).await.unwrap();
    spool.close().await;
    drop(spool);
    let first = &segments(folder.path())[0];
    let mut file = fs::OpenOptions::new().read(true).write(true).open(first).unwrap();
    let mut text = Vec::new();
    file.read_to_end(&mut text).unwrap();
    let third = memchr::memchr_iter(b'\n', &text).nth(2).unwrap();
    file.seek(SeekFrom::Start(third as u64 + 40)).unwrap();
    file.write_all(b"\xff\x00garbage").unwrap();
    let spool = open(&folder);
    let (seen, damaged) = rest(&spool, "one");
    assert_eq!(damaged, 1);
    let expected: Vec<u64> = (0..30).filter(|seq| *seq != 3).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_lost_position_begins_with_the_oldest_and_a_lost_end_with_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    spool.write(&lines(0..60)).await.unwrap();
    for sink in ["one", "two"] {
        let batch = spool.reader(sink).read(60, 1 << 20).unwrap();
        spool.delivered(sink, &batch);
    }
    spool.close().await;
    drop(spool);
    fs::write(folder.path().join("spool/one.position"), "nonsense").unwrap();
    // A power cut took the last records, which the sink had got.
    let last = segments(folder.path()).pop().unwrap();
    let text = fs::read(&last).unwrap();
    let kept = memchr::memrchr(b'\n', &text[..text.len() - 1]).map_or(0, |end| end + 1);
    fs::write(&last, &text[..kept]).unwrap();
    let spool = open(&folder);
    assert_eq!(spool.head(), 59);
    assert_eq!(rest(&spool, "two").0, [] as [u64; 0]);
    let oldest = rest(&spool, "one").0;
    assert_eq!(oldest.last(), Some(&58), "{oldest:?}");
    spool.write(&lines(70..71)).await.unwrap();
    assert_eq!(rest(&spool, "two").0, [70]);
}

#[tokio::test]
async fn a_clock_that_jumps_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let spool = open(&folder);
    let mut all = lines(0..40);
    for (place, line) in (0_i64..).zip(&mut all) {
        // Forwards by years, and back.
        line.time = at(if place % 2 == 0 { 1 << 40 } else { -(1 << 40) });
    }
    for part in all.chunks(5) {
        spool.write(part).await.unwrap();
    }
    spool.close().await;
    drop(spool);
    // The files' own times as well.
    for (place, path) in (0_u64..).zip(segments(folder.path())) {
        let time =
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(4_000_000_000 - place * 100_000_000);
        fs::File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_modified(time)
            .unwrap();
    }
    let spool = open(&folder);
    let mut reader = spool.reader("one");
    assert_eq!(reader.read(1000, 1 << 20).unwrap().entries, all);
}

#[tokio::test]
async fn two_processes_do_not_share_one() {
    let folder = tempfile::tempdir().unwrap();
    let _spool = open(&folder);
    assert!(matches!(
        Spool::open(options(folder.path()), &["one"]),
        Err(SpoolError::InUse(_))
    ));
}

fn story(seq: u64) -> LogEntry {
    let mut entry = line(1, seq, "told");
    entry.level = LogLevel::Basic;
    entry.stream = LogStream::Story;
    entry
}

#[tokio::test]
async fn a_full_spool_drops_detail_alone_and_writes_down_how_much() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = options(folder.path());
    small.max_bytes = 20_000;
    let spool = Spool::open(small, &["one"]).unwrap();
    assert_eq!(spool.trouble(), None);
    let mut seq = 0;
    while spool.trouble().is_none() {
        spool.write(&lines(seq..seq + 1)).await.unwrap();
        seq += 1;
        assert!(seq < 1000);
    }
    let full_at = seq;
    // Relaxed: new actions may begin.
    assert_eq!(spool.refusal(), None);
    spool.write(&lines(seq..seq + 10)).await.unwrap();
    spool
        .write(&[line(1, seq + 10, "x"), story(seq + 11), line(1, seq + 12, "x")])
        .await
        .unwrap();
    assert_eq!(spool.dropped(), 12);
    // Delivered, so that there is room again.
    let mut reader = spool.reader("one");
    let mut kept = Vec::new();
    loop {
        let batch = reader.read(1000, 1 << 20).unwrap();
        if batch.entries.is_empty() {
            break;
        }
        kept.extend(batch.entries.clone());
        spool.delivered("one", &batch);
    }
    spool.settle().await;
    spool.write(&[line(1, seq + 13, "kept again")]).await.unwrap();
    kept.extend(reader.read(1000, 1 << 20).unwrap().entries);
    assert_eq!(spool.trouble(), None);

    let told: Vec<u64> = kept.iter().map(|entry| entry.seq).collect();
    let expected: Vec<u64> = (0..full_at)
        .chain([full_at, full_at + 11, full_at + 12, full_at + 13])
        .collect();
    assert_eq!(
        told, expected,
        "the story is whole, and notes stand where something is missing"
    );
    let notes: Vec<&LogEntry> = kept
        .iter()
        .filter(|entry| entry.event == LogEvent::Dropped)
        .collect();
    let dropped: u64 = notes.iter().filter_map(|note| Some(note.dropped?.lines)).sum();
    assert_eq!((notes.len(), dropped), (2, 12), "{notes:#?}");
    assert!(notes.iter().all(|note| note.level == LogLevel::Basic));
    assert!(
        notes[0].text.as_str().contains("log.spool_max_mib"),
        "{}",
        notes[0].text
    );
}

#[tokio::test]
async fn a_strict_one_refuses_new_actions_and_keeps_the_detail_of_others_a_little_longer() {
    let folder = tempfile::tempdir().unwrap();
    let mut small = options(folder.path());
    small.max_bytes = 20_000;
    small.audit = Audit::Strict;
    let spool = Spool::open(small, &["one"]).unwrap();
    assert_eq!(spool.refusal(), None);
    let mut seq = 0;
    while spool.refusal().is_none() {
        spool.write(&lines(seq..seq + 1)).await.unwrap();
        seq += 1;
        assert!(seq < 1000);
    }
    assert!(spool.refusal().unwrap().contains("log spool is full"));
    spool.write(&lines(seq..seq + 2)).await.unwrap();
    assert_eq!(spool.dropped(), 0);
    spool.write(&lines(seq + 2..seq + 100)).await.unwrap();
    spool.write(&lines(seq + 100..seq + 102)).await.unwrap();
    assert_eq!(spool.dropped(), 2, "a rollout is never held up for it");
    spool.write(&[story(seq + 102)]).await.unwrap();
    let batch = spool.reader("one").read(1000, 1 << 20).unwrap();
    assert_eq!(batch.entries.last().unwrap().seq, seq + 102);
    spool.delivered("one", &batch);
    assert_eq!(spool.refusal(), None, "it was delivered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_takes_the_story_from_the_reserve_and_recovers() {
    // The reserve is 4 MiB.
    let Some(disk) = SmallDisk::make(6 << 10) else {
        return;
    };
    let mut small = options(disk.path());
    small.segment_bytes = 1 << 20;
    small.fsync = Fsync::Always;
    let spool = Spool::open(small.clone(), &["one"]).unwrap();
    let text = "x".repeat(2000);
    let mut seq = 0;
    let mut told = Vec::new();
    while spool.dropped() == 0 {
        let part: Vec<LogEntry> = (seq..seq + 20).map(|seq| line(1, seq, &text)).collect();
        seq += 20;
        spool.write(&part).await.unwrap();
        told.push(seq);
        spool.write(&[story(seq)]).await.unwrap();
        seq += 1;
        assert!(seq < 10_000, "the disk never got full");
    }
    assert!(spool.trouble().unwrap().contains("cannot be written"));
    // The story goes on.
    for _ in 0..50 {
        told.push(seq);
        spool.write(&[line(1, seq + 1, &text), story(seq)]).await.unwrap();
        seq += 2;
    }
    // What is delivered makes room.
    let mut kept: Vec<LogEntry> = Vec::new();
    let mut reader = spool.reader("one");
    loop {
        let batch = reader.read(100, 1 << 20).unwrap();
        if batch.entries.is_empty() && batch.damaged == 0 {
            break;
        }
        assert_eq!(batch.damaged, 0);
        kept.extend(batch.entries.clone());
        spool.delivered("one", &batch);
    }
    let stories: Vec<u64> = kept
        .iter()
        .filter(|entry| entry.level == LogLevel::Basic && entry.event != LogEvent::Dropped)
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(stories, told, "not one of the story is missing");
    while spool.trouble().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    spool.write(&[line(1, seq, "kept again")]).await.unwrap();
    spool.close().await;
    let after = reader.read(100, 1 << 20).unwrap().entries;
    assert_eq!(after.last().unwrap().text.as_str(), "kept again");
    drop((spool, reader));
    Spool::open(small, &["one"]).unwrap();
}
