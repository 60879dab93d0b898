//! Folders.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};

use edgewise::domain::outcome::Outcome;
use edgewise::domain::sanitize::Sanitizer;
use tokio_util::sync::CancellationToken;

use crate::support::cutting::{Counted, CuttingWay};
use crate::support::ssh::{
    connect, everything, folder, hosts, names, noise, place_of, put, put_folder, session, settings, until,
    upload_folder,
};
use crate::support::sshd::Farm;

#[tokio::test]
async fn a_folder_is_put_whole_with_modes_and_links() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let long = format!("{}/{}", "d".repeat(90), "f".repeat(90));
    let tree = folder(&[
        ("bin/run it", "#!"),
        ("etc/a", "1"),
        ("etc/empty", ""),
        (&long, "long"),
        ("-dash", "x"),
    ])
    .await;
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(tree.path().join(name), PermissionsExt::from_mode(mode)).expect("set");
    };
    set("bin/run it", 0o1755);
    set("etc/a", 0o600);
    set("etc", 0o700);
    symlink("../etc/a", tree.path().join("bin/link")).expect("made");
    std::fs::create_dir(tree.path().join("hollow")).expect("made");
    let dest = home.join("new/it's here");
    let result = put_folder(&*session, "sshd-1", tree.path(), &dest, false).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert_eq!(everything(&dest), everything(tree.path()));
    assert_eq!(names(&home.join("new")), ["it's here"]);

    // The same again changes nothing; the links that lead out are told before anything is sent.
    let before = std::fs::metadata(&dest).expect("there").ino();
    let again = put_folder(&*session, "sshd-1", tree.path(), &dest, true).await;
    assert_eq!(again.outcome, Outcome::Ok, "{again:?}");
    assert_eq!(std::fs::metadata(&dest).expect("there").ino(), before);
}

#[tokio::test]
async fn only_what_differs_is_sent_and_the_rest_goes_only_if_asked() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = session(&hosts, "sshd-1").await;
    let tree = folder(&[
        ("same", "same"),
        ("changed", "old"),
        ("file-to-folder", "x"),
        ("folder-to-file/x", "x"),
    ])
    .await;
    let dest = home.join("app");
    let result = put_folder(&session, "sshd-1", tree.path(), &dest, false).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    let same = std::fs::metadata(dest.join("same")).expect("there").ino();
    std::fs::create_dir(dest.join("data")).expect("made");
    std::fs::write(dest.join("data/kept"), "theirs").expect("written");
    std::fs::write(dest.join("odd\nname"), "theirs").expect("written");

    std::fs::write(tree.path().join("changed"), "new").expect("written");
    std::fs::remove_file(tree.path().join("file-to-folder")).expect("gone");
    std::fs::create_dir(tree.path().join("file-to-folder")).expect("made");
    std::fs::write(tree.path().join("file-to-folder/y"), "y").expect("written");
    std::fs::remove_dir_all(tree.path().join("folder-to-file")).expect("gone");
    std::fs::write(tree.path().join("folder-to-file"), "z").expect("written");
    let upload = upload_folder("sshd-1", tree.path(), &dest, false).await;
    let text = edgewise::app::uploads::text(&upload.payload, place_of(&upload), &Sanitizer::default())
        .await
        .expect("it can be read");
    let command = edgewise::domain::sanitize::SanitizedCommand::check(
        &Sanitizer::default(),
        &text,
        None,
        edgewise::domain::sanitize::Clearance::Approved,
    )
    .expect("allowed");
    let lease = edgewise::domain::lease::Lease::of_process(1, upload.key.target.clone());
    let (result, moved) = session
        .put(&lease, &command, &upload, CancellationToken::new())
        .await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert_eq!(
        (moved.files, moved.unchanged, moved.bytes),
        (4, 1, 5),
        "{moved:?}"
    );
    assert_eq!(
        std::fs::metadata(dest.join("same")).expect("there").ino(),
        same,
        "it was not sent again"
    );
    let mut want = everything(tree.path());
    let there = everything(&dest);
    for theirs in ["data", "data/kept", "odd\nname"] {
        want.insert(theirs.to_owned(), there[theirs].clone());
    }
    assert_eq!(there, want);

    std::fs::remove_file(dest.join("odd\nname")).expect("gone");
    let result = put_folder(&session, "sshd-1", tree.path(), &dest, true).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert_eq!(everything(&dest), everything(tree.path()));
    assert_eq!(names(&home), ["app"]);
}

#[tokio::test]
async fn a_folder_that_is_cut_goes_on_and_is_never_half_there() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let way = CuttingWay::to(&farm, Counted::Sent, vec![700_000]).await;
    let hosts = hosts(&way.settings(&farm));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let tree = folder(&[("old", "old")]).await;
    let dest = home.join("app");
    let result = put_folder(&*session, "sshd-1", tree.path(), &dest, false).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    let old = everything(&dest);
    // Small ones: a server that is cut off does not hand on what it has read ahead, and half a file is sent anew.
    for number in 0..80 {
        let file = tree.path().join(format!("file-{number}"));
        std::fs::write(file, noise(30_000 + number)).expect("written");
    }
    let over = std::sync::atomic::AtomicBool::new(false);
    let watching = async {
        while !over.load(std::sync::atomic::Ordering::SeqCst) {
            // Where a folder cannot be exchanged in one step there is a moment without one, and never half of one.
            let there = names(&dest).len();
            assert!([0, old.len(), 81].contains(&there), "{there} of 81 are there");
            tokio::task::yield_now().await;
        }
    };
    let sending = async {
        let result = put_folder(&*session, "sshd-1", tree.path(), &dest, false).await;
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        result
    };
    let (result, ()) = tokio::join!(sending, watching);
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(way.cuts() >= 2, "{} cuts", way.cuts());
    assert_eq!(everything(&dest), everything(tree.path()));
    assert_eq!(names(&home), ["app"]);
}

#[tokio::test]
async fn what_cannot_be_is_told_and_leaves_nothing() {
    let farm = Farm::with(&["", "ForceCommand ulimit -f 200; eval \"$SSH_ORIGINAL_COMMAND\""]);
    let hosts = hosts(&settings(&farm, ""));
    let tree = folder(&[("a", "1")]).await;
    std::fs::write(tree.path().join("big"), noise(1_000_000)).expect("written");
    let home = farm.server(1).home();
    std::fs::write(home.join("file"), "x").expect("written");
    std::fs::create_dir(home.join("folder")).expect("made");
    symlink("folder", home.join("link")).expect("made");
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    for (name, words) in [("file", "is no folder"), ("link", "is a link"), ("file/x", "")] {
        let result = put_folder(&*session, "sshd-1", tree.path(), &home.join(name), false).await;
        assert_eq!(result.outcome, Outcome::Failed, "{name}: {result:?}");
        let error = result.error.unwrap_or_default();
        assert!(error.contains(words), "{name}: {error}");
    }
    assert_eq!(names(&home), ["file", "folder", "link"]);

    let home = farm.server(2).home();
    let session = connect(&hosts, "sshd-2").await.expect("a session");
    let result = put_folder(&*session, "sshd-2", tree.path(), &home.join("app"), false).await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    let error = result.error.unwrap_or_default();
    assert!(error.contains("disk full"), "{error}");
    assert!(names(&home).is_empty(), "{:?}", names(&home));
}

#[tokio::test]
async fn a_folder_under_way_can_be_given_up() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let tree = folder(&[("a", "1")]).await;
    let file = std::fs::File::create(tree.path().join("big")).expect("made");
    file.set_len(300_000_000).expect("set");
    let upload = upload_folder("sshd-1", tree.path(), &home.join("app"), false).await;
    let cancel = CancellationToken::new();
    let asking = async {
        until("it arrives", || !names(&home).is_empty()).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(put(&*session, &upload, cancel.clone()), asking);
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    until("nothing is left", || names(&home).is_empty()).await;
}
