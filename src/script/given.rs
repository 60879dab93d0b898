//! Binds the arguments of a call to the parameters of the table, and says in words what does not fit.

use std::collections::BTreeMap;

use serde_json::Map;
use starlark::ErrorKind;
use starlark::eval::{Arguments, Evaluator};
use starlark::values::dict::DictRef;
use starlark::values::list::ListRef;
use starlark::values::tuple::TupleRef;
use starlark::values::{Heap, Value, ValueLike};

use crate::domain::config::{KeyType, nearest};

use super::function::{Call, Kind, Literal, Rest, ScriptFunction};
use super::host_text::secret_in;
use super::session::Session;
use super::value::{ContextValue, Made, MadeValue, word_for};

/// The arguments of one call, checked.
pub struct Given<'v, 's> {
    function: &'static ScriptFunction,
    arguments: Vec<Argument<'v>>,
    texts: Vec<String>,
    limits: Map<String, serde_json::Value>,
    session: &'s Session<'s>,
}

/// One argument, checked against the kind of its parameter.
#[derive(Debug, Clone)]
enum Argument<'v> {
    None,
    Text(String),
    Flag(bool),
    Count(i64),
    Codes(Vec<i32>),
    Variables(BTreeMap<String, String>),
    Json(serde_json::Value),
    KeyType(KeyType),
    Strategy(Map<String, serde_json::Value>),
    Value(Value<'v>),
}

/// A call that is wrong in the words of the table.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct WrongCall(String);

/// A script that called `fail`.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Failed(String);

/// An error of a script function, with a sentence.
pub fn wrong(message: impl Into<String>) -> starlark::Error {
    starlark::Error::new_other(WrongCall(message.into()))
}

/// Calls `function` with `args`.
pub fn call<'v>(
    function: &'static ScriptFunction,
    args: &Arguments<'v, '_>,
    eval: &mut Evaluator<'v, '_, '_>,
) -> starlark::Result<Made> {
    let extra = eval.extra;
    let Some(session) = extra.and_then(|extra| extra.downcast_ref::<Session<'_>>()) else {
        return Err(wrong("script functions can be called by scripts only"));
    };
    let given = bind(function, args, eval.heap(), session)?;
    match function.call {
        Call::Make(make) => make(&given).map_err(|message| {
            if function.name == "fail" {
                starlark::Error::new_kind(ErrorKind::Fail(
                    starlark::Error::new_other(Failed(message)).into_anyhow(),
                ))
            } else {
                wrong(format!("{}: {message}", function.name))
            }
        }),
        Call::CallBack(call_back) => call_back(&given, eval),
    }
}

fn bind<'v, 's>(
    function: &'static ScriptFunction,
    args: &Arguments<'v, '_>,
    heap: Heap<'v>,
    session: &'s Session<'s>,
) -> starlark::Result<Given<'v, 's>> {
    let fault = |message: String| wrong(format!("{}: {message}", function.name));
    let mut by_place: Vec<Option<Value<'v>>> = vec![None; function.params.len()];
    let mut texts = Vec::new();
    let mut limits = Map::new();
    for (place, value) in args.positions(heap)?.enumerate() {
        if let Some(slot) = by_place.get_mut(place) {
            *slot = Some(value);
        } else if let Rest::Texts(_) = function.rest {
            let text = value
                .unpack_str()
                .ok_or_else(|| fault(format!("takes strings only, not {}", word_for(value))))?;
            texts.push(text.to_owned());
        } else {
            return Err(fault(format!(
                "takes at most {} arguments by position: {}",
                function.params.len(),
                function.signature()
            )));
        }
    }
    for (name, value) in args.names_map()? {
        let name = name.as_str();
        if let Some(place) = function.params.iter().position(|param| param.name == name) {
            if by_place[place].is_some() {
                return Err(fault(format!("`{name}` is given twice")));
            }
            by_place[place] = Some(value);
        } else if let Rest::RolloutKeys(_) = function.rest {
            let json = json_of(value).map_err(|why| fault(format!("`{name}` {why}")))?;
            crate::domain::config::check_rollout_key(name, &json).map_err(&fault)?;
            limits.insert(name.to_owned(), json);
        } else {
            let hint = nearest(name, function.params.iter().map(|param| param.name))
                .map_or_else(String::new, |known| format!(" Did you mean `{known}`?"));
            return Err(fault(format!(
                "has no parameter `{name}`.{hint} It is {}",
                function.signature()
            )));
        }
    }
    let mut arguments = Vec::with_capacity(by_place.len());
    for (param, value) in function.params.iter().zip(by_place) {
        let argument = match (value, param.default) {
            (None, None) => {
                return Err(fault(format!(
                    "`{}` is missing: {}",
                    param.name,
                    function.signature()
                )));
            }
            (None, Some(default)) => default.argument(),
            (Some(value), _) => accept(param.kind, value).map_err(|why| {
                let got = why.unwrap_or_else(|| word_for(value));
                fault(format!(
                    "`{}` wants {}, not {got}",
                    param.name,
                    param.kind.wanted()
                ))
            })?,
        };
        if !param.may_hold_secret
            && let Some(key) = argument.secret()
        {
            return Err(fault(format!(
                "secret `{key}` may only be used in env or content, not in `{}`",
                param.name
            )));
        }
        arguments.push(argument);
    }
    Ok(Given {
        function,
        arguments,
        texts,
        limits,
        session,
    })
}

/// Takes `value` as an argument of this kind. On an error, what was given where that is more than its type.
fn accept(kind: Kind, value: Value<'_>) -> Result<Argument<'_>, Option<String>> {
    match kind {
        Kind::OptionalText | Kind::OptionalCount(_) if value.is_none() => Ok(Argument::None),
        Kind::Text | Kind::OptionalText => text_of(value).map(Argument::Text),
        Kind::Flag => value.unpack_bool().map(Argument::Flag).ok_or(None),
        Kind::Count(most) | Kind::OptionalCount(most) => {
            let count = value.unpack_i32().map(i64::from).ok_or(None)?;
            if (0..=most).contains(&count) {
                Ok(Argument::Count(count))
            } else {
                Err(Some(count.to_string()))
            }
        }
        Kind::Codes => {
            let codes = items(value).ok_or(None)?;
            let codes: Vec<i32> = codes
                .iter()
                .map(|code| {
                    code.unpack_i32()
                        .filter(|code| (0..=255).contains(code))
                        .ok_or_else(|| Some(format!("one with {}", code.to_repr())))
                })
                .collect::<Result<_, _>>()?;
            if codes.is_empty() {
                return Err(Some("an empty one".to_owned()));
            }
            Ok(Argument::Codes(codes))
        }
        Kind::Variables => variables_of(value).map(Argument::Variables),
        Kind::Json => json_of(value)
            .map(Argument::Json)
            .map_err(|_| Some(word_for(value))),
        Kind::KeyType => key_type_of(value).map(Argument::KeyType),
        Kind::Function => match value.get_type() {
            "function" => Ok(Argument::Value(value)),
            _ => Err(None),
        },
        Kind::List => items(value).map(|_| Argument::Value(value)).ok_or(None),
        Kind::Strategy => match value.downcast_ref::<MadeValue>() {
            Some(MadeValue(Made::Strategy(keys))) => Ok(Argument::Strategy(keys.clone())),
            _ => Err(None),
        },
        Kind::Context => match value.downcast_ref::<ContextValue>() {
            Some(_) => Ok(Argument::Value(value)),
            None => Err(None),
        },
    }
}

fn text_of(value: Value<'_>) -> Result<String, Option<String>> {
    let text = value.unpack_str().ok_or(None)?;
    if text.contains('\0') {
        return Err(Some("one with a NUL character".to_owned()));
    }
    Ok(text.to_owned())
}

fn variables_of(value: Value<'_>) -> Result<BTreeMap<String, String>, Option<String>> {
    let dict = DictRef::from_value(value).ok_or(None)?;
    let mut variables = BTreeMap::new();
    for (name, value) in dict.iter() {
        let name = name
            .unpack_str()
            .filter(|name| is_variable_name(name))
            .ok_or_else(|| Some(format!("one with the name {}", name.to_repr())))?;
        let text = match value.get_type() {
            "string" => text_of(value)?,
            "int" | "float" => value.to_str(),
            "bool" => value.to_str().to_lowercase(),
            _ => return Err(Some(format!("one where {name} is {}", word_for(value)))),
        };
        variables.insert(name.to_owned(), text);
    }
    Ok(variables)
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn key_type_of(value: Value<'_>) -> Result<KeyType, Option<String>> {
    if let Some(MadeValue(Made::KeyType(key_type))) = value.downcast_ref::<MadeValue>() {
        return Ok(key_type.clone());
    }
    let word = value.unpack_str().ok_or(None)?;
    KeyType::from_word(word).ok_or_else(|| Some(format!("\"{word}\"")))
}

/// The items of a list or a tuple.
pub fn items(value: Value<'_>) -> Option<Vec<Value<'_>>> {
    if let Some(list) = ListRef::from_value(value) {
        return Some(list.iter().collect());
    }
    TupleRef::from_value(value).map(|tuple| tuple.iter().collect())
}

/// The JSON form of a value.
fn json_of(value: Value<'_>) -> Result<serde_json::Value, String> {
    value
        .to_json_value()
        .map_err(|_| format!("wants {}, not {}", Kind::Json.wanted(), word_for(value)))
}

impl Literal {
    fn argument<'v>(self) -> Argument<'v> {
        match self {
            Self::None => Argument::None,
            Self::Text(text) => Argument::Text(text.to_owned()),
            Self::Flag(flag) => Argument::Flag(flag),
            Self::Count(count) => Argument::Count(count),
            Self::Codes(codes) => Argument::Codes(codes.to_vec()),
            Self::Empty => Argument::Variables(BTreeMap::new()),
        }
    }
}

impl Argument<'_> {
    /// The key of the first secret that stands in it.
    fn secret(&self) -> Option<String> {
        match self {
            Self::Text(text) => secret_in(text),
            Self::Variables(variables) => variables.values().find_map(|text| secret_in(text)),
            Self::Json(json) => secret_in(&json.to_string()),
            _ => None,
        }
    }
}

/// Reading the arguments. Each of these asks for a parameter by its name and kind in the table, so a
/// mismatch is a mistake in the table's own function, which its tests call.
impl<'v, 's> Given<'v, 's> {
    fn argument(&self, name: &str) -> &Argument<'v> {
        let place = self.function.params.iter().position(|param| param.name == name);
        place
            .and_then(|place| self.arguments.get(place))
            .unwrap_or(&Argument::None)
    }

    /// A string; empty where None was given.
    pub fn text(&self, name: &str) -> String {
        self.optional_text(name).unwrap_or_default()
    }

    /// A string or none.
    pub fn optional_text(&self, name: &str) -> Option<String> {
        match self.argument(name) {
            Argument::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    /// True or False.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.argument(name), Argument::Flag(true))
    }

    /// A whole number; 0 where None was given.
    pub fn count(&self, name: &str) -> u64 {
        self.optional_count(name).unwrap_or_default()
    }

    /// A whole number or none.
    pub fn optional_count(&self, name: &str) -> Option<u64> {
        match self.argument(name) {
            Argument::Count(count) => u64::try_from(*count).ok(),
            _ => None,
        }
    }

    /// Exit codes.
    pub fn codes(&self, name: &str) -> Vec<i32> {
        match self.argument(name) {
            Argument::Codes(codes) => codes.clone(),
            _ => Vec::new(),
        }
    }

    /// Environment variables.
    pub fn variables(&self, name: &str) -> BTreeMap<String, String> {
        match self.argument(name) {
            Argument::Variables(variables) => variables.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// Any JSON; none where None was given.
    pub fn json(&self, name: &str) -> Option<serde_json::Value> {
        match self.argument(name) {
            Argument::Json(json) if !json.is_null() => Some(json.clone()),
            _ => None,
        }
    }

    /// The type of a key.
    pub fn key_type(&self, name: &str) -> KeyType {
        match self.argument(name) {
            Argument::KeyType(key_type) => key_type.clone(),
            _ => KeyType::String,
        }
    }

    /// The rollout keys of a strategy.
    pub fn strategy(&self, name: &str) -> Map<String, serde_json::Value> {
        match self.argument(name) {
            Argument::Strategy(keys) => keys.clone(),
            _ => Map::new(),
        }
    }

    /// A value as it was given: a function, a list.
    pub fn value(&self, name: &str) -> Option<Value<'v>> {
        match self.argument(name) {
            Argument::Value(value) => Some(*value),
            _ => None,
        }
    }

    /// The strings beyond the parameters.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// The rollout keys beyond the parameters.
    pub fn limits(&self) -> &Map<String, serde_json::Value> {
        &self.limits
    }

    /// What is known while the script runs.
    pub fn session(&self) -> &'s Session<'s> {
        self.session
    }
}
