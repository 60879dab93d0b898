//! The log as people read it: followed on the command line, and compared across hosts there and on the page.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};

use crate::support::browser::Browser;
use crate::support::server::{Client, PATIENCE, Server};
use crate::support::shop::{PROJECT, SPACE, Shop, act};

/// `edgewise actions logs ID ARGS` against this server, under way.
fn reads(shop: &Shop, server: &Server, client: &Client, id: &str, args: &[&str]) -> tokio::process::Child {
    let mut command = shop.place.command();
    command
        .env("EDGEWISE_URL", server.url())
        .env("EDGEWISE_TOKEN", client.token())
        .args(["actions", "logs", id])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    command.spawn().unwrap()
}

/// The same to its end: what it printed.
async fn read(shop: &Shop, server: &Server, client: &Client, id: &str, args: &[&str]) -> String {
    let child = reads(shop, server, client, id, args);
    let ended = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{args:?}");
    String::from_utf8(ended.stdout).unwrap()
}

#[tokio::test]
async fn a_log_is_followed_to_the_end_of_its_action() {
    let shop = Shop::on(2).await;
    let (server, client) = shop.open().await;
    shop.hold(2);
    let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    let mut child = reads(&shop, &server, &client, &id, &["--follow", "-o", "json"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut seen: Vec<Value> = Vec::new();
    let has = |seen: &[Value], text: &str| {
        seen.iter()
            .any(|entry| entry["target"] == "web-2" && entry["text"] == text)
    };
    let following = async {
        while !has(&seen, "starting 1") {
            let mut line = String::new();
            assert!(
                lines.read_line(&mut line).await.unwrap() > 0,
                "it ended too early"
            );
            seen.push(serde_json::from_str(&line).unwrap());
        }
        assert!(!has(&seen, "started 1"), "the start is held");
        // What comes now comes after it began to follow.
        shop.release(2);
        let mut rest = String::new();
        lines.read_to_string(&mut rest).await.unwrap();
        seen.extend(
            rest.lines()
                .map(|line| serde_json::from_str::<Value>(line).unwrap()),
        );
        child.wait().await.unwrap()
    };
    let ended = tokio::time::timeout(PATIENCE, following).await.expect("it ends");
    assert!(ended.success(), "{ended}");
    client.ends(&id, "COMPLETED").await;
    let whole = client.log(&id, "limit=5000").await;
    let seqs = |entries: &[Value]| -> Vec<u64> {
        entries
            .iter()
            .map(|entry| entry["seq"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(seqs(&seen), seqs(&whole), "each entry once, in order");
}

#[tokio::test]
async fn outputs_of_hosts_are_compared_on_the_command_line_and_on_the_page() {
    let start = "sh {current}/start {home}; test ! -e {home}/odd || echo one more line";
    let shop = Shop::with(3, &json!({"start_command": start})).await;
    std::fs::write(shop.home(3).join("odd"), "").unwrap();
    let (server, client) = shop.open().await;
    shop.place
        .done(
            &["user", "add", "jdoe", "--admin"],
            "correct horse battery staple\n",
        )
        .await;
    let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&id, "COMPLETED").await;

    let said = read(&shop, &server, &client, &id, &["--fold", "--step", "start"]).await;
    let headline = "2 hosts: identical; 1 differs";
    assert!(
        said.contains(headline) && said.contains("web-3") && said.contains("started 1"),
        "{said}"
    );
    let differs: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("one more line"))
        .collect();
    assert!(differs.len() == 1 && differs[0].contains('+'), "{said}");
    let json = read(
        &shop,
        &server,
        &client,
        &id,
        &["--fold", "--step", "start", "-o", "json"],
    )
    .await;
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["groups"][0]["targets"], json!(["web-1", "web-2"]));
    assert_eq!(json["groups"][1]["targets"], json!(["web-3"]));

    let browser = Browser::start(1280, 1000).await;
    browser
        .open(&format!("{}/space/{SPACE}/{PROJECT}", server.url()))
        .await;
    browser.fill("input[name=name]", "jdoe").await;
    browser
        .fill("input[name=password]", "correct horse battery staple")
        .await;
    browser.press("form button[type=submit]").await;
    browser.find("form#act").await;
    browser
        .open(&format!(
            "{}/space/{SPACE}/actions/{id}#web-3/start",
            server.url()
        ))
        .await;
    browser.find("#drawer:not([hidden]) #drawer-log > *").await;
    browser.press("#drawer-fold").await;
    browser.find("#drawer-groups .plus").await;
    let ask = async |script: &str| browser.ask(script).await;
    let shown = ask("return document.querySelector('#drawer-headline').textContent").await;
    assert_eq!(shown, headline);
    let groups =
        ask("return [...document.querySelectorAll('#drawer-groups summary')].map((one) => one.textContent)");
    assert_eq!(groups.await, json!(["2 hosts web-1, web-2", "1 host web-3"]));
    let added =
        ask("return [...document.querySelectorAll('#drawer-groups .plus')].map((one) => one.textContent)");
    assert_eq!(added.await, json!(["+ one more line"]));
    browser.close().await;
}

#[tokio::test]
async fn a_host_that_talks_without_end_is_cut_short_and_hurts_nobody() {
    const KEPT: usize = 1000;
    let start = "sh {current}/start {home}; test ! -e {home}/odd || \
                 (yes 'a line of a host that talks and talks' | head -c 20000000; echo; echo the last word)";
    let mut shop = Shop::with(3, &json!({"start_command": start, "strategy": "all_at_once"})).await;
    std::fs::write(shop.home(2).join("odd"), "").unwrap();
    shop.place.set("EDGEWISE_LOG__COMMAND_LINES", &KEPT.to_string());
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
    client.ends(&id, "COMPLETED").await;
    let output = async |host: &str| {
        let query = format!("limit=5000&target={host}&step=start&stream=stdout");
        let entries = client.log(&id, &query).await;
        let text = |entry: &Value| entry["text"].as_str().unwrap().to_owned();
        entries.iter().map(text).collect::<Vec<String>>()
    };
    for quiet in ["web-1", "web-3"] {
        assert_eq!(output(quiet).await, ["starting 1", "started 1"], "{quiet}");
    }
    let kept = output("web-2").await;
    assert_eq!(kept[..2], ["starting 1", "started 1"], "the beginning is kept");
    assert_eq!(kept.last().unwrap(), "the last word", "and the end");
    assert!(kept.len() <= 2 * KEPT + 2, "{} entries", kept.len());
    let query = "limit=5000&target=web-2&step=start&q=command_lines";
    let note = client.log(&id, query).await;
    assert!(
        note.iter().any(|entry| entry["event"] == "dropped"),
        "what was left out is said: {note:?}"
    );
}

#[tokio::test]
async fn a_target_and_an_action_have_their_limits_too() {
    for (key, name) in [
        ("EDGEWISE_LOG__TARGET_LINES", "log.target_lines"),
        ("EDGEWISE_LOG__ACTION_LINES", "log.action_lines"),
    ] {
        let start = "sh {current}/start {home}; seq 2000";
        let mut shop = Shop::with(2, &json!({"start_command": start})).await;
        shop.place.set(key, "100");
        let (_server, client) = shop.open().await;
        let id = act(&client, "deploy", &json!({"all": true, "version": "1"})).await;
        client.ends(&id, "COMPLETED").await;
        let of = async |host: &str| {
            let query = format!("limit=5000&target={host}&step=start");
            let entries = client.log(&id, &query).await;
            let dropped = |entry: &&Value| entry["event"] == "dropped";
            let notes: Vec<String> = entries.iter().filter(dropped).map(Value::to_string).collect();
            let of_seq = |entry: &Value| entry["text"].as_str().unwrap().parse::<u64>().ok();
            (
                notes.concat(),
                entries.iter().filter_map(of_seq).collect::<Vec<u64>>(),
            )
        };
        let mut said = String::new();
        for host in ["web-1", "web-2"] {
            let (notes, kept) = of(host).await;
            assert!(notes.contains("are left out here"), "{name}, {host}: {notes}");
            assert_eq!(kept.last(), Some(&2000), "{name}, {host}: the end is kept");
            assert!(
                (1000..1110).contains(&kept.len()),
                "{name}, {host}: {}",
                kept.len()
            );
            // The first host uses up what the action may say; each target has its own.
            let begins = kept[0] == 1;
            assert!(
                begins || (host == "web-2" && key.contains("ACTION")),
                "{name}, {host}"
            );
            said += &notes;
        }
        assert!(said.contains(name), "{said}");
        let other = if key.contains("ACTION") {
            "log.target_lines"
        } else {
            "log.action_lines"
        };
        assert!(!said.contains(other), "{said}");
    }
}
