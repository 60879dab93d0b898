//! Logs, events, figures: an action as those see it who watch.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::server::PATIENCE;
use crate::support::shop::{Shop, act, url};

#[tokio::test]
async fn the_log_is_whole_in_pages_and_can_be_searched() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;

    let whole = client.log(&id, "limit=5000").await;
    assert_eq!(
        client.log(&id, "limit=3").await,
        whole,
        "pages lose nothing and repeat nothing"
    );
    for entry in &whole {
        for key in [
            "seq",
            "time",
            "level",
            "target",
            "step",
            "stream",
            "text",
            "outcome",
            "exit_code",
        ] {
            assert!(entry.get(key).is_some(), "{key} in {entry}");
        }
        assert!(entry["time"].as_str().unwrap().ends_with('Z'));
    }
    let texts = |entries: &[Value]| -> Vec<String> {
        entries
            .iter()
            .map(|entry| entry["text"].as_str().unwrap().to_owned())
            .collect()
    };
    let basic = client.log(&id, "level=basic").await;
    let detail = client.log(&id, "level=detail").await;
    assert_eq!(basic.len() + detail.len(), whole.len());
    assert!(
        texts(&basic).iter().any(|text| text.contains("COMPLETED")),
        "the story has its end"
    );
    let one = client.log(&id, "target=web-2&step=start").await;
    assert!(
        texts(&one).iter().any(|text| text.contains("current/start")),
        "the command as it was sent"
    );
    assert!(texts(&one).contains(&"started 1".to_owned()));
    assert!(
        one.iter()
            .all(|entry| entry["target"] == "web-2" && entry["step"] == "start")
    );
    let end = one.iter().find(|entry| entry["outcome"] == "ok").unwrap();
    assert_eq!(end["exit_code"], 0);
    let found = client.log(&id, "q=starting").await;
    assert_eq!(
        texts(&found).iter().filter(|text| *text == "starting 1").count(),
        2
    );
    client
        .get(&format!("/api/v1/actions/{id}/logs?level=all"))
        .await
        .fault(422, "level");
    client
        .get(&format!("/api/v1/actions/{id}/logs?after=x"))
        .await
        .fault(422, "after");
}

#[tokio::test]
async fn events_tell_the_story_once_also_to_one_who_comes_back() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    shop.hold(2);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    // The first watches from the beginning and loses the line in the middle.
    let mut told = client
        .events(&id, None, |event| event.data["text"] == "started 1")
        .await;
    shop.begun(2, 1).await;
    shop.release(2);
    let last = told.last().unwrap().id;
    told.extend(client.events(&id, Some(last), |_| false).await);
    let end = told.last().unwrap();
    assert!(
        told.iter()
            .any(|event| event.event == "action" && event.data["status"] == "COMPLETED"),
        "{end:?}"
    );

    // The second comes when all is over, and is told the same.
    let after = client.events(&id, None, |_| false).await;
    let logs = |told: &[crate::support::server::Told]| -> Vec<u64> {
        told.iter()
            .filter(|event| event.event == "log")
            .map(|event| event.id)
            .collect()
    };
    assert_eq!(logs(&told), logs(&after));
    let numbers: Vec<u64> = told.iter().map(|event| event.id).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    let log: Vec<u64> = client
        .log(&id, "")
        .await
        .iter()
        .map(|entry| entry["seq"].as_u64().unwrap())
        .collect();
    assert_eq!(
        logs(&told),
        log,
        "every entry of the log is an event of the same number"
    );
    let kinds: BTreeSet<&str> = told.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["action", "log", "step", "target"]));
    let steps = |told: &[crate::support::server::Told]| -> Vec<Value> {
        told.iter()
            .filter(|event| event.event == "step")
            .map(|event| event.data.clone())
            .collect()
    };
    assert_eq!(steps(&told), steps(&after));
    let seq = client.action(&id).await["seq"].as_u64().unwrap();
    assert_eq!(
        client.events(&id, Some(seq + 1000), |_| false).await,
        [],
        "nothing is after the end"
    );
}

#[tokio::test]
async fn who_is_cut_off_within_an_event_is_told_the_rest_and_the_end() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    let whole = client.events(&id, None, |_| false).await;
    let end = whole
        .iter()
        .rposition(|told| told.event == "action" && told.data["status"] == "COMPLETED")
        .unwrap();
    assert_ne!(
        whole[end - 1].event,
        "log",
        "the event of the end has more than one item"
    );
    let count = std::cell::Cell::new(0);
    let cut = client
        .events(&id, None, |_| {
            count.set(count.get() + 1);
            count.get() == end
        })
        .await;
    assert_eq!(cut, whole[..end]);
    let rest = client
        .events(&id, cut.last().map(|told| told.id), |_| false)
        .await;
    assert!(
        rest.iter()
            .any(|told| told.event == "action" && told.data["status"] == "COMPLETED"),
        "{rest:?}"
    );
}

#[tokio::test]
async fn a_stream_ends_with_the_token_it_was_asked_for_with() {
    let shop = Shop::on(1).await;
    let (server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    let viewer = server.client(&shop.place.token("v", "pay", "viewer").await);
    let following = viewer.events(&id, None, |_| false);
    tokio::pin!(following);
    // It is open, and stays so as long as nothing happens.
    let metrics = async {
        while !client
            .get("/metrics")
            .await
            .text
            .contains("edgewise_event_streams 1")
        {}
    };
    tokio::select! {
        told = &mut following => panic!("it ended: {told:?}"),
        () = metrics => {}
    }
    shop.place.done(&["token", "revoke", "v"], "").await;
    let told = tokio::time::timeout(PATIENCE, following).await.expect("it ends");
    assert!(!told.iter().any(|told| told.data["status"] == "COMPLETED"));
    shop.release(1);
    client.ends(&id, "COMPLETED").await;
}

#[tokio::test]
async fn the_server_says_how_it_is_and_what_it_did_without_names() {
    let shop = Shop::on(2).await;
    let (server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true, "user": "jdoe"})).await;
    client.ends(&id, "COMPLETED").await;
    let stranger = server.stranger();
    assert_eq!(stranger.get("/healthz").await.wanted(200)["status"], "alive");
    assert_eq!(stranger.get("/readyz").await.wanted(200)["status"], "ready");
    // The action is over before the server has closed its connections.
    let count = r#"edgewise_actions_total{space="pay",project="web",action="deploy",status="COMPLETED"} 1"#;
    let mut metrics = stranger.get("/metrics").await;
    while !metrics.text.contains("edgewise_ssh_sessions 0")
        || !metrics.text.contains("edgewise_actions_active 0")
        || !metrics.text.contains(count)
    {
        metrics = stranger.get("/metrics").await;
    }
    assert_eq!(metrics.status, 200);
    assert!(metrics.header("content-type").starts_with("text/plain"));
    for wanted in [
        "# TYPE edgewise_actions_total gauge",
        "edgewise_steps_total{outcome=\"ok\"}",
        "edgewise_step_seconds",
        "edgewise_http_request_seconds",
    ] {
        assert!(metrics.text.contains(wanted), "{wanted} in\n{}", metrics.text);
    }
    for name in ["web-1", "jdoe", "ci", &id] {
        let word = |line: &str| {
            line.split(|c: char| !c.is_alphanumeric() && c != '-')
                .any(|word| word == name)
        };
        assert!(!metrics.text.lines().any(word), "{name} in\n{}", metrics.text);
    }
    let openapi = stranger.get("/api/openapi.json").await.wanted(200);
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in ["/api/v1/actions", "/", "/space/pay"] {
        let answer = stranger.get(path).await;
        assert!(
            answer.status == 401 || answer.text.contains("password"),
            "{path}: {}",
            answer.status
        );
    }
}

#[tokio::test]
async fn looking_changes_nothing() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    let before = client.ends(&id, "COMPLETED").await;
    for path in [
        "/api/v1/actions".to_owned(),
        format!("/api/v1/actions/{id}"),
        format!("/api/v1/actions/{id}/logs"),
        url("deploy"),
        format!("{}plan", url("deploy")),
        format!("/api/v1/actions/{id}/abort"),
        format!("/api/v1/actions/{id}/retry"),
        "/space/pay/web".to_owned(),
        "/logout".to_owned(),
    ] {
        let answer = client.get(&path).await;
        assert!(
            [200, 303, 401, 404, 405].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
    }
    assert_eq!(client.action(&id).await, before);
    assert_eq!(
        client.get("/api/v1/actions").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(shop.starts(1), ["1"]);
}

#[tokio::test]
async fn the_log_is_downloaded_whole_as_text_and_as_objects_packed_or_not() {
    let shop = Shop::on(2).await;
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    let whole = client.log(&id, "limit=5000").await;
    let raw = async |query: &str| -> Vec<u8> {
        let path = format!("/api/v1/actions/{id}/logs/raw?{query}");
        let answer = client.request(reqwest::Method::GET, &path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        let name = answer.headers()["content-disposition"].to_str().unwrap();
        assert!(name.contains(&id), "{name}");
        answer.bytes().await.unwrap().to_vec()
    };
    let objects = String::from_utf8(raw("format=ndjson").await).unwrap();
    let objects: Vec<Value> = objects
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(objects, whole);
    let text = raw("").await;
    let lines = String::from_utf8(text.clone()).unwrap();
    assert_eq!(lines.lines().count(), whole.len());
    assert!(lines.contains("web-2 [start] | started 1"), "{lines}");
    let mut unpacked = Vec::new();
    let packed = raw("pack=gzip&format=text").await;
    std::io::Read::read_to_end(
        &mut flate2::read::GzDecoder::new(packed.as_slice()),
        &mut unpacked,
    )
    .unwrap();
    assert_eq!(unpacked, text);
    let one = String::from_utf8(raw("target=web-2&step=start").await).unwrap();
    assert!(one.lines().all(|line| line.contains("web-2 [start]")) && one.lines().count() > 1);

    let path = |rest: &str| format!("/api/v1/actions/{id}/logs/{rest}");
    client.get(&path("raw?format=html")).await.fault(422, "format");
    client.get(&path("raw?pack=zip")).await.fault(422, "pack");
    client.get(&path("raw?colour=red")).await.fault(422, "colour");
    client.get(&path("folded")).await.fault(422, "step");
    let folded = client
        .get(&path("folded?step=start&ignore=space,times"))
        .await
        .wanted(200);
    assert_eq!(folded["headline"], "2 hosts: identical");
}
