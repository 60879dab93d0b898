//! Lists, pipelines, compound commands, functions, simple commands.

use std::rc::Rc;

use super::ast::{Assign, Assigned, Command, Compound, Item, Join, Pipeline, Script, Simple, Word};
use super::cursor::{ParseError, Parser, ends_word};

const CLOSERS: &[&str] = &["then", "elif", "else", "fi", "do", "done", "esac", "}"];
const DECLARERS: &[&str] = &["export", "declare", "typeset", "local", "readonly"];

impl Parser<'_> {
    /// Commands up to the text's end or to what closes a construct.
    pub(super) fn list(&mut self) -> Result<Script, ParseError> {
        let mut items = Vec::new();
        loop {
            self.skip_lines()?;
            if self.closed() {
                return Ok(Script { items });
            }
            let mut item = self.item()?;
            self.skip_blank();
            if self.at(";;") || self.at(";&") {
                items.push(item);
                return Ok(Script { items });
            }
            item.background = self.at("&");
            let more = self.eat(";") || self.eat("&");
            items.push(item);
            if !more && !matches!(self.peek(), None | Some(b'\n' | b')')) && !self.closed() {
                return Err(self.error("a word that does not belong here"));
            }
        }
    }

    fn closed(&self) -> bool {
        matches!(self.peek(), None | Some(b')'))
            || self.at(";;")
            || self.at(";&")
            || CLOSERS.iter().any(|word| self.at_keyword(word))
    }

    fn item(&mut self) -> Result<Item, ParseError> {
        let mut pipelines = vec![(Join::First, self.pipeline()?)];
        loop {
            self.skip_blank();
            let join = if self.eat("&&") {
                Join::And
            } else if self.eat("||") {
                Join::Or
            } else {
                return Ok(Item {
                    pipelines,
                    background: false,
                });
            };
            self.skip_lines()?;
            pipelines.push((join, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Result<Pipeline, ParseError> {
        let mut coprocess = None;
        let mut negated = false;
        loop {
            self.skip_blank();
            if self.eat_keyword("!") || (self.at("!(") && self.eat("!")) {
                negated = true;
                continue;
            }
            if self.eat_keyword("time") {
                self.skip_blank();
                let _ = self.eat_keyword("-p");
                self.skip_blank();
                let _ = self.eat_keyword("--");
                continue;
            }
            if self.at_keyword("coproc") {
                coprocess = Some(self.coprocess());
                continue;
            }
            break;
        }
        let first = self.deeper(Self::command)?;
        let mut commands = vec![match coprocess {
            Some(name) => Command::Compound(Compound::Coprocess(name, Rc::new(alone(first))), Vec::new()),
            None => first,
        }];
        loop {
            self.skip_blank();
            if self.at("||") || !(self.eat("|&") || self.eat("|")) {
                return Ok(Pipeline { commands, negated });
            }
            self.skip_lines()?;
            commands.push(self.deeper(Self::command)?);
        }
    }

    /// `coproc [NAME]`, where a name only stands before a compound command; gives the name it has then.
    fn coprocess(&mut self) -> String {
        self.pos += "coproc".len();
        self.skip_blank();
        let name = self
            .rest()
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let after = self.rest()[name..].trim_start();
        if name > 0 && (after.starts_with("{ ") || after.starts_with('(')) {
            let given = self.rest()[..name].to_owned();
            self.pos += name;
            return given;
        }
        "COPROC".to_owned()
    }

    fn command(&mut self) -> Result<Command, ParseError> {
        self.skip_blank();
        if let Some(compound) = self.compound()? {
            let mut redirects = Vec::new();
            loop {
                self.skip_blank();
                let Some(redirect) = self.redirect()? else { break };
                redirects.push(redirect);
            }
            return Ok(Command::Compound(compound, redirects));
        }
        if let Some((name, after)) = self.function_head() {
            self.pos = after;
            self.skip_lines()?;
            let body = self.deeper(Self::command)?;
            return Ok(Command::Function(name, Rc::new(body)));
        }
        self.simple().map(Command::Simple)
    }

    /// The name of a function and the byte after its head, if a definition begins here.
    fn function_head(&self) -> Option<(String, usize)> {
        let keyword = self.at_keyword("function");
        let mut at = self.pos + if keyword { "function".len() } else { 0 };
        let bytes = self.text.as_bytes();
        let blank = |mut at: usize| {
            while matches!(bytes.get(at), Some(b' ' | b'\t')) {
                at += 1;
            }
            at
        };
        at = blank(at);
        let start = at;
        while bytes
            .get(at)
            .is_some_and(|b| !ends_word(Some(*b)) && !b"$'\"`\\={}".contains(b))
        {
            at += 1;
        }
        if at == start {
            return None;
        }
        let name = self.text[start..at].to_owned();
        let open = blank(at);
        if bytes.get(open) == Some(&b'(') {
            let close = blank(open + 1);
            return (bytes.get(close) == Some(&b')')).then_some((name, close + 1));
        }
        keyword.then_some((name, at))
    }

    fn expect(&mut self, keyword: &'static str) -> Result<(), ParseError> {
        self.skip_lines()?;
        if self.eat_keyword(keyword) {
            return Ok(());
        }
        Err(self.error(match keyword {
            "then" => "an if without its then",
            "fi" => "an if without its fi",
            "do" => "a loop without its do",
            "done" => "a loop without its done",
            "esac" => "a case without its esac",
            _ => "a group without its end",
        }))
    }

    fn compound(&mut self) -> Result<Option<Compound>, ParseError> {
        if self.at("((") {
            let start = self.pos;
            self.pos += 2;
            if self.arithmetic_ends() {
                let parts = self.deeper(Self::arithmetic)?;
                let source = self
                    .text
                    .get(start + 2..self.pos - 2)
                    .unwrap_or_default()
                    .to_owned();
                return Ok(Some(Compound::Arithmetic(
                    parts,
                    source,
                    self.span(start, self.pos),
                )));
            }
            self.pos = start;
        }
        if self.eat("(") {
            let inner = self.deeper(Self::list)?;
            if !self.eat(")") {
                return Err(self.error("a parenthesis that is not closed"));
            }
            return Ok(Some(Compound::Subshell(inner)));
        }
        if self.eat_keyword("{") {
            let inner = self.deeper(Self::list)?;
            self.expect("}")?;
            return Ok(Some(Compound::Group(inner)));
        }
        if self.eat_keyword("if") {
            return self.deeper(Self::conditional).map(Some);
        }
        if self.at_keyword("while") || self.at_keyword("until") {
            let until = self.at("until");
            self.pos += 5;
            let condition = self.deeper(Self::list)?;
            let body = self.body()?;
            return Ok(Some(Compound::Loop(until, condition, body)));
        }
        if self.eat_keyword("for") || self.eat_keyword("select") {
            return self.deeper(Self::iteration).map(Some);
        }
        if self.eat_keyword("case") {
            return self.deeper(Self::choice).map(Some);
        }
        if self.eat_keyword("[[") {
            return self.deeper(Self::test).map(Some);
        }
        Ok(None)
    }

    fn conditional(&mut self) -> Result<Compound, ParseError> {
        let mut arms = Vec::new();
        loop {
            let condition = self.list()?;
            self.expect("then")?;
            arms.push((condition, self.list()?));
            self.skip_lines()?;
            if self.eat_keyword("elif") {
                continue;
            }
            let otherwise = if self.eat_keyword("else") {
                Some(self.list()?)
            } else {
                None
            };
            self.expect("fi")?;
            return Ok(Compound::If(arms, otherwise));
        }
    }

    fn body(&mut self) -> Result<Script, ParseError> {
        self.skip_lines()?;
        let _ = self.eat(";");
        self.skip_lines()?;
        if self.eat_keyword("{") {
            let body = self.deeper(Self::list)?;
            self.expect("}")?;
            return Ok(body);
        }
        self.expect("do")?;
        let body = self.deeper(Self::list)?;
        self.expect("done")?;
        Ok(body)
    }

    fn iteration(&mut self) -> Result<Compound, ParseError> {
        self.skip_blank();
        if self.eat("((") {
            let parts = self.arithmetic()?;
            return Ok(Compound::Counted(parts, self.body()?));
        }
        let name = self
            .word()?
            .and_then(|word| word.literal())
            .ok_or_else(|| self.error("a loop without a name"))?;
        self.skip_lines()?;
        let mut words = None;
        if self.eat_keyword("in") {
            let mut list = Vec::new();
            loop {
                self.skip_blank();
                match self.word()? {
                    Some(word) => list.push(word),
                    None => break,
                }
            }
            words = Some(list);
        }
        Ok(Compound::For(name, words, self.body()?))
    }

    fn choice(&mut self) -> Result<Compound, ParseError> {
        self.skip_blank();
        let subject = self.word()?.ok_or_else(|| self.error("a case without a word"))?;
        self.expect_in()?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines()?;
            if self.eat_keyword("esac") {
                return Ok(Compound::Case(subject, arms));
            }
            let _ = self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blank();
                patterns.push(
                    self.word()?
                        .ok_or_else(|| self.error("a case without a pattern"))?,
                );
                self.skip_blank();
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                return Err(self.error("a case whose pattern is not closed"));
            }
            let body = self.list()?;
            arms.push((patterns, body));
            self.skip_lines()?;
            if !(self.eat(";;&") || self.eat(";;") || self.eat(";&") || self.at_keyword("esac")) {
                return Err(self.error("a case whose arm does not end"));
            }
        }
    }

    fn expect_in(&mut self) -> Result<(), ParseError> {
        self.skip_lines()?;
        if self.eat_keyword("in") {
            Ok(())
        } else {
            Err(self.error("a case without its in"))
        }
    }

    fn test(&mut self) -> Result<Compound, ParseError> {
        let mut words = Vec::new();
        loop {
            self.skip_lines()?;
            if self.eat_keyword("]]") {
                return Ok(Compound::Test(words));
            }
            match self.peek() {
                None => return Err(self.error("a test without its end")),
                Some(b'(' | b')' | b'|' | b'&' | b';') => self.pos += 1,
                Some(b'<' | b'>') if self.peek_at(1) != Some(b'(') => self.pos += 1,
                _ => match self.word()? {
                    Some(word) => words.push(word),
                    None => return Err(self.error("a test that cannot be read")),
                },
            }
        }
    }

    fn simple(&mut self) -> Result<Simple, ParseError> {
        let mut simple = Simple::default();
        let start = self.pos;
        let mut end = self.pos;
        let mut declares = false;
        loop {
            self.skip_blank();
            if let Some(redirect) = self.redirect()? {
                simple.redirects.push(redirect);
            } else if simple.words.is_empty() || declares {
                if let Some(assign) = self.assign()? {
                    if declares {
                        simple.declared.push(assign);
                    } else {
                        simple.assigns.push(assign);
                    }
                } else if let Some(word) = self.word()? {
                    declares |=
                        simple.words.is_empty() && word.plain().is_some_and(|w| DECLARERS.contains(&w));
                    simple.words.push(word);
                } else {
                    break;
                }
            } else if let Some(word) = self.word()? {
                simple.words.push(word);
            } else {
                break;
            }
            end = self.pos;
        }
        if end == start {
            return Err(self.error("a command that is missing"));
        }
        simple.span = self.span(start, end);
        Ok(simple)
    }

    /// An assignment, if one stands here.
    fn assign(&mut self) -> Result<Option<Assign>, ParseError> {
        let start = self.pos;
        let bytes = self.text.as_bytes();
        let name = self
            .rest()
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        if name == 0 || bytes[start].is_ascii_digit() {
            return Ok(None);
        }
        self.pos += name;
        let index = if self.peek() == Some(b'[') {
            self.index()?
        } else {
            None
        };
        let append = self.eat("+");
        if !self.eat("=") {
            self.pos = start;
            return Ok(None);
        }
        let name = self.text[start..start + name].to_owned();
        let value = if self.peek() == Some(b'(') {
            self.pos += 1;
            Assigned::Array(self.deeper(Self::elements)?)
        } else {
            Assigned::Word(self.word()?.unwrap_or_default())
        };
        Ok(Some(Assign {
            name,
            index,
            append,
            value,
            span: self.span(start, self.pos),
        }))
    }

    /// `[word]`; where no `]` follows, nothing is taken.
    pub(super) fn index(&mut self) -> Result<Option<Word>, ParseError> {
        let start = self.pos;
        // An index is short; the bound keeps a text of brackets from costing its square.
        if !self.rest().bytes().take(512).any(|b| b == b']') {
            return Ok(None);
        }
        self.pos += 1;
        let inner = self.deeper(Self::index_word)?;
        if self.eat("]") {
            return Ok(Some(inner));
        }
        self.pos = start;
        Ok(None)
    }

    fn elements(&mut self) -> Result<Vec<(Option<Word>, Word)>, ParseError> {
        let mut elements = Vec::new();
        loop {
            self.skip_lines()?;
            if self.eat(")") {
                return Ok(elements);
            }
            let start = self.pos;
            let mut index = None;
            if self.peek() == Some(b'[') {
                index = self.index()?;
                if index.is_some() && !self.eat("=") {
                    index = None;
                    self.pos = start;
                }
            }
            match self.word()? {
                Some(word) => elements.push((index, word)),
                None if index.is_some() => elements.push((index, Word::default())),
                None => return Err(self.error("an array that does not end")),
            }
        }
    }
}

/// A script of one command.
fn alone(command: Command) -> Script {
    Script {
        items: vec![Item {
            pipelines: vec![(
                Join::First,
                Pipeline {
                    commands: vec![command],
                    negated: false,
                },
            )],
            background: true,
        }],
    }
}
