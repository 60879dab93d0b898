//! Every word that steers, in every situation an action can be in: over the API and by the command line, each said twice.

use serde_json::{Value, json};

use crate::support::server::Answer;
use crate::support::situations::{SITUATIONS, Situation};

/// A word as the API and as the command line take it.
struct Word {
    name: &'static str,
    path: &'static str,
    more: fn() -> Value,
    args: &'static [&'static str],
}

/// In the order of the table's columns.
const WORDS: [Word; 11] = [
    word("pause", "pause", || json!({}), &[]),
    word("resume", "resume", || json!({}), &[]),
    word("promote", "promote", || json!({}), &[]),
    word(
        "promote to the end",
        "promote",
        || json!({"to": "end"}),
        &["--to-end"],
    ),
    word("force", "force", || json!({}), &[]),
    word("abort", "abort", || json!({}), &[]),
    word(
        "abort with a rollback",
        "abort",
        || json!({"rollback": true}),
        &["--rollback"],
    ),
    word("rollback", "rollback", || json!({}), &[]),
    word("retry", "retry", || json!({}), &[]),
    word("approve", "approve", || json!({}), &[]),
    word("reject", "reject", || json!({}), &[]),
];

const fn word(
    name: &'static str,
    path: &'static str,
    more: fn() -> Value,
    args: &'static [&'static str],
) -> Word {
    Word {
        name,
        path,
        more,
        args,
    }
}

/// Which words each situation takes: `+` is 200, `*` is 202 with a new action, `-` is 409, and `q` is
/// 422, since the version is in quarantine by then.
#[rustfmt::skip]
const TABLE: [(&str, &str); 19] = [
    //                 pause resume promote to-end force abort back rollback retry approve reject
    ("scheduled",     "+     -      -       -      +     +     +    -        -     -       -"),
    ("queued",        "+     -      -       -      +     +     +    -        -     -       -"),
    ("approval",      "+     -      -       -      +     +     +    -        -     +       +"),
    ("lease",         "+     -      -       -      +     +     +    -        -     -       -"),
    ("in_progress",   "+     -      -       +      +     +     +    +        -     -       -"),
    ("paused",        "-     +      -       +      +     +     +    +        -     -       -"),
    ("soak",          "+     -      +       +      +     +     -    -        -     -       -"),
    ("gate",          "+     -      +       +      +     +     -    -        -     +       +"),
    ("analysis",      "+     -      +       +      +     +     -    -        -     -       -"),
    ("inconclusive",  "-     +      +       +      +     +     -    -        -     -       -"),
    ("capacity",      "+     -      -       +      +     +     +    -        -     -       -"),
    ("balancer",      "+     -      -       +      +     +     +    -        -     -       -"),
    ("going_back",    "+     -      -       -      -     +     -    -        -     -       -"),
    ("aborting",      "-     -      -       -      -     -     +    +        -     -       -"),
    ("completed",     "-     -      -       -      -     -     -    *        -     -       -"),
    ("failed",        "-     -      -       -      -     -     -    *        *     -       -"),
    ("rolled_back",   "-     -      -       -      -     -     -    -        q     -       -"),
    ("revoked",       "-     -      -       -      -     -     -    -        *     -       -"),
    ("manual_failed", "-     -      -       -      -     -     -    *        *     -       -"),
];

impl Word {
    /// Says it over HTTP.
    async fn post(&self, at: &Situation, reason: &str) -> Answer {
        let mut body = (self.more)();
        body["reason"] = reason.into();
        at.client.steer(&at.id, self.path, &body).await
    }

    /// Says it by the command line: the exit code.
    async fn call(&self, at: &Situation) -> i32 {
        let args: Vec<&str> = self.args.iter().copied().chain(["--reason", "a test"]).collect();
        at.call(self.path, &args).await.code
    }
}

/// Goes through a line of the table.
async fn go_through(situation: &str) {
    let (_, line) = TABLE.iter().find(|(name, _)| *name == situation).unwrap();
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells.len(), WORDS.len());

    // What is refused changes nothing, so all of it is said to one action.
    let at = Situation::reach(situation).await;
    let before = at.action().await;
    for (word, cell) in WORDS.iter().zip(&cells) {
        let status = match *cell {
            "-" => 409,
            "q" => 422,
            _ => continue,
        };
        for _ in 0..2 {
            let refused = word.post(&at, "a test").await;
            assert_eq!(
                refused.status, status,
                "{} of {situation}: {}",
                word.name, refused.text
            );
            refused.problem(status);
        }
        assert_eq!(word.call(&at).await, 5, "{} of {situation}", word.name);
    }
    // No reason is no force, whatever the situation.
    let force = WORDS.iter().find(|word| word.path == "force").unwrap();
    assert!(
        force
            .post(&at, " ")
            .await
            .fault(422, "reason")
            .contains("say why")
    );
    assert_eq!(at.call("force", &[]).await.code, 2);
    assert_eq!(
        at.action().await,
        before,
        "a refused word changed a {situation} action"
    );

    for (place, (word, cell)) in WORDS.iter().zip(&cells).enumerate() {
        let status = match *cell {
            "-" | "q" => continue,
            "+" => 200,
            "*" => 202,
            other => panic!("no cell is {other}"),
        };
        let at = Situation::reach(situation).await;
        // By either way in turn; the other one says it again.
        if place % 2 == 0 {
            let answer = word.post(&at, "a test").await;
            assert_eq!(
                answer.status, status,
                "{} of {situation}: {}",
                word.name, answer.text
            );
        } else {
            assert_eq!(word.call(&at).await, 0, "{} of {situation}", word.name);
        }
        if (situation, word.path) == ("inconclusive", "resume") {
            // It measures again, and may be paused again by now.
            continue;
        }
        let again = word.post(&at, "a test").await;
        assert_eq!(
            again.status, 409,
            "{} of {situation}, again: {}",
            word.name, again.text
        );
        assert_eq!(word.call(&at).await, 5, "{} of {situation}, again", word.name);
    }
}

macro_rules! each {
    ($($situation:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $situation() {
                go_through(stringify!($situation)).await;
            }
        )*

        #[test]
        fn no_situation_is_left_out() {
            let gone_through = [$(stringify!($situation)),*];
            assert_eq!(gone_through, TABLE.map(|(situation, _)| situation));
            assert_eq!(gone_through, SITUATIONS.map(|looks| looks.situation));
        }
    };
}

each! {
    scheduled queued approval lease in_progress paused soak gate analysis inconclusive capacity balancer going_back
    aborting completed failed rolled_back revoked manual_failed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_field_of_another_word_is_refused_by_name() {
    let at = Situation::reach("scheduled").await;
    for (word, field, value) in [
        ("pause", "rollback", json!(true)),
        ("abort", "to", json!("end")),
        ("resume", "version", json!("1")),
        ("rollback", "only", json!(["failed"])),
    ] {
        let answer = at.client.steer(&at.id, word, &json!({field: value})).await;
        assert!(answer.fault(422, field).contains("belongs to"), "{}", answer.text);
    }
    let answer = at.client.steer(&at.id, "promote", &json!({"to": "start"})).await;
    assert!(answer.fault(422, "to").contains("`end`"));
    at.client.steer(&at.id, "dance", &json!({})).await.problem(404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_that_waits_says_for_what_since_when_and_what_would_end_it() {
    let mut kinds = std::collections::BTreeSet::new();
    for looks in &SITUATIONS {
        let at = Situation::reach(looks.situation).await;
        let action = at.action().await;
        assert_eq!(action["status"], looks.status, "{}: {action}", looks.situation);
        let wait = &action["waiting_for"];
        let Some((kind, unblock)) = looks.waits else {
            assert_eq!(*wait, Value::Null, "{}", looks.situation);
            continue;
        };
        kinds.insert(kind);
        assert_eq!(wait["kind"], kind, "{}: {wait}", looks.situation);
        assert!(
            wait["detail"].as_str().is_some_and(|detail| detail.len() > 10),
            "{wait}"
        );
        assert!(
            wait["unblock"]
                .as_str()
                .is_some_and(|text| text.contains(unblock)),
            "{wait}"
        );
        let (since, created) = (
            wait["since"].as_str().unwrap(),
            action["created_at"].as_str().unwrap(),
        );
        assert!(since >= created && since.ends_with('Z'), "{wait} of {created}");
    }
    // The document of the API names the kinds; each has been seen.
    let at = Situation::reach("scheduled").await;
    let document = at.client.get("/api/openapi.json").await.wanted(200);
    let known = &document["components"]["schemas"]["WaitingFor"]["properties"]["kind"]["enum"];
    let known: std::collections::BTreeSet<&str> = known
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind.as_str().unwrap())
        .collect();
    assert_eq!(kinds, known);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn force_skips_neither_an_approval_of_commands_nor_leases_nor_the_look_at_the_hosts() {
    let force = json!({"reason": "it must be now"});
    for (situation, kind) in [
        ("approval", "approval"),
        ("lease", "lease"),
        ("capacity", "capacity"),
    ] {
        let at = Situation::reach(situation).await;
        let forced = at.client.steer(&at.id, "force", &force).await.wanted(200);
        assert_eq!(forced["status"], "WAITING", "{situation}");
        assert_eq!(forced["waiting_for"]["kind"], kind, "{situation}");
    }
    let at = Situation::reach("scheduled").await;
    at.world.made.unfit.lock().unwrap().push("b".to_owned());
    at.client.steer(&at.id, "force", &force).await.wanted(200);
    at.world.clock.advance(600);
    at.client.ends(&at.id, "FAILED").await;
    assert_eq!(at.world.ran(), Vec::<String>::new());
}
