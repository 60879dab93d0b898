//! What sinks refused, as administrators see it: on the start page, by the API, on the command line; and nobody else.

use edgewise::app::ports::SetAside;
use reqwest::Method;
use serde_json::Value;

use crate::logs::world::{id, line};
use crate::support::server::{Answer, Place, Server};

/// What is there for one who signs in by name.
async fn seen(server: &Server, name: &str, path: &str) -> Answer {
    let form = format!("name={name}&password=correct+horse+battery+staple");
    // The answer itself has the cookie, not where it leads.
    let once = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(once).build().unwrap();
    let request = client
        .post(format!("{}/login", server.url()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form);
    let answer = request.send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let client = server.stranger();
    let request = client.request(Method::GET, path).header("Cookie", cookie);
    client.send(request).await
}

#[tokio::test]
async fn what_sinks_refused_is_shown_to_administrators_with_the_reason() {
    let place = Place::bare();
    place
        .people(&[("boss", "--admin"), ("jdoe", "--group=web")])
        .await;
    let server = place.serve().await;
    let page = seen(&server, "boss", "/").await;
    assert_eq!(page.status, 200);
    assert!(!page.text.contains("log-state"), "all is well");
    let state = seen(&server, "boss", "/api/v1/log").await.wanted(200);
    assert_eq!(state["sinks"][0]["name"], "embedded");
    assert_eq!(state["sinks"][0]["refused"], 0);
    server.stop().await;

    // Nothing of a server's makes the built-in store refuse an entry: it is as if it had.
    let one = SetAside {
        why: "it is <too> poisonous".to_owned(),
        entry: line(1, 7, "poison"),
    };
    let data = place.path("data");
    let aside = data.join("spool/embedded.refused.jsonl");
    std::fs::write(&aside, format!("{}\n", serde_json::to_string(&one).unwrap())).unwrap();
    let server = place.serve().await;
    let state = seen(&server, "boss", "/api/v1/log").await.wanted(200);
    let sink = &state["sinks"][0];
    assert_eq!(sink["refused"], 1);
    assert_eq!(sink["set_aside"][0]["why"], "it is <too> poisonous");
    assert_eq!(sink["set_aside"][0]["action"], id(1).to_string());
    assert_eq!(sink["set_aside"][0]["seq"], 7);
    let page = seen(&server, "boss", "/").await.text;
    assert!(
        page.contains("log-state") && page.contains("it is &#60;too&#62; poisonous"),
        "{page}"
    );
    // What is in it is of all spaces.
    seen(&server, "jdoe", "/api/v1/log").await.problem(403);
    assert!(!seen(&server, "jdoe", "/").await.text.contains("poisonous"));

    let said = place.done(&["log", "refused"], "").await;
    assert!(
        said.contains("it is <too> poisonous") && said.contains(&id(1).to_string()),
        "{said}"
    );
    let json = place.done(&["log", "refused", "-o", "json"], "").await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["embedded"][0]["seq"], 7);

    // Where it cannot be read any more, that is said, and the page of spaces is there all the same.
    std::fs::remove_file(&aside).unwrap();
    std::fs::create_dir(&aside).unwrap();
    let state = seen(&server, "boss", "/api/v1/log").await.wanted(200);
    assert!(state["unread"].is_string(), "{state}");
    let page = seen(&server, "boss", "/").await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("cannot be read"), "{}", page.text);
}
