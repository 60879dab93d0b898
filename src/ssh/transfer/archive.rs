//! A tar archive that is made while it is sent (the format: POSIX.1-1988 ustar with GNU's long names, as GNU tar and busybox
//! read it).

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tar::{EntryType, Header};
use tokio::sync::mpsc;

use crate::app::ports::{Tree, TreeEntry, TreeKind};

/// The unit of an archive.
const BLOCK: u64 = 512;
/// What tar reads at once (20 blocks): the end is filled up to it.
const RECORD: u64 = 20 * BLOCK;
/// Small things are sent together.
const TOGETHER: usize = 64 * 1024;

/// What a host's tar gets.
pub(super) struct Archive {
    /// The folder.
    pub(super) tree: Arc<Tree>,
    /// The places of the entries to send, in order.
    pub(super) which: Vec<usize>,
    /// What goes before it: lines.
    pub(super) before: String,
}

impl Archive {
    /// Sends it. A host that does not take it is heard of elsewhere.
    pub(super) async fn send(self, feed: mpsc::Sender<Bytes>) -> Result<(), String> {
        let mut out = Out {
            feed,
            together: BytesMut::from(self.before.as_bytes()),
            length: 0,
        };
        for index in self.which {
            let entry = &self.tree.entries()[index];
            if !out.entry(entry).await? {
                return Ok(());
            }
        }
        out.fill(2 * BLOCK);
        out.fill((RECORD - out.length % RECORD) % RECORD);
        out.flush().await;
        Ok(())
    }
}

/// The archive as far as it is made.
struct Out {
    feed: mpsc::Sender<Bytes>,
    together: BytesMut,
    /// Bytes of the archive so far.
    length: u64,
}

impl Out {
    /// Adds an entry; false where nobody takes it any more.
    async fn entry(&mut self, entry: &TreeEntry) -> Result<bool, String> {
        match &entry.kind {
            TreeKind::Folder { mode } => {
                self.head(EntryType::Directory, &format!("{}/", entry.path), *mode, 0, "");
            }
            TreeKind::Link { target } => self.head(EntryType::Symlink, &entry.path, 0o777, 0, target),
            TreeKind::File { mode, content, .. } => {
                let size = content.size();
                self.head(EntryType::Regular, &entry.path, *mode, size, "");
                let mut from = 0;
                while from < size {
                    let piece = content.piece(from).await?;
                    if piece.is_empty() {
                        return Err(format!("{} is shorter than it was", entry.path));
                    }
                    from += piece.len() as u64;
                    self.length += piece.len() as u64;
                    if self.together.len() + piece.len() <= TOGETHER {
                        self.together.extend_from_slice(&piece);
                    } else if !self.flush().await || self.feed.send(piece).await.is_err() {
                        return Ok(false);
                    }
                }
                self.fill((BLOCK - size % BLOCK) % BLOCK);
            }
        }
        Ok(self.together.len() < TOGETHER / 2 || self.flush().await)
    }

    fn head(&mut self, kind: EntryType, name: &str, mode: u32, size: u64, link: &str) {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(size);
        self.long(EntryType::GNULongName, name);
        self.long(EntryType::GNULongLink, link);
        let old = header.as_old_mut();
        put(&mut old.name, name);
        put(&mut old.linkname, link);
        header.set_cksum();
        self.add(header.as_bytes());
    }

    /// A name that does not fit into a header goes before it.
    fn long(&mut self, kind: EntryType, name: &str) {
        if name.len() < 100 {
            return;
        }
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        let size = name.len() as u64 + 1;
        header.set_size(size);
        put(&mut header.as_old_mut().name, "././@LongLink");
        header.set_cksum();
        self.add(header.as_bytes());
        self.add(name.as_bytes());
        self.fill(1);
        self.fill((BLOCK - size % BLOCK) % BLOCK);
    }

    fn add(&mut self, bytes: &[u8]) {
        self.together.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
    }

    fn fill(&mut self, zeros: u64) {
        let length = self.together.len() + zeros as usize;
        self.together.resize(length, 0);
        self.length += zeros;
    }

    async fn flush(&mut self) -> bool {
        let bytes = self.together.split().freeze();
        bytes.is_empty() || self.feed.send(bytes).await.is_ok()
    }
}

/// As much of a name as fits.
fn put(field: &mut [u8; 100], name: &str) {
    let length = name.len().min(field.len());
    field[..length].copy_from_slice(&name.as_bytes()[..length]);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::sync::Arc;

    use bytes::Bytes;
    use tokio::sync::mpsc;

    use super::{Archive, RECORD};
    use crate::app::ports::{Tree, TreeEntry, TreeKind};

    #[tokio::test]
    async fn an_archive_holds_what_was_put_in() {
        let (long, target) = (format!("d/{}", "n".repeat(180)), "t".repeat(150));
        let files = [
            ("d/a".to_owned(), vec![b'a'; 700_000]),
            ("d/b".to_owned(), vec![b'b'; 512]),
            ("d/empty".to_owned(), Vec::new()),
            (long, b"long".to_vec()),
        ];
        let mut entries: Vec<TreeEntry> = files
            .iter()
            .map(|(path, bytes)| TreeEntry {
                path: path.clone(),
                kind: TreeKind::File {
                    mode: 0o640,
                    content: Arc::new(Bytes::from(bytes.clone())),
                    sha256: String::new(),
                },
            })
            .collect();
        entries.push(TreeEntry {
            path: "d".into(),
            kind: TreeKind::Folder { mode: 0o755 },
        });
        entries.push(TreeEntry {
            path: "link".into(),
            kind: TreeKind::Link {
                target: target.clone(),
            },
        });
        let tree = Arc::new(Tree::new(0o755, entries));
        let which = (0..tree.entries().len()).collect();
        let (feed, mut pieces) = mpsc::channel::<Bytes>(1);
        let archive = Archive {
            tree,
            which,
            before: "0\n".into(),
        };
        let collect = async {
            let mut all = Vec::new();
            while let Some(piece) = pieces.recv().await {
                all.extend_from_slice(&piece);
            }
            all
        };
        let (sent, all) = tokio::join!(archive.send(feed), collect);
        sent.unwrap();
        let all = all.strip_prefix(b"0\n").unwrap();
        assert_eq!(all.len() as u64 % RECORD, 0);
        let mut seen = Vec::new();
        let mut archive = tar::Archive::new(all);
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
            if let Some(link) = entry.link_name_bytes() {
                assert_eq!((path.as_str(), &link[..]), ("link", target.as_bytes()));
                continue;
            }
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            seen.push((path, bytes));
        }
        let mut want: Vec<(String, Vec<u8>)> = files.to_vec();
        want.push(("d/".to_owned(), Vec::new()));
        want.sort();
        seen.sort();
        assert!(seen == want);
    }
}
