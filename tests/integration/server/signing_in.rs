//! Signing in by name and password, and how often one may try.

use edgewise::domain::timestamp::Timestamp;
use reqwest::Method;
use serde_json::Value;

use crate::support::server::{Answer, Client, Place};

const PASSWORD: &str = "correct horse battery staple";

async fn sign_in(client: &Client, from: &str, password: &str) -> Answer {
    let form = format!("name=admin&password={}", password.replace(' ', "+"));
    let request = client
        .request(Method::POST, "/login")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .header("X-Forwarded-For", from)
        .body(form);
    client.send(request).await
}

/// A server behind a proxy, or not, with a user `admin`.
async fn place(behind_proxy: bool) -> Place {
    let mut place = Place::bare();
    place.set("EDGEWISE_SERVER__TRUST_FORWARDED", &behind_proxy.to_string());
    place
        .done(&["user", "add", "admin", "--admin"], &format!("{PASSWORD}\n"))
        .await;
    place
}

#[tokio::test]
async fn who_guesses_is_stopped_and_who_knows_signs_in_from_elsewhere() {
    let place = place(true).await;
    let server = place.serve().await;
    let client = server.stranger();
    for _ in 0..10 {
        assert_eq!(sign_in(&client, "10.0.0.1", "guess").await.status, 401);
    }
    let stopped = sign_in(&client, "10.0.0.1", PASSWORD).await;
    assert_eq!(stopped.status, 429, "{}", stopped.text);
    let wait: u64 = stopped.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert!(
        stopped.text.contains("too many failed sign-ins"),
        "{}",
        stopped.text
    );
    // What the client says of itself is not what the proxy says of it.
    assert_eq!(sign_in(&client, "10.0.0.7, 10.0.0.1", PASSWORD).await.status, 429);
    assert_eq!(sign_in(&client, "10.0.0.1, 10.0.0.7", "guess").await.status, 401);
}

#[tokio::test]
async fn a_right_password_enters_while_others_guess_and_a_header_fools_nobody_without_a_proxy() {
    let behind = place(true).await;
    let server = behind.serve().await;
    let client = server.stranger();
    let guesses = (0..12).map(|_| sign_in(&client, "10.0.0.1", "guess"));
    let answers = futures_util::future::join_all(guesses).await;
    let stopped = answers.iter().filter(|answer| answer.status == 429).count();
    assert!(stopped >= 2, "ten of twelve at once are looked at: {stopped}");
    // It is sent on to the spaces; this client keeps no cookie, and sees what comes of that.
    assert_eq!(sign_in(&client, "10.0.0.2", PASSWORD).await.status, 200);
    drop(server);

    let bare = place(false).await;
    let server = bare.serve().await;
    let client = server.stranger();
    for number in 0..10 {
        let from = format!("10.0.0.{number}");
        assert_eq!(sign_in(&client, &from, "guess").await.status, 401);
    }
    assert_eq!(sign_in(&client, "10.0.0.99", "guess").await.status, 429);
}

#[tokio::test]
async fn a_token_says_when_it_was_last_used() {
    let place = Place::bare();
    place.configure("spaces/pay.json", &serde_json::json!({"name": "pay"}));
    place.apply().await;
    let token = place.token("ci", "pay", "viewer").await;
    let used = async || {
        let listed: Value =
            serde_json::from_str(&place.done(&["token", "list", "-o", "json"], "").await).unwrap();
        listed[0]["last_used_at"].clone()
    };
    assert_eq!(used().await, Value::Null);
    let server = place.serve().await;
    server.client(&token).get("/api/v1/actions").await.wanted(200);
    let at = used().await;
    at.as_str().unwrap().parse::<Timestamp>().unwrap();
    server.client(&token).get("/api/v1/actions").await.wanted(200);
    assert_eq!(used().await, at, "once a minute is enough");
}
