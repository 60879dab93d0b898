//! `edgewise files` on made-up hosts.

use edgewise::fleet::Fault;
use serde_json::Value;

use super::made_up_hosts::MadeUpHosts;
use super::{DENIES_WEB_TOOL, edgewise};

fn files(hosts: &MadeUpHosts, what: &str, args: &[&str]) -> (i32, Vec<Value>, String) {
    let config = hosts.file("ssh_config");
    let args = [&["files", what, "-o", "json", "--ssh-config", &config], args].concat();
    let ended = edgewise(&args).env("HOME", "/nonexistent").run();
    let objects = ended
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}")))
        .collect();
    (ended.code, objects, ended.stderr)
}

fn find<'a>(objects: &'a [Value], host: &str) -> &'a Value {
    objects.iter().find(|object| object["host"] == host).unwrap()
}

#[test]
fn a_file_goes_to_many_hosts_and_comes_back_from_each() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2", "web-3"]);
    hosts.fleet.host("web-3").unwrap().break_with(Fault::Refuse);
    let source = hosts.file("source");
    std::fs::write(&source, "of everybody").unwrap();
    let all = ["--hosts", "web-1,web-2,web-3"];
    let (code, objects, _) = files(
        &hosts,
        "put",
        &[&[&source, "conf/app", "--mode", "0640"], &all[..]].concat(),
    );
    assert_eq!(code, 7, "{objects:?}");
    let keys: Vec<&str> = find(&objects, "web-1")
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        keys,
        [
            "host",
            "outcome",
            "exit_code",
            "files",
            "unchanged",
            "bytes",
            "duration_ms",
            "error"
        ]
    );
    for host in ["web-1", "web-2"] {
        assert_eq!(find(&objects, host)["outcome"], "ok", "{objects:?}");
        assert_eq!(find(&objects, host)["bytes"], 12);
        let home = hosts.fleet.host(host).unwrap().home().to_owned();
        assert_eq!(
            std::fs::read_to_string(home.join("conf/app")).unwrap(),
            "of everybody"
        );
        std::fs::write(home.join("conf/own"), host).unwrap();
    }
    assert_eq!(find(&objects, "web-3")["outcome"], "unreachable");

    let (code, objects, _) = files(
        &hosts,
        "put",
        &[&source, "conf/app", "--mode", "0640", "--hosts", "web-1"],
    );
    assert_eq!(
        (code, &objects[0]["unchanged"]),
        (0, &Value::from(1)),
        "{objects:?}"
    );

    let here = hosts.file("here");
    let (code, objects, _) = files(&hosts, "get", &["conf", &here, "--hosts", "web-1,web-2"]);
    assert_eq!(code, 0, "{objects:?}");
    for host in ["web-1", "web-2"] {
        let place = std::path::Path::new(&here).join(host).join("conf");
        assert_eq!(
            std::fs::read_to_string(place.join("app")).unwrap(),
            "of everybody"
        );
        assert_eq!(std::fs::read_to_string(place.join("own")).unwrap(), host);
    }
    let (code, objects, _) = files(&hosts, "get", &["nothing", &here, "--hosts", "web-1"]);
    assert_eq!(
        (code, &objects[0]["outcome"]),
        (1, &Value::from("failed")),
        "{objects:?}"
    );
}

#[test]
fn what_is_written_and_read_is_judged_as_a_command_would_be() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    // Should one of these ever be let through, it must not come to this machine.
    hosts.fleet.host("web-1").unwrap().break_with(Fault::Refuse);
    let source = hosts.file("source");
    std::fs::write(&source, "x").unwrap();
    let tree = hosts.file("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(hosts.file("tree/passwd"), "x").unwrap();
    let here = hosts.file("here");
    let table: [(&str, &[&str], i32); 5] = [
        ("put", &[&source, "/etc/passwd", "--yes"], 5),
        ("put", &[&source, "/dev/sda", "--yes"], 5),
        ("put", &[&tree, "/etc", "--yes"], 5),
        ("get", &["/etc/shadow", &here], 5),
        ("put", &["/nonexistent/source", "x"], 2),
    ];
    for (what, args, want) in table {
        let (code, objects, stderr) = files(&hosts, what, &[args, &["--hosts", "web-1"]].concat());
        assert_eq!(code, want, "{args:?}: {stderr}");
        if want == 5 {
            assert_eq!(objects[0]["outcome"], "denied", "{args:?}");
            assert!(stderr.contains("nothing was contacted"), "{stderr}");
        }
    }
    assert!(!std::path::Path::new(&here).exists());
    assert_eq!(hosts.fleet.host("web-1").unwrap().faults_hit(), 0);
}

#[test]
fn a_script_is_judged_before_it_is_put_and_data_is_not() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let policies = hosts.file("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(hosts.file("policies/own.json"), DENIES_WEB_TOOL).unwrap();
    let tree = hosts.file("tree");
    std::fs::create_dir_all(hosts.file("tree/bin")).unwrap();
    let texts = [
        ("with-shebang", "#!/bin/sh\nweb-tool wipe\n"),
        ("by-name.sh", "sudo web-tool wipe\n"),
        ("notes.txt", "web-tool wipe\n"),
        ("good.sh", "#!/bin/sh\necho fine\n"),
        (
            "tree/bin/start",
            "#!/usr/bin/env bash\nif true; then web-tool wipe; fi\n",
        ),
    ];
    for (name, text) in texts {
        std::fs::write(hosts.file(name), text).unwrap();
    }
    for (source, dest, want) in [
        ("with-shebang", "bin/start", 5),
        ("by-name.sh", "bin/start.sh", 5),
        ("notes.txt", "notes.txt", 0),
        ("good.sh", "good.sh", 0),
    ] {
        let args = [
            &hosts.file(source),
            dest,
            "--hosts",
            "web-1",
            "--policies",
            &policies,
        ];
        let (code, objects, stderr) = files(&hosts, "put", &args);
        assert_eq!(code, want, "{source}: {objects:?} {stderr}");
    }
    let args = [&tree, "app", "--hosts", "web-1", "--policies", &policies];
    let (code, objects, stderr) = files(&hosts, "put", &args);
    assert_eq!(code, 5, "{objects:?} {stderr}");
    assert_eq!(objects[0]["outcome"], "denied");
}

#[test]
fn a_folder_goes_to_many_hosts() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2"]);
    let tree = hosts.file("tree");
    std::fs::create_dir_all(hosts.file("tree/a")).unwrap();
    std::fs::write(hosts.file("tree/a/b"), "1").unwrap();
    std::fs::write(hosts.file("tree/c"), "2").unwrap();
    let (code, objects, stderr) = files(&hosts, "put", &[&tree, "app", "--hosts", "web-1,web-2"]);
    assert_eq!(code, 0, "{objects:?} {stderr}");
    std::fs::remove_file(hosts.file("tree/c")).unwrap();
    let (code, objects, _) = files(&hosts, "put", &[&tree, "app", "--hosts", "web-1", "--delete"]);
    assert_eq!((code, &objects[0]["bytes"]), (0, &Value::from(0)), "{objects:?}");
    for (host, there) in [("web-1", false), ("web-2", true)] {
        let app = hosts.fleet.host(host).unwrap().home().join("app");
        assert_eq!(std::fs::read_to_string(app.join("a/b")).unwrap(), "1");
        assert_eq!(app.join("c").exists(), there, "{host}");
    }
}
