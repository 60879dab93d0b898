//! Parameter expansions: `$x`, `${x}` and its operators.

use super::ast::{Parameter, ParameterOp, Part};
use super::cursor::{ParseError, Parser};

const SPECIAL: &[u8] = b"@*#?-$!_0123456789";

impl Parser<'_> {
    /// `$name`, after the dollar.
    pub(super) fn named_parameter(&mut self) -> Option<Part> {
        let first = self.peek()?;
        let length = if first.is_ascii_alphabetic() || first == b'_' {
            self.rest()
                .bytes()
                .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                .count()
        } else if SPECIAL.contains(&first) {
            1
        } else {
            return None;
        };
        let name = self.rest()[..length].to_owned();
        self.pos += length;
        Some(Part::Parameter(Box::new(Parameter {
            name,
            index: None,
            indirect: false,
            length: false,
            op: None,
        })))
    }

    /// `${...}`, at the brace; `quoted`: inside double quotes.
    pub(super) fn braced(&mut self, quoted: bool) -> Result<Part, ParseError> {
        self.pos += 1;
        let length = self.peek() == Some(b'#') && self.peek_at(1).is_some_and(|b| b != b'}');
        if length {
            self.pos += 1;
        }
        let indirect = self.peek() == Some(b'!') && self.peek_at(1).is_some_and(|b| b != b'}');
        if indirect {
            self.pos += 1;
        }
        let first = self.peek().unwrap_or_default();
        let size = if SPECIAL.contains(&first) && first != b'_' {
            if first.is_ascii_digit() {
                self.rest().bytes().take_while(u8::is_ascii_digit).count()
            } else {
                1
            }
        } else {
            self.rest()
                .bytes()
                .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
                .count()
        };
        if size == 0 {
            return Err(self.error("a parameter without a name"));
        }
        let name = self.rest()[..size].to_owned();
        self.pos += size;
        // `${!prefix@}`: the names that begin so; which there are is not known here.
        if indirect && matches!(self.peek(), Some(b'@' | b'*')) && self.peek_at(1) == Some(b'}') {
            self.pos += 1;
        }
        let index = if self.peek() == Some(b'[') {
            self.index()?
        } else {
            None
        };
        let op = self.operator(quoted)?;
        if !self.eat("}") {
            return Err(self.error("a parameter expansion that is not closed"));
        }
        Ok(Part::Parameter(Box::new(Parameter {
            name,
            index,
            indirect,
            length,
            op,
        })))
    }

    fn operator(&mut self, quoted: bool) -> Result<Option<ParameterOp>, ParseError> {
        let colon = self.at(":-") || self.at(":=") || self.at(":?") || self.at(":+");
        if colon {
            self.pos += 1;
        }
        let Some(sign) = self.peek() else { return Ok(None) };
        if sign == b'}' {
            return Ok(None);
        }
        self.pos += 1;
        Ok(Some(match sign {
            b'-' => ParameterOp::Default(colon, self.operand(quoted)?),
            b'=' => ParameterOp::Assign(colon, self.operand(quoted)?),
            b'?' => ParameterOp::Require(self.operand(quoted)?),
            b'+' => ParameterOp::Alternate(colon, self.operand(quoted)?),
            b'#' => {
                let long = self.eat("#");
                ParameterOp::TrimStart(long, self.operand(false)?)
            }
            b'%' => {
                let long = self.eat("%");
                ParameterOp::TrimEnd(long, self.operand(false)?)
            }
            b'^' => {
                let all = self.eat("^");
                let _ = self.operand(quoted)?;
                ParameterOp::Upper(all)
            }
            b',' => {
                let all = self.eat(",");
                let _ = self.operand(quoted)?;
                ParameterOp::Lower(all)
            }
            b'/' => {
                let all = self.eat("/");
                let anchor = match self.peek() {
                    Some(sign @ (b'#' | b'%')) if !all => {
                        self.pos += 1;
                        Some(char::from(sign))
                    }
                    _ => None,
                };
                let pattern = self.pattern(quoted)?;
                let replacement = if self.eat("/") {
                    self.operand(quoted)?
                } else {
                    super::Word::default()
                };
                ParameterOp::Replace(all, anchor, pattern, replacement)
            }
            b':' => {
                let offset = self.offset(quoted)?;
                let length = if self.eat(":") {
                    Some(self.operand(quoted)?)
                } else {
                    None
                };
                ParameterOp::Slice(offset, length)
            }
            b'@' => ParameterOp::Transform(self.take().unwrap_or('Q')),
            b'*' => return Ok(None),
            _ => return Err(self.error("a parameter expansion that cannot be read")),
        }))
    }
}
