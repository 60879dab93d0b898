//! Words: quotes, escapes, and what expands in them.

use std::rc::Rc;

use super::super::words::text;
use super::ast::{Part, Span, Word};
use super::cursor::{Base, ParseError, Parser, ends_word};

/// What ends the parts that are being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Until {
    /// An unquoted metacharacter.
    Word,
    /// `"`
    Quote,
    /// `}`, and what is between may hold blanks; the flag: inside double quotes.
    Brace(bool),
    /// `}` or `/`
    Slash(bool),
    /// `}` or `:`
    Colon(bool),
    /// `]`
    Index,
    /// `))`
    Arithmetic,
    /// The text's end.
    End,
}

impl Parser<'_> {
    /// An unquoted word, if one stands here.
    pub(super) fn word(&mut self) -> Result<Option<Word>, ParseError> {
        let start = self.pos;
        let process = self.at("<(") || self.at(">(");
        if ends_word(self.peek()) && !process {
            return Ok(None);
        }
        let parts = self.parts(Until::Word)?;
        Ok(Some(Word {
            parts,
            span: self.span(start, self.pos),
        }))
    }

    /// The word of a parameter's operator, up to `}`.
    pub(super) fn operand(&mut self, quoted: bool) -> Result<Word, ParseError> {
        self.spanned(Until::Brace(quoted))
    }

    /// The same, up to `/` too.
    pub(super) fn pattern(&mut self, quoted: bool) -> Result<Word, ParseError> {
        self.spanned(Until::Slash(quoted))
    }

    /// The same, up to `:` too.
    pub(super) fn offset(&mut self, quoted: bool) -> Result<Word, ParseError> {
        self.spanned(Until::Colon(quoted))
    }

    pub(super) fn index_word(&mut self) -> Result<Word, ParseError> {
        self.spanned(Until::Index)
    }

    /// The body of an arithmetic expression, its `))` taken.
    pub(super) fn arithmetic(&mut self) -> Result<Vec<Part>, ParseError> {
        let parts = self.parts(Until::Arithmetic)?;
        if self.eat("))") {
            Ok(parts)
        } else {
            Err(self.error("an arithmetic expression without its end"))
        }
    }

    /// A here-document's body: all of the text.
    pub(super) fn document(&mut self) -> Result<Vec<Part>, ParseError> {
        self.parts(Until::End)
    }

    fn spanned(&mut self, until: Until) -> Result<Word, ParseError> {
        let start = self.pos;
        let parts = self.parts(until)?;
        Ok(Word {
            parts,
            span: self.span(start, self.pos),
        })
    }

    fn done(&self, until: Until, parens: usize) -> bool {
        let Some(byte) = self.peek() else { return true };
        match until {
            Until::Word => {
                ends_word(Some(byte)) && !(matches!(byte, b'<' | b'>') && self.peek_at(1) == Some(b'('))
            }
            Until::Quote => byte == b'"',
            Until::Brace(_) => byte == b'}',
            Until::Slash(_) => byte == b'}' || byte == b'/',
            Until::Colon(_) => byte == b'}' || (byte == b':' && parens == 0),
            Until::Index => byte == b']',
            Until::Arithmetic => parens == 0 && self.at("))"),
            Until::End => false,
        }
    }

    fn parts(&mut self, until: Until) -> Result<Vec<Part>, ParseError> {
        let mut parts: Vec<Part> = Vec::new();
        let mut plain = String::new();
        let mut parens = 0;
        // Inside double quotes and here-documents only `$`, backquote and some escapes mean something.
        let soft = matches!(until, Until::Quote | Until::End);
        while !self.done(until, parens) {
            let byte = self.peek().unwrap_or_default();
            match byte {
                b'\\' => {
                    self.pos += 1;
                    match self.peek() {
                        Some(b'\n') => self.pos += 1,
                        None => plain.push('\\'),
                        Some(next) => {
                            let special = b"$`\\\"".contains(&next) && !(until == Until::End && next == b'"');
                            let quoted = matches!(
                                until,
                                Until::Brace(true) | Until::Slash(true) | Until::Colon(true)
                            );
                            if (soft || (quoted && next != b'}' && next != b'/')) && !special {
                                plain.push('\\');
                                continue;
                            }
                            flush(&mut plain, &mut parts, soft);
                            let c = self.take().unwrap_or_default();
                            parts.push(Part::Quoted(c.to_string()));
                        }
                    }
                }
                b'\'' if !soft && !matches!(until, Until::Brace(true) | Until::Colon(true)) => {
                    flush(&mut plain, &mut parts, soft);
                    self.pos += 1;
                    let Some(length) = self.rest().find('\'') else {
                        return Err(self.error("a quote that is not closed"));
                    };
                    parts.push(Part::Quoted(self.rest()[..length].to_owned()));
                    self.pos += length + 1;
                }
                b'"' if until != Until::End => {
                    flush(&mut plain, &mut parts, soft);
                    self.pos += 1;
                    let inner = self.deeper(|parser| parser.parts(Until::Quote))?;
                    if !self.eat("\"") {
                        return Err(self.error("a double quote that is not closed"));
                    }
                    parts.push(Part::Double(inner));
                }
                b'$' => {
                    let start = self.pos;
                    if let Some(part) = self.deeper(|parser| parser.dollar(soft))? {
                        flush(&mut plain, &mut parts, soft);
                        parts.push(part);
                    } else {
                        self.pos = start + 1;
                        plain.push('$');
                    }
                }
                b'`' => {
                    flush(&mut plain, &mut parts, soft);
                    let part = self.deeper(|parser| parser.backquoted(soft))?;
                    parts.push(part);
                }
                b'<' | b'>' if until == Until::Word && self.peek_at(1) == Some(b'(') => {
                    flush(&mut plain, &mut parts, soft);
                    self.pos += 2;
                    let script = self.deeper(Self::enclosed)?;
                    parts.push(Part::Process(byte == b'<', Rc::new(script)));
                }
                b'@' | b'!' | b'+' | b'?' | b'*'
                    if matches!(until, Until::Word | Until::Slash(_)) && self.peek_at(1) == Some(b'(') =>
                {
                    self.pos += 2;
                    self.deeper(Self::skip_pattern_list)?;
                    plain.push(text::STAR);
                }
                _ => {
                    if byte == b'(' {
                        parens += 1;
                    } else if byte == b')' && parens > 0 {
                        parens -= 1;
                    }
                    let c = self.take().unwrap_or_default();
                    plain.push(c);
                }
            }
        }
        flush(&mut plain, &mut parts, soft);
        Ok(parts)
    }

    /// A script up to `)`, which is taken.
    pub(super) fn enclosed(&mut self) -> Result<super::Script, ParseError> {
        let script = self.list()?;
        if self.eat(")") {
            Ok(script)
        } else {
            Err(self.error("a substitution that is not closed"))
        }
    }

    /// The rest of an extended pattern: it can stand for anything, so only its end matters.
    fn skip_pattern_list(&mut self) -> Result<(), ParseError> {
        let mut open = 1;
        while open > 0 {
            match self.take() {
                Some('(') => open += 1,
                Some(')') => open -= 1,
                Some('\\') => {
                    let _ = self.take();
                }
                Some(_) => {}
                None => return Err(self.error("a pattern that is not closed")),
            }
        }
        Ok(())
    }

    fn dollar(&mut self, soft: bool) -> Result<Option<Part>, ParseError> {
        self.pos += 1;
        if self.at("((") {
            let start = self.pos;
            self.pos += 2;
            if self.arithmetic_ends() {
                return Ok(Some(Part::Arithmetic(self.arithmetic()?)));
            }
            self.pos = start;
        }
        if self.eat("(") {
            return Ok(Some(Part::Command(Rc::new(self.enclosed()?))));
        }
        if self.eat("[") {
            let parts = self.parts(Until::Index)?;
            return if self.eat("]") {
                Ok(Some(Part::Arithmetic(parts)))
            } else {
                Err(self.error("an arithmetic expression without its end"))
            };
        }
        if self.peek() == Some(b'{') {
            return self.braced(soft).map(Some);
        }
        if !soft && self.eat("'") {
            return self.ansi_quoted().map(Some);
        }
        if !soft && self.at("\"") {
            return Ok(Some(Part::Quoted(String::new())));
        }
        Ok(self.named_parameter())
    }

    /// `$'..'`, after the quote.
    fn ansi_quoted(&mut self) -> Result<Part, ParseError> {
        let start = self.pos;
        loop {
            match self.take() {
                Some('\\') => {
                    let _ = self.take();
                }
                Some('\'') => {
                    let raw = &self.text[start..self.pos - 1];
                    return Ok(Part::Quoted(text::unescape(raw, true)));
                }
                Some(_) => {}
                None => return Err(self.error("a quote that is not closed")),
            }
        }
    }

    fn backquoted(&mut self, soft: bool) -> Result<Part, ParseError> {
        self.pos += 1;
        let start = self.pos;
        let mut inner = String::new();
        let mut escaped = false;
        loop {
            match self.take() {
                Some('`') => break,
                Some('\\') => match self.peek() {
                    Some(next) if b"$`\\".contains(&next) || (soft && next == b'"') => {
                        escaped = true;
                        inner.extend(self.take());
                    }
                    _ => inner.push('\\'),
                },
                Some(c) => inner.push(c),
                None => return Err(self.error("a backquote that is not closed")),
            }
        }
        let span = self.span(start, self.pos - 1);
        let base = match self.base {
            Base::Offset(offset) if !escaped => Base::Offset(offset + start),
            _ => Base::Fixed(Span {
                start: span.start,
                end: span.end,
            }),
        };
        let mut parser = Parser::new(&inner, base, self.depth + 1);
        let script = parser.script()?;
        if parser.pos < inner.len() {
            return Err(parser.error("a word that closes nothing"));
        }
        Ok(Part::Command(Rc::new(script)))
    }

    /// Whether the text from here holds the `))` of an arithmetic expression rather than of nested subshells.
    pub(super) fn arithmetic_ends(&self) -> bool {
        // A bound on the look-ahead keeps the whole parse linear.
        let bytes = self.text.as_bytes();
        let bytes = &bytes[..bytes.len().min(self.pos + 4096)];
        let mut at = self.pos;
        let mut open = 0_usize;
        let mut quote = None;
        while let Some(&byte) = bytes.get(at) {
            match (quote, byte) {
                (_, b'\\') => at += 1,
                (Some(q), b) if q == b => quote = None,
                (None, b'\'' | b'"') => quote = Some(byte),
                (None, b'(') => open += 1,
                (None, b')') if open > 0 => open -= 1,
                (None, b')') => return bytes.get(at + 1) == Some(&b')'),
                _ => {}
            }
            at += 1;
        }
        false
    }
}

/// Closes the run of plain characters.
fn flush(plain: &mut String, parts: &mut Vec<Part>, soft: bool) {
    if !plain.is_empty() {
        let text = std::mem::take(plain);
        parts.push(if soft {
            Part::Quoted(text)
        } else {
            Part::Plain(text)
        });
    }
}
