//! In which stages a rollout goes over its targets.

use serde_json::{Map, Value, json};

use crate::domain::config::{check_rollout_key, rollout_keys_of};
use crate::script::function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::value::Made;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "all_at_once",
        params: &[],
        rest: Rest::None,
        doc: "All targets in one stage.",
        call: Call::Make(all_at_once),
    },
    ScriptFunction {
        name: "rolling",
        params: &[Param::with_default("max_parallel", Kind::Json, Literal::None)],
        rest: Rest::None,
        doc: "One stage, at most `max_parallel` targets (a count, or `\"20%\"`) in progress at once.",
        call: Call::Make(rolling),
    },
    ScriptFunction {
        name: "staggered",
        params: &[Param::with_default("stages", Kind::Json, Literal::None)],
        rest: Rest::None,
        doc: "Stage by stage: `\"1,10%,50%,100%\"` (counts or cumulative percents), or a list of stages as in the configuration. \
              Without stages they follow from the size of the fleet.",
        call: Call::Make(staggered),
    },
    ScriptFunction {
        name: "canary",
        params: &[
            Param::with_default("stages", Kind::Json, Literal::None),
            Param::with_default("gate", Kind::Json, Literal::None),
        ],
        rest: Rest::None,
        doc: "Stage by stage with a gate after each but the last: `\"approval\"`, `\"analysis\"` (what it measures is the rollout key \
              `analysis`), `{\"analysis\": [...]}` with metrics of its own, or `\"none\"`.",
        call: Call::Make(canary),
    },
    ScriptFunction {
        name: "strategy",
        params: &[Param::required("ctx", Kind::Context)],
        rest: Rest::None,
        doc: "What the configuration says: its rollout keys, and Edge's keys (`is_staggered`, `is_canary`, `staggered_batch`, \
              `zone_parallelization`, `zone_serialization_order`) where the new ones are not given.",
        call: Call::Make(strategy),
    },
];

fn named(name: &str, keys: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Result<Made, String> {
    let mut map = Map::new();
    map.insert("strategy".to_owned(), json!(name));
    for (key, value) in keys {
        if let Some(value) = value {
            check_rollout_key(key, &value)?;
            map.insert(key.to_owned(), value);
        }
    }
    Ok(Made::Strategy(map))
}

fn all_at_once(_: &Given<'_, '_>) -> Result<Made, String> {
    named("all_at_once", [])
}

fn rolling(given: &Given<'_, '_>) -> Result<Made, String> {
    named("rolling", [("max_parallel", given.json("max_parallel"))])
}

fn staggered(given: &Given<'_, '_>) -> Result<Made, String> {
    named("staggered", [("stages", given.json("stages"))])
}

fn canary(given: &Given<'_, '_>) -> Result<Made, String> {
    named(
        "canary",
        [("stages", given.json("stages")), ("gate", given.json("gate"))],
    )
}

fn strategy(given: &Given<'_, '_>) -> Result<Made, String> {
    let call = given
        .session()
        .call
        .as_ref()
        .ok_or("may be called in an action only, where there is a ctx")?;
    let keys = rollout_keys_of(&call.context.config, call.context.targets.len());
    Ok(Made::Strategy(keys))
}
