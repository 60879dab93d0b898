//! What flows out of one command into the next, as far as it can be told.

/// The output of a command, or the content of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a quality of its own, and they hold together in any mix"
)]
pub struct Stream {
    /// The text, where it follows from the script; it may hold signs. `None`: it does not.
    pub text: Option<String>,
    /// The bytes, where they are no text: what a decoder made for the next one.
    pub bytes: Option<Vec<u8>>,
    /// It came over the network.
    pub remote: Option<Remote>,
    /// It holds passwords, keys or the like.
    pub secret: bool,
    /// It lists accounts, settings or what people typed: nothing for strangers.
    pub private: bool,
    /// It holds the passwords that an application has in its settings.
    pub settings: bool,
    /// It never ends (`/dev/zero`, `yes`).
    pub endless: bool,
    /// It has more lines than anybody wrote.
    pub many: bool,
    /// It came out of a decoder that could not be followed.
    pub decoded: bool,
    /// It is the whole of a local file that the script did not write.
    pub file: bool,
    /// A tool printed it for a shell to evaluate.
    pub meant: bool,
    /// It is made of random bytes or zeros.
    pub noise: bool,
    /// It was put there by an upload that nobody has read.
    pub unread: Option<Unread>,
    /// The programs that made it, for the explanation.
    pub steps: Vec<String>,
}

/// What an upload is that nobody has read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unread {
    /// Machine code, as its first bytes say.
    Program,
    /// Anything else; run by itself it is a script.
    Script,
}

/// How far a remote source may be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remote {
    /// A named host over a protected connection.
    Named,
    /// Anything else: an address, plain HTTP, a raw socket.
    Open,
}

impl Stream {
    /// A text that is known.
    pub fn known(text: impl Into<String>) -> Self {
        Self {
            text: Some(super::super::words::text::bounded(text.into())),
            ..Self::default()
        }
    }

    /// Nothing.
    pub fn empty() -> Self {
        Self::known("")
    }

    /// What a command reads that nobody gave anything to read.
    pub fn inherited() -> Self {
        Self {
            file: true,
            ..Self::default()
        }
    }

    /// Whether a shell may run it though it cannot be told: a file as it stands, or what a tool prints for that
    /// purpose, lines chosen from it at most. What a filter makes of a file is another text than anybody reviewed.
    pub fn runnable(&self) -> bool {
        let choice = |step: &String| matches!(step.as_str(), "grep" | "head" | "tail");
        !self.secret
            && self.unread.is_none()
            && (self.meant && self.steps.iter().all(choice) || self.file && self.steps.is_empty())
    }

    /// Whether anything is known of it: what it is, or where it came from.
    pub fn tells(&self) -> bool {
        self.text.is_some()
            || self.bytes.is_some()
            || self.remote.is_some()
            || self.decoded
            || self.unread.is_some()
    }

    /// A file that nobody has read.
    pub fn unread(is_program: bool) -> Self {
        let unread = if is_program {
            Unread::Program
        } else {
            Unread::Script
        };
        Self {
            file: true,
            unread: Some(unread),
            ..Self::default()
        }
    }

    /// Output that nothing is known of.
    pub fn unknown() -> Self {
        Self::default()
    }

    /// The same origin with another text: what a filter makes of it.
    #[must_use]
    pub fn filtered(&self, text: Option<String>, step: &str) -> Self {
        let mut out = self.clone();
        out.bytes = None;
        out.text = text.map(super::super::words::text::bounded);
        if out.steps.len() < 12 {
            out.steps.push(step.to_owned());
        }
        out
    }

    /// What a decoder makes of it.
    #[must_use]
    pub fn decoded(&self, bytes: Option<Vec<u8>>, step: &str) -> Self {
        let text = bytes
            .as_ref()
            .map(|bytes| super::super::words::text::lossy(bytes));
        let mut out = self.filtered(text, step);
        out.decoded |= bytes.is_none();
        out.bytes = bytes;
        out
    }

    /// The bytes that it is.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        self.bytes
            .as_deref()
            .or_else(|| self.text.as_deref().map(str::as_bytes))
    }

    /// One or the other, as far as a shell that runs it cares: both are looked at.
    pub fn or(&mut self, other: &Self) {
        let known = self.text.clone().filter(|_| other.text.is_none());
        let line = |text: &str| !text.is_empty() && !text.ends_with('\n');
        if self.text.as_deref().is_some_and(line) && other.text.is_some() {
            self.text.as_mut().into_iter().for_each(|text| text.push('\n'));
        }
        if self.text != other.text || self.text.is_none() {
            self.append(other.clone());
        }
        if known.is_some() {
            self.text = known;
        }
    }

    /// What two outputs are, one after the other.
    pub fn append(&mut self, other: Self) {
        let first = self.text.as_deref() == Some("");
        let last = other.text.as_deref() == Some("");
        self.text = match (self.text.take(), other.text) {
            (Some(mut a), Some(b)) => {
                a.push_str(&b);
                Some(super::super::words::text::bounded(a))
            }
            _ => None,
        };
        self.meant = (first || self.meant) && (last || other.meant);
        if first {
            self.bytes = other.bytes;
        } else if !last {
            self.bytes = None;
        }
        self.remote = self.remote.max(other.remote);
        self.secret |= other.secret;
        self.private |= other.private;
        self.settings |= other.settings;
        self.endless |= other.endless;
        self.many |= other.many;
        self.decoded |= other.decoded;
        self.file |= other.file;
        self.unread = self.unread.max(other.unread);
        self.noise |= other.noise;
        for step in other.steps {
            if self.steps.len() < 12 && !self.steps.contains(&step) {
                self.steps.push(step);
            }
        }
    }
}
