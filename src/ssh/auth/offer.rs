//! What to offer, in which order: what the configuration names first, then what else the agent holds.

use std::sync::Arc;

use russh::keys::agent::AgentIdentity;
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, HashAlg, PrivateKey};

use crate::ssh::config::{HostConfig, Origin};

use super::key_files::{KeyFile, KeyFiles};

/// One key to try. `name` is how the story calls it.
pub(super) enum Offer {
    /// A key from a file.
    File { name: String, key: Arc<PrivateKey> },
    /// A key from a file with its certificate.
    Certificate {
        name: String,
        key: Arc<PrivateKey>,
        certificate: Box<Certificate>,
    },
    /// Something that the agent signs with.
    Agent {
        name: String,
        identity: Box<AgentIdentity>,
    },
}

impl Offer {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::File { name, .. } | Self::Certificate { name, .. } | Self::Agent { name, .. } => name,
        }
    }
}

/// Lists the offers; what cannot be offered goes into the story.
pub(super) async fn offers(
    host: &HostConfig,
    files: &KeyFiles,
    mut held: Vec<AgentIdentity>,
    story: &mut Vec<String>,
) -> Vec<Offer> {
    let mut offers = Vec::new();
    let mut certificates: Vec<(String, Certificate)> = Vec::new();
    let beside = host
        .identity_files
        .iter()
        .map(|file| format!("{}-cert.pub", file.value));
    for path in host
        .certificate_files
        .iter()
        .map(|file| file.value.clone())
        .chain(beside)
    {
        if let Some(certificate) = files.certificate(&path).await {
            certificates.push((path, certificate));
        }
    }
    for file in &host.identity_files {
        let path = &file.value;
        let (public, private) = match files.load(path).await {
            KeyFile::Key(key) => (Some(key.public_key().key_data().clone()), Some(key)),
            KeyFile::Encrypted(public) => (public, None),
            KeyFile::Missing(public) => {
                // Nobody asked for the files of the default list by name.
                if file.origin != Origin::Default && public.is_none() {
                    story.push(format!("{path}: there is no such file"));
                }
                (public, None)
            }
            KeyFile::Broken(reason) => {
                story.push(format!("{path}: not a key that can be read ({reason})"));
                continue;
            }
        };
        let Some(public) = public else {
            if private.is_none() && std::path::Path::new(path).exists() {
                story.push(format!(
                    "{path}: it is encrypted; load it into an agent (ssh-add {path})"
                ));
            }
            continue;
        };
        for (name, certificate) in certificates.iter().filter(|(_, c)| *c.public_key() == public) {
            if let Some(key) = &private {
                offers.push(Offer::Certificate {
                    name: name.clone(),
                    key: Arc::clone(key),
                    certificate: Box::new(certificate.clone()),
                });
            }
        }
        let in_agent: Vec<AgentIdentity> = held
            .extract_if(.., |identity| *identity.public_key().key_data() == public)
            .collect();
        if let Some(key) = private {
            offers.push(Offer::File {
                name: path.clone(),
                key,
            });
        } else if in_agent.is_empty() {
            story.push(format!(
                "{path}: it is encrypted and the agent does not hold it; load it (ssh-add {path})"
            ));
        } else {
            offers.extend(in_agent.into_iter().map(from_agent));
        }
    }
    if !host.identities_only.value {
        offers.extend(held.into_iter().map(from_agent));
    }
    offers
}

fn from_agent(identity: AgentIdentity) -> Offer {
    let key: KeyData = identity.public_key().key_data().clone();
    let kind = if matches!(identity, AgentIdentity::Certificate { .. }) {
        "certificate"
    } else {
        "key"
    };
    Offer::Agent {
        name: format!(
            "the agent's {kind} {} ({})",
            key.fingerprint(HashAlg::Sha256),
            identity.comment()
        ),
        identity: Box::new(identity),
    }
}
