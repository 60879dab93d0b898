//! What an upload carries: a file, or a folder with everything in it. Nothing of it is held in memory but the piece that
//! is being sent.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};

/// The bytes of a file, read piece by piece by everybody who sends it.
#[async_trait]
pub trait Content: Send + Sync + fmt::Debug {
    /// How many bytes.
    fn size(&self) -> u64;

    /// Bytes from `offset` on: at least one where `offset` is before the end.
    ///
    /// # Errors
    /// Why they cannot be had, in words: the file is gone, or is not the one any more that was looked at first.
    async fn piece(&self, offset: u64) -> Result<Bytes, String>;
}

#[async_trait]
impl Content for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    async fn piece(&self, offset: u64) -> Result<Bytes, String> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.len());
        Ok(self.slice(from..))
    }
}

/// What an upload carries.
#[derive(Debug, Clone)]
pub enum Payload {
    /// A file.
    File {
        /// Its bytes.
        content: Arc<dyn Content>,
        /// SHA-256 (hex) of them.
        sha256: String,
    },
    /// A folder.
    Folder(Arc<Tree>),
}

impl Payload {
    /// A file of these bytes.
    #[must_use]
    pub fn of_bytes(bytes: Bytes) -> Self {
        Self::File {
            sha256: data_encoding::HEXLOWER.encode(&Sha256::digest(&bytes)),
            content: Arc::new(bytes),
        }
    }

    /// SHA-256 (hex): of a file's bytes, or of a folder's [`Tree::lines`].
    #[must_use]
    pub fn sha256(&self) -> &str {
        match self {
            Self::File { sha256, .. } => sha256,
            Self::Folder(tree) => &tree.sha256,
        }
    }

    /// Bytes of all files in it.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::File { content, .. } => content.size(),
            Self::Folder(tree) => tree.size(),
        }
    }
}

/// A folder: everything in it, sorted by path.
#[derive(Debug)]
pub struct Tree {
    mode: u32,
    entries: Vec<TreeEntry>,
    sha256: String,
}

/// Something in a folder.
#[derive(Debug)]
pub struct TreeEntry {
    /// Its path in the folder, with `/`, not beginning with one.
    pub path: String,
    /// What it is.
    pub kind: TreeKind,
}

/// What something in a folder is.
#[derive(Debug)]
pub enum TreeKind {
    /// A folder with these permission bits.
    Folder {
        /// Permission bits.
        mode: u32,
    },
    /// A file.
    File {
        /// Permission bits.
        mode: u32,
        /// Its bytes.
        content: Arc<dyn Content>,
        /// SHA-256 (hex) of them.
        sha256: String,
    },
    /// A symbolic link to somewhere in the same folder.
    Link {
        /// What it says.
        target: String,
    },
}

impl Tree {
    /// A folder with these permission bits and this in it.
    #[must_use]
    pub fn new(mode: u32, mut entries: Vec<TreeEntry>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let mut tree = Self {
            mode,
            entries,
            sha256: String::new(),
        };
        let mut hash = Sha256::new();
        let mut lines = tree.lines();
        lines.sort_unstable();
        for line in lines {
            hash.update(line.as_bytes());
            hash.update(b"\n");
        }
        tree.sha256 = data_encoding::HEXLOWER.encode(&hash.finalize());
        tree
    }

    /// Permission bits of the folder itself.
    #[must_use]
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// What is in it, by path.
    #[must_use]
    pub fn entries(&self) -> &[TreeEntry] {
        &self.entries
    }

    /// SHA-256 (hex) of its sorted [`Tree::lines`], each with a line feed.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = |entry: &TreeEntry| match &entry.kind {
            TreeKind::File { content, .. } => content.size(),
            _ => 0,
        };
        self.entries.iter().map(size).sum()
    }

    /// The folder in words that a host can say too: what is compared, and verified.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("d {:o} .", self.mode)];
        for entry in &self.entries {
            entry.lines(&mut lines);
        }
        lines
    }
}

impl TreeEntry {
    /// The lines that speak of it: `d MODE ./PATH` of a folder, `m MODE SIZE ./PATH` and `f SHA256 ./PATH` of a file,
    /// `l LENGTH ./PATH TARGET` of a link, with the length of `./PATH` in bytes.
    pub fn lines(&self, lines: &mut Vec<String>) {
        let path = &self.path;
        match &self.kind {
            TreeKind::Folder { mode } => lines.push(format!("d {mode:o} ./{path}")),
            TreeKind::File {
                mode,
                content,
                sha256,
            } => {
                lines.push(format!("m {mode:o} {} ./{path}", content.size()));
                lines.push(format!("f {sha256} ./{path}"));
            }
            TreeKind::Link { target } => lines.push(format!("l {} ./{path} {target}", path.len() + 2)),
        }
    }
}
