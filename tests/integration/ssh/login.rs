//! Logging in.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use edgewise::domain::outcome::Outcome;

use crate::support::ssh::{connect, failure, hosts, settings, until};
use crate::support::sshd::{Farm, keygen, make_key, user};

/// Lets another key in.
fn authorize(farm: &Farm, public: &Path) {
    let text = std::fs::read_to_string(public).expect("a key");
    let path = farm.server(1).folder().join("authorized_keys");
    std::fs::write(path, text).expect("written");
}

#[tokio::test]
async fn every_kind_of_key_gets_in() {
    let farm = Farm::start(1);
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let key = farm.folder().join(kind);
        make_key(&key, kind);
        authorize(&farm, &key.with_extension("pub"));
        let mut settings = settings(&farm, "");
        settings.identity_file = Some(key);
        let session = connect(&hosts(&settings), "sshd-1").await;
        session
            .unwrap_or_else(|failure| panic!("{kind}: {failure}"))
            .close()
            .await;
    }
    assert!(!farm.server(1).log().contains("ssh-rsa "), "no SHA-1");
}

#[tokio::test]
async fn a_refused_login_tells_the_whole_story() {
    let farm = Farm::start(1);
    let (stranger, sealed) = (farm.folder().join("stranger"), farm.folder().join("sealed"));
    make_key(&stranger, "ed25519");
    keygen(&[
        "-q",
        "-t",
        "ed25519",
        "-N",
        "a secret",
        "-f",
        sealed.to_str().expect("UTF-8"),
    ]);
    let extra = format!(
        "IdentityFile {}\nIdentityFile {}\nIdentityFile /no/such/key",
        stranger.display(),
        sealed.display()
    );
    let refused = failure(&hosts(&settings(&farm, &extra)), "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::AuthFailed, "{refused}");
    for part in [
        "stranger: refused",
        "sealed: it is encrypted",
        "ssh-add",
        "/no/such/key: there is no such file",
        "it takes publickey",
    ] {
        assert!(refused.message.contains(part), "{part}: {refused}");
    }
}

#[tokio::test]
async fn a_certificate_gets_in() {
    let farm = Farm::with(&["TrustedUserCAKeys {dir}/users.pub\nAuthorizedKeysFile none"]);
    let users = farm.server(1).folder().join("users");
    make_key(&users, "ed25519");
    for kind in ["ed25519", "rsa"] {
        let key = farm.folder().join(format!("{kind}-mine"));
        make_key(&key, kind);
        let mut settings = settings(&farm, "");
        settings.identity_file = Some(key.clone());
        assert_eq!(
            failure(&hosts(&settings), "sshd-1").await.outcome,
            Outcome::AuthFailed
        );
        let (by, public) = (users.to_str().expect("UTF-8"), key.with_extension("pub"));
        keygen(&[
            "-q",
            "-s",
            by,
            "-I",
            "me",
            "-n",
            &user(),
            public.to_str().expect("UTF-8"),
        ]);
        let session = connect(&hosts(&settings), "sshd-1").await;
        session
            .unwrap_or_else(|failure| panic!("{kind}: {failure}"))
            .close()
            .await;
    }
}

/// An agent, killed at the end.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn the_agent_signs_for_keys_that_are_encrypted_or_elsewhere() {
    let farm = Farm::start(1);
    let socket = farm.folder().join("agent");
    let agent = Command::new("ssh-agent")
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn();
    let _agent = Agent(agent.expect("ssh-agent"));
    until("the agent listens", || socket.exists()).await;
    for kind in ["ed25519", "rsa"] {
        let key = farm.folder().join(format!("{kind}-agent"));
        make_key(&key, kind);
        authorize(&farm, &key.with_extension("pub"));
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(&key)
            .env("SSH_AUTH_SOCK", &socket)
            .status();
        assert!(added.expect("ssh-add").success());
        let path = key.to_str().expect("UTF-8");
        keygen(&["-q", "-p", "-P", "", "-N", "a secret", "-f", path]);
        let mut settings = settings(&farm, "");
        settings.agent_socket = Some(socket.clone());
        settings.identity_file = Some(key.clone());
        connect(&hosts(&settings), "sshd-1")
            .await
            .expect("the agent has it")
            .close()
            .await;
        // Only the public half is here.
        std::fs::remove_file(&key).expect("removed");
        connect(&hosts(&settings), "sshd-1")
            .await
            .expect("the agent has it")
            .close()
            .await;
    }
    let mut only = settings(&farm, "IdentitiesOnly yes\nIdentityFile /no/such/key");
    only.agent_socket = Some(socket);
    assert_eq!(
        failure(&hosts(&only), "sshd-1").await.outcome,
        Outcome::AuthFailed,
        "it was told not to"
    );
}
