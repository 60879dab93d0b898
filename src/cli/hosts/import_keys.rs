//! The keys of another file of known hosts, looked at first and added after a yes. A key that is another one than the
//! known one is never taken over.

use std::path::Path;

use serde_json::json;

use crate::cli::dialing;
use crate::cli::exit::{Exit, Failure};
use crate::cli::output::{Output, line, note, table};
use crate::cli::settings_args::SettingsArgs;
use crate::ssh::{Incoming, IncomingFate};

pub(super) async fn run(file: &Path, settings: &SettingsArgs, output: Output) -> Result<Exit, Failure> {
    let ssh = dialing::hosts(settings, None)?;
    let text = tokio::fs::read(file)
        .await
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
    let lines = ssh.compare_known_hosts(&String::from_utf8_lossy(&text));
    if output.is_json() {
        for incoming in &lines {
            let object = json!({"line": incoming.number, "names": incoming.names, "marker": incoming.marker,
                                "key_type": incoming.kind, "fingerprint": incoming.fingerprint,
                                "state": incoming.fate.as_str(), "known_at": incoming.fate.places()});
            line(&object.to_string())?;
        }
    } else {
        line(&shown(&lines))?;
    }
    let new: Vec<&Incoming> = lines
        .iter()
        .filter(|incoming| incoming.fate == IncomingFate::New)
        .collect();
    let changed = lines
        .iter()
        .filter(|incoming| matches!(incoming.fate, IncomingFate::Changed(_)))
        .count();
    if changed > 0 {
        note(&format!(
            "{changed} of these keys are not the ones that are known, and are left out: compare them, and remove the \
             known lines of hosts that were set up anew"
        ));
    }
    let end = if changed > 0 { Exit::Refused } else { Exit::Done };
    if new.is_empty() {
        note("there is nothing to add");
        return Ok(end);
    }
    let question = format!("Add {} new lines to {}?", new.len(), ssh.known_hosts_file());
    if !output.confirm(&question)? {
        note("nothing was added");
        return Ok(Exit::Refused);
    }
    let added = new.iter().map(|incoming| incoming.text.clone()).collect();
    let path = ssh
        .add_known_hosts(added)
        .await
        .map_err(|error| Failure::failed(error.to_string()))?;
    note(&format!("added {} lines to {path}", new.len()));
    Ok(end)
}

fn shown(lines: &[Incoming]) -> String {
    table(
        ["line", "state", "names", "key", "fingerprint", "known at"],
        lines.iter().map(|incoming| {
            let kind = [incoming.marker, incoming.kind.as_str()];
            let kind: Vec<&str> = kind.into_iter().filter(|word| !word.is_empty()).collect();
            [
                incoming.number.to_string(),
                incoming.fate.as_str().to_owned(),
                incoming.names.clone(),
                kind.join(" "),
                incoming.fingerprint.clone(),
                incoming.fate.places().join(", "),
            ]
        }),
    )
}
