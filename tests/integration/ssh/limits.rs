//! Servers that allow little.

use edgewise::app::ports::HostNeeds;
use edgewise::domain::outcome::Outcome;
use futures_util::future::join_all;

use crate::support::ssh::{connect, hosts, run, settings, step};
use crate::support::sshd::Farm;

#[tokio::test]
async fn logins_that_are_shed_are_begun_again() {
    let farm = Farm::with(&["MaxStartups 5:100:5"]);
    let hosts = hosts(&settings(&farm, ""));
    let sessions = join_all((0..30).map(|_| connect(&hosts, "sshd-1"))).await;
    let refused: Vec<_> = sessions
        .iter()
        .filter_map(|session| session.as_ref().err())
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_opens_one_session_at_a_time() {
    let farm = Farm::with(&["MaxSessions 1"]);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    for number in 0..4 {
        let said = run(&*session, "echo fine", &step("sshd-1", number)).await;
        assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    }
    let mut timed = step("sshd-1", 9);
    timed.timeout_seconds = 1;
    let said = run(&*session, "sleep 100", &timed).await;
    assert_eq!(said.result.outcome, Outcome::Timeout, "{:?}", said.result);
    assert!(
        said.result
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("nothing of it is left"),
        "{:?}",
        said.result
    );
}

#[tokio::test]
async fn servers_that_run_no_commands_are_found_out_by_the_check() {
    let farm = Farm::with(&[
        "ForceCommand internal-sftp\nSubsystem sftp internal-sftp",
        "ForceCommand echo This account is closed; exit 1",
        "ForceCommand /bin/false",
        "MaxSessions 0",
    ]);
    let hosts = hosts(&settings(&farm, ""));
    for (server, part) in [
        (1, "runs no shell"),
        (2, "This account is closed"),
        (3, "runs no shell"),
        (4, "MaxSessions"),
    ] {
        let session = connect(&hosts, &format!("sshd-{server}"))
            .await
            .expect("a session");
        let unfit = session
            .check(&HostNeeds::default())
            .await
            .expect_err("it is not fit");
        assert_eq!(unfit.outcome, Outcome::Unreachable, "{unfit}");
        assert!(unfit.message.contains(part), "{server}: {unfit}");
        session.close().await;
    }
}

#[tokio::test]
async fn a_login_that_talks_confuses_nobody() {
    let farm = Farm::with(&["ForceCommand echo noise; echo more noise >&2; eval \"$SSH_ORIGINAL_COMMAND\""]);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    session.check(&HostNeeds::default()).await.expect("fit");
    let said = run(&*session, "echo out; echo err >&2", &step("sshd-1", 0)).await;
    assert_eq!(
        (said.stdout(), said.stderr()),
        (vec!["out"], vec!["err"]),
        "{:?}",
        said.result
    );
    assert_eq!(said.lines[0].offset, 4);
}
