//! A file of this machine, as it was when it was looked at.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tempfile::TempPath;

use crate::app::ports::Content;

use super::pieces::{PIECE, Pieces};

/// A file that is opened for each piece: thousands of them hold no descriptors.
#[derive(Debug)]
pub(super) struct FileContent {
    path: PathBuf,
    size: u64,
    modified: Option<SystemTime>,
    number: u64,
    pieces: Arc<Pieces>,
    /// A file that goes with this.
    _temporary: Option<TempPath>,
}

impl FileContent {
    /// Looks at a file, whole; its content and its SHA-256 (hex). Blocks.
    pub(super) fn look(path: &Path, pieces: &Arc<Pieces>) -> Result<(Self, String), String> {
        let told = |error: std::io::Error| format!("{}: {error}", path.display());
        let mut file = File::open(path).map_err(told)?;
        let facts = file.metadata().map_err(told)?;
        if !facts.is_file() {
            return Err(format!("{} is not a file", path.display()));
        }
        let mut hash = Sha256::new();
        let mut buffer = vec![0; PIECE as usize];
        let mut size = 0;
        loop {
            let read = file.read(&mut buffer).map_err(told)?;
            if read == 0 {
                break;
            }
            size += read as u64;
            hash.update(&buffer[..read]);
        }
        let content = Self::of(path, &facts, pieces, None);
        if size != facts.len() || !content.is(&file.metadata().map_err(told)?) {
            return Err(content.changed());
        }
        Ok((content, data_encoding::HEXLOWER.encode(&hash.finalize())))
    }

    /// A file that was written just now and is removed with this. Blocks.
    pub(super) fn of_temporary(file: TempPath, pieces: &Arc<Pieces>) -> Result<Self, String> {
        let path = file.to_path_buf();
        let facts = std::fs::metadata(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self::of(&path, &facts, pieces, Some(file)))
    }

    fn of(path: &Path, facts: &Metadata, pieces: &Arc<Pieces>, temporary: Option<TempPath>) -> Self {
        Self {
            path: path.to_owned(),
            size: facts.len(),
            modified: facts.modified().ok(),
            number: pieces.new_file(),
            pieces: Arc::clone(pieces),
            _temporary: temporary,
        }
    }

    fn is(&self, facts: &Metadata) -> bool {
        facts.len() == self.size && facts.modified().ok() == self.modified
    }

    fn changed(&self) -> String {
        format!("{} has changed since it was looked at", self.path.display())
    }
}

#[async_trait]
impl Content for FileContent {
    fn size(&self) -> u64 {
        self.size
    }

    async fn piece(&self, offset: u64) -> Result<Bytes, String> {
        if offset >= self.size {
            return Ok(Bytes::new());
        }
        let begin = offset - offset % PIECE;
        let length = PIECE.min(self.size - begin);
        let read = async {
            let path = self.path.clone();
            let read = tokio::task::spawn_blocking(move || {
                let file = File::open(path)?;
                let facts = file.metadata()?;
                let mut bytes = vec![0; length as usize];
                file.read_exact_at(&mut bytes, begin)?;
                Ok::<_, std::io::Error>((facts, Bytes::from(bytes)))
            });
            match read.await {
                Ok(Ok((facts, bytes))) if self.is(&facts) => Ok(bytes),
                Ok(Ok(_)) => Err(self.changed()),
                Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => Err(self.changed()),
                Ok(Err(error)) => Err(format!("{}: {error}", self.path.display())),
                Err(error) => Err(format!("{}: {error}", self.path.display())),
            }
        };
        let piece = self.pieces.get((self.number, begin), read).await?;
        Ok(piece.slice((offset - begin) as usize..))
    }
}

#[cfg(test)]
mod tests {
    use super::{Content as _, FileContent, PIECE, Pieces};
    use std::sync::Arc;

    #[tokio::test]
    async fn a_file_is_read_from_anywhere_and_only_as_it_was() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let bytes: Vec<u8> = (0..PIECE * 2 + 10).map(|i| (i % 251) as u8).collect();
        std::fs::write(file.path(), &bytes).unwrap();
        let pieces = Arc::new(Pieces::default());
        let (content, _) = FileContent::look(file.path(), &pieces).unwrap();
        for from in [0, 1, PIECE - 1, PIECE, PIECE * 2 + 9, PIECE * 2 + 10, PIECE * 9] {
            let (mut read, mut at) = (Vec::new(), from);
            loop {
                let piece = content.piece(at).await.unwrap();
                if piece.is_empty() {
                    break;
                }
                at += piece.len() as u64;
                read.extend_from_slice(&piece);
            }
            assert!(read == bytes[(from as usize).min(bytes.len())..], "from {from}");
        }
        let (fresh, _) = FileContent::look(file.path(), &pieces).unwrap();
        std::fs::write(file.path(), "less").unwrap();
        let error = fresh.piece(0).await.unwrap_err();
        assert!(error.contains("has changed"), "{error}");
    }
}
