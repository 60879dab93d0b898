//! What every log store must do. Each function gets an empty one.

use edgewise::app::ports::{LogQuery, StreamOffsets};
use edgewise::domain::log_entry::{LogLevel, LogStream};
use edgewise::domain::name::TargetName;
use edgewise::domain::outcome::Outcome;

use super::world::{LogStore, all, id, line, seqs};

/// Every function of the suite, as a test of its own over `$open`, which gives a store and what keeps it alive.
macro_rules! for_each_case {
    ($open:path) => {
        $crate::logs::suite::cases!($open: an_entry_comes_back_as_it_went_in, an_entry_is_kept_once,
            entries_come_in_the_order_of_their_numbers, pages_follow_each_other_to_the_end, filters_restrict,
            words_are_found, nothing_in_a_search_is_an_operator, actions_do_not_mix, offsets_say_where_to_read_on,
            an_action_without_entries_has_none, writers_side_by_side_lose_nothing);
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

pub async fn an_entry_comes_back_as_it_went_in(logs: &dyn LogStore) {
    let mut whole = line(1, 7, "caf\u{e9} \u{1f680} 'quoted' \"twice\" \\ \t \u{0} end");
    whole.outcome = Some(Outcome::Unreachable);
    whole.exit_code = Some(-1);
    let mut bare = line(1, 8, "");
    bare.level = LogLevel::Basic;
    bare.stream = LogStream::Story;
    (bare.target, bare.step, bare.stage, bare.offset) = (None, None, None, None);
    let written = [whole, bare];
    logs.write(&written).await.unwrap();
    assert_eq!(logs.page(&all(1)).await.unwrap(), written);
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
    let texts: Vec<String> = logs
        .page(&all(1))
        .await
        .unwrap()
        .iter()
        .map(|entry| entry.text.to_string())
        .collect();
    assert_eq!(texts, ["first", "second", "third"]);
    let words = |text: &str| LogQuery {
        text: Some(text.into()),
        ..all(1)
    };
    assert_eq!(seqs(logs, &words("another")).await, [] as [u64; 0]);
    assert_eq!(seqs(logs, &words("second")).await, [2]);
}

pub async fn entries_come_in_the_order_of_their_numbers(logs: &dyn LogStore) {
    logs.write(&[line(1, 5, "a"), line(1, 2, "a")]).await.unwrap();
    logs.write(&[line(1, 9, "a"), line(1, 1, "a")]).await.unwrap();
    assert_eq!(seqs(logs, &all(1)).await, [1, 2, 5, 9]);
    assert_eq!(
        seqs(
            logs,
            &LogQuery {
                text: Some("a".into()),
                ..all(1)
            }
        )
        .await,
        [1, 2, 5, 9]
    );
    assert_eq!(logs.last_seq(id(1)).await.unwrap(), Some(9));
}

pub async fn pages_follow_each_other_to_the_end(logs: &dyn LogStore) {
    let lines: Vec<_> = (0..2500)
        .map(|seq| line(1, seq, if seq % 2 == 0 { "even" } else { "odd" }))
        .collect();
    for some in lines.chunks(700) {
        logs.write(some).await.unwrap();
    }
    for (text, step) in [(None, 1), (Some("even".to_owned()), 2)] {
        let mut query = LogQuery {
            text,
            limit: 100,
            ..all(1)
        };
        let mut seen = Vec::new();
        loop {
            let page = seqs(logs, &query).await;
            let Some(last) = page.last() else { break };
            query.after = Some(*last);
            seen.extend(page);
        }
        assert_eq!(seen, (0..2500).step_by(step).collect::<Vec<_>>());
    }
    assert_eq!(
        seqs(
            logs,
            &LogQuery {
                after: Some(u64::MAX),
                ..all(1)
            }
        )
        .await,
        [] as [u64; 0]
    );
}

pub async fn filters_restrict(logs: &dyn LogStore) {
    let mut lines: Vec<_> = (0..6).map(|seq| line(1, seq, "text")).collect();
    lines[1].target = Some(TargetName::parse("web-2").unwrap());
    lines[2].step = Some("start".into());
    lines[3].level = LogLevel::Basic;
    lines[4].level = LogLevel::Basic;
    lines[4].target = None;
    lines[4].step = None;
    logs.write(&lines).await.unwrap();
    let table: [(LogQuery, &[u64]); 6] = [
        (
            LogQuery {
                target: Some("web-1".into()),
                ..all(1)
            },
            &[0, 2, 3, 5],
        ),
        (
            LogQuery {
                target: Some("web-2".into()),
                ..all(1)
            },
            &[1],
        ),
        (
            LogQuery {
                step: Some("start".into()),
                ..all(1)
            },
            &[2],
        ),
        (
            LogQuery {
                level: Some(LogLevel::Basic),
                ..all(1)
            },
            &[3, 4],
        ),
        (
            LogQuery {
                level: Some(LogLevel::Detail),
                after: Some(1),
                limit: 1,
                ..all(1)
            },
            &[2],
        ),
        (
            LogQuery {
                level: Some(LogLevel::Basic),
                target: Some("web-1".into()),
                step: Some("unpack".into()),
                ..all(1)
            },
            &[3],
        ),
    ];
    for (query, expected) in table {
        assert_eq!(seqs(logs, &query).await, expected, "{query:?}");
        let searched = LogQuery {
            text: Some("text".into()),
            ..query
        };
        assert_eq!(seqs(logs, &searched).await, expected, "{searched:?}");
    }
}

pub async fn words_are_found(logs: &dyn LogStore) {
    let texts = [
        "Connection refused by 10.0.0.7:5432",
        "connection accepted",
        "web-1: exit=1 -> retry",
        "\u{dc}bertragung beendet",
    ];
    let lines: Vec<_> = (0_u64..)
        .zip(texts)
        .map(|(seq, text)| line(1, seq, text))
        .collect();
    logs.write(&lines).await.unwrap();
    let table: [(&str, &[u64]); 9] = [
        ("connection", &[0, 1]),
        ("REFUSED connection", &[0]),
        ("10.0.0.7:5432", &[0]),
        ("web-1", &[2]),
        ("exit=1 ->", &[2]),
        ("->", &[2]),
        ("\u{fc}bertragung", &[3]),
        ("nowhere", &[]),
        ("connection nowhere", &[]),
    ];
    for (text, expected) in table {
        assert_eq!(
            seqs(
                logs,
                &LogQuery {
                    text: Some(text.into()),
                    ..all(1)
                }
            )
            .await,
            expected,
            "{text}"
        );
    }
    assert_eq!(
        seqs(
            logs,
            &LogQuery {
                text: Some("  ".into()),
                ..all(1)
            }
        )
        .await,
        [0, 1, 2, 3]
    );
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
        let found = seqs(
            logs,
            &LogQuery {
                text: Some(hostile.into()),
                ..all(1)
            },
        )
        .await;
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
        assert_eq!(
            seqs(
                logs,
                &LogQuery {
                    text: Some("same".into()),
                    ..all(action)
                }
            )
            .await,
            expected
        );
        assert!(
            logs.page(&all(action))
                .await
                .unwrap()
                .iter()
                .all(|entry| entry.action == id(action))
        );
        assert_eq!(logs.last_seq(id(action)).await.unwrap(), Some(expected[1]));
    }
}

pub async fn offsets_say_where_to_read_on(logs: &dyn LogStore) {
    let mut lines: Vec<_> = (1..=4).map(|seq| line(1, seq, "x")).collect();
    lines[1].stream = LogStream::Stderr;
    lines[2].step = Some("start".into());
    lines[3].target = Some(TargetName::parse("web-2").unwrap());
    logs.write(&lines).await.unwrap();
    let web_1 = TargetName::parse("web-1").unwrap();
    assert_eq!(
        logs.offsets(id(1), &web_1, "unpack").await.unwrap(),
        StreamOffsets {
            stdout: 10,
            stderr: 20
        }
    );
    assert_eq!(
        logs.offsets(id(1), &web_1, "start").await.unwrap(),
        StreamOffsets {
            stdout: 30,
            stderr: 0
        }
    );
    assert_eq!(
        logs.offsets(id(1), &web_1, "stop").await.unwrap(),
        StreamOffsets::default()
    );
}

pub async fn an_action_without_entries_has_none(logs: &dyn LogStore) {
    let web_1 = TargetName::parse("web-1").unwrap();
    assert_eq!(logs.page(&all(3)).await.unwrap(), []);
    assert_eq!(logs.last_seq(id(3)).await.unwrap(), None);
    assert_eq!(
        logs.offsets(id(3), &web_1, "unpack").await.unwrap(),
        StreamOffsets::default()
    );
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
