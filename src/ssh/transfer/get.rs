//! Fetching a file or a folder, by the programs on the host.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;

use crate::domain::name::TargetName;
use crate::ssh::connection::Connection;
use crate::ssh::error::SshError;

use super::incoming::{Incoming, Standing, standing};
use super::listing::{Fact, Listing, RemoteFile, is_inside};
use super::local::{Local, LocalFault};
use super::program::{LIST, SEND, command};
use super::session::Job;
use super::talk::{Ended, Input, Listener, talk};
use super::{Sent, rooted};

/// A file or a folder to fetch.
#[derive(Debug, Clone)]
pub struct Download {
    /// From which target.
    pub target: TargetName,
    /// The path there: absolute, or below the login's home.
    pub remote: String,
    /// The folder here that it is put into, under its own name.
    pub folder: PathBuf,
    /// After so long it is given up; what has come whole stays.
    pub timeout_seconds: u64,
}

impl Download {
    /// Where it is put; its own name where it has one.
    pub(super) fn place(&self) -> PathBuf {
        let path = self.remote.trim_end_matches('/');
        match path.rsplit('/').next() {
            None | Some("" | "." | "..") => self.folder.clone(),
            Some(name) => self.folder.join(name),
        }
    }
}

/// Fetches over `connection`.
///
/// # Errors
/// [`SshError`] where it could not even begin.
pub(super) async fn get(
    connection: &Connection,
    download: &Download,
    job: &mut Job,
) -> Result<Sent, SshError> {
    let remote = rooted(&download.remote);
    let mut looking = Looking::default();
    let text = command(LIST, None, connection.terms(), &[&remote]);
    let ended = talk(connection, &text, &mut job.control, &mut looking).await?;
    if looking.listing.is_too_long() {
        return Ok(Sent::No("it holds too much to be listed".to_owned()));
    }
    let (Some(is_folder), true) = (looking.is_folder, looking.end) else {
        return Ok(ended.into());
    };
    let wanted = match Wanted::of(&looking.listing, is_folder) {
        Ok(wanted) => wanted,
        Err(reason) => return Ok(Sent::No(reason)),
    };
    let local = Local::new(download.folder.clone(), download.place());
    let mut missing = match missing(&local, &wanted, job).await {
        Ok(missing) => missing,
        Err(fault) => return Ok(Sent::No(fault.0)),
    };
    if !missing.is_empty() {
        let mut list = String::new();
        for file in &missing {
            // Writing to a text cannot fail.
            let _ = writeln!(list, "{} ./{}", file.have, file.path);
        }
        let mut receiving = Receiving {
            local: &local,
            list: Some(Bytes::from(list)),
            missing: std::mem::take(&mut missing),
            current: None,
            began: false,
            changed: None,
            came: 0,
        };
        let text = command(SEND, None, connection.terms(), &[&remote]);
        let ended = talk(connection, &text, &mut job.control, &mut receiving).await?;
        job.moved.bytes += receiving.came;
        job.reached += receiving.came;
        if let Some(path) = receiving.changed {
            return Ok(Sent::Other(format!("{path} changed while it was read")));
        }
        if let Some(current) = receiving.current.take() {
            current.keep().await;
        }
        let whole = receiving.missing.is_empty() && receiving.began;
        match ended {
            // Whatever came after the last byte.
            Ended::Over(_) | Ended::Lost(_) | Ended::TimedOut | Ended::Cancelled if whole => {}
            ended => return Ok(ended.into()),
        }
    }
    match local.finish(&wanted).await {
        Ok(()) if job.moved.unchanged == job.moved.files && job.moved.files > 0 => Ok(Sent::Same),
        Ok(()) => Ok(Sent::Done),
        Err(fault) => Ok(Sent::No(fault.0)),
    }
}

/// Everything that is to be here in the end, by path; `""` is a file that is fetched by itself.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) files: BTreeMap<String, RemoteFile>,
    pub(super) folders: BTreeMap<String, u32>,
    pub(super) links: BTreeMap<String, String>,
}

impl Wanted {
    fn of(listing: &Listing, is_folder: bool) -> Result<Self, String> {
        let mut wanted = Self::default();
        let mut sums: BTreeMap<&str, &str> = BTreeMap::new();
        for fact in listing.facts() {
            let Some((path, fact)) = fact else {
                return Err("it holds names that cannot be told in a line, or are not UTF-8".to_owned());
            };
            if !(is_inside(path) || path.is_empty()) {
                return Err(format!("the host named {path:?}, which leads out of the folder"));
            }
            let path = path.to_owned();
            match fact {
                Fact::Folder { mode } => {
                    wanted.folders.insert(path, mode);
                }
                Fact::File { mode, size } => {
                    let file = RemoteFile {
                        mode,
                        size,
                        sha256: None,
                        state: String::new(),
                    };
                    wanted.files.insert(path, file);
                }
                Fact::Link { target } => {
                    wanted.links.insert(path, target.to_owned());
                }
                // Pipes, sockets and devices are not fetched; checksums come below.
                Fact::Strange | Fact::Sum { .. } => {}
            }
        }
        for (path, fact) in listing.facts().flatten() {
            if let Fact::Sum { sha256 } = fact {
                sums.insert(path, sha256);
            }
        }
        for (path, file) in &mut wanted.files {
            let Some(sha256) = sums.get(path.as_str()) else {
                return Err(format!("the host could not read {path}"));
            };
            file.sha256 = Some((*sha256).to_owned());
            (*sha256).clone_into(&mut file.state);
        }
        wanted.check(is_folder)?;
        Ok(wanted)
    }

    /// Everything lies in folders that are named too: nothing is put behind a link.
    pub(super) fn check(&self, is_folder: bool) -> Result<(), String> {
        let paths = self
            .files
            .keys()
            .chain(self.links.keys())
            .chain(self.folders.keys());
        for path in paths {
            let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
            if is_folder && !self.folders.contains_key(parent) || is_folder == self.files.contains_key("") {
                return Err(format!(
                    "the host named {path:?}, which lies in no folder that it named"
                ));
            }
        }
        Ok(())
    }
}

/// A file that is not here whole.
#[derive(Debug)]
pub(super) struct Missing {
    pub(super) path: String,
    pub(super) file: RemoteFile,
    /// So many bytes of it are here.
    pub(super) have: u64,
}

/// Prepares the place, and says what is missing there.
pub(super) async fn missing(
    local: &Local,
    wanted: &Wanted,
    job: &mut Job,
) -> Result<VecDeque<Missing>, LocalFault> {
    local.prepare(wanted).await?;
    let mut missing = VecDeque::new();
    job.moved.files = wanted.files.len() as u64;
    job.moved.unchanged = 0;
    for (path, file) in &wanted.files {
        let place = local.of(path);
        match standing(&place, file).await.map_err(LocalFault)? {
            Standing::Whole => job.moved.unchanged += 1,
            // Nothing is to come of it any more: it only has to be put in its place.
            Standing::Part(have) if have == file.size => {
                finish(&place, file, have).await.map_err(LocalFault)?;
            }
            Standing::Part(have) => missing.push_back(Missing {
                path: path.clone(),
                file: file.clone(),
                have,
            }),
        }
    }
    Ok(missing)
}

async fn finish(place: &Path, file: &RemoteFile, have: u64) -> Result<(), String> {
    if Incoming::open(place, file, have).await?.finish().await? {
        Ok(())
    } else {
        Err(format!(
            "{}: what was kept of it is not what it is to be",
            place.display()
        ))
    }
}

#[derive(Default)]
struct Looking {
    is_folder: Option<bool>,
    listing: Listing,
    end: bool,
}

impl Listener for Looking {
    fn word(&mut self, word: &str) -> Option<Input> {
        match word {
            "folder" => self.is_folder = Some(true),
            "file" => self.is_folder = Some(false),
            "end" => self.end = true,
            _ => {}
        }
        None
    }

    fn line(&mut self, line: &[u8]) {
        self.listing.push(line);
    }
}

struct Receiving<'a> {
    local: &'a Local,
    list: Option<Bytes>,
    missing: VecDeque<Missing>,
    current: Option<Incoming>,
    began: bool,
    /// This one is not what it was said to be.
    changed: Option<String>,
    came: u64,
}

#[async_trait]
impl Listener for Receiving<'_> {
    fn word(&mut self, word: &str) -> Option<Input> {
        if word != "send" {
            return None;
        }
        self.began = true;
        let list = self.list.take()?;
        Some(Box::new(move |feed| {
            async move {
                // A host that does not take it is heard of elsewhere.
                let _ = feed.send(list).await;
                Ok(())
            }
            .boxed()
        }))
    }

    fn takes_bytes(&self) -> bool {
        self.began
    }

    async fn bytes(&mut self, mut bytes: Bytes) -> Result<(), String> {
        self.came += bytes.len() as u64;
        while !bytes.is_empty() {
            let Some(missing) = self.missing.front() else {
                return Err("the host sent more than it was asked for".to_owned());
            };
            let mut current = match self.current.take() {
                Some(current) => current,
                None => Incoming::open(&self.local.of(&missing.path), &missing.file, missing.have).await?,
            };
            let take = current.left().min(bytes.len() as u64) as usize;
            current.write(&bytes.split_to(take)).await?;
            if current.left() > 0 {
                self.current = Some(current);
            } else if current.finish().await? {
                self.missing.pop_front();
            } else {
                self.changed = Some(missing.path.clone());
                return Err(format!("{} changed while it was read", missing.path));
            }
        }
        Ok(())
    }
}
