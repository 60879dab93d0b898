//! Keys and certificates from files, each read once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use russh::client::Handle;
use russh::keys::agent::AgentIdentity;
use russh::keys::signature::Signer as _;
use russh::keys::ssh_key::private::{KeypairData, RsaKeypair};
use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg, PublicKey, decode_secret_key};

use crate::ssh::connection::Guard;

use super::Tried;

/// What stands in a key file.
#[derive(Debug, Clone)]
pub(super) enum KeyFile {
    /// A key.
    Key(Arc<PrivateKey>),
    /// A key that is encrypted; its public half, where it can be told.
    Encrypted(Option<KeyData>),
    /// Nothing; the public half, where that is there (the key is in an agent or a token).
    Missing(Option<KeyData>),
    /// Something else: the reason.
    Broken(String),
}

/// What tells that a file has changed.
type Stamp = (Option<SystemTime>, u64);

/// The key files that were read so far.
#[derive(Debug, Default)]
pub struct KeyFiles {
    read: Mutex<HashMap<String, KeyFile>>,
    /// Certificates are renewed while we run: each with the stamp of its file.
    certificates: Mutex<HashMap<String, (Stamp, Certificate)>>,
}

impl KeyFiles {
    /// What stands in the file. Only what was found is kept: a file may still come.
    pub(super) async fn load(&self, path: &str) -> KeyFile {
        if let Some(file) = self.read.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return file.clone();
        }
        let owned = path.to_owned();
        let file = tokio::task::spawn_blocking(move || read(&owned))
            .await
            .unwrap_or_else(|error| KeyFile::Broken(error.to_string()));
        if matches!(file, KeyFile::Key(_)) {
            self.read
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(path.to_owned(), file.clone());
        }
        file
    }

    /// The certificate in the file, where there is one. It is looked for at every login, mostly in vain: that costs one
    /// short look, not a thread.
    pub(super) async fn certificate(&self, path: &str) -> Option<Certificate> {
        let found = std::fs::metadata(path).ok()?;
        let stamp = (found.modified().ok(), found.len());
        {
            let read = self.certificates.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((seen, certificate)) = read.get(path)
                && *seen == stamp
            {
                return Some(certificate.clone());
            }
        }
        let text = tokio::fs::read_to_string(path).await.ok()?;
        let certificate = Certificate::from_openssh(&text).ok()?;
        self.certificates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path.to_owned(), (stamp, certificate.clone()));
        Some(certificate)
    }
}

fn read(path: &str) -> KeyFile {
    let public = || {
        let text = std::fs::read_to_string(format!("{path}.pub")).ok()?;
        Some(PublicKey::from_openssh(text.trim()).ok()?.key_data().clone())
    };
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return KeyFile::Missing(public()),
        Err(error) => return KeyFile::Broken(error.to_string()),
    };
    if let Ok(key) = PrivateKey::from_openssh(&text)
        && key.is_encrypted()
    {
        return KeyFile::Encrypted(Some(key.public_key().key_data().clone()));
    }
    match decode_secret_key(&text, None) {
        Ok(key) => KeyFile::Key(Arc::new(key)),
        Err(russh::keys::Error::KeyIsEncrypted) => KeyFile::Encrypted(public()),
        Err(_) if text.contains("ENCRYPTED") => KeyFile::Encrypted(public()),
        Err(error) => KeyFile::Broken(error.to_string()),
    }
}

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
