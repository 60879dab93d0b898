use std::path::Path;

use proptest::prelude::*;
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::certificate::{Builder, CertType};
use russh::keys::{Algorithm, PrivateKey};

use super::super::{HostKeyVerdict, KnownHosts, Shown};

/// Now, in the tests: within the certificates' validity.
const NOW: u64 = 1_795_228_610;

fn key() -> PrivateKey {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key")
}

fn text(key: &PrivateKey) -> String {
    key.public_key().to_openssh().expect("a key")
}

fn known(text: &str) -> KnownHosts {
    let mut known = KnownHosts::default();
    known.add(text, Path::new("/k"));
    known
}

fn judge(text: &str, name: &str, host: &str, key: &PrivateKey) -> HostKeyVerdict {
    known(text).judge(name, host, Shown::Key(key.public_key().key_data()), NOW)
}

#[test]
fn names_patterns_and_ports() {
    let key = key();
    let k = text(&key);
    for (line, name, host, want) in [
        (format!("web-1 {k}"), "web-1", "web-1", true),
        (format!("web-1,web-2\t{k} somebody's"), "web-2", "web-2", true),
        (format!("WEB-1  {k}"), "web-1", "web-1", true),
        (
            format!("*.example.net {k}"),
            "a.example.net",
            "a.example.net",
            true,
        ),
        (
            format!("!a.example.net,*.example.net {k}"),
            "a.example.net",
            "a.example.net",
            false,
        ),
        (format!("!web-1,web-1 {k}"), "web-1", "web-1", false),
        (format!("[web-1]:2222 {k}"), "[web-1]:2222", "web-1", true),
        (format!("[web-1]:2222 {k}"), "web-1", "web-1", false),
        // As OpenSSH: a line without the port counts for the host on other ports too.
        (format!("web-1 {k}"), "[web-1]:2222", "web-1", true),
        (format!("# web-1 {k}"), "web-1", "web-1", false),
        (
            "web-1 ssh-ed25519 broken\nweb-1 \n".to_owned() + &format!("web-1 {k}"),
            "web-1",
            "web-1",
            true,
        ),
        (format!("@unknown web-1 {k}"), "web-1", "web-1", false),
    ] {
        let want = if want {
            HostKeyVerdict::Known
        } else {
            HostKeyVerdict::Unknown
        };
        assert_eq!(judge(&line, name, host, &key), want, "{line}");
    }
}

#[test]
fn a_hashed_name_is_found() {
    // `ssh-keygen -H` on a line for `web-1`.
    let line = "|1|MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=|K3yJtGp3bHO3MnsgHxp2j0MSIoU= ";
    let key = key();
    let known = known(&format!("{line}{}", text(&key)));
    let shown = Shown::Key(key.public_key().key_data());
    assert_eq!(known.judge("web-2", "web-2", shown, NOW), HostKeyVerdict::Unknown);
    assert_eq!(known.judge("web-1", "web-1", shown, NOW), HostKeyVerdict::Known);
}

#[test]
fn another_key_is_a_changed_one_unless_one_of_several_fits() {
    let (old, new) = (key(), key());
    let changed = HostKeyVerdict::Changed(vec!["/k:2".to_owned()]);
    assert_eq!(
        judge(&format!("# mine\nweb-1 {}", text(&old)), "web-1", "web-1", &new),
        changed
    );
    let both = format!("web-1 {}\nweb-1 {}", text(&old), text(&new));
    assert_eq!(judge(&both, "web-1", "web-1", &new), HostKeyVerdict::Known);
}

#[test]
fn a_revoked_key_is_refused_whatever_else_stands_there() {
    let key = key();
    let k = text(&key);
    for lines in [
        format!("web-1 {k}\n@revoked * {k}"),
        format!("@revoked web-1 {k}\nweb-1 {k}"),
    ] {
        assert!(
            matches!(judge(&lines, "web-1", "web-1", &key), HostKeyVerdict::Revoked(_)),
            "{lines}"
        );
    }
}

#[test]
fn certificates_of_a_known_authority() {
    let (authority, other, host) = (key(), key(), key());
    let certify = |by: &PrivateKey, kind: CertType, principal: Option<&str>, until: u64| {
        let mut builder =
            Builder::new(vec![1; 16], host.public_key(), NOW - 100, until).expect("a certificate");
        builder.cert_type(kind).expect("a kind");
        match principal {
            Some(principal) => builder.valid_principal(principal).expect("a name"),
            None => builder.all_principals_valid().expect("all names"),
        };
        builder.sign(by).expect("a signature")
    };
    let good = certify(&authority, CertType::Host, Some("*.example.net"), NOW + 100);
    let lines = format!("@cert-authority *.example.net {}", text(&authority));
    let judge = |lines: &str, certificate, name: &str| {
        known(lines).judge(name, name, Shown::Certificate(certificate), NOW)
    };
    assert_eq!(judge(&lines, &good, "a.example.net"), HostKeyVerdict::Known);
    assert!(known(&lines).has_authority("a.example.net", "a.example.net"));
    let user = certify(&authority, CertType::User, Some("*.example.net"), NOW + 100);
    let stale = certify(&authority, CertType::Host, Some("*.example.net"), NOW - 10);
    let nobody = certify(&authority, CertType::Host, None, NOW + 100);
    let strangers = certify(&other, CertType::Host, Some("*.example.net"), NOW + 100);
    let elsewhere = certify(&authority, CertType::Host, Some("b.example.net"), NOW + 100);
    for (name, certificate) in [
        ("user", &user),
        ("stale", &stale),
        ("without names", &nobody),
        ("another authority", &strangers),
        ("another host", &elsewhere),
    ] {
        let verdict = judge(&lines, certificate, "a.example.net");
        assert!(
            matches!(verdict, HostKeyVerdict::BadCertificate(_)),
            "{name}: {verdict:?}"
        );
    }
    let revoked = format!("{lines}\n@revoked * {}", text(&authority));
    assert!(matches!(
        judge(&revoked, &good, "a.example.net"),
        HostKeyVerdict::Revoked(_)
    ));
    assert_eq!(
        known(&lines).judge(
            "a.example.net",
            "a.example.net",
            Shown::Key(host.public_key().key_data()),
            NOW
        ),
        HostKeyVerdict::Unknown,
        "an authority says nothing of a bare key"
    );
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "(?s)[|@!*#a-z0-9+/= ,\\[\\]:\n\t-]{0,300}", name in "[a-z0-9\\[\\]:.]{0,20}") {
        let known = known(&text);
        let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key");
        let verdict = known.judge(&name, &name, Shown::Key(key.public_key().key_data()), NOW);
        prop_assert_eq!(verdict, HostKeyVerdict::Unknown, "no such text holds this key");
    }
}
