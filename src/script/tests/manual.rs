//! `docs/scripting.md` says what the code does.
//!
//! Its tables are those of the code: `EDGEWISE_WRITE_DOCS=1` writes them anew, without it they are compared.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;

use crate::domain::config::{KNOWN_KEYS, KeyGroup};
use crate::script::evaluate::{describe, draft};
use crate::script::functions::FAMILIES;

use super::{context, script};

fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/scripting.md");
    let text = fs::read_to_string(&path).unwrap();
    if std::env::var_os("EDGEWISE_WRITE_DOCS").is_none() {
        return text;
    }
    let text = with_section(&text, "functions", &functions());
    let text = with_section(&text, "keys", &known_keys());
    fs::write(&path, &text).unwrap();
    text
}

/// The text with what stands between `<!-- name -->` and the next heading (or the end) replaced.
fn with_section(text: &str, name: &str, section: &str) -> String {
    let mark = format!("<!-- {name} -->\n");
    let begin = text.find(&mark).unwrap() + mark.len();
    let end = text[begin..].find("\n## ").map_or(text.len(), |end| begin + end);
    format!("{}\n{section}{}", &text[..begin], &text[end..])
}

fn functions() -> String {
    let mut out = String::new();
    for family in FAMILIES {
        let _ = write!(out, "### {}\n\n", family.title);
        for function in family.functions {
            let _ = write!(out, "**`{}`**\n{}\n\n", function.signature(), function.doc);
        }
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

fn known_keys() -> String {
    let mut out = String::new();
    for (group, title) in [
        (KeyGroup::What, "What"),
        (KeyGroup::Where, "Where"),
        (KeyGroup::Rollout, "The rollout"),
        (KeyGroup::EdgeRollout, "The rollout, in Edge's words"),
    ] {
        let _ = write!(out, "| {title} | wants | |\n| --- | --- | --- |\n");
        for key in KNOWN_KEYS.iter().filter(|key| key.group == group) {
            let request = if key.overridable {
                " A request may set it."
            } else {
                ""
            };
            let _ = writeln!(
                out,
                "| `{}` | {} | {}{request} |",
                key.name,
                key.shape.wanted(),
                key.doc
            );
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out + "\n"
}

#[test]
fn the_manual_lists_exactly_the_tables() {
    let page = page();
    for (name, section) in [("functions", functions()), ("keys", known_keys())] {
        assert!(
            with_section(&page, name, &section) == page,
            "docs/scripting.md is not what the code says about {name}: \
             EDGEWISE_WRITE_DOCS=1 cargo test --lib the_manual_lists_exactly_the_tables"
        );
    }
}

#[test]
fn the_script_of_the_manual_runs() {
    let page = page();
    let begin = page.find("```python\n").unwrap() + "```python\n".len();
    let end = begin + page[begin..].find("```").unwrap();
    let script = script(&page[begin..end]);
    assert_eq!(describe(&script).unwrap().actions, ["deploy", "rollback"]);
    let config = json!({"binary": "/srv/greet-{version}", "token": {"env": "GREET_TOKEN"}});
    let draft = draft(&script, &context(&script, "deploy", &config)).unwrap();
    let names: Vec<&str> = draft.targets[0]
        .steps
        .iter()
        .map(|step| step.name.as_str())
        .collect();
    assert_eq!(
        names,
        [
            "binary",
            "settings",
            "pool_out",
            "drain",
            "switch",
            "restart",
            "http_check",
            "pool_in",
            "migrate"
        ]
    );
    assert_eq!(draft.targets[0].rollback.as_ref().unwrap().len(), 8);
}

#[test]
fn the_manual_names_every_attribute() {
    let page = page();
    for name in [
        "space",
        "project",
        "action",
        "config",
        "targets",
        "version",
        "reason",
        "user",
        "rollback",
        "name",
        "address",
        "port",
        "zone",
        "pools",
        "labels",
        "vars",
        "installed",
        "last_good",
    ] {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}
