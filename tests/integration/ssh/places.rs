//! More hosts than may be connected at once.

use std::time::Duration;

use edgewise::app::ports::{HeldUp, Hosts as _};
use edgewise::domain::outcome::Outcome;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::support::gate::Gate;
use crate::support::ssh::{action_id, connect_for, hosts, run, run_until, settings, step, until};
use crate::support::sshd::Farm;

/// Every name leads to the farm's server, over a gate that counts.
fn everybody(farm: &Farm, gate: &Gate, places: usize) -> edgewise::ssh::SshHosts {
    let config = format!("Host *-*\n HostName 127.0.0.1\n Port {}\n", gate.port());
    let mut settings = settings(farm, &config);
    let known = format!("[127.0.0.1]:{} {}\n", gate.port(), farm.server(1).public_key());
    std::fs::write(settings.known_hosts_file.as_ref().expect("set"), known).expect("written");
    settings.limits.connections = places;
    settings.patience_seconds = 5;
    hosts(&settings)
}

async fn gate(farm: &Farm) -> Gate {
    Gate::before(farm.server(1).address(), farm.server(1).port()).await
}

#[tokio::test]
async fn two_actions_that_are_each_bigger_than_the_limit_both_end() {
    let farm = Farm::start(1);
    let gate = gate(&farm).await;
    let hosts = everybody(&farm, &gate, 3);
    let work = |action: u8, host: u32| {
        let hosts = &hosts;
        async move {
            let name = format!("host-{action}-{host}");
            let session = connect_for(hosts, action, &name).await.expect("a session");
            for number in 0..2 {
                let said = run(&*session, "echo fine", &step(&name, number)).await;
                assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
                // Between two steps a host may soak, and its connection is closed for the others.
                tokio::time::sleep(Duration::from_millis(1100)).await;
            }
            session
        }
    };
    // Every session is kept to the end, as a runner keeps them.
    let all = (0..6).flat_map(|host| [work(1, host), work(2, host)]);
    let sessions = join_all(all).await;
    // A connection that is closed is seen by the gate a little later than here.
    assert!(gate.most() <= 4, "{} at once", gate.most());
    for session in sessions {
        session.close().await;
    }
    until("every line is closed", || gate.open() == 0).await;
}

#[tokio::test]
async fn a_wait_can_be_seen_and_given_up_and_takes_nothing_from_the_steps_time() {
    let farm = Farm::start(1);
    let home = farm.server(1).home();
    let gate = gate(&farm).await;
    let hosts = everybody(&farm, &gate, 1);
    let first = connect_for(&hosts, 1, "host-1").await.expect("a session");
    assert_eq!(hosts.held_up(action_id(1)), None);
    let busy = step("host-1", 0);
    let holding = run(&*first, ": >busy; while [ ! -e go ]; do sleep 0.02; done", &busy);
    let others = async {
        until("it is busy", || home.join("busy").exists()).await;
        let waiting = connect_for(&hosts, 2, "host-2");
        tokio::pin!(waiting);
        tokio::select! {
            _ = &mut waiting => panic!("there is no place"),
            () = until("it waits", || hosts.held_up(action_id(2)).is_some()) => {}
        }
        assert_eq!(
            hosts.held_up(action_id(2)),
            Some(HeldUp {
                waiting: 1,
                places: 1
            })
        );
        assert_eq!(hosts.held_up(action_id(1)), None);
        std::fs::write(home.join("go"), "").expect("written");
        waiting.await.expect("a session")
    };
    let (said, second) = tokio::join!(holding, others);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
    std::fs::remove_file(home.join("busy")).expect("it was there");
    std::fs::remove_file(home.join("go")).expect("it was there");

    // The first has lost its place to the second; its next step waits for it longer than the step itself may take.
    let busy = step("host-2", 0);
    let holding = run(&*second, ": >busy; while [ ! -e go ]; do sleep 0.02; done", &busy);
    let mut quick = step("host-1", 1);
    quick.timeout_seconds = 1;
    let waiting = async {
        until("it is busy", || home.join("busy").exists()).await;
        let cancel = CancellationToken::new();
        let given_up = step("host-1", 2);
        let cancelling = async {
            until("both wait", || {
                hosts.held_up(action_id(1))
                    == Some(HeldUp {
                        waiting: 1,
                        places: 1,
                    })
            })
            .await;
            cancel.cancel();
        };
        let (said, ()) = tokio::join!(
            run_until(&*first, "echo never", &given_up, cancel.clone()),
            cancelling
        );
        assert_eq!(said.result.outcome, Outcome::Failed, "{:?}", said.result);
        assert!(
            said.result
                .error
                .expect("words")
                .contains("before it was started")
        );
        let going = async {
            until("it waits", || hosts.held_up(action_id(1)).is_some()).await;
            tokio::time::sleep(Duration::from_millis(1500)).await;
            std::fs::write(home.join("go"), "").expect("written");
        };
        let (said, ()) = tokio::join!(run(&*first, "echo fine", &quick), going);
        assert_eq!(said.stdout(), ["fine"], "{:?}", said.result);
    };
    let (said, ()) = tokio::join!(holding, waiting);
    assert_eq!(said.result.outcome, Outcome::Ok, "{:?}", said.result);
}
