//! More targets than may be connected at once, in two actions.

use serde_json::json;

use crate::support::server::PATIENCE;
use crate::support::shop::{Shop, act};

#[tokio::test]
async fn a_wait_for_a_connection_is_told_in_the_log_and_ends() {
    let mut shop = Shop::on(2).await;
    shop.place.set("EDGEWISE_SSH__MAX_CONNECTIONS", "1");
    let (_server, client) = shop.open().await;
    shop.hold(1);
    let first = act(&client, "deploy", &json!({"servers": ["web-1"]})).await;
    shop.begun(1, 1).await;
    let second = act(&client, "deploy", &json!({"servers": ["web-2"]})).await;
    let told = async {
        loop {
            let log = client.log(&second, "limit=100").await;
            let waits =
                |text: &str| text.contains("waits for a connection") && text.contains("ssh.max_connections");
            if log.iter().any(|entry| entry["text"].as_str().is_some_and(waits)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    assert!(
        tokio::time::timeout(PATIENCE, told).await.is_ok(),
        "nobody said so"
    );
    shop.release(1);
    client.ends(&first, "COMPLETED").await;
    client.ends(&second, "COMPLETED").await;
    assert_eq!(shop.running(), ["1", "1"]);
}
