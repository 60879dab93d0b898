//! What the functions of a running script may know: the action's context, prepared as frozen values.

#![expect(
    unsafe_code,
    unused_qualifications,
    reason = "what the interpreter's derives write; nothing here is unsafe by hand"
)]

use starlark::values::dict::AllocDict;
use starlark::values::list::AllocList;
use starlark::values::none::NoneType;
use starlark::values::{AllocFrozenValue, FrozenHeap, FrozenValue, ProvidesStaticType};

use crate::domain::plan::{ScriptContext, ScriptTarget};

use super::value::{Attributes, ContextValue, TargetValue};

/// What is known while a script runs. Without a call the top level is being read.
#[derive(Debug, ProvidesStaticType)]
pub struct Session<'a> {
    /// The call of an action.
    pub call: Option<Call<'a>>,
}

/// The call of an action.
#[derive(Debug)]
pub struct Call<'a> {
    /// Its context.
    pub context: &'a ScriptContext,
    /// The way forth.
    pub forth: Half,
    /// The way back.
    pub back: Half,
}

/// `ctx` and its targets as values, for one of the two ways.
#[derive(Debug)]
pub struct Half {
    /// `ctx`
    pub ctx: FrozenValue,
    /// The targets, at the places they have in the context.
    pub targets: Vec<FrozenValue>,
}

impl<'a> Call<'a> {
    /// Makes the values of `context` on `heap`.
    pub fn new(context: &'a ScriptContext, heap: &FrozenHeap) -> Self {
        let config = heap.alloc(&context.config);
        Self {
            context,
            forth: half(context, config, false, heap),
            back: half(context, config, true, heap),
        }
    }
}

fn half(context: &ScriptContext, config: FrozenValue, rollback: bool, heap: &FrozenHeap) -> Half {
    let targets: Vec<FrozenValue> = context
        .targets
        .iter()
        .enumerate()
        .map(|(place, target)| heap.alloc(target_value(place, target, rollback, heap)))
        .collect();
    let ctx = heap.alloc(ContextValue {
        attributes: Attributes::new(vec![
            ("space", heap.alloc(context.space.as_str())),
            ("project", heap.alloc(context.project.as_str())),
            ("action", heap.alloc(context.action.as_str())),
            ("config", config),
            ("targets", heap.alloc(AllocList(targets.iter().copied()))),
            ("version", optional(context.version.as_deref(), heap)),
            ("reason", heap.alloc(context.reason.as_str())),
            ("user", heap.alloc(context.user.as_str())),
            ("rollback", heap.alloc(rollback)),
        ]),
    });
    Half { ctx, targets }
}

fn target_value(place: usize, target: &ScriptTarget, rollback: bool, heap: &FrozenHeap) -> TargetValue {
    let version = if rollback {
        &target.installed
    } else {
        &target.version
    };
    let known = &target.target;
    TargetValue {
        place,
        attributes: Attributes::new(vec![
            ("name", heap.alloc(known.name.as_str())),
            ("address", heap.alloc(known.address.as_str())),
            ("port", optional(known.port.map(i32::from), heap)),
            ("zone", heap.alloc(known.zone.as_str())),
            (
                "pools",
                heap.alloc(AllocList(known.pools.iter().map(String::as_str))),
            ),
            (
                "labels",
                heap.alloc(AllocDict(
                    known.labels.iter().map(|(k, v)| (k.as_str(), v.as_str())),
                )),
            ),
            (
                "vars",
                heap.alloc(AllocDict(known.vars.iter().map(|(k, v)| (k.as_str(), v)))),
            ),
            ("version", optional(version.as_deref(), heap)),
            ("installed", optional(target.installed.as_deref(), heap)),
            ("last_good", optional(target.last_good.as_deref(), heap)),
        ]),
    }
}

fn optional(value: Option<impl AllocFrozenValue>, heap: &FrozenHeap) -> FrozenValue {
    match value {
        None => heap.alloc(NoneType),
        Some(value) => heap.alloc(value),
    }
}
