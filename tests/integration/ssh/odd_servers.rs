//! Servers that do what OpenSSH never would: every path ends, in bounded time, with a word of the contract, and leaves nothing.

use std::fmt::Write as _;
use std::time::Duration;

use edgewise::domain::outcome::Outcome;
use edgewise::ssh::{Asked, ExecEnd};
use futures_util::future::join_all;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use crate::support::fake_ssh::{Fake, Manners};
use crate::support::ssh::{ad_hoc, connect, failure, hosts, run, settings, step, until};
use crate::support::sshd::Farm;

const SHORT: &str = "ConnectTimeout 2\nServerAliveInterval 1\nServerAliveCountMax 2\n";

fn asked(name: &str) -> Asked {
    Asked {
        name: name.to_owned(),
        ..Asked::default()
    }
}

/// What an ad-hoc command came to: the end, or the error with its outcome.
async fn command_on(fake: &Fake, timeout: Option<Duration>) -> String {
    let hosts = hosts(&fake.settings(SHORT));
    let connection = match hosts.dial(&asked("odd")).await {
        Ok(connection) => connection,
        Err(error) => return format!("{}: {error}", error.outcome()),
    };
    let ended = ad_hoc(&connection, "true", timeout).await;
    connection.close().await;
    match ended {
        Ok((end, _)) => format!("{end:?}"),
        Err(error) => format!("{}: {error}", error.outcome()),
    }
}

#[tokio::test]
async fn a_command_ends_whatever_the_server_does() {
    let second = Some(Duration::from_secs(1));
    let cases = [
        (Manners::Good, None, "Exit(0)"),
        (Manners::NoLogin, None, "unreachable: tester@127.0.0.1"),
        (Manners::NoSession, None, "did not open a session within 2 s"),
        (
            Manners::NoExec,
            None,
            "did not say in time whether it runs the command",
        ),
        (Manners::NoWindow, second, "TimedOut { gone: false }"),
        (Manners::FloodErrors, second, "TimedOut { gone: false }"),
        (Manners::FloodLine, second, "TimedOut { gone: false }"),
        (Manners::FloodRequests, None, "Signal(\"NOISE\")"),
        (Manners::NoStatus, None, "closed the channel without a word"),
        (Manners::NoClose, None, "Exit(3)"),
        (Manners::NoEnd, second, "TimedOut { gone: false }"),
        (Manners::LateStatus, None, "closed the channel without a word"),
        (Manners::TwoStatuses, None, "Exit(4)"),
    ];
    let before = Handle::current().metrics().num_alive_tasks();
    let cases = cases.map(|(manners, timeout, part)| async move {
        let fake = Fake::start(manners).await;
        let ended = command_on(&fake, timeout).await;
        assert!(ended.contains(part), "{manners:?}: {ended}");
        fake.let_go();
        until(&format!("{manners:?} is alone again"), || fake.open() == 0).await;
    });
    join_all(cases).await;
    until("no task is left", || {
        Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
}

#[tokio::test]
async fn a_step_ends_whatever_the_server_does() {
    use Outcome::{Timeout, Unknown, Unreachable};
    let cases = [
        (Manners::Good, vec![Unknown], "ForceCommand"),
        (Manners::NoSession, vec![Unreachable], "did not open a session"),
        (Manners::NoExec, vec![Unknown, Timeout], ""),
        (
            Manners::NoWindow,
            vec![Timeout],
            "whether it still runs is not known",
        ),
        (
            Manners::FloodErrors,
            vec![Timeout],
            "whether it still runs is not known",
        ),
        (
            Manners::FloodLine,
            vec![Timeout],
            "whether it still runs is not known",
        ),
        (
            Manners::NoStatus,
            vec![Unknown],
            "whether it was started is not known",
        ),
        (
            Manners::NoClose,
            vec![Unknown],
            "whether it was started is not known",
        ),
        (
            Manners::NoEnd,
            vec![Timeout],
            "whether it still runs is not known",
        ),
        (
            Manners::LateStatus,
            vec![Unknown],
            "whether it was started is not known",
        ),
        (
            Manners::TwoStatuses,
            vec![Unknown],
            "whether it was started is not known",
        ),
    ];
    let before = Handle::current().metrics().num_alive_tasks();
    let cases = cases.map(|(manners, outcomes, part)| async move {
        let fake = Fake::start(manners).await;
        let mut settings = fake.settings(SHORT);
        settings.patience_seconds = 1;
        let session = connect(&hosts(&settings), "odd").await.expect("it lets us in");
        let mut step = step("odd", 0);
        step.timeout_seconds = if outcomes.contains(&Timeout) { 2 } else { 60 };
        let said = run(&*session, "true", &step).await;
        assert!(
            outcomes.contains(&said.result.outcome),
            "{manners:?}: {:?}",
            said.result
        );
        let error = said.result.error.unwrap_or_default();
        assert!(error.contains(part), "{manners:?}: {error}");
        session.close().await;
        until(&format!("{manners:?} is alone again"), || fake.open() == 0).await;
    });
    join_all(cases).await;
    until("no task is left", || {
        Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
}

/// What a server says before it should speak SSH.
#[derive(Clone, Copy)]
enum Talk {
    /// Nothing, and hangs up.
    HangUp,
    /// Nothing.
    Silence,
    /// A version, then nothing.
    Version,
    /// Lines without end.
    Lines,
    /// One line without end.
    Line,
    /// A byte a second.
    Drip,
    /// Something else.
    Http,
    /// A version, then bytes that mean nothing.
    Noise,
    /// A packet that is longer than any may be.
    Huge,
}

async fn talk(mut socket: TcpStream, talk: Talk) -> std::io::Result<()> {
    const VERSION: &[u8] = b"SSH-2.0-Odd\r\n";
    match talk {
        Talk::HangUp => return Ok(()),
        Talk::Silence => {}
        Talk::Version => socket.write_all(VERSION).await?,
        Talk::Lines => loop {
            socket.write_all(b"wait a moment\r\n").await?;
        },
        Talk::Line => loop {
            socket.write_all(&[b'x'; 4096]).await?;
        },
        Talk::Drip => {
            for byte in VERSION {
                socket.write_all(&[*byte]).await?;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }
        Talk::Http => socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?,
        Talk::Noise => {
            socket.write_all(VERSION).await?;
            loop {
                socket.write_all(&[0x17; 4096]).await?;
            }
        }
        Talk::Huge => {
            socket.write_all(VERSION).await?;
            socket.write_all(&[0x7f, 0xff, 0xff, 0xff, 4, 20]).await?;
        }
    }
    // Until the guest goes.
    let mut rest = [0; 4096];
    while socket.read(&mut rest).await? > 0 {}
    Ok(())
}

#[tokio::test]
async fn a_port_that_speaks_no_ssh_is_found_out_in_time() {
    let farm = Farm::start(0);
    let before = Handle::current().metrics().num_alive_tasks();
    let cases = [
        (Talk::HangUp, "too many logins at once"),
        (Talk::Silence, "did not let us in within 2 s"),
        (Talk::Version, "did not let us in within 2 s"),
        (Talk::Lines, "before the login"),
        (Talk::Line, "before the login"),
        (Talk::Drip, "did not let us in within 2 s"),
        (Talk::Http, "did not let us in within 2 s"),
        (Talk::Noise, "before the login"),
        (Talk::Huge, "before the login"),
    ];
    let mut config = SHORT.to_owned();
    let mut tasks = Vec::new();
    for (number, (what, _)) in cases.iter().enumerate() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("a port").port();
        writeln!(config, "Host odd-{number}\n HostName 127.0.0.1\n Port {port}").expect("a text");
        let what = *what;
        tasks.push(tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.expect("a guest");
                tokio::spawn(talk(socket, what));
            }
        }));
    }
    let hosts = hosts(&settings(&farm, &config));
    let refused = join_all((0..cases.len()).map(|number| {
        let hosts = &hosts;
        async move { failure(hosts, &format!("odd-{number}")).await }
    }))
    .await;
    for ((_, part), refused) in cases.iter().zip(&refused) {
        assert_eq!(refused.outcome, Outcome::Unreachable, "{refused}");
        assert!(refused.message.contains(part), "{part}: {refused}");
    }
    for task in &tasks {
        task.abort();
    }
    // Each guest's end ends its server's task too: nothing of a connection is left here.
    until("no task is left", || {
        Handle::current().metrics().num_alive_tasks() <= before
    })
    .await;
}

#[tokio::test]
async fn many_come_and_go_and_nothing_is_left() {
    let fake = Fake::start(Manners::Good).await;
    let hosts = hosts(&fake.settings(""));
    let window = tokio::sync::Semaphore::new(50);
    let alive = || Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let (mut early, mut done) = (0, 0);
    let mut going: futures_util::stream::FuturesUnordered<_> = (0..300)
        .map(|number: usize| {
            let (hosts, window) = (&hosts, &window);
            async move {
                let _place = window.acquire().await.expect("open");
                let asked = Asked {
                    name: format!("host-{number}"),
                    address: Some(format!("127.1.{}.{}", number / 200, 1 + number % 200)),
                    ..Asked::default()
                };
                let connection = hosts.dial(&asked).await.expect("it lets us in");
                let (end, out) = ad_hoc(&connection, "true", None).await.expect("it runs");
                assert_eq!((end, out.as_slice()), (ExecEnd::Exit(0), &b"hello\n"[..]));
                connection.close().await;
            }
        })
        .collect();
    while futures_util::StreamExt::next(&mut going).await.is_some() {
        done += 1;
        if done == 100 {
            early = alive();
        }
    }
    drop(going);
    assert_eq!((fake.taken(), fake.commands()), (300, 300));
    // The server sees the end of a connection a little later than the client.
    assert!(fake.most() <= 100, "{} at once", fake.most());
    until("all have gone", || fake.open() == 0 && alive() <= before).await;
    assert!(early > before, "it was measured while they were at work");
}
