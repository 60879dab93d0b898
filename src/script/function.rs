//! What a row of the table of script functions is.

use std::fmt::Write as _;

use starlark::eval::Evaluator;

use super::given::Given;
use super::value::Made;

/// A word that a script may call.
#[derive(Debug)]
pub struct ScriptFunction {
    /// The word.
    pub name: &'static str,
    /// Its parameters in order; each may be given by position or by name.
    pub params: &'static [Param],
    /// What it takes beyond its parameters.
    pub rest: Rest,
    /// What it does, for `docs/scripting.md`.
    pub doc: &'static str,
    /// What is done.
    pub call: Call,
}

/// A parameter of a script function.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What may be given for it.
    pub kind: Kind,
    /// Its value where nothing is given; none where something must be.
    pub default: Option<Literal>,
    /// The reference to a secret may stand in it.
    pub may_hold_secret: bool,
}

/// What may be given for a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A string or `None`.
    OptionalText,
    /// `True` or `False`.
    Flag,
    /// An integer from 0 up to this.
    Count(i64),
    /// The same, or `None`.
    OptionalCount(i64),
    /// A list of exit codes.
    Codes,
    /// A dict of strings to strings, numbers or booleans.
    Variables,
    /// Anything that has a JSON form.
    Json,
    /// A type for `key`: one of the words, or `one_of(...)`.
    KeyType,
    /// A function.
    Function,
    /// A list.
    List,
    /// What `strategy` or one of the strategies returned.
    Strategy,
    /// The `ctx` of the action.
    Context,
}

/// A default, as it is written in a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Literal {
    /// `None`
    None,
    /// A string.
    Text(&'static str),
    /// `True` or `False`.
    Flag(bool),
    /// An integer.
    Count(i64),
    /// A list of integers.
    Codes(&'static [i32]),
    /// `{}`
    Empty,
}

/// What a function takes beyond its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    /// Nothing.
    None,
    /// Any number of strings by position.
    Texts(&'static str),
    /// Any rollout key by name.
    RolloutKeys(&'static str),
}

/// A function that only looks at what it was given.
pub type Make = fn(&Given<'_, '_>) -> Result<Made, String>;

/// A function that calls back into the script.
pub type CallBack = for<'v> fn(&Given<'v, '_>, &mut Evaluator<'v, '_, '_>) -> starlark::Result<Made>;

/// What is done when a script function is called.
#[derive(Debug, Clone, Copy)]
pub enum Call {
    /// Makes a value of what it was given, or says what is wrong with it.
    Make(Make),
    /// The same, calling functions of the script meanwhile.
    CallBack(CallBack),
}

impl Param {
    /// One that must be given.
    #[must_use]
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            default: None,
            may_hold_secret: false,
        }
    }

    /// One with a default.
    #[must_use]
    pub const fn with_default(name: &'static str, kind: Kind, default: Literal) -> Self {
        Self {
            name,
            kind,
            default: Some(default),
            may_hold_secret: false,
        }
    }

    /// The same, and the reference to a secret may stand in it.
    #[must_use]
    pub const fn holding_secrets(self) -> Self {
        Self {
            may_hold_secret: true,
            ..self
        }
    }
}

impl ScriptFunction {
    /// How it is written in the manual, for example `sleep(seconds)`.
    #[must_use]
    pub fn signature(&self) -> String {
        let mut parts: Vec<String> = self
            .params
            .iter()
            .map(|param| match param.default {
                None => param.name.to_owned(),
                Some(default) => format!("{}={}", param.name, default.written()),
            })
            .collect();
        match self.rest {
            Rest::None => {}
            Rest::Texts(name) => parts.push(format!("*{name}")),
            Rest::RolloutKeys(name) => parts.push(format!("**{name}")),
        }
        format!("{}({})", self.name, parts.join(", "))
    }
}

impl Literal {
    fn written(self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Text(text) => format!("\"{text}\""),
            Self::Flag(true) => "True".to_owned(),
            Self::Flag(false) => "False".to_owned(),
            Self::Count(count) => count.to_string(),
            Self::Codes(codes) => {
                let mut out = String::from("[");
                for (index, code) in codes.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    let _ = write!(out, "{comma}{code}");
                }
                out + "]"
            }
            Self::Empty => "{}".to_owned(),
        }
    }
}

impl Kind {
    /// What is wanted, for messages: "wants ...".
    #[must_use]
    pub fn wanted(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::OptionalText => "a string or None".to_owned(),
            Self::Flag => "True or False".to_owned(),
            Self::Count(most) => format!("a whole number from 0 to {most}"),
            Self::OptionalCount(most) => format!("a whole number from 0 to {most}, or None"),
            Self::Codes => "a list of exit codes from 0 to 255".to_owned(),
            Self::Variables => "a dict of names to strings, numbers or booleans".to_owned(),
            Self::Json => "strings, numbers, booleans, None, lists and dicts of these".to_owned(),
            Self::KeyType => {
                "\"string\", \"integer\", \"number\", \"boolean\", \"list\", \"map\" or one_of(...)"
                    .to_owned()
            }
            Self::Function => "a function".to_owned(),
            Self::List => "a list".to_owned(),
            Self::Strategy => "what strategy(ctx), rolling() or another strategy returns".to_owned(),
            Self::Context => "the ctx of the action".to_owned(),
        }
    }
}
