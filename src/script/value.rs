//! The values that script functions make, and `ctx` and `target`, as Starlark sees them.

#![expect(
    unsafe_code,
    unused_qualifications,
    reason = "what the interpreter's derives write; nothing here is unsafe by hand"
)]

use std::fmt;

use allocative::Allocative;
use starlark::eval::{Arguments, Evaluator};
use starlark::starlark_simple_value;
use starlark::values::{
    FrozenValue, Heap, NoSerialize, ProvidesStaticType, StarlarkPagablePanic, StarlarkValue, Value,
    ValueLike, starlark_value,
};

use serde_json::Map;

use crate::domain::config::{KeySpec, KeyType};
use crate::domain::plan::{Draft, Step};

use super::function::ScriptFunction;
use super::given;

/// What a script function made.
#[derive(Debug, Clone, PartialEq)]
pub enum Made {
    /// A text, for use in other texts.
    Text(String),
    /// A declared key; its name is the one it has in `KEYS`.
    Key(KeySpec),
    /// A type for a key.
    KeyType(KeyType),
    /// A step.
    Step(StepDraft),
    /// Rollout keys.
    Strategy(Map<String, serde_json::Value>),
    /// What an action returns.
    Rollout(Draft),
}

/// A step before it is known whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDraft {
    /// The step. Its name may still have to be made unique.
    pub step: Step,
    /// What is filled in where it is known which target and configuration it is for.
    pub open: Open,
}

/// What a step leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Open {
    /// Nothing.
    Nothing,
    /// How long to drain: the configuration's `member_session_wait_time`.
    DrainSeconds,
    /// Where to connect to: the target's address.
    Address,
    /// It would do nothing: it falls out.
    Blank,
}

impl Made {
    /// What it is, for messages.
    fn word(&self) -> &'static str {
        match self {
            Self::Text(_) => "a string",
            Self::Key(_) => "a key",
            Self::KeyType(_) => "a type of a key",
            Self::Step(_) => "a step",
            Self::Strategy(_) => "a strategy",
            Self::Rollout(_) => "a rollout",
        }
    }
}

/// A [`Made`] as a value of the script.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative, StarlarkPagablePanic)]
pub struct MadeValue(#[allocative(skip)] pub Made);
starlark_simple_value!(MadeValue);

impl fmt::Display for MadeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Made::Step(draft) => write!(f, "step({})", draft.step.name),
            other => f.write_str(other.word()),
        }
    }
}

#[expect(clippy::elidable_lifetime_names, reason = "the attribute wants it named")]
#[starlark_value(type = "edgewise")]
impl<'v> StarlarkValue<'v> for MadeValue {}

/// A script function as a value of the script.
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative, StarlarkPagablePanic)]
pub struct FunctionValue(#[allocative(skip)] pub &'static ScriptFunction);
starlark_simple_value!(FunctionValue);

impl fmt::Display for FunctionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

#[starlark_value(type = "function")]
impl<'v> StarlarkValue<'v> for FunctionValue {
    fn invoke(
        &self,
        _me: Value<'v>,
        args: &Arguments<'v, '_>,
        eval: &mut Evaluator<'v, '_, '_>,
    ) -> starlark::Result<Value<'v>> {
        let made = given::call(self.0, args, eval)?;
        Ok(match made {
            Made::Text(text) => eval.heap().alloc(text),
            other => eval.heap().alloc(MadeValue(other)),
        })
    }
}

/// The attributes of `ctx` or of a `target`: frozen, so that no call can change what the next one sees.
#[derive(Debug, Allocative)]
pub struct Attributes(Vec<(&'static str, FrozenValue)>);

impl Attributes {
    /// These attributes.
    pub fn new(attributes: Vec<(&'static str, FrozenValue)>) -> Self {
        Self(attributes)
    }

    fn get<'v>(&self, name: &str) -> Option<Value<'v>> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.to_value())
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
    }
}

macro_rules! with_attributes {
    ($value:ident, $word:literal) => {
        impl fmt::Display for $value {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($word)
            }
        }

        #[starlark_value(type = $word)]
        impl<'v> StarlarkValue<'v> for $value {
            fn get_attr(&self, attribute: &str, _heap: Heap<'v>) -> Option<Value<'v>> {
                self.attributes.get(attribute)
            }

            fn has_attr(&self, attribute: &str, _heap: Heap<'v>) -> bool {
                self.attributes.get(attribute).is_some()
            }

            fn dir_attr(&self) -> Vec<String> {
                self.attributes.names()
            }
        }
    };
}

/// `ctx`
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative, StarlarkPagablePanic)]
pub struct ContextValue {
    /// Its attributes.
    pub attributes: Attributes,
}
starlark_simple_value!(ContextValue);
with_attributes!(ContextValue, "ctx");

/// One of `ctx.targets`
#[derive(Debug, ProvidesStaticType, NoSerialize, Allocative, StarlarkPagablePanic)]
pub struct TargetValue {
    /// Its place in the targets of the action.
    pub place: usize,
    /// Its attributes.
    pub attributes: Attributes,
}
starlark_simple_value!(TargetValue);
with_attributes!(TargetValue, "target");

/// What a value is, for messages: `an int`, `a string`, `a step`.
pub fn word_for(value: Value<'_>) -> String {
    if value.is_none() {
        return "None".to_owned();
    }
    if let Some(made) = value.downcast_ref::<MadeValue>() {
        return made.0.word().to_owned();
    }
    match value.get_type() {
        "int" => "an integer".to_owned(),
        "bool" => "a boolean".to_owned(),
        "NoneType" => "None".to_owned(),
        other => format!("a {other}"),
    }
}
