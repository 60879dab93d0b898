//! `edgewise hosts` on made-up hosts.

use serde_json::Value;

use super::edgewise;
use super::made_up_hosts::MadeUpHosts;

#[test]
fn a_key_is_trusted_only_after_a_yes_or_by_its_fingerprint() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let config = hosts.file("ssh_config");
    let known = hosts.file("known_hosts");
    let wanted = hosts.fleet.known_hosts_text();
    std::fs::write(&known, "").unwrap();
    let trust = |args: &[&str]| {
        edgewise(&[&["hosts", "trust", "web-1", "--ssh-config", &config], args].concat()).run()
    };
    let read = || std::fs::read_to_string(&known).unwrap();
    let fingerprint = hosts.fleet.host("web-1").unwrap().fingerprint();

    let asked = trust(&[]);
    assert_eq!(asked.code, 2, "{}", asked.stderr);
    assert!(asked.stderr.contains(&fingerprint), "{}", asked.stderr);
    assert_eq!(trust(&["--fingerprint", "SHA256:other"]).code, 5);
    assert_eq!(read(), "");
    let trusted = trust(&["--fingerprint", &fingerprint]);
    assert_eq!(trusted.code, 0, "{}", trusted.stderr);
    assert_eq!(read(), wanted);
    let again = trust(&["--yes", "-o", "json"]);
    assert_eq!(again.code, 0);
    assert_eq!(
        serde_json::from_str::<Value>(&again.stdout).unwrap()["result"],
        "known"
    );

    // Another key than the known one is refused, whatever is said.
    let line = wanted.split_once(' ').unwrap().0;
    let other = MadeUpHosts::start(&["other"]).fleet.known_hosts_text();
    std::fs::write(&known, format!("{line} {}", other.split_once(' ').unwrap().1)).unwrap();
    let changed = trust(&["--yes"]);
    assert_eq!(changed.code, 5, "{}", changed.stdout);
    assert!(changed.stdout.contains("ANOTHER key"), "{}", changed.stdout);
}

#[test]
fn check_says_what_a_host_can_do() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2"]);
    hosts
        .fleet
        .host("web-2")
        .unwrap()
        .break_with(edgewise::fleet::Fault::RefuseLogins);
    let config = hosts.file("ssh_config");
    let ended = edgewise(&[
        "hosts",
        "check",
        "web-1",
        "web-2",
        "--ssh-config",
        &config,
        "-o",
        "json",
    ])
    .run();
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    let found: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(found[0]["outcome"], "ok");
    assert!(
        found[0]["sudo"].is_boolean() && found[0]["free_bytes"].as_u64().unwrap() > 0,
        "{}",
        found[0]
    );
    assert_eq!(found[1]["outcome"], "auth_failed");
}

#[test]
fn explain_names_the_place_of_each_setting() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let config = hosts.file("ssh_config");
    let ended = edgewise(&[
        "hosts",
        "explain",
        "deploy@web-1",
        "--ssh-config",
        &config,
        "-o",
        "json",
    ])
    .run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let shown: Value = serde_json::from_str(&ended.stdout).unwrap();
    let find = |keyword: &str| {
        let settings = shown["settings"].as_array().unwrap();
        settings
            .iter()
            .find(|row| row["keyword"] == keyword)
            .unwrap()
            .clone()
    };
    assert_eq!(find("User")["value"], "deploy");
    assert_eq!(
        find("Port")["value"],
        hosts.fleet.host("web-1").unwrap().port().to_string()
    );
    assert_eq!(find("Port")["origin"], format!("{config}:8"));
}
