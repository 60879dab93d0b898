//! Ways to a host: jump hosts, and what stands in the way.

use std::net::TcpListener;

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
