//! Becoming somebody else by the real sudo, with a password and without.

use std::path::Path;
use std::time::Duration;

use edgewise::app::ports::{HostNeeds, HostSession};
use edgewise::domain::lease::Lease;
use edgewise::domain::name::TargetName;
use edgewise::domain::outcome::Outcome;
use edgewise::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer};
use edgewise::ssh::{AdHoc, Asked, ExecEnd, Manner, Piece, SshHosts, SshSettings};
use tokio_util::sync::CancellationToken;

use crate::support::login::{Login, PASSWORD};
use crate::support::ssh::{Said, connect, hosts, run, run_until, settings, step, until};
use crate::support::sshd::Farm;

struct World {
    login: Login,
    farm: Farm,
}

impl World {
    fn with(shell: &str, sudoers: &str) -> Option<Self> {
        let login = Login::make(shell, sudoers)?;
        let farm = Farm::start(1);
        login.at_home_in(&farm);
        Some(Self { login, farm })
    }

    fn settings(&self, password: Option<&str>) -> SshSettings {
        let mut settings = settings(&self.farm, "");
        settings.user = Some(self.login.name.clone());
        settings.sudo_password = password.map(str::to_owned);
        settings
    }

    fn hosts(&self, password: Option<&str>) -> SshHosts {
        hosts(&self.settings(password))
    }

    /// Everything that is kept on the host of a step.
    fn left(&self) -> String {
        let mut text = String::new();
        gather(&self.farm.server(1).home(), &mut text);
        text
    }
}

fn gather(folder: &Path, text: &mut String) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() {
            gather(&entry.path(), text);
        } else {
            let bytes = std::fs::read(entry.path()).unwrap_or_default();
            text.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
}

async fn ad_hoc(
    hosts: &SshHosts,
    text: &str,
    manner: &Manner,
    timeout: Option<Duration>,
) -> (ExecEnd, String, String) {
    let asked = Asked {
        name: "sshd-1".to_owned(),
        ..Asked::default()
    };
    let connection = hosts.dial(&asked).await.expect("a connection");
    let lease = Lease::of_process(std::process::id(), TargetName::parse("sshd-1").expect("a name"));
    let command =
        SanitizedCommand::check(&Sanitizer::default(), text, None, Clearance::Approved).expect("allowed");
    let ad_hoc = AdHoc {
        lease: &lease,
        command: &command,
        manner,
        timeout,
        cancel: CancellationToken::new(),
    };
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let end = connection
        .ad_hoc(&ad_hoc, |piece| match piece {
            Piece::Stdout(bytes) => out.extend_from_slice(bytes),
            Piece::Stderr(bytes) => err.extend_from_slice(bytes),
        })
        .await
        .expect("it was started");
    connection.close().await;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (end, text(out), text(err))
}

fn root() -> Manner {
    Manner {
        sudo: true,
        ..Manner::default()
    }
}

async fn step_as_root(session: &dyn HostSession, number: u32, text: &str) -> Said {
    let mut root = step("sshd-1", number);
    root.sudo = true;
    run(session, text, &root).await
}

/// What a command sees of itself and above it: the password must be nowhere in arguments or environments.
const LOOK: &str = "id -u; cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\000' '\\n' | grep -c 'p[ ]w[$]'; \
                    tty; cat; echo end";

#[tokio::test]
async fn a_password_lets_in_and_is_seen_nowhere() {
    for (shell, sudoers) in [
        ("/bin/sh", "USER ALL=(ALL) ALL"),
        ("/bin/bash", "USER ALL=(ALL) ALL\nDefaults:USER use_pty"),
        ("/bin/sh", "USER ALL=(ALL) NOPASSWD: ALL"),
    ] {
        let Some(world) = World::with(shell, sudoers) else {
            return;
        };
        let hosts = world.hosts(Some(PASSWORD));
        let (end, out, err) = ad_hoc(&hosts, LOOK, &root(), None).await;
        assert_eq!(end, ExecEnd::Exit(0), "{sudoers}: {err}");
        assert_eq!(out, "0\n0\nnot a tty\nend\n", "{sudoers}: {err}");
        assert_eq!(err, "", "{sudoers}");

        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let needs = HostNeeds {
            sudo: true,
            ..HostNeeds::default()
        };
        session.check(&needs).await.expect("fit");
        let said = step_as_root(&*session, 0, LOOK).await;
        assert_eq!(said.result.outcome, Outcome::Ok, "{sudoers}: {said:?}");
        assert_eq!(
            said.stdout(),
            ["0", "0", "not a tty", "end"],
            "{sudoers}: {said:?}"
        );
        assert!(said.stderr().is_empty(), "{sudoers}: {said:?}");
        let left = world.left();
        assert!(
            left.contains("not a tty") && !left.contains("p w$"),
            "{sudoers}: {left}"
        );
    }
}

#[tokio::test]
async fn a_command_under_sudo_has_its_own_input_variables_and_umask() {
    for sudoers in ["USER ALL=(ALL) ALL", "USER ALL=(ALL) NOPASSWD: ALL"] {
        let Some(world) = World::with("/bin/sh", sudoers) else {
            return;
        };
        let mut manner = root();
        manner.user = Some("nobody".to_owned());
        manner.umask = Some("0027".to_owned());
        manner.cwd = Some("/usr".to_owned());
        manner.env.insert("TOKEN".to_owned(), "it's s3cret".to_owned());
        let input: Vec<u8> = (0..=255_u8).cycle().take(300_000).collect();
        manner.stdin = Some(input.into());
        let text = "id -un; pwd; umask; echo \"$TOKEN\"; cksum; echo \"$l$p$#\"";
        let (end, out, err) = ad_hoc(&world.hosts(Some(PASSWORD)), text, &manner, None).await;
        assert_eq!(end, ExecEnd::Exit(0), "{err}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[..2], ["nobody", "/usr"], "{out}");
        assert_eq!(lines[2].trim_start_matches('0'), "27");
        assert_eq!(lines[3], "it's s3cret");
        assert!(lines[4].ends_with(" 300000"), "{out}");
        assert_eq!(lines[5], "0");
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_once_and_runs_nothing() {
    let Some(world) = World::with("/bin/sh", "USER ALL=(ALL) ALL") else {
        return;
    };
    let hosts = world.hosts(Some("wrong"));
    let mark = world.farm.server(1).home().join("ran");
    let text = format!(": >{}", mark.display());
    let (end, _, _) = ad_hoc(&hosts, &text, &root(), None).await;
    let ExecEnd::Refused(reason) = end else {
        panic!("{end:?}")
    };
    assert!(
        reason.contains("EDGEWISE_SUDO_PASSWORD") && reason.contains("1 incorrect password attempt"),
        "{reason}"
    );
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    let needs = HostNeeds {
        sudo: true,
        ..HostNeeds::default()
    };
    let unfit = session.check(&needs).await.expect_err("the password is wrong");
    assert!(unfit.message.contains("EDGEWISE_SUDO_PASSWORD"), "{unfit}");
    let said = step_as_root(&*session, 0, &text).await;
    assert_eq!(said.result.outcome, Outcome::Failed, "{said:?}");
    let reason = said.result.error.unwrap_or_default();
    assert!(
        reason.starts_with("it was not started") && reason.contains("1 incorrect password attempt"),
        "{reason}"
    );
    assert!(!reason.contains("wrong"), "{reason}");
    assert!(!mark.exists(), "nothing ran");

    let without = connect(&world.hosts(None), "sshd-1").await.expect("a session");
    let unfit = without.check(&needs).await.expect_err("it asks for one");
    assert!(unfit.message.contains("NOPASSWD"), "{unfit}");
}

#[tokio::test]
async fn a_sudo_that_wants_a_terminal_is_no_riddle() {
    let Some(world) = World::with("/bin/sh", "USER ALL=(ALL) ALL\nDefaults:USER requiretty") else {
        return;
    };
    let session = connect(&world.hosts(Some(PASSWORD)), "sshd-1")
        .await
        .expect("a session");
    let said = step_as_root(&*session, 0, "id").await;
    assert_eq!(said.result.outcome, Outcome::Failed, "{said:?}");
    let reason = said.result.error.unwrap_or_default();
    assert!(reason.contains("tty"), "{reason}");
}

#[tokio::test]
async fn what_is_roots_is_stopped_too() {
    for sudoers in [
        "USER ALL=(ALL) ALL",
        "USER ALL=(ALL) ALL\nDefaults:USER use_pty",
        "USER ALL=(ALL) NOPASSWD: ALL",
    ] {
        let Some(world) = World::with("/bin/sh", sudoers) else {
            return;
        };
        let hosts = world.hosts(Some(PASSWORD));
        let pid = world.farm.server(1).home().join("pid");
        let text = format!(
            "trap '' TERM; echo $$ >{0}.new; mv {0}.new {0}; sleep 100; sleep 100",
            pid.display()
        );
        let gone = || {
            let number = std::fs::read_to_string(&pid).expect("a pid");
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", number.trim()));
            std::fs::remove_file(&pid).expect("it is there");
            stat.map_or(true, |stat| stat.contains(") Z "))
        };
        let (end, _, _) = ad_hoc(&hosts, &text, &root(), Some(Duration::from_secs(2))).await;
        assert_eq!(end, ExecEnd::TimedOut { gone: true }, "{sudoers}");
        assert!(gone(), "{sudoers}");

        let session = connect(&hosts, "sshd-1").await.expect("a session");
        let cancel = CancellationToken::new();
        let mut stubborn = step("sshd-1", 0);
        stubborn.sudo = true;
        let asking = async {
            until("it began", || pid.exists()).await;
            cancel.cancel();
        };
        let (said, ()) = tokio::join!(run_until(&*session, &text, &stubborn, cancel.clone()), asking);
        let reason = said.result.error.unwrap_or_default();
        assert!(reason.contains("nothing of it is left"), "{sudoers}: {reason}");
        assert!(gone(), "{sudoers}");
    }
}
