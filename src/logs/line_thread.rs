//! A thread that writes lines to something that may block for as long as it likes. A thread of its own, because nobody
//! waits for it at the end: a full pipe holds up no exit.

use std::io;
use std::sync::mpsc;

use tokio::sync::oneshot;

use super::document;
use super::sink::SinkError;
use crate::domain::log_entry::LogEntry;

type Job = (Vec<u8>, oneshot::Sender<io::Result<()>>);

/// Writes lines of JSON, one portion after another.
pub(super) struct LineThread {
    jobs: mpsc::Sender<Job>,
}

impl LineThread {
    /// Starts the thread; `put` writes whole lines.
    pub(super) fn start(
        name: &str,
        mut put: impl FnMut(&[u8]) -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, received) = mpsc::channel::<Job>();
        std::thread::Builder::new()
            .name(format!("log-{name}"))
            .spawn(move || {
                for (lines, done) in received {
                    // Who asked may have given up.
                    let _ = done.send(put(&lines));
                }
            })?;
        Ok(Self { jobs })
    }

    /// Writes the documents of these entries.
    pub(super) async fn write(&self, entries: &[LogEntry]) -> Result<(), SinkError> {
        let told = |error: String| SinkError::Unavailable(error);
        let mut lines = Vec::with_capacity(entries.len() * 512);
        for entry in entries {
            document::write(entry, false, &mut lines).map_err(|error| told(error.to_string()))?;
            lines.push(b'\n');
        }
        let (done, written) = oneshot::channel();
        let gone = || told("its thread has ended".to_owned());
        self.jobs.send((lines, done)).map_err(|_| gone())?;
        written
            .await
            .map_err(|_| gone())?
            .map_err(|error| told(error.to_string()))
    }
}
