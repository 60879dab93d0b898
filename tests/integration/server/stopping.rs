//! SIGTERM: nothing new is begun, steps under way may come to their end for a while, and the next server goes on.

use serde_json::{Value, json};

use crate::support::server::Told;
use crate::support::shop::{Shop, act, until};

/// The places in a log of the first entries that are so.
fn places<const N: usize>(log: &[Value], so: [&dyn Fn(&Value) -> bool; N]) -> [usize; N] {
    so.map(|so| {
        let place = log.iter().position(so);
        place.unwrap_or_else(|| panic!("no such entry in {log:#?}"))
    })
}

fn says(entry: &Value, words: &str) -> bool {
    entry["text"].as_str().is_some_and(|text| text.contains(words))
}

#[tokio::test]
async fn a_step_that_ends_in_time_is_waited_for_and_nothing_new_is_begun() {
    let mut shop = Shop::on(2).await;
    shop.place.set("EDGEWISE_SERVER__SHUTDOWN_SECONDS", "3600");
    let (mut server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    // Somebody follows, and somebody's connection is open already.
    let (tell, first) = std::sync::mpsc::channel();
    let follower = tokio::spawn({
        let (client, id) = (client.clone(), id.clone());
        let told = move |_: &Told| tell.send(()).is_err();
        async move { client.events(&id, None, told).await }
    });
    until("a first event", || first.try_recv().is_ok()).await;
    server.terminate();
    until("the stop", || shop.place.server_said().contains("stopping:")).await;
    let told = follower.await.unwrap();
    assert!(
        !told.is_empty(),
        "the follower's stream ended with what it was told before"
    );
    // On an old connection it says why; a new one is not taken.
    let request = client.request(reqwest::Method::GET, "/api/v1/actions");
    match request.send().await {
        Ok(answer) => assert_eq!(answer.status(), 503),
        Err(error) => assert!(error.is_connect() || error.is_request(), "{error}"),
    }
    assert!(server.is_running(), "it waits for the step");
    shop.release(1);
    assert!(server.ended().await.success());
    assert_eq!((shop.starts(1), shop.starts(2)), (vec!["1".into()], vec![]));

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    client.ends(&id, "COMPLETED").await;
    assert_eq!(
        (shop.starts(1), shop.starts(2)),
        (vec!["1".into()], vec!["1".into()])
    );
    let log = client.log(&id, "").await;
    let [stopping, ended, goes_on, next] = places(
        &log,
        [
            &|entry| says(entry, "the server is stopping: a step under way"),
            &|entry| entry["step"] == "start" && entry["outcome"] == "ok",
            &|entry| says(entry, "a server goes on"),
            &|entry| entry["target"] == "web-2" && entry["step"] == "start",
        ],
    );
    assert!(stopping < ended, "it ended while the server stopped");
    assert!(ended < goes_on, "the server that stopped heard its end");
    assert!(goes_on < next, "the next one began what was left");
}

#[tokio::test]
async fn a_step_that_needs_longer_is_handed_over_and_found_again() {
    let mut shop = Shop::on(2).await;
    shop.place.set("EDGEWISE_SERVER__SHUTDOWN_SECONDS", "0");
    let (server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    assert!(server.stop().await.success());
    assert_eq!(shop.starts(2), Vec::<String>::new());

    let server = shop.place.serve().await;
    let client = server.client(client.token());
    let under_way = client.action(&id).await;
    assert_eq!(
        under_way["status"], "INPROGRESS",
        "nothing was decided without it"
    );
    shop.release(1);
    client.ends(&id, "COMPLETED").await;
    assert_eq!(
        (shop.starts(1), shop.starts(2)),
        (vec!["1".into()], vec!["1".into()])
    );
    let log = client.log(&id, "").await;
    let [handed_over, goes_on, ended] = places(
        &log,
        [
            &|entry| says(entry, "handed over to the next server with a step under way"),
            &|entry| says(entry, "a server goes on"),
            &|entry| entry["step"] == "start" && entry["outcome"] == "ok",
        ],
    );
    assert!(handed_over < goes_on && goes_on < ended);
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let mut shop = Shop::on(1).await;
    shop.place.set("EDGEWISE_SERVER__SHUTDOWN_SECONDS", "3600");
    let (server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    server.terminate();
    until("the stop", || shop.place.server_said().contains("stopping:")).await;
    // Far sooner than the hour it would have.
    assert!(server.stop().await.success());
    assert!(shop.place.server_said().contains("stopping at once"));
    shop.release(1);
    let server = shop.place.serve().await;
    server.client(client.token()).ends(&id, "COMPLETED").await;
    assert_eq!(shop.starts(1), ["1"]);
}
