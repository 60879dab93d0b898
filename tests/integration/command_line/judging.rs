//! `edgewise sanitize`.

use serde_json::Value;

use super::edgewise;

#[test]
fn one_command_has_one_verdict() {
    let ended = edgewise(&["sanitize", "-o", "json", "systemctl status app"]).run();
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let verdict: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(verdict["verdict"], "allow");
    assert_eq!(verdict["cmd"], "systemctl status app");
    let from_stdin = edgewise(&["sanitize"]).stdin("echo hello").run();
    assert_eq!(
        (from_stdin.code, from_stdin.stdout.as_str()),
        (0, "allow: nothing speaks against it\n")
    );
    let denied = edgewise(&["sanitize", "ls\n  rm -rf /"]).run();
    assert_eq!(denied.code, 5, "{}", denied.stderr);
    assert!(denied.stdout.starts_with("deny: "), "{}", denied.stdout);
    assert!(
        denied.stdout.contains("   2 |   rm -rf /\n         ^^^^^^^^\n"),
        "{}",
        denied.stdout
    );
}

#[test]
fn many_commands_are_answered_line_by_line() {
    let ended = edgewise(&["sanitize", "--jsonl"])
        .stdin("{\"cmd\": \"ls\"}\nnonsense\n{\"cmd\": \"pwd\", \"note\": 1}\n")
        .run();
    assert_eq!(ended.code, 0);
    let answers: Vec<Value> = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[0]["cmd"], "ls");
    assert!(answers[1]["error"].is_string());
    assert_eq!(answers[2]["cmd"], "pwd");
}

#[test]
fn policies_that_cannot_be_read_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), "{\"denny\": []}").unwrap();
    let dir = folder.path().display().to_string();
    let ended = edgewise(&["sanitize", "--policies", &dir, "ls"]).run();
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("a.json") && ended.stderr.contains("denny"),
        "{}",
        ended.stderr
    );
}
