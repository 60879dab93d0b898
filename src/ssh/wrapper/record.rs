//! What the wrapper says besides the step's own output: records among standard error.

use memchr::memmem;

/// One word from the wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ssh) enum Record {
    /// The step is under way, since so many seconds.
    Began { seconds: u64 },
    /// It still is, and has written so many bytes.
    Tick { written: u64 },
    /// It was stopped there because it wrote too much.
    Bound,
    /// It exited, when so much of its output was written.
    End { code: i32, stdout: u64, stderr: u64 },
    /// It was not started, and leaves nothing: the reason.
    Refused(String),
    /// It was never started here.
    Absent,
    /// It was started, and nobody knows what became of it: the reason.
    Lost(String),
    /// The shell that ran the program has nothing to do and says nothing more.
    Idle,
    /// A word of another program of the wrapper.
    Other(String),
}

/// What begins a record: a byte that text does not have, and the number of this reading.
pub(in crate::ssh) fn mark(nonce: &str) -> Vec<u8> {
    format!("\x1eedgewise-{nonce} ").into_bytes()
}

/// How much of what a host says before the first record is kept, for the error.
const NOISE: usize = 300;

/// Takes the records out of a stream of bytes. What comes before the first record is not the step's: a login's start
/// files may talk.
#[derive(Debug)]
pub(in crate::ssh) struct Decoder {
    mark: Vec<u8>,
    held: Vec<u8>,
    open: bool,
    noise: Vec<u8>,
}

impl Decoder {
    pub(in crate::ssh) fn new(nonce: &str) -> Self {
        Self {
            mark: mark(nonce),
            held: Vec::new(),
            open: false,
            noise: Vec::new(),
        }
    }

    /// Whether a record has come.
    pub(in crate::ssh) fn is_open(&self) -> bool {
        self.open
    }

    /// What was said before the first record, shortened.
    pub(in crate::ssh) fn noise(&self) -> String {
        String::from_utf8_lossy(&self.noise).trim().to_owned()
    }

    /// Takes bytes as they come; gives what is the step's own and the records that are complete. A piece that may turn
    /// out to be a mark is held back.
    pub(in crate::ssh) fn feed(&mut self, bytes: &[u8], records: &mut Vec<Record>) -> Vec<u8> {
        self.held.extend_from_slice(bytes);
        let held = std::mem::take(&mut self.held);
        let mut own = Vec::with_capacity(held.len());
        let mut done = 0;
        while let Some(at) = memmem::find(&held[done..], &self.mark) {
            let begin = done + at;
            let text = begin + self.mark.len();
            self.keep(&held[done..begin], &mut own);
            let Some(length) = memchr::memchr(b'\n', &held[text..]) else {
                self.held = held[begin..].to_vec();
                return own;
            };
            self.open = true;
            records.push(parse(&String::from_utf8_lossy(&held[text..text + length])));
            done = text + length + 1;
        }
        let keep = held.len() - partial(&held[done..], &self.mark);
        self.keep(&held[done..keep], &mut own);
        self.held = held[keep..].to_vec();
        own
    }

    /// What was held back and became no record: it is the step's own after all.
    pub(in crate::ssh) fn finish(&mut self) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let mut own = Vec::new();
        if !held.starts_with(&self.mark) {
            self.keep(&held, &mut own);
        }
        own
    }

    fn keep(&mut self, bytes: &[u8], own: &mut Vec<u8>) {
        if self.open {
            own.extend_from_slice(bytes);
        } else {
            let room = NOISE.saturating_sub(self.noise.len());
            self.noise.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }
}

/// How many bytes at the end are a beginning of `mark`.
fn partial(bytes: &[u8], mark: &[u8]) -> usize {
    (1..mark.len().min(bytes.len() + 1))
        .rev()
        .find(|&length| bytes.ends_with(&mark[..length]))
        .unwrap_or(0)
}

fn parse(text: &str) -> Record {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    let mut numbers = rest.split(' ').map(str::parse::<i64>);
    let mut number = || numbers.next().and_then(Result::ok);
    match word {
        "began" => Record::Began {
            seconds: number().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        },
        "tick" => Record::Tick {
            written: number().and_then(|n| u64::try_from(n).ok()).unwrap_or(0),
        },
        "bound" => Record::Bound,
        "end" => match (number(), number(), number()) {
            (Some(code), Some(stdout), Some(stderr)) => Record::End {
                code: i32::try_from(code).unwrap_or(-1),
                stdout: u64::try_from(stdout).unwrap_or(0),
                stderr: u64::try_from(stderr).unwrap_or(0),
            },
            _ => Record::Lost("its exit code cannot be read".to_owned()),
        },
        "refused" => Record::Refused(rest.to_owned()),
        "absent" => Record::Absent,
        "lost" => Record::Lost(rest.to_owned()),
        "idle" => Record::Idle,
        _ => Record::Other(text.to_owned()),
    }
}

#[cfg(test)]
#[path = "record_test.rs"]
mod tests;
