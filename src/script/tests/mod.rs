//! Scripts of many kinds, evaluated in this process.

mod functions;
mod language;
mod manual;
mod shipped;

use serde_json::{Map, Value, json};

use crate::app::ports::ScriptText;
use crate::domain::config::{check, merge};
use crate::domain::name::TargetName;
use crate::domain::plan::{ScriptContext, ScriptTarget};
use crate::domain::target::Target;

use super::evaluate::describe;

/// A script of this text.
fn script(text: &str) -> ScriptText {
    ScriptText {
        name: "test.star".to_owned(),
        text: text.to_owned(),
    }
}

/// A target `name` in zone `east`, going from `installed` to `version`.
fn target(name: &str, installed: Option<&str>, version: Option<&str>) -> ScriptTarget {
    ScriptTarget {
        target: Target {
            name: TargetName::parse(name).unwrap(),
            address: format!("{name}.example"),
            port: None,
            user: None,
            zone: "east".to_owned(),
            pools: vec!["web".to_owned()],
            labels: [("disk".to_owned(), "ssd".to_owned())].into(),
            vars: [("port".to_owned(), json!(8081))].into(),
        },
        version: version.map(str::to_owned),
        installed: installed.map(str::to_owned),
        last_good: installed.map(str::to_owned),
    }
}

/// The call of `action` on two targets, one of them new, with this configuration checked against the script.
fn context(script: &ScriptText, action: &str, config: &Value) -> ScriptContext {
    let keys = describe(script).unwrap().keys;
    let merged = merge(&Map::new(), config.as_object().unwrap(), &Map::new());
    ScriptContext {
        space: "payments".to_owned(),
        project: "web".to_owned(),
        action: action.to_owned(),
        config: check(merged, &keys).unwrap().for_script(&keys),
        targets: vec![
            target("web-1", Some("1"), Some("2")),
            target("web-2", None, Some("2")),
        ],
        version: Some("2".to_owned()),
        reason: "a test".to_owned(),
        user: "jdoe".to_owned(),
    }
}
