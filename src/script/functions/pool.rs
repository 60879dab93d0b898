//! In and out of service.

use crate::domain::plan::Work;
use crate::script::function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::value::{Made, Open, StepDraft};

use super::run::LONGEST;

/// How long the load balancer may take over one change, in seconds.
const CHANGE_SECONDS: u64 = 120;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "pool_out",
        params: &[],
        rest: Rest::None,
        doc: "Takes the target out of service in all its pools: it gets no new sessions.",
        call: Call::Make(pool_out),
    },
    ScriptFunction {
        name: "drain",
        params: &[Param::with_default(
            "seconds",
            Kind::OptionalCount(LONGEST),
            Literal::None,
        )],
        rest: Rest::None,
        doc: "Waits until the target has no session left in any of its pools, at most so many seconds; without a number as long as \
              the configuration's `member_session_wait_time` says (else 300). Going on with sessions left is not a failure.",
        call: Call::Make(drain),
    },
    ScriptFunction {
        name: "pool_in",
        params: &[],
        rest: Rest::None,
        doc: "Puts the target back in service in all its pools. On the way back it is done also after an earlier step failed.",
        call: Call::Make(pool_in),
    },
];

fn pool_out(_: &Given<'_, '_>) -> Result<Made, String> {
    pool_step("pool_out", Work::PoolOut, CHANGE_SECONDS)
}

fn pool_in(_: &Given<'_, '_>) -> Result<Made, String> {
    pool_step("pool_in", Work::PoolIn, CHANGE_SECONDS)
}

fn drain(given: &Given<'_, '_>) -> Result<Made, String> {
    let seconds = given.optional_count("seconds");
    let mut draft = StepDraft::drain(seconds.unwrap_or_default())?;
    if seconds.is_none() {
        draft.open = Open::DrainSeconds;
    }
    Ok(Made::Step(draft))
}

fn pool_step(name: &str, work: Work, seconds: u64) -> Result<Made, String> {
    let mut draft = StepDraft::new(name.to_owned(), work)?.with_timeout(seconds)?;
    draft.step.idempotent = true;
    Ok(Made::Step(draft))
}
