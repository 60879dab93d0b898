//! Fetching files and folders.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt, symlink};

use edgewise::domain::outcome::Outcome;
use tokio_util::sync::CancellationToken;

use crate::support::cutting::{Counted, CuttingWay};
use crate::support::ssh::{everything, get, hosts, names, noise, session, settings};
use crate::support::sshd::Farm;

#[tokio::test]
async fn files_and_folders_are_fetched_whole_and_once() {
    // By a shell, and by SFTP alone.
    let farm = Farm::with(&["", "Subsystem sftp internal-sftp\nForceCommand internal-sftp"]);
    let hosts = hosts(&settings(&farm, ""));
    for number in [1, 2] {
        let name = format!("sshd-{number}");
        let home = farm.server(number).home();
        let tree = home.join("logs");
        std::fs::create_dir_all(tree.join("deep/er")).expect("made");
        std::fs::write(tree.join("a b"), noise(300_000)).expect("written");
        std::fs::write(tree.join("deep/er/empty"), "").expect("written");
        std::fs::write(tree.join("-dash"), "dash").expect("written");
        std::fs::set_permissions(tree.join("-dash"), PermissionsExt::from_mode(0o750)).expect("set");
        symlink("../a b", tree.join("deep/link")).expect("made");
        symlink("/etc/passwd", tree.join("leads-out")).expect("made");
        let here = tempfile::tempdir().expect("a folder");
        let session = session(&hosts, &name).await;
        let remote = tree.to_str().expect("UTF-8").to_owned();
        let (result, moved) = get(&session, &name, &remote, here.path(), CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Ok, "{name}: {result:?}");
        assert_eq!(
            (moved.files, moved.unchanged, moved.bytes),
            (3, 0, 300_004),
            "{name}"
        );
        let mut want = everything(&tree);
        want.remove("leads-out");
        assert_eq!(everything(&here.path().join("logs")), want, "{name}");

        let remote = tree.join("a b").to_str().expect("UTF-8").to_owned();
        let (result, moved) = get(&session, &name, &remote, here.path(), CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Ok, "{name}: {result:?}");
        assert_eq!(moved.bytes, 300_000);
        assert!(std::fs::read(here.path().join("a b")).expect("there") == noise(300_000));
        if number == 1 {
            let before = std::fs::metadata(here.path().join("a b")).expect("there").ino();
            let (result, moved) = get(&session, &name, &remote, here.path(), CancellationToken::new()).await;
            assert_eq!(
                (result.outcome, moved.unchanged, moved.bytes),
                (Outcome::Ok, 1, 0)
            );
            assert_eq!(
                std::fs::metadata(here.path().join("a b")).expect("there").ino(),
                before
            );
        }
        assert_eq!(names(here.path()), ["a b", "logs"], "{name}");

        for (remote, words) in [
            ("nothing", "nothing of this name"),
            ("/dev/null", "neither a file nor a folder"),
        ] {
            let (result, _) = get(&session, &name, remote, here.path(), CancellationToken::new()).await;
            assert_eq!(result.outcome, Outcome::Failed, "{name}: {result:?}");
            let error = result.error.unwrap_or_default();
            assert!(error.contains(words), "{name}: {error}");
        }
    }
}

#[tokio::test]
async fn a_fetch_goes_on_where_it_was_cut() {
    for extra in ["", "Subsystem sftp internal-sftp\nForceCommand internal-sftp"] {
        let farm = Farm::with(&[extra]);
        let home = farm.server(1).home();
        let bytes = noise(3_000_000);
        std::fs::write(home.join("big"), &bytes).expect("written");
        let way = CuttingWay::to(&farm, Counted::Received, vec![900_000]).await;
        let hosts = hosts(&way.settings(&farm));
        let session = session(&hosts, "sshd-1").await;
        let here = tempfile::tempdir().expect("a folder");
        let remote = home.join("big").to_str().expect("UTF-8").to_owned();
        let (result, moved) = get(&session, "sshd-1", &remote, here.path(), CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Ok, "{extra}: {result:?}");
        assert!(way.cuts() >= 3, "{extra}: {} cuts", way.cuts());
        assert!(moved.bytes < 2 * 3_000_000, "{extra}: {moved:?}");
        assert!(std::fs::read(here.path().join("big")).expect("there") == bytes);
        assert_eq!(names(here.path()), ["big"]);
    }
}

#[tokio::test]
async fn nothing_is_put_behind_a_link_that_stands_here() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    std::fs::create_dir_all(home.join("tree/inner")).expect("made");
    std::fs::write(home.join("tree/inner/file"), "theirs").expect("written");
    let hosts = hosts(&settings(&farm, ""));
    let session = session(&hosts, "sshd-1").await;
    let (here, outside) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    std::fs::create_dir(here.path().join("tree")).expect("made");
    symlink(outside.path(), here.path().join("tree/inner")).expect("made");
    let remote = home.join("tree").to_str().expect("UTF-8").to_owned();
    let (result, _) = get(&session, "sshd-1", &remote, here.path(), CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    assert!(result.error.unwrap_or_default().contains("in the way"));
    assert!(names(outside.path()).is_empty());
}

#[tokio::test]
async fn a_host_that_names_what_lies_elsewhere_is_not_believed() {
    // What answers is a script that says what it likes.
    let sum = "f".repeat(64);
    let lies = [
        "d 755 .\nm 644 1 ./../evil\nf SUM ./../evil",
        "d 755 .\nm 644 1 ./a/../../evil\nf SUM ./a/../../evil",
        "d 755 .\nl 8 ./inside /tmp\nm 644 1 ./inside/evil\nf SUM ./inside/evil",
        "d 755 .\nm 644 1 ./nowhere/evil\nf SUM ./nowhere/evil",
        "d 755 .\nm 644 1 /evil\nf SUM /evil",
        "d 755 .\nm 644 99999999999999999999 ./a\nf SUM ./a",
    ];
    for lie in lies {
        let farm = Farm::with(&["ForceCommand /bin/sh {dir}/lie"]);
        let lie = lie.replace("SUM", &sum);
        let script = format!(
            "echo 'edgewise: here 1'; echo 'edgewise: folder'; cat <<'E'\n{lie}\nE\necho 'edgewise: end'\n"
        );
        std::fs::write(farm.server(1).folder().join("lie"), script).expect("written");
        let hosts = hosts(&settings(&farm, ""));
        let session = session(&hosts, "sshd-1").await;
        let here = tempfile::tempdir().expect("a folder");
        let folder = here.path().join("host");
        let (result, _) = get(&session, "sshd-1", "/tree", &folder, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Failed, "{lie}: {result:?}");
        let error = result.error.unwrap_or_default();
        let said = ["leads out", "lies in no folder", "cannot be told"];
        assert!(said.iter().any(|said| error.contains(said)), "{lie}: {error}");
        assert!(
            everything(here.path()).values().all(|(_, what)| what == "/"),
            "{lie}: {:?}",
            everything(here.path())
        );
    }
}
