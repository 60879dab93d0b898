//! Hosts that are not as they should be. Nothing is touched then, nothing is left, and what to do is said.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::server::{Client, Place, brief};
use crate::support::shop::{Shop, act};
use crate::support::sshd::Farm;

/// A deploy on all hosts, of which this one is not fit: why not.
async fn refused(shop: &Shop, client: &Client, number: usize) -> String {
    let id = act(client, "deploy", &json!({"all": true})).await;
    let ended = client.ends(&id, "FAILED").await;
    for target in ended["targets"].as_array().unwrap() {
        for step in target["steps"].as_array().unwrap() {
            assert_eq!(step["attempts"], 0, "nothing was touched: {}", brief(&ended));
        }
    }
    let target = &ended["targets"][number - 1];
    assert_eq!(target["name"], format!("web-{number}"));
    let story = client.log(&id, "level=basic").await;
    let error = target["error"].as_str().unwrap().to_owned();
    assert!(
        story
            .iter()
            .any(|entry| entry["text"].as_str().unwrap().contains(&error)),
        "{story:?}"
    );
    assert_eq!(shop.starts(1), Vec::<String>::new());
    error
}

/// What it takes to go on is done: the next deploy works.
async fn works(shop: &Shop, client: &Client) {
    let id = act(client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;
    assert!(shop.running().iter().all(|version| version == "1"));
}

#[tokio::test]
async fn a_dead_host_stops_everything_before_anything_is_touched() {
    let mut shop = Shop::on(3).await;
    let (_server, client) = shop.open().await;
    shop.farm.server_mut(3).kill();
    let id = act(&client, "deploy", &json!({"all": true})).await;
    let ended = client.ends(&id, "FAILED").await;
    assert_eq!(ended["targets"][2]["state"], "unreachable", "{}", brief(&ended));
    assert_eq!(ended["counts"]["skipped"], 2);
    assert!(
        refused(&shop, &client, 3)
            .await
            .contains(&shop.farm.server(3).port().to_string())
    );

    // What was not served is found again by its state once the host is back.
    shop.farm.server_mut(3).restart();
    let again = client
        .steer(&id, "retry", &json!({"only": ["unreachable"]}))
        .await
        .wanted(202);
    let again = client
        .ends(again["action_id"].as_str().unwrap(), "COMPLETED")
        .await;
    assert_eq!(again["counts"]["succeeded"], 1);
    assert_eq!(shop.running(), ["-", "-", "1"]);
    works(&shop, &client).await;
}

#[tokio::test]
async fn a_host_that_may_be_left_out_is_and_is_named() {
    let mut shop = Shop::with(3, &json!({"on_unreachable": "skip"})).await;
    let (_server, client) = shop.open().await;
    shop.farm.server_mut(2).kill();
    let id = act(&client, "deploy", &json!({"all": true})).await;
    let ended = client.ends(&id, "COMPLETED").await;
    assert_eq!(ended["targets"][1]["state"], "unreachable", "{}", brief(&ended));
    assert_eq!(shop.running(), ["1", "-", "1"]);
}

#[tokio::test]
async fn an_unknown_and_a_changed_host_key_are_refused_with_the_command_that_helps() {
    let mut shop = Shop::on(2).await;
    let known_hosts = shop.place.path("ssh/known_hosts");
    std::fs::write(&known_hosts, shop.farm.server(1).known_hosts_line() + "\n").unwrap();
    let (_server, client) = shop.open().await;
    let error = refused(&shop, &client, 2).await;
    assert!(error.contains("edgewise hosts trust"), "{error}");
    let place = format!("{}:{}", shop.farm.server(2).address(), shop.farm.server(2).port());
    shop.place.done(&["hosts", "trust", &place, "--yes"], "").await;
    works(&shop, &client).await;

    shop.farm.server_mut(2).change_key();
    let id = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    let ended = client.ends(&id, "FAILED").await;
    let error = ended["targets"][1]["error"].as_str().unwrap();
    assert!(
        error.contains("edgewise hosts trust") && error.contains("CHANGED"),
        "{error}"
    );
    assert_eq!(shop.running(), ["1", "1"]);
}

#[tokio::test]
async fn a_connection_that_breaks_while_a_step_runs_changes_nothing() {
    let shop = Shop::on(1).await;
    let (_server, client) = shop.open().await;
    shop.hold(1);
    let id = act(&client, "deploy", &json!({"all": true})).await;
    shop.begun(1, 1).await;
    shop.farm.server(1).kill_sessions();
    shop.release(1);
    client.ends(&id, "COMPLETED").await;
    assert_eq!(shop.starts(1), ["1"]);
    let said = client.log(&id, "target=web-1&step=start").await;
    let lines: Vec<&Value> = said
        .iter()
        .filter(|entry| entry["stream"] == "stdout")
        .map(|entry| &entry["text"])
        .collect();
    assert_eq!(lines, ["starting 1", "started 1"]);
}

/// A file system of 64 KiB, where this machine lets us mount one.
struct Small(PathBuf);

impl Small {
    fn at(path: &Path) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(path)
            .output();
        mounted
            .is_ok_and(|output| output.status.success())
            .then(|| Self(path.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // The farm's folder is removed after this; what cannot be unmounted stays and is seen.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_on_the_host_is_told_and_leaves_the_old_version_running() {
    let shop = Shop::with(1, &json!({"dir": "{home}/small"})).await;
    let Some(small) = Small::at(&shop.home(1).join("small")) else {
        eprintln!("not tested: this machine does not let us mount a small file system");
        return;
    };
    let (_server, client) = shop.open().await;
    let id = act(&client, "deploy", &json!({"all": true})).await;
    client.ends(&id, "COMPLETED").await;

    // What is larger than the disk is seen by the look beforehand.
    let noise: Vec<u8> = (0..200_000u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    std::fs::write(shop.place.path("artifacts/web-9.tar.gz"), noise).unwrap();
    let id = act(&client, "deploy", &json!({"all": true, "version": "9"})).await;
    let ended = client.ends(&id, "FAILED").await;
    let error = ended["targets"][0]["error"].as_str().unwrap();
    assert!(error.contains("KiB are free"), "{error}");

    // What fits until it is unpacked fails there, and the way back needs no room.
    std::fs::write(shop.place.path("artifacts/web-2.tar.gz"), zeros(1 << 20)).unwrap();
    let id = act(&client, "deploy", &json!({"all": true, "version": "2"})).await;
    let ended = client.ends(&id, "ROLLED_BACK").await;
    let error = ended["targets"][0]["error"].as_str().unwrap();
    assert!(error.contains("unpack"), "{error}");
    let said = client.log(&id, "step=unpack").await;
    let full = |text: &str| text.contains("No space left") || text.contains("Wrote only");
    assert!(
        said.iter().any(|entry| full(entry["text"].as_str().unwrap())),
        "{said:?}"
    );
    assert_eq!(
        running(&shop, "small").as_deref(),
        Some("1"),
        "the files of what runs are whole"
    );
    drop(small);
}

/// The version behind the link in a folder on the first host.
fn running(shop: &Shop, dir: &str) -> Option<String> {
    std::fs::read_to_string(shop.home(1).join(dir).join("current/version")).ok()
}

/// An archive that is small and becomes large.
fn zeros(size: usize) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let mut archive = tar::Builder::new(gzip);
    let mut header = tar::Header::new_gnu();
    header.set_size(size as u64);
    header.set_mode(0o644);
    header.set_cksum();
    archive
        .append_data(&mut header, "zeros", std::io::repeat(0).take(size as u64))
        .unwrap();
    archive.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn a_host_that_lets_nobody_in_is_named_with_what_was_tried() {
    let farm = Farm::start(1);
    let mut place = Place::with(&farm);
    let other = place.path("other_key");
    crate::support::sshd::make_key(&other, "ed25519");
    place.set("EDGEWISE_SSH__IDENTITY_FILE", other.to_str().unwrap());
    let checked = place.call(&["hosts", "check", "sshd-1"], "").await;
    assert_eq!(checked.code, 7, "{}", checked.stderr);
    assert!((checked.stdout + &checked.stderr).contains("key"));
}
