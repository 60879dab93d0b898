//! The parser's place in the text, and what it may spend.

use super::ast::{Redirect, Script, Span};

/// How deep constructs may nest: enough for any script of a person, little enough for any stack.
const DEPTH: usize = 40;

/// Where the text that is parsed comes from.
#[derive(Debug, Clone, Copy)]
pub enum Base {
    /// A part of the judged text that begins at this byte.
    Offset(usize),
    /// A text that was derived; all of it stands for this range.
    Fixed(Span),
}

/// The text is not shell, or more than is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub struct ParseError {
    /// The byte at which it was noticed.
    pub at: usize,
    /// What is wrong, as a noun.
    pub what: &'static str,
}

/// Reads one text.
pub(super) struct Parser<'t> {
    pub(super) text: &'t str,
    pub(super) pos: usize,
    pub(super) depth: usize,
    pub(super) base: Base,
    /// Here-documents whose bodies begin after the next line's end: the node, strip tabs, quoted.
    pub(super) pending: Vec<(std::rc::Rc<std::cell::OnceCell<super::Word>>, String, bool, bool)>,
}

impl<'t> Parser<'t> {
    pub(super) fn new(text: &'t str, base: Base, depth: usize) -> Self {
        Self {
            text,
            pos: 0,
            depth,
            base,
            pending: Vec::new(),
        }
    }

    pub(super) fn error(&self, what: &'static str) -> ParseError {
        ParseError {
            at: self.span(self.pos, self.pos).start,
            what,
        }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        match self.base {
            Base::Offset(offset) => Span {
                start: offset + start,
                end: offset + end,
            },
            Base::Fixed(span) => span,
        }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.pos).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.pos + ahead).copied()
    }

    pub(super) fn at(&self, token: &str) -> bool {
        self.rest().starts_with(token)
    }

    pub(super) fn eat(&mut self, token: &str) -> bool {
        let there = self.at(token);
        if there {
            self.pos += token.len();
        }
        there
    }

    /// The next character, taken.
    pub(super) fn take(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// Goes one construct deeper.
    pub(super) fn deeper<T>(
        &mut self,
        inside: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(self.error("a construct nested too deep"));
        }
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Blanks, continued lines and, at a word's start, a comment.
    pub(super) fn skip_blank(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\r' | 0x0b | 0x0c) => self.pos += 1,
                Some(b'\\') if self.peek_at(1) == Some(b'\n') => self.pos += 2,
                Some(b'\\') if self.peek_at(1) == Some(b'\r') && self.peek_at(2) == Some(b'\n') => {
                    self.pos += 3;
                }
                Some(b'#') => {
                    while self.peek().is_some_and(|b| b != b'\n') {
                        self.pos += 1;
                    }
                }
                _ => return,
            }
        }
    }

    /// Blanks and line ends; the bodies of here-documents are read at a line's end.
    pub(super) fn skip_lines(&mut self) -> Result<(), ParseError> {
        loop {
            self.skip_blank();
            if self.peek() != Some(b'\n') {
                return Ok(());
            }
            self.pos += 1;
            self.read_bodies()?;
        }
    }

    /// Whether the next word is this reserved word.
    pub(super) fn at_keyword(&self, keyword: &str) -> bool {
        self.at(keyword) && ends_word(self.text.as_bytes().get(self.pos + keyword.len()).copied())
    }

    pub(super) fn eat_keyword(&mut self, keyword: &str) -> bool {
        let there = self.at_keyword(keyword);
        if there {
            self.pos += keyword.len();
        }
        there
    }

    /// A whole text: a script up to its end.
    pub(super) fn script(&mut self) -> Result<Script, ParseError> {
        let script = self.list()?;
        self.read_bodies()?;
        Ok(script)
    }
}

/// Whether a byte (or the text's end) ends an unquoted word.
pub(super) fn ends_word(byte: Option<u8>) -> bool {
    byte.is_none_or(|b| b" \t\r\n;&|<>()".contains(&b))
}

/// A redirection or nothing.
pub(super) type MaybeRedirect = Option<Redirect>;
