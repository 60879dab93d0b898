//! Lines that break, fall silent or are long: what a step says comes whole and it runs once, wherever it happens.

use std::time::Duration;

use edgewise::domain::outcome::Outcome;
use edgewise::ssh::{SshHosts, SshSettings};
use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::support::gate::{Gate, Ill};
use crate::support::ssh::{connect, hosts, put, run, settings, step, until, upload};
use crate::support::sshd::Farm;

const SHORT: &str = "ConnectTimeout 3\nServerAliveInterval 1\nServerAliveCountMax 1\n";

/// The farm's first server behind a gate, under the name `far`.
fn behind(farm: &Farm, gate: &Gate, extra: &str) -> SshSettings {
    let server = farm.server(1);
    let mut settings = settings(farm, "");
    let name = |what: &str| farm.folder().join(format!("{what}-{}", gate.port()));
    let config = format!("{extra}Host far\n HostName 127.0.0.1\n Port {}\n", gate.port());
    std::fs::write(name("config"), config).expect("written");
    let known = format!("[127.0.0.1]:{} {}\n", gate.port(), server.public_key());
    std::fs::write(name("known"), known).expect("written");
    settings.config_file = Some(name("config"));
    settings.known_hosts_file = Some(name("known"));
    settings
}

async fn gate(farm: &Farm) -> Gate {
    Gate::before(farm.server(1).address(), farm.server(1).port()).await
}

fn hosts_behind(farm: &Farm, gate: &Gate) -> SshHosts {
    hosts(&behind(farm, gate, SHORT))
}

/// A step that says 100 lines on each stream, with bytes that are no text, and counts itself.
const TALK: &str = "echo x >>count.$N; i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo out $N $i; echo err $i >&2; done; \
                    printf 'a\\000b\\377c\\n'; exit 3";

/// Runs such a step over a line with these ills, from the connection on, and says how many lines it took.
async fn talk_over(farm: &Farm, number: u32, ills: &[Ill]) -> usize {
    let gate = gate(farm).await;
    let hosts = hosts_behind(farm, &gate);
    gate.next(ills);
    let session = loop {
        match connect(&hosts, "far").await {
            Ok(session) => break session,
            Err(failure) => {
                assert_eq!(failure.outcome, Outcome::Unreachable, "{ills:?}: {failure}");
                assert!(gate.taken() <= ills.len(), "{ills:?}: {failure}");
            }
        }
    };
    let mut step = step("far", number);
    step.env.insert("N".to_owned(), number.to_string());
    let said = run(&*session, TALK, &step).await;
    assert_eq!(
        (said.result.outcome, said.result.exit_code),
        (Outcome::Failed, Some(3)),
        "{ills:?}: {:?}",
        said.result
    );
    let mut out: Vec<String> = (1..=100).map(|i| format!("out {number} {i}")).collect();
    out.push("a\0b\u{fffd}c".to_owned());
    let err: Vec<String> = (1..=100).map(|i| format!("err {i}")).collect();
    assert_eq!(said.stdout(), out, "{ills:?}");
    assert_eq!(said.stderr(), err, "{ills:?}");
    let count = std::fs::read_to_string(farm.server(1).home().join(format!("count.{number}")));
    assert_eq!(count.expect("it ran"), "x\n", "{ills:?}: once");
    session.close().await;
    until("the line is closed", || gate.open() == 0).await;
    gate.taken()
}

/// As many bytes as a login and such a step take, both ways.
async fn length(farm: &Farm) -> u64 {
    let gate = gate(farm).await;
    let session = connect(&hosts_behind(farm, &gate), "far")
        .await
        .expect("a session");
    let mut step = step("far", 9999);
    step.env.insert("N".to_owned(), "9999".to_owned());
    run(&*session, TALK, &step).await;
    session.close().await;
    gate.bytes()
}

/// Places over the whole length, with the very first bytes.
fn places(length: u64, count: u64) -> Vec<u64> {
    [0, 1, 20]
        .into_iter()
        .chain((1..=count).map(|i| length * i / (count + 1)))
        .collect()
}

#[tokio::test]
async fn cut_anywhere() {
    let farm = Farm::with(&["MaxStartups 200"]);
    let before = Handle::current().metrics().num_alive_tasks();
    let places = places(length(&farm).await, 29);
    for (round, places) in places.chunks(8).enumerate() {
        let talks = places.iter().enumerate().map(|(index, place)| {
            let number = (round * 8 + index) as u32;
            let farm = &farm;
            async move { talk_over(farm, number, &[Ill::CutAfter(*place)]).await }
        });
        let lines = join_all(talks).await;
        assert!(
            lines.iter().all(|lines| *lines == 2),
            "each broke once: {lines:?}"
        );
    }
    until("no task is left", || {
        Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
}

#[tokio::test]
async fn silent_anywhere() {
    let farm = Farm::with(&["MaxStartups 200"]);
    let before = Handle::current().metrics().num_alive_tasks();
    let places = places(length(&farm).await, 13);
    for (round, places) in places.chunks(8).enumerate() {
        let talks = places.iter().enumerate().map(|(index, place)| {
            let number = (round * 8 + index) as u32;
            let farm = &farm;
            async move { talk_over(farm, number, &[Ill::HangAfter(*place)]).await }
        });
        let lines = join_all(talks).await;
        assert!(
            lines.iter().all(|lines| *lines == 2),
            "each fell silent once: {lines:?}"
        );
    }
    until("no task is left", || {
        Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
}

#[tokio::test]
async fn again_and_again() {
    let farm = Farm::start(1);
    let length = length(&farm).await;
    let ills: Vec<Ill> = [5, 6, 7, 8]
        .map(|tenths| Ill::CutAfter(length * tenths / 10))
        .to_vec();
    let lines = talk_over(&farm, 0, &ills).await;
    assert_eq!(lines, 5);
}

/// A step that has begun, and waits for the file `go` before it ends.
const WAITS: &str =
    "echo x >>count; echo begun; : >begun; while [ ! -e go ]; do sleep 0.02; done; echo ended";

#[tokio::test]
async fn a_reset_in_the_middle_of_a_step() {
    let farm = Farm::start(1);
    let gate = gate(&farm).await;
    let session = connect(&hosts_behind(&farm, &gate), "far")
        .await
        .expect("a session");
    let home = farm.server(1).home();
    let step = step("far", 0);
    let resetting = async {
        until("it began", || home.join("begun").exists()).await;
        gate.reset();
        until("the line is gone", || gate.taken() == 2).await;
        std::fs::write(home.join("go"), "").expect("written");
    };
    let (said, ()) = tokio::join!(run(&*session, WAITS, &step), resetting);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    assert_eq!(said.stdout(), ["begun", "ended"]);
    assert_eq!(
        std::fs::read_to_string(home.join("count")).expect("it ran"),
        "x\n"
    );
    session.close().await;
}

#[tokio::test]
async fn a_line_that_stands_still_under_a_silent_step_and_under_a_transfer() {
    let farm = Farm::start(1);
    let gate = gate(&farm).await;
    let session = connect(&hosts_behind(&farm, &gate), "far")
        .await
        .expect("a session");
    let home = farm.server(1).home();
    let step = step("far", 0);
    let standing = async {
        until("it began", || home.join("begun").exists()).await;
        let taken = gate.taken();
        gate.stand_still(true);
        until("it is noticed", || gate.taken() > taken).await;
        gate.stand_still(false);
        std::fs::write(home.join("go"), "").expect("written");
    };
    let (said, ()) = tokio::join!(run(&*session, WAITS, &step), standing);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    assert_eq!(said.stdout(), ["begun", "ended"]);
    assert_eq!(
        std::fs::read_to_string(home.join("count")).expect("it ran"),
        "x\n"
    );

    let bytes: Vec<u8> = (0..20_000_000_u32).map(|i| (i % 251) as u8).collect();
    let dest = home.join("big");
    let file = upload("far", &dest, bytes.clone());
    let standing = async {
        let (taken, passed) = (gate.taken(), gate.bytes());
        until("it is half there", || gate.bytes() > passed + 2_000_000).await;
        gate.stand_still(true);
        until("it is noticed", || gate.taken() > taken).await;
        assert!(!dest.exists(), "half a file is no file");
        gate.stand_still(false);
    };
    let (result, ()) = tokio::join!(put(&*session, &file, CancellationToken::new()), standing);
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(std::fs::read(&dest).expect("there") == bytes);
    session.close().await;
    until("every line is closed", || gate.open() == 0).await;
}

#[tokio::test]
async fn a_host_that_is_far_away() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let gate = Gate::late(server.address(), server.port(), Duration::from_millis(150)).await;
    let session = connect(&hosts(&behind(&farm, &gate, "")), "far")
        .await
        .expect("a session");
    for number in 0..3 {
        let mut step = step("far", number);
        step.env.insert("N".to_owned(), number.to_string());
        let said = run(&*session, TALK, &step).await;
        assert_eq!(said.result.exit_code, Some(3), "{:?}", said.result);
        assert_eq!((said.stdout().len(), said.stderr().len()), (101, 100));
    }
    let dest = server.home().join("file");
    let result = put(
        &*session,
        &upload("far", &dest, vec![7; 300_000]),
        CancellationToken::new(),
    )
    .await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert_eq!(gate.taken(), 1, "one line for all");
    session.close().await;
}
