//! `edgewise config`.

use serde_json::Value;

use super::edgewise;

#[test]
fn print_shows_values_with_their_origins_and_masks_secrets() {
    let ended = edgewise(&[
        "config",
        "print",
        "-o",
        "json",
        "--set",
        "server.listen=127.0.0.1:0",
    ])
    .env("HOME", "/home/jo")
    .env("EDGEWISE_STORE__URL", "postgres://edge:hunter2@db/edgewise")
    .run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stdout.contains("hunter2"));
    let shown: Vec<Value> = serde_json::from_str(&ended.stdout).unwrap();
    let find = |key: &str| shown.iter().find(|shown| shown["key"] == key).unwrap();
    assert_eq!(find("server.listen")["value"], "127.0.0.1:0");
    assert_eq!(find("server.listen")["origin"], "command line");
    assert_eq!(find("store.url")["origin"], "EDGEWISE_STORE__URL");
    assert_eq!(find("ssh.connect_timeout_seconds")["origin"], "default");
}

#[test]
fn check_says_all_that_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edgewise.toml");
    std::fs::write(&path, "[server]\nlissten = \"a\"\nsession_hours = \"long\"\n").unwrap();
    let path = path.display().to_string();
    let ended = edgewise(&["config", "check"]).env("EDGEWISE_CONFIG", &path).run();
    assert_eq!(ended.code, 2);
    assert!(
        ended
            .stderr
            .contains(&format!("{path}:2: there is no setting `server.lissten`")),
        "{}",
        ended.stderr
    );
    assert!(
        ended
            .stderr
            .contains(&format!("{path}:3: `server.session_hours` takes")),
        "{}",
        ended.stderr
    );
}

#[test]
fn the_printed_defaults_are_settings_themselves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edgewise.toml");
    std::fs::write(&path, edgewise(&["config", "default"]).run().stdout).unwrap();
    let path = path.display().to_string();
    let ended = edgewise(&["config", "check", "--config", &path])
        .stdin("unused")
        .run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
