//! Servers that allow little.

use edgewise::app::ports::HostNeeds;
use edgewise::domain::outcome::Outcome;
use futures_util::future::join_all;

use tokio_util::sync::CancellationToken;

use crate::support::ssh::{connect, failure, hosts, run, run_until, settings, step, until};
use crate::support::sshd::{Farm, make_key};

#[tokio::test]
async fn logins_that_are_shed_are_begun_again() {
    let farm = Farm::with(&["MaxStartups 5"]);
    let hosts = hosts(&settings(&farm, ""));
    let sessions = join_all((0..60).map(|_| connect(&hosts, "sshd-1"))).await;
    let refused: Vec<_> = sessions
        .iter()
        .filter_map(|session| session.as_ref().err())
        .collect();
    assert!(refused.is_empty(), "{refused:?}");
    let logins = farm.server(1).log().matches("Accepted publickey").count();
    assert_eq!(logins, 60, "each came in once");
}

#[tokio::test]
async fn a_refused_login_is_not_tried_again() {
    let farm = Farm::start(1);
    let mut settings = settings(&farm, "");
    make_key(&farm.folder().join("stranger"), "ed25519");
    settings.identity_file = Some(farm.folder().join("stranger"));
    let refused = failure(&hosts(&settings), "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::AuthFailed, "{refused}");
    assert_eq!(
        farm.server(1).log().matches("Connection from").count(),
        2,
        "one beside the farm's own look"
    );
}

#[tokio::test]
async fn a_jump_host_carries_so_many_hosts_on_each_connection() {
    // Ways to other hosts are no sessions: the least that is allowed of those takes nothing from them.
    let farm = Farm::with(&["MaxSessions 1", "MaxStartups 100", "MaxStartups 5"]);
    let mut settings = settings(&farm, "Host sshd-2 sshd-3\n ProxyJump sshd-1\n");
    settings.limits.hosts_per_jump = 8;
    let hosts = hosts(&settings);
    for (name, connections) in [("sshd-2", 3), ("sshd-3", 3)] {
        let before = farm.server(1).log().matches("Accepted publickey").count();
        let sessions = join_all((0..20).map(|_| connect(&hosts, name))).await;
        for session in &sessions {
            assert!(session.is_ok(), "{:?}", session.as_ref().err());
        }
        let logins = farm.server(1).log().matches("Accepted publickey").count() - before;
        assert_eq!(logins, connections, "20 hosts, 8 on each");
    }
}

#[tokio::test]
async fn a_jump_host_that_went_away_is_gone_over_again() {
    let farm = Farm::start(2);
    let hosts = hosts(&settings(&farm, "Host sshd-2\n ProxyJump sshd-1\n"));
    let session = connect(&hosts, "sshd-2").await.expect("a way");
    for number in 0..2 {
        let said = run(&*session, "echo fine", &step("sshd-2", number)).await;
        assert_eq!(said.stdout(), ["fine"], "{:?}", said.result);
        farm.server(1).kill_sessions();
    }
    connect(&hosts, "sshd-2").await.expect("a way").close().await;
}

#[tokio::test]
async fn a_stubborn_step_is_stopped_where_one_session_is_all_there_is() {
    let farm = Farm::with(&["MaxSessions 1"]);
    let home = farm.server(1).home();
    let session = connect(&hosts(&settings(&farm, "")), "sshd-1")
        .await
        .expect("a session");
    let cancel = CancellationToken::new();
    let asking = async {
        until("it began", || home.join("begun").exists()).await;
        cancel.cancel();
    };
    let text = "trap '' TERM; echo $$ >begun; while :; do sleep 1; done";
    let stubborn = step("sshd-1", 0);
    let (said, ()) = tokio::join!(run_until(&*session, text, &stubborn, cancel.clone()), asking);
    assert_eq!(said.result.outcome, Outcome::Failed, "{:?}", said.result);
    let error = said.result.error.as_deref().unwrap_or_default();
    assert!(error.contains("nothing of it is left"), "{error}");
    let pid = std::fs::read_to_string(home.join("begun")).expect("a pid");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(stat.map_or(true, |stat| stat.contains(") Z ")), "it is gone");
}

#[tokio::test]
async fn servers_that_close_what_is_quiet() {
    let farm = Farm::with(&[
        "ChannelTimeout session:command=1",
        "UnusedConnectionTimeout 1",
        "ClientAliveInterval 1\nClientAliveCountMax 1",
    ]);
    let hosts = hosts(&settings(&farm, ""));
    let runs = (1..=3).map(|server| {
        let (hosts, farm) = (&hosts, &farm);
        async move {
            let name = format!("sshd-{server}");
            let session = connect(hosts, &name).await.expect("a session");
            for number in 0..2 {
                let text = "echo x >>count; echo begun; sleep 4; echo ended";
                let said = run(&*session, text, &step(&name, number)).await;
                assert_eq!(said.result.outcome, Outcome::Ok, "{server}: {:?}", said.result);
                assert_eq!(said.stdout(), ["begun", "ended"], "{server}");
                // Long enough for a server that closes unused connections.
                tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
            }
            let count = std::fs::read_to_string(farm.server(server).home().join("count"));
            assert_eq!(count.expect("it ran"), "x\nx\n", "{server}");
        }
    });
    join_all(runs).await;
    let sessions = farm.server(1).log().matches("Starting session: command").count();
    assert!(
        sessions >= 4,
        "each of two channels was closed and another opened: {sessions}"
    );
}

#[tokio::test]
async fn a_server_that_is_killed_and_started_again_in_the_middle_of_a_step() {
    let mut farm = Farm::start(1);
    let home = farm.server(1).home();
    let session = connect(&hosts(&settings(&farm, "")), "sshd-1")
        .await
        .expect("a session");
    let text = "echo x >>count; echo begun; : >begun; while [ ! -e go ]; do sleep 0.02; done; echo ended";
    let step = step("sshd-1", 0);
    let killing = async {
        until("it began", || home.join("begun").exists()).await;
        farm.server_mut(1).kill();
        std::fs::write(home.join("go"), "").expect("written");
        farm.server_mut(1).restart();
    };
    let (said, ()) = tokio::join!(run(&*session, text, &step), killing);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    assert_eq!(said.stdout(), ["begun", "ended"]);
    assert_eq!(
        std::fs::read_to_string(home.join("count")).expect("it ran"),
        "x\n"
    );
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
