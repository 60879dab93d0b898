//! Whatever somebody else wrote, reading it ends and nothing breaks. The same parsers are fuzzed in `fuzz/`.

use std::path::Path;

use proptest::prelude::*;
use russh::keys::ssh_key::PublicKey;

use super::config::{Asked, Defaults, SshConfig};
use super::known_hosts::{KnownHosts, Shown};
use super::pattern;

/// A text that looks a little like what is expected, so that it gets past the first line of the parser.
fn text(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(words).prop_map(str::to_owned),
        2 => prop::sample::select(&[" ", "\n", "\t", ",", "=", "\"", "!", "*", "%", "@", "|", "[", "]", ":"][..])
            .prop_map(str::to_owned),
        1 => prop::collection::vec(any::<u8>(), 0..12).prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ];
    prop::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
}

const CONFIG: &[&str] = &[
    "Host ",
    "Match ",
    "all",
    "host ",
    "user ",
    "final",
    "HostName ",
    "Port ",
    "22",
    "99999",
    "User ",
    "ProxyJump ",
    "none",
    "a@b:1,c",
    "IdentityFile ",
    "~/x",
    "%h",
    "%%",
    "%",
    "StrictHostKeyChecking ",
    "yes",
    "ConnectTimeout ",
    "ServerAliveInterval ",
    "HostKeyAlias ",
    "UserKnownHostsFile ",
    "web-1",
    "*",
    "\n",
];

const KNOWN: &[&str] = &[
    "web-1",
    "[web-1]:22",
    "@revoked ",
    "@cert-authority ",
    "|1|",
    "F1E1KeoE/eEWhi10WpGv4OdiO6Y=",
    "ssh-ed25519 ",
    "ssh-rsa ",
    "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ",
    "AAAA",
    "#",
    "\n",
];

proptest! {
    #[test]
    fn a_configuration_is_read_or_refused(text in text(CONFIG)) {
        if let Ok(config) = SshConfig::parse(&text, Path::new("/nonexistent/config"), Path::new("/nonexistent")) {
            let asked = Asked { name: "web-1".to_owned(), ..Asked::default() };
            if let Ok(host) = config.resolve(&asked, &Defaults::default()) {
                prop_assert!(!host.place().is_empty());
                prop_assert!(!host.explain().is_empty());
            }
        }
    }

    #[test]
    fn known_hosts_are_read_and_say_the_same_twice(text in text(KNOWN)) {
        let mut known = KnownHosts::default();
        known.add(&text, Path::new("known_hosts"));
        let key = PublicKey::from_openssh(
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ",
        ).expect("a key");
        for (name, host) in [("web-1", "web-1"), ("[web-1]:22", "web-1")] {
            let first = known.judge(name, host, Shown::Key(key.key_data()), 1);
            prop_assert_eq!(&first, &known.judge(name, host, Shown::Key(key.key_data()), 1));
        }
    }

    /// A pattern of many stars must not take time that grows beyond all bounds with their number.
    #[test]
    fn patterns_of_many_stars_are_judged(stars in 1_usize..200, text in "[ab]{0,200}") {
        let long = "a*".repeat(stars) + "c";
        prop_assert!(!pattern::matches(&long, &text));
    }
}
