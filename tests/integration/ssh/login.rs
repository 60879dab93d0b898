//! Logging in.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use edgewise::domain::outcome::Outcome;

use crate::support::ssh::{connect, failure, hosts, settings, until};
use crate::support::sshd::{Farm, PASSWORD, keygen, make_key, passwords_work, user};

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

impl Agent {
    /// An agent that listens at the socket.
    async fn start(socket: &Path) -> Self {
        let agent = Command::new("ssh-agent")
            .arg("-D")
            .arg("-a")
            .arg(socket)
            .stdout(Stdio::null())
            .spawn();
        let agent = Self(agent.expect("ssh-agent"));
        until("the agent listens", || socket.exists()).await;
        agent
    }

    /// Gives it a key.
    fn add(socket: &Path, key: &Path) {
        let added = Command::new("ssh-add")
            .arg("-q")
            .arg(key)
            .env("SSH_AUTH_SOCK", socket)
            .status();
        assert!(added.expect("ssh-add").success());
    }
}

#[tokio::test]
async fn the_agent_signs_for_keys_that_are_encrypted_or_elsewhere() {
    let farm = Farm::start(1);
    let socket = farm.folder().join("agent");
    let _agent = Agent::start(&socket).await;
    for kind in ["ed25519", "rsa"] {
        let key = farm.folder().join(format!("{kind}-agent"));
        make_key(&key, kind);
        authorize(&farm, &key.with_extension("pub"));
        Agent::add(&socket, &key);
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

#[tokio::test]
async fn of_many_keys_in_the_agent_the_one_that_is_named_gets_in() {
    let farm = Farm::with(&["MaxAuthTries 2"]);
    let socket = farm.folder().join("agent");
    let _agent = Agent::start(&socket).await;
    let keys: Vec<_> = (1..=4).map(|n| farm.folder().join(format!("key-{n}"))).collect();
    for key in &keys {
        make_key(key, "ed25519");
        Agent::add(&socket, key);
        std::fs::remove_file(key).expect("only the agent has it");
    }
    let right = keys[3].with_extension("pub");
    authorize(&farm, &right);
    let mut settings = settings(&farm, "");
    settings.agent_socket = Some(socket);
    settings.identity_file = Some(farm.folder().join("nothing"));
    let refused = failure(&hosts(&settings), "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::AuthFailed, "{refused}");
    for part in [
        "the agent's key SHA256:",
        ": refused",
        "Too many authentication failures",
    ] {
        assert!(refused.message.contains(part), "{part}: {refused}");
    }
    // Both the name of the key and that of its public half choose it.
    for name in [&keys[3], &right] {
        settings.identity_file = Some(name.clone());
        let session = connect(&hosts(&settings), "sshd-1").await;
        session.expect("the named one is tried first").close().await;
    }
}

#[tokio::test]
async fn a_certificate_in_a_file_counts_for_a_key_in_the_agent() {
    let farm = Farm::with(&["TrustedUserCAKeys {dir}/users.pub\nAuthorizedKeysFile none"]);
    let users = farm.server(1).folder().join("users");
    make_key(&users, "ed25519");
    let socket = farm.folder().join("agent");
    let _agent = Agent::start(&socket).await;
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let key = farm.folder().join(format!("{kind}-mine"));
        make_key(&key, kind);
        Agent::add(&socket, &key);
        std::fs::remove_file(&key).expect("only the agent has it");
        let (by, public) = (users.to_str().expect("UTF-8"), key.with_extension("pub"));
        let public = public.to_str().expect("UTF-8");
        let mut settings = settings(&farm, "");
        settings.agent_socket = Some(socket.clone());
        settings.identity_file = Some(key.clone());
        // One that has run out is not shown, and said so.
        keygen(&[
            "-q",
            "-s",
            by,
            "-I",
            "me",
            "-n",
            &user(),
            "-V",
            "20200101:20200102",
            public,
        ]);
        let refused = failure(&hosts(&settings), "sshd-1").await;
        assert_eq!(refused.outcome, Outcome::AuthFailed, "{refused}");
        assert!(refused.message.contains("was valid until 2020-01-0"), "{refused}");
        keygen(&["-q", "-s", by, "-I", "me", "-n", &user(), public]);
        let session = connect(&hosts(&settings), "sshd-1").await;
        session
            .unwrap_or_else(|failure| panic!("{kind}: {failure}"))
            .close()
            .await;
    }
}

#[tokio::test]
async fn an_encrypted_key_gets_in_by_its_passphrase_and_never_stands_in_the_way() {
    let farm = Farm::start(1);
    let sealed = farm.folder().join("sealed");
    let path = sealed.to_str().expect("UTF-8");
    keygen(&["-q", "-t", "ed25519", "-N", "open sesame", "-f", path]);
    authorize(&farm, &sealed.with_extension("pub"));
    let mut only = settings(&farm, "");
    only.identity_file = Some(sealed.clone());
    for (passphrase, part) in [
        (None, "no passphrase is set (EDGEWISE_SSH_KEY_PASSPHRASE)"),
        (Some("wrong"), "the passphrase does not open it"),
    ] {
        only.key_passphrase = passphrase.map(str::to_owned);
        let refused = failure(&hosts(&only), "sshd-1").await;
        assert_eq!(refused.outcome, Outcome::AuthFailed, "{refused}");
        assert!(
            refused.message.contains(part) && !refused.message.contains("wrong"),
            "{refused}"
        );
    }
    only.key_passphrase = Some("open sesame".to_owned());
    connect(&hosts(&only), "sshd-1")
        .await
        .expect("opened")
        .close()
        .await;
    assert!(!format!("{only:?}").contains("sesame"));

    // A passphrase that is given later counts from then on.
    only.key_passphrase = None;
    let late = hosts(&only);
    let asked = edgewise::ssh::Asked {
        name: "sshd-1".to_owned(),
        ..Default::default()
    };
    assert_eq!(
        late.sealed_keys(std::slice::from_ref(&asked)).await,
        [path.to_owned()]
    );
    assert!(late.unseal(path, "wrong").await.is_err());
    late.unseal(path, "open sesame").await.expect("opened");
    connect(&late, "sshd-1")
        .await
        .expect("it stays open")
        .close()
        .await;
    assert!(late.sealed_keys(&[asked]).await.is_empty());

    // The next key is tried all the same.
    authorize(&farm, &farm.client_key().with_extension("pub"));
    let extra = format!(
        "IdentityFile {path}\nIdentityFile {}",
        farm.client_key().display()
    );
    let both = settings(&farm, &extra);
    connect(&hosts(&both), "sshd-1")
        .await
        .expect("by the other key")
        .close()
        .await;
}

#[tokio::test]
async fn passwords_and_logins_in_several_parts() {
    if !passwords_work() {
        return;
    }
    let passwords = "UsePAM yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication yes\n";
    for (ways, parts) in [
        ("PubkeyAuthentication no\nKbdInteractiveAuthentication no", 1),
        ("PubkeyAuthentication no\nPasswordAuthentication no", 1),
        ("AuthenticationMethods publickey,password", 2),
        ("AuthenticationMethods publickey,keyboard-interactive", 2),
        ("AuthenticationMethods password,publickey", 2),
        ("AuthenticationMethods keyboard-interactive,publickey", 2),
        ("AuthenticationMethods publickey,password,keyboard-interactive", 3),
    ] {
        let farm = Farm::with(&[&format!("{ways}\n{passwords}")]);
        let mut settings = settings(&farm, "");
        let refused = failure(&hosts(&settings), "sshd-1").await;
        assert_eq!(refused.outcome, Outcome::AuthFailed, "{ways}: {refused}");
        assert!(
            refused
                .message
                .contains("no password is set (EDGEWISE_SSH_PASSWORD)"),
            "{ways}: {refused}"
        );
        let keys_first = ways.starts_with("AuthenticationMethods publickey");
        assert_eq!(
            refused.message.contains("taken, but it is not enough"),
            keys_first,
            "{ways}: {refused}"
        );
        settings.password = Some("wr0ng".to_owned());
        let refused = failure(&hosts(&settings), "sshd-1").await;
        assert_eq!(refused.outcome, Outcome::AuthFailed, "{ways}: {refused}");
        assert!(
            refused.message.contains(": refused") && !refused.message.contains("wr0ng"),
            "{ways}: {refused}"
        );
        settings.password = Some(PASSWORD.to_owned());
        let session = connect(&hosts(&settings), "sshd-1").await;
        let session = session.unwrap_or_else(|failure| panic!("{ways}: {failure}\n{}", farm.server(1).log()));
        session.close().await;
        assert!(
            farm.server(1).log().matches("Partial ").count() >= parts - 1,
            "{ways}"
        );
    }
}

#[tokio::test]
async fn two_keys_are_given_where_two_are_wanted() {
    let farm = Farm::with(&["AuthenticationMethods publickey,publickey"]);
    let second = farm.folder().join("second");
    make_key(&second, "ecdsa");
    let one = settings(&farm, "");
    let refused = failure(&hosts(&one), "sshd-1").await;
    assert!(
        refused.message.contains("taken, but it is not enough"),
        "{refused}"
    );
    let file = farm.server(1).folder().join("authorized_keys");
    let both = std::fs::read_to_string(&file).expect("keys")
        + &std::fs::read_to_string(second.with_extension("pub")).expect("a key");
    std::fs::write(&file, both).expect("written");
    let extra = format!(
        "IdentityFile {}\nIdentityFile {}",
        farm.client_key().display(),
        second.display()
    );
    let session = connect(&hosts(&settings(&farm, &extra)), "sshd-1").await;
    session.expect("two keys").close().await;
}

#[tokio::test]
async fn servers_that_offer_little() {
    for (little, kind) in [
        ("KexAlgorithms ecdh-sha2-nistp256", "ed25519"),
        ("KexAlgorithms diffie-hellman-group14-sha256", "ed25519"),
        ("KexAlgorithms diffie-hellman-group16-sha512", "ed25519"),
        ("HostKey {dir}/rsa_key\nHostKeyAlgorithms rsa-sha2-256", "rsa"),
        (
            "HostKey {dir}/rsa_key\nHostKeyAlgorithms rsa-sha2-512\nKexAlgorithms ecdh-sha2-nistp256",
            "rsa",
        ),
        (
            "HostKey {dir}/ecdsa_key\nHostKeyAlgorithms ecdsa-sha2-nistp256",
            "ecdsa",
        ),
        ("Ciphers aes128-ctr\nMACs hmac-sha2-256", "ed25519"),
        ("Ciphers chacha20-poly1305@openssh.com", "ed25519"),
    ] {
        let mut farm = Farm::with(&[little]);
        let settings = settings(&farm, "");
        if kind != "ed25519" {
            let key = farm.server(1).folder().join(format!("{kind}_key"));
            make_key(&key, kind);
            farm.server_mut(1).kill();
            farm.server_mut(1).restart();
            let public = std::fs::read_to_string(key.with_extension("pub")).expect("a key");
            let server = farm.server(1);
            let line = format!("[{}]:{} {public}", server.address(), server.port());
            std::fs::write(settings.known_hosts_file.as_ref().expect("set"), line).expect("written");
        }
        let session = connect(&hosts(&settings), "sshd-1").await;
        session
            .unwrap_or_else(|failure| panic!("{little}: {failure}"))
            .close()
            .await;
    }
    // What costs a second of CPU for each login, or is broken, is not offered; the message says what is missing.
    let farm = Farm::with(&["KexAlgorithms diffie-hellman-group-exchange-sha256"]);
    let refused = failure(&hosts(&settings(&farm, "")), "sshd-1").await;
    assert_eq!(refused.outcome, Outcome::Unreachable, "{refused}");
    assert!(
        refused.message.to_lowercase().contains("kex") || refused.message.contains("key exchange"),
        "{refused}"
    );
}
