//! SFTP (draft-ietf-secsh-filexfer-02, version 3, with OpenSSH's extensions): for hosts that run no commands.

use std::collections::HashMap;
use std::future::Future;

use bytes::Bytes;
use data_encoding::HEXLOWER;
use futures_util::stream::{self, StreamExt as _};
use russh_sftp::client::error::Error;
use russh_sftp::client::{Config, RawSftpSession};
use russh_sftp::protocol::{FileAttributes, OpenFlags, Packet, StatusCode};
use sha2::{Digest as _, Sha256};
use tokio::sync::OwnedSemaphorePermit;

use crate::ssh::connection::Connection;
use crate::ssh::error::SshError;

use super::Sent;
use super::talk::Control;

/// Bytes of one request; every server takes so many.
pub(super) const BLOCK: u64 = 32 * 1024;
/// Requests under way at once: 2 MiB, which is what the channel's window lets pass.
pub(super) const AT_ONCE: usize = 64;
/// How long the host may take for one request, its disk included.
const ANSWER_SECONDS: u64 = 60;
/// What renames onto a file that is there, in one step.
const POSIX_RENAME: &str = "posix-rename@openssh.com";
/// What writes a file to the disk.
const FSYNC: &str = "fsync@openssh.com";
/// What tells how much room there is.
const STATVFS: &str = "statvfs@openssh.com";
/// Type bits of a mode (POSIX `S_IFMT`).
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// A conversation with the host's SFTP server.
pub(super) struct Sftp {
    session: RawSftpSession,
    extensions: HashMap<String, String>,
    _place: OwnedSemaphorePermit,
}

/// What went wrong.
#[derive(Debug)]
pub(super) enum Fault {
    /// The host said no: its words.
    No(String),
    /// It says nothing any more.
    Lost(String),
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Status(status) => {
                let words = status.error_message.trim();
                Self::No(match (words, status.status_code) {
                    ("" | "Failure", _) => "the host says only that it failed (is the disk full?)".to_owned(),
                    (words, _) => words.to_owned(),
                })
            }
            Error::Limited(reason) => Self::No(reason),
            other => Self::Lost(other.to_string()),
        }
    }
}

impl From<Fault> for Sent {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::No(reason) => Self::No(reason),
            Fault::Lost(reason) => Self::Lost(reason),
        }
    }
}

/// What stands at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Nothing,
    File { size: u64, mode: u32, modified: u32 },
    Folder { mode: u32 },
    Link,
    Strange,
}

impl Sftp {
    /// Begins one.
    ///
    /// # Errors
    /// [`SshError::NoCommands`] where the host offers none, or something else answers.
    pub(super) async fn open(connection: &Connection) -> Result<Self, SshError> {
        let (stream, place) = connection.subsystem("sftp").await?;
        let config = Config {
            request_timeout_secs: ANSWER_SECONDS,
            ..Config::default()
        };
        let session = RawSftpSession::new_with_config(stream, config);
        match session.init().await {
            Ok(version) => Ok(Self {
                session,
                extensions: version.extensions,
                _place: place,
            }),
            Err(_) if connection.is_closed() => Err(connection.lost()),
            Err(error) => Err(SshError::NoCommands {
                host: connection.host().place(),
                reason: format!("what answers for SFTP speaks something else ({error})"),
            }),
        }
    }

    /// What stands at `path`; a link is a link.
    pub(super) async fn standing(&self, path: &str) -> Result<Standing, Fault> {
        match self.session.lstat(path).await {
            Ok(found) => Ok(standing(&found.attrs)),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                Ok(Standing::Nothing)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The same, with a link followed.
    pub(super) async fn followed(&self, path: &str) -> Result<Standing, Fault> {
        match self.session.stat(path).await {
            Ok(found) => Ok(standing(&found.attrs)),
            Err(Error::Status(status)) if status.status_code == StatusCode::NoSuchFile => {
                Ok(Standing::Nothing)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes a folder with all that it lies in.
    pub(super) async fn make_folders(&self, path: &str) -> Result<(), Fault> {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends.filter(|end| *end > 0) {
            if let Err(error) = self.session.mkdir(&path[..end], FileAttributes::empty()).await
                && !matches!(self.followed(&path[..end]).await, Ok(Standing::Folder { .. }))
            {
                return Err(error.into());
            }
        }
        Ok(())
    }

    /// Opens a file.
    pub(super) async fn open_file(&self, path: &str, flags: OpenFlags, mode: u32) -> Result<String, Fault> {
        let attributes = FileAttributes {
            permissions: Some(mode),
            ..FileAttributes::empty()
        };
        Ok(self.session.open(path, flags, attributes).await?.handle)
    }

    /// What an open file is.
    pub(super) async fn facts(&self, handle: &str) -> Result<Standing, Fault> {
        Ok(standing(&self.session.fstat(handle).await?.attrs))
    }

    /// Writes a block.
    pub(super) async fn write(&self, handle: &str, offset: u64, bytes: Bytes) -> Result<(), Fault> {
        self.session.write(handle, offset, bytes.to_vec()).await?;
        Ok(())
    }

    /// Reads from `from` to `end`, with many requests at once; `take` gets the bytes in order.
    pub(super) async fn read<F>(
        &self,
        handle: &str,
        from: u64,
        end: u64,
        mut take: impl FnMut(Vec<u8>) -> F + Send,
    ) -> Result<(), Fault>
    where
        F: Future<Output = Result<(), String>> + Send,
    {
        let blocks = (from..end).step_by(BLOCK as usize);
        let mut reading = stream::iter(blocks)
            .map(|offset| self.block(handle, offset, BLOCK.min(end - offset)))
            .buffered(AT_ONCE);
        while let Some(block) = reading.next().await {
            take(block?).await.map_err(Fault::No)?;
        }
        Ok(())
    }

    /// A block, whole; a server may give less than it was asked for.
    async fn block(&self, handle: &str, offset: u64, length: u64) -> Result<Vec<u8>, Fault> {
        let mut bytes = Vec::new();
        while (bytes.len() as u64) < length {
            let have = bytes.len() as u64;
            let data = match self
                .session
                .read(handle, offset + have, (length - have) as u32)
                .await
            {
                Ok(read) => read.data,
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => Vec::new(),
                Err(error) => return Err(error.into()),
            };
            if data.is_empty() {
                return Err(Fault::No("the file became shorter while it was read".to_owned()));
            }
            if bytes.is_empty() {
                bytes = data;
            } else {
                bytes.extend_from_slice(&data);
            }
        }
        Ok(bytes)
    }

    /// SHA-256 (hex) of a file on the host. Its bytes come here for it.
    pub(super) async fn sum(&self, path: &str, size: u64) -> Result<String, Fault> {
        let handle = self.open_file(path, OpenFlags::READ, 0o600).await?;
        let mut hash = Sha256::new();
        let read = self
            .read(&handle, 0, size, |bytes| {
                hash.update(&bytes);
                std::future::ready(Ok(()))
            })
            .await;
        self.close(handle).await?;
        read?;
        Ok(HEXLOWER.encode(&hash.finalize()))
    }

    /// Writes a file to the host's disk, where the server can.
    pub(super) async fn sync(&self, handle: &str) -> Result<(), Fault> {
        if self.extensions.contains_key(FSYNC) {
            self.session.fsync(handle).await?;
        }
        Ok(())
    }

    /// Sets permission bits, and the owner where given.
    pub(super) async fn dress(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Result<(), Fault> {
        if let Some((uid, gid)) = owner {
            let attributes = FileAttributes {
                uid: Some(uid),
                gid: Some(gid),
                ..FileAttributes::empty()
            };
            self.session.setstat(path, attributes).await?;
        }
        let attributes = FileAttributes {
            permissions: Some(mode),
            ..FileAttributes::empty()
        };
        self.session.setstat(path, attributes).await?;
        Ok(())
    }

    /// Renames onto whatever file is there, in one step. Plain SFTP cannot replace a file without a moment when there is
    /// none, which is why it is not done.
    pub(super) async fn replace(&self, from: &str, to: &str, is_new: bool) -> Result<(), Fault> {
        if !self.extensions.contains_key(POSIX_RENAME) {
            if is_new {
                self.session.rename(from, to).await?;
                return Ok(());
            }
            return Err(Fault::No(format!(
                "the host's SFTP server cannot replace a file in one step (it lacks {POSIX_RENAME}); remove the old one first"
            )));
        }
        let mut data = Vec::new();
        for path in [from, to] {
            data.extend_from_slice(&(path.len() as u32).to_be_bytes());
            data.extend_from_slice(path.as_bytes());
        }
        match self.session.extended(POSIX_RENAME, data).await? {
            Packet::Status(status) if status.status_code == StatusCode::Ok => Ok(()),
            Packet::Status(status) => Err(Error::Status(status).into()),
            _ => Err(Fault::Lost("the host answered something else".to_owned())),
        }
    }

    /// Bytes that are free for us where `path` lies; none where the server does not tell.
    pub(super) async fn free(&self, path: &str) -> Result<Option<u64>, Fault> {
        if !self.extensions.contains_key(STATVFS) {
            return Ok(None);
        }
        match self.session.statvfs(path).await {
            Ok(room) => Ok(Some(room.blocks_avail.saturating_mul(room.fragment_size))),
            Err(Error::Status(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// What a folder holds, without `.` and `..`.
    pub(super) async fn list(&self, path: &str) -> Result<Vec<(String, Standing)>, Fault> {
        let handle = self.session.opendir(path).await?.handle;
        let mut names = Vec::new();
        let read: Result<(), Fault> = loop {
            match self.session.readdir(handle.as_str()).await {
                Ok(some) => names.extend(some.files.into_iter().map(|file| {
                    let standing = standing(&file.attrs);
                    (file.filename, standing)
                })),
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break Ok(()),
                Err(error) => break Err(error.into()),
            }
        };
        self.close(handle).await?;
        read?;
        names.retain(|(name, _)| name != "." && name != "..");
        Ok(names)
    }

    /// What a link says.
    pub(super) async fn link(&self, path: &str) -> Result<String, Fault> {
        let name = self.session.readlink(path).await?;
        let first = name.files.into_iter().next();
        first
            .map(|file| file.filename)
            .ok_or_else(|| Fault::No(format!("{path}: the link says nothing")))
    }

    pub(super) async fn close(&self, handle: String) -> Result<(), Fault> {
        self.session.close(handle).await?;
        Ok(())
    }

    pub(super) async fn remove(&self, path: &str) -> Result<(), Fault> {
        self.session.remove(path).await?;
        Ok(())
    }
}

fn standing(attributes: &FileAttributes) -> Standing {
    let Some(mode) = attributes.permissions else {
        return Standing::Strange;
    };
    match mode & TYPE {
        FILE => Standing::File {
            size: attributes.size.unwrap_or(0),
            mode: mode & 0o7777,
            modified: attributes.mtime.unwrap_or(0),
        },
        FOLDER => Standing::Folder { mode: mode & 0o7777 },
        LINK => Standing::Link,
        _ => Standing::Strange,
    }
}

/// The work, unless its time is over or somebody asks.
pub(super) async fn within(
    connection: &Connection,
    control: &Control,
    work: impl Future<Output = Result<Sent, Fault>>,
) -> Sent {
    let sent = tokio::select! {
        done = work => done.unwrap_or_else(Into::into),
        () = control.cancel.cancelled() => Sent::Cancelled,
        () = tokio::time::sleep_until(control.deadline) => Sent::TimedOut,
    };
    match sent {
        // Where the connection is gone it knows better why.
        Sent::Lost(_) if connection.is_closed() => Sent::Lost(connection.lost().to_string()),
        sent => sent,
    }
}
