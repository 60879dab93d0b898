//! Steps under the wrapper.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use edgewise::app::ports::{HostNeeds, HostSession as _, OutputLine, StepRun, StreamOffsets};
use edgewise::domain::log_entry::LogStream;
use edgewise::domain::outcome::Outcome;
use edgewise::ssh::Asked;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::support::ssh::{connect, hear_again, hosts, run, run_until, settings, step, until};
use crate::support::sshd::Farm;

#[tokio::test]
async fn output_exit_code_environment_and_folder() {
    let farm = Farm::start(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    session.check(&HostNeeds::default()).await.expect("fit");
    let mut first = step("sshd-1", 0);
    first.cwd = Some("/usr".to_owned());
    first.env.insert("GREETING".to_owned(), "it's \"me\"".to_owned());
    let said = run(
        &*session,
        "pwd; echo \"$GREETING\" >&2; echo $EDGEWISE_ACTION_ID; exit 3",
        &first,
    )
    .await;
    assert_eq!(
        (said.result.outcome, said.result.exit_code),
        (Outcome::Failed, Some(3)),
        "{said:?}"
    );
    assert_eq!(said.stdout(), ["/usr", first.key.action.to_string().as_str()]);
    assert_eq!(said.stderr(), ["it's \"me\""]);
    session.close().await;
}

#[tokio::test]
async fn what_an_ended_step_wrote_is_heard_again_from_anywhere_in_it() {
    let farm = Farm::start(1);
    let hosts = hosts(&settings(&farm, ""));
    let ended = step("sshd-1", 0);
    {
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let text = "echo x >>count; seq 1 400; echo one >&2; echo two >&2; exit 3";
        let said = run(&*session, text, &ended).await;
        assert_eq!(said.result.exit_code, Some(3), "{said:?}");
        session.close().await;
    }
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let of = |lines: Vec<OutputLine>, stream: LogStream| -> Vec<String> {
        let lines = lines.into_iter().filter(|line| line.stream == stream);
        lines.map(|line| line.text).collect()
    };
    let numbers = |from: usize| (from..=400).map(|number| number.to_string()).collect::<Vec<_>>();
    let mut again = StepRun::of(ended.key.clone());
    let lines = hear_again(&*session, &again).await.expect("all of it");
    assert_eq!(of(lines.clone(), LogStream::Stdout), numbers(1));
    assert_eq!(of(lines, LogStream::Stderr), ["one", "two"]);
    again.resume = StreamOffsets {
        stdout: "1\n2\n3\n".len() as u64,
        stderr: "one\n".len() as u64,
    };
    let lines = hear_again(&*session, &again).await.expect("the rest");
    assert_eq!(of(lines.clone(), LogStream::Stdout), numbers(4));
    assert_eq!(of(lines, LogStream::Stderr), ["two"]);

    let count = std::fs::read_to_string(farm.server(1).home().join("count"));
    assert_eq!(count.expect("it ran"), "x\n", "it was never begun again");
    let never = StepRun::of(step("sshd-1", 7).key);
    let failure = hear_again(&*session, &never).await.expect_err("nothing is there");
    assert!(failure.message.contains("never started"), "{failure:?}");
}

#[tokio::test]
async fn the_steps_of_a_host_run_in_one_shell_of_each_connection() {
    let farm = Farm::start(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let shells = || farm.server(1).log().matches("Starting session: command").count();
    for number in 0..3 {
        let text = format!("echo step {number}; echo more >&2; exit {number}");
        let mut step = step("sshd-1", number);
        step.ok_codes = vec![0, 1, 2];
        let said = run(&*session, &text, &step).await;
        assert_eq!(said.result.outcome, Outcome::Ok, "{said:?}");
        assert_eq!(said.stdout(), [format!("step {number}")]);
        assert_eq!(said.stderr(), ["more"]);
    }
    assert_eq!(shells(), 1, "{}", farm.server(1).log());
    farm.server(1).kill_sessions();
    let said = run(&*session, "echo alive", &step("sshd-1", 3)).await;
    assert_eq!(said.result.outcome, Outcome::Ok, "{said:?}");
    assert_eq!(said.stdout(), ["alive"]);
}

#[tokio::test]
async fn much_output_comes_whole_to_a_slow_reader() {
    let farm = Farm::start(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let text = "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); echo \"$i ................................................\
                ....................................................\"; done";
    let said = run(&*session, text, &step("sshd-1", 0)).await;
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    assert_eq!(said.lines.len(), 30_000);
    for (index, line) in said.lines.iter().enumerate() {
        assert_eq!(
            line.text.split(' ').next(),
            Some((index + 1).to_string().as_str())
        );
    }
}

#[tokio::test]
async fn sessions_that_are_killed_under_running_steps_lose_nothing() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let text = "echo x >>$N.count; i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $N line $i; done; : >$N.half; \
                while [ ! -e go ]; do sleep 0.02; done; echo end";
    let steps = (0..6).map(|number| {
        let mut step = step("sshd-1", number);
        step.env.insert("N".to_owned(), number.to_string());
        step
    });
    let steps: Vec<_> = steps.collect();
    let running = join_all(steps.iter().map(|step| run(&*session, text, step)));
    let killing = async {
        until("all are half done", || {
            (0..6).all(|n| server.home().join(format!("{n}.half")).exists())
        })
        .await;
        server.kill_sessions();
        std::fs::write(server.home().join("go"), "").expect("written");
    };
    let (said, ()) = tokio::join!(running, killing);
    for (number, said) in said.iter().enumerate() {
        assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
        let mut want: Vec<String> = (1..=300).map(|i| format!("{number} line {i}")).collect();
        want.push("end".to_owned());
        assert_eq!(said.stdout(), want);
        let count = std::fs::read_to_string(server.home().join(format!("{number}.count"))).expect("it ran");
        assert_eq!(count, "x\n", "started once");
    }
}

#[tokio::test]
async fn a_server_that_comes_back_finds_what_it_left() {
    let mut farm = Farm::start(1);
    let settings = settings(&farm, "");
    let home = farm.server(1).home();
    let text =
        "echo begun; echo x >>count; : >begun; while [ ! -e go ]; do sleep 0.02; done; echo ended; exit 4";
    {
        // An Edgewise that ends in the middle.
        let hosts = hosts(&settings);
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let first = step("sshd-1", 0);
        tokio::select! {
            said = run(&*session, text, &first) => panic!("it ended: {said:?}"),
            () = until("it began", || home.join("begun").exists()) => {}
        }
    }
    farm.server_mut(1).kill();
    std::fs::write(home.join("go"), "").expect("written");
    farm.server_mut(1).restart();
    let hosts = hosts(&settings);
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let mut again = step("sshd-1", 0);
    again.resume = StreamOffsets { stdout: 6, stderr: 0 };
    let said = run(&*session, text, &again).await;
    assert_eq!(
        (said.result.outcome, said.result.exit_code),
        (Outcome::Failed, Some(4)),
        "{said:?}"
    );
    assert_eq!(said.stdout(), ["ended"]);
    let count = std::fs::read_to_string(home.join("count")).expect("it ran");
    assert_eq!(count, "x\n", "it was found, not started again");
}

#[tokio::test]
async fn a_step_that_is_stopped_leaves_nothing_behind() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let text = "trap '' TERM; (sleep 100 & echo $! >inner; wait) & echo $! >outer; : >begun; wait; sleep 100";
    let cancel = CancellationToken::new();
    let asking = async {
        until("it began", || {
            server.home().join("begun").exists() && server.home().join("inner").exists()
        })
        .await;
        cancel.cancel();
    };
    let stubborn = step("sshd-1", 0);
    let (said, ()) = tokio::join!(run_until(&*session, text, &stubborn, cancel.clone()), asking);
    assert_eq!(said.result.outcome, Outcome::Failed, "{:?}", said.result);
    assert!(
        said.result
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("nothing of it is left"),
        "{:?}",
        said.result
    );
    for name in ["inner", "outer"] {
        let pid = std::fs::read_to_string(server.home().join(name)).expect("a pid");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
        assert!(stat.map_or(true, |stat| stat.contains(") Z ")), "{name} is gone");
    }
    let after = run(&*session, "echo fine", &step("sshd-1", 1)).await;
    assert_eq!(after.stdout(), ["fine"], "the session goes on");
}

#[tokio::test]
async fn a_host_that_stays_away_leaves_the_outcome_unknown() {
    let mut farm = Farm::start(1);
    let home = farm.server(1).home();
    let mut settings = settings(&farm, "ConnectTimeout 2");
    settings.patience_seconds = 1;
    let hosts = hosts(&settings);
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let begun = step("sshd-1", 0);
    let killing = async {
        until("it began", || home.join("begun").exists()).await;
        farm.server_mut(1).kill();
    };
    let (said, ()) = tokio::join!(
        run(
            &*session,
            ": >begun; while [ ! -e go ]; do sleep 0.1; done",
            &begun
        ),
        killing
    );
    assert_eq!(said.result.outcome, Outcome::Unknown, "{:?}", said.result);
    std::fs::write(home.join("go"), "").expect("written");
    let folder = home
        .join(".edgewise")
        .join(begun.key.action.to_string())
        .join("sshd-1-forth-0-1");
    let has_ended = || std::fs::read_to_string(folder.join("exit")).is_ok_and(|exit| exit.starts_with('0'));
    until("the step has ended all the same", has_ended).await;
    assert_eq!(said.result.exit_code, None);
}

#[tokio::test]
async fn what_is_not_fit_is_named() {
    let farm = Farm::start(1);
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let needs = HostNeeds {
        sudo: false,
        files_only: false,
        free_bytes: vec![("/no/such/folder".to_owned(), 1 << 60), ("/".to_owned(), 1)],
    };
    let unfit = session.check(&needs).await.expect_err("nobody has an exbibyte");
    assert_eq!(unfit.outcome, Outcome::Failed);
    assert!(
        unfit.message.contains("/no/such/folder") && unfit.message.contains("KiB are free"),
        "{unfit}"
    );
    assert!(!unfit.message.contains("; "), "the other place has room: {unfit}");
}

/// A `sudo` that notes how it was called and gives its command a session of its own, as the real one may.
const SUDO: &str = "#!/bin/sh\necho \"$*\" >>\"$HOME/sudo.log\"\nwhile [ \"$1\" != -- ]; do shift; done\nshift\n\
                    export SUDO=yes\nexec 3<&0\nsetsid \"$@\" <&3 3<&- &\nwait $!\n";

#[tokio::test]
async fn another_user_by_sudo_without_anything_secret_in_its_arguments() {
    let farm = Farm::with(&["SetEnv HOME={dir}/home PATH={dir}/home/bin:/usr/bin:/bin"]);
    let home = farm.server(1).home();
    std::fs::create_dir(home.join("bin")).expect("a folder");
    std::fs::write(home.join("bin/sudo"), SUDO).expect("written");
    std::fs::set_permissions(home.join("bin/sudo"), PermissionsExt::from_mode(0o755))
        .expect("made executable");
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let mut other = step("sshd-1", 0);
    other.user = Some("app".to_owned());
    other.env.insert("TOKEN".to_owned(), "s3cret".to_owned());
    let said = run(&*session, "echo $SUDO $TOKEN; exit 6", &other).await;
    assert_eq!(
        (said.stdout(), said.result.exit_code),
        (vec!["yes s3cret"], Some(6)),
        "{said:?}"
    );
    let log = std::fs::read_to_string(home.join("sudo.log")).expect("it was called");
    assert_eq!(log, "-n -u app -- sh -s\n");
    let mut root = step("sshd-1", 1);
    root.sudo = true;
    root.timeout_seconds = 1;
    let said = run(&*session, "echo $$ >pid; sleep 100; sleep 100", &root).await;
    assert_eq!(said.result.outcome, Outcome::Timeout, "{said:?}");
    assert!(
        said.result
            .error
            .as_deref()
            .unwrap_or_default()
            .contains("nothing of it is left"),
        "{said:?}"
    );
    let pid = std::fs::read_to_string(home.join("pid")).expect("a pid");
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    assert!(
        stat.map_or(true, |stat| stat.contains(") Z ")),
        "also what sudo put elsewhere is gone"
    );
}

#[tokio::test]
async fn a_host_that_falls_silent_is_noticed_and_read_on_over_a_new_connection() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, "ServerAliveInterval 1\nServerAliveCountMax 1"));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let freezing = async {
        until("it began", || server.home().join("begun").exists()).await;
        server.freeze_sessions();
        std::fs::write(server.home().join("go"), "").expect("written");
    };
    let text = "echo first; : >begun; while [ ! -e go ]; do sleep 0.02; done; echo last";
    let first = step("sshd-1", 0);
    let (said, ()) = tokio::join!(run(&*session, text, &first), freezing);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    assert_eq!(said.stdout(), ["first", "last"]);
}

#[tokio::test]
async fn old_folders_are_swept_away_and_what_runs_keeps_its_own() {
    let farm = Farm::start(1);
    let server = farm.server(1);
    let hosts = hosts(&settings(&farm, ""));
    let asked = Asked {
        name: "sshd-1".to_owned(),
        ..Asked::default()
    };
    let session = hosts.session(&asked).await.expect("a session");
    let done = step("sshd-1", 0);
    run(&session, "echo done", &done).await;
    let folder = server.home().join(".edgewise").join(done.key.action.to_string());
    let age = |path: &Path| {
        let done = std::process::Command::new("find")
            .arg(path)
            .args(["-exec", "touch", "-d", "10 days ago", "{}", "+"])
            .status();
        assert!(done.expect("touch").success());
    };
    // The folder alone is old; what ended in it a moment ago is not, and nobody may have read it yet.
    let alone = std::process::Command::new("touch")
        .args(["-d", "10 days ago"])
        .arg(&folder)
        .status();
    assert!(alone.expect("touch").success());
    session.sweep(7).await.expect("swept");
    assert!(folder.exists(), "it is not old");
    let running = async {
        let slow = step("sshd-1", 1);
        run(
            &session,
            ": >begun; while [ ! -e go ]; do sleep 0.02; done; echo ended",
            &slow,
        )
        .await
    };
    let sweeping = async {
        until("it began", || server.home().join("begun").exists()).await;
        age(&folder);
        session.sweep(7).await.expect("swept");
        assert!(folder.exists(), "something still runs there");
        std::fs::write(server.home().join("go"), "").expect("written");
    };
    let (said, ()) = tokio::join!(running, sweeping);
    assert_eq!(said.stdout(), ["ended"]);
    age(&folder);
    session.sweep(7).await.expect("swept");
    assert!(!folder.exists(), "it is old");
}
