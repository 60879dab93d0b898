//! One line of `known_hosts`: `[@marker] names type key [comment]`.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use russh::keys::ssh_key::PublicKey;
use russh::keys::ssh_key::public::KeyData;
use sha1::Sha1;

/// What a line says of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Marker {
    /// It is the host's.
    Host,
    /// It signs keys of hosts.
    Authority,
    /// It must never be accepted.
    Revoked,
}

/// The names a line is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Names {
    /// Names as they are, lower case.
    Plain(Vec<String>),
    /// At least one of them a pattern or negated.
    Patterns(Vec<String>),
    /// One name, hashed.
    Hashed(HashedName),
}

/// HMAC-SHA1 of a name, with its salt as the key (`|1|salt|hash`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HashedName {
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl HashedName {
    fn parse(text: &str) -> Option<Self> {
        let (salt, hash) = text.strip_prefix("|1|")?.split_once('|')?;
        Some(Self {
            salt: BASE64.decode(salt.as_bytes()).ok()?,
            hash: BASE64.decode(hash.as_bytes()).ok()?,
        })
    }

    /// Whether it is the hash of `name`.
    pub(super) fn is(&self, name: &str) -> bool {
        let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(&self.salt) else {
            return false;
        };
        mac.update(name.as_bytes());
        mac.verify_slice(&self.hash).is_ok()
    }
}

/// Reads a line; none where it is empty, a comment, or broken.
pub(super) fn parse(line: &str) -> Option<(Names, Marker, KeyData)> {
    let mut words = line.split_ascii_whitespace();
    let mut names = words.next()?;
    if names.starts_with('#') {
        return None;
    }
    let marker = match names {
        "@cert-authority" => Marker::Authority,
        "@revoked" => Marker::Revoked,
        unknown if unknown.starts_with('@') => return None,
        _ => Marker::Host,
    };
    if marker != Marker::Host {
        names = words.next()?;
    }
    let (kind, key) = (words.next()?, words.next()?);
    let key = PublicKey::from_openssh(&format!("{kind} {key}")).ok()?;
    let names = if names.starts_with('|') {
        Names::Hashed(HashedName::parse(names)?)
    } else {
        let names: Vec<String> = names
            .split(',')
            .filter(|name| !name.is_empty())
            .map(str::to_lowercase)
            .collect();
        if names
            .iter()
            .any(|name| name.starts_with('!') || name.contains(['*', '?']))
        {
            Names::Patterns(names)
        } else {
            Names::Plain(names)
        }
    };
    Some((names, marker, key.key_data().clone()))
}
