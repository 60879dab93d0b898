//! Keys and certificates from files, each read once, and again when the file changes.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use russh::keys::ssh_key::public::KeyData;
use russh::keys::{Certificate, PrivateKey, PublicKey, decode_secret_key};
use tokio::sync::OnceCell;

/// What stands in a key file.
#[derive(Debug, Clone)]
pub(super) enum KeyFile {
    /// A key.
    Key(Arc<PrivateKey>),
    /// A key that is encrypted; its public half, where it can be told.
    Encrypted(Option<KeyData>),
    /// Only the public half: the key is in an agent or a token. None where there is nothing at all.
    Missing(Option<KeyData>),
    /// Something else: the reason.
    Broken(String),
}

/// Why an encrypted key stays shut.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::ssh) enum Sealed {
    /// Nobody gave a passphrase.
    #[error(
        "it is encrypted and no passphrase is set (EDGEWISE_SSH_KEY_PASSPHRASE), nor does an agent hold it (ssh-add)"
    )]
    NoPassphrase,
    /// Another one is wanted.
    #[error("it is encrypted, and the passphrase does not open it; an agent may hold it instead (ssh-add)")]
    WrongPassphrase,
    /// It is encrypted in a way that nobody here can undo.
    #[error(
        "it is encrypted in a way that is not supported ({0}): write it anew with ssh-keygen -p, or load it into an agent (ssh-add)"
    )]
    Unsupported(String),
}

/// What tells that a file has changed.
type Stamp = (Option<SystemTime>, u64);

/// A key, once somebody has tried to open it.
type Opening = Arc<OnceCell<Result<Arc<PrivateKey>, Sealed>>>;

/// The key files that were read so far.
#[derive(Default)]
pub struct KeyFiles {
    passphrase: Option<Arc<str>>,
    read: Mutex<HashMap<String, (Stamp, KeyFile)>>,
    opened: Mutex<HashMap<String, (Stamp, Opening)>>,
}

impl std::fmt::Debug for KeyFiles {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeyFiles").finish_non_exhaustive()
    }
}

impl KeyFiles {
    /// No file is read yet. `passphrase` opens the encrypted ones.
    #[must_use]
    pub fn new(passphrase: Option<&str>) -> Self {
        Self {
            passphrase: passphrase.map(Arc::from),
            ..Self::default()
        }
    }

    /// What stands in the file.
    pub(super) async fn load(&self, path: &str) -> KeyFile {
        let stamp = stamp(path);
        if let Some((seen, file)) = lock(&self.read).get(path)
            && Some(*seen) == stamp
        {
            return file.clone();
        }
        let owned = path.to_owned();
        let file = tokio::task::spawn_blocking(move || read(&owned))
            .await
            .unwrap_or_else(|error| KeyFile::Broken(error.to_string()));
        if let (Some(stamp), KeyFile::Key(_) | KeyFile::Encrypted(_)) = (stamp, &file) {
            lock(&self.read).insert(path.to_owned(), (stamp, file.clone()));
        }
        file
    }

    /// Opens an encrypted key, once for all who want it at the same time: that is slow by design.
    pub(super) async fn open(&self, path: &str) -> Result<Arc<PrivateKey>, Sealed> {
        let opening = self.opening(path);
        let opened = opening
            .get_or_init(|| async {
                match &self.passphrase {
                    Some(passphrase) => decrypt(path, Arc::clone(passphrase)).await,
                    None => Err(Sealed::NoPassphrase),
                }
            })
            .await;
        opened.clone()
    }

    /// Opens an encrypted key with a passphrase of its own; it stays open.
    ///
    /// # Errors
    /// [`Sealed`] where it does not open.
    pub(in crate::ssh) async fn unseal(&self, path: &str, passphrase: &str) -> Result<(), Sealed> {
        let key = decrypt(path, Arc::from(passphrase)).await?;
        let opening = Arc::new(OnceCell::new_with(Some(Ok(key))));
        if let Some(stamp) = stamp(path) {
            lock(&self.opened).insert(path.to_owned(), (stamp, opening));
        }
        Ok(())
    }

    fn opening(&self, path: &str) -> Opening {
        let stamp = stamp(path).unwrap_or((None, 0));
        let mut opened = lock(&self.opened);
        match opened.get(path) {
            Some((seen, opening)) if *seen == stamp => Arc::clone(opening),
            _ => {
                let opening = Opening::default();
                opened.insert(path.to_owned(), (stamp, Arc::clone(&opening)));
                opening
            }
        }
    }

    /// The certificate in the file, where there is one.
    pub(super) async fn certificate(&self, path: &str) -> Option<Certificate> {
        let text = tokio::fs::read_to_string(path).await.ok()?;
        Certificate::from_openssh(&text).ok()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stamp(path: &str) -> Option<Stamp> {
    let facts = Path::new(path).metadata().ok()?;
    Some((facts.modified().ok(), facts.len()))
}

fn read(path: &str) -> KeyFile {
    let public = |path: &str| {
        let text = std::fs::read_to_string(path).ok()?;
        Some(PublicKey::from_openssh(text.trim()).ok()?.key_data().clone())
    };
    let beside = || public(&format!("{path}.pub"));
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return KeyFile::Missing(beside()),
        Err(error) => return KeyFile::Broken(error.to_string()),
    };
    if let Ok(key) = PrivateKey::from_openssh(&text)
        && key.is_encrypted()
    {
        return KeyFile::Encrypted(Some(key.public_key().key_data().clone()));
    }
    // IdentityFile may name a public key, to choose one of the agent's.
    if let Some(public) = public(path) {
        return KeyFile::Missing(Some(public));
    }
    match decode_secret_key(&text, None) {
        Ok(key) => KeyFile::Key(Arc::new(key)),
        Err(russh::keys::Error::KeyIsEncrypted) => KeyFile::Encrypted(beside()),
        Err(_) if text.contains("ENCRYPTED") => KeyFile::Encrypted(beside()),
        Err(error) => KeyFile::Broken(error.to_string()),
    }
}

async fn decrypt(path: &str, passphrase: Arc<str>) -> Result<Arc<PrivateKey>, Sealed> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let unsupported = |reason: String| Err(Sealed::Unsupported(reason));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return unsupported(error.to_string()),
        };
        // The old form names its cipher; only one of them can be undone here.
        let cipher = text
            .lines()
            .find_map(|line| line.strip_prefix("DEK-Info: ")?.split(',').next());
        if let Some(cipher) = cipher.filter(|cipher| *cipher != "AES-128-CBC") {
            return unsupported(cipher.to_owned());
        }
        match decode_secret_key(&text, Some(&passphrase)) {
            Ok(key) => Ok(Arc::new(key)),
            Err(russh::keys::Error::UnsupportedKeyType { key_type_string, .. }) => {
                unsupported(key_type_string)
            }
            Err(_) => Err(Sealed::WrongPassphrase),
        }
    })
    .await
    .unwrap_or_else(|error| Err(Sealed::Unsupported(error.to_string())))
}

#[cfg(test)]
#[path = "key_files_test.rs"]
mod tests;
