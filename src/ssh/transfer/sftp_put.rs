//! A file, by SFTP: written to a temporary name with many blocks under way, read back and compared, then renamed.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use russh_sftp::protocol::OpenFlags;

use crate::app::ports::{Content, Upload};
use crate::ssh::connection::Connection;

use super::session::Job;
use super::sftp::{AT_ONCE, BLOCK, Fault, Sftp, Standing, within};
use super::{Place, Sent};

/// How long the removal of a temporary file may take.
const CLEANING: Duration = Duration::from_secs(10);
/// A temporary file that nobody has written to for so long belongs to a transfer that is no more.
const STALE_SECONDS: u32 = 15 * 60;

/// Sends the file.
pub(super) async fn put(
    sftp: &Sftp,
    connection: &Connection,
    upload: &Upload,
    (content, sha256): (&Arc<dyn Content>, &str),
    job: &mut Job,
) -> Sent {
    let place = Place::of(upload);
    let put = Put {
        sftp,
        temporary: place.temporary_path(),
        place,
        content,
        sha256,
        upload,
    };
    let owner = match owner(upload.owner.as_deref(), &connection.host().user.value) {
        Ok(owner) => owner,
        Err(reason) => return Sent::No(reason),
    };
    let control = job.control.clone();
    job.moved.files = 1;
    let sent = within(connection, &control, put.run(owner, job)).await;
    if matches!(
        sent,
        Sent::No(_) | Sent::Other(_) | Sent::Cancelled | Sent::TimedOut
    ) {
        // Where that fails too, the next transfer to the same place removes it.
        let removed = tokio::time::timeout(CLEANING, sftp.remove(&put.temporary)).await;
        tracing::debug!(path = %put.temporary, ?removed, "the rest of a transfer is removed");
    }
    sent
}

struct Put<'a> {
    sftp: &'a Sftp,
    place: Place,
    temporary: String,
    content: &'a Arc<dyn Content>,
    sha256: &'a str,
    upload: &'a Upload,
}

impl Put<'_> {
    async fn run(&self, owner: Option<(u32, u32)>, job: &mut Job) -> Result<Sent, Fault> {
        let (sftp, dest) = (self.sftp, self.place.dest.as_str());
        let mode = u32::from_str_radix(&self.upload.mode, 8).unwrap_or(0o644);
        let there = sftp.standing(dest).await?;
        match there {
            Standing::Folder { .. } => return Err(Fault::No("there is a folder of this name".to_owned())),
            Standing::Strange => {
                return Err(Fault::No("what is there is no file: it is left alone".to_owned()));
            }
            Standing::Link if matches!(sftp.followed(dest).await, Ok(Standing::Folder { .. })) => {
                return Err(Fault::No("there is a folder of this name".to_owned()));
            }
            Standing::File { size, .. } if size == self.content.size() => {
                // One that cannot be read is another one.
                if sftp.sum(dest, size).await.is_ok_and(|sum| sum == self.sha256) {
                    sftp.dress(dest, mode, owner).await?;
                    job.moved.unchanged = 1;
                    return Ok(Sent::Same);
                }
            }
            Standing::File { .. } | Standing::Link | Standing::Nothing => {}
        }
        if there == Standing::Nothing {
            sftp.make_folders(self.place.folder()).await?;
        }
        let begun = self.write(job).await?;
        let handle = sftp.open_file(&self.temporary, OpenFlags::READ, 0o600).await?;
        let facts = sftp.facts(&handle).await;
        sftp.close(handle).await?;
        let whole = match facts? {
            Standing::File { size, .. } => {
                size == self.content.size() && sftp.sum(&self.temporary, size).await? == self.sha256
            }
            _ => false,
        };
        if !whole {
            let reason = "the bytes that arrived are others (length or SHA-256)".to_owned();
            return Ok(if begun > 0 {
                Sent::Other(reason)
            } else {
                Sent::No(reason)
            });
        }
        sftp.dress(&self.temporary, mode, owner).await?;
        sftp.replace(&self.temporary, dest, there == Standing::Nothing)
            .await?;
        Ok(Sent::Done)
    }

    /// Writes what is not there yet; where it began. Requests are answered in their order, so that a file that was cut off
    /// is whole up to its length.
    async fn write(&self, job: &mut Job) -> Result<u64, Fault> {
        let (sftp, size) = (self.sftp, self.content.size());
        // 0600 from its first moment: what goes into it may be for nobody else.
        let flags = OpenFlags::WRITE | OpenFlags::CREATE;
        let mut handle = match sftp.standing(&self.temporary).await? {
            Standing::Nothing => {
                sftp.open_file(&self.temporary, flags | OpenFlags::EXCLUDE, 0o600)
                    .await?
            }
            Standing::File { .. } => sftp.open_file(&self.temporary, flags, 0o600).await?,
            _ => return Err(Fault::No(format!("{} is in the way", self.temporary))),
        };
        let (mut begun, now) = match sftp.facts(&handle).await? {
            Standing::File { size, modified, .. } => (size, modified),
            _ => (0, 0),
        };
        if begun > size {
            sftp.close(handle).await?;
            sftp.remove(&self.temporary).await?;
            handle = sftp.open_file(&self.temporary, flags, 0o600).await?;
            begun = 0;
        }
        job.moved.bytes = job.moved.bytes.max(size - begun);
        job.reached = job.reached.max(begun);
        self.sweep(now).await;
        let mut writing = FuturesUnordered::new();
        let mut offset = begun;
        while offset < size {
            let mut piece = self.content.piece(offset).await.map_err(Fault::No)?;
            if piece.is_empty() {
                return Err(Fault::No("the source is shorter than it was".to_owned()));
            }
            while !piece.is_empty() {
                let block = piece.split_to(piece.len().min(BLOCK as usize));
                let length = block.len() as u64;
                writing.push(sftp.write(&handle, offset, block));
                offset += length;
                if writing.len() >= AT_ONCE
                    && let Some(written) = writing.next().await
                {
                    written?;
                }
            }
        }
        while let Some(written) = writing.next().await {
            written?;
        }
        drop(writing);
        sftp.sync(&handle).await?;
        sftp.close(handle).await?;
        Ok(begun)
    }

    /// Removes what earlier transfers to the same place left. `now` is the host's time. Not worth failing for.
    async fn sweep(&self, now: u32) {
        let folder = self.place.folder();
        let Ok(names) = self.sftp.list(folder).await else {
            return;
        };
        let ours = format!(".edgewise-{}-", self.place.stem);
        for (name, standing) in names {
            if let Standing::File { modified, .. } = standing
                && name.starts_with(&ours)
                && name != self.place.temporary
                && modified.saturating_add(STALE_SECONDS) < now
            {
                let removed = self.sftp.remove(&format!("{folder}/{name}")).await;
                tracing::debug!(%name, ?removed, "the rest of an old transfer is removed");
            }
        }
    }
}

/// The owner in numbers: SFTP knows no names. None where it is the login itself.
fn owner(owner: Option<&str>, login: &str) -> Result<Option<(u32, u32)>, String> {
    let Some(text) = owner.filter(|owner| *owner != login) else {
        return Ok(None);
    };
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    match (user.parse(), group.parse()) {
        (Ok(user), Ok(group)) => Ok(Some((user, group))),
        _ => Err(format!(
            "the host runs no commands for us, and over SFTP an owner can only be set by numbers (`1000:1000`), not {text:?}"
        )),
    }
}
