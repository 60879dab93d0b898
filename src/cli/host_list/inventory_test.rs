//! Inventories as people have them.

use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::vars::Warnings;
use super::{Inventory, NamedHost, collect};

const INI: &str = "\
# Everything.
bastion ansible_host=203.0.113.1 ansible_port=2222

[web]
web[01:03].example.net
web09 ansible_host=10.0.0.9 ansible_user='deploy' note=\"a b\" # a comment
[::1]:2200

[db:children]
primary
replicas

[primary]
db1 ansible_ssh_private_key_file=~/.ssh/db

[replicas]
db[2:3]:2022

[prod:children]
web
db

[all:vars]
ansible_user=everybody
tier = none
[prod:vars]
ansible_user=prod
ansible_become=true
[db:vars]
tier=\"storage\"
";

const YAML: &str = "\
all:
  vars: {ansible_user: everybody, tier: none}
  hosts:
    bastion: {ansible_host: 203.0.113.1, ansible_port: 2222}
  children:
    prod:
      vars:
        ansible_user: prod
        ansible_become: yes
      children:
        web:
          hosts:
            web[01:03].example.net:
            web09:
              ansible_host: 10.0.0.9
              ansible_user: deploy
              note: a b
            '[::1]:2200':
        db:
          vars: &db
            tier: storage
          children:
            primary:
              hosts:
                db1:
                  <<: *db
                  ansible_ssh_private_key_file: ~/.ssh/db
            replicas:
              hosts:
                db[2:3]:2022:
";

fn read(text: &str, name: &str) -> Inventory {
    Inventory::read(text, Path::new(name))
        .expect("read")
        .expect("an inventory")
}

#[test]
fn both_forms_say_the_same() {
    for (text, name) in [(INI, "/nowhere/hosts"), (YAML, "/nowhere/hosts.yml")] {
        let inventory = read(text, name);
        let mut warnings = Warnings::default();
        let mut host = |name: &str| {
            let host = inventory
                .host(name, &mut warnings)
                .expect("a way")
                .expect("a host");
            let text = |text: Option<&str>| text.unwrap_or("-").to_owned();
            (
                text(host.address()),
                host.port().unwrap_or(0),
                text(host.user()),
                text(host.identity_file()),
                host.groups.join(" "),
                json!(host.vars),
            )
        };
        let own = |text: &str| text.to_owned();
        for (host, wanted) in [
            (
                host("bastion"),
                (
                    own("203.0.113.1"),
                    2222,
                    own("everybody"),
                    own("-"),
                    own(""),
                    json!({"tier": "none"}),
                ),
            ),
            (
                host("web02.example.net"),
                (
                    own("-"),
                    0,
                    own("prod"),
                    own("-"),
                    own("prod web"),
                    json!({"tier": "none"}),
                ),
            ),
            (
                host("web09"),
                (
                    own("10.0.0.9"),
                    0,
                    own("deploy"),
                    own("-"),
                    own("prod web"),
                    json!({"note": "a b", "tier": "none"}),
                ),
            ),
            (
                host("::1"),
                (
                    own("-"),
                    2200,
                    own("prod"),
                    own("-"),
                    own("prod web"),
                    json!({"tier": "none"}),
                ),
            ),
            (
                host("db1"),
                (
                    own("-"),
                    0,
                    own("prod"),
                    own("~/.ssh/db"),
                    own("prod db primary"),
                    json!({"tier": "storage"}),
                ),
            ),
            (
                host("db3"),
                (
                    own("-"),
                    2022,
                    own("prod"),
                    own("-"),
                    own("prod db replicas"),
                    json!({"tier": "storage"}),
                ),
            ),
        ] {
            assert_eq!(host, wanted, "{name}");
        }
        let line = if name.ends_with("yml") { 9 } else { 28 };
        assert_eq!(
            warnings.sentences(),
            [format!(
                "{name}:{line}: `ansible_become` is not understood and left out (5 times)"
            )]
        );
        assert_eq!(inventory.group("web").expect("a group").len(), 5);
        assert_eq!(inventory.group("db").expect("a group"), ["db1", "db2", "db3"]);
        assert_eq!(inventory.group("all").expect("a group").len(), 9);
        assert_eq!(inventory.group("ungrouped").expect("a group"), ["bastion"]);
        assert_eq!(inventory.group("nobody"), None);
    }
}

#[test]
fn what_ansible_writes_out_and_what_stands_beside_the_file_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("written");
        path
    };
    let list = write(
        "list.json",
        r#"{"_meta": {"hostvars": {"web1": {"ansible_host": "10.0.0.1", "ansible_port": 22}}},
            "all": {"children": ["ungrouped", "web"]}, "web": {"hosts": ["web1", "web2"]}}"#,
    );
    let hosts = collect(&["@web".to_owned()], Some(&list)).expect("hosts");
    assert_eq!(hosts.len(), 2);
    assert_eq!(
        (hosts[0].address.as_deref(), hosts[0].port),
        (Some("10.0.0.1"), Some(22))
    );
    let hosts = write("hosts", "[web]\nweb1\nweb2\n");
    write(
        "group_vars/all.yml",
        "ansible_user: everybody\nansible_port: 2222\n",
    );
    write("group_vars/web/main.yml", "ansible_user: web\n");
    write("host_vars/web2", "ansible_user: two\n");
    let users: Vec<(Option<String>, Option<u16>)> = collect(&[], Some(&hosts))
        .expect("hosts")
        .into_iter()
        .map(|host| (host.user, host.port))
        .collect();
    assert_eq!(
        users,
        [
            (Some("web".to_owned()), Some(2222)),
            (Some("two".to_owned()), Some(2222))
        ]
    );
}

#[test]
fn hosts_are_chosen_from_an_inventory() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("inventory.ini");
    std::fs::write(&path, INI).expect("written");
    let choose = |wanted: &str| {
        let wanted: Vec<String> = wanted.split(',').map(str::to_owned).collect();
        collect(&wanted, Some(&path)).map(|hosts| hosts.into_iter().map(|host| host.text).collect::<Vec<_>>())
    };
    assert_eq!(choose("@db!db2").expect("hosts"), ["db1", "db3"]);
    assert_eq!(choose("!@prod").expect("hosts"), ["bastion"]);
    assert_eq!(choose("").expect("hosts").len(), 9);
    let error = choose("@wbe").expect_err("a slip").message;
    assert!(error.contains("Did you mean `@web`?"), "{error}");
    let host: &NamedHost = &collect(&["me@web09:7".to_owned()], Some(&path)).expect("a host")[0];
    assert_eq!(host.address.as_deref(), Some("10.0.0.9"));
    assert_eq!((host.user.as_deref(), host.port), (Some("me"), Some(7)));
    assert_eq!(choose("elsewhere").expect("not of the inventory"), ["elsewhere"]);
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    for (name, text, part) in [
        ("x", "[web]\nweb1 port\nx a=b", "x:2: `port` is not name=value"),
        ("x", "[web:vars]\nnonsense", "x:2: "),
        ("x", "[web:what]\n", "x:1: "),
        ("x", "[web]\nweb[3:1]", "x:2: `[3:1]` runs backwards"),
        ("x", "[web]\nweb1 a=\"b", "x:2: a quote is not closed"),
        ("x", "[a:children]\nb\n[b:children]\na\n", "lies in itself"),
        ("x.yml", "plugin: aws_ec2\n", "ansible-inventory --list"),
        ("x.yml", "- a\n- b\n", "x.yml:1: an inventory is a map of groups"),
        (
            "x.yml",
            "web:\n  host: {a: }\n",
            "x.yml:2: `host` of the group `web`",
        ),
        (
            "x.yml",
            "web:\n  hosts:\n    a: [1]\n",
            "x.yml:3: variables are a map",
        ),
        ("x.yml", "web: {hosts: {a: }}\nweb: {}\n", "stands there twice"),
        ("x.yml", "a: {}\n---\nb: {}\n", "only one document"),
        ("x.yml", "a: &a [*a]\n", "alias"),
        ("x.yml", "web: {\n", "x.yml:"),
        ("x.yml", "? [a]\n: b\n", "a key must be a word"),
    ] {
        let error = Inventory::read(text, Path::new(name)).expect_err(text);
        assert!(error.contains(part), "{text}: {error}");
    }
    let bomb = (0..40).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        text + &format!("a{}: &a{} [*a{n}, *a{n}]\n", n + 1, n + 1)
    });
    let error = Inventory::read(&bomb, Path::new("x.yml")).expect_err("a bomb");
    assert!(error.contains("more than 2000000 values"), "{error}");
    let deep = format!("a: {}{}", "[".repeat(500), "]".repeat(500));
    assert!(Inventory::read(&deep, Path::new("x.yml")).is_err());
    for (text, part) in [
        ("[w]\na ansible_host={{x}}", "template"),
        ("[w]\na ansible_port=many", "not a port"),
        ("[w]\na ansible_user=-l", "one word"),
    ] {
        let error = read(text, "x")
            .host("a", &mut Warnings::default())
            .expect_err(text);
        assert!(error.starts_with("x:2: ") && error.contains(part), "{error}");
    }
    let mut warnings = Warnings::default();
    let text = "[w]\na ansible_connection=local ansible_password=x ansible_ssh_common_args='-J b' ansible_become=true";
    read(text, "x").host("a", &mut warnings).expect("a way");
    assert_eq!(warnings.sentences().len(), 4, "{warnings:?}");
    assert!(!warnings.sentences().join(" ").contains("=x"));
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "(?s).{0,200}|[a-z0-9:=\\[\\]{}&*<#'\" \n!-]{0,200}", yaml in any::<bool>()) {
        let name = if yaml { "/nowhere/x.yml" } else { "/nowhere/x" };
        if let Ok(Some(inventory)) = Inventory::read(&text, Path::new(name)) {
            for host in inventory.hosts() {
                let _ = inventory.host(host, &mut Warnings::default());
            }
        }
    }
}
