//! Commands on the target, and waiting.

use crate::domain::plan::Work;
use crate::script::function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::value::{Made, Open};

use super::super::value::StepDraft;

/// The longest a step may be given, in seconds: a day.
pub(super) const LONGEST: i64 = 24 * 3600;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "run",
        params: &[
            Param::required("name", Kind::Text),
            Param::required("command", Kind::Text),
            Param::with_default("sudo", Kind::Flag, Literal::Flag(false)),
            Param::with_default("user", Kind::OptionalText, Literal::None),
            Param::with_default("cwd", Kind::OptionalText, Literal::None),
            Param::with_default("env", Kind::Variables, Literal::Empty).holding_secrets(),
            Param::with_default("timeout", Kind::Count(LONGEST), Literal::Count(600)),
            Param::with_default("retries", Kind::Count(100), Literal::Count(0)),
            Param::with_default("ok_codes", Kind::Codes, Literal::Codes(&[0])),
            Param::with_default("idempotent", Kind::Flag, Literal::Flag(false)),
            Param::with_default("always", Kind::Flag, Literal::Flag(false)),
            Param::with_default("once", Kind::Flag, Literal::Flag(false)),
            Param::with_default("retry_delay", Kind::Count(LONGEST), Literal::Count(5)),
            Param::with_default("umask", Kind::OptionalText, Literal::None),
            Param::with_default("retry_backoff", Kind::Count(10), Literal::Count(1)),
        ],
        rest: Rest::None,
        doc: "Runs `command` with `/bin/sh` on the target: as root with `sudo=True`, as `user`, in the folder `cwd`, with the \
              variables `env` and the `umask` (three or four octal digits). It is stopped after `timeout` seconds and tried again `retries` times, `retry_delay` seconds \
              apart, which `retry_backoff` multiplies each time (2 doubles it, up to an hour). `ok_codes` are the exit codes that mean it went well. `idempotent` allows to run it again when its \
              outcome is unknown; `always` runs it also after an earlier step of its target failed; `once` runs it on \
              the first target of the rollout alone (migrations). A blank command makes no step.",
        call: Call::Make(run),
    },
    ScriptFunction {
        name: "sleep",
        params: &[Param::required("seconds", Kind::Count(LONGEST))],
        rest: Rest::None,
        doc: "Waits.",
        call: Call::Make(sleep),
    },
];

fn run(given: &Given<'_, '_>) -> Result<Made, String> {
    let command = given.text("command");
    let open = if command.trim().is_empty() {
        Open::Blank
    } else {
        Open::Nothing
    };
    let cwd = given.optional_text("cwd");
    if let Some(cwd) = &cwd
        && !cwd.starts_with('/')
    {
        return Err(format!("`cwd` wants an absolute path, not {cwd:?}"));
    }
    let umask = given.optional_text("umask");
    if let Some(umask) = &umask {
        let octal = umask.bytes().all(|b| matches!(b, b'0'..=b'7'));
        if !octal || !matches!(umask.len(), 3 | 4) {
            return Err(format!(
                "`umask` wants three or four octal digits, for example \"0022\", not {umask:?}"
            ));
        }
    }
    let mut draft = StepDraft::new(
        given.text("name"),
        Work::Run {
            sudo: given.flag("sudo"),
            user: given.optional_text("user"),
            cwd,
            umask,
            env: given.variables("env"),
            ok_codes: given.codes("ok_codes"),
        },
    )?
    .with_command(command)
    .with_timeout(given.count("timeout"))?
    .with_retries(
        given.count("retries"),
        given.count("retry_delay"),
        given.count("retry_backoff"),
    );
    draft.open = open;
    draft.step.idempotent = given.flag("idempotent");
    draft.step.always = given.flag("always");
    draft.step.once = given.flag("once");
    Ok(Made::Step(draft))
}

fn sleep(given: &Given<'_, '_>) -> Result<Made, String> {
    let seconds = given.count("seconds");
    StepDraft::new("sleep".to_owned(), Work::Sleep { seconds })?
        .with_timeout(seconds + 60)
        .map(Made::Step)
}
