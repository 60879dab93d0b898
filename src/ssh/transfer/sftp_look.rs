//! Whether files can be put by SFTP where they are to go. Nothing that is done here stays.

use russh_sftp::protocol::OpenFlags;

use crate::ssh::connection::Connection;
use crate::ssh::error::SshError;
use crate::ssh::nonce::nonce;

use super::sftp::{Fault, Sftp, Standing};

/// What is missing for so many bytes in these folders; nothing where the host is fit.
///
/// # Errors
/// [`SshError::NoCommands`] where the host offers no SFTP, [`SshError::Lost`] where the connection ended.
pub(in crate::ssh) async fn look(
    connection: &Connection,
    places: &[(String, u64)],
) -> Result<Vec<String>, SshError> {
    let sftp = Sftp::open(connection).await?;
    let mut missing = Vec::new();
    for (folder, bytes) in places {
        match look_at(&sftp, folder, *bytes).await {
            Ok(short) => missing.extend(short),
            Err(Fault::No(reason)) => missing.push(format!("{folder}: {reason}")),
            Err(Fault::Lost(reason)) => {
                return Err(SshError::Lost {
                    host: connection.host().place(),
                    reason: Some(reason),
                });
            }
        }
    }
    Ok(missing)
}

async fn look_at(sftp: &Sftp, folder: &str, bytes: u64) -> Result<Option<String>, Fault> {
    // The folder may not be there yet; the nearest one that is there tells.
    let mut near = folder;
    loop {
        match sftp.followed(near).await? {
            Standing::Folder { .. } => break,
            Standing::Nothing if near != "/" => {
                near = match near.rsplit_once('/') {
                    Some(("", _)) => "/",
                    Some((above, _)) => above,
                    None => ".",
                };
            }
            _ => return Ok(Some(format!("{near} is no folder"))),
        }
    }
    let trial = format!("{}/.edgewise-look-{}", near.trim_end_matches('/'), nonce());
    let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
    match sftp.open_file(&trial, flags, 0o600).await {
        Ok(handle) => {
            sftp.close(handle).await?;
            sftp.remove(&trial).await?;
        }
        Err(Fault::No(reason)) => return Ok(Some(format!("{near} cannot be written ({reason})"))),
        Err(fault) => return Err(fault),
    }
    let (free, wanted) = (sftp.free(near).await?, bytes.div_ceil(1024));
    Ok(free
        .map(|free| free / 1024)
        .filter(|free| *free < wanted)
        .map(|free| format!("{free} KiB are free at {near}, {wanted} are needed for {folder}")))
}
