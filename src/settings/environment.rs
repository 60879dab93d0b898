//! Settings from the environment. Only names with a double underscore are settings.

use std::collections::BTreeMap;

use super::error::SettingsError;
use super::keys::{Hidden, KEYS, SettingKey};
use super::layer::{Layer, Origin, of_text};

/// The variables of a process, as text.
pub(super) type Variables = BTreeMap<String, String>;

/// Reads `EDGEWISE_<SECTION>__<KEY>`, and `..._FILE` for secrets. An empty variable counts as unset.
pub(super) fn of_environment(variables: &Variables) -> Result<Layer, Vec<SettingsError>> {
    let mut layer = Layer::new();
    let mut errors = Vec::new();
    for (name, text) in variables {
        let Some(rest) = name.strip_prefix("EDGEWISE_") else {
            continue;
        };
        if !rest.contains("__") || text.is_empty() {
            continue;
        }
        let origin = Origin::Variable(name.clone());
        let value = match key_of(name) {
            None => Err(SettingsError::Unknown {
                at: "environment".to_owned(),
                key: name.clone(),
                nearest: nearest(rest),
            }),
            Some((key, false)) => of_text(key, text, &origin).map(|value| (key, value)),
            Some((key, true)) => read(text, name)
                .and_then(|content| of_text(key, content.trim_end_matches(['\r', '\n']), &origin))
                .map(|value| (key, value)),
        };
        match value {
            Ok((key, value)) => {
                layer.insert(key.path, (value, origin));
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(layer) } else { Err(errors) }
}

/// A secret that is no setting of a section: from the variable `name`, or from the file that `<name>_FILE` names.
pub(super) fn secret(variables: &Variables, name: &str) -> Result<Option<String>, SettingsError> {
    if let Some(value) = variables.get(name).filter(|value| !value.is_empty()) {
        return Ok(Some(value.clone()));
    }
    let file = format!("{name}_FILE");
    variables
        .get(&file)
        .filter(|path| !path.is_empty())
        .map(|path| read(path, &file).map(|text| text.trim_end_matches(['\r', '\n']).to_owned()))
        .transpose()
}

/// The setting of a variable, and whether the variable names a file that holds it.
fn key_of(variable: &str) -> Option<(&'static SettingKey, bool)> {
    KEYS.iter().find_map(|key| {
        let own = key.variable();
        if variable == own {
            Some((key, false))
        } else if key.hidden != Hidden::Nothing && variable.strip_suffix("_FILE") == Some(&own) {
            Some((key, true))
        } else {
            None
        }
    })
}

fn nearest(rest: &str) -> Option<String> {
    let path = rest.replacen("__", ".", 1).to_lowercase();
    let path = path.strip_suffix("_file").unwrap_or(&path);
    SettingKey::nearest(path)
        .and_then(SettingKey::find)
        .map(SettingKey::variable)
}

fn read(path: &str, named_by: &str) -> Result<String, SettingsError> {
    std::fs::read_to_string(path).map_err(|error| SettingsError::Unreadable {
        path: path.into(),
        named_by: named_by.to_owned(),
        reason: error.to_string(),
    })
}
