//! Whatever shell the user logs in with, and odd homes.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use edgewise::app::ports::HostNeeds;
use edgewise::domain::lease::Lease;
use edgewise::domain::name::TargetName;
use edgewise::domain::outcome::Outcome;
use edgewise::domain::sanitize::{Clearance, SanitizedCommand, Sanitizer};
use edgewise::ssh::{AdHoc, Asked, ExecEnd, Manner, Piece};
use tokio_util::sync::CancellationToken;

use crate::support::login::Login;
use crate::support::ssh::{connect, hosts, put, run, settings, step, upload};
use crate::support::sshd::Farm;

#[tokio::test]
async fn any_login_shell_will_do() {
    // Only dash and busybox are always there; the others count where somebody has them.
    let busybox = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(busybox.path(), PermissionsExt::from_mode(0o755)).expect("opened");
    let ash = busybox.path().join("ash");
    std::fs::copy("/bin/busybox", &ash).expect("busybox");
    let ash = ash.to_str().expect("UTF-8");
    let shells = [
        "/bin/dash",
        ash,
        "/bin/bash",
        "/usr/bin/fish",
        "/bin/tcsh",
        "/bin/zsh",
        "/bin/mksh",
        "/bin/ksh93",
    ];
    for shell in shells {
        if !Path::new(shell).exists() {
            eprintln!("not tested here: {shell}");
            continue;
        }
        let Some(login) = Login::make(shell, "") else {
            return;
        };
        let farm = Farm::start(1);
        login.at_home_in(&farm);
        let mut settings = settings(&farm, "");
        settings.user = Some(login.name.clone());
        let hosts = hosts(&settings);
        let session = connect(&hosts, "sshd-1").await.expect("a session");
        session.check(&HostNeeds::default()).await.expect("fit");
        let mut first = step("sshd-1", 0);
        first
            .env
            .insert("A".to_owned(), "it's \"$HOME\" !! \\n".to_owned());
        let said = run(&*session, "printf '%s' \"$A\"; exit 3", &first).await;
        assert_eq!(said.result.exit_code, Some(3), "{shell}: {said:?}");
        assert_eq!(said.stdout(), ["it's \"$HOME\" !! \\n"], "{shell}");
        let dest = farm.server(1).home().join("put");
        let sent = put(
            &*session,
            &upload("sshd-1", &dest, b"bytes".to_vec()),
            CancellationToken::new(),
        )
        .await;
        assert_eq!(sent.outcome, Outcome::Ok, "{shell}: {sent:?}");

        let asked = Asked {
            name: "sshd-1".to_owned(),
            ..Asked::default()
        };
        let connection = hosts.dial(&asked).await.expect("a connection");
        let bytes: Vec<u8> = (0..=255_u8).cycle().take(100_000).collect();
        for stdin in [None, Some(bytes.clone())] {
            let manner = Manner {
                umask: Some("0077".to_owned()),
                env: [("A".to_owned(), "a'b".to_owned())].into(),
                stdin: stdin.clone().map(Into::into),
                ..Manner::default()
            };
            let lease = Lease::of_process(1, TargetName::parse("sshd-1").expect("a name"));
            let text = "printf '%s|' \"$A\" >&2; umask >&2; cat";
            let command = SanitizedCommand::check(&Sanitizer::default(), text, None, Clearance::Approved)
                .expect("fine");
            let ad_hoc = AdHoc {
                lease: &lease,
                command: &command,
                manner: &manner,
                timeout: None,
                cancel: CancellationToken::new(),
            };
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let end = connection
                .ad_hoc(&ad_hoc, |piece| match piece {
                    Piece::Stdout(bytes) => out.extend_from_slice(bytes),
                    Piece::Stderr(bytes) => err.extend_from_slice(bytes),
                })
                .await
                .expect("started");
            let err = String::from_utf8_lossy(&err);
            assert_eq!(end, ExecEnd::Exit(0), "{shell}: {err}");
            assert!(err == "a'b|0077\n" || err == "a'b|077\n", "{shell}: {err}");
            assert!(out == stdin.unwrap_or_default(), "{shell}: every byte, in order");
        }
        connection.close().await;
    }
}

#[tokio::test]
async fn a_home_with_blanks_and_one_that_is_not_there() {
    let farm = Farm::with(&["SetEnv HOME=\"{dir}/home/a b 'c\"", "SetEnv HOME=/proc/nowhere"]);
    std::fs::create_dir(farm.server(1).home().join("a b 'c")).expect("a folder");
    let hosts = hosts(&settings(&farm, ""));
    let session = connect(&hosts, "sshd-1").await.expect("a session");
    session.check(&HostNeeds::default()).await.expect("fit");
    let said = run(&*session, "basename \"$PWD\"", &step("sshd-1", 0)).await;
    assert_eq!(said.stdout(), ["a b 'c"], "{said:?}");
    session.sweep(1).await.expect("swept");

    let session = connect(&hosts, "sshd-2").await.expect("a session");
    let unfit = session.check(&HostNeeds::default()).await.expect_err("no home");
    assert!(unfit.message.contains("cannot be written"), "{unfit}");
    let said = run(&*session, "id", &step("sshd-2", 0)).await;
    assert_eq!(said.result.outcome, Outcome::Failed, "{said:?}");
    let reason = said.result.error.unwrap_or_default();
    assert!(
        reason.starts_with("it was not started") && reason.contains("/proc/nowhere"),
        "{reason}"
    );
}
