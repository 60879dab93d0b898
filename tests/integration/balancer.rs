//! Load balancers: a real HAProxy by its runtime API, and a rollout behind it that clients do not notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use edgewise::app::ports::{Balancer as _, BalancerError};
use edgewise::balancer::Haproxy;
use edgewise::domain::name::TargetName;
use edgewise::domain::target::{BalancerAt, PoolPlace, Target};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::haproxy::HaproxyProcess;
use crate::support::shop::{Shop, act, until};

fn target(name: &str) -> Target {
    Target {
        name: TargetName::parse(name).unwrap(),
        address: "127.0.0.1".to_owned(),
        port: None,
        user: None,
        zone: "east".to_owned(),
        pools: vec!["web".to_owned()],
        labels: std::collections::BTreeMap::new(),
        vars: std::collections::BTreeMap::new(),
    }
}

/// A pool behind it.
fn pool(haproxy: &HaproxyProcess, backend: &str) -> PoolPlace {
    PoolPlace {
        zone: "east".to_owned(),
        name: "web".to_owned(),
        backend: backend.to_owned(),
        balancer: Some(BalancerAt::Haproxy {
            address: vec![haproxy.address()],
        }),
    }
}

/// The names in service.
async fn in_service(pool: &PoolPlace) -> Vec<String> {
    let members = Haproxy.members(pool).await.unwrap().unwrap();
    members
        .into_iter()
        .filter(|member| member.in_service)
        .map(|member| member.name.to_string())
        .collect()
}

async fn until_in_service(pool: &PoolPlace, wanted: &[&str]) {
    let waiting = async {
        while in_service(pool).await != wanted {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    assert!(
        tokio::time::timeout(crate::support::server::PATIENCE, waiting)
            .await
            .is_ok(),
        "{wanted:?} were never in service"
    );
}

/// A server that says it is well while `well`, and keeps every other request open until it is dropped.
async fn application(well: Arc<AtomicBool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let well = Arc::clone(&well);
            tokio::spawn(async move {
                let mut head = vec![0; 1024];
                let read = client.read(&mut head).await.unwrap_or(0);
                if head[..read].starts_with(b"GET /web-1") {
                    let status = if well.load(Ordering::SeqCst) {
                        "200 OK"
                    } else {
                        "503 No"
                    };
                    let answer =
                        format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                    // Whoever asked may have gone.
                    let _ = client.write_all(answer.as_bytes()).await;
                } else {
                    // Until HAProxy closes it.
                    let _ = client.read(&mut head).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn haproxy_says_who_is_in_service_and_takes_members_out_and_back() {
    let well: Vec<Arc<AtomicBool>> = (0..2).map(|_| Arc::new(AtomicBool::new(true))).collect();
    let (one, two) = (
        application(Arc::clone(&well[0])).await,
        application(Arc::clone(&well[1])).await,
    );
    let mut haproxy = HaproxyProcess::start(&[("web-1", one), ("web-2", two)]).await;
    let web = pool(&haproxy, "web");
    until_in_service(&web, &["web-1", "web-2"]).await;

    // A member with a session is drained: no new ones, and the one it has is counted until it ends.
    let mut client = TcpStream::connect(haproxy.front).await.unwrap();
    client
        .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut busy = None;
    while busy.is_none() {
        for name in ["web-1", "web-2"] {
            if Haproxy.sessions(&web, &target(name)).await == Ok(Some(1)) {
                busy = Some(name);
            }
        }
        tokio::task::yield_now().await;
    }
    let (busy, other) = if busy == Some("web-1") {
        (0, "web-2")
    } else {
        (1, "web-1")
    };
    let name = ["web-1", "web-2"][busy];
    for _ in 0..2 {
        Haproxy.take_out(&web, &target(name)).await.unwrap();
        assert_eq!(in_service(&web).await, [other]);
    }
    assert_eq!(Haproxy.sessions(&web, &target(name)).await, Ok(Some(1)));
    drop(client);
    let waiting = async {
        while Haproxy.sessions(&web, &target(name)).await != Ok(Some(0)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::support::server::PATIENCE, waiting)
        .await
        .unwrap();

    Haproxy.shut(&web, &target(name)).await.unwrap();
    assert_eq!(in_service(&web).await, [other]);
    for _ in 0..2 {
        Haproxy.put_back(&web, &target(name)).await.unwrap();
        until_in_service(&web, &["web-1", "web-2"]).await;
    }
    // Whoever HAProxy's own checks find ill is not in service, whatever it was told.
    well[busy].store(false, Ordering::SeqCst);
    until_in_service(&web, &[other]).await;
    well[busy].store(true, Ordering::SeqCst);
    until_in_service(&web, &["web-1", "web-2"]).await;

    for (backend, name, words) in [
        ("web", "web-9", "No such server"),
        ("shop", "web-1", "No such backend"),
    ] {
        let refused = Haproxy
            .take_out(&pool(&haproxy, backend), &target(name))
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, BalancerError::Refused(said) if said.contains(words)),
            "{refused}"
        );
    }
    let refused = Haproxy.members(&pool(&haproxy, "shop")).await.unwrap_err();
    assert!(matches!(&refused, BalancerError::Refused(_)), "{refused}");

    haproxy.kill();
    for answer in [
        Haproxy.members(&web).await.unwrap_err(),
        Haproxy.take_out(&web, &target("web-1")).await.unwrap_err(),
        Haproxy.sessions(&web, &target("web-1")).await.unwrap_err(),
    ] {
        assert!(matches!(answer, BalancerError::Unreachable(_)), "{answer}");
    }
}

#[tokio::test]
async fn clients_behind_haproxy_do_not_notice_a_deploy() {
    let behind = |shop: &Shop, haproxy: &HaproxyProcess| {
        let servers: Vec<Value> = (1..=3)
            .map(|number| {
                let server = shop.farm.server(number);
                json!({"name": format!("web-{number}"), "address": server.address(), "port": server.port(),
                       "vars": {"home": server.home()}})
            })
            .collect();
        json!({"server_info": "pool_info", "member_session_wait_time": 20,
               "balancer_info": {"east": {"kind": "haproxy", "address": haproxy.address()}},
               "pool_info": {"east": [{"pool_name": "web", "inpool_threshold": 60, "servers": servers}]}})
    };
    let shop = Shop::on(3).await;
    let ports = [
        shop.port_of(1).await,
        shop.port_of(2).await,
        shop.port_of(3).await,
    ];
    let haproxy =
        HaproxyProcess::start(&[("web-1", ports[0]), ("web-2", ports[1]), ("web-3", ports[2])]).await;
    shop.configure(&behind(&shop, &haproxy));
    let (_server, client) = shop.open().await;

    let first = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&first, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"; 3]);
    let web = pool(&haproxy, "web");
    assert_eq!(in_service(&web).await, ["web-1", "web-2", "web-3"]);

    let (over, good, bad) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let traffic = {
        let (over, good, bad, front) = (
            Arc::clone(&over),
            Arc::clone(&good),
            Arc::clone(&bad),
            haproxy.front,
        );
        tokio::spawn(async move {
            let http = reqwest::Client::new();
            while !over.load(Ordering::SeqCst) {
                let answer = http.get(format!("http://{front}/web-1")).send().await;
                let well = answer.is_ok_and(|answer| answer.status() == 200);
                if well { &good } else { &bad }.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
        })
    };
    until("traffic flows", || good.load(Ordering::SeqCst) > 10).await;
    let second = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    client.ends(&second, "COMPLETED").await;
    over.store(true, Ordering::SeqCst);
    traffic.await.unwrap();
    assert_eq!(shop.running(), ["2"; 3]);
    assert_eq!(
        bad.load(Ordering::SeqCst),
        0,
        "{} were answered",
        good.load(Ordering::SeqCst)
    );
    assert_eq!(in_service(&web).await, ["web-1", "web-2", "web-3"]);
}

#[tokio::test]
async fn an_action_waits_for_a_haproxy_that_is_gone_and_breaks_no_promise() {
    let shop = Shop::on(2).await;
    let servers: Vec<Value> = (1..=2)
        .map(|number| {
            let server = shop.farm.server(number);
            json!({"name": format!("web-{number}"), "address": server.address(), "port": server.port(),
                   "vars": {"home": server.home()}})
        })
        .collect();
    let ports = [shop.port_of(1).await, shop.port_of(2).await];
    let mut haproxy = HaproxyProcess::start(&[("web-1", ports[0]), ("web-2", ports[1])]).await;
    shop.configure(&json!({"server_info": "pool_info", "soak_seconds": 0,
        "balancer_info": {"east": {"kind": "haproxy", "address": haproxy.address()}},
        "pool_info": {"east": [{"pool_name": "web", "inpool_threshold": 50, "servers": servers}]}}));
    let (_server, client) = shop.open().await;
    let first = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&first, "COMPLETED").await;

    let second = act(
        &client,
        "deploy",
        &json!({"all": true, "version": "2", "countdown": 2}),
    )
    .await;
    haproxy.kill();
    let waiting = client
        .until(&second, "it waits for the balancer", |action| {
            action["waiting_for"]["kind"] == "balancer"
        })
        .await;
    assert_eq!(waiting["status"], "WAITING", "{waiting}");
    assert!(
        waiting["waiting_for"]["unblock"]
            .as_str()
            .is_some_and(|words| !words.is_empty()),
        "{waiting}"
    );
    assert_eq!(shop.running(), ["1"; 2], "nobody was taken out unseen");
    client
        .post(
            &format!("/api/v1/actions/{second}/abort"),
            &json!({"reason": "balancer gone"}),
        )
        .await
        .wanted(200);
    assert_eq!(shop.running(), ["1"; 2]);
}
