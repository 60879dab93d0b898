//! The JSON Schema of a project's configuration, from what is known and what the script declares.

use serde_json::{Map, Value, json};

use super::{KNOWN_KEYS, KeySpec};

/// A schema (draft 2020-12) that the merged configuration of every project with such a script fulfils.
#[must_use]
pub fn json_schema(keys: &[KeySpec]) -> Value {
    let mut properties = Map::new();
    for known in KNOWN_KEYS {
        let mut schema = known.shape.schema();
        schema["description"] = json!(known.doc);
        properties.insert(known.name.to_owned(), schema);
    }
    for spec in keys {
        let mut schema = if spec.secret {
            json!({"oneOf": [reference("env"), reference("file")]})
        } else {
            spec.key_type.schema()
        };
        schema["description"] = json!(spec.doc);
        if let Some(default) = &spec.default {
            schema["default"] = default.clone();
        }
        properties.insert(spec.name.clone(), schema);
    }
    let required: Vec<&str> = keys
        .iter()
        .filter(|spec| spec.required)
        .map(|spec| spec.name.as_str())
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn reference(kind: &str) -> Value {
    let mut properties = Map::new();
    properties.insert(kind.to_owned(), json!({"type": "string", "minLength": 1}));
    json!({
        "type": "object",
        "properties": properties,
        "required": [kind],
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::json_schema;
    use crate::domain::config::{KeySpec, KeyType};
    use serde_json::json;

    #[test]
    fn a_schema_says_what_the_script_declares() {
        let schema = json_schema(&[
            KeySpec {
                name: "dir".to_owned(),
                key_type: KeyType::String,
                default: Some(json!("/opt/app")),
                required: false,
                overridable: false,
                secret: false,
                doc: "where".to_owned(),
            },
            KeySpec {
                name: "token".to_owned(),
                key_type: KeyType::String,
                default: None,
                required: true,
                overridable: false,
                secret: true,
                doc: "of the registry".to_owned(),
            },
        ]);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(
            schema["properties"]["dir"],
            json!({"type": "string", "description": "where", "default": "/opt/app"})
        );
        assert_eq!(schema["required"], json!(["token"]));
        assert_eq!(
            schema["properties"]["token"]["oneOf"][0]["required"],
            json!(["env"])
        );
        assert_eq!(schema["properties"]["inpool_threshold"]["maximum"], 100);
        assert_eq!(schema["additionalProperties"], false);
    }
}
