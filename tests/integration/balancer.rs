//! Load balancers: a real HAProxy by its runtime API, and a rollout behind it that clients do not notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use edgewise::app::ports::{Balancer as _, BalancerError};
use edgewise::balancer::Haproxy;
use edgewise::domain::name::TargetName;
use edgewise::domain::target::Target;
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

/// The names in service.
async fn in_service(balancer: &Haproxy) -> Vec<String> {
    let members = balancer.members("east", "web").await.unwrap().unwrap();
    members
        .into_iter()
        .filter(|member| member.in_service)
        .map(|member| member.name.to_string())
        .collect()
}

async fn until_in_service(balancer: &Haproxy, wanted: &[&str]) {
    let waiting = async {
        while in_service(balancer).await != wanted {
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
    let socket = format!("east={}", haproxy.socket().display());
    let balancer = Haproxy::new(vec![socket.parse().unwrap()], 1);
    until_in_service(&balancer, &["web-1", "web-2"]).await;
    assert_eq!(
        balancer.members("west", "web").await,
        Ok(None),
        "nobody to ask in this zone"
    );

    // A member with a session is drained: no new ones, and the one it has is counted until it ends.
    let mut client = TcpStream::connect(haproxy.front).await.unwrap();
    client
        .write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut busy = None;
    while busy.is_none() {
        for name in ["web-1", "web-2"] {
            if balancer.sessions("east", "web", &target(name)).await == Ok(Some(1)) {
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
        balancer.take_out("east", "web", &target(name)).await.unwrap();
        assert_eq!(in_service(&balancer).await, [other]);
    }
    assert_eq!(balancer.sessions("east", "web", &target(name)).await, Ok(Some(1)));
    drop(client);
    let waiting = async {
        while balancer.sessions("east", "web", &target(name)).await != Ok(Some(0)) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::support::server::PATIENCE, waiting)
        .await
        .unwrap();

    // Put back, it counts only once HAProxy's own check is content.
    well[busy].store(false, Ordering::SeqCst);
    let noticed = async {
        loop {
            if let Err(refused) = balancer.put_back("east", "web", &target(name)).await {
                break refused;
            }
            // HAProxy has not looked at it yet.
            balancer.take_out("east", "web", &target(name)).await.unwrap();
        }
    };
    let refused = tokio::time::timeout(crate::support::server::PATIENCE, noticed)
        .await
        .unwrap();
    assert!(
        matches!(&refused, BalancerError::Refused(words) if words.contains(name) && words.contains("is down")),
        "{refused}"
    );
    well[busy].store(true, Ordering::SeqCst);
    for _ in 0..2 {
        balancer.put_back("east", "web", &target(name)).await.unwrap();
        assert_eq!(in_service(&balancer).await, ["web-1", "web-2"]);
    }

    for (pool, name, words) in [
        ("web", "web-9", "No such server"),
        ("shop", "web-1", "No such backend"),
    ] {
        let refused = balancer.take_out("east", pool, &target(name)).await.unwrap_err();
        assert!(
            matches!(&refused, BalancerError::Refused(said) if said.contains(words)),
            "{refused}"
        );
    }
    let refused = balancer.members("east", "shop").await.unwrap_err();
    assert!(
        matches!(&refused, BalancerError::Refused(said) if said.contains("backend shop")),
        "{refused}"
    );

    haproxy.kill();
    for answer in [
        balancer.members("east", "web").await.unwrap_err(),
        balancer
            .take_out("east", "web", &target("web-1"))
            .await
            .unwrap_err(),
        balancer
            .sessions("east", "web", &target("web-1"))
            .await
            .unwrap_err(),
    ] {
        assert!(matches!(answer, BalancerError::Unreachable(_)), "{answer}");
    }
}

#[tokio::test]
async fn clients_behind_haproxy_do_not_notice_a_deploy() {
    let pool = |shop: &Shop| {
        let servers: Vec<Value> = (1..=3)
            .map(|number| {
                let server = shop.farm.server(number);
                json!({"name": format!("web-{number}"), "address": server.address(), "port": server.port(),
                       "vars": {"home": server.home()}})
            })
            .collect();
        json!({"server_info": "pool_info", "member_session_wait_time": 20,
               "pool_info": {"east": [{"pool_name": "web", "inpool_threshold": 60, "servers": servers}]}})
    };
    let mut shop = Shop::on(3).await;
    shop.configure(&pool(&shop));
    let ports = [
        shop.port_of(1).await,
        shop.port_of(2).await,
        shop.port_of(3).await,
    ];
    let haproxy =
        HaproxyProcess::start(&[("web-1", ports[0]), ("web-2", ports[1]), ("web-3", ports[2])]).await;
    shop.place
        .set("EDGEWISE_HAPROXY__SOCKETS", haproxy.socket().to_str().unwrap());
    let (_server, client) = shop.open().await;

    let first = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&first, "COMPLETED").await;
    assert_eq!(shop.running(), ["1"; 3]);
    let balancer = Haproxy::new(vec![haproxy.socket().to_str().unwrap().parse().unwrap()], 1);
    assert_eq!(in_service(&balancer).await, ["web-1", "web-2", "web-3"]);

    let (stop, good, bad) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicUsize::new(0)),
    );
    let traffic = {
        let (stop, good, bad, front) = (
            Arc::clone(&stop),
            Arc::clone(&good),
            Arc::clone(&bad),
            haproxy.front,
        );
        tokio::spawn(async move {
            let http = reqwest::Client::new();
            while !stop.load(Ordering::SeqCst) {
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
    stop.store(true, Ordering::SeqCst);
    traffic.await.unwrap();
    assert_eq!(shop.running(), ["2"; 3]);
    assert_eq!(
        bad.load(Ordering::SeqCst),
        0,
        "{} were answered",
        good.load(Ordering::SeqCst)
    );
    assert_eq!(in_service(&balancer).await, ["web-1", "web-2", "web-3"]);
}

#[tokio::test]
async fn an_action_waits_for_a_haproxy_that_is_gone_and_breaks_no_promise() {
    let mut shop = Shop::on(2).await;
    let servers: Vec<Value> = (1..=2)
        .map(|number| {
            let server = shop.farm.server(number);
            json!({"name": format!("web-{number}"), "address": server.address(), "port": server.port(),
                   "vars": {"home": server.home()}})
        })
        .collect();
    shop.configure(&json!({"server_info": "pool_info", "soak_seconds": 0,
        "pool_info": {"east": [{"pool_name": "web", "inpool_threshold": 50, "servers": servers}]}}));
    let ports = [shop.port_of(1).await, shop.port_of(2).await];
    let mut haproxy = HaproxyProcess::start(&[("web-1", ports[0]), ("web-2", ports[1])]).await;
    shop.place
        .set("EDGEWISE_HAPROXY__SOCKETS", haproxy.socket().to_str().unwrap());
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
