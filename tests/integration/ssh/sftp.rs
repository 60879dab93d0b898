//! Hosts that run no commands.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use edgewise::app::ports::HostNeeds;
use edgewise::domain::outcome::Outcome;
use tokio_util::sync::CancellationToken;

use crate::support::cutting::{Counted, CuttingWay};
use crate::support::ssh::{connect, folder, hosts, names, noise, put, put_folder, settings, until, upload};
use crate::support::sshd::Farm;

const SFTP_ALONE: &str = "Subsystem sftp internal-sftp\nForceCommand internal-sftp";

#[tokio::test]
async fn a_file_is_put_by_sftp_where_there_is_no_shell() {
    let farm = Farm::with(&[SFTP_ALONE]);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = home.join("new/folders/a file");
    for (bytes, mode) in [
        (noise(3_000_000), 0o640),
        (noise(3_000_001), 0o644),
        (Vec::new(), 0o600),
        (b"x".to_vec(), 0o755),
    ] {
        let mut file = upload("sshd-1", &dest, bytes.clone());
        file.mode = format!("0{mode:o}");
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
        assert!(std::fs::read(&dest).expect("there") == bytes);
        let facts = std::fs::metadata(&dest).expect("there");
        assert_eq!(facts.permissions().mode() & 0o7777, mode);
        let again = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(again.outcome, Outcome::Ok, "{again:?}");
        assert_eq!(
            std::fs::metadata(&dest).expect("there").ino(),
            facts.ino(),
            "it was left alone"
        );
        assert_eq!(names(&home.join("new/folders")), ["a file"]);
    }
    std::fs::create_dir(home.join("folder")).expect("made");
    std::os::unix::fs::symlink("folder", home.join("link")).expect("made");
    for (name, words) in [
        ("folder", "a folder of this name"),
        ("link", "a folder of this name"),
        ("new/folders/a file/x", ""),
    ] {
        let file = upload("sshd-1", &home.join(name), b"x".to_vec());
        let result = put(&*session, &file, CancellationToken::new()).await;
        assert_eq!(result.outcome, Outcome::Failed, "{name}: {result:?}");
        let error = result.error.unwrap_or_default();
        assert!(error.contains(words), "{name}: {error}");
    }
    let mut owned = upload("sshd-1", &home.join("owned"), b"x".to_vec());
    owned.owner = Some("somebody".to_owned());
    let result = put(&*session, &owned, CancellationToken::new()).await;
    assert!(result.error.unwrap_or_default().contains("by numbers"));
    let tree = folder(&[("a", "1")]).await;
    let result = put_folder(&*session, "sshd-1", tree.path(), &home.join("tree"), false).await;
    assert!(result.error.unwrap_or_default().contains("one by one"));
    assert_eq!(names(&home), ["folder", "link", "new"]);
}

#[tokio::test]
async fn a_transfer_by_sftp_goes_on_where_it_was_cut() {
    let farm = Farm::with(&[SFTP_ALONE]);
    let home = farm.server(1).home();
    let way = CuttingWay::to(&farm, Counted::Sent, vec![900_000]).await;
    let hosts = hosts(&way.settings(&farm));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let bytes = noise(3_000_000);
    let file = upload("sshd-1", &home.join("big"), bytes.clone());
    let result = put(&*session, &file, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(way.cuts() >= 3, "{} cuts", way.cuts());
    assert!(std::fs::read(home.join("big")).expect("there") == bytes);
    assert_eq!(names(&home), ["big"]);
}

#[tokio::test]
async fn a_transfer_by_sftp_can_be_given_up() {
    let farm = Farm::with(&[SFTP_ALONE]);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let file = upload("sshd-1", &home.join("big"), vec![1; 200_000_000]);
    let cancel = CancellationToken::new();
    let asking = async {
        until("it arrives", || !names(&home).is_empty()).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(put(&*session, &file, cancel.clone()), asking);
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    until("nothing is left", || names(&home).is_empty()).await;
}

#[tokio::test]
async fn a_host_that_takes_nothing_at_all_says_what_it_says() {
    let farm = Farm::with(&["ForceCommand echo This account is not available."]);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let file = upload("sshd-1", &farm.server(1).home().join("file"), b"x".to_vec());
    let result = put(&*session, &file, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    let error = result.error.unwrap_or_default();
    assert!(
        error.contains("This account is not available.") && error.contains("SFTP"),
        "{error}"
    );
}

/// A host, what is to be done there, and why it is not fit.
type Case<'a> = (usize, bool, bool, &'a str, u64, Option<(Outcome, &'a str)>);

#[tokio::test]
async fn a_host_without_a_shell_is_fit_for_files_alone() {
    let farm = Farm::with(&[
        SFTP_ALONE,
        "ForceCommand /bin/false",
        "Subsystem sftp internal-sftp\nForceCommand internal-sftp -R",
        "",
    ]);
    let hosts = hosts(&settings(&farm, ""));
    let place = |number: usize, name: &str| farm.server(number).home().join(name).display().to_string();
    std::fs::write(place(1, "file"), "").expect("written");
    let much = 1 << 60;
    let said: [Case<'_>; 9] = [
        (1, true, false, "not/there/yet", 1000, None),
        (
            1,
            true,
            false,
            "new",
            much,
            Some((Outcome::Failed, "KiB are free")),
        ),
        (1, true, false, "file/below", 1, Some((Outcome::Failed, "file"))),
        (
            1,
            false,
            false,
            "new",
            1,
            Some((Outcome::Unreachable, "runs no shell")),
        ),
        (
            1,
            true,
            true,
            "new",
            1,
            Some((Outcome::Unreachable, "runs no shell")),
        ),
        (
            2,
            true,
            false,
            "new",
            1,
            Some((Outcome::Unreachable, "runs no shell")),
        ),
        (
            3,
            true,
            false,
            "new",
            1,
            Some((Outcome::Failed, "cannot be written")),
        ),
        (4, true, false, "new", 1, None),
        (
            4,
            true,
            false,
            "new",
            much,
            Some((Outcome::Failed, "KiB are free")),
        ),
    ];
    for (number, files_only, sudo, name, bytes, wanted) in said {
        let session = connect(&hosts, &format!("sshd-{number}"))
            .await
            .expect("a session");
        let needs = HostNeeds {
            sudo,
            files_only,
            free_bytes: vec![(place(number, name), bytes)],
        };
        let looked = session.check(&needs).await;
        match wanted {
            None => looked.expect("fit"),
            Some((outcome, words)) => {
                let unfit = looked.expect_err("it is not fit");
                assert_eq!(unfit.outcome, outcome, "{number}, {needs:?}: {unfit}");
                assert!(unfit.message.contains(words), "{number}, {needs:?}: {unfit}");
            }
        }
    }
    assert_eq!(names(&farm.server(1).home()), ["file"], "nothing of it stays");
}
