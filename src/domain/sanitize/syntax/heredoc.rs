//! The bodies of here-documents, which begin after the line that names them.

use super::ast::{Part, Word};
use super::cursor::{Base, ParseError, Parser};

impl Parser<'_> {
    /// Reads the bodies that are due; called just after a line's end, and at the text's end.
    pub(super) fn read_bodies(&mut self) -> Result<(), ParseError> {
        for (node, delimiter, strip, quoted) in std::mem::take(&mut self.pending) {
            let start = self.pos;
            let mut body = String::new();
            let mut end = self.pos;
            while self.pos < self.text.len() {
                let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
                self.pos += line.len();
                let bare = line.trim_end_matches(['\n', '\r']);
                let bare = if strip {
                    bare.trim_start_matches('\t')
                } else {
                    bare
                };
                if bare == delimiter {
                    break;
                }
                body.push_str(if strip {
                    line.trim_start_matches('\t')
                } else {
                    line
                });
                end = self.pos;
            }
            let span = self.span(start, end);
            let parts = if quoted {
                vec![Part::Quoted(body)]
            } else {
                let base = match self.base {
                    Base::Offset(offset) if !strip => Base::Offset(offset + start),
                    _ => Base::Fixed(span),
                };
                Parser::new(&body, base, self.depth + 1).document()?
            };
            let _ = node.set(Word { parts, span });
        }
        Ok(())
    }
}
