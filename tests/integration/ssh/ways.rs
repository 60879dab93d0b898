//! Ways to a host: jump hosts, and what stands in the way.

use std::net::TcpListener;
use std::sync::Arc;

use edgewise::domain::outcome::Outcome;
use futures_util::future::join_all;

use crate::support::ssh::{connect, failure, hosts, run, settings, step};
use crate::support::sshd::Farm;

#[tokio::test]
async fn over_two_jump_hosts_with_each_ones_key_checked() {
    let mut farm = Farm::start(3);
    let settings = settings(&farm, "Host sshd-3\n ProxyJump sshd-1,sshd-2\n");
    let chained = "Host sshd-3\n ProxyJump sshd-2\nHost sshd-2\n ProxyJump sshd-1\n";
    for extra in ["Host sshd-3\n ProxyJump sshd-1,sshd-2\n", chained] {
        let config = format!("{extra}{}", farm.ssh_config());
        std::fs::write(settings.config_file.as_ref().expect("set"), config).expect("written");
        let hosts = hosts(&settings);
        let session = connect(&hosts, "sshd-3").await.expect("a way");
        let said = run(&*session, "echo $HOME", &step("sshd-3", 0)).await;
        assert_eq!(said.stdout(), [farm.server(3).home().to_str().expect("UTF-8")]);
        session.close().await;
    }
    for server in [1, 2] {
        assert!(
            farm.server(server).log().contains("Accepted publickey"),
            "it went over {server}"
        );
    }
    farm.server_mut(2).change_key();
    let refused = failure(&hosts(&settings), "sshd-3").await;
    assert_eq!(refused.outcome, Outcome::HostKeyChanged, "{refused}");
    assert!(refused.message.contains("127.0.1.2"), "{refused}");
}

#[tokio::test]
async fn those_who_go_the_same_way_share_it() {
    let farm = Farm::start(4);
    let hosts = hosts(&settings(&farm, "Host sshd-2 sshd-3 sshd-4\n ProxyJump sshd-1\n"));
    let names = ["sshd-2", "sshd-3", "sshd-4"];
    let sessions = join_all(names.map(|name| connect(&hosts, name))).await;
    for session in sessions {
        let said = run(&*session.expect("a way"), "echo $HOME", &step("sshd-x", 0)).await;
        assert_eq!(said.stdout().len(), 1, "{:?}", said.result);
    }
    assert_eq!(
        farm.server(1).log().matches("Accepted publickey").count(),
        1,
        "one login for all"
    );
    let again = connect(&hosts, "sshd-2")
        .await
        .expect("a way, also after all have gone");
    again.close().await;
}

#[tokio::test]
async fn a_circle_of_jump_hosts_is_no_way() {
    let farm = Farm::start(1);
    let refused = failure(
        &hosts(&settings(&farm, "Host sshd-1\n ProxyJump sshd-1\n")),
        "sshd-1",
    )
    .await;
    assert!(refused.message.contains("jump hosts"), "{refused}");
}

#[tokio::test]
async fn nobody_there_and_nobody_who_speaks() {
    let farm = Farm::start(1);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("a port").port();
    let extra = format!(
        "ConnectTimeout 1\nHost silent\n HostName 127.0.0.1\n Port {port}\nHost shut\n HostName 127.0.0.1\n Port 1\n\
         Host nameless\n HostName no-such-name.invalid\nHost *\n"
    );
    let hosts = hosts(&settings(&farm, &extra));
    for (name, part) in [
        ("silent", "within 1 s"),
        ("shut", "cannot be reached"),
        ("nameless", "cannot be resolved"),
    ] {
        let refused = failure(&hosts, name).await;
        assert_eq!(refused.outcome, Outcome::Unreachable, "{refused}");
        assert!(refused.message.contains(part), "{refused}");
    }
}

#[tokio::test]
async fn by_ipv6_and_only_by_the_family_that_is_wanted() {
    let farm = Farm::with(&["ListenAddress [::1]:{port}"]);
    let port = farm.server(1).port();
    let extra = format!(
        "Host six\n HostName ::1\n Port {port}\nHost four\n HostName ::1\n Port {port}\n AddressFamily inet\nHost *\n"
    );
    let settings = settings(&farm, &extra);
    let file = settings.known_hosts_file.clone().expect("set");
    let line = format!("[::1]:{port} {}\n", farm.server(1).public_key());
    std::fs::write(&file, format!("{}{line}", farm.known_hosts())).expect("written");
    let hosts = hosts(&settings);
    let session = connect(&hosts, "six").await.expect("a way");
    let said = run(&*session, "echo $SSH_CONNECTION", &step("six", 0)).await;
    assert!(said.stdout()[0].starts_with("::1 "), "{said:?}");
    session.close().await;
    let refused = failure(&hosts, "four").await;
    assert!(refused.message.contains("AddressFamily inet"), "{refused}");
}

/// Passes on what comes, once it is told to.
async fn slow(
    to: (std::net::Ipv4Addr, u16),
) -> (u16, Arc<tokio::sync::Semaphore>, Arc<tokio::sync::Semaphore>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let port = listener.local_addr().expect("a port").port();
    let (came, may) = (
        Arc::new(tokio::sync::Semaphore::new(0)),
        Arc::new(tokio::sync::Semaphore::new(0)),
    );
    let (tell, wait) = (Arc::clone(&came), Arc::clone(&may));
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            tell.add_permits(1);
            let wait = Arc::clone(&wait);
            tokio::spawn(async move {
                wait.acquire().await.expect("open").forget();
                let mut far = tokio::net::TcpStream::connect(to).await.expect("a server");
                // Either side may hang up as it likes.
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    (port, came, may)
}

#[tokio::test]
async fn a_server_that_is_slow_with_its_first_word_is_waited_for_within_the_time() {
    let farm = Farm::with(&["Banner {dir}/host_key.pub"]);
    let server = farm.server(1);
    let (port, came, may) = slow((server.address(), server.port())).await;
    let extra = format!(
        "Host slow\n ConnectTimeout 30\nHost never\n ConnectTimeout 1\nHost slow never\n HostName 127.0.0.1\n Port {port}\n \
         HostKeyAlias [{}]:{}\nHost *\n",
        server.address(),
        server.port()
    );
    let hosts = hosts(&settings(&farm, &extra));
    let waiting = connect(&hosts, "slow");
    let releasing = async {
        came.acquire().await.expect("open").forget();
        may.add_permits(1);
    };
    let (session, ()) = tokio::join!(waiting, releasing);
    session.expect("it came in time").close().await;
    let refused = failure(&hosts, "never").await;
    assert_eq!(refused.outcome, Outcome::Unreachable, "{refused}");
    assert!(
        refused.message.contains("within 1 s: it did not show its key"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_command_that_only_jumps_is_a_jump_and_any_other_is_named() {
    let farm = Farm::start(2);
    let extra = "Host sshd-2\n ProxyCommand ssh -q -W %h:%p sshd-1\n";
    let hosts = hosts(&settings(&farm, extra));
    connect(&hosts, "sshd-2").await.expect("a way").close().await;
    assert!(
        farm.server(1).log().contains("Accepted publickey"),
        "it went over the first"
    );
    let asked = edgewise::ssh::Asked {
        name: "sshd-1".to_owned(),
        ..Default::default()
    };
    let other = crate::support::ssh::hosts(&settings(&farm, "Host sshd-1\n ProxyCommand nc %h %p\n"));
    let warnings = other.warnings(&[asked]);
    assert!(
        warnings.len() == 1 && warnings[0].contains("config:2: `ProxyCommand nc %h %p` is not run"),
        "{warnings:?}"
    );
}
