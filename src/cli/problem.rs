//! The server's problem documents (RFC 9457), as sentences and exit codes.

use std::fmt::Write;

use serde::Deserialize;
use serde_json::Value;

use super::exit::{Exit, Failure};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: String,
    detail: String,
    request_id: String,
    errors: Vec<FieldProblem>,
    verdicts: Vec<Value>,
    holder: Option<Value>,
    quarantine: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct FieldProblem {
    field: String,
    message: String,
}

/// What an answer that is no success means for the person, and for the exit code.
#[must_use]
pub fn failure(status: u16, body: &str, had_token: bool) -> Failure {
    let problem: Problem = serde_json::from_str(body).unwrap_or_default();
    let mut message = match (problem.detail.as_str(), problem.title.as_str()) {
        ("", "") => format!("the server answered with the status {status}"),
        ("", title) => title.to_owned(),
        (detail, _) => detail.to_owned(),
    };
    // A quarantine's fault is the detail already.
    let errors = problem.errors.iter().filter(|_| problem.quarantine.is_none());
    for error in errors {
        let _ = write!(message, "\n  {}: {}", error.field, error.message);
    }
    for verdict in &problem.verdicts {
        let _ = write!(message, "\n{}", denied(verdict));
    }
    if let Some(holder) = &problem.holder {
        let _ = write!(message, "\n{}", held(holder));
    }
    match status {
        401 if had_token => message.push_str(
            "\nThe token in EDGEWISE_TOKEN is not (or no longer) valid. `edgewise token add` on the server's machine makes one.",
        ),
        401 => message.push_str(
            "\nPut a token into EDGEWISE_TOKEN. `edgewise token add NAME --space SPACE --role ROLE` on the server's machine makes one.",
        ),
        500.. if !problem.request_id.is_empty() => {
            let _ = write!(message, "\nThe server's log has more under the request id {}.", problem.request_id);
        }
        _ => {}
    }
    let refused = !problem.verdicts.is_empty() || problem.quarantine.is_some();
    Failure::new(exit_of(status, refused), message)
}

fn exit_of(status: u16, refused: bool) -> Exit {
    match status {
        401 | 403 | 409 | 423 => Exit::Refused,
        422 if refused => Exit::Refused,
        400 | 404 | 405 | 410 | 413 | 415 | 422 => Exit::Usage,
        429 | 502 | 503 | 504 => Exit::OutOfReach,
        _ => Exit::Failed,
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A denied command: target, step, the command, and for each rule the reason and what to write instead.
fn denied(verdict: &Value) -> String {
    let mut lines = format!(
        "  {} on {}: {}",
        text(verdict, "step"),
        text(verdict, "target"),
        text(verdict, "command")
    );
    let rules = verdict.get("rules").and_then(Value::as_array);
    for rule in rules.into_iter().flatten() {
        let _ = write!(lines, "\n    {}: {}", text(rule, "id"), text(rule, "reason"));
        let instead = text(rule, "instead");
        if !instead.is_empty() {
            let _ = write!(lines, "\n    instead: {instead}");
        }
    }
    let spared = verdict.get("not_applied").and_then(Value::as_array);
    for spared in spared.into_iter().flatten() {
        let (id, reason) = (text(spared, "id"), text(spared, "reason"));
        let _ = write!(lines, "\n    not applied, {id}: {reason}");
    }
    lines
}

fn held(holder: &Value) -> String {
    let targets = holder
        .get("targets")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    format!(
        "  held by action {} of {} since {}: {targets}\n  --queue waits behind it; `edgewise actions watch {}` shows it.",
        text(holder, "action"),
        text(holder, "actor"),
        text(holder, "since"),
        text(holder, "action"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::failure;

    #[test]
    fn each_status_has_its_exit_code() {
        let table = [
            (400, 2),
            (401, 5),
            (403, 5),
            (404, 2),
            (409, 5),
            (422, 2),
            (423, 5),
            (429, 7),
            (500, 1),
            (503, 7),
        ];
        for (status, code) in table {
            assert_eq!(failure(status, "{}", true).exit.code(), code, "{status}");
        }
    }

    #[test]
    fn a_denied_command_is_refused_and_says_what_to_write_instead() {
        let body = json!({"detail": "the sanitizer denied 1 command of the plan", "verdicts": [
            {"target": "web-1", "step": "clean", "command": "rm -rf /", "rules": [
                {"id": "fs.wipe-root", "reason": "removes everything", "instead": "rm -rf ./build"}],
             "not_applied": [{"id": "power.off", "reason": "its exception has ended"}]}]});
        let failure = failure(422, &body.to_string(), true);
        assert_eq!(failure.exit.code(), 5);
        assert_eq!(
            failure.message,
            "the sanitizer denied 1 command of the plan\n  clean on web-1: rm -rf /\n    fs.wipe-root: removes \
             everything\n    instead: rm -rf ./build\n    not applied, power.off: its exception has ended"
        );
    }

    #[test]
    fn a_lock_names_its_holder() {
        let body = json!({"title": "Held", "holder": {"action": "0190", "actor": "jdoe", "since": "now", "targets": ["a", "b"]}});
        let message = failure(409, &body.to_string(), true).message;
        assert!(
            message.starts_with("Held\n  held by action 0190 of jdoe since now: a, b\n"),
            "{message}"
        );
    }

    #[test]
    fn fields_at_fault_are_named() {
        let body =
            json!({"detail": "wrong", "errors": [{"field": "servers", "message": "name at least one"}]});
        assert_eq!(
            failure(422, &body.to_string(), true).message,
            "wrong\n  servers: name at least one"
        );
    }

    #[test]
    fn an_answer_of_something_else_is_no_riddle() {
        let failure = failure(502, "<html>Bad Gateway</html>", true);
        assert_eq!(failure.exit.code(), 7);
        assert_eq!(failure.message, "the server answered with the status 502");
    }
}
