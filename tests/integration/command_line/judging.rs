//! `edgewise sanitize`.

use serde_json::Value;

use super::edgewise;

/// The answers of `--jsonl`, a line each.
fn answers(stdout: &str) -> Vec<Value> {
    let lines = stdout.lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).collect()
}

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
    let answers = answers(&ended.stdout);
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

/// What a script does with it, line by line of the contract.
#[test]
fn codes_and_keys_are_as_they_are_promised() {
    let folder = tempfile::tempdir().unwrap();
    let policies = folder.path().display().to_string();
    let policy = r#"{
        "deny": [{"id": "held", "program": "web-tool", "reason": "it is held back"}],
        "ask": [{"id": "look", "program": "app-tool", "reason": "let somebody look"}],
        "allow": [{"rule": "disk.format", "command": "mkfs.ext4 /dev/sdz9", "reason": "a new disk", "author": "boss"}]
    }"#;
    std::fs::write(folder.path().join("own.json"), policy).unwrap();
    let format = "mkfs.ext4 /dev/sdz9";
    for (command, code, verdict, rules, not_applied) in [
        ("ls", 0, "allow", &[][..], &[][..]),
        ("app-tool", 5, "ask", &["look"], &[]),
        ("web-tool", 5, "deny", &["held"], &[]),
        (format, 0, "allow", &[], &["disk.format"]),
        (
            "app-tool; mkfs.ext4 /dev/sdz9",
            5,
            "ask",
            &["look"],
            &["disk.format"],
        ),
        ("mkfs.xfs --help /dev/sdz9", 0, "allow", &[], &["disk.format"]),
    ] {
        let ended = edgewise(&["sanitize", "--policies", &policies, "-o", "json", command]).run();
        assert_eq!(ended.code, code, "{command}: {} {}", ended.stdout, ended.stderr);
        let one: Value = serde_json::from_str(&ended.stdout).unwrap();
        let line = serde_json::json!({"cmd": command}).to_string();
        let many = edgewise(&["sanitize", "--policies", &policies, "--jsonl"])
            .stdin(&line)
            .run();
        assert_eq!(many.code, 0);
        let answer: Value = serde_json::from_str(&many.stdout).unwrap();
        assert_eq!(answer, one, "both say the same");
        let ids = |list: &Value| -> Vec<String> {
            let list = list.as_array().cloned().unwrap_or_default();
            list.iter()
                .map(|rule| rule["id"].as_str().unwrap().to_owned())
                .collect()
        };
        assert_eq!(
            (&answer["cmd"], &answer["verdict"]),
            (&command.into(), &verdict.into())
        );
        assert_eq!(
            (ids(&answer["rules"]), ids(&answer["not_applied"])),
            (
                rules.iter().map(|id| (*id).to_owned()).collect(),
                not_applied.iter().map(|id| (*id).to_owned()).collect()
            ),
            "{answer}"
        );
        for rule in answer["rules"].as_array().unwrap() {
            assert!(
                ["ask", "deny"].contains(&rule["severity"].as_str().unwrap()),
                "{rule}"
            );
            assert!(
                rule["reason"].is_string() && rule.get("instead").is_some(),
                "{rule}"
            );
            let place = rule["start"].as_u64().unwrap() as usize..rule["end"].as_u64().unwrap() as usize;
            assert!(
                command.get(place).is_some_and(|text| text.contains("-tool")),
                "{rule}"
            );
        }
        let people = edgewise(&["sanitize", "--policies", &policies, command]).run();
        assert_eq!(people.code, code);
        for id in rules.iter().chain(not_applied) {
            assert!(people.stdout.contains(id), "{}", people.stdout);
        }
    }
}

#[test]
fn what_a_rule_is_about_and_what_a_command_reaches_is_told() {
    let ended = edgewise(&["sanitize", "--explain", "disk.format"]).run();
    assert_eq!(ended.code, 0);
    for wanted in ["disk.format (deny; ", "it is: ", "it is not: "] {
        assert!(ended.stdout.contains(wanted), "{}", ended.stdout);
    }
    let ended = edgewise(&["sanitize", "--explain", "disk.fromat"]).run();
    assert_eq!(ended.code, 2);
    assert!(
        ended.stderr.contains("do you mean `disk.format`?"),
        "{}",
        ended.stderr
    );
    // It is no rule's name only where it looks like one.
    for command in ["app.server", "disk.sh", "ls"] {
        let ended = edgewise(&["sanitize", "--explain", command]).run();
        assert_eq!(ended.code, 0, "{command}: {}", ended.stderr);
    }
    let ended = edgewise(&["sanitize", "--explain"])
        .stdin("timeout 5 sh -c 'ls \"$1\"' x /opt")
        .run();
    assert!(
        ended.stdout.contains("would run") && ended.stdout.contains("-> ls /opt"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_line_that_is_no_question_is_told_what_is_wrong_with_it() {
    let ended = edgewise(&["sanitize", "--jsonl"])
        .stdin("{\"cmd\": 3}\n[]\n{\"command\": \"ls\"}\n{\"cmd\": \"ls\"")
        .run();
    assert_eq!(ended.code, 0);
    let answers = answers(&ended.stdout);
    for (answer, wanted) in answers.iter().zip(["is no text", "no object", "no `cmd`", "EOF"]) {
        assert!(answer["error"].as_str().unwrap().contains(wanted), "{answer}");
    }
    assert_eq!(answers.len(), 4);
}
