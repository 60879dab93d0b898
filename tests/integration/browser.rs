//! What a person does: signs in, presses deploy, sees the grid fill and the status end. In a real Chromium, on real
//! SSH servers.

use serde_json::json;

use crate::support::browser::Browser;
use crate::support::receiver::Receiver;
use crate::support::shop::{BROKEN, PROJECT, SPACE, Shop, act};

/// How many cells of the grid's row of a host are in a state.
fn cells(host: &str, state: &str) -> String {
    format!(
        "return document.querySelectorAll('tr[data-target=\"{host}\"] .cell[data-state=\"{state}\"]').length"
    )
}

#[tokio::test]
async fn a_person_signs_in_presses_deploy_and_sees_the_grid_fill_and_the_status_end() {
    let chat = Receiver::start();
    let told = json!({"notify": [{"kind": "chat", "url": chat.url("/chat"), "events": ["started", "done"]}]});
    let shop = Shop::with(3, &told).await;
    let (server, client) = shop.open().await;
    shop.place
        .done(
            &["user", "add", "jdoe", "--admin"],
            "correct horse battery staple\n",
        )
        .await;
    shop.hold(2);

    let browser = Browser::start(1280, 1000).await;
    let page = format!("{}/space/{SPACE}/{PROJECT}", server.url());
    browser.open(&page).await;
    assert_eq!(
        browser.path().await,
        "/login",
        "whoever is not signed in is asked to"
    );
    browser.fill("input[name=name]", "jdoe").await;
    browser
        .fill("input[name=password]", "correct horse battery staple")
        .await;
    browser.press("form button[type=submit]").await;

    browser.find("form#act").await;
    assert_eq!(
        browser.path().await,
        format!("/space/{SPACE}/{PROJECT}"),
        "the login leads back to where it began"
    );
    browser.press("[data-choose=all]").await;
    browser.fill("input[name=version]", "1").await;
    browser.press("#ask").await;
    browser.press("#run:not([disabled])").await;

    // The first stage is one host, the second is held in its start: half of the grid is filled, live.
    browser.find("tr[data-target=web-1][data-state=succeeded]").await;
    browser
        .find("tr[data-target=web-2] .cell[data-step=start][data-state=running]")
        .await;
    assert_eq!(
        browser
            .ask("return document.querySelector('#status').dataset.status")
            .await,
        "INPROGRESS"
    );
    assert_eq!(browser.ask(&cells("web-1", "running")).await, 0);
    assert!(browser.ask(&cells("web-2", "pending")).await.as_u64() > Some(0));
    let id = browser.path().await.rsplit('/').next().expect("an id").to_owned();

    shop.release(2);
    browser.find("#status[data-status=COMPLETED]").await;
    for host in ["web-1", "web-2", "web-3"] {
        let open = "pending running failed"
            .split(' ')
            .map(|state| cells(host, state));
        for question in open {
            assert_eq!(browser.ask(&question).await, 0, "{host}: {question}");
        }
        assert!(
            browser.ask(&cells(host, "succeeded")).await.as_u64() > Some(5),
            "{host}"
        );
    }
    // That others were told of the end is seen without loading the page anew.
    browser.find("#told li[data-state=delivered]:nth-child(2)").await;
    assert!(text(&browser, "#told li:nth-child(2)").await.contains("done"));
    let action = client.action(&id).await;
    assert_eq!(action["status"], "COMPLETED");
    assert_eq!(action["actor"], "jdoe");
    assert_eq!(action["counts"]["succeeded"], json!(3));

    browser
        .press("tr[data-target=web-3] .cell[data-step=unpack]")
        .await;
    browser.find("#drawer:not([hidden]) #drawer-log > *").await;
    let log = browser
        .ask("return document.querySelector('#drawer-log').textContent")
        .await;
    assert!(
        log.as_str().unwrap_or_default().contains("tar -xzf"),
        "the log of a step shows its command: {log}"
    );

    for width in [1280, 500] {
        browser.resize(width, 900).await;
        let wide = browser
            .ask("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
            .await;
        assert_eq!(wide, 0, "at {width} the grid scrolls in itself, not the page");
    }
    browser.close().await;
}

/// What an element says.
async fn text(browser: &Browser, selector: &str) -> String {
    browser.find(selector).await.text().await.expect("an element")
}

#[tokio::test]
async fn a_person_sees_which_version_is_bad_and_lifts_it_with_a_reason() {
    const EVIL: &str = "<img src=x onerror=\"document.title='evil'\">";
    let shop = Shop::on(1).await;
    let (server, client) = shop.open().await;
    let password = "correct horse battery staple\n";
    shop.place
        .done(&["user", "add", "jdoe", "--admin"], password)
        .await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    let bad = act(&client, "deploy", &json!({"all": true, "version": BROKEN})).await;
    client.ends(&bad, "ROLLED_BACK").await;

    let browser = Browser::start(390, 900).await;
    browser
        .open(&format!("{}/space/{SPACE}/{PROJECT}", server.url()))
        .await;
    browser.fill("input[name=name]", "jdoe").await;
    browser.fill("input[name=password]", password.trim()).await;
    browser.press("form button[type=submit]").await;
    let shown = text(&browser, &format!("#quarantine [data-version=\"{BROKEN}\"]")).await;
    assert!(shown.contains("may not be deployed in plain"), "{shown}");
    assert!(shown.contains("token:ci"), "{shown}");
    let wide = browser
        .ask("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
        .await;
    assert_eq!(wide, 0, "nothing is wider than a telephone");

    // The plan of that version is shown, and cannot be run.
    browser.press("[data-choose=all]").await;
    browser.fill("input[name=version]", BROKEN).await;
    browser.press("#ask").await;
    let refused = text(&browser, "#plan .plan-refused").await;
    assert!(refused.contains("edgewise quarantine lift"), "{refused}");
    assert_eq!(
        browser
            .ask("return document.querySelectorAll('#run').length")
            .await,
        0
    );

    browser.fill(".lift input[name=reason]", EVIL).await;
    browser.press(".lift button").await;
    browser.press("#quarantine details summary").await;
    let lifted = text(&browser, "#quarantine details li").await;
    assert!(
        lifted.contains("lifted by jdoe") && lifted.contains(EVIL),
        "{lifted}"
    );
    assert_ne!(browser.ask("return document.title").await, "evil");
    let records = client
        .get(&format!("/api/v1/quarantine/{SPACE}/{PROJECT}"))
        .await
        .wanted(200);
    assert_eq!(records["items"][0]["lifted"]["by"], "jdoe");
    assert_eq!(records["items"][0]["lifted"]["reason"], EVIL);
    assert!(shop.place.server_said().contains("taken out of quarantine"));
    browser.close().await;
}
