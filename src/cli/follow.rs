//! Follows an action to its end: one line a change on standard error, its final state on standard output.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use serde_json::Value;

use super::actions::{LogFilter, Sieve};
use super::client::Server;
use super::event_stream::{EventReader, ServerEvent};
use super::exit::{Exit, Failure};
use super::output::{Output, Paint, line, note, painted};
use super::show;
use crate::app::view::{ActionSummary, ActionView, LogView, TargetView};
use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::timestamp::Timestamp;

/// How to follow.
#[derive(Debug, Clone, Copy, Default)]
pub struct Following {
    /// Log lines too.
    pub logs: bool,
    /// Give up after so long; the action goes on.
    pub timeout: Option<Duration>,
}

/// A server says something every 15 s, if only that it is there: one that says nothing for so long is gone, or the
/// way to it is.
const SILENCE: Duration = Duration::from_secs(45);

/// A server that cannot be reached for so many tries in a row (with waits of 1 to 5 s between) is given up.
const TRIES: u32 = 15;

/// Follows until the action ends, this command gives up, or Ctrl-C.
pub async fn follow(server: &Server, id: &str, output: Output, how: Following) -> Result<Exit, Failure> {
    let mut watch = Watch::new(how.logs);
    let ended = {
        let events = watch_events(server, id, &mut watch);
        tokio::pin!(events);
        let deadline = async {
            match how.timeout {
                Some(timeout) => tokio::time::sleep(timeout).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = &mut events => Some(ended?),
            () = deadline => None,
            signal = tokio::signal::ctrl_c() => {
                signal.map_err(|error| Failure::failed(format!("cannot wait for Ctrl-C: {error}")))?;
                note(&format!("interrupted; the action goes on: edgewise actions watch {id}"));
                return Ok(Exit::Interrupted);
            }
        }
    };
    let Some(raw) = ended else {
        note(&format!(
            "gave up waiting; the action goes on: edgewise actions watch {id}"
        ));
        return Ok(Exit::GaveUp);
    };
    let view = show::action_of(&raw)?;
    output.print(&raw, || show::action(&view))?;
    Ok(Exit::of_action(view.summary.status, watch.waited_for_approval))
}

/// Prints the log of an action as it comes, from its beginning to the end of the action, or Ctrl-C. What the filter lets
/// through goes to standard output.
pub async fn log(server: &Server, id: &str, filter: &LogFilter, output: Output) -> Result<Exit, Failure> {
    let mut printer = LogPrinter {
        sieve: filter.sieve()?,
        output,
        failure: None,
    };
    tokio::select! {
        ended = watch_events(server, id, &mut printer) => ended?,
        signal = tokio::signal::ctrl_c() => {
            signal.map_err(|error| Failure::failed(format!("cannot wait for Ctrl-C: {error}")))?;
            return Ok(Exit::Interrupted);
        }
    };
    match printer.failure {
        Some(failure) => Err(failure),
        None => Ok(Exit::Done),
    }
}

/// One who is told what happens to an action.
trait Listener {
    /// Something happened.
    fn event(&mut self, event: &ServerEvent);
    /// The action as it is now.
    fn action(&mut self, view: &ActionView);
    /// Nothing more is wanted.
    fn is_over(&self) -> bool;
}

/// Prints log entries.
struct LogPrinter {
    sieve: Sieve,
    output: Output,
    /// Why nothing more can be printed.
    failure: Option<Failure>,
}

impl Listener for LogPrinter {
    fn event(&mut self, event: &ServerEvent) {
        if event.name != "log" || self.failure.is_some() {
            return;
        }
        // An entry that this version cannot read is passed over.
        let Ok(entry) = serde_json::from_str::<LogView>(&event.data) else {
            return;
        };
        if self.sieve.lets(&entry) {
            let printed = if self.output.is_json() {
                line(&event.data)
            } else {
                line(&show::log_line(&entry))
            };
            self.failure = printed.err();
        }
    }

    fn action(&mut self, _view: &ActionView) {}

    fn is_over(&self) -> bool {
        self.failure.is_some()
    }
}

/// Reads events, reconnecting where they break off, until the action is over; then the action itself.
async fn watch_events(server: &Server, id: &str, watch: &mut impl Listener) -> Result<Value, Failure> {
    let mut reader = EventReader::default();
    let mut failures = 0;
    loop {
        let read_some = match read_events(server, id, &mut reader, watch).await {
            Ok(read_some) => read_some,
            Err(failure) if failure.exit == Exit::OutOfReach => false,
            Err(failure) => return Err(failure),
        };
        // A stream that ended may have ended with the action, or with the connection: the action itself says which.
        match server.get(&format!("/api/v1/actions/{id}"), &[]).await {
            Ok(raw) => {
                let view = show::action_of(&raw)?;
                watch.action(&view);
                if view.summary.status.is_final() {
                    return Ok(raw);
                }
                failures = if read_some { 0 } else { failures + 1 };
            }
            Err(failure) if failure.exit == Exit::OutOfReach => {
                failures += 1;
                if failures == 1 {
                    note(&failure.message);
                }
                if failures >= TRIES {
                    return Err(failure);
                }
            }
            Err(failure) => return Err(failure),
        }
        reader.reconnected();
        tokio::time::sleep(Duration::from_secs(u64::from(failures.clamp(1, 5)))).await;
    }
}

/// Reads one connection's events to its end; whether there were any.
async fn read_events(
    server: &Server,
    id: &str,
    reader: &mut EventReader,
    watch: &mut impl Listener,
) -> Result<bool, Failure> {
    let mut request = server
        .request(Method::GET, &format!("/api/v1/actions/{id}/events"))
        .header("Accept", "text/event-stream");
    if let Some(last) = reader.last_id() {
        request = request.header("Last-Event-ID", last);
    }
    let bytes = server.send(request).await?.bytes_stream();
    Ok(read_stream(bytes, SILENCE, reader, watch).await)
}

/// Reads until the stream ends, breaks off, or says nothing for `silence`; whether there were any events.
async fn read_stream<E>(
    bytes: impl Stream<Item = Result<Bytes, E>>,
    silence: Duration,
    reader: &mut EventReader,
    watch: &mut impl Listener,
) -> bool {
    let mut bytes = std::pin::pin!(bytes);
    let mut read_some = false;
    while let Ok(Some(Ok(chunk))) = tokio::time::timeout(silence, bytes.next()).await {
        for event in reader.push(&chunk) {
            read_some = true;
            watch.event(&event);
            if watch.is_over() {
                return true;
            }
        }
    }
    read_some
}

/// What was last said of each thing, so that only changes are said.
struct Watch {
    logs: bool,
    status: Option<ActionStatus>,
    waiting: Option<String>,
    stages: BTreeMap<String, String>,
    targets: BTreeMap<String, TargetState>,
    waited_for_approval: bool,
}

impl Watch {
    fn new(logs: bool) -> Self {
        Self {
            logs,
            status: None,
            waiting: None,
            stages: BTreeMap::new(),
            targets: BTreeMap::new(),
            waited_for_approval: false,
        }
    }
}

impl Listener for Watch {
    fn is_over(&self) -> bool {
        self.status.is_some_and(ActionStatus::is_final)
    }

    /// Events that this version does not know, or cannot read, are passed over.
    fn event(&mut self, event: &ServerEvent) {
        match event.name.as_str() {
            "action" => {
                if let Ok(view) = serde_json::from_str::<ActionView>(&event.data) {
                    self.action(&view);
                }
            }
            "summary" => {
                if let Ok(summary) = serde_json::from_str::<ActionSummary>(&event.data) {
                    self.summary(&summary);
                }
            }
            "target" => {
                if let Ok(view) = serde_json::from_str::<TargetView>(&event.data) {
                    self.target(&view);
                }
            }
            "step" => {
                if let Ok(step) = serde_json::from_str::<Value>(&event.data) {
                    step_line(&step);
                }
            }
            "log" if self.logs => {
                if let Ok(log) = serde_json::from_str::<LogView>(&event.data) {
                    note(&show::log_line(&log));
                }
            }
            _ => {}
        }
    }

    fn action(&mut self, view: &ActionView) {
        for stage in &view.stages {
            let before = self.stages.insert(stage.label.clone(), stage.status.clone());
            if before.as_deref() != Some(&stage.status) && stage.status != "pending" {
                let targets = show::count(stage.targets.len(), "target");
                say(
                    "stage",
                    &stage.label,
                    &format!("{} ({targets})", stage.status),
                    Paint::Faint,
                );
            }
        }
        for target in &view.targets {
            self.target(target);
        }
        self.summary(&view.summary);
    }
}

impl Watch {
    fn summary(&mut self, summary: &ActionSummary) {
        let status = summary.status;
        let waiting = summary.waiting_for.as_ref();
        let detail = waiting.map(|waiting| format!("{} {}", waiting.detail, waiting.unblock));
        if self.status != Some(status) || (detail.is_some() && self.waiting != detail) {
            let text = match &detail {
                Some(detail) => format!("{status}: {}", detail.trim_end()),
                None => status.to_string(),
            };
            say("action", &summary.action, &text, show::paint_of_status(status));
        }
        self.waited_for_approval = waiting.is_some_and(|waiting| waiting.kind == WaitKind::Approval)
            || (self.waited_for_approval && status.is_final());
        self.status = Some(status);
        self.waiting = detail;
    }

    fn target(&mut self, target: &TargetView) {
        let before = self.targets.insert(target.name.clone(), target.state);
        if before == Some(target.state) || (before.is_none() && target.state == TargetState::Pending) {
            return;
        }
        let text = match &target.error {
            Some(error) => format!("{}: {error}", target.state),
            None => target.state.to_string(),
        };
        say("target", &target.name, &text, show::paint_of_target(target.state));
    }
}

/// Steps are said when they went wrong; those that went well show in their target.
fn step_line(step: &Value) {
    let text = |key: &str| step.get(key).and_then(Value::as_str).unwrap_or_default();
    let state = text("state");
    if matches!(state, "pending" | "running" | "succeeded" | "skipped") {
        return;
    }
    let name = format!("{} {}", text("target"), text("name"));
    say("step", &name, &format!("{state} {}", text("error")), Paint::Bad);
}

fn say(kind: &str, name: &str, text: &str, paint: Paint) {
    let now = jiff::Timestamp::now().as_millisecond();
    let time = Timestamp::from_millis(now).to_string();
    let clock = time.get(11..19).unwrap_or_default();
    note(&format!(
        "{} {kind} {name} {}",
        painted(clock, Paint::Faint),
        painted(text.trim_end(), paint)
    ));
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use bytes::Bytes;
    use futures_util::{StreamExt, stream};

    use super::{EventReader, Watch, read_stream};

    #[tokio::test]
    async fn a_connection_that_died_without_a_word_is_left() {
        let said = Bytes::from_static(b"event: step\nid: 4\ndata: {}\n\n");
        let dead = stream::iter([Ok::<_, Infallible>(said)]).chain(stream::pending());
        let mut reader = EventReader::default();
        // It ends at all: nothing else would end it.
        let read_some = read_stream(
            dead,
            Duration::from_millis(1),
            &mut reader,
            &mut Watch::new(false),
        )
        .await;
        assert!(read_some);
        assert_eq!(reader.last_id(), Some("4"));
    }
}
