//! Following a step: its output as it comes, its end, and stopping it where somebody asks or its time is over.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::app::ports::{OutputLine, StepRun, StreamOffsets};
use crate::domain::log_entry::LogStream;
use crate::ssh::connection::{Connection, Heard, Running};
use crate::ssh::error::SshError;
use crate::ssh::lines::Lines;
use crate::ssh::nonce::nonce;

use super::program::StepProgram;
use super::record::{Decoder, Record};
use super::stop::{Stopped, stop_program};

/// Output that may wait for a slow reader here. More waits in its file on the host: the reading is broken off and goes
/// on later, since a channel that is not read would stop the whole connection.
const WAITING: usize = 1024 * 1024;
/// The follower says something at least every 20 naps.
const SILENCE: Duration = Duration::from_mins(1);
/// Tenths of a second that a step has to end in peace.
const GRACE_TENTHS: u64 = 50;
/// How long stopping it may take, with its grace and the look whether it is gone.
const STOPPING: Duration = Duration::from_secs(30);
/// How long the end of a step is waited for after it was stopped.
const AFTERWARDS: Duration = Duration::from_secs(5);

/// How long a shell that is used again may take for its first word.
const WORD: Duration = Duration::from_secs(10);
/// How long a new shell may take for its first word before its input is ended.
const FIRST_WORD: Duration = Duration::from_secs(2);
/// How long a shell may take from the end of a step until it waits for the next.
const IDLE: Duration = Duration::from_millis(500);

/// How one reading ended.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::ssh) enum Ended {
    /// The step exited.
    Exit(i32),
    /// It was not started.
    Refused(String),
    /// It was never started here.
    Absent,
    /// It was started and nobody knows more.
    Lost(String),
    /// It was stopped, and its end did not come.
    Stopped,
    /// The reader is slow: read on later.
    Later,
    /// The host does not run commands.
    NoCommands,
    /// The reading broke off: what the host said besides.
    Cut(String),
}

/// Why a step is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::ssh) enum Heed {
    /// Somebody asked.
    Cancelled,
    /// Its time is over.
    TimedOut,
    /// It wrote too much.
    TooMuch,
}

/// A step that is followed, over as many readings as it takes.
pub(in crate::ssh) struct Follow<'a> {
    run: &'a StepRun,
    command: Option<&'a str>,
    output: mpsc::Sender<OutputLine>,
    cancel: CancellationToken,
    stdout: Lines,
    stderr: Lines,
    queue: VecDeque<OutputLine>,
    queued: usize,
    /// When the step's time is over.
    deadline: Instant,
    /// Whether the host said that it is under way.
    pub(in crate::ssh) began: bool,
    progress: bool,
    /// How many bytes of both streams are kept.
    most: u64,
    /// It must be stopped before it is read on, over another connection: this one has no room for both at once.
    pub(in crate::ssh) stop_first: bool,
    /// Why it is to be stopped.
    pub(in crate::ssh) heed: Option<Heed>,
    /// What came of that.
    pub(in crate::ssh) stopped: Option<Stopped>,
    /// Until when its end is waited for where stopping it was no success.
    patience: Option<Instant>,
}

impl<'a> Follow<'a> {
    /// Follows `run`; starts it where there is a `command`.
    pub(in crate::ssh) fn new(
        run: &'a StepRun,
        command: Option<&'a str>,
        output: mpsc::Sender<OutputLine>,
        cancel: CancellationToken,
    ) -> Self {
        Self {
            run,
            command,
            output,
            cancel,
            stdout: Lines::new(LogStream::Stdout, run.resume.stdout),
            stderr: Lines::new(LogStream::Stderr, run.resume.stderr),
            queue: VecDeque::new(),
            queued: 0,
            deadline: Instant::now() + Duration::from_secs(run.timeout_seconds),
            began: false,
            progress: false,
            most: u64::MAX,
            stop_first: false,
            heed: None,
            stopped: None,
            patience: None,
        }
    }

    /// Whether somebody asked for its end, or its time is over.
    pub(in crate::ssh) fn is_to_end(&mut self) -> bool {
        if self.heed.is_none() && self.cancel.is_cancelled() {
            self.heed = Some(Heed::Cancelled);
        }
        if self.heed.is_none() && Instant::now() >= self.deadline {
            self.heed = Some(Heed::TimedOut);
        }
        self.heed.is_some()
    }

    /// Whether the host said since the last question that it is under way.
    pub(in crate::ssh) fn take_progress(&mut self) -> bool {
        std::mem::take(&mut self.progress)
    }

    /// One reading over `connection`.
    ///
    /// # Errors
    /// [`SshError`] where it cannot even begin.
    pub(in crate::ssh) async fn read(&mut self, connection: &Connection) -> Result<Ended, SshError> {
        if self.stop_first && self.stopped.is_none() {
            let stopped = stop(connection, self.run).await?;
            self.was_stopped(stopped);
        }
        self.most = connection.terms().max_output;
        let nonce = nonce();
        self.stdout.rewind();
        self.stderr.rewind();
        let program = StepProgram {
            run: self.run,
            command: self.command,
            nonce: &nonce,
            terms: connection.terms(),
            from: StreamOffsets {
                stdout: self.stdout.offset(),
                stderr: self.stderr.offset(),
            },
        };
        let text = Bytes::from(program.text());
        let used = connection.take_shell();
        // A shell that has run a step may have died since, or be held up: then this is for a new one. What a new one is
        // nobody knows: a forced command may read its input to the end before it says anything.
        let mut fresh = used.is_none();
        let mut word_by = Some(Instant::now() + if fresh { FIRST_WORD } else { WORD });
        let mut ended = false;
        let mut running = match used {
            Some(shell) => shell,
            None => connection.start("exec sh -s").await?,
        };
        running.send_some(text.clone());
        let mut decoder = Decoder::new(&nonce);
        let mut records = Vec::new();
        let mut idle = false;
        let mut opener = Decoder::new(&nonce);
        let mut end: Option<(i32, u64, u64)> = None;
        let mut stopping: Option<BoxFuture<'_, Result<Stopped, SshError>>> = None;
        let mut patience = self.patience;
        let mut silence = Instant::now() + SILENCE;
        let (output, cancel) = (self.output.clone(), self.cancel.clone());
        loop {
            let read = self.stdout.read() + self.stderr.read();
            let enough = read > self.most;
            if enough && self.heed.is_none() {
                self.heed = Some(Heed::TooMuch);
            }
            if let Some((code, stdout, stderr)) = end
                && (enough || (self.stdout.read() >= stdout && self.stderr.read() >= stderr))
            {
                self.settle(stopping.take()).await;
                if !ended && (idle || is_idle(&mut running, &mut decoder).await) {
                    connection.keep_shell(running);
                }
                return Ok(Ended::Exit(code));
            }
            if self.heed.is_some() && stopping.is_none() && self.stopped.is_none() {
                stopping = Some(Box::pin(stop(connection, self.run)));
            }
            let waiting = stopping.is_some();
            tokio::select! {
                heard = running.next() => {
                    silence = Instant::now() + SILENCE;
                    match heard {
                        // Its one record says where the step's own output begins.
                        Heard::Stdout(bytes) if opener.is_open() => self.take(LogStream::Stdout, &bytes),
                        Heard::Stdout(bytes) => {
                            let own = opener.feed(&bytes, &mut records);
                            self.take(LogStream::Stdout, &own);
                        }
                        Heard::Stderr(bytes) => {
                            let own = decoder.feed(&bytes, &mut records);
                            self.take(LogStream::Stderr, &own);
                        }
                        Heard::Refused => return Ok(Ended::NoCommands),
                        Heard::Exit(_) | Heard::Signal(_) => {}
                        Heard::Closed if !fresh && word_by.is_some() => {
                            (fresh, word_by) = (true, Some(Instant::now() + FIRST_WORD));
                            running = connection.start("exec sh -s").await?;
                            running.send_some(text.clone());
                        }
                        Heard::Closed | Heard::Lost => {
                            let own = decoder.finish();
                            self.take(LogStream::Stderr, &own);
                            if let Some((code, ..)) = end.filter(|_| heard == Heard::Closed) {
                                self.settle(stopping.take()).await;
                                return Ok(Ended::Exit(code));
                            }
                            let said = [decoder.noise(), opener.noise()].join(" ");
                            let said = said.trim().to_owned();
                            return Ok(Ended::Cut(if said.is_empty() && heard == Heard::Lost {
                                connection.lost().to_string()
                            } else {
                                said
                            }));
                        }
                    }
                    for record in records.drain(..) {
                        word_by = None;
                        match record {
                            Record::Idle => idle = true,
                            Record::Began { seconds } => self.under_way(seconds),
                            Record::Bound => {
                                self.heed = Some(Heed::TooMuch);
                                self.stopped = Some(Stopped::Gone { away: 0 });
                            }
                            Record::End { code, stdout, stderr } => end = Some((code, stdout, stderr)),
                            Record::Refused(reason) => return Ok(Ended::Refused(reason)),
                            Record::Absent => return Ok(Ended::Absent),
                            Record::Lost(reason) => {
                                self.finish();
                                return Ok(Ended::Lost(reason));
                            }
                            Record::Tick { written } => {
                                // The host writes faster than it is read.
                                if written > self.most && self.heed.is_none() {
                                    self.heed = Some(Heed::TooMuch);
                                }
                            }
                            Record::Other(_) => {}
                        }
                    }
                    if self.queued > WAITING {
                        // Stopping it goes on to its end; begun anew with each reading it might never get there.
                        if let Some(stopping) = stopping.take() {
                            drop(running);
                            match stopping.await {
                                Ok(stopped) => {
                                    self.was_stopped(stopped);
                                }
                                Err(_) => self.stop_first = true,
                            }
                        }
                        return Ok(Ended::Later);
                    }
                }
                permit = output.reserve(), if !self.queue.is_empty() => self.pass_on(permit.ok()),
                () = cancel.cancelled(), if self.heed.is_none() => self.heed = Some(Heed::Cancelled),
                () = tokio::time::sleep_until(self.deadline), if self.heed.is_none() => self.heed = Some(Heed::TimedOut),
                stopped = async { stopping.as_mut().expect("it is waited for").await }, if waiting => {
                    stopping = None;
                    let Ok(stopped) = stopped else {
                        // A server may allow a single session, and this reading has it.
                        self.stop_first = true;
                        return Ok(Ended::Later);
                    };
                    patience = Some(self.was_stopped(stopped));
                }
                () = tokio::time::sleep_until(word_by.unwrap_or(silence)), if word_by.is_some() => {
                    if fresh {
                        (ended, word_by) = (true, None);
                        running.end_input().await;
                    } else {
                        // Should it still come to it, it finds the step started and only follows it.
                        (fresh, word_by) = (true, Some(Instant::now() + FIRST_WORD));
                        running = connection.start("exec sh -s").await?;
                        running.send_some(text.clone());
                    }
                }
                () = tokio::time::sleep_until(patience.unwrap_or(silence)), if patience.is_some() => {
                    self.finish();
                    return Ok(Ended::Stopped);
                }
                () = tokio::time::sleep_until(silence), if patience.is_none() => {
                    return Ok(Ended::Cut("the host fell silent".to_owned()));
                }
            }
        }
    }

    /// Notes what came of stopping it; until when its end is waited for in this reading.
    fn was_stopped(&mut self, stopped: Stopped) -> Instant {
        let until = Instant::now() + AFTERWARDS;
        if matches!(stopped, Stopped::Left(_) | Stopped::Unclear) {
            self.patience = Some(until);
        }
        self.stopped = Some(stopped);
        until
    }

    /// Passes a line on where there is room for it; without anybody who listens, none has to be kept.
    fn pass_on(&mut self, room: Option<mpsc::Permit<'_, OutputLine>>) {
        let Some(room) = room else {
            self.queue.clear();
            self.queued = 0;
            return;
        };
        if let Some(line) = self.queue.pop_front() {
            self.queued -= line.text.len();
            room.send(line);
        }
    }

    /// The step has ended. Where it was being stopped, the host's word on what is left of it is waited for.
    async fn settle(&mut self, stopping: Option<BoxFuture<'_, Result<Stopped, SshError>>>) {
        self.finish();
        if let Some(stopping) = stopping {
            self.stopped = stopping.await.ok();
        }
    }

    /// Hands the lines over that still wait, at the reader's pace.
    pub(in crate::ssh) async fn hand_over(&mut self) {
        for line in self.queue.drain(..) {
            if self.output.send(line).await.is_err() {
                break;
            }
        }
        self.queued = 0;
    }

    /// What comes after as much as is kept is only counted.
    fn take(&mut self, stream: LogStream, bytes: &[u8]) {
        let keeps = self.stdout.read() + self.stderr.read() <= self.most;
        let lines = if stream == LogStream::Stdout {
            &mut self.stdout
        } else {
            &mut self.stderr
        };
        let (queue, queued) = (&mut self.queue, &mut self.queued);
        lines.feed(bytes, |line| {
            if keeps {
                *queued += line.text.len();
                queue.push_back(line);
            }
        });
    }

    fn finish(&mut self) {
        let (queue, queued) = (&mut self.queue, &mut self.queued);
        let mut keep = |line: OutputLine| {
            *queued += line.text.len();
            queue.push_back(line);
        };
        self.stdout.finish(&mut keep);
        self.stderr.finish(&mut keep);
    }

    /// The host knows how long it has been running.
    fn under_way(&mut self, seconds: u64) {
        self.began = true;
        self.progress = true;
        if seconds > 0 {
            let left = self.run.timeout_seconds.saturating_sub(seconds);
            self.deadline = self.deadline.min(Instant::now() + Duration::from_secs(left));
        }
    }
}

/// Listens until a shell says that it waits for a program. One that does not soon is held up by something.
async fn is_idle(shell: &mut Running, decoder: &mut Decoder) -> bool {
    let listening = async {
        let mut records = Vec::new();
        loop {
            match shell.next().await {
                Heard::Stderr(bytes) => {
                    decoder.feed(&bytes, &mut records);
                    if records.contains(&Record::Idle) {
                        return true;
                    }
                }
                Heard::Stdout(_) => {}
                Heard::Closed | Heard::Lost | Heard::Refused | Heard::Exit(_) | Heard::Signal(_) => {
                    return false;
                }
            }
        }
    };
    tokio::time::timeout(IDLE, listening).await.unwrap_or(false)
}

/// Stops a step over a channel of its own. A host that does not say in time what came of it leaves that unclear.
pub(in crate::ssh) async fn stop(connection: &Connection, run: &StepRun) -> Result<Stopped, SshError> {
    match tokio::time::timeout(STOPPING, tell_to_stop(connection, run)).await {
        Ok(stopped) => stopped,
        Err(_) => Ok(Stopped::Unclear),
    }
}

async fn tell_to_stop(connection: &Connection, run: &StepRun) -> Result<Stopped, SshError> {
    let nonce = nonce();
    let mut running = connection.start("exec sh -s").await?;
    running.send(Bytes::from(stop_program(
        run,
        connection.terms(),
        &nonce,
        GRACE_TENTHS,
    )));
    let mut decoder = Decoder::new(&nonce);
    let mut records = Vec::new();
    loop {
        match running.next().await {
            Heard::Stderr(bytes) => {
                decoder.feed(&bytes, &mut records);
            }
            Heard::Closed | Heard::Lost | Heard::Refused => return Ok(Stopped::of(&records)),
            Heard::Stdout(_) | Heard::Exit(_) | Heard::Signal(_) => {}
        }
    }
}
