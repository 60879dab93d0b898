//! Versions in quarantine: written with the event that found them bad, lifted once, and kept.

use edgewise::domain::action::ActionStatus;
use edgewise::domain::quarantine::{Lifted, QuarantineError};
use edgewise::domain::rollout::Event;
use edgewise::store::{FoundBad, LiftError, Store};

use super::world::{action, at, create, id, name, on_both, server, update};

on_both!(
    a_version_is_bad_with_its_event_or_not_at_all,
    lifting_takes_a_reason_and_keeps_who_and_why,
    each_project_and_environment_has_its_own,
);

fn found(number: u8, version: &str) -> FoundBad {
    FoundBad {
        space: name("payments"),
        project: name("web"),
        environment: name("plain"),
        version: version.into(),
        action: id(number),
        by: "jdoe".into(),
        why: "1 failed\0, 0 may fail".into(),
    }
}

fn lifted(reason: &str) -> Lifted {
    Lifted {
        at: at(90),
        by: "lead".into(),
        reason: reason.into(),
    }
}

/// The versions that are bad for `payments/web`.
async fn bad(store: &Store) -> Vec<String> {
    let quarantine = store
        .quarantine(&name("payments"), &name("web"), &name("plain"))
        .await
        .unwrap();
    quarantine.all_bad().map(|bad| bad.version.clone()).collect()
}

async fn lift(store: &Store, version: &str, reason: &str) -> Result<(), LiftError> {
    let (space, project, environment) = (name("payments"), name("web"), name("plain"));
    store
        .lift_quarantine(&space, &project, &environment, version, &lifted(reason))
        .await
}

async fn a_version_is_bad_with_its_event_or_not_at_all(store: Store) {
    create(&store, &action(1, &["web-1"])).await;
    let mut going_back = update(ActionStatus::InProgress);
    going_back.found_bad = vec![found(1, "2")];
    let tell = async |seq, time, event: &Event| {
        store
            .append_event_with(&server(), id(1), seq, at(time), event, &going_back, None)
            .await
    };
    tell(1, 5, &Event::QueueReached).await.unwrap();
    // The answer was lost, and the same is written again; and once more by a server that goes on after a restart.
    tell(1, 5, &Event::QueueReached).await.unwrap();
    tell(2, 6, &Event::LeasesTaken).await.unwrap();
    store.found_bad(&found(1, "2"), at(7)).await.unwrap();
    // Another action of the same version finds nothing new.
    store.found_bad(&found(2, "2"), at(8)).await.unwrap();
    let quarantine = store
        .quarantine(&name("payments"), &name("web"), &name("plain"))
        .await
        .unwrap();
    assert_eq!(quarantine.versions.len(), 1);
    let record = quarantine.bad("2").unwrap();
    assert_eq!((record.since, record.action), (at(5), id(1)));
    assert_eq!(
        (record.by.as_str(), record.why.as_str()),
        ("jdoe", "1 failed, 0 may fail")
    );

    // An event that is refused leaves nothing behind.
    going_back.found_bad = vec![found(1, "3")];
    let refused = store
        .append_event_with(&server(), id(1), 1, at(9), &Event::LeasesTaken, &going_back, None)
        .await;
    assert!(refused.is_err());
    assert_eq!(bad(&store).await, ["2"]);
}

async fn lifting_takes_a_reason_and_keeps_who_and_why(store: Store) {
    store.found_bad(&found(1, "2"), at(1)).await.unwrap();
    store.found_bad(&found(2, "3"), at(2)).await.unwrap();
    assert!(matches!(
        lift(&store, "2", "  ").await,
        Err(LiftError::Refused(QuarantineError::NoReason))
    ));
    assert!(matches!(
        lift(&store, "4", "why not").await,
        Err(LiftError::Refused(QuarantineError::NotBad { .. }))
    ));
    assert_eq!(bad(&store).await, ["2", "3"]);
    lift(&store, "2", "the disk was full").await.unwrap();
    assert_eq!(bad(&store).await, ["3"]);
    assert!(matches!(
        lift(&store, "2", "again").await,
        Err(LiftError::Refused(QuarantineError::NotBad { .. }))
    ));
    let quarantine = store
        .quarantine(&name("payments"), &name("web"), &name("plain"))
        .await
        .unwrap();
    assert_eq!(quarantine.versions[0].lifted, Some(lifted("the disk was full")));

    // What the same action says again after that was said before; another one's word counts.
    store.found_bad(&found(1, "2"), at(91)).await.unwrap();
    assert_eq!(bad(&store).await, ["3"]);
    store.found_bad(&found(5, "2"), at(92)).await.unwrap();
    assert_eq!(bad(&store).await, ["3", "2"]);
}

async fn each_project_and_environment_has_its_own(store: Store) {
    store.found_bad(&found(1, "2"), at(1)).await.unwrap();
    let (space, project) = (name("payments"), name("web"));
    let elsewhere = FoundBad {
        environment: name("staging"),
        ..found(1, "1")
    };
    store.found_bad(&elsewhere, at(2)).await.unwrap();
    let other = FoundBad {
        project: name("api"),
        ..found(1, "9")
    };
    store.found_bad(&other, at(3)).await.unwrap();
    assert_eq!(bad(&store).await, ["2"]);
    let all = store.quarantines(&space, &project).await.unwrap();
    let seen: Vec<(&str, &str)> = all
        .iter()
        .map(|one| (one.environment.as_str(), one.versions[0].version.as_str()))
        .collect();
    assert_eq!(seen, [("plain", "2"), ("staging", "1")]);
    // What is bad here may be lifted there without changing anything here.
    store
        .lift_quarantine(&space, &project, &name("staging"), "1", &lifted("only a trial"))
        .await
        .unwrap();
    assert_eq!(bad(&store).await, ["2"]);
}
