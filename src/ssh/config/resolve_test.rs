use std::path::Path;

use proptest::prelude::*;

use super::super::{AddressFamily, Asked, Defaults, HostConfig, Origin, SshConfig, StrictHostKeys};

fn defaults() -> Defaults {
    Defaults {
        home: "/home/jdoe".to_owned(),
        local_user: "jdoe".to_owned(),
        connect_timeout_seconds: 20,
        ..Defaults::default()
    }
}

fn asked(name: &str) -> Asked {
    Asked {
        name: name.to_owned(),
        ..Asked::default()
    }
}

fn resolve(text: &str, name: &str) -> HostConfig {
    let config = SshConfig::parse(text, Path::new("/c"), Path::new("/home/jdoe")).expect("a configuration");
    config.resolve(&asked(name), &defaults()).expect("resolved")
}

#[test]
fn the_first_value_wins_and_knows_its_line() {
    let text =
        "User top\nHost web-*\n  User web\n  Port 2222\nHost *\n  Port 22\n  HostName %h.example.net\n";
    let host = resolve(text, "web-1");
    assert_eq!(
        (host.user.value.as_str(), host.user.origin.to_string()),
        ("top", "/c:1".to_owned())
    );
    assert_eq!(
        (host.port.value, host.port.origin.to_string()),
        (2222, "/c:4".to_owned())
    );
    assert_eq!(host.hostname.value, "web-1.example.net");
    assert_eq!(resolve(text, "db").port.value, 22);
}

#[test]
fn hosts_and_matches_apply_where_they_say() {
    let text = "Host db !db-9\n User a\nMatch originalhost web-1,web-2 user jdoe\n User b\nMatch host *.example.net\n Port 7\n\
                Match !host a*\n Port 8\nMatch all\n HostName z.example.net\n Match host z.example.net\n IdentitiesOnly yes\n";
    for (name, user, port, only) in [
        ("db", "a", 8, true),
        ("db-9", "jdoe", 8, true),
        ("web-1", "b", 8, true),
        ("a.example.net", "jdoe", 7, true),
        ("abc", "jdoe", 22, true),
    ] {
        let host = resolve(text, name);
        assert_eq!(
            (
                host.user.value.as_str(),
                host.port.value,
                host.identities_only.value
            ),
            (user, port, only),
            "{name}"
        );
    }
}

#[test]
fn lists_add_up_and_tokens_are_filled_in() {
    let text = "Host web\n HostName 10.0.0.1\n Port 2200\n User deploy\n IdentityFile ~/.ssh/%r@%h:%p-%n-%u-%%-%z\n \
                IdentityFile none\n UserKnownHostsFile ~/k1 \"/k 2\"\n HostKeyAlias %n.alias\n IdentityAgent none\n\
                Host *\n IdentityFile /second\n CertificateFile /c-cert.pub\n";
    let host = resolve(text, "web");
    let files: Vec<&str> = host.identity_files.iter().map(|f| f.value.as_str()).collect();
    assert_eq!(
        files,
        ["/home/jdoe/.ssh/deploy@10.0.0.1:2200-web-jdoe-%-%z", "/second"]
    );
    assert_eq!(host.user_known_hosts.value, ["/home/jdoe/k1", "/k 2"]);
    assert_eq!(host.certificate_files.len(), 1);
    assert_eq!(host.known_name(), "web.alias");
    assert_eq!(host.identity_agent.value, None);
    assert_eq!(resolve("", "web").identity_files.len(), 3, "the usual files");
}

#[test]
fn jumps_are_read() {
    let host = resolve("ProxyJump a,bob@b:2222,ssh://c@[::1]:22/\n", "web");
    let jumps: Vec<String> = host.proxy_jump.value.iter().map(ToString::to_string).collect();
    assert_eq!(jumps, ["a", "bob@b:2222", "c@[::1]:22"]);
    assert!(
        resolve("ProxyJump none\nProxyJump a\n", "web")
            .proxy_jump
            .value
            .is_empty()
    );
    let config =
        SshConfig::parse("ProxyJump -oProxyCommand=x\n", Path::new("/c"), Path::new("/")).expect("parsed");
    assert!(
        config.resolve(&asked("web"), &defaults()).is_err(),
        "never an option"
    );
}

#[test]
fn what_is_not_done_is_said() {
    let host = resolve(
        "ProxyCommand nc %h %p\nStrictHostKeyChecking no\nForwardAgent yes\n",
        "web",
    );
    assert_eq!(host.strict_host_keys.value, StrictHostKeys::AcceptNew);
    assert_eq!(host.warnings.len(), 2, "{:?}", host.warnings);
    let command = host
        .warnings
        .iter()
        .find(|warning| warning.contains("ProxyCommand nc"));
    assert!(
        command.is_some_and(|warning| warning.starts_with("/c:1: ")),
        "{:?}",
        host.warnings
    );
    let other = resolve("Host db\nProxyCommand nc %h %p\n", "web");
    assert!(
        other.warnings.is_empty(),
        "another host's warning: {:?}",
        other.warnings
    );
    let config = SshConfig::parse(
        "Match localnetwork 10.0.0.0/8\n User x\nMatch exec true\n User y\n",
        Path::new("/c"),
        Path::new("/"),
    )
    .expect("parsed");
    assert_eq!(config.warnings().len(), 2);
    for (text, warning) in [
        (
            "ProxyCommand none\nPubkeyAuthentication yes\nVerifyHostKeyDNS no\n",
            None,
        ),
        ("ProxyJump a\nProxyCommand nc %h %p\n", None),
        ("ProxyCommand ssh -W %h:%p a\n", None),
        (
            "PubkeyAuthentication no\n",
            Some("/c:1: `pubkeyauthentication` is not supported"),
        ),
        (
            "PKCS11Provider /lib/x.so\n",
            Some("/c:1: `pkcs11provider` is not supported"),
        ),
        (
            "CanonicalizeHostname yes\n",
            Some("/c:1: `CanonicalizeHostname yes` is not supported"),
        ),
        (
            "User x\nIdentityFile ~/%C\n",
            Some("/c:2: the token `%C` is not supported"),
        ),
        (
            "Match final\nBindAddress 10.0.0.1\n",
            Some("/c:2: `bindaddress` is not supported"),
        ),
    ] {
        let warnings = resolve(text, "web").warnings;
        match warning {
            None => assert_eq!(warnings, Vec::<String>::new(), "{text}"),
            Some(part) => assert!(
                warnings.len() == 1 && warnings[0].starts_with(part),
                "{text}: {warnings:?}"
            ),
        }
    }
    assert_eq!(
        config
            .resolve(&asked("w"), &defaults())
            .expect("resolved")
            .user
            .value,
        "jdoe"
    );
}

#[test]
fn of_jump_and_command_the_first_one_decides() {
    for (text, jumps) in [
        ("ProxyCommand none\nProxyJump a\n", ""),
        ("ProxyJump none\nProxyCommand ssh -W %h:%p b\n", ""),
        ("ProxyCommand ssh -W %h:%p me@b\nProxyJump a\n", "me@b"),
        ("ProxyJump %r@a:%p\nProxyCommand nc %h %p\n", "jdoe@a:22"),
    ] {
        let jump = resolve(text, "web").proxy_jump.value;
        let jump: Vec<String> = jump.iter().map(ToString::to_string).collect();
        assert_eq!(jump.join(","), jumps, "{text}");
    }
}

#[test]
fn the_second_time_counts_for_what_the_first_left_open() {
    let text = "Match final host *.example.net\n User late\n HostName never\nHost web\n HostName %h.example.net\n\
                Host *.example.net\n Port 7\nMatch canonical\n IdentitiesOnly yes\nHost *\n IdentityFile /k\n";
    let host = resolve(text, "web");
    assert_eq!(host.place(), "late@web.example.net:7");
    assert!(host.identities_only.value);
    assert_eq!(host.identity_files.len(), 1);
}

#[test]
fn times_families_and_variables() {
    let host = resolve(
        "ConnectTimeout 1m30s\nServerAliveInterval none\nAddressFamily inet6\nUserKnownHostsFile ${HOME}/k\n",
        "web",
    );
    assert_eq!(host.connect_timeout_seconds.value, 90);
    assert_eq!(host.alive_interval_seconds.value, 15);
    assert_eq!(host.address_family.value, AddressFamily::Inet6);
    let home = std::env::var("HOME").expect("a home");
    assert_eq!(host.user_known_hosts.value, [format!("{home}/k")]);
    let unset = SshConfig::parse(
        "IdentityFile ${NO_SUCH_THING_HERE}/k\n",
        Path::new("/c"),
        Path::new("/"),
    )
    .expect("parsed");
    let error = unset
        .resolve(&asked("web"), &defaults())
        .expect_err("not set")
        .to_string();
    assert!(
        error.starts_with("/c:1: ") && error.contains("NO_SUCH_THING_HERE"),
        "{error}"
    );
}

#[test]
fn what_was_asked_for_comes_before_the_files() {
    let config =
        SshConfig::parse("User file\nPort 1\nHostName h\n", Path::new("/c"), Path::new("/")).expect("parsed");
    let host = config
        .resolve(
            &Asked {
                name: "web".to_owned(),
                address: Some("10.0.0.9".to_owned()),
                port: Some(2),
                user: Some("me".to_owned()),
                identity_file: Some("~/mine".to_owned()),
            },
            &defaults(),
        )
        .expect("resolved");
    assert_eq!(host.place(), "me@10.0.0.9:2");
    assert_eq!(host.user.origin, Origin::Asked);
    assert_eq!(host.known_name(), "[10.0.0.9]:2");
    assert_eq!(host.identity_files.len(), 1);
    assert_eq!(host.identity_files[0].value, "/home/jdoe/mine");
}

#[test]
fn mistakes_are_told_with_their_place() {
    for (text, line) in [
        ("\nPort many\n", 2),
        ("IdentitiesOnly perhaps\n", 1),
        ("StrictHostKeyChecking sometimes\n", 1),
        ("ConnectTimeout soon\n", 1),
        ("AddressFamily inet4\n", 1),
    ] {
        let config = SshConfig::parse(text, Path::new("/c"), Path::new("/")).expect("parsed");
        let error = config
            .resolve(&asked("web"), &defaults())
            .expect_err("a mistake")
            .to_string();
        assert!(error.starts_with(&format!("/c:{line}: ")), "{error}");
    }
    for text in [
        "User\n",
        "User \"a\n",
        "Match\n",
        "Match user\n",
        "Match nonsense x\n",
    ] {
        assert!(
            SshConfig::parse(text, Path::new("/c"), Path::new("/")).is_err(),
            "{text}"
        );
    }
}

#[test]
fn included_files_stand_in_their_place() {
    let home = tempfile::tempdir().expect("a folder");
    let ssh = home.path().join(".ssh");
    std::fs::create_dir_all(ssh.join("d")).expect("a folder");
    std::fs::write(ssh.join("d/1.conf"), "Host web\n Port 1\n").expect("written");
    std::fs::write(ssh.join("d/2.conf"), "Port 2\nInclude more\n").expect("written");
    std::fs::write(ssh.join("more"), "User more\n").expect("written");
    let resolve = |text: &str, name: &str| {
        let config = SshConfig::parse(text, &ssh.join("config"), home.path()).expect("parsed");
        config.resolve(&asked(name), &defaults()).expect("resolved")
    };
    let text = "Include d/*.conf ~/.ssh/missing\nHost *\n User last\n";
    let web = resolve(text, "web");
    assert_eq!((web.port.value, web.user.value.as_str()), (1, "more"));
    assert!(web.port.origin.to_string().ends_with("1.conf:2"));
    assert_eq!(
        resolve(text, "db").port.value,
        2,
        "a block of an included file ends with the file"
    );
    let inside = "Host db\n Include d/*.conf\nHost *\n User last\n";
    assert_eq!(
        resolve(inside, "web").port.value,
        22,
        "it is not included for others"
    );
    std::fs::write(ssh.join("loop"), "Include loop\n").expect("written");
    assert!(SshConfig::parse("Include loop\n", &ssh.join("config"), home.path()).is_err());
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "(?s).{0,200}", name in "[a-z%*!-]{0,12}") {
        if let Ok(config) = SshConfig::parse(&text, Path::new("/c"), Path::new("/nowhere")) {
            let _ = config.resolve(&asked(&name), &defaults()).map(|host| host.explain());
        }
    }

    #[test]
    fn no_line_with_a_known_keyword_breaks_it(
        lines in prop::collection::vec(
            ("(Host|Match|HostName|Port|User|IdentityFile|ProxyJump|StrictHostKeyChecking|Include|UserKnownHostsFile)",
             "[ =]", "[a-z0-9@:,%*!\"' \\[\\]\\\\#/.~-]{0,30}"), 0..8),
    ) {
        let text = lines.iter().map(|(k, s, v)| format!("{k}{s}{v}")).collect::<Vec<_>>().join("\n");
        if let Ok(config) = SshConfig::parse(&text, Path::new("/c"), Path::new("/nowhere")) {
            let _ = config.resolve(&asked("web-1"), &defaults()).map(|host| host.explain());
        }
    }
}
