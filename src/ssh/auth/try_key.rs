//! One try with a key or a certificate whose private half is here.

use std::sync::Arc;

use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::{Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg};

use crate::ssh::connection::Guard;

use super::Tried;

/// The hash for signatures of RSA keys: the best that the host says it knows, and SHA-512 where it does not say. SHA-1
/// is never used.
pub(super) async fn rsa_hash(handle: &Handle<Guard>) -> HashAlg {
    let said = handle.best_supported_rsa_hash().await;
    said.ok().flatten().flatten().unwrap_or(HashAlg::Sha512)
}

/// Tries a key.
pub(super) async fn with_key(handle: &mut Handle<Guard>, user: &str, key: Arc<PrivateKey>) -> Tried {
    let hash = if key.algorithm().is_rsa() {
        Some(rsa_hash(handle).await)
    } else {
        None
    };
    match handle
        .authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, hash))
        .await
    {
        Ok(result) => Tried::of(handle, result).await,
        Err(_) => Tried::Gone,
    }
}

/// An RSA key that signs with the hash it is told.
struct RsaPair<'a>(&'a RsaKeypair);

/// Why it does not.
enum RsaError {
    Gone,
    Signature(russh::keys::signature::Error),
}

impl From<russh::SendError> for RsaError {
    fn from(_: russh::SendError) -> Self {
        Self::Gone
    }
}

impl russh::Signer for RsaPair<'_> {
    type Error = RsaError;

    /// Appends the signature to what was signed, as a string that holds the algorithm's name and the signature proper
    /// (RFC 4252, 7).
    async fn auth_sign(
        &mut self,
        _key: &AgentIdentity,
        hash: Option<HashAlg>,
        mut data: Vec<u8>,
    ) -> Result<Vec<u8>, Self::Error> {
        let signature = (self.0, hash).try_sign(&data).map_err(RsaError::Signature)?;
        let algorithm = signature.algorithm();
        let parts = [algorithm.as_str().as_bytes(), signature.as_bytes()];
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes();
        data.extend(length(parts.iter().map(|part| part.len() + 4).sum()));
        for part in parts {
            data.extend(length(part.len()));
            data.extend_from_slice(part);
        }
        Ok(data)
    }
}

/// Tries a key with its certificate.
pub(super) async fn with_certificate(
    handle: &mut Handle<Guard>,
    user: &str,
    key: Arc<PrivateKey>,
    certificate: Certificate,
) -> Tried {
    if let KeypairData::Rsa(pair) = key.key_data() {
        // The library's own way signs with SHA-1 here.
        let hash = rsa_hash(handle).await;
        return match handle
            .authenticate_certificate_with(user, certificate, Some(hash), &mut RsaPair(pair))
            .await
        {
            Ok(result) => Tried::of(handle, result).await,
            Err(RsaError::Gone) => Tried::Gone,
            Err(RsaError::Signature(error)) => Tried::Not(format!("it cannot sign ({error})")),
        };
    }
    match handle.authenticate_openssh_cert(user, key, certificate).await {
        Ok(result) => Tried::of(handle, result).await,
        Err(_) => Tried::Gone,
    }
}
