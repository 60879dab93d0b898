//! The action's own story in its log: what happened and what was decided, in words.

use std::sync::Arc;

use crate::app::planning::asked;
use crate::app::ports::HeldUp;
use crate::app::telling::logged_name;
use crate::domain::action::{TargetState, WaitingFor};
use crate::domain::analysis::Measurement;
use crate::domain::log_entry::StepRecord;
use crate::domain::log_event::LogEvent;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Decision, Event, Rollout, Steer, StepState, Way};
use crate::store::FoundBad;

use super::attempts::log_host;
use super::journal::{About, Journal};

/// Writes what an event means, and what the engine decided on it.
pub(super) fn tell(journal: &Journal, rollout: &Rollout, event: &Event, decisions: Vec<Decision>) {
    if let Some((about, text)) = of_event(journal, rollout, event) {
        journal.story(kind_of(event), about, &text);
    }
    let end = format!("end {}", rollout.status());
    for decision in decisions {
        let kind = match decision.what.as_str() {
            what if what == end => LogEvent::Result,
            what if what.starts_with("gate ") => LogEvent::Gate,
            _ => LogEvent::Decision,
        };
        let text = if decision.why.is_empty() {
            decision.what
        } else {
            format!("{}: {}", decision.what, decision.why)
        };
        journal.story(kind, About::default(), &text);
    }
}

/// Which versions nobody is to deploy any more.
pub(super) fn found_bad(journal: &Journal, found: &[FoundBad]) {
    for FoundBad {
        version,
        environment,
        why,
        ..
    } in found
    {
        let text = format!("version {version} is in quarantine in {environment}: {why}");
        journal.story(LogEvent::Decision, About::default(), &text);
    }
}

/// What the sanitizer said of the plan's commands: what it denies is never accepted as an action.
pub(super) fn verdicts(journal: &Journal, event: &Event) {
    let Event::Created { needs_approval, .. } = event else {
        return;
    };
    let text = if needs_approval.is_empty() {
        "the sanitizer allows every command of the plan".to_owned()
    } else {
        format!("the sanitizer asks about {}", needs_approval.join("; "))
    };
    journal.story(LogEvent::Verdict, About::default(), &text);
}

/// What the action waits for now, where that is another thing than before.
pub(super) fn waiting(journal: &Journal, before: Option<&WaitingFor>, now: Option<&WaitingFor>) {
    let same = |a: &WaitingFor, b: &WaitingFor| a.kind == b.kind && a.since == b.since;
    match (before, now) {
        (_, Some(now)) if before.is_none_or(|before| !same(before, now)) => {
            let text = format!("waits: {}; {}", now.detail, now.unblock);
            journal.story(LogEvent::Waiting, About::default(), &text);
        }
        (Some(_), None) => journal.story(LogEvent::Resumed, About::default(), "waits no longer"),
        _ => {}
    }
}

/// What the sanitizer said that an approval before the start is about; nothing where it is about a gate.
fn approved(rollout: &Rollout) -> String {
    let begun = rollout
        .targets()
        .any(|target| target.state != TargetState::Pending);
    let asked = asked(rollout.plan());
    if begun || asked.is_empty() {
        return String::new();
    }
    format!("; the sanitizer asked about {}", asked.join("; "))
}

/// That targets wait for a connection, or no longer do.
pub(super) fn held_up(held_up: Option<HeldUp>) -> String {
    match held_up {
        Some(HeldUp { waiting: 1, places }) => format!(
            "a target waits for a connection: all {places} that may be open at once are in use (ssh.max_connections)"
        ),
        Some(HeldUp { waiting, places }) => format!(
            "{waiting} targets wait for a connection: all {places} that may be open at once are in use (ssh.max_connections)"
        ),
        None => "no target waits for a connection any more".to_owned(),
    }
}

/// That the server stops while so many steps are under way.
pub(super) fn stopping(steps: usize) -> String {
    let steps = under_way(steps);
    format!("the server is stopping: {steps} may come to an end, and nothing new is begun")
}

/// That it did not wait for so many steps any longer.
pub(super) fn handed_over(steps: usize) -> String {
    let steps = under_way(steps);
    format!("handed over to the next server with {steps}: what runs on a host goes on there")
}

fn under_way(steps: usize) -> String {
    match steps {
        1 => "a step under way".to_owned(),
        steps => format!("{steps} steps under way"),
    }
}

/// What the entry of an event tells of.
fn kind_of(event: &Event) -> LogEvent {
    match event {
        Event::Created { .. } => LogEvent::Asked,
        Event::StepStarted { .. } | Event::StepEnded { .. } => LogEvent::Step,
        Event::HostsChecked { .. } => LogEvent::HostCheck,
        Event::Steered {
            steer: Steer::Approve | Steer::Reject,
            ..
        } => LogEvent::Approval,
        Event::Steered { .. } => LogEvent::Steering,
        Event::LeasesHeld { .. } | Event::LeasesTaken => LogEvent::Lease,
        Event::PoolsSeen { .. } | Event::PoolsCounted { .. } | Event::PoolsUnknown { .. } => LogEvent::Pool,
        Event::Measured { .. } => LogEvent::Gate,
        Event::QueueReached => LogEvent::Resumed,
        Event::QueueMoved { .. } => LogEvent::Waiting,
        Event::TimerFired { .. } => LogEvent::Decision,
    }
}

fn of_event(journal: &Journal, rollout: &Rollout, event: &Event) -> Option<(About, String)> {
    match event {
        Event::StepEnded {
            target,
            way,
            step,
            attempt,
            result,
        } => {
            let number = rollout.place_of(target.as_str())?;
            let planned = rollout.plan().targets.get(number)?;
            let place = *step as usize;
            let progress = rollout.target(target.as_str())?;
            let (step, seen) = match way {
                Way::Forth => (planned.steps.get(place)?, progress.forth.get(place)?),
                Way::Back => (
                    rollout.way_back(number)?.steps.get(place)?,
                    progress.back.get(place)?,
                ),
            };
            let record = StepRecord {
                method: step.work.kind().to_owned(),
                status: StepState::of(result.outcome).as_str().to_owned(),
                batch: Some(planned.batch),
                started: seen.started_at,
                ended: seen.ended_at?,
                error: result.error.as_deref().map(|error| journal.masked(error)),
            };
            let about = About {
                target: Some(target.clone()),
                step: Some(logged_name(&step.name, *way)),
                stage: Some(planned.stage.clone()),
                attempt: Some(*attempt),
                host: Some(Arc::new(log_host(&planned.target))),
                outcome: Some(result.outcome),
                exit_code: result.exit_code,
                run: Some(Box::new(record)),
                ..About::default()
            };
            let again = if *attempt > 1 {
                format!(" at attempt {attempt}")
            } else {
                String::new()
            };
            let text = match &result.error {
                Some(error) => format!("{}{again}: {error}", result.outcome),
                None => format!("{}{again}", result.outcome),
            };
            Some((about, text))
        }
        Event::HostsChecked { unfit } if unfit.is_empty() => Some((
            About::default(),
            format!("all {} targets can be worked with", rollout.plan().targets.len()),
        )),
        Event::HostsChecked { unfit } => {
            let reasons: Vec<String> = unfit
                .iter()
                .map(|(name, outcome, why)| format!("{name}: {outcome}: {why}"))
                .collect();
            Some((About::default(), format!("not fit: {}", reasons.join("; "))))
        }
        Event::Steered { steer, by, reason } => {
            let why = if reason.is_empty() {
                String::new()
            } else {
                format!(": {reason}")
            };
            let approved = if *steer == Steer::Approve {
                approved(rollout)
            } else {
                String::new()
            };
            Some((
                About::default(),
                format!("{by} said {}{why}{approved}", steer.as_str()),
            ))
        }
        Event::LeasesHeld { holder, targets } => {
            let names: Vec<&str> = targets.iter().map(TargetName::as_str).collect();
            Some((
                About::default(),
                format!("action {holder} holds {}", names.join(", ")),
            ))
        }
        Event::PoolsUnknown { target, error } => Some((
            About {
                target: Some(target.clone()),
                ..About::default()
            },
            error.clone(),
        )),
        Event::Measured { result, .. } => match result {
            Measurement::NoData { detail } | Measurement::Unreachable { detail } => {
                Some((About::default(), detail.clone()))
            }
            Measurement::Value { .. } => None,
        },
        Event::Created { .. }
        | Event::QueueReached
        | Event::QueueMoved { .. }
        | Event::LeasesTaken
        | Event::PoolsSeen { .. }
        | Event::PoolsCounted { .. }
        | Event::StepStarted { .. }
        | Event::TimerFired { .. } => None,
    }
}
