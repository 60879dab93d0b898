//! The shape of a parsed script: what POSIX sh and bash can say, and where in the text it stands.

use std::cell::OnceCell;
use std::rc::Rc;

/// A range of bytes in the text that was judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

/// A list of commands.
#[derive(Debug, Default)]
pub struct Script {
    /// In their order.
    pub items: Vec<Item>,
}

/// Pipelines joined by `&&` and `||`, up to a `;`, a `&` or a line's end.
#[derive(Debug)]
pub struct Item {
    /// The pipelines; the first one's join is of no meaning.
    pub pipelines: Vec<(Join, Pipeline)>,
    /// Ended by `&`.
    pub background: bool,
}

/// How a pipeline follows the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Join {
    /// It stands first.
    First,
    /// `&&`
    And,
    /// `||`
    Or,
}

/// Commands whose output is the next one's input.
#[derive(Debug)]
pub struct Pipeline {
    /// In their order; at least one.
    pub commands: Vec<Command>,
    /// Behind a `!`.
    pub negated: bool,
}

/// One command of a pipeline.
#[derive(Debug)]
pub enum Command {
    /// A program with arguments.
    Simple(Simple),
    /// A construct of the shell, with its redirections.
    Compound(Compound, Vec<Redirect>),
    /// A function's definition.
    Function(String, Rc<Command>),
}

/// A program with its arguments, assignments and redirections.
#[derive(Debug, Default)]
pub struct Simple {
    /// `X=1` before the program, or all there is.
    pub assigns: Vec<Assign>,
    /// The program and its arguments.
    pub words: Vec<Word>,
    /// The assignments among the arguments of `export`, `declare` and their like.
    pub declared: Vec<Assign>,
    /// Where its streams go.
    pub redirects: Vec<Redirect>,
    /// From the first to the last word.
    pub span: Span,
}

/// `name=value`, `name+=value`, `name[index]=value`, `name=(values)`.
#[derive(Debug)]
pub struct Assign {
    /// The variable.
    pub name: String,
    /// The index of an array's element.
    pub index: Option<Word>,
    /// `+=`
    pub append: bool,
    /// What it is set to.
    pub value: Assigned,
    /// Where it stands.
    pub span: Span,
}

/// What a variable is set to.
#[derive(Debug)]
pub enum Assigned {
    /// One word.
    Word(Word),
    /// An array's elements, each with its index where one is given.
    Array(Vec<(Option<Word>, Word)>),
}

/// A construct of the shell.
#[derive(Debug)]
pub enum Compound {
    /// `{ ...; }`
    Group(Script),
    /// `( ... )`
    Subshell(Script),
    /// `if`, `elif` ..., `else`.
    If(Vec<(Script, Script)>, Option<Script>),
    /// `while` and `until` (true): condition and body.
    Loop(bool, Script, Script),
    /// `for` and `select`: the variable, the words (none: the arguments), the body.
    For(String, Option<Vec<Word>>, Script),
    /// `for ((a; b; c))`: the expressions and the body.
    Counted(Vec<Part>, Script),
    /// `case`: the word, and for each arm its patterns and body.
    Case(Word, Vec<(Vec<Word>, Script)>),
    /// `(( ... ))`: the expression, and the text in it. A shell without arithmetic commands (dash) takes that for a
    /// subshell in a subshell.
    Arithmetic(Vec<Part>, String, Span),
    /// `[[ ... ]]`
    Test(Vec<Word>),
    /// `coproc [NAME] command`
    Coprocess(String, Rc<Script>),
}

/// A redirection.
#[derive(Debug)]
pub struct Redirect {
    /// The descriptor, where one is given: a number or `{name}`.
    pub fd: Option<String>,
    /// Which way.
    pub op: RedirectOp,
    /// The file, the descriptor, the string, or the here-document's delimiter.
    pub target: Word,
    /// The body of a here-document, read when the line is over.
    pub body: Rc<OnceCell<Word>>,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of redirections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectOp {
    /// `<`
    Read,
    /// `>` and `>|`
    Write,
    /// `>>`
    Append,
    /// `&>` and `>&` with a file
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateInput,
    /// `>&` with a descriptor
    Duplicate,
    /// `<<` and `<<-`
    HereDocument,
    /// `<<<`
    HereString,
}

/// A word before it is expanded.
#[derive(Debug, Default, Clone)]
pub struct Word {
    /// Its parts, side by side.
    pub parts: Vec<Part>,
    /// Where it stands.
    pub span: Span,
}

/// A part of a word.
#[derive(Debug, Clone)]
pub enum Part {
    /// Text outside quotes: braces, tilde and globs have their meaning.
    Plain(String),
    /// Text that means itself: `'..'`, `\x`, `$'..'`.
    Quoted(String),
    /// `".."`
    Double(Vec<Part>),
    /// `$x`, `${x...}`
    Parameter(Box<Parameter>),
    /// `$(..)` and backquotes
    Command(Rc<Script>),
    /// `$((..))`
    Arithmetic(Vec<Part>),
    /// `<(..)`, and `>(..)` (false)
    Process(bool, Rc<Script>),
}

/// A parameter expansion.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The variable, the position, or the special sign.
    pub name: String,
    /// `[..]`
    pub index: Option<Word>,
    /// `${!x}`
    pub indirect: bool,
    /// `${#x}`
    pub length: bool,
    /// What is done to the value.
    pub op: Option<ParameterOp>,
}

/// What a parameter expansion does to the value.
#[derive(Debug, Clone)]
pub enum ParameterOp {
    /// `:-` and `-` (the flag is the colon)
    Default(bool, Word),
    /// `:=` and `=`
    Assign(bool, Word),
    /// `:?` and `?`
    Require(Word),
    /// `:+` (with a colon) and `+`
    Alternate(bool, Word),
    /// `#`, `##` (long)
    TrimStart(bool, Word),
    /// `%`, `%%` (long)
    TrimEnd(bool, Word),
    /// `/`, `//` (all), `/#` and `/%` (anchor): pattern, replacement
    Replace(bool, Option<char>, Word, Word),
    /// `^`, `^^` (all)
    Upper(bool),
    /// `,`, `,,` (all)
    Lower(bool),
    /// `:offset:length`
    Slice(Word, Option<Word>),
    /// `@Q` and its like
    Transform(char),
}

impl Word {
    /// The text of a word that has nothing to expand, quotes removed.
    pub fn literal(&self) -> Option<String> {
        fn add(parts: &[Part], out: &mut String) -> bool {
            parts.iter().all(|part| match part {
                Part::Plain(text) | Part::Quoted(text) => {
                    out.push_str(text);
                    true
                }
                Part::Double(inner) => add(inner, out),
                _ => false,
            })
        }
        let mut out = String::new();
        add(&self.parts, &mut out).then_some(out)
    }

    /// The text of a word written without any quote or expansion.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Plain(text)] => Some(text),
            _ => None,
        }
    }
}
