//! Redirections.

use std::cell::OnceCell;
use std::rc::Rc;

use super::ast::{Part, Redirect, RedirectOp};
use super::cursor::{MaybeRedirect, ParseError, Parser};

const OPERATORS: &[(&str, RedirectOp)] = &[
    ("&>>", RedirectOp::AppendBoth),
    ("&>", RedirectOp::WriteBoth),
    ("<<<", RedirectOp::HereString),
    ("<<-", RedirectOp::HereDocument),
    ("<<", RedirectOp::HereDocument),
    ("<>", RedirectOp::ReadWrite),
    ("<&", RedirectOp::DuplicateInput),
    (">>", RedirectOp::Append),
    (">|", RedirectOp::Write),
    (">&", RedirectOp::Duplicate),
    ("<", RedirectOp::Read),
    (">", RedirectOp::Write),
];

impl Parser<'_> {
    /// A redirection, if one stands here.
    pub(super) fn redirect(&mut self) -> Result<MaybeRedirect, ParseError> {
        let start = self.pos;
        let bytes = self.text.as_bytes();
        let mut at = self.pos;
        while bytes.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        if at == start && bytes.get(at) == Some(&b'{') {
            let mut name = at + 1;
            while bytes
                .get(name)
                .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
            {
                name += 1;
            }
            if name > at + 1
                && bytes.get(name) == Some(&b'}')
                && matches!(bytes.get(name + 1), Some(b'<' | b'>'))
            {
                at = name + 1;
            }
        }
        let fd = (at > start).then(|| self.text[start..at].to_owned());
        let rest = &self.text[at..];
        let process = rest.starts_with("<(") || rest.starts_with(">(");
        let Some((token, op)) = OPERATORS.iter().find(|(token, _)| rest.starts_with(token)) else {
            return Ok(None);
        };
        if process || (fd.is_some() && token.starts_with('&')) {
            return Ok(None);
        }
        self.pos = at + token.len();
        self.skip_blank();
        let target = self
            .word()?
            .ok_or_else(|| self.error("a redirection without a target"))?;
        let mut op = *op;
        if op == RedirectOp::Duplicate && *token == ">&" {
            let descriptor = target
                .literal()
                .is_some_and(|t| t == "-" || t.trim_end_matches('-').bytes().all(|b| b.is_ascii_digit()));
            if !descriptor && !matches!(target.parts.as_slice(), [Part::Parameter(_)]) {
                op = RedirectOp::WriteBoth;
            }
        }
        let body = Rc::new(OnceCell::new());
        if op == RedirectOp::HereDocument {
            let quoted = !target.parts.iter().all(|part| matches!(part, Part::Plain(_)));
            let delimiter = target
                .literal()
                .unwrap_or_else(|| self.text[at + token.len()..self.pos].trim().to_owned());
            self.pending
                .push((Rc::clone(&body), delimiter, *token == "<<-", quoted));
        }
        Ok(Some(Redirect {
            fd,
            op,
            target,
            body,
            span: self.span(start, self.pos),
        }))
    }
}
