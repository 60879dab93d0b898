//! Masking of a stream that comes in pieces: a secret may begin in one and end in another.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use super::{Masked, Masker, rendered};

/// The masker of one stream. What may be the beginning of a secret is held back until it is known: whole pieces, and no more
/// than the longest secret could take up in its longest encoding.
///
/// A piece ends with a line end where its line does, which is not given out. Each comes out under the tag it came in with.
pub struct StreamMasker<T> {
    masker: Arc<Masker>,
    /// The pieces that are held back, one after another.
    text: String,
    /// Where each ends in `text`.
    pieces: VecDeque<(T, usize)>,
    /// So many bytes at the beginning of `text` are the rest of a secret whose beginning was given out, hidden.
    hidden: usize,
}

impl<T> StreamMasker<T> {
    /// The masker of a new stream.
    #[must_use]
    pub fn new(masker: Arc<Masker>) -> Self {
        Self {
            masker,
            text: String::new(),
            pieces: VecDeque::new(),
            hidden: 0,
        }
    }

    /// Takes a piece, and gives out what is known to hold no secret that is still to be hidden.
    pub fn push(&mut self, tag: T, piece: &str) -> Vec<(T, Masked)> {
        self.text.push_str(piece);
        self.pieces.push_back((tag, self.text.len()));
        let safe = self.masker.pending(&self.text);
        self.give(safe)
    }

    /// Gives out the rest at the end of the stream.
    pub fn finish(&mut self) -> Vec<(T, Masked)> {
        self.give(self.text.len())
    }

    /// Gives out the pieces that end at `safe` or before.
    fn give(&mut self, safe: usize) -> Vec<(T, Masked)> {
        if self.pieces.front().is_none_or(|(_, end)| *end > safe) {
            return Vec::new();
        }
        let mut found = self.masker.find(&self.text);
        if self.hidden > 0 {
            found.insert(0, 0..self.hidden);
            found = super::merged(found);
        }
        let mut given = Vec::new();
        let mut start = 0;
        while let Some((_, end)) = self.pieces.front()
            && *end <= safe
        {
            let end = *end;
            if let Some((tag, _)) = self.pieces.pop_front() {
                given.push((tag, Masked(line(&self.text, start..end, &found))));
            }
            start = end;
        }
        let reaches = found
            .iter()
            .find(|range| range.start < start && range.end > start);
        self.hidden = reaches.map_or(0, |range| range.end - start);
        self.text.drain(..start);
        for (_, end) in &mut self.pieces {
            *end -= start;
        }
        given
    }
}

/// A piece without its line end.
fn line(text: &str, piece: Range<usize>, hidden: &[Range<usize>]) -> String {
    let end = piece.end - usize::from(text[piece.clone()].ends_with('\n'));
    rendered(text, piece.start..end, hidden)
}
