//! The server is killed between any two events of every action of every shipped script, and of a way back: the next one
//! comes to the same end, with every step run as often.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use super::course::{self, Course};
use super::fleet::{Called, Spoil, Which};
use super::fuse::{Death, Fuse};
use super::stand::{self, Case, Stand};

/// Longer than a dead server's claim holds: its actions are taken over within this.
const TAKEN_OVER_SECONDS: u64 = 30;
/// Cases at once.
const AT_ONCE: usize = 6;

/// The course of an action whose server died after so many events.
async fn outlived(stand: &Stand, spoilt: &[(Which, Spoil)], events: usize, death: Death) -> Course {
    let case = Arc::new(stand.case());
    let fuse = Fuse::new(&case.file(), stand.id, events, death);
    let fleet = case.fleet(spoilt.to_vec(), Some(fuse));
    let dies = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let serving = (Arc::clone(&case), Arc::clone(&fleet));
    let app = dies
        .spawn(async move { serving.0.serve(&serving.1).await })
        .await
        .unwrap();
    let fuse = fleet.fuse().unwrap();
    while !fuse.is_blown() && !fuse.is_over() {
        case.tick(&fleet).await;
    }
    // As SIGKILL does: nothing of it gets another turn.
    dies.shutdown_background();
    drop(app);
    fuse.take_out();
    case.clock.advance(TAKEN_OVER_SECONDS);
    course::run(stand, &case, &fleet).await.course
}

/// Kills the server after each event but the last, and compares.
async fn every_moment(stand: &Stand, spoilt: &[(Which, Spoil)]) -> usize {
    let case: Case = stand.case();
    let fleet = case.fleet(spoilt.to_vec(), None);
    let undisturbed = course::run(stand, &case, &fleet).await;
    let mut moments: Vec<(usize, Death)> = (1..undisturbed.events)
        .flat_map(|events| [(events, Death::Before), (events, Death::After)])
        .collect();
    if !stand::is_thorough() {
        // An odd distance, so that both deaths come up.
        let distance = if stand.is_widest() { 3 } else { 17 };
        moments = moments.into_iter().step_by(distance).collect();
    }
    let count = moments.len();
    let cases = moments.into_iter().map(|(events, death)| async move {
        let course = outlived(stand, spoilt, events, death).await;
        (events, death, course)
    });
    let mut cases = stream::iter(cases).buffer_unordered(AT_ONCE);
    while let Some((events, death, course)) = cases.next().await {
        assert_eq!(
            course, undisturbed.course,
            "{}, killed {death:?} what follows from event {events}",
            stand.name
        );
    }
    count
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_action_outlives_its_server_at_every_moment() {
    let mut moments = 0;
    for stand in stand::all().await {
        moments += every_moment(&stand, &[]).await;
    }
    assert!(moments > 50, "only {moments} moments");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_way_back_outlives_its_server_at_every_moment() {
    for stand in stand::all().await {
        // The first host's application is not well, or does not start.
        let case = stand.case();
        let fleet = case.fleet(Vec::new(), None);
        let calls = course::run(&stand, &case, &fleet).await.calls;
        let check = calls.iter().rposition(|called| *called == Called::Health);
        let last = check.unwrap_or(calls.len() - 1);
        every_moment(&stand, &[(Which::Forth(calls[last].clone()), Spoil::Fails)]).await;
    }
}
