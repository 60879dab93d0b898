//! A file that is being fetched: to a temporary name beside its place, verified, then renamed.

use std::io::Read as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncWriteExt as _, BufWriter};

use super::listing::RemoteFile;

/// What is written at once.
const BUFFER: usize = 512 * 1024;

/// A file on its way in.
#[derive(Debug)]
pub(super) struct Incoming {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<tokio::fs::File>,
    hash: Sha256,
    have: u64,
    wanted: RemoteFile,
}

/// What stands at a place already.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The very bytes.
    Whole,
    /// So many bytes of a fetch that was broken off.
    Part(u64),
}

/// The name of a file while it comes. Of another state of the same file it is another one.
fn temporary(path: &Path, wanted: &RemoteFile) -> PathBuf {
    let name = path.file_name().unwrap_or_default();
    let which = super::digest(name.as_encoded_bytes());
    path.with_file_name(format!(
        ".edgewise-{which}-{}",
        &wanted.state[..wanted.state.len().min(16)]
    ))
}

/// Looks what stands at `path`.
pub(super) async fn standing(path: &Path, wanted: &RemoteFile) -> Result<Standing, String> {
    let (path, wanted) = (path.to_owned(), wanted.clone());
    let looking = tokio::task::spawn_blocking(move || {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let size = |path: &Path| {
            let facts = std::fs::symlink_metadata(path).ok()?;
            facts.is_file().then_some(facts.len())
        };
        if let Some(sha256) = &wanted.sha256
            && size(&path) == Some(wanted.size)
            && HEXLOWER.encode(&hash(&path).map_err(told)?.finalize()) == *sha256
        {
            set_mode(&path, wanted.mode).map_err(told)?;
            return Ok(Standing::Whole);
        }
        let part = size(&temporary(&path, &wanted)).unwrap_or(0);
        Ok(Standing::Part(if part <= wanted.size { part } else { 0 }))
    });
    looking.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn hash(path: &Path) -> std::io::Result<Sha256> {
    let mut file = std::fs::File::open(path)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok(hash);
        }
        hash.update(&buffer[..read]);
    }
}

fn set_mode(path: &Path, mode: u32) -> std::io::Result<()> {
    // What runs as somebody else on the host does not do so here.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o777))
}

impl Incoming {
    /// Goes on where [`standing`] found that a fetch had come to.
    pub(super) async fn open(path: &Path, wanted: &RemoteFile, have: u64) -> Result<Self, String> {
        let temporary = temporary(path, wanted);
        let name = temporary.clone();
        let opening = tokio::task::spawn_blocking(move || {
            let told = |error: std::io::Error| format!("{}: {error}", name.display());
            let file = std::fs::OpenOptions::new()
                .append(true)
                .create(true)
                .mode(0o600)
                .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
                .open(&name)
                .map_err(told)?;
            flock(&file, FlockOperation::NonBlockingLockExclusive)
                .map_err(|_| format!("another transfer is writing {}", name.display()))?;
            file.set_len(have).map_err(told)?;
            let hash = if have > 0 {
                hash(&name).map_err(told)?
            } else {
                Sha256::new()
            };
            Ok::<_, String>((file, hash))
        });
        let (file, hash) = opening.await.unwrap_or_else(|error| Err(error.to_string()))?;
        Ok(Self {
            path: path.to_owned(),
            temporary,
            file: BufWriter::with_capacity(BUFFER, tokio::fs::File::from_std(file)),
            hash,
            have,
            wanted: wanted.clone(),
        })
    }

    /// How many bytes are wanted still.
    pub(super) fn left(&self) -> u64 {
        self.wanted.size - self.have
    }

    /// Takes bytes, at most as many as are left.
    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.hash.update(bytes);
        self.have += bytes.len() as u64;
        self.file
            .write_all(bytes)
            .await
            .map_err(|error| format!("{}: {error}", self.temporary.display()))
    }

    /// Writes down what has come, to go on with later.
    pub(super) async fn keep(mut self) {
        if let Err(error) = self.file.flush().await {
            tracing::debug!(path = %self.temporary.display(), %error, "a part of a file is not kept");
        }
    }

    /// Puts the file in its place; false where it is not the one that was wanted, and is gone.
    pub(super) async fn finish(mut self) -> Result<bool, String> {
        let told = |error: std::io::Error| format!("{}: {error}", self.path.display());
        self.file.flush().await.map_err(told)?;
        let sum = HEXLOWER.encode(&self.hash.finalize());
        if self.have != self.wanted.size || self.wanted.sha256.as_ref().is_some_and(|wanted| *wanted != sum) {
            tokio::fs::remove_file(&self.temporary).await.map_err(told)?;
            return Ok(false);
        }
        self.file.get_ref().sync_all().await.map_err(told)?;
        let (temporary, path, mode) = (self.temporary, self.path.clone(), self.wanted.mode);
        let placing = tokio::task::spawn_blocking(move || {
            set_mode(&temporary, mode)?;
            std::fs::rename(&temporary, &path)?;
            let folder = path.parent().unwrap_or(Path::new("."));
            std::fs::File::open(folder)?.sync_all()
        });
        match placing.await {
            Ok(placed) => placed.map_err(|error| format!("{}: {error}", self.path.display()))?,
            Err(error) => return Err(error.to_string()),
        }
        Ok(true)
    }
}
