//! Encrypted keys of every form that OpenSSH and OpenSSL write.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{KeyFile, KeyFiles, Sealed};

/// Makes a key with OpenSSH's own program. One in 256 ECDSA keys has a number that is a byte shorter, which the library does
/// not read: it is made anew.
fn keygen(folder: &Path, name: &str, arguments: &[&str]) -> PathBuf {
    let path = folder.join(name);
    loop {
        make(&path, arguments);
        let passphrase = arguments.iter().skip_while(|argument| **argument != "-N").nth(1);
        let read = russh::keys::load_secret_key(&path, passphrase.copied());
        if read.is_ok() || !arguments.contains(&"ecdsa") {
            return path;
        }
        std::fs::remove_file(&path).expect("it was made");
    }
}

fn make(path: &Path, arguments: &[&str]) {
    let made = Command::new("ssh-keygen")
        .args(["-q", "-f"])
        .arg(path)
        .args(arguments)
        .output()
        .expect("ssh-keygen");
    assert!(
        made.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&made.stderr)
    );
}

#[tokio::test]
async fn the_right_passphrase_opens_every_form_once_and_a_wrong_one_none() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, arguments) in [
        ("ed25519", &["-t", "ed25519", "-N", "s3cret"][..]),
        ("ecdsa", &["-t", "ecdsa", "-N", "s3cret"]),
        ("rsa", &["-t", "rsa", "-b", "2048", "-N", "s3cret"]),
        (
            "rsa-pem",
            &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "s3cret"],
        ),
        (
            "rsa-pkcs8",
            &["-t", "rsa", "-b", "2048", "-m", "PKCS8", "-N", "s3cret"],
        ),
        ("ecdsa-pkcs8", &["-t", "ecdsa", "-m", "PKCS8", "-N", "s3cret"]),
    ] {
        let path = keygen(folder.path(), name, arguments);
        let path = path.to_str().expect("UTF-8");
        let none = KeyFiles::default();
        assert!(
            matches!(none.load(path).await, KeyFile::Encrypted(Some(_))),
            "{name}: {:?}",
            none.load(path).await
        );
        assert_eq!(none.open(path).await.err(), Some(Sealed::NoPassphrase), "{name}");
        let wrong = KeyFiles::new(Some("wrong"));
        assert_eq!(
            wrong.open(path).await.err(),
            Some(Sealed::WrongPassphrase),
            "{name}"
        );
        let right = KeyFiles::new(Some("s3cret"));
        let (one, other) = tokio::join!(right.open(path), right.open(path));
        let (one, other) = (one.expect(name), other.expect(name));
        assert!(std::sync::Arc::ptr_eq(&one, &other), "{name}: opened once");
        assert!(!format!("{right:?}").contains("s3cret"));
        assert_eq!(
            wrong.unseal(path, "also wrong").await,
            Err(Sealed::WrongPassphrase),
            "{name}"
        );
        wrong.unseal(path, "s3cret").await.expect("opened");
        wrong.open(path).await.expect("it stays open");
    }
}

#[tokio::test]
async fn a_key_that_was_written_anew_is_read_anew() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = keygen(folder.path(), "key", &["-t", "ed25519", "-N", ""]);
    let text = path.to_str().expect("UTF-8");
    let files = KeyFiles::new(Some("s3cret"));
    assert!(matches!(files.load(text).await, KeyFile::Key(_)));
    std::fs::remove_file(&path).expect("removed");
    keygen(
        folder.path(),
        "key",
        &["-t", "ecdsa", "-N", "s3cret", "-C", "another length"],
    );
    assert!(matches!(files.load(text).await, KeyFile::Encrypted(Some(_))));
    let key = files.open(text).await.expect("opened");
    assert!(matches!(key.algorithm(), russh::keys::Algorithm::Ecdsa { .. }));
}

#[tokio::test]
async fn what_is_no_key_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("UTF-8").to_owned()
    };
    let files = KeyFiles::new(Some("s3cret"));
    let path = write("text", "hello\n");
    assert!(matches!(files.load(&path).await, KeyFile::Broken(_)));
    let old = write(
        "old",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
    );
    assert!(matches!(files.load(&old).await, KeyFile::Encrypted(None)));
    assert_eq!(
        files.open(&old).await.err(),
        Some(Sealed::Unsupported("DES-EDE3-CBC".to_owned()))
    );
    let missing = folder.path().join("missing");
    assert!(matches!(
        files.load(missing.to_str().expect("UTF-8")).await,
        KeyFile::Missing(None)
    ));
    let key = keygen(folder.path(), "key", &["-t", "ed25519", "-N", ""]);
    let public = key.with_extension("pub");
    assert!(
        matches!(
            files.load(public.to_str().expect("UTF-8")).await,
            KeyFile::Missing(Some(_))
        ),
        "a public key chooses one of the agent's"
    );
}
