use proptest::prelude::*;

use super::{Installed, Put};

/// What an action did to one target.
#[derive(Debug, Clone)]
enum Did {
    /// Put a version there on its way forth and COMPLETED.
    Deploy(u8),
    /// The same, and FAILED elsewhere, so that it stayed.
    DeployStopped(u8),
    /// Put it there, failed elsewhere, and went back by itself.
    DeployWentBack(u8),
    /// Failed on this target before the version was there, and stopped.
    DeployFailedHere,
    /// Put its version there again by a retry that COMPLETED, or left it there (a restart).
    Left,
    /// To where the way back leads, and COMPLETED.
    Rollback,
    /// The same, and FAILED elsewhere.
    RollbackStopped,
    /// The same, and went forth again by itself because it failed elsewhere.
    RollbackWentBack,
    /// To a version that was named, and COMPLETED.
    RollbackTo(u8),
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "what is there may be nothing, before and after"
)]
fn put(before: Option<Installed>, version: &str, how: Put) -> Option<Installed> {
    Some(Installed::after(before, version, how))
}

fn complete(mut installed: Option<Installed>) -> Option<Installed> {
    if let Some(installed) = &mut installed {
        installed.completed();
    }
    installed
}

fn after(before: Option<Installed>, did: &Did) -> Option<Installed> {
    let had = before.as_ref().map(|installed| installed.version.clone());
    let target = before.as_ref().and_then(|i| i.way_back().map(str::to_owned));
    let name = |number: &u8| format!("v{number}");
    match did {
        Did::Deploy(number) => complete(put(before, &name(number), Put::Forth)),
        Did::DeployStopped(number) => put(before, &name(number), Put::Forth),
        Did::DeployWentBack(number) => {
            let there = put(before.clone(), &name(number), Put::Forth);
            // A target that had nothing has no way back and stays as it is.
            had.map_or(there.clone(), |had| put(there, &had, Put::Back))
        }
        Did::DeployFailedHere => before,
        Did::Left => complete(before),
        Did::Rollback => target.map_or(before.clone(), |to| complete(put(before, &to, Put::Rollback))),
        Did::RollbackStopped => target.map_or(before.clone(), |to| put(before, &to, Put::Rollback)),
        Did::RollbackWentBack => target.map_or(before.clone(), |to| {
            put(
                put(before, &to, Put::Rollback),
                &had.unwrap_or_default(),
                Put::Back,
            )
        }),
        Did::RollbackTo(number) => complete(put(before, &name(number), Put::Rollback)),
    }
}

/// The version it has, the last good one, where it goes back to.
type Seen = (&'static str, &'static str, &'static str);

#[test]
fn where_a_target_goes_back_to() {
    use Did::{
        Deploy, DeployFailedHere, DeployStopped, DeployWentBack, Left, Rollback, RollbackStopped, RollbackTo,
        RollbackWentBack,
    };
    // (what was done, in order) -> (the version it has, the last good one, where it goes back to)
    let table: &[(&[Did], Seen)] = &[
        (&[Deploy(1)], ("v1", "v1", "-")),
        (&[Deploy(1), Deploy(2)], ("v2", "v2", "v1")),
        (&[Deploy(1), Deploy(2), Deploy(2)], ("v2", "v2", "v1")),
        // It was found bad elsewhere and went back: nothing of it is left.
        (&[Deploy(1), Deploy(2), DeployWentBack(3)], ("v2", "v2", "v1")),
        (&[DeployWentBack(3)], ("v3", "-", "-")),
        // Failed and stopped in the middle: back to what was good, wherever it stands.
        (&[Deploy(1), Deploy(2), DeployStopped(3)], ("v3", "v2", "v2")),
        (&[Deploy(1), Deploy(2), DeployFailedHere], ("v2", "v2", "v1")),
        (
            &[Deploy(1), DeployStopped(2), DeployStopped(3)],
            ("v3", "v1", "v1"),
        ),
        (
            &[Deploy(1), DeployStopped(2), DeployWentBack(3)],
            ("v2", "v1", "v1"),
        ),
        (&[DeployStopped(1)], ("v1", "-", "-")),
        // A retry that COMPLETED makes it good.
        (&[Deploy(1), DeployStopped(2), Left], ("v2", "v2", "v1")),
        (&[Deploy(1), DeployFailedHere, Deploy(2)], ("v2", "v2", "v1")),
        // Back and back again: never to what was left.
        (&[Deploy(1), Deploy(2), Deploy(3), Rollback], ("v2", "v2", "v1")),
        (
            &[Deploy(1), Deploy(2), Deploy(3), Rollback, Rollback],
            ("v1", "v1", "-"),
        ),
        (&[Deploy(1), Deploy(2), Rollback, Rollback], ("v1", "v1", "-")),
        (
            &[Deploy(1), Deploy(2), Rollback, Deploy(3), Rollback],
            ("v1", "v1", "-"),
        ),
        (&[Deploy(1), Deploy(2), Rollback, Deploy(2)], ("v2", "v2", "v1")),
        (
            &[Deploy(1), Deploy(2), DeployStopped(3), Rollback],
            ("v2", "v2", "v1"),
        ),
        // A rollback that failed elsewhere: asked for again, it goes to the same, not one further.
        (
            &[Deploy(1), Deploy(2), Deploy(3), RollbackStopped],
            ("v2", "v2", "v2"),
        ),
        (
            &[Deploy(1), Deploy(2), Deploy(3), RollbackStopped, Rollback],
            ("v2", "v2", "v1"),
        ),
        (
            &[Deploy(1), Deploy(2), Deploy(3), RollbackStopped, Left],
            ("v2", "v2", "v1"),
        ),
        (
            &[Deploy(1), Deploy(2), Deploy(3), RollbackWentBack],
            ("v3", "v2", "v2"),
        ),
        // To a named one.
        (
            &[Deploy(1), Deploy(2), Deploy(3), RollbackTo(1)],
            ("v1", "v1", "-"),
        ),
        (&[Deploy(1), Deploy(2), RollbackTo(0)], ("v0", "v0", "v1")),
    ];
    for (done, (version, good, back)) in table {
        let installed = done.iter().fold(None, after).expect("something was put there");
        let seen = (
            installed.version.as_str(),
            installed.last_good().unwrap_or("-"),
            installed.way_back().unwrap_or("-"),
        );
        assert_eq!(seen, (*version, *good, *back), "{done:?}");
    }
}

fn deeds() -> impl Strategy<Value = Vec<Did>> {
    let number = || 0_u8..6;
    let did = prop_oneof![
        3 => number().prop_map(Did::Deploy),
        1 => number().prop_map(Did::DeployStopped),
        1 => number().prop_map(Did::DeployWentBack),
        1 => Just(Did::DeployFailedHere),
        1 => Just(Did::Left),
        2 => Just(Did::Rollback),
        1 => Just(Did::RollbackStopped),
        1 => Just(Did::RollbackWentBack),
        1 => number().prop_map(Did::RollbackTo),
    ];
    proptest::collection::vec(did, 1..40)
}

proptest! {
    #[test]
    fn the_way_back_leads_to_what_was_good_and_was_not_left(deeds in deeds()) {
        let mut now: Option<Installed> = None;
        // What some action that COMPLETED put or left there.
        let mut ever_good = std::collections::BTreeSet::new();
        for did in &deeds {
            let had = now.clone();
            now = after(now, did);
            let Some(installed) = &now else { continue };
            if matches!(did, Did::Deploy(_) | Did::Left | Did::Rollback | Did::RollbackTo(_)) {
                ever_good.insert(installed.version.clone());
            }
            prop_assert!(installed.good.len() <= super::REMEMBERED);
            for good in &installed.good {
                prop_assert!(ever_good.contains(good), "{good} of {installed:?} after {deeds:?}");
            }
            if let Some(back) = installed.way_back() {
                prop_assert!(installed.good.iter().any(|good| good == back));
            }
            // What went back by itself changed nothing of the way back.
            if let (Did::DeployWentBack(_), Some(had)) = (did, &had) {
                prop_assert_eq!(&installed.version, &had.version);
                prop_assert_eq!(&installed.good, &had.good);
            }
            // Who goes back does not come to what it had, and cannot come back to it by going back again.
            if let (Did::Rollback | Did::RollbackStopped, Some(had)) = (did, &had)
                && had.version != installed.version
            {
                let mut again = now.clone();
                for _ in 0..super::REMEMBERED {
                    again = after(again, &Did::Rollback);
                    let version = &again.as_ref().expect("it is there").version;
                    prop_assert!(*version != had.version, "back at {version} after {deeds:?}");
                }
            }
        }
    }
}
