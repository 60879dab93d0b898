//! The output of one stream of one host, kept up to a limit: beyond it the beginning and the end.

use std::collections::VecDeque;

use data_encoding::BASE64;

/// What was kept of a stream.
#[derive(Debug)]
pub(super) struct Capture {
    half: usize,
    head: Vec<u8>,
    tail: VecDeque<u8>,
    left_out: u64,
}

/// A stream as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The text; bytes that are not UTF-8 are replaced.
    pub text: String,
    /// All that was kept, where that is not UTF-8.
    pub base64: Option<String>,
    /// Something is missing in the middle.
    pub truncated: bool,
}

impl Capture {
    /// Keeps at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self {
            half: limit / 2,
            head: Vec::new(),
            tail: VecDeque::new(),
            left_out: 0,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = self.half - self.head.len();
        let (first, rest) = bytes.split_at(room.min(bytes.len()));
        self.head.extend_from_slice(first);
        // Of a piece longer than the tail only its end can stay.
        let skipped = rest.len().saturating_sub(self.half);
        let over = (self.tail.len() + rest.len() - skipped).saturating_sub(self.half);
        self.tail.drain(..over);
        self.tail.extend(&rest[skipped..]);
        self.left_out += (skipped + over) as u64;
    }

    pub(super) fn show(self) -> Shown {
        let truncated = self.left_out > 0;
        let mut bytes = self.head;
        if truncated {
            bytes.extend_from_slice(format!("\n[{} bytes are left out here]\n", self.left_out).as_bytes());
        }
        bytes.extend(self.tail);
        match String::from_utf8(bytes) {
            Ok(text) => Shown {
                text,
                base64: None,
                truncated,
            },
            Err(error) => Shown {
                text: String::from_utf8_lossy(error.as_bytes()).into_owned(),
                base64: Some(BASE64.encode(error.as_bytes())),
                truncated,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Capture, Shown};

    fn shown(limit: usize, pieces: &[&[u8]]) -> Shown {
        let mut capture = Capture::new(limit);
        for piece in pieces {
            capture.push(piece);
        }
        capture.show()
    }

    #[test]
    fn what_fits_is_whole() {
        let whole = Shown {
            text: "abcdef".into(),
            base64: None,
            truncated: false,
        };
        assert_eq!(shown(6, &[b"ab", b"cdef"]), whole);
        assert_eq!(shown(1 << 20, &[b"abcdef"]), whole);
    }

    #[test]
    fn of_what_does_not_fit_beginning_and_end_stay() {
        let shown = shown(4, &[b"abc", b"defg", b"h"]);
        assert_eq!(shown.text, "ab\n[4 bytes are left out here]\ngh");
        assert!(shown.truncated);
    }

    #[test]
    fn bytes_that_are_no_text_are_whole_in_base64() {
        let shown = shown(100, &[b"a\xff", b"b"]);
        assert_eq!(shown.text, "a\u{fffd}b");
        assert_eq!(shown.base64.as_deref(), Some("Yf9i"));
    }

    proptest! {
        #[test]
        fn no_more_is_kept_than_allowed_however_it_comes(
            pieces in prop::collection::vec(prop::collection::vec(b'a'..=b'z', 0..20), 0..20),
            limit in 2usize..40,
        ) {
            let whole: Vec<u8> = pieces.concat();
            let mut capture = Capture::new(limit);
            for piece in &pieces {
                capture.push(piece);
            }
            let half = limit / 2;
            prop_assert!(capture.head.len() <= half && capture.tail.len() <= half);
            prop_assert!(whole.starts_with(&capture.head));
            let tail: Vec<u8> = capture.tail.iter().copied().collect();
            prop_assert!(whole.ends_with(&tail));
            let left_out = usize::try_from(capture.left_out).unwrap();
            prop_assert_eq!(capture.head.len() + tail.len() + left_out, whole.len());
        }
    }
}
