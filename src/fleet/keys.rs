//! Fresh keys.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use russh::keys::key::safe_rng;
use russh::keys::ssh_key::{self, LineEnding};
use russh::keys::{Algorithm, PrivateKey, PublicKey};

/// An ed25519 key that was just made.
#[derive(Debug, Clone)]
pub(super) struct KeyPair(PrivateKey);

impl KeyPair {
    pub(super) fn make() -> Result<Self, ssh_key::Error> {
        Ok(Self(PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519)?))
    }

    pub(super) fn public(&self) -> &PublicKey {
        self.0.public_key()
    }

    pub(super) fn into_private(self) -> PrivateKey {
        self.0
    }

    /// Writes the private half, for its owner's eyes only.
    pub(super) fn write(&self, path: &Path) -> std::io::Result<()> {
        let text = self.0.to_openssh(LineEnding::LF).map_err(std::io::Error::other)?;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())
    }
}
