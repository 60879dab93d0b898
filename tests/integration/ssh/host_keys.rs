//! Host keys: strict, hashed, changed, revoked, signed.

use edgewise::domain::outcome::Outcome;
use edgewise::ssh::{Asked, HostKeyVerdict};

use crate::support::ssh::{connect, failure, hosts, settings};
use crate::support::sshd::{Farm, keygen, make_key};

fn asked(name: &str) -> Asked {
    Asked {
        name: name.to_owned(),
        ..Asked::default()
    }
}

#[tokio::test]
async fn an_unknown_key_is_refused_with_the_command_that_trusts_it() {
    let farm = Farm::start(1);
    let settings = settings(&farm, "");
    let file = settings.known_hosts_file.clone().expect("set");
    std::fs::write(&file, "").expect("written");
    let hosts = hosts(&settings);
    let refused = failure(&hosts, "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::HostKeyUnknown, "{refused}");
    assert!(
        refused.message.contains("edgewise hosts trust sshd-1"),
        "{refused}"
    );

    let scanned = hosts.scan(&asked("sshd-1")).await.expect("a key");
    assert_eq!(scanned.verdict, HostKeyVerdict::Unknown);
    assert!(refused.message.contains(&scanned.fingerprint), "{refused}");
    assert!(scanned.fingerprint.starts_with("SHA256:"));
    let path = hosts.trust(&asked("sshd-1"), &scanned).await.expect("written");
    assert_eq!(path, file.to_str().expect("UTF-8"));
    assert_eq!(std::fs::read_to_string(&file).expect("read"), farm.known_hosts());
    connect(&hosts, "sshd-1").await.expect("the file is read again");
    let scanned = hosts.scan(&asked("sshd-1")).await.expect("a key");
    assert_eq!(scanned.verdict, HostKeyVerdict::Known);
}

#[tokio::test]
async fn a_changed_key_is_refused() {
    let mut farm = Farm::start(1);
    let hosts = hosts(&settings(&farm, ""));
    connect(&hosts, "sshd-1").await.expect("known");
    farm.server_mut(1).change_key();
    let refused = failure(&hosts, "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::HostKeyChanged, "{refused}");
    assert!(refused.message.contains("known_hosts:1"), "{refused}");
}

#[tokio::test]
async fn hashed_names_are_found_and_revoked_keys_refused() {
    let farm = Farm::start(1);
    let settings = settings(&farm, "");
    let file = settings.known_hosts_file.clone().expect("set");
    let path = file.to_str().expect("UTF-8");
    keygen(&["-H", "-f", path]);
    let text = std::fs::read_to_string(&file).expect("read");
    assert!(text.contains("|1|"), "{text}");
    let hosts = hosts(&settings);
    connect(&hosts, "sshd-1").await.expect("known by its hash");
    std::fs::write(
        &file,
        format!("{text}@revoked * {}\n", farm.server(1).public_key()),
    )
    .expect("written");
    let refused = failure(&hosts, "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::HostKeyChanged, "{refused}");
    assert!(refused.message.contains("revoked"), "{refused}");
}

#[tokio::test]
async fn an_authority_vouches_for_its_hosts() {
    let mut farm = Farm::with(&["HostCertificate {dir}/host_key-cert.pub"]);
    let authority = farm.folder().join("authority");
    make_key(&authority, "ed25519");
    let settings = settings(&farm, "HashKnownHosts no");
    let file = settings.known_hosts_file.clone().expect("set");
    let public = std::fs::read_to_string(farm.folder().join("authority.pub")).expect("a key");
    std::fs::write(&file, format!("@cert-authority [127.0.1.*]:* {public}")).expect("written");
    let hosts = hosts(&settings);
    let refused = failure(&hosts, "sshd-1").await;
    assert_eq!(
        refused.outcome,
        Outcome::HostKeyUnknown,
        "no certificate yet: {refused}"
    );
    let sign = |farm: &Farm, principal: &str| {
        let key = farm.server(1).folder().join("host_key.pub");
        let (authority, key) = (authority.to_str().expect("UTF-8"), key.to_str().expect("UTF-8"));
        keygen(&["-q", "-s", authority, "-h", "-I", "a host", "-n", principal, key]);
    };
    for (principal, good) in [("127.0.1.1", true), ("127.0.1.2", false)] {
        sign(&farm, principal);
        farm.server_mut(1).kill();
        farm.server_mut(1).restart();
        if good {
            connect(&hosts, "sshd-1").await.expect("vouched for");
        } else {
            let refused = failure(&hosts, "sshd-1").await;
            assert_eq!(refused.outcome, Outcome::HostKeyChanged, "{refused}");
            assert!(refused.message.contains("127.0.1.2"), "{refused}");
        }
    }
}

#[tokio::test]
async fn accept_new_writes_a_new_key_down_once_and_refuses_a_changed_one() {
    let mut farm = Farm::start(1);
    let settings = settings(&farm, "StrictHostKeyChecking accept-new");
    let file = settings.known_hosts_file.clone().expect("set");
    std::fs::write(&file, "").expect("written");
    let hosts = hosts(&settings);
    for _ in 0..2 {
        connect(&hosts, "sshd-1").await.expect("taken");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("read"), farm.known_hosts());
    farm.server_mut(1).change_key();
    assert_eq!(failure(&hosts, "sshd-1").await.outcome, Outcome::HostKeyChanged);
}

#[tokio::test]
async fn the_known_kind_of_key_is_asked_for() {
    let mut farm = Farm::with(&["HostKey {dir}/rsa_key"]);
    let rsa = farm.server(1).folder().join("rsa_key");
    make_key(&rsa, "rsa");
    farm.server_mut(1).kill();
    farm.server_mut(1).restart();
    let settings = settings(&farm, "");
    let server = farm.server(1);
    let public = std::fs::read_to_string(server.folder().join("rsa_key.pub")).expect("a key");
    let line = format!("[{}]:{} {public}", server.address(), server.port());
    std::fs::write(settings.known_hosts_file.as_ref().expect("set"), line).expect("written");
    connect(&hosts(&settings), "sshd-1")
        .await
        .expect("known by its RSA key");
}
