//! The inventory: what runs where, since when.

use edgewise::store::{RecordedVersion, Store};

use super::world::{at, id, name, on_both, target};

on_both!(a_version_is_there_since_it_came, versions_are_found_by_name);

fn recorded(on: &str, version: &str, by: u8, good: bool) -> RecordedVersion {
    RecordedVersion {
        space: name("payments"),
        project: name("web"),
        target: target(on),
        version: version.into(),
        action: id(by),
        good,
    }
}

async fn a_version_is_there_since_it_came(store: Store) {
    // (what is recorded, when) -> (version, since, action, previous, last good)
    let table = [
        (recorded("web-1", "1", 1, true), 10, ("1", 10, 1, None, Some("1"))),
        (recorded("web-1", "1", 2, true), 20, ("1", 10, 1, None, Some("1"))),
        (
            recorded("web-1", "2", 3, false),
            30,
            ("2", 30, 3, Some("1"), Some("1")),
        ),
        (
            recorded("web-1", "2", 4, true),
            40,
            ("2", 30, 3, Some("1"), Some("2")),
        ),
        (
            recorded("web-1", "1", 5, true),
            50,
            ("1", 50, 5, Some("2"), Some("1")),
        ),
    ];
    for (what, when, (version, since, action, previous, good)) in table {
        store.record_version(&what, at(when)).await.unwrap();
        let entries = store.inventory(&name("payments"), &name("web")).await.unwrap();
        assert_eq!(entries.len(), 1);
        let entry = &entries[0];
        assert_eq!(entry.version, version);
        assert_eq!((entry.since, entry.action), (at(since), id(action)));
        assert_eq!(entry.previous_version.as_deref(), previous);
        assert_eq!(entry.last_good.as_deref(), good);
    }
}

async fn versions_are_found_by_name(store: Store) {
    for (on, version) in [("web-2", "2"), ("web-1", "2"), ("web-3", "1")] {
        store
            .record_version(&recorded(on, version, 1, true), at(0))
            .await
            .unwrap();
    }
    let mut elsewhere = recorded("web-9", "2", 1, true);
    elsewhere.project = name("api");
    store.record_version(&elsewhere, at(0)).await.unwrap();
    let found: Vec<_> = store
        .inventory_of_version(&name("payments"), &name("web"), "2")
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.target)
        .collect();
    assert_eq!(found, [target("web-1"), target("web-2")]);
}
