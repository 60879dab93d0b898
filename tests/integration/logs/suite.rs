//! What every log store must do. Each function gets an empty one.

use std::sync::Arc;

use edgewise::app::ports::{LogOrder, LogQuery, OutputOf, OutputRead, StreamOffsets};
use edgewise::domain::log_context::LogHost;
use edgewise::domain::log_entry::{Dropped, LogEntry, LogLevel, LogStream, StepRecord};
use edgewise::domain::log_event::LogEvent;
use edgewise::domain::mask::Masker;
use edgewise::domain::name::TargetName;
use edgewise::domain::outcome::Outcome;

use super::world::{LogStore, all, at, id, line, output_of, seqs, with_words};

/// Every function of the suite, as a test of its own over `$open`, which gives a store and what keeps it alive.
macro_rules! for_each_case {
    ($open:path) => {
        $crate::logs::suite::cases!($open: an_entry_comes_back_as_it_went_in, an_entry_is_kept_once,
            entries_come_in_the_order_of_their_numbers, pages_follow_each_other_to_the_end, filters_restrict,
            words_are_found, words_are_found_wherever_they_stand, nothing_in_a_search_is_an_operator,
            actions_do_not_mix, output_is_read_on_where_the_log_ends, an_action_without_entries_has_none,
            writers_side_by_side_lose_nothing, a_search_agrees_with_reading_everything);
    };
}
macro_rules! cases {
    ($open:path: $($case:ident),+) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $case() {
            let (logs, _keep) = $open().await;
            $crate::logs::suite::$case(&logs).await;
        })+
    };
}
pub(super) use {cases, for_each_case};

/// All entries of a query, page by page.
async fn every_page(logs: &dyn LogStore, query: &LogQuery) -> Vec<LogEntry> {
    let mut query = query.clone();
    let mut seen = Vec::new();
    loop {
        let page = logs.page(&query).await.unwrap();
        assert!(page.entries.len() <= query.limit as usize, "{query:?}");
        assert!(
            page.next.is_none() || page.entries.len() == query.limit as usize,
            "a page that is not the last is full: {query:?}"
        );
        seen.extend(page.entries);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return seen,
        }
    }
}

fn newest_first(query: LogQuery) -> LogQuery {
    LogQuery {
        order: LogOrder::NewestFirst,
        ..query
    }
}

pub async fn an_entry_comes_back_as_it_went_in(logs: &dyn LogStore) {
    let mut whole = line(1, 7, "caf\u{e9} \u{1f680} 'quoted' \"twice\" \\ \t \u{0} end");
    whole.outcome = Some(Outcome::Unreachable);
    whole.exit_code = Some(-1);
    whole.attempt = Some(3);
    whole.dropped = Some(Dropped { lines: 7, bytes: 900 });
    whole.event = LogEvent::Dropped;
    let mut step = line(1, 8, "failed: no such file");
    step.level = LogLevel::Basic;
    step.stream = LogStream::Story;
    step.event = LogEvent::Step;
    (step.offset, step.line) = (None, None);
    step.run = Some(Box::new(StepRecord {
        method: "run".into(),
        status: "failed".into(),
        batch: Some(2),
        started: Some(at(1)),
        ended: at(90),
        error: Some(Masker::default().mask("no such file")),
    }));
    let mut draining = line(1, 9, "17 sessions left");
    draining.stream = LogStream::Probe;
    draining.event = LogEvent::Sessions;
    draining.sessions = Some(17);
    (draining.offset, draining.line) = (None, None);
    draining.host = Some(Arc::new(LogHost {
        address: "fe80::1".into(),
        port: None,
    }));
    let mut bare = line(1, 10, "");
    bare.level = LogLevel::Basic;
    bare.stream = LogStream::Story;
    bare.event = LogEvent::Asked;
    (bare.target, bare.step, bare.stage, bare.attempt, bare.host) = (None, None, None, None, None);
    (bare.offset, bare.line) = (None, None);
    let written = [whole, step, draining, bare];
    logs.write(&written).await.unwrap();
    assert_eq!(logs.page(&all(1)).await.unwrap().entries, written);
    logs.write(&[]).await.unwrap();
}

pub async fn an_entry_is_kept_once(logs: &dyn LogStore) {
    logs.write(&[line(1, 1, "first"), line(1, 2, "second")])
        .await
        .unwrap();
    logs.write(&[
        line(1, 2, "another"),
        line(1, 3, "third"),
        line(1, 3, "twice in one"),
    ])
    .await
    .unwrap();
    let entries = logs.page(&all(1)).await.unwrap().entries;
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["first", "second", "third"]);
    assert_eq!(seqs(logs, &with_words(all(1), "another")).await, [] as [u64; 0]);
    assert_eq!(seqs(logs, &with_words(all(1), "second")).await, [2]);
}

pub async fn entries_come_in_the_order_of_their_numbers(logs: &dyn LogStore) {
    logs.write(&[line(1, 5, "a"), line(1, 2, "a")]).await.unwrap();
    logs.write(&[line(1, 9, "a"), line(1, 1, "a")]).await.unwrap();
    for query in [all(1), with_words(all(1), "a")] {
        assert_eq!(seqs(logs, &query).await, [1, 2, 5, 9]);
        assert_eq!(seqs(logs, &newest_first(query)).await, [9, 5, 2, 1]);
    }
    assert_eq!(logs.last_seq(id(1)).await.unwrap(), Some(9));
}

pub async fn pages_follow_each_other_to_the_end(logs: &dyn LogStore) {
    let lines: Vec<_> = (0..2500)
        .map(|seq| line(1, seq, if seq % 2 == 0 { "even" } else { "odd" }))
        .collect();
    for some in lines.chunks(700) {
        logs.write(some).await.unwrap();
    }
    for (words, step) in [("", 1), ("even", 2)] {
        // 2500 and 1250 are whole numbers of pages: the last one is full and says that it is the last.
        for limit in [125, 999] {
            let query = with_words(LogQuery { limit, ..all(1) }, words);
            let mut expected: Vec<u64> = (0..2500).step_by(step).collect();
            let seen = |entries: Vec<LogEntry>| entries.iter().map(|entry| entry.seq).collect::<Vec<_>>();
            assert_eq!(seen(every_page(logs, &query).await), expected);
            expected.reverse();
            assert_eq!(seen(every_page(logs, &newest_first(query)).await), expected);
        }
    }
    let beyond = LogQuery {
        after: Some(u64::MAX),
        ..all(1)
    };
    assert_eq!(seqs(logs, &beyond).await, [] as [u64; 0]);
    let before = LogQuery {
        after: Some(0),
        ..newest_first(all(1))
    };
    assert_eq!(seqs(logs, &before).await, [] as [u64; 0]);
}

pub async fn filters_restrict(logs: &dyn LogStore) {
    let mut lines: Vec<_> = (0..8).map(|seq| line(1, seq, "text")).collect();
    lines[1].target = Some(TargetName::parse("web-2").unwrap());
    lines[2].step = Some("start".into());
    lines[3].level = LogLevel::Basic;
    lines[4].level = LogLevel::Basic;
    (lines[4].target, lines[4].step) = (None, None);
    lines[5].stage = Some("1".into());
    lines[6].stream = LogStream::Stderr;
    lines[7].outcome = Some(Outcome::Timeout);
    // The clock was set back.
    lines[7].time = at(1);
    logs.write(&lines).await.unwrap();
    let all = || all(1);
    let table: [(LogQuery, &[u64]); 13] = [
        (
            LogQuery {
                target: Some("web-1".into()),
                ..all()
            },
            &[0, 2, 3, 5, 6, 7],
        ),
        (
            LogQuery {
                target: Some("web-2".into()),
                ..all()
            },
            &[1],
        ),
        (
            LogQuery {
                target: Some("web-3".into()),
                ..all()
            },
            &[],
        ),
        (
            LogQuery {
                step: Some("start".into()),
                ..all()
            },
            &[2],
        ),
        (
            LogQuery {
                stage: Some("1".into()),
                ..all()
            },
            &[5],
        ),
        (
            LogQuery {
                stream: Some(LogStream::Stderr),
                ..all()
            },
            &[6],
        ),
        (
            LogQuery {
                outcome: Some(Outcome::Timeout),
                ..all()
            },
            &[7],
        ),
        (
            LogQuery {
                outcome: Some(Outcome::Ok),
                ..all()
            },
            &[],
        ),
        (
            LogQuery {
                level: Some(LogLevel::Basic),
                ..all()
            },
            &[3, 4],
        ),
        (
            LogQuery {
                level: Some(LogLevel::Detail),
                after: Some(1),
                limit: 1,
                ..all()
            },
            &[2],
        ),
        (
            LogQuery {
                level: Some(LogLevel::Basic),
                target: Some("web-1".into()),
                step: Some("unpack".into()),
                ..all()
            },
            &[3],
        ),
        (
            LogQuery {
                from: Some(at(1)),
                until: Some(at(4)),
                ..all()
            },
            &[1, 2, 3, 7],
        ),
        (
            LogQuery {
                from: Some(at(6)),
                ..all()
            },
            &[6],
        ),
    ];
    for (query, expected) in table {
        assert_eq!(seqs(logs, &query).await, expected, "{query:?}");
        let searched = with_words(query.clone(), "text");
        assert_eq!(seqs(logs, &searched).await, expected, "{searched:?}");
        if query.after.is_none() {
            let mut backwards = expected.to_vec();
            backwards.reverse();
            assert_eq!(seqs(logs, &newest_first(query)).await, backwards);
        }
    }
}

pub async fn words_are_found(logs: &dyn LogStore) {
    let texts = [
        "Connection refused by 10.0.0.7:5432",
        "connection accepted",
        "web-1: exit=1 -> retry",
        "\u{dc}bertragung beendet, na\u{ef}ve",
        "under_score and 'quotes' of \u{4f60}\u{597d}",
    ];
    let lines: Vec<_> = (0_u64..)
        .zip(texts)
        .map(|(seq, text)| line(1, seq, text))
        .collect();
    logs.write(&lines).await.unwrap();
    let table: [(&str, &[u64]); 14] = [
        ("connection", &[0, 1]),
        ("REFUSED connection", &[0]),
        ("10.0.0.7:5432", &[0]),
        ("0.7", &[0]),
        ("web-1", &[2]),
        ("1-web", &[]),
        ("exit=1 ->", &[2]),
        ("->", &[2]),
        ("\u{fc}bertragung", &[3]),
        ("naive", &[]),
        ("score", &[4]),
        ("\u{4f60}\u{597d}", &[4]),
        ("nowhere", &[]),
        ("connection nowhere", &[]),
    ];
    for (words, expected) in table {
        assert_eq!(seqs(logs, &with_words(all(1), words)).await, expected, "{words}");
    }
    assert_eq!(seqs(logs, &with_words(all(1), "  ")).await, [0, 1, 2, 3, 4]);
}

/// Old and new lines, in order and late ones: a store may index some of them later.
pub async fn words_are_found_wherever_they_stand(logs: &dyn LogStore) {
    let mark = |seq: u64| {
        if seq % 1000 == 999 {
            "the needle"
        } else {
            "hay in a stack"
        }
    };
    let late = |seq: &u64| seq % 4096 == 999;
    for part in 0..40_u64 {
        let lines: Vec<_> = (part * 500..part * 500 + 500)
            .filter(|seq| !late(seq))
            .map(|seq| line(1, seq, mark(seq)))
            .collect();
        logs.write(&lines).await.unwrap();
    }
    let query = with_words(all(1), "NEEDLE");
    let expected = |with_late: bool| -> Vec<u64> {
        let found = (0..20_000).filter(|seq| seq % 1000 == 999);
        found.filter(|seq| with_late || !late(seq)).collect()
    };
    assert_eq!(seqs(logs, &query).await, expected(false));
    let lines: Vec<_> = (0..20_000)
        .filter(late)
        .map(|seq| line(1, seq, mark(seq)))
        .collect();
    logs.write(&lines).await.unwrap();
    let mut expected = expected(true);
    assert_eq!(seqs(logs, &query).await, expected);
    assert_eq!(
        seqs(logs, &with_words(all(1), "needle stack")).await,
        [] as [u64; 0]
    );
    expected.reverse();
    let paged = newest_first(LogQuery { limit: 3, ..query });
    let seen: Vec<u64> = every_page(logs, &paged)
        .await
        .iter()
        .map(|entry| entry.seq)
        .collect();
    assert_eq!(seen, expected);
}

pub async fn nothing_in_a_search_is_an_operator(logs: &dyn LogStore) {
    logs.write(&[line(1, 0, "plain text"), line(1, 1, "not near or and")])
        .await
        .unwrap();
    for hostile in [
        "\"",
        "*",
        "plain OR near",
        "text NOT plain",
        "text:plain",
        "(plain",
        "NEAR(plain text)",
        "^plain -near",
        "%",
        "_",
        "'; DROP TABLE entries; --",
        "{}",
        "\u{0}",
        "plain*x",
    ] {
        let found = seqs(logs, &with_words(all(1), hostile)).await;
        assert!(found.len() < 2 || hostile == "\u{0}", "{hostile}: {found:?}");
    }
    assert_eq!(seqs(logs, &all(1)).await, [0, 1]);
}

pub async fn actions_do_not_mix(logs: &dyn LogStore) {
    logs.write(&[
        line(2, 1, "same"),
        line(1, 1, "same"),
        line(1, 2, "same"),
        line(2, 4, "same"),
    ])
    .await
    .unwrap();
    for (action, expected) in [(1, [1, 2]), (2, [1, 4])] {
        assert_eq!(seqs(logs, &all(action)).await, expected);
        assert_eq!(seqs(logs, &with_words(all(action), "same")).await, expected);
        let page = logs.page(&all(action)).await.unwrap();
        assert!(page.entries.iter().all(|entry| entry.action == id(action)));
        assert_eq!(logs.last_seq(id(action)).await.unwrap(), Some(expected[1]));
    }
}

pub async fn output_is_read_on_where_the_log_ends(logs: &dyn LogStore) {
    let mut lines: Vec<_> = (1..=6).map(|seq| line(1, seq, "x")).collect();
    lines[1].stream = LogStream::Stderr;
    lines[2].step = Some("start".into());
    lines[3].target = Some(TargetName::parse("web-2").unwrap());
    // A later attempt began its output anew.
    lines[4].attempt = Some(2);
    (lines[4].offset, lines[4].line) = (Some(4), Some(1));
    // What was dropped counts as read.
    lines[5].step = Some("stop".into());
    (lines[5].offset, lines[5].line) = (Some(5000), Some(700));
    lines[5].event = LogEvent::Dropped;
    lines[5].dropped = Some(Dropped { lines: 9, bytes: 90 });
    // What is hidden at its end may go on.
    lines[2].text = Masker::new(["hunter2"]).mask("the password is hunter2");
    logs.write(&lines).await.unwrap();
    let read = |stdout, stdout_lines, stderr, stderr_lines| OutputRead {
        bytes: StreamOffsets { stdout, stderr },
        stdout_lines,
        stderr_lines,
        stdout_hidden: false,
        stderr_hidden: false,
    };
    let hidden = |read: OutputRead| OutputRead {
        stdout_hidden: true,
        ..read
    };
    let second = OutputOf {
        attempt: 2,
        ..output_of(1, "unpack")
    };
    for (of, expected) in [
        (output_of(1, "unpack"), read(10, 2, 20, 3)),
        (second, read(4, 1, 0, 0)),
        (output_of(1, "start"), hidden(read(30, 4, 0, 0))),
        (output_of(1, "stop"), hidden(read(5000, 700, 0, 0))),
        (output_of(1, "check"), OutputRead::default()),
    ] {
        assert_eq!(logs.output_read(&of).await.unwrap(), expected, "{of:?}");
    }
}

pub async fn an_action_without_entries_has_none(logs: &dyn LogStore) {
    assert_eq!(logs.page(&all(3)).await.unwrap().entries, []);
    assert_eq!(logs.last_seq(id(3)).await.unwrap(), None);
    let read = logs.output_read(&output_of(3, "unpack")).await.unwrap();
    assert_eq!(read, OutputRead::default());
}

/// Many filters together, over many hosts: what a store finds by its indexes is what reading everything finds.
pub async fn a_search_agrees_with_reading_everything(logs: &dyn LogStore) {
    let words = [
        "started",
        "stopped",
        "refused by 10.0.0.7",
        "web-1: exit=1",
        "\u{dc}bung",
    ];
    let lines: Vec<LogEntry> = (0..6000_u64)
        .map(|seq| {
            // Spread without a random source: a multiplier that shares no factor with the moduli.
            let spread = usize::try_from(seq * 7919 % 104_729).unwrap();
            let mut entry = line(
                1,
                seq,
                &format!("{seq} {} {}", words[spread % 5], words[spread / 7 % 5]),
            );
            entry.target = Some(TargetName::parse(&format!("web-{}", spread % 90)).unwrap());
            entry.step = Some(["unpack", "start", "check"][spread % 3].into());
            entry.stage = Some(["1", "50%", "100%"][spread % 90 / 30].into());
            if spread % 11 == 0 {
                entry.level = LogLevel::Basic;
                entry.outcome = Some(Outcome::ALL[spread / 11 % 3]);
                entry.stream = LogStream::Story;
            } else if spread % 4 == 0 {
                entry.stream = LogStream::Stderr;
            }
            entry
        })
        .collect();
    for some in lines.chunks(1000) {
        logs.write(some).await.unwrap();
    }
    let base = || LogQuery { limit: 77, ..all(1) };
    let queries = [
        LogQuery {
            stage: Some("50%".into()),
            ..base()
        },
        LogQuery {
            stage: Some("50%".into()),
            level: Some(LogLevel::Basic),
            ..base()
        },
        LogQuery {
            step: Some("start".into()),
            stream: Some(LogStream::Stderr),
            ..base()
        },
        LogQuery {
            target: Some("web-42".into()),
            ..base()
        },
        LogQuery {
            target: Some("web-42".into()),
            stream: Some(LogStream::Stderr),
            ..base()
        },
        LogQuery {
            outcome: Some(Outcome::Failed),
            ..base()
        },
        LogQuery {
            outcome: Some(Outcome::Failed),
            from: Some(at(1500)),
            until: Some(at(4500)),
            ..base()
        },
        LogQuery {
            from: Some(at(2999)),
            until: Some(at(3001)),
            ..base()
        },
    ];
    for query in queries {
        for words in [
            "",
            "started",
            "refused 10.0.0.7",
            "exit=1",
            "\u{fc}BUNG stopped",
            "4711",
            ":",
        ] {
            let query = with_words(query.clone(), words);
            let mut expected: Vec<&LogEntry> = lines.iter().filter(|entry| query.matches(entry)).collect();
            let found = every_page(logs, &query).await;
            assert!(
                found.iter().eq(expected.iter().copied()),
                "{query:?}: {} of {}",
                found.len(),
                expected.len()
            );
            expected.reverse();
            let found = every_page(logs, &newest_first(query.clone())).await;
            assert!(
                found.iter().eq(expected.iter().copied()),
                "newest first: {query:?}"
            );
        }
    }
}

pub async fn writers_side_by_side_lose_nothing(logs: &dyn LogStore) {
    // Eight writers on two actions, each with every eighth line, while somebody reads.
    let writers = (0..8_u64).map(|writer| async move {
        for part in 0..10_u64 {
            let lines: Vec<_> = (0..20)
                .map(|place| {
                    let seq = (part * 20 + place) * 8 + writer;
                    line(u8::try_from(1 + writer % 2).unwrap(), seq, "side by side")
                })
                .collect();
            logs.write(&lines).await.unwrap();
        }
    });
    let reader = async {
        for _ in 0..20 {
            logs.page(&all(1)).await.unwrap();
        }
    };
    tokio::join!(futures_util::future::join_all(writers), reader);
    for action in [1, 2] {
        let expected: Vec<u64> = (0..1600).filter(|seq| seq % 2 == u64::from(action) - 1).collect();
        assert_eq!(seqs(logs, &all(action)).await, expected);
    }
}
