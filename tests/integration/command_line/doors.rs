//! Every way by which a command line may bring something to a host: what is denied contacts nobody, whoever says yes.

use edgewise::fleet::Fault;

use super::edgewise;
use super::made_up_hosts::MadeUpHosts;

/// What is denied here is nowhere: a program, and folders.
const FORBIDDING: &str = r#"{
  "deny": [{"id": "held", "regex": "^web-tool|/opt/held|/srv/app/file", "reason": "it is held back"}],
  "ask": [{"id": "look", "regex": "^app-tool", "reason": "let somebody look"}]
}"#;

/// The call, its exit code, and whether what is asked about was said yes to.
struct Row {
    args: &'static [&'static str],
    code: i32,
    yes: bool,
}

const fn denied(args: &'static [&'static str]) -> Row {
    Row {
        args,
        code: 5,
        yes: true,
    }
}

/// `FOLDER` is the test's own: it holds a `file`, a `script`, a script for bash, `vars` and `tool`, which is for everybody to be root.
const ROWS: &[Row] = &[
    denied(&["exec", "--", "web-tool wipe"]),
    denied(&["exec", "--", "web-tool", "wipe"]),
    denied(&["exec", "--sudo", "--", "web-tool wipe"]),
    denied(&["exec", "--user", "app", "--", "web-tool wipe"]),
    denied(&["exec", "--cwd", "/opt/held", "--", "echo x > file"]),
    denied(&["exec", "--umask", "000", "--", "web-tool wipe"]),
    denied(&["exec", "--env", "WORK=web-tool wipe", "--", "sh -c \"$WORK\""]),
    denied(&["exec", "--env", "LD_PRELOAD=/tmp/x.so", "--", "true"]),
    denied(&["exec", "--env-file", "FOLDER/vars", "--", "eval \"$WORK\""]),
    denied(&["exec", "--stdin", "FOLDER/script", "--", "sh"]),
    denied(&["exec", "--script", "FOLDER/script"]),
    denied(&["exec", "--script", "FOLDER/for-bash", "--", "an argument"]),
    denied(&["exec", "--script", "FOLDER/argument", "--", "web-tool wipe"]),
    denied(&["exec", "--detachable", "--", "web-tool wipe"]),
    denied(&["exec", "--detachable", "--sudo", "--script", "FOLDER/script"]),
    Row {
        args: &["exec", "--", "app-tool"],
        code: 5,
        yes: false,
    },
    Row {
        args: &["exec", "--detachable", "--", "app-tool"],
        code: 5,
        yes: false,
    },
    // No text of anybody's comes with these two.
    Row {
        args: &["exec", "--attach", "; web-tool wipe"],
        code: 2,
        yes: true,
    },
    Row {
        args: &["exec", "--stop", "$(web-tool wipe)"],
        code: 2,
        yes: true,
    },
    denied(&["files", "put", "FOLDER/file", "/opt/held/x"]),
    denied(&["files", "put", "FOLDER", "/srv/app"]),
    denied(&["files", "put", "FOLDER", "/opt/held", "--delete"]),
    denied(&["files", "put", "FOLDER/file", "/opt/app/x", "--mode", "4755"]),
    denied(&["files", "put", "FOLDER/tool", "/etc/cron.d/x"]),
    denied(&["files", "put", "FOLDER/script", "/opt/app/run.sh"]),
    denied(&["files", "put", "FOLDER/with-bits", "/opt/app"]),
    denied(&["files", "get", "/opt/held/x", "FOLDER/here"]),
];

#[test]
fn what_is_denied_contacts_nobody() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let host = hosts.fleet.host("web-1").unwrap();
    host.break_with(Fault::Refuse);
    let config = hosts.file("ssh_config");
    let policies = hosts.file("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(hosts.file("policies/own.json"), FORBIDDING).unwrap();
    let folder = hosts.file("work");
    std::fs::create_dir_all(hosts.file("work/with-bits")).unwrap();
    for (name, text) in [
        ("file", "data\n"),
        ("script", "#!/bin/sh\nweb-tool wipe\n"),
        ("for-bash", "#!/bin/bash\n[[ -n $1 ]] && web-tool wipe\n"),
        ("argument", "eval \"$1\"\n"),
        ("vars", "WORK=web-tool wipe\n"),
        ("tool", "* * * * * root web-tool wipe\n"),
        ("with-bits/tool", "x"),
    ] {
        std::fs::write(hosts.file(&format!("work/{name}")), text).unwrap();
    }
    let bits = std::os::unix::fs::PermissionsExt::from_mode(0o4755);
    std::fs::set_permissions(hosts.file("work/with-bits/tool"), bits).unwrap();
    let place = [
        "--ssh-config",
        &config,
        "--hosts",
        "web-1",
        "--policies",
        &policies,
    ];
    for Row { args, code, yes } in ROWS {
        let args: Vec<String> = args.iter().map(|arg| arg.replace("FOLDER", &folder)).collect();
        let words = if args[0] == "files" { 2 } else { 1 };
        let mut all: Vec<&str> = if *yes { vec!["--yes"] } else { Vec::new() };
        all.extend(args[..words].iter().map(String::as_str));
        all.extend(place);
        all.extend(args[words..].iter().map(String::as_str));
        let ended = edgewise(&all).env("HOME", "/nonexistent").run();
        assert_eq!(ended.code, *code, "{args:?}: {} {}", ended.stdout, ended.stderr);
        if *code == 5 {
            assert!(
                ended.stderr.contains("nothing was contacted"),
                "{args:?}: {}",
                ended.stderr
            );
        }
        assert_eq!(host.faults_hit(), 0, "{args:?}");
    }
    // The counter counts: what is allowed is tried.
    let all = [&["exec"][..], &place, &["--", "true"]].concat();
    let ended = edgewise(&all).env("HOME", "/nonexistent").run();
    assert_eq!(ended.code, 7, "{}", ended.stderr);
    assert!(host.faults_hit() > 0);
}
