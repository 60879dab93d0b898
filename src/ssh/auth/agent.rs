//! The agent: somebody else's process that holds keys and signs with them.

use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::AgentClient;
use russh::keys::{HashAlg, PublicKey};
use tokio::net::UnixStream;

use crate::ssh::connection::Guard;

use super::Tried;
use super::try_key::rsa_hash;

/// A conversation with an agent, for one login.
pub(super) struct Agent {
    client: AgentClient<UnixStream>,
}

/// Signs for a certificate that the agent does not hold with the key that it does hold.
struct KeyOfCertificate<'a>(&'a mut AgentClient<UnixStream>);

impl russh::Signer for KeyOfCertificate<'_> {
    type Error = russh::AgentAuthError;

    async fn auth_sign(
        &mut self,
        identity: &AgentIdentity,
        hash: Option<HashAlg>,
        data: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        let key = AgentIdentity::from(PublicKey::from(identity.public_key().key_data().clone()));
        self.0.auth_sign(&key, hash, data).await
    }
}

impl Agent {
    /// Opens the agent at `socket` and asks what it holds. None where there is no agent; the story says why.
    pub(super) async fn open(
        socket: Option<&str>,
        story: &mut Vec<String>,
    ) -> Option<(Self, Vec<AgentIdentity>)> {
        let socket = socket?;
        let mut client = match AgentClient::connect_uds(socket).await {
            Ok(client) => client,
            Err(error) => {
                story.push(format!("the agent at {socket} does not answer ({error})"));
                return None;
            }
        };
        match client.request_identities().await {
            Ok(held) => Some((Self { client }, held)),
            Err(error) => {
                story.push(format!(
                    "the agent at {socket} does not say what it holds ({error})"
                ));
                None
            }
        }
    }

    /// Tries one of the things it holds; or, where `beside`, a certificate from a file for a key that it holds.
    pub(super) async fn log_in(
        &mut self,
        handle: &mut Handle<Guard>,
        user: &str,
        identity: AgentIdentity,
        beside: bool,
    ) -> Tried {
        let is_rsa = matches!(
            identity.public_key().algorithm(),
            russh::keys::Algorithm::Rsa { .. }
        );
        let hash = if is_rsa {
            Some(rsa_hash(handle).await)
        } else {
            None
        };
        let result = match identity {
            AgentIdentity::PublicKey { key, .. } => {
                handle
                    .authenticate_publickey_with(user, key, hash, &mut self.client)
                    .await
            }
            AgentIdentity::Certificate { certificate, .. } if beside => {
                let mut signer = KeyOfCertificate(&mut self.client);
                handle
                    .authenticate_certificate_with(user, certificate, hash, &mut signer)
                    .await
            }
            AgentIdentity::Certificate { certificate, .. } => {
                handle
                    .authenticate_certificate_with(user, certificate, hash, &mut self.client)
                    .await
            }
        };
        match result {
            Ok(result) => Tried::of(handle, result).await,
            Err(russh::AgentAuthError::Send(_)) => Tried::Gone,
            Err(russh::AgentAuthError::Key(error)) => {
                Tried::Not(format!("the agent would not sign ({error})"))
            }
        }
    }
}
