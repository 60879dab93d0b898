//! Files.

use edgewise::domain::outcome::Outcome;
use tokio_util::sync::CancellationToken;

use crate::support::ssh::{connect, hosts, put, settings, until, upload};
use crate::support::sshd::Farm;

#[tokio::test]
async fn a_connection_that_dies_half_way_never_installs_half_a_file() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("new/app.tar");
    let bytes: Vec<u8> = (0..40_000_000_u32).map(|i| (i % 253) as u8).collect();
    let file = upload("sshd-1", &dest, bytes.clone());
    let killing = async {
        // The temporary file has begun to grow.
        until("it arrives", || {
            let there = std::fs::read_dir(server.home().join("new"))
                .into_iter()
                .flatten()
                .flatten();
            there
                .into_iter()
                .any(|file| file.metadata().is_ok_and(|facts| facts.len() > 0))
        })
        .await;
        server.kill_sessions();
        assert!(
            !dest.exists() || std::fs::read(&dest).expect("there") == bytes,
            "half a file"
        );
    };
    let (result, ()) = tokio::join!(put(&*session, &file, CancellationToken::new()), killing);
    assert_eq!(result.outcome, Outcome::Ok, "{result:?}");
    assert!(std::fs::read(&dest).expect("there") == bytes);
    until("the rests are gone", || {
        std::fs::read_dir(server.home().join("new"))
            .expect("there")
            .count()
            == 1
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_nothing() {
    // A limit on the size of files is as good as a full disk.
    let farm = Farm::with(&["ForceCommand ulimit -f 200; eval \"$SSH_ORIGINAL_COMMAND\""]);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("d/big");
    let file = upload("sshd-1", &dest, vec![1; 3_000_000]);
    let result = put(&*session, &file, CancellationToken::new()).await;
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    assert!(
        result.error.as_deref().unwrap_or_default().contains("disk full"),
        "{result:?}"
    );
    assert_eq!(
        std::fs::read_dir(server.home().join("d")).expect("there").count(),
        0
    );
}

#[tokio::test]
async fn a_transfer_can_be_given_up() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let dest = server.home().join("d/big");
    let file = upload("sshd-1", &dest, vec![1; 100_000_000]);
    let cancel = CancellationToken::new();
    let asking = async {
        until("it arrives", || server.home().join("d").exists()).await;
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(put(&*session, &file, cancel.clone()), asking);
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    until("the rests are gone", || {
        std::fs::read_dir(server.home().join("d")).expect("there").count() == 0
    })
    .await;
}
