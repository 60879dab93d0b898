//! Log entries as lines of JSON on standard output, for what gathers those of services.

use std::io;

use async_trait::async_trait;

use super::line_thread::LineThread;
use super::sink::{Refused, Sink, SinkError};
use crate::domain::log_entry::LogEntry;

/// Standard output, or what stands for it.
pub struct StdoutSink {
    thread: LineThread,
}

impl StdoutSink {
    /// This process's standard output.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn new() -> io::Result<Self> {
        Self::of(io::stdout())
    }

    /// What stands for standard output.
    ///
    /// # Errors
    /// Where no thread can be started.
    pub fn of(mut out: impl io::Write + Send + 'static) -> io::Result<Self> {
        let thread = LineThread::start("stdout", move |lines| {
            out.write_all(lines)?;
            out.flush()
        })?;
        Ok(Self { thread })
    }
}

#[async_trait]
impl Sink for StdoutSink {
    fn name(&self) -> &'static str {
        "stdout"
    }

    async fn take(&self, entries: &[LogEntry]) -> Result<Vec<Refused>, SinkError> {
        self.thread.write(entries).await?;
        Ok(Vec::new())
    }
}
