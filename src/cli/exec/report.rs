//! What is told of each host, as it ends: an object for programs, lines for people.

use std::collections::HashMap;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use serde::Serialize;

use crate::domain::outcome::Outcome;

/// How one host ended: the contract's object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct HostEnd {
    pub host: String,
    /// By which a command that was left running is heard again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub outcome: Outcome,
    pub exit_code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub duration_ms: u64,
    pub error: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stdout_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stderr_base64: Option<String>,
}

impl HostEnd {
    /// One without output.
    pub(super) fn without_output(host: &str, outcome: Outcome, error: String) -> Self {
        Self {
            host: host.to_owned(),
            id: None,
            outcome,
            exit_code: None,
            stdout: String::new(),
            stderr: String::new(),
            duration_ms: 0,
            error: Some(error),
            truncated: false,
            stdout_base64: None,
            stderr_base64: None,
        }
    }
}

/// Which of this process's streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

/// Writes on a thread of its own, so that a slow reader of our output holds up no connection: so much may wait.
pub(super) struct Printer {
    sender: Option<SyncSender<(Stream, Vec<u8>)>>,
    thread: Option<JoinHandle<()>>,
}

/// Pieces that may wait; each is at most what one SSH packet brings, 32 KiB.
const WAITING: usize = 256;

impl Printer {
    pub(super) fn start() -> io::Result<Self> {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = std::thread::Builder::new()
            .name("printer".into())
            .spawn(move || print(&receiver))?;
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    /// A way to it for another task.
    pub(super) fn handle(&self) -> Option<SyncSender<(Stream, Vec<u8>)>> {
        self.sender.clone()
    }

    /// Waits until everything is written; every handle must be gone.
    pub(super) fn finish(mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            // A printer that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// What is written at once, where so much waits.
const BATCH: usize = 256 * 1024;

/// Ends where nobody sends any more, or nobody reads. What waits for the same stream is written together.
fn print(receiver: &Receiver<(Stream, Vec<u8>)>) {
    let mut next = receiver.recv().ok();
    while let Some((stream, mut bytes)) = next.take() {
        while bytes.len() < BATCH {
            match receiver.try_recv() {
                Ok((other, more)) if other == stream => bytes.extend_from_slice(&more),
                Ok(other) => {
                    next = Some(other);
                    break;
                }
                Err(_) => break,
            }
        }
        let written = match stream {
            Stream::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(&bytes).and_then(|()| out.flush())
            }
            Stream::Stderr => io::stderr().lock().write_all(&bytes),
        };
        if written.is_err() {
            return;
        }
        next = next.or_else(|| receiver.recv().ok());
    }
}

/// Turns a host's bytes into whole lines, each with the host before it.
#[derive(Debug)]
pub(super) struct Prefixed {
    prefix: Vec<u8>,
    rest: HashMap<Stream, Vec<u8>>,
}

/// A line without an end is given out at this length.
const LONGEST: usize = 64 * 1024;

impl Prefixed {
    pub(super) fn new(host: &str) -> Self {
        Self {
            prefix: format!("{host}: ").into_bytes(),
            rest: HashMap::new(),
        }
    }

    /// The lines that `bytes` complete.
    pub(super) fn push(&mut self, stream: Stream, bytes: &[u8]) -> Vec<u8> {
        let rest = self.rest.entry(stream).or_default();
        let mut lines = Vec::new();
        let mut begin = 0;
        for end in memchr::memchr_iter(b'\n', bytes) {
            lines.extend_from_slice(&self.prefix);
            lines.append(rest);
            lines.extend_from_slice(&bytes[begin..=end]);
            begin = end + 1;
        }
        rest.extend_from_slice(&bytes[begin..]);
        if rest.len() > LONGEST {
            lines.extend_from_slice(&self.prefix);
            lines.append(rest);
            lines.push(b'\n');
        }
        lines
    }

    /// The last line, where it has no end.
    pub(super) fn finish(&mut self, stream: Stream) -> Vec<u8> {
        match self.rest.remove(&stream) {
            Some(rest) if !rest.is_empty() => [&self.prefix, rest.as_slice(), b"\n"].concat(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prefixed, Stream};

    #[test]
    fn every_line_names_its_host_however_it_is_cut() {
        let mut lines = Prefixed::new("web-1");
        let mut out = Vec::new();
        for piece in [&b"one\ntw"[..], b"o", b"\n\nthree"] {
            out.extend(lines.push(Stream::Stdout, piece));
        }
        out.extend(lines.finish(Stream::Stdout));
        out.extend(lines.finish(Stream::Stderr));
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "web-1: one\nweb-1: two\nweb-1: \nweb-1: three\n"
        );
    }

    #[test]
    fn a_line_without_end_costs_no_more_memory_than_others() {
        let mut lines = Prefixed::new("h");
        let out = lines.push(Stream::Stderr, &vec![b'x'; 70_000]);
        assert_eq!(out.len(), 70_000 + "h: \n".len());
        assert!(lines.finish(Stream::Stderr).is_empty());
    }
}
