//! Texts.

use crate::domain::shell_word::shell_word;
use crate::script::function::{Call, Kind, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::host_text::readable_secrets;
use crate::script::value::Made;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "quote",
        params: &[Param::required("value", Kind::Text)],
        rest: Rest::None,
        doc: "The value as one word for the shell, whatever stands in it.",
        call: Call::Make(quote),
    },
    ScriptFunction {
        name: "fail",
        params: &[Param::required("message", Kind::Text).holding_secrets()],
        rest: Rest::None,
        doc: "Ends the script: the action is refused with this message.",
        call: Call::Make(fail),
    },
];

#[expect(clippy::unnecessary_wraps, reason = "the table wants functions of one form")]
fn quote(given: &Given<'_, '_>) -> Result<Made, String> {
    Ok(Made::Text(shell_word(&given.text("value"))))
}

fn fail(given: &Given<'_, '_>) -> Result<Made, String> {
    Err(readable_secrets(&given.text("message")))
}
