//! The plan's heart: which steps run on which targets, and how they get back.

use starlark::eval::Evaluator;

use crate::domain::plan::Draft;
use crate::script::collect::collect;
use crate::script::function::{Call, Kind, Param, Rest, ScriptFunction};
use crate::script::given::{Given, wrong};
use crate::script::value::Made;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[ScriptFunction {
    name: "rollout",
    params: &[
        Param::required("targets", Kind::List),
        Param::required("steps", Kind::Function),
        Param::required("strategy", Kind::Strategy),
    ],
    rest: Rest::RolloutKeys("limits"),
    doc: "What an action returns. `steps(ctx, target)` is called once for each of `targets` (those of `ctx.targets`, or some of \
          them, in start order) and returns its list of steps; `None` entries fall out. It is called once more for each \
          target whose installed version is known, with `ctx.rollback` true and `target.version` that version: the way \
          back is part of the plan. `limits` are rollout keys by name (`max_failed=1`, `on_failure=\"stop\"`); they go \
          before those of the strategy.",
    call: Call::CallBack(rollout),
}];

fn rollout<'v>(given: &Given<'v, '_>, eval: &mut Evaluator<'v, '_, '_>) -> starlark::Result<Made> {
    let Some(call) = &given.session().call else {
        return Err(wrong(
            "rollout: the top level may define, not act: call it in an action, such as `def deploy(ctx)`",
        ));
    };
    let (Some(targets), Some(steps)) = (given.value("targets"), given.value("steps")) else {
        return Err(wrong("rollout: wants targets and steps"));
    };
    let targets = collect(call, targets, steps, eval)?;
    let mut rollout = given.strategy("strategy");
    rollout.extend(given.limits().clone());
    Ok(Made::Rollout(Draft { rollout, targets }))
}
