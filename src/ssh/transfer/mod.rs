//! Files and folders: whole and verified at their place, or not at all.
//!
//! By a program on the host where it has a shell ([`program`]), else by SFTP ([`sftp`]). What is sent goes to a temporary name
//! beside its destination, `.edgewise-<which>-<what>-<who>`; length and SHA-256 are checked there before the rename. A
//! connection that is lost half-way looks like the end of the file to the host, so nothing but the check stands between half a
//! file and its place. The next connection goes on at the length that is there.

mod archive;
mod folder;
mod get;
mod incoming;
mod listing;
mod local;
mod program;
mod put;
mod session;
mod sftp;
mod sftp_get;
mod sftp_look;
mod sftp_put;
mod talk;

use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};

use crate::app::ports::Upload;

pub use get::Download;
pub use session::Moved;
pub(super) use sftp_look::look;

/// How one try of a transfer ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// It is there.
    Done,
    /// It was there before, with these very bytes.
    Same,
    /// The host would not, or we could not: why.
    No(String),
    /// Something changed on the way; what was sent is gone, and another try may find it at rest.
    Other(String),
    /// The host runs no shell for us: what it said instead.
    NoShell(String),
    /// Its time was over.
    TimedOut,
    /// Somebody asked.
    Cancelled,
    /// The connection was lost before the host said how it ended.
    Lost(String),
}

impl From<talk::Ended> for Sent {
    /// Where the program did not say itself what came of it.
    fn from(ended: talk::Ended) -> Self {
        match ended {
            talk::Ended::Over(reason) if reason.is_empty() => {
                Self::No("the host ended the transfer without a word".to_owned())
            }
            talk::Ended::Over(reason) | talk::Ended::Ours(reason) => Self::No(reason),
            talk::Ended::NoShell(said) => Self::NoShell(said),
            talk::Ended::TimedOut => Self::TimedOut,
            talk::Ended::Cancelled => Self::Cancelled,
            talk::Ended::Lost(reason) => Self::Lost(reason),
        }
    }
}

/// Smaller files are not worth going on with, and may be secrets: their temporary names tell nothing of their bytes.
const SMALL: u64 = 256 * 1024;

/// Where an upload goes, and by what name first.
#[derive(Debug)]
pub(super) struct Place {
    /// The destination; it has a slash.
    pub(super) dest: String,
    /// The name of the temporary file or folder beside it.
    pub(super) temporary: String,
    /// What all temporary names for this destination have in common.
    pub(super) stem: String,
}

impl Place {
    pub(super) fn of(upload: &Upload) -> Self {
        let dest = rooted(&upload.dest);
        let stem = digest(dest.as_bytes());
        let who = digest(format!("{:?}", upload.key).as_bytes());
        let what = match upload.payload.size() {
            ..SMALL => "small",
            _ => upload.payload.sha256().get(..16).unwrap_or_default(),
        };
        Self {
            temporary: format!(".edgewise-{stem}-{what}-{who}"),
            dest,
            stem,
        }
    }

    /// The folder of the destination.
    pub(super) fn folder(&self) -> &str {
        match self.dest.rsplit_once('/') {
            Some(("", _)) | None => "/",
            Some((folder, _)) => folder,
        }
    }

    /// The whole path of the temporary file.
    pub(super) fn temporary_path(&self) -> String {
        match self.folder() {
            "/" => format!("/{}", self.temporary),
            folder => format!("{folder}/{}", self.temporary),
        }
    }
}

/// A path that no program takes for an option. Without a slash in front it is below the login's home.
fn rooted(path: &str) -> String {
    let path = match path.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    if path.starts_with('/') || path.starts_with("./") {
        path.to_owned()
    } else {
        format!("./{path}")
    }
}

/// Enough of a SHA-256 to tell names apart.
fn digest(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes)[..6])
}

#[cfg(test)]
mod transfer_test;
