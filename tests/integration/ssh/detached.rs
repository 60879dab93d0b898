//! Steps that run away, that leave their session, and whose supervisor is killed; commands that are left running.

use edgewise::app::ports::StepRun;
use edgewise::domain::outcome::Outcome;
use edgewise::ssh::Asked;
use tokio_util::sync::CancellationToken;

use crate::support::ssh::{action_id, connect, hosts, run, run_until, settings, until};
use crate::support::sshd::Farm;

fn lease() -> edgewise::domain::lease::Lease {
    let name = edgewise::domain::name::TargetName::parse("sshd-1").expect("a name");
    edgewise::domain::lease::Lease::of_process(std::process::id(), name)
}

fn asked() -> Asked {
    Asked {
        name: "sshd-1".to_owned(),
        ..Asked::default()
    }
}

fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    stat.map_or(true, |stat| stat.contains(") Z "))
}

/// A step of an action of the test's own: what is left of a step is looked for on the whole machine.
fn step(action: u8, number: u32) -> StepRun {
    let mut run = crate::support::ssh::step("sshd-1", number);
    run.key.action = action_id(action);
    run
}

#[tokio::test]
async fn a_step_that_writes_without_end_is_stopped() {
    let farm = Farm::start(1);
    let mut settings = settings(&farm, "");
    settings.max_output_bytes = 1 << 20;
    let session = connect(&hosts(&settings), "sshd-1").await.expect("a session");
    let said = run(&*session, "echo $$ >pid; yes", &step(21, 0)).await;
    assert_eq!(said.result.outcome, Outcome::Failed, "{:?}", said.result);
    let reason = said.result.error.unwrap_or_default();
    assert!(
        reason.contains("ssh.max_output_mib") && reason.contains("nothing of it is left"),
        "{reason}"
    );
    let pid = std::fs::read_to_string(farm.server(1).home().join("pid")).expect("a pid");
    assert!(is_gone(&pid));
    let logged: usize = said.lines.iter().map(|line| line.text.len() + 1).sum();
    assert!(logged < 8 << 20, "{logged} bytes were logged");
    let within = run(&*session, "yes | head -c 500000", &step(21, 1)).await;
    assert_eq!(within.result.outcome, Outcome::Ok, "{:?}", within.result);
}

#[tokio::test]
async fn a_step_that_writes_without_end_is_stopped_behind_everybodys_back_too() {
    let farm = Farm::start(1);
    let mut settings = settings(&farm, "");
    settings.max_output_bytes = 1 << 20;
    let server = farm.server(1);
    let hosts = hosts(&settings);
    let first = step(22, 0);
    {
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let text = "echo $$ >pid; : >begun; while [ ! -e go ]; do sleep 0.1; done; \
                    while :; do yes | head -c 200000; sleep 0.05; done";
        tokio::select! {
            said = run(&*session, text, &first) => panic!("it ended: {said:?}"),
            () = until("it began", || server.home().join("begun").exists()) => {}
        }
    }
    server.kill_sessions();
    std::fs::write(server.home().join("go"), "").expect("written");
    let pid = std::fs::read_to_string(server.home().join("pid")).expect("a pid");
    until("what watches it has stopped it", || is_gone(&pid)).await;
    let session = hosts.session(&asked()).await.expect("a session");
    let (output, mut lines) = tokio::sync::mpsc::channel(64);
    let draining = async { while lines.recv().await.is_some() {} };
    let (lease, never) = (lease(), CancellationToken::new());
    let (result, ()) = tokio::join!(session.attach(&lease, &first, output, never), draining);
    assert_eq!(result.outcome, Outcome::Failed, "{result:?}");
    assert!(
        result
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("ssh.max_output_mib"),
        "{result:?}"
    );
}

#[tokio::test]
async fn what_left_the_session_of_a_stopped_step_is_told_of_and_left_alone() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let session = connect(&hosts(&settings(&farm, "")), "sshd-1")
        .await
        .expect("a session");
    // A daemon as it should be: its parent has gone, and nothing of it belongs to the step any more.
    let text = "(setsid sh -c 'echo $$ >away; exec sleep 100' </dev/null >/dev/null 2>&1 &); \
                while [ ! -s away ]; do sleep 0.02; done; : >begun; sleep 100";
    let cancel = CancellationToken::new();
    let asking = async {
        until("it began", || home.join("begun").exists()).await;
        cancel.cancel();
    };
    let first = step(23, 0);
    let (said, ()) = tokio::join!(run_until(&*session, text, &first, cancel.clone()), asking);
    let away = std::fs::read_to_string(home.join("away")).expect("a pid");
    assert!(!is_gone(&away), "{:?}", said.result);
    let reason = said.result.error.unwrap_or_default();
    let pid = rustix::process::Pid::from_raw(away.trim().parse().expect("a number")).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it was there");
    assert!(
        reason.contains("one process that left it (setsid) still runs"),
        "{reason}"
    );
}

#[tokio::test]
async fn a_step_whose_supervisor_was_killed_is_told_of_and_can_be_stopped() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let hosts = hosts(&settings(&farm, ""));
    let session = hosts.session(&asked()).await.expect("a session");
    let first = step(24, 0);
    let folder = home
        .join(".edgewise")
        .join(first.key.action.to_string())
        .join("sshd-1-forth-0-1");
    let killing = async {
        until("it began", || {
            home.join("begun").exists() && folder.join("pid").exists()
        })
        .await;
        let text = std::fs::read_to_string(folder.join("pid")).expect("pids");
        let pids: Vec<i32> = text
            .split_whitespace()
            .filter_map(|word| word.parse().ok())
            .collect();
        assert!(
            !folder.join("run").exists(),
            "the variables do not stay on the disk"
        );
        let supervisor = rustix::process::Pid::from_raw(pids[0]).expect("a pid");
        rustix::process::kill_process(supervisor, rustix::process::Signal::KILL).expect("it was there");
        pids[2]
    };
    let text = ": >begun; kill -STOP $$; sleep 100";
    let (said, leader) = tokio::join!(run(&session, text, &first), killing);
    assert_eq!(said.result.outcome, Outcome::Unknown, "{:?}", said.result);
    let reason = said.result.error.unwrap_or_default();
    assert!(
        reason.contains(&format!("still runs there as process {leader}")),
        "{reason}"
    );
    let ended = session.end(&lease(), &first).await;
    assert_eq!(ended.outcome, Outcome::Ok, "{ended:?}");
    assert!(is_gone(&leader.to_string()));
    let never = session.end(&lease(), &step(24, 9)).await;
    assert_eq!(never.outcome, Outcome::Unknown);
    assert!(
        never
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("never started"),
        "{never:?}"
    );
}

#[tokio::test]
async fn a_full_disk_does_not_cost_the_exit_code() {
    use crate::support::disk::SmallDisk;
    let Some(disk) = SmallDisk::make(512) else { return };
    let farm = Farm::with(&[&format!("SetEnv HOME={}", disk.path().display())]);
    let session = connect(&hosts(&settings(&farm, "")), "sshd-1")
        .await
        .expect("a session");
    let said = run(
        &*session,
        "head -c 4000000 /dev/zero >fill; echo more; exit 7",
        &step(25, 0),
    )
    .await;
    assert_eq!(said.result.exit_code, Some(7), "{said:?}");
    let said = run(&*session, "echo never", &step(25, 1)).await;
    assert_eq!(said.result.outcome, Outcome::Failed, "{said:?}");
    let reason = said.result.error.unwrap_or_default();
    assert!(
        reason.contains("disk full") || reason.contains("No space"),
        "{reason}"
    );
}
