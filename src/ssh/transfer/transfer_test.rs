//! Names and places of transfers.

use bytes::Bytes;

use super::{Place, rooted};
use crate::app::ports::{Payload, Upload};
use crate::ssh::testing::key;

fn upload(dest: &str, step: u32) -> Upload {
    Upload {
        key: key("web-1", step),
        payload: Payload::of_bytes(Bytes::from_static(b"x")),
        dest: dest.to_owned(),
        mode: "0644".to_owned(),
        owner: None,
        delete: false,
        timeout_seconds: 1,
    }
}

#[test]
fn a_temporary_name_lies_beside_its_place_and_tells_transfers_apart() {
    for (dest, folder) in [
        ("/a/b", "/a"),
        ("/a", "/"),
        ("a", "."),
        ("-a", "."),
        ("./a/b/", "./a"),
    ] {
        let place = Place::of(&upload(dest, 0));
        assert_eq!(place.folder(), folder, "{dest}");
        assert!(place.temporary_path().starts_with(folder), "{dest}");
        assert!(place.temporary.len() < 100, "{dest}");
        assert!(place.temporary.starts_with(&format!(".edgewise-{}-", place.stem)));
    }
    let name = |dest, step| Place::of(&upload(dest, step)).temporary;
    assert_eq!(name("/a/b", 0), name("/a/b", 0), "a second try finds the first");
    assert_ne!(name("/a/b", 0), name("/a/b", 1));
    assert_ne!(name("/a/b", 0), name("/a/c", 0));
}

#[test]
fn no_path_is_an_option() {
    for (path, want) in [
        ("-rf", "./-rf"),
        ("/", "/"),
        ("a/", "./a"),
        ("./a", "./a"),
        ("/a//", "/a"),
    ] {
        assert_eq!(rooted(path), want);
    }
}
