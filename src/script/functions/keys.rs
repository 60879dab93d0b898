//! Declaring configuration keys.

use crate::domain::config::{KeySpec, KeyType};
use crate::script::function::{Call, Kind, Literal, Param, Rest, ScriptFunction};
use crate::script::given::Given;
use crate::script::value::Made;

pub(super) const FUNCTIONS: &[ScriptFunction] = &[
    ScriptFunction {
        name: "key",
        params: &[
            Param::required("type", Kind::KeyType),
            Param::with_default("default", Kind::Json, Literal::None),
            Param::with_default("required", Kind::Flag, Literal::Flag(false)),
            Param::with_default("overridable", Kind::Flag, Literal::Flag(false)),
            Param::with_default("secret", Kind::Flag, Literal::Flag(false)),
            Param::with_default("doc", Kind::Text, Literal::Text("")),
        ],
        rest: Rest::None,
        doc: "Declares a configuration key, as a value of the dict `KEYS`. Types are `\"string\"`, `\"integer\"`, \
              `\"number\"`, `\"boolean\"`, `\"list\"`, `\"map\"` or `one_of(...)`. A `required` key must be given by the \
              environment, the project or the request; an `overridable` one may be given by the request; a `secret` \
              one holds `{\"env\": NAME}` or `{\"file\": PATH}` in the configuration, and may be used in `run(env=...)` \
              and `upload(content=...)` only, and is never overridable. A key without a default that nobody gives is `None`.",
        call: Call::Make(key),
    },
    ScriptFunction {
        name: "one_of",
        params: &[],
        rest: Rest::Texts("words"),
        doc: "The type of a key that is one of these strings.",
        call: Call::Make(one_of),
    },
];

fn key(given: &Given<'_, '_>) -> Result<Made, String> {
    let spec = KeySpec {
        name: String::new(),
        key_type: given.key_type("type"),
        default: given.json("default"),
        required: given.flag("required"),
        overridable: given.flag("overridable"),
        secret: given.flag("secret"),
        doc: given.text("doc"),
    };
    if let Some(default) = &spec.default {
        if spec.secret {
            return Err("a secret has no default: its value is never in a script".to_owned());
        }
        if spec.required {
            return Err("a required key has no default: nobody would see it".to_owned());
        }
        spec.key_type
            .check(default)
            .map_err(|why| format!("the default {why}"))?;
    }
    if spec.secret && spec.overridable {
        // Or whoever may act could read any file of the server's, by name.
        return Err("a secret is not overridable: a request may not say where it is read from".to_owned());
    }
    if spec.secret && spec.key_type != KeyType::String {
        return Err("a secret is a \"string\"".to_owned());
    }
    Ok(Made::Key(spec))
}

fn one_of(given: &Given<'_, '_>) -> Result<Made, String> {
    let words = given.texts();
    if words.is_empty() {
        return Err("wants at least one string".to_owned());
    }
    if let Some(twice) = words
        .iter()
        .enumerate()
        .find_map(|(place, word)| words[..place].contains(word).then_some(word))
    {
        return Err(format!("\"{twice}\" is given twice"));
    }
    Ok(Made::KeyType(KeyType::OneOf(words.to_vec())))
}
