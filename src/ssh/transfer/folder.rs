//! A folder, by the programs on the host: what is there is listed, what differs is sent, the whole is put together beside the
//! old one, verified, and takes its place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use futures_util::FutureExt as _;
use sha2::{Digest as _, Sha256};

use crate::app::ports::{Tree, TreeKind, Upload};
use crate::ssh::connection::Connection;
use crate::ssh::error::SshError;

use super::archive::Archive;
use super::listing::{Fact, Listing, read};
use super::program::{CLEAN, LOOK, OWN, STAGE, command};
use super::session::Job;
use super::talk::{Ended, Input, Listener, talk};
use super::{Place, Sent};

/// Sends the folder over `connection`.
///
/// # Errors
/// [`SshError`] where it could not even begin.
pub(super) async fn put(
    connection: &Connection,
    upload: &Upload,
    tree: &Arc<Tree>,
    job: &mut Job,
) -> Result<Sent, SshError> {
    let place = Place::of(upload);
    let owner = upload.owner.as_deref();
    let names = [place.dest.as_str(), &place.temporary, &place.stem];

    let mut looking = Looking::default();
    let ended = talk(
        connection,
        &command(LOOK, owner, connection.terms(), &names),
        &mut job.control,
        &mut looking,
    )
    .await?;
    if looking.listing.is_too_long() {
        return Ok(Sent::No("what is there is too large to be listed".to_owned()));
    }
    let (Some(base), true) = (looking.base, looking.end) else {
        return Ok(ended.into());
    };
    let change = Change::between(&looking.listing, tree, upload.delete);
    count(job, tree, &change);
    if base == Base::There && change.is_none {
        return match owner {
            None => Ok(Sent::Same),
            Some(_) => own(connection, owner, &place, job).await,
        };
    }

    let mode = format!("{:o}", tree.mode());
    let mut before = format!("{}\n", change.gone.len());
    for path in &change.gone {
        // Writing to a text cannot fail.
        let _ = writeln!(before, "{path}");
    }
    let mut staging = Staging {
        archive: Some(Archive {
            tree: Arc::clone(tree),
            which: change.sent,
            before,
        }),
        said: None,
    };
    let arguments = [names[0], names[1], names[2], &change.sha256, &mode];
    let ended = talk(
        connection,
        &command(STAGE, owner, connection.terms(), &arguments),
        &mut job.control,
        &mut staging,
    )
    .await?;
    let sent = match (staging.said, ended) {
        (Some(Said::Done), _) => Sent::Done,
        (Some(Said::Other), Ended::Over(reason)) => Sent::Other(reason),
        (_, ended) => ended.into(),
    };
    if matches!(sent, Sent::No(_) | Sent::TimedOut | Sent::Cancelled) {
        clean(connection, owner, &place, job).await;
    }
    Ok(sent)
}

fn count(job: &mut Job, tree: &Tree, change: &Change) {
    let of = |index: &usize| match &tree.entries()[*index].kind {
        TreeKind::File { content, .. } => Some(content.size()),
        _ => None,
    };
    let all = (0..tree.entries().len()).filter_map(|index| of(&index)).count() as u64;
    job.moved.files = all;
    job.moved.unchanged = all - change.sent.iter().filter_map(of).count() as u64;
    let left: u64 = change.sent.iter().filter_map(of).sum();
    job.moved.bytes = job.moved.bytes.max(left);
    // What an earlier try brought whole is not sent again.
    job.reached = job.reached.max(tree.size() - left);
}

async fn own(
    connection: &Connection,
    owner: Option<&str>,
    place: &Place,
    job: &mut Job,
) -> Result<Sent, SshError> {
    let mut done = Done(false);
    let text = command(OWN, owner, connection.terms(), &[&place.dest]);
    let ended = talk(connection, &text, &mut job.control, &mut done).await?;
    Ok(if done.0 { Sent::Same } else { ended.into() })
}

/// Removes what was put together so far. Where that fails too, the next transfer to the same place removes it.
async fn clean(connection: &Connection, owner: Option<&str>, place: &Place, job: &Job) {
    let mut control = job.control.clone();
    control.cancel = tokio_util::sync::CancellationToken::new();
    control.deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    let text = command(CLEAN, owner, connection.terms(), &[&place.dest, &place.temporary]);
    let mut done = Done(false);
    let ended = talk(connection, &text, &mut control, &mut done).await;
    if !done.0 {
        tracing::debug!(dest = %place.dest, ?ended, "the rest of a transfer could not be removed");
    }
}

/// Waits for the word that it is done.
struct Done(bool);

impl Listener for Done {
    fn word(&mut self, word: &str) -> Option<Input> {
        self.0 |= word == "done";
        None
    }
}

/// What is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Base {
    /// What stands at the destination.
    There,
    /// What an earlier try put together.
    Begun,
    Nothing,
}

#[derive(Default)]
struct Looking {
    base: Option<Base>,
    listing: Listing,
    end: bool,
}

impl Listener for Looking {
    fn word(&mut self, word: &str) -> Option<Input> {
        match word {
            "there" => self.base = Some(Base::There),
            "begun" => self.base = Some(Base::Begun),
            "nothing" => self.base = Some(Base::Nothing),
            "end" => self.end = true,
            _ => {}
        }
        None
    }

    fn line(&mut self, line: &[u8]) {
        self.listing.push(line);
    }
}

enum Said {
    Done,
    Other,
}

struct Staging {
    archive: Option<Archive>,
    said: Option<Said>,
}

impl Listener for Staging {
    fn word(&mut self, word: &str) -> Option<Input> {
        match word {
            "send" => {
                let archive = self.archive.take()?;
                return Some(Box::new(move |feed| archive.send(feed).boxed()));
            }
            "done" => self.said = Some(Said::Done),
            "other" => self.said = Some(Said::Other),
            _ => {}
        }
        None
    }
}

/// What is to be done so that a folder becomes another.
#[derive(Debug)]
struct Change {
    /// Nothing at all.
    is_none: bool,
    /// What goes first: what is replaced, and what nobody wants any more.
    gone: Vec<String>,
    /// The places of the entries that are sent.
    sent: Vec<usize>,
    /// SHA-256 (hex) of the sorted lines of the folder as it is to be.
    sha256: String,
}

impl Change {
    fn between(listing: &Listing, tree: &Tree, delete: bool) -> Self {
        let base = listing.by_path();
        let mut gone = BTreeSet::new();
        let mut sent = Vec::new();
        let mut wanted: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, entry) in tree.entries().iter().enumerate() {
            wanted.insert(&entry.path, index);
            let mut lines = Vec::new();
            entry.lines(&mut lines);
            lines.sort_unstable();
            let there = base.get(&Some(entry.path.as_str()));
            let same = there.is_some_and(|there| {
                let mut there = there.clone();
                there.sort_unstable();
                there.iter().copied().eq(lines.iter().map(String::as_bytes))
            });
            if same {
                continue;
            }
            sent.push(index);
            // A folder that only has other permission bits keeps what is in it.
            let both =
                matches!(entry.kind, TreeKind::Folder { .. }) && there.is_some_and(|there| is_folder(there));
            if there.is_some() && !both {
                gone.insert(entry.path.as_str());
            }
        }
        if delete {
            gone.extend(
                base.keys()
                    .flatten()
                    .filter(|path| !path.is_empty() && !wanted.contains_key(*path)),
            );
        }
        let is_gone = |path: &str| {
            let ancestors = path.match_indices('/').map(|(at, _)| &path[..at]);
            ancestors.chain([path]).any(|path| gone.contains(path))
        };
        let own = tree.lines();
        let mut lines: Vec<&[u8]> = own.iter().map(String::as_bytes).collect();
        for (path, of) in &base {
            let stays =
                path.is_none_or(|path| !path.is_empty() && !wanted.contains_key(path) && !is_gone(path));
            if stays {
                lines.extend(of);
            }
        }
        lines.sort_unstable();
        let mut hash = Sha256::new();
        for line in lines {
            hash.update(line);
            hash.update(b"\n");
        }
        let root = format!("d {:o} .", tree.mode());
        let root_fits = base
            .get(&Some(""))
            .is_some_and(|lines| lines.contains(&root.as_bytes()));
        // What lies in something that goes, goes with it.
        let gone: Vec<String> = gone
            .iter()
            .filter(|path| !path.match_indices('/').any(|(at, _)| gone.contains(&path[..at])))
            .map(|path| (*path).to_owned())
            .collect();
        Self {
            is_none: root_fits && sent.is_empty() && gone.is_empty(),
            gone,
            sent,
            sha256: HEXLOWER.encode(&hash.finalize()),
        }
    }
}

fn is_folder(lines: &[&[u8]]) -> bool {
    lines
        .iter()
        .any(|line| matches!(read(line), Some((_, Fact::Folder { .. }))))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Arc, Change, Listing, Tree, TreeKind};
    use crate::app::ports::TreeEntry;

    fn tree(entries: &[(&str, &str)]) -> Tree {
        let entries = entries.iter().map(|(path, text)| TreeEntry {
            path: (*path).to_owned(),
            kind: match text.strip_prefix("-> ") {
                _ if *text == "/" => TreeKind::Folder { mode: 0o755 },
                Some(target) => TreeKind::Link {
                    target: target.to_owned(),
                },
                None => TreeKind::File {
                    mode: 0o644,
                    content: Arc::new(Bytes::from((*text).to_owned())),
                    sha256: crate::app::ports::Payload::of_bytes(Bytes::from((*text).to_owned()))
                        .sha256()
                        .to_owned(),
                },
            },
        });
        Tree::new(0o755, entries.collect())
    }

    fn listing(tree: &Tree) -> Listing {
        let mut listing = Listing::default();
        for line in tree.lines() {
            listing.push(line.as_bytes());
        }
        listing
    }

    /// What is there, what is to be, whether the rest goes; what goes first, what is sent, what there is afterwards.
    type Case<'a> = (
        &'a [(&'a str, &'a str)],
        &'a [(&'a str, &'a str)],
        bool,
        &'a [&'a str],
        &'a [&'a str],
        &'a [(&'a str, &'a str)],
    );

    #[test]
    fn only_what_differs_is_sent_and_the_rest_stays_unless_asked() {
        let cases: [Case<'_>; 7] = [
            (&[("a", "1")], &[("a", "1")], false, &[], &[], &[("a", "1")]),
            (
                &[("a", "1"), ("x", "0")],
                &[("a", "2"), ("b", "3")],
                false,
                &["a"],
                &["a", "b"],
                &[("a", "2"), ("b", "3"), ("x", "0")],
            ),
            (
                &[("a", "1"), ("x", "/"), ("x/y", "0")],
                &[("a", "1")],
                true,
                &["x"],
                &[],
                &[("a", "1")],
            ),
            (
                &[("a", "/"), ("a/b", "1")],
                &[("a", "1")],
                false,
                &["a"],
                &["a"],
                &[("a", "1")],
            ),
            (
                &[("a", "1")],
                &[("a", "/"), ("a/b", "1")],
                false,
                &["a"],
                &["a", "a/b"],
                &[("a", "/"), ("a/b", "1")],
            ),
            (
                &[("a", "-> b"), ("b", "1")],
                &[("a", "-> c"), ("b", "1")],
                false,
                &["a"],
                &["a"],
                &[("a", "-> c"), ("b", "1")],
            ),
            (&[], &[("a", "1")], true, &[], &["a"], &[("a", "1")]),
        ];
        for (there, wanted, delete, gone, sent, after) in cases {
            let wanted_tree = tree(wanted);
            let change = Change::between(&listing(&tree(there)), &wanted_tree, delete);
            let name = format!("{there:?} -> {wanted:?}");
            assert_eq!(change.gone, gone, "{name}");
            let seen: Vec<&str> = change
                .sent
                .iter()
                .map(|index| wanted_tree.entries()[*index].path.as_str())
                .collect();
            assert_eq!(seen, sent, "{name}");
            assert_eq!(change.sha256, tree(after).sha256(), "{name}");
            assert_eq!(change.is_none, gone.is_empty() && sent.is_empty(), "{name}");
        }
    }
}
