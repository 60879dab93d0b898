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

/// Exit code, standard output and standard error of `edgewise ARGS`.
fn call(args: &[&str]) -> (i32, String, String) {
    let ended = edgewise(args).run();
    (ended.code, ended.stdout, ended.stderr)
}

#[test]
fn explain_shows_the_way_and_what_is_not_done() {
    let hosts = MadeUpHosts::start(&["web-1"]);
    let config = hosts.file("ssh_config");
    let text = std::fs::read_to_string(&config).unwrap();
    let more = "Host db-1\n ProxyJump a,me@b:2222\n PKCS11Provider /lib/x.so\nHost *\n";
    std::fs::write(&config, format!("{more}{text}")).unwrap();
    let (code, stdout, stderr) = call(&["hosts", "explain", "db-1", "--ssh-config", &config]);
    assert_eq!(code, 0, "{stderr}");
    let way = stdout.lines().last().unwrap();
    assert!(
        way.starts_with("the way there: ") && way.contains("@a:22 -> me@b:2222 -> "),
        "{stdout}"
    );
    assert!(
        stderr.contains("ssh_config:3: `pkcs11provider` is not supported"),
        "{stderr}"
    );
    let (_, stdout, _) = call(&["hosts", "explain", "db-1", "--ssh-config", &config, "-o", "json"]);
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(shown["route"][1]["place"], "me@b:2222");
    assert_eq!(shown["route"][2]["origin"], format!("{config}:2"));
    assert_eq!(shown["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn hosts_are_chosen_by_range_and_from_an_inventory() {
    let hosts = MadeUpHosts::start(&["web1", "web2", "web3"]);
    let config = hosts.file("ssh_config");
    let place = hosts.fleet.host("web3").unwrap();
    let inventory = hosts.file("inventory.ini");
    std::fs::write(
        &inventory,
        format!(
            "[web]\nweb[1:2]\n[other]\nthird ansible_host=127.0.0.1 ansible_port={} ansible_become=true\n",
            place.port()
        ),
    )
    .unwrap();
    let ran = |args: &[&str]| {
        let ended = edgewise(
            &[
                &["exec", "--ssh-config", &config, "-o", "json"],
                args,
                &["--", "echo hello"],
            ]
            .concat(),
        )
        .run();
        let mut names: Vec<String> = ended
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .inspect(|end| assert_eq!(end["outcome"], "ok", "{end}"))
            .map(|end| end["host"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        (ended.code, names.join(" "), ended.stderr)
    };
    let (code, names, stderr) = ran(&["--hosts", "web[1-3]!web2"]);
    assert_eq!((code, names.as_str()), (0, "web1 web3"), "{stderr}");
    let (code, names, stderr) = ran(&["--hosts", "web[1,3],web2"]);
    assert_eq!((code, names.as_str()), (0, "web1 web2 web3"), "{stderr}");
    let (code, names, stderr) = ran(&["--hosts", "@web!web1,third", "--hosts-file", &inventory]);
    assert_eq!((code, names.as_str()), (0, "third web2"), "{stderr}");
    assert!(
        stderr.contains("inventory.ini:4: `ansible_become` is not understood and left out"),
        "{stderr}"
    );
    let (code, _, stderr) = ran(&["--hosts", "@wbe", "--hosts-file", &inventory]);
    assert_eq!(code, 2);
    assert!(stderr.contains("Did you mean `@web`?"), "{stderr}");
    let (code, stdout, stderr) = call(&[
        "hosts",
        "check",
        "@web",
        "--hosts-file",
        &inventory,
        "--ssh-config",
        &config,
        "-o",
        "json",
    ]);
    assert_eq!((code, stdout.lines().count()), (0, 2), "{stderr}");
}

#[test]
fn an_inventory_becomes_the_servers_of_a_project() {
    let folder = tempfile::tempdir().unwrap();
    let inventory = folder.path().join("inventory.yml");
    std::fs::write(
        &inventory,
        "all:\n  hosts: {bare: }\n  children:\n    east:\n      hosts:\n        web[01:02]: {ansible_user: deploy, weight: 3}\n    \
         west:\n      hosts:\n        web03: {ansible_host: 10.0.0.3, ansible_port: 2222, ansible_ssh_private_key_file: ~/k}\n",
    )
    .unwrap();
    let path = inventory.to_str().unwrap();
    let (code, stdout, stderr) = call(&["hosts", "import", path, "--zones", "east,west"]);
    assert_eq!(code, 0, "{stderr}");
    let shown: Value = serde_json::from_str(&stdout).unwrap();
    let labels = serde_json::json!({"groups": "east"});
    assert_eq!(
        shown,
        serde_json::json!({"server_info": "server_list", "server_list": {
            "main": ["bare"],
            "east": [
                {"name": "web01", "user": "deploy", "labels": labels, "vars": {"weight": 3}},
                {"name": "web02", "user": "deploy", "labels": labels, "vars": {"weight": 3}},
            ],
            "west": [{"name": "web03", "address": "10.0.0.3", "port": 2222, "labels": {"groups": "west"}}],
        }})
    );
    assert!(stderr.contains("Host web03\n    IdentityFile ~/k"), "{stderr}");
    // It is what a project takes.
    let merged = edgewise::domain::config::merge(
        shown.as_object().unwrap(),
        &serde_json::Map::new(),
        &serde_json::Map::new(),
    );
    assert_eq!(
        edgewise::domain::target::Topology::parse(&merged)
            .unwrap()
            .servers
            .len(),
        4
    );
    assert_eq!(call(&["hosts", "import", path, "--zones", "north"]).0, 2);
    assert_eq!(call(&["hosts", "import"]).0, 2);
}

#[test]
fn known_hosts_are_taken_over_after_a_yes_and_a_changed_key_never() {
    let hosts = MadeUpHosts::start(&["web-1", "web-2"]);
    let config = hosts.file("ssh_config");
    let (mine, theirs) = (hosts.file("known_hosts"), hosts.file("theirs"));
    let text = hosts.fleet.known_hosts_text();
    let lines: Vec<&str> = text.lines().collect();
    let key = |line: &str| line.split_once(' ').unwrap().1.to_owned();
    std::fs::write(&mine, format!("{}\n", lines[0])).unwrap();
    let hashed = format!(
        "|1|MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=|K3yJtGp3bHO3MnsgHxp2j0MSIoU= {}",
        key(lines[1])
    );
    let incoming = [
        lines[0].to_owned(),
        lines[1].to_owned(),
        hashed.clone(),
        format!("@cert-authority *.example.net {}", key(lines[0])),
        format!("@revoked * {}", key(lines[1])),
    ];
    std::fs::write(&theirs, format!("# theirs\n{}\n", incoming.join("\n"))).unwrap();
    let import = |args: &[&str]| {
        let all = [&["hosts", "import", "--known-hosts", &theirs], args].concat();
        let ended = edgewise(&all).env("EDGEWISE_SSH__CONFIG_FILE", &config).run();
        (ended.code, ended.stdout, ended.stderr)
    };
    let (code, stdout, stderr) = import(&[]);
    assert_eq!(code, 2, "nobody can be asked: {stderr}");
    assert!(
        stdout.contains("known ") && stdout.contains("@revoked"),
        "{stdout}"
    );
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), format!("{}\n", lines[0]));
    let (code, stdout, stderr) = import(&["--yes", "-o", "json"]);
    assert_eq!(code, 0, "{stderr}");
    let states: Vec<String> = stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["state"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(states, ["known", "new", "new", "new", "new"]);
    let after = std::fs::read_to_string(&mine).unwrap();
    assert_eq!(
        after,
        incoming.join("\n") + "\n",
        "hashed, authority and revoked ones are kept as they are"
    );
    assert!(import(&["--yes"]).2.contains("there is nothing to add"));

    let name = lines[0].split_once(' ').unwrap().0;
    std::fs::write(
        &theirs,
        format!("{name} {}\nnew-1 {}\n", key(lines[1]), key(lines[0])),
    )
    .unwrap();
    let (code, stdout, stderr) = import(&["--yes"]);
    assert_eq!(code, 5, "{stderr}");
    assert!(
        stdout.contains("CHANGED") && stdout.contains("known_hosts:1"),
        "{stdout}"
    );
    let end = std::fs::read_to_string(&mine).unwrap();
    assert_eq!(end, format!("{after}new-1 {}\n", key(lines[0])));
}
