//! What to offer, in which order: what the configuration names first, then what else the agent holds.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, HashAlg, PrivateKey};

use crate::domain::timestamp::Timestamp;
use crate::ssh::config::{HostConfig, Origin};

use super::agent::Agent;
use super::key_files::{KeyFile, KeyFiles};

/// One key to try.
#[derive(Clone)]
pub(super) struct Offer {
    /// How the story calls it.
    pub(super) name: String,
    pub(super) with: With,
}

/// What signs.
#[derive(Clone)]
pub(super) enum With {
    /// A key from a file.
    Key(Arc<PrivateKey>),
    /// A key from a file with its certificate.
    Certificate(Arc<PrivateKey>, Box<Certificate>),
    /// A key from a file that must be opened first; its certificates.
    Sealed(String, Vec<NamedCertificate>),
    /// Something that the agent holds.
    Agent(Box<AgentIdentity>),
    /// A certificate from a file for a key that the agent holds.
    Beside(Box<AgentIdentity>),
}

/// A certificate with the file that it stands in.
#[derive(Clone)]
pub(super) struct NamedCertificate {
    path: String,
    certificate: Certificate,
}

/// A key with its certificates, in the order that they are tried.
pub(super) fn of_key(name: &str, key: &Arc<PrivateKey>, certificates: &[NamedCertificate]) -> Vec<Offer> {
    let fits = |named: &&NamedCertificate| named.certificate.public_key() == key.public_key().key_data();
    let mut offers: Vec<Offer> = certificates
        .iter()
        .filter(fits)
        .map(|named| Offer {
            name: named.path.clone(),
            with: With::Certificate(Arc::clone(key), Box::new(named.certificate.clone())),
        })
        .collect();
    offers.push(Offer {
        name: name.to_owned(),
        with: With::Key(Arc::clone(key)),
    });
    offers
}

/// Lists the offers; what cannot be offered goes into the story.
pub(super) async fn offers(
    host: &HostConfig,
    files: &KeyFiles,
    mut held: Vec<AgentIdentity>,
    story: &mut Vec<String>,
) -> Vec<Offer> {
    let mut offers = Vec::new();
    let certificates = certificates(host, files, story).await;
    let mut used = vec![false; certificates.len()];
    for file in &host.identity_files {
        let path = &file.value;
        let loaded = files.load(path).await;
        if let KeyFile::Key(key) = &loaded {
            let public = key.public_key().key_data();
            mark(&certificates, public, &mut used);
            // The key itself is here; the agent may have a certificate for it.
            offers.extend(
                held.extract_if(.., |identity| identity.public_key().key_data() == public)
                    .filter(|identity| matches!(identity, AgentIdentity::Certificate { .. }))
                    .map(from_agent),
            );
            offers.extend(of_key(path, key, &certificates));
            continue;
        }
        let (public, is_sealed) = match loaded {
            KeyFile::Encrypted(public) => (public, true),
            KeyFile::Missing(public) => (public, false),
            KeyFile::Broken(reason) => {
                story.push(format!("{path}: not a key that can be read ({reason})"));
                continue;
            }
            KeyFile::Key(_) => continue,
        };
        if let Some(public) = &public {
            mark(&certificates, public, &mut used);
            let in_agent: Vec<AgentIdentity> = held
                .extract_if(.., |identity| identity.public_key().key_data() == public)
                .collect();
            if !in_agent.is_empty() {
                offers.extend(beside(&certificates, public));
                offers.extend(in_agent.into_iter().map(from_agent));
                continue;
            }
        }
        if is_sealed {
            offers.push(Offer {
                name: path.clone(),
                with: With::Sealed(path.clone(), certificates.clone()),
            });
        } else if public.is_some() {
            story.push(format!(
                "{path}: only its public half is here, and no agent holds it"
            ));
        } else if file.origin != Origin::Default {
            // Nobody asked for the files of the default list by name.
            story.push(format!("{path}: there is no such file"));
        }
    }
    for (named, used) in certificates.iter().zip(used) {
        let key = named.certificate.public_key();
        if used {
            continue;
        }
        if held
            .iter()
            .any(|identity| identity.public_key().key_data() == key)
        {
            offers.extend(beside(std::slice::from_ref(named), key));
        } else {
            story.push(format!(
                "{}: the key of this certificate is neither among the key files nor in an agent",
                named.path
            ));
        }
    }
    if !host.identities_only.value {
        offers.extend(held.into_iter().map(from_agent));
    }
    offers
}

/// The encrypted key files that a login at `host` needs, as far as that can be told beforehand: those that are named and
/// that no agent holds; those of the usual places only where there is nothing else to offer.
pub(in crate::ssh) async fn sealed_for(host: &HostConfig, files: &KeyFiles) -> Vec<String> {
    let mut story = Vec::new();
    let agent = Agent::open(host.identity_agent.value.as_deref(), &mut story).await;
    let held = agent.map_or_else(Vec::new, |(_, held)| held);
    let offers = offers(host, files, held, &mut story).await;
    let is_all = offers.iter().all(|offer| matches!(offer.with, With::Sealed(..)));
    let mut sealed = Vec::new();
    for offer in &offers {
        let With::Sealed(path, _) = &offer.with else {
            continue;
        };
        let is_named = host
            .identity_files
            .iter()
            .any(|file| file.value == *path && file.origin != Origin::Default);
        if (is_named || is_all) && files.open(path).await.is_err() {
            sealed.push(path.clone());
        }
    }
    sealed
}

/// The certificates that are named, and those beside the key files. One that has run out is not shown to the host.
async fn certificates(host: &HostConfig, files: &KeyFiles, story: &mut Vec<String>) -> Vec<NamedCertificate> {
    let mut found: Vec<NamedCertificate> = Vec::new();
    let named = host
        .certificate_files
        .iter()
        .map(|file| (file.value.clone(), true));
    let beside = host
        .identity_files
        .iter()
        .map(|file| (format!("{}-cert.pub", file.value), false));
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    for (path, is_named) in named.chain(beside) {
        if found.iter().any(|known| known.path == path) {
            continue;
        }
        match files.certificate(&path).await {
            Some(certificate) if certificate.valid_before() <= now => {
                let ended = certificate.valid_before().saturating_mul(1000);
                let ended = Timestamp::from_millis(i64::try_from(ended).unwrap_or(i64::MAX));
                story.push(format!("{path}: this certificate was valid until {ended}"));
            }
            Some(certificate) => found.push(NamedCertificate { path, certificate }),
            None if is_named => story.push(format!("{path}: there is no certificate that can be read")),
            None => {}
        }
    }
    found
}

/// Notes the certificates that belong to a key.
fn mark(certificates: &[NamedCertificate], key: &KeyData, used: &mut [bool]) {
    for (named, used) in certificates.iter().zip(used) {
        *used |= named.certificate.public_key() == key;
    }
}

/// The certificates for a key that the agent holds.
fn beside(certificates: &[NamedCertificate], key: &KeyData) -> Vec<Offer> {
    certificates
        .iter()
        .filter(|named| named.certificate.public_key() == key)
        .map(|named| Offer {
            name: named.path.clone(),
            with: With::Beside(Box::new(AgentIdentity::Certificate {
                certificate: named.certificate.clone(),
                comment: String::new(),
            })),
        })
        .collect()
}

fn from_agent(identity: AgentIdentity) -> Offer {
    let key: KeyData = identity.public_key().key_data().clone();
    let kind = if matches!(identity, AgentIdentity::Certificate { .. }) {
        "certificate"
    } else {
        "key"
    };
    Offer {
        name: format!(
            "the agent's {kind} {} ({})",
            key.fingerprint(HashAlg::Sha256),
            identity.comment()
        ),
        with: With::Agent(Box::new(identity)),
    }
}
