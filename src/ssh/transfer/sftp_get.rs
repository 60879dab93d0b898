//! Fetching a file or a folder, by SFTP. The host says no checksums there: a file counts as whole where it has the length and
//! the time of its last change at the end that it had at the beginning.

use futures_util::StreamExt as _;
use russh_sftp::protocol::OpenFlags;
use tokio::sync::Mutex;

use crate::ssh::connection::Connection;

use super::get::{Download, Missing, Wanted, missing};
use super::incoming::Incoming;
use super::listing::{RemoteFile, is_inside};
use super::local::Local;
use super::session::Job;
use super::sftp::{Fault, Sftp, Standing, within};
use super::{Sent, digest, rooted};

/// Files that are fetched at once.
const FILES: usize = 4;
/// The most that a folder may hold.
const MOST_ENTRIES: usize = 200_000;

/// Fetches.
pub(super) async fn get(sftp: &Sftp, connection: &Connection, download: &Download, job: &mut Job) -> Sent {
    let control = job.control.clone();
    within(connection, &control, run(sftp, download, job)).await
}

async fn run(sftp: &Sftp, download: &Download, job: &mut Job) -> Result<Sent, Fault> {
    let remote = rooted(&download.remote);
    let wanted = look(sftp, &remote).await?;
    let local = Local::new(download.folder.clone(), download.place());
    let missing = missing(&local, &wanted, job)
        .await
        .map_err(|fault| Fault::No(fault.0))?;
    let came = Mutex::new(0);
    let fetched: Vec<Result<bool, Fault>> = futures_util::stream::iter(missing)
        .map(|missing| {
            let (remote, local, came) = (&remote, &local, &came);
            async move { fetch(sftp, remote, local, &missing, came).await }
        })
        .buffer_unordered(FILES)
        .collect()
        .await;
    let came = came.into_inner();
    job.moved.bytes += came;
    job.reached += came;
    for whole in fetched {
        if !whole? {
            return Ok(Sent::Other("a file changed while it was read".to_owned()));
        }
    }
    local.finish(&wanted).await.map_err(|fault| Fault::No(fault.0))?;
    Ok(Sent::Done)
}

/// Everything that there is.
async fn look(sftp: &Sftp, remote: &str) -> Result<Wanted, Fault> {
    let mut wanted = Wanted::default();
    match sftp.followed(remote).await? {
        Standing::Nothing => return Err(Fault::No("there is nothing of this name".to_owned())),
        Standing::Folder { mode } => {
            wanted.folders.insert(String::new(), mode);
        }
        file @ Standing::File { .. } => {
            wanted.files.extend(file_of(String::new(), file));
            return Ok(wanted);
        }
        Standing::Link | Standing::Strange => {
            return Err(Fault::No(
                "what is there is neither a file nor a folder".to_owned(),
            ));
        }
    }
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let place = if folder.is_empty() {
            remote.to_owned()
        } else {
            format!("{remote}/{folder}")
        };
        for (name, standing) in sftp.list(&place).await? {
            if name.contains('/') || !is_inside(&name) {
                return Err(Fault::No(format!(
                    "the host named {name:?}, which leads out of the folder"
                )));
            }
            let path = if folder.is_empty() {
                name
            } else {
                format!("{folder}/{name}")
            };
            match standing {
                Standing::Folder { mode } => {
                    wanted.folders.insert(path.clone(), mode);
                    folders.push(path);
                }
                Standing::Link => {
                    let target = sftp.link(&format!("{remote}/{path}")).await?;
                    wanted.links.insert(path, target);
                }
                standing => wanted.files.extend(file_of(path, standing)),
            }
            if wanted.files.len() + wanted.folders.len() + wanted.links.len() > MOST_ENTRIES {
                return Err(Fault::No("it holds too much to be listed".to_owned()));
            }
        }
    }
    wanted.check(true).map_err(Fault::No)?;
    Ok(wanted)
}

fn file_of(path: String, standing: Standing) -> Option<(String, RemoteFile)> {
    let Standing::File { size, mode, modified } = standing else {
        return None;
    };
    let file = RemoteFile {
        mode,
        size,
        sha256: None,
        state: digest(format!("{size} {modified}").as_bytes()),
    };
    Some((path, file))
}

/// Fetches one; false where it changed meanwhile.
async fn fetch(
    sftp: &Sftp,
    remote: &str,
    local: &Local,
    missing: &Missing,
    came: &Mutex<u64>,
) -> Result<bool, Fault> {
    let path = match missing.path.as_str() {
        "" => remote.to_owned(),
        path => format!("{remote}/{path}"),
    };
    let handle = sftp.open_file(&path, OpenFlags::READ, 0o600).await?;
    let place = local.of(&missing.path);
    let incoming = Incoming::open(&place, &missing.file, missing.have)
        .await
        .map_err(Fault::No)?;
    // The blocks come one after the other: nobody ever waits for it.
    let incoming = Mutex::new(incoming);
    let read = sftp
        .read(&handle, missing.have, missing.file.size, |bytes| {
            let incoming = &incoming;
            async move {
                *came.lock().await += bytes.len() as u64;
                incoming.lock().await.write(&bytes).await
            }
        })
        .await;
    let incoming = incoming.into_inner();
    if let Err(fault) = read {
        incoming.keep().await;
        return Err(fault);
    }
    let now = sftp.facts(&handle).await?;
    sftp.close(handle).await?;
    let same = file_of(String::new(), now).is_some_and(|(_, now)| now.state == missing.file.state);
    let placed = if same {
        incoming.finish().await.map_err(Fault::No)?
    } else {
        false
    };
    Ok(placed)
}
