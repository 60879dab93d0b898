//! A file, by the program on the host.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::sync::mpsc;

use crate::app::ports::{Content, Upload};
use crate::ssh::connection::Connection;
use crate::ssh::error::SshError;

use super::program::{PUT, command};
use super::session::Job;
use super::talk::{Ended, Input, Listener, talk};
use super::{Place, Sent};

/// Sends the file over `connection`.
///
/// # Errors
/// [`SshError`] where it could not even begin.
pub(super) async fn put(
    connection: &Connection,
    upload: &Upload,
    file: (&Arc<dyn Content>, &str),
    job: &mut Job,
) -> Result<Sent, SshError> {
    let (content, sha256) = file;
    let place = Place::of(upload);
    let size = content.size().to_string();
    let text = command(
        PUT,
        upload.owner.as_deref(),
        connection.terms(),
        &[
            &place.dest,
            &place.temporary,
            &place.stem,
            &size,
            &upload.mode,
            &job.control.process.unwrap_or(0).to_string(),
        ],
    );
    let mut sending = Sending {
        content,
        sha256,
        said: None,
        began: None,
    };
    let ended = talk(connection, &text, &mut job.control, &mut sending).await?;
    job.moved.files = 1;
    if let Some(began) = sending.began {
        job.moved.bytes = job.moved.bytes.max(content.size().saturating_sub(began));
        job.reached = job.reached.max(began);
    }
    Ok(match (sending.said, ended) {
        (Some(Said::Done), _) => Sent::Done,
        (Some(Said::Same), _) => {
            job.moved.unchanged = 1;
            Sent::Same
        }
        (Some(Said::Other), Ended::Over(reason)) if sending.began != Some(0) => Sent::Other(reason),
        (_, ended) => ended.into(),
    })
}

/// What the program said last.
enum Said {
    Done,
    Same,
    Other,
}

struct Sending<'a> {
    content: &'a Arc<dyn Content>,
    sha256: &'a str,
    said: Option<Said>,
    /// Where the sending began.
    began: Option<u64>,
}

impl Listener for Sending<'_> {
    fn hello(&self) -> String {
        self.sha256.to_owned()
    }

    fn word(&mut self, word: &str) -> Option<Input> {
        match word {
            "done" => self.said = Some(Said::Done),
            "same" => self.said = Some(Said::Same),
            "other" => self.said = Some(Said::Other),
            _ => {
                let from: u64 = word.strip_prefix("send ")?.parse().ok()?;
                if self.began.is_none() {
                    self.began = Some(from);
                    let content = Arc::clone(self.content);
                    return Some(Box::new(move |feed| pieces(content, from, feed).boxed()));
                }
            }
        }
        None
    }
}

/// Sends a content from a place on. A host that does not take it is heard of elsewhere.
pub(super) async fn pieces(
    content: Arc<dyn Content>,
    mut from: u64,
    feed: mpsc::Sender<Bytes>,
) -> Result<(), String> {
    while from < content.size() {
        let piece = content.piece(from).await?;
        if piece.is_empty() {
            return Err("the source is shorter than it was".to_owned());
        }
        from += piece.len() as u64;
        if feed.send(piece).await.is_err() {
            return Ok(());
        }
    }
    Ok(())
}
