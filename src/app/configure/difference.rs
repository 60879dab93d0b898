//! Objects as text, and the difference between two of them.

use serde::Serialize;
use serde_json::Value;
use similar::TextDiff;

use crate::store::ConfigObject;

/// An object as its file holds it: JSON on several lines, or the script itself.
#[must_use]
pub fn text_of(object: &ConfigObject) -> String {
    match object {
        ConfigObject::Space(space) => json(space),
        ConfigObject::Environment(environment) => json(environment),
        ConfigObject::Project { project, .. } => json(project),
        ConfigObject::Policy { policy, .. } => json(policy),
        ConfigObject::Script(script) => script.text.clone(),
    }
}

/// What changes from one to the other, as a unified diff with three lines around each change.
pub(super) fn between(before: Option<&ConfigObject>, after: Option<&ConfigObject>) -> String {
    let text = |object: Option<&ConfigObject>| object.map(text_of).unwrap_or_default();
    of_texts(&text(before), &text(after))
}

/// The same of two texts.
pub(super) fn of_texts(before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .to_string()
}

/// A stored body as its file holds it: a JSON string is a script's text.
pub(super) fn text_of_json(body: &Value) -> String {
    match body {
        Value::String(text) => text.clone(),
        object => json(object),
    }
}

fn json(object: &impl Serialize) -> String {
    let text =
        serde_json::to_string_pretty(object).expect("these objects have only string keys and JSON values");
    text + "\n"
}
