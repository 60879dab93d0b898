//! Lines out of a stream of bytes, each with the place where it ends.

use crate::app::ports::OutputLine;
use crate::domain::log_entry::LogStream;

/// A line longer than this is cut, so that a stream without line ends costs no more memory than others.
const LONGEST: usize = 64 * 1024;

/// Splits one stream.
#[derive(Debug)]
pub(super) struct Lines {
    stream: LogStream,
    /// The byte after the last line that was given out.
    offset: u64,
    /// What came after it.
    held: Vec<u8>,
}

impl Lines {
    /// A stream that is read from `offset` on.
    pub(super) fn new(stream: LogStream, offset: u64) -> Self {
        Self {
            stream,
            offset,
            held: Vec::new(),
        }
    }

    /// The byte after the last line that was given out: where reading goes on after a break.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How much was read.
    pub(super) fn read(&self) -> u64 {
        self.offset + self.held.len() as u64
    }

    /// Forgets what is no whole line yet; it will be read again.
    pub(super) fn rewind(&mut self) {
        self.held.clear();
    }

    /// Takes bytes and gives the lines that they complete.
    pub(super) fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(OutputLine)) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            if self.held.is_empty() {
                self.give(&rest[..end], 1, &mut line);
            } else {
                self.held.extend_from_slice(&rest[..end]);
                let held = std::mem::take(&mut self.held);
                self.give(&held, 1, &mut line);
            }
            rest = &rest[end + 1..];
        }
        self.held.extend_from_slice(rest);
        while self.held.len() > LONGEST {
            let tail = self.held.split_off(LONGEST);
            let held = std::mem::replace(&mut self.held, tail);
            self.give(&held, 0, &mut line);
        }
    }

    /// Gives the last line where it has no end.
    pub(super) fn finish(&mut self, mut line: impl FnMut(OutputLine)) {
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.give(&held, 0, &mut line);
        }
    }

    fn give(&mut self, text: &[u8], end: u64, line: &mut impl FnMut(OutputLine)) {
        self.offset += text.len() as u64 + end;
        let text = text.strip_suffix(b"\r").filter(|_| end == 1).unwrap_or(text);
        let (text, bytes) = match std::str::from_utf8(text) {
            Ok(text) => (text.to_owned(), None),
            Err(_) => (String::from_utf8_lossy(text).into_owned(), Some(text.into())),
        };
        line(OutputLine {
            stream: self.stream,
            text,
            bytes,
            offset: self.offset,
            is_cut: end == 0,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Lines};
    use crate::domain::log_entry::LogStream;

    fn lines(chunks: &[&[u8]]) -> Vec<(String, u64)> {
        let mut lines = Lines::new(LogStream::Stdout, 0);
        let mut seen = Vec::new();
        for chunk in chunks {
            lines.feed(chunk, |line| seen.push((line.text, line.offset)));
        }
        lines.finish(|line| seen.push((line.text, line.offset)));
        seen
    }

    #[test]
    fn lines_know_where_they_end_however_they_arrive() {
        let want = vec![
            ("a".to_owned(), 2),
            (String::new(), 3),
            ("bc".to_owned(), 7),
            ("d".to_owned(), 8),
        ];
        assert_eq!(lines(&[b"a\n\nbc\r\nd"]), want);
        let bytes = b"a\n\nbc\r\nd";
        for cut in 0..bytes.len() {
            assert_eq!(lines(&[&bytes[..cut], &bytes[cut..]]), want, "cut at {cut}");
        }
    }

    #[test]
    fn an_endless_line_is_cut() {
        let seen = lines(&[&vec![b'x'; LONGEST * 2 + 1]]);
        let ends: Vec<u64> = seen.iter().map(|(_, offset)| *offset).collect();
        assert_eq!(ends, [LONGEST as u64, LONGEST as u64 * 2, LONGEST as u64 * 2 + 1]);
    }
}
