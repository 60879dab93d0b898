//! Secrets of configurations, by reference: `{"env": "NAME"}` or `{"file": "PATH"}`.

use serde_json::Value;

use crate::app::ports::Secrets;

/// Reads them from the environment and the files of the machine the server runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct MachineSecrets;

impl Secrets for MachineSecrets {
    fn resolve(&self, reference: &Value) -> Result<String, String> {
        let wrong = || "a secret is given as {\"env\": \"NAME\"} or {\"file\": \"PATH\"}".to_owned();
        let map = reference
            .as_object()
            .filter(|map| map.len() == 1)
            .ok_or_else(wrong)?;
        let (kind, name) = map.iter().next().ok_or_else(wrong)?;
        let name = name.as_str().ok_or_else(wrong)?;
        match kind.as_str() {
            "env" => std::env::var(name)
                .map_err(|_| format!("the variable {name} is not set where the server runs")),
            "file" => std::fs::read_to_string(name)
                .map(|text| text.trim_end_matches(['\r', '\n']).to_owned())
                .map_err(|error| format!("the file {name} cannot be read where the server runs: {error}")),
            _ => Err(wrong()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{MachineSecrets, Secrets};

    #[test]
    fn a_file_is_read_without_its_last_line_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n").unwrap();
        let read = MachineSecrets.resolve(&json!({"file": file.path()}));
        assert_eq!(read.as_deref(), Ok("s3cret"));
    }

    #[test]
    fn what_is_no_reference_is_refused_without_repeating_it() {
        for wrong in [
            json!("hunter2"),
            json!({"env": 1}),
            json!({"value": "hunter2"}),
            json!({"env": "A", "file": "B"}),
            json!({}),
        ] {
            let message = MachineSecrets.resolve(&wrong).unwrap_err();
            assert!(message.contains("is given as"), "{message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        let message = MachineSecrets
            .resolve(&json!({"env": "EDGEWISE_NO_SUCH_VARIABLE"}))
            .unwrap_err();
        assert!(
            message.contains("EDGEWISE_NO_SUCH_VARIABLE is not set"),
            "{message}"
        );
    }
}
