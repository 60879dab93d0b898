//! Runs a script in this process. It can be stopped only where the interpreter looks at its limits, so the
//! server uses it through the worker.

use starlark::docs::{DocItem, DocMember};
use starlark::environment::{FrozenModule, Globals, GlobalsBuilder, Module};
use starlark::eval::Evaluator;
use starlark::syntax::{AstModule, Dialect};
use starlark::values::dict::DictRef;
use starlark::values::{Value, ValueLike};

use crate::app::ports::{ScriptError, ScriptFacts, ScriptText};
use crate::domain::config::{KeySpec, is_known_key, nearest};
use crate::domain::plan::{Draft, ScriptContext};

use super::fault::{from_starlark, placeless};
use super::functions;
use super::session::{Call, Session};
use super::value::{FunctionValue, Made, MadeValue, word_for};

/// Calls and rounds of loops of one evaluation. A fleet of ten thousand hosts with a long script makes
/// about one million.
const MAX_TICKS: u64 = 20_000_000;
/// Bytes of the interpreter's heap.
const MAX_HEAP: usize = 512 << 20;
/// How deep functions may call each other. Recursion has no place in a script.
const MAX_DEPTH: usize = 60;

/// What a script declares.
pub fn describe(script: &ScriptText) -> Result<ScriptFacts, ScriptError> {
    let module = load(script)?;
    let keys = keys_of(&module, script)?;
    let docs = module.documentation();
    Ok(ScriptFacts {
        keys,
        actions: actions_of(&module),
        doc: docs.docs.map(|doc| doc.summary).unwrap_or_default(),
    })
}

/// What the script's function `context.action` returns.
pub fn draft(script: &ScriptText, context: &ScriptContext) -> Result<Draft, ScriptError> {
    let module = load(script)?;
    let actions = actions_of(&module);
    if !actions.contains(&context.action) {
        let hint = nearest(&context.action, actions.iter().map(String::as_str))
            .map_or_else(String::new, |known| format!(" Did you mean `{known}`?"));
        return Err(placeless(format!(
            "{} has no action `{}`.{hint} It has: {}",
            script.name,
            context.action,
            actions.join(", ")
        )));
    }
    let function = module
        .get(&context.action)
        .map_err(|error| placeless(error.to_string()))?;
    Module::with_temp_heap(|run| {
        let session = Session {
            call: Some(Call::new(context, run.frozen_heap())),
        };
        let mut eval = Evaluator::new(&run);
        limit(&mut eval)?;
        eval.extra = Some(&session);
        let function = run.heap().access_owned_frozen_value(&function);
        let ctx = match &session.call {
            Some(call) => call.forth.ctx.to_value(),
            None => Value::new_none(),
        };
        let returned = eval
            .eval_function(function, &[ctx], &[])
            .map_err(|error| from_starlark(&error))?;
        match returned.downcast_ref::<MadeValue>() {
            Some(MadeValue(Made::Rollout(draft))) => Ok(draft.clone()),
            _ => Err(placeless(format!(
                "{}: {}(ctx) wants to return rollout(...), and returned {}",
                script.name,
                context.action,
                word_for(returned)
            ))),
        }
    })
}

/// Reads the top level and freezes what it defines.
fn load(script: &ScriptText) -> Result<FrozenModule, ScriptError> {
    let dialect = Dialect {
        enable_load: false,
        ..Dialect::Standard
    };
    let ast = AstModule::parse(&script.name, script.text.clone(), &dialect)
        .map_err(|error| from_starlark(&error))?;
    let globals = globals();
    Module::with_temp_heap(|module| {
        let session = Session { call: None };
        {
            let mut eval = Evaluator::new(&module);
            limit(&mut eval)?;
            eval.extra = Some(&session);
            eval.eval_module(ast, &globals)
                .map_err(|error| from_starlark(&error))?;
        }
        module
            .freeze()
            .map_err(|error| placeless(format!("{}: {error:?}", script.name)))
    })
}

fn limit(eval: &mut Evaluator<'_, '_, '_>) -> Result<(), ScriptError> {
    eval.set_max_tick_count(MAX_TICKS)
        .and_then(|()| eval.set_max_heap_size(MAX_HEAP))
        .and_then(|()| eval.set_max_callstack_size(MAX_DEPTH))
        .map_err(|error| placeless(error.to_string()))
}

/// The language's own words, and the table.
fn globals() -> Globals {
    GlobalsBuilder::standard()
        .with(|builder| {
            for function in functions::all() {
                builder.set(function.name, FunctionValue(function));
            }
        })
        .build()
}

/// The public functions that take `ctx` alone, in the order of the file.
fn actions_of(module: &FrozenModule) -> Vec<String> {
    let docs = module.documentation();
    module
        .names()
        .map(|name| name.as_str().to_owned())
        .filter(|name| !name.starts_with('_'))
        .filter(|name| {
            let Some(DocItem::Member(DocMember::Function(function))) = docs.members.get(name) else {
                return false;
            };
            let params = &function.params;
            let only = params.pos_only.len() + params.pos_or_named.len() + params.named_only.len() == 1
                && params.args.is_none()
                && params.kwargs.is_none();
            only && params.regular_params().all(|param| param.name == "ctx")
        })
        .collect()
}

fn keys_of(module: &FrozenModule, script: &ScriptText) -> Result<Vec<KeySpec>, ScriptError> {
    let fault = |message: String| placeless(format!("{}: KEYS: {message}", script.name));
    let Some(keys) = module
        .get_option("KEYS")
        .map_err(|error| placeless(error.to_string()))?
    else {
        return Ok(Vec::new());
    };
    let dict = DictRef::from_value(keys.value())
        .ok_or_else(|| fault(format!("wants a dict, not {}", word_for(keys.value()))))?;
    let mut specs = Vec::new();
    for (name, value) in dict.iter() {
        let name = name
            .unpack_str()
            .ok_or_else(|| fault(format!("wants strings as keys, not {}", name.to_repr())))?;
        let Some(MadeValue(Made::Key(spec))) = value.downcast_ref::<MadeValue>() else {
            return Err(fault(format!("`{name}` wants key(...), not {}", word_for(value))));
        };
        if is_known_key(name) {
            return Err(fault(format!(
                "`{name}` is known to every script and cannot be declared again"
            )));
        }
        specs.push(KeySpec {
            name: name.to_owned(),
            ..spec.clone()
        });
    }
    Ok(specs)
}
