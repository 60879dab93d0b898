use std::path::Path;

use proptest::prelude::*;
use russh::keys::key::safe_rng;
use russh::keys::{Algorithm, PrivateKey};

use super::super::KnownHosts;
use super::IncomingFate;

fn key() -> String {
    let key = PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).expect("a key");
    key.public_key().to_openssh().expect("a key")
}

#[test]
fn each_line_is_held_against_what_is_known() {
    let (old, new) = (key(), key());
    // `ssh-keygen -H` on a line for `web-1`.
    let hashed = "|1|MTIzNDU2Nzg5MDEyMzQ1Njc4OTA=|K3yJtGp3bHO3MnsgHxp2j0MSIoU=";
    let known = |text: String| {
        let mut known = KnownHosts::default();
        known.add(&text, Path::new("/k"));
        known
    };
    let plain = known(format!(
        "web-1 {old}\n[web-2]:22 {old}\n@revoked * {old}\n*.example.net {old}"
    ));
    let by_hash = known(format!("{hashed} {old}"));
    let changed = |line: usize| IncomingFate::Changed(vec![format!("/k:{line}")]);
    for (text, fate) in [
        (format!("web-1 {old} a comment"), IncomingFate::There),
        (format!("web-1 {new}"), changed(1)),
        (format!("web-9 {new}"), IncomingFate::New),
        (format!("web-1,web-9 {old}"), IncomingFate::New),
        (format!("web-9,web-1 {new}"), changed(1)),
        (format!("WEB-1 {old}"), IncomingFate::There),
        (format!("a.example.net {new}"), changed(4)),
        (format!("*.example.net {old}"), IncomingFate::There),
        (format!("*.example.net {new}"), changed(4)),
        (format!("{hashed} {old}"), IncomingFate::There),
        (format!("{hashed} {new}"), changed(1)),
        (format!("@revoked * {old}"), IncomingFate::There),
        (format!("@revoked web-1 {new}"), IncomingFate::New),
        (format!("@cert-authority web-1 {new}"), IncomingFate::New),
        (format!("@unknown web-1 {new}"), IncomingFate::Broken),
        ("web-1 ssh-ed25519 broken".to_owned(), IncomingFate::Broken),
    ] {
        let lines = plain.compare(&format!("# mine\n\n{text}\n"));
        assert_eq!(lines.len(), 1);
        assert_eq!((&lines[0].fate, lines[0].number), (&fate, 3), "{text}");
    }
    for (text, fate) in [
        (format!("web-1 {old}"), IncomingFate::There),
        (format!("web-1 {new}"), changed(1)),
        (format!("{hashed} {new}"), changed(1)),
        (format!("web-2 {new}"), IncomingFate::New),
    ] {
        assert_eq!(by_hash.compare(&text)[0].fate, fate, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_it(text in "(?s)[|@!*#a-z0-9+/= ,\\[\\]:\n\t-]{0,300}") {
        for line in KnownHosts::default().compare(&text) {
            prop_assert!(line.fate == IncomingFate::Broken || line.fate == IncomingFate::New);
        }
    }
}
