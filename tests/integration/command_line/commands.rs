//! Every command of the contract is there, and says how it is used.

use super::edgewise;

/// Each command with the words that its help must hold.
const COMMANDS: &[(&[&str], &[&str])] = &[
    (
        &["plan"],
        &["SPACE/PROJECT", "ACTION", "--servers", "--all", "--version"],
    ),
    (
        &["run"],
        &[
            "SPACE/PROJECT",
            "ACTION",
            "--servers",
            "--all",
            "--version",
            "--follow",
            "--queue",
        ],
    ),
    (&["deploy"], &["SPACE/PROJECT", "--version", "--follow"]),
    (&["restart"], &["SPACE/PROJECT", "--follow"]),
    (&["rollback"], &["SPACE/PROJECT", "--version", "--follow"]),
    (&["actions"], &["list", "show", "logs", "watch"]),
    (
        &["actions", "list"],
        &["--space", "--project", "--status", "--user", "--since"],
    ),
    (&["actions", "show"], &["ID"]),
    (&["actions", "logs"], &["--level", "--target", "--step"]),
    (&["actions", "watch"], &["ID"]),
    (&["actions", "pause"], &["--reason"]),
    (&["actions", "resume"], &["--reason"]),
    (&["actions", "promote"], &["--to-end"]),
    (&["actions", "force"], &["--reason"]),
    (&["actions", "abort"], &["--rollback"]),
    (&["actions", "rollback"], &["--version"]),
    (&["actions", "retry"], &["--only"]),
    (&["actions", "approve"], &["--reason"]),
    (&["actions", "reject"], &["--reason"]),
    (&["log", "refused"], &["--config"]),
    (&["demo"], &["--hosts", "--port", "--once"]),
    (&["serve"], &["--config", "--set"]),
    (&["migrate"], &["--config"]),
    (&["user", "add"], &["NAME", "--admin"]),
    (&["user", "list"], &[]),
    (&["user", "groups"], &["NAME", "GROUPS"]),
    (&["user", "disable"], &["NAME"]),
    (&["user", "password"], &["NAME"]),
    (&["token", "add"], &["NAME", "--space", "--role", "--expires"]),
    (&["token", "list"], &["--space"]),
    (&["token", "revoke"], &["NAME"]),
    (&["apply"], &["DIR", "--dry-run", "--prune"]),
    (&["export"], &["DIR"]),
    (&["history"], &["KIND", "NAME", "--limit"]),
    (&["schema"], &["SCRIPT"]),
    (
        &["files", "put"],
        &[
            "SRC",
            "DEST",
            "--hosts",
            "--hosts-file",
            "--mode",
            "--owner",
            "--delete",
            "--concurrency",
        ],
    ),
    (
        &["files", "get"],
        &["REMOTE", "LOCALDIR", "--hosts", "--hosts-file", "--timeout"],
    ),
    (
        &["exec"],
        &[
            "--hosts",
            "--hosts-file",
            "--ssh-config",
            "--concurrency",
            "--timeout",
            "--sudo",
            "--max-output",
        ],
    ),
    (
        &["sanitize"],
        &["COMMAND", "--jsonl", "--policies", "--space", "--environment"],
    ),
    (&["hosts", "trust"], &["HOSTS", "--fingerprint"]),
    (&["hosts", "check"], &["HOSTS"]),
    (&["hosts", "explain"], &["HOST"]),
    (&["simulate"], &["FILE"]),
    (&["config", "check"], &["--config"]),
    (&["config", "print"], &["--config"]),
    (&["completion"], &["bash"]),
];

#[test]
fn every_command_of_the_contract_is_there() {
    for (command, words) in COMMANDS {
        let mut args = command.to_vec();
        args.push("--help");
        let ended = edgewise(&args).run();
        assert_eq!(ended.code, 0, "{command:?}: {}", ended.stderr);
        for word in words.iter().chain(&["--output", "--yes"]) {
            assert!(
                ended.stdout.contains(word),
                "{command:?} does not say {word}:\n{}",
                ended.stdout
            );
        }
    }
}

#[test]
fn a_wrong_command_line_ends_with_2_and_says_nothing_on_stdout() {
    let table: &[&[&str]] = &[
        &[],
        &["delpoy", "payments/web"],
        &["run", "payments/web"],
        &["run", "web", "deploy", "--all"],
        &["run", "payments/web", "deploy"],
        &["run", "payments/web", "deploy", "--all", "--servers", "a"],
        &["deploy", "payments/web", "--all", "--set", "nothing"],
        &["actions", "show"],
        &["actions", "list", "--url", "deploy.example.net"],
        &["config", "print", "--config", "/no/such/file"],
    ];
    for args in table {
        let ended = edgewise(args).run();
        assert_eq!(ended.code, 2, "{args:?}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{args:?}");
        assert_ne!(ended.stderr, "", "{args:?}");
    }
}

#[test]
fn a_server_that_is_not_there_ends_with_7() {
    // Port 1 of the loopback device refuses at once: nothing listens there.
    for args in [
        &["run", "payments/web", "deploy", "--all"][..],
        &["plan", "payments/web", "deploy", "--all"],
        &["actions"],
        &["actions", "pause", "x"],
    ] {
        let ended = edgewise(args).env("EDGEWISE_URL", "http://127.0.0.1:1").run();
        assert_eq!(ended.code, 7, "{args:?}: {}", ended.stderr);
        assert!(ended.stderr.contains("out of reach"), "{}", ended.stderr);
    }
}

#[test]
fn completion_knows_the_commands() {
    let ended = edgewise(&["completion", "bash"]).run();
    assert_eq!(ended.code, 0);
    assert!(ended.stdout.contains("rollback") && ended.stdout.contains("completion"));
}
