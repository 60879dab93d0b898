//! Whether the key that a host shows is the one that is known for it.

use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::ssh_key::{Algorithm, Certificate, HashAlg};

use crate::ssh::pattern;

use super::line::Marker;
use super::{Known, KnownHosts};

/// What a host showed to prove who it is.
#[derive(Debug, Clone, Copy)]
pub enum Shown<'a> {
    /// A bare key.
    Key(&'a KeyData),
    /// A key signed by an authority.
    Certificate(&'a Certificate),
}

/// The word on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyVerdict {
    /// It is the one.
    Known,
    /// Nothing is known about the host.
    Unknown,
    /// Another key is known for the host; at these places (`file:line`).
    Changed(Vec<String>),
    /// A line says that this key must never be accepted.
    Revoked(String),
    /// It shows a certificate that is not good: the reason.
    BadCertificate(String),
}

impl KnownHosts {
    /// The word on what a host shows. `name` is how it stands in the file (`[host]:port` where the port is not 22),
    /// `host` the bare name or address that was dialled: lines without the port count too, as in OpenSSH, and a
    /// certificate must be for it. `now` is in seconds since the Unix epoch.
    #[must_use]
    pub fn judge(&self, name: &str, host: &str, shown: Shown<'_>, now: u64) -> HostKeyVerdict {
        let lines = self.about(name);
        let bare = if name == host {
            None
        } else {
            Some(self.about(host))
        };
        let bare = bare.as_deref().map_or(&[][..], Vec::as_slice);
        let key = match shown {
            Shown::Key(key) => key,
            Shown::Certificate(certificate) => certificate.public_key(),
        };
        let all = || lines.iter().chain(bare).map(AsRef::as_ref);
        if let Some(revoked) = all().find(|known| known.marker == Marker::Revoked && known.key == *key) {
            return HostKeyVerdict::Revoked(revoked.place.clone());
        }
        if let Shown::Certificate(certificate) = shown {
            return judge_certificate(certificate, host, &all().collect::<Vec<&Known>>(), now);
        }
        if all().any(|known| known.marker == Marker::Host && known.key == *key) {
            return HostKeyVerdict::Known;
        }
        let others: Vec<String> = lines
            .iter()
            .filter(|known| known.marker == Marker::Host)
            .map(|known| known.place.clone())
            .collect();
        if others.is_empty() {
            HostKeyVerdict::Unknown
        } else {
            HostKeyVerdict::Changed(others)
        }
    }

    /// The kinds of key that are known for a host, so that it can be asked for one of them.
    #[must_use]
    pub fn kinds(&self, name: &str, host: &str) -> Vec<Algorithm> {
        let mut kinds = Vec::new();
        for name in [name, host] {
            for known in self
                .about(name)
                .iter()
                .filter(|known| known.marker == Marker::Host)
            {
                let kind = known.key.algorithm();
                if !kinds.contains(&kind) {
                    kinds.push(kind);
                }
            }
        }
        kinds
    }

    /// Whether an authority is known for a host, so that it is asked for its certificate.
    #[must_use]
    pub fn has_authority(&self, name: &str, host: &str) -> bool {
        [name, host].iter().any(|name| {
            self.about(name)
                .iter()
                .any(|known| known.marker == Marker::Authority)
        })
    }
}

fn judge_certificate(certificate: &Certificate, host: &str, lines: &[&Known], now: u64) -> HostKeyVerdict {
    let bad = |reason: String| HostKeyVerdict::BadCertificate(reason);
    let signer = certificate.signature_key();
    if let Some(revoked) = lines
        .iter()
        .find(|k| k.marker == Marker::Revoked && k.key == *signer)
    {
        return HostKeyVerdict::Revoked(revoked.place.clone());
    }
    if !lines
        .iter()
        .any(|k| k.marker == Marker::Authority && k.key == *signer)
    {
        return bad(format!(
            "it is signed by {}, which is not known as an authority for this host",
            signer.fingerprint(HashAlg::Sha256)
        ));
    }
    if certificate.cert_type() != CertType::Host {
        return bad("it is a certificate for users, not for hosts".to_owned());
    }
    if let Err(error) = certificate.validate_at(now, [&signer.fingerprint(HashAlg::Sha256)]) {
        return bad(format!("it is not valid now or its signature is wrong ({error})"));
    }
    if !certificate
        .valid_principals()
        .iter()
        .any(|p| pattern::matches(&p.to_lowercase(), host))
    {
        return bad(format!(
            "it is for {}, not for {host}",
            certificate.valid_principals().join(", ")
        ));
    }
    if let Some((option, _)) = certificate.critical_options().iter().next() {
        return bad(format!("it demands `{option}`, which is not known here"));
    }
    HostKeyVerdict::Known
}

#[cfg(test)]
#[path = "verdict_test.rs"]
mod tests;
