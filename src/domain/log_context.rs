//! Whose action a log entry belongs to, and which machine it speaks of.

use serde::{Deserialize, Serialize};

use super::mask::Masked;

/// What is the same for all entries of an action, and what somebody asks the log by who does not know the action's id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogContext {
    /// Who asked for the action: `user:jdoe`, `token:ci` and so on.
    pub actor: Masked,
    /// On whose behalf, as the actor said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Masked>,
    /// The script's function: `deploy`, `restart` and so on.
    pub name: String,
    /// The space.
    pub space: String,
    /// The project.
    pub project: String,
    /// The project's environment.
    pub environment: String,
    /// The version it installs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Masked>,
    /// The hash of the plan.
    pub plan_hash: String,
    /// The trace that the caller's request was part of: of its `traceparent`, else its `X-Correlation-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<Masked>,
    /// The caller's `X-Correlation-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_id: Option<Masked>,
}

/// The machine behind a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogHost {
    /// Where it answers.
    pub address: String,
    /// Its port for SSH, where one is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// The trace id of a `traceparent` (W3C Trace Context, section 3.2.2): 32 hexadecimal digits, not all of them 0.
#[must_use]
pub fn trace_id_of(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.trim().split('-');
    let version = parts.next()?;
    let id = parts.next()?;
    let hex = |text: &str, length: usize| {
        text.len() == length
            && text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    let whole = hex(version, 2) && version != "ff" && hex(id, 32) && id.bytes().any(|b| b != b'0');
    (whole && hex(parts.next()?, 16)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::trace_id_of;

    #[test]
    fn a_trace_id_is_taken_only_from_a_whole_traceparent() {
        let id = "4bf92f3577b34da6a3ce929d0e0e4736";
        let table = [
            (format!("00-{id}-00f067aa0ba902b7-01"), Some(id)),
            (format!(" 00-{id}-00f067aa0ba902b7-01-later "), Some(id)),
            (format!("ff-{id}-00f067aa0ba902b7-01"), None),
            (format!("00-{id}"), None),
            (format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)), None),
            (format!("00-{}-00f067aa0ba902b7-01", id.to_uppercase()), None),
            ("nonsense".to_owned(), None),
            (String::new(), None),
        ];
        for (text, expected) in table {
            assert_eq!(trace_id_of(&text), expected, "{text}");
        }
    }
}
