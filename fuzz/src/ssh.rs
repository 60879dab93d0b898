//! The tree that the parsers know themselves in, with a door to each.

// Only a part of each file is used here.
#![allow(dead_code, unused_imports)]

#[path = "../../src/ssh/config/mod.rs"]
pub mod config;
#[path = "../../src/ssh/known_hosts/mod.rs"]
pub mod known_hosts;
#[path = "../../src/ssh/pattern.rs"]
pub mod pattern;
#[path = "../../src/ssh/wrapper/record.rs"]
mod record;

use std::path::Path;

use russh::keys::ssh_key::PublicKey;

/// Reads a configuration, and what it says about two hosts.
///
/// # Panics
/// Where a configuration that was understood leaves a host without a name to connect to.
pub fn read_config(text: &str) {
    // A line may include any file of this machine, which is not what is to be found out here.
    if text.to_ascii_lowercase().contains("include") {
        return;
    }
    let home = Path::new("/nonexistent");
    let Ok(config) = config::SshConfig::parse(text, Path::new("/nonexistent/.ssh/config"), home) else {
        return;
    };
    let defaults = config::Defaults {
        home: "/nonexistent".to_owned(),
        local_user: "me".to_owned(),
        connect_timeout_seconds: 20,
        ..config::Defaults::default()
    };
    let first = text.split_ascii_whitespace().nth(1).unwrap_or_default();
    for name in ["web-1", first] {
        let asked = config::Asked {
            name: name.to_owned(),
            ..config::Asked::default()
        };
        if let Ok(host) = config.resolve(&asked, &defaults) {
            assert!(name.is_empty() || !host.place().is_empty());
            let _ = host.explain();
        }
    }
}

/// A key for hosts to show.
const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

/// Reads known hosts, and judges a key by them.
///
/// # Panics
/// Where what was read says one thing the first time and another the second.
pub fn judge_key(text: &str) {
    let mut known = known_hosts::KnownHosts::default();
    known.add(text, Path::new("known_hosts"));
    let key = PublicKey::from_openssh(KEY).expect("a key");
    let shown = known_hosts::Shown::Key(key.key_data());
    for (name, host) in [("web-1", "web-1"), ("[web-1]:2222", "web-1"), ("", "")] {
        let first = known.judge(name, host, shown, 1_795_228_610);
        assert_eq!(first, known.judge(name, host, shown, 1_795_228_610));
        let _ = known.kinds(name, host);
    }
}

/// Takes the records out of a stream, in one piece and in pieces as the first bytes say.
///
/// # Panics
/// Where the pieces make a difference, or more comes out than went in.
pub fn take_records(bytes: &[u8]) {
    let (sizes, stream) = bytes.split_at(bytes.len().min(8));
    let whole = [&record::mark("00")[..], b"began 0\n", stream].concat();
    let take = |pieces: &mut dyn Iterator<Item = usize>| {
        let mut decoder = record::Decoder::new("00");
        let (mut own, mut records) = (Vec::new(), Vec::new());
        let mut rest = whole.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(pieces.next().unwrap_or(rest.len()).clamp(1, rest.len()));
            own.extend(decoder.feed(piece, &mut records));
            rest = after;
        }
        own.extend(decoder.finish());
        (own, records)
    };
    let at_once = take(&mut std::iter::empty());
    assert!(at_once.0.len() <= stream.len() && !at_once.1.is_empty());
    let cut = take(
        &mut sizes
            .iter()
            .cycle()
            .take(if sizes.is_empty() { 0 } else { 4096 })
            .map(|&size| usize::from(size)),
    );
    assert_eq!(at_once, cut);
}
