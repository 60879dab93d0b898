//! Words to fields: every expansion that a shell makes, on values that may be unknown.

use super::super::syntax::{Part, Span, Word};
use super::super::words::{arithmetic, brace, text};
use super::Walker;
use super::state::{Variable, given};

/// How many arguments one command may have.
const ARGUMENTS: usize = 3_000;
/// How many fields one word may become.
const FIELDS: usize = 512;

/// An argument: its value, and where its word stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// What the program gets.
    pub text: String,
    /// The word's place in the judged text.
    pub span: Span,
}

/// The fields that are being made of a word.
#[derive(Default)]
struct Fields {
    done: Vec<String>,
    current: Option<String>,
}

impl Fields {
    fn push(&mut self, piece: &str) {
        self.current.get_or_insert_default().push_str(piece);
    }

    fn end(&mut self) {
        if let Some(field) = self.current.take()
            && self.done.len() < FIELDS
        {
            self.done.push(text::bounded(field));
        }
    }

    /// An unquoted value: split at the separators, its globs at work.
    fn split(&mut self, value: &str, separators: &str) {
        let value = text::globbing(value);
        let mut rest = value.as_str();
        while let Some(at) = rest.find(|c| separators.contains(c)) {
            if at > 0 {
                self.push(&rest[..at]);
            }
            let sign = rest[at..].chars().next().unwrap_or(' ');
            if self.current.is_some() || !sign.is_whitespace() {
                self.current.get_or_insert_default();
                self.end();
            }
            rest = &rest[at + sign.len_utf8()..];
        }
        if !rest.is_empty() {
            self.push(rest);
        }
    }
}

impl Walker<'_> {
    /// All words to arguments.
    pub fn arguments(&mut self, words: &[Word]) -> Vec<Argument> {
        let mut out = Vec::new();
        for word in words {
            if out.len() > ARGUMENTS {
                self.overspent = true;
                break;
            }
            for text in self.fields(word) {
                out.push(Argument {
                    text,
                    span: word.span,
                });
            }
        }
        out
    }

    /// One word to its fields: braces, tilde, parameters, substitutions, splitting.
    pub fn fields(&mut self, word: &Word) -> Vec<String> {
        if let [Part::Plain(plain)] = word.parts.as_slice()
            && !plain.contains(['{', '*', '?', '[', '~'])
        {
            return vec![plain.clone()];
        }
        let mut out = Vec::new();
        for parts in brace::expand(&word.parts) {
            let mut fields = Fields::default();
            for (at, part) in parts.iter().enumerate() {
                self.unquoted(part, at == 0, &mut fields);
            }
            fields.end();
            out.append(&mut fields.done);
            if out.len() > FIELDS {
                break;
            }
        }
        out
    }

    /// One word to one text, as in an assignment or after `<`: no splitting, no braces.
    pub fn single(&mut self, word: &Word) -> String {
        self.joined(&word.parts, false)
    }

    /// One word to a pattern: unquoted globs are signs, quoted ones are not.
    pub fn pattern(&mut self, word: &Word) -> String {
        self.joined(&word.parts, true)
    }

    fn joined(&mut self, parts: &[Part], pattern: bool) -> String {
        let mut out = String::new();
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Plain(plain) => {
                    let plain = if at == 0 { tilde(plain) } else { plain.clone() };
                    if pattern {
                        out.push_str(&text::globbing(&plain));
                    } else {
                        out.push_str(&plain);
                    }
                }
                Part::Double(inner) => out.push_str(&self.quoted(inner)),
                other => out.push_str(&self.value(other)),
            }
        }
        text::bounded(out)
    }

    /// The inside of double quotes, as one text.
    pub fn quoted(&mut self, parts: &[Part]) -> String {
        let mut out = String::new();
        for part in parts {
            match part {
                Part::Double(inner) => out.push_str(&self.quoted(inner)),
                other => out.push_str(&self.value(other)),
            }
        }
        text::bounded(out)
    }

    /// The value of a part, unsplit.
    fn value(&mut self, part: &Part) -> String {
        match part {
            Part::Plain(plain) | Part::Quoted(plain) => plain.clone(),
            Part::Double(inner) => self.quoted(inner),
            Part::Parameter(parameter) => {
                let values = self.parameter(parameter);
                let joined = parameter.name == "*"
                    || parameter
                        .index
                        .as_ref()
                        .is_some_and(|index| index.plain() == Some("*"));
                let separator = if joined {
                    self.separators().chars().next()
                } else {
                    Some(' ')
                };
                values.join(&separator.map(String::from).unwrap_or_default())
            }
            Part::Command(script) => self.substitution(script),
            Part::Arithmetic(parts) => self.arithmetic(parts),
            Part::Process(input, script) => self.process(*input, script),
        }
    }

    fn unquoted(&mut self, part: &Part, first: bool, fields: &mut Fields) {
        match part {
            Part::Plain(plain) => {
                let plain = if first { tilde(plain) } else { plain.clone() };
                fields.push(&text::globbing(&plain));
            }
            Part::Quoted(quoted) => fields.push(quoted),
            Part::Double(inner) => self.double(inner, fields),
            Part::Parameter(parameter) => {
                let values = self.parameter(parameter);
                let separators = self.separators();
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        fields.end();
                    }
                    fields.split(value, &separators);
                }
            }
            Part::Command(script) => {
                let value = self.substitution(script);
                let separators = self.separators();
                fields.split(&value, &separators);
            }
            Part::Arithmetic(parts) => {
                let value = self.arithmetic(parts);
                fields.push(&value);
            }
            Part::Process(input, script) => {
                let value = self.process(*input, script);
                fields.push(&value);
            }
        }
    }

    /// Double quotes in a list of fields: `"$@"` and `"${a[@]}"` become several.
    fn double(&mut self, inner: &[Part], fields: &mut Fields) {
        if inner.is_empty() {
            fields.push("");
        }
        for part in inner {
            if let Part::Parameter(parameter) = part
                && !parameter.length
                && (parameter.name == "@"
                    || parameter.indirect && parameter.op.is_none()
                    || parameter
                        .index
                        .as_ref()
                        .is_some_and(|index| index.plain() == Some("@")))
            {
                let values = self.parameter(parameter);
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        fields.end();
                    }
                    fields.push(value);
                }
            } else {
                let value = self.value(part);
                fields.push(&value);
            }
        }
    }

    /// `$IFS`
    fn separators(&self) -> String {
        match self.state.get("IFS") {
            Some(Variable::Scalar(values)) => values.last().cloned().unwrap_or_default(),
            _ => " \t\n".to_owned(),
        }
    }

    pub(super) fn arithmetic(&mut self, parts: &[Part]) -> String {
        let expression = self.joined(parts, false);
        let state = &self.state;
        let lookup = |name: &str| match state.get(name) {
            Some(Variable::Scalar(values)) => values.last().cloned(),
            _ => given(name, state),
        };
        match arithmetic::value(&expression, &lookup) {
            Some(value) => value.to_string(),
            None => text::SOME.to_string(),
        }
    }
}

/// `~` and `~user` at a word's start.
fn tilde(plain: &str) -> String {
    let Some(rest) = plain.strip_prefix('~') else {
        // `--prefix=~/x` is left as it is by shells; `X=~/x` is expanded by `joined` at its start.
        return plain.to_owned();
    };
    let (user, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    match user {
        "" => format!("{}{path}", text::HOME),
        "+" | "-" => format!("{}{path}", text::SOME),
        "root" => format!("/root{path}"),
        user if user
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) =>
        {
            format!("/home/{user}{path}")
        }
        _ => plain.to_owned(),
    }
}
