//! The action's own story in its log: what happened and what was decided, in words.

use std::sync::Arc;

use crate::app::planning::asked;
use crate::app::ports::HeldUp;
use crate::app::telling::logged_name;
use crate::domain::action::{TargetState, WaitingFor};
use crate::domain::actor::Actor;
use crate::domain::analysis::Measurement;
use crate::domain::log_entry::{LogLevel, LogStream, StepRecord};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::Masker;
use crate::domain::name::TargetName;
use crate::domain::rollout::{Decision, Effect, Event, Refused, Rollout, Steer, StepState, Way};
use crate::store::FrozenAction;

use super::attempts::log_host;
use super::journal::About;

/// One entry that an event brings with it into the log.
pub(super) struct Told {
    pub(super) level: LogLevel,
    pub(super) stream: LogStream,
    pub(super) event: LogEvent,
    pub(super) about: About,
    pub(super) text: String,
}

impl Told {
    /// An entry about the action itself.
    fn of_action(event: LogEvent, text: String) -> Self {
        Self::story(event, About::default(), text)
    }

    fn story(event: LogEvent, about: About, text: String) -> Self {
        Self {
            level: LogLevel::Basic,
            stream: LogStream::Story,
            event,
            about,
            text,
        }
    }
}

/// What the events of an action bring into its log, one after another: the same each time they are applied, so that what a
/// server that died did not write is made again by the next one, entry by entry.
pub(super) struct Story {
    action: Arc<FrozenAction>,
    masker: Arc<Masker>,
    /// What the log says that the action waits for.
    waiting: Option<WaitingFor>,
}

impl Story {
    pub(super) fn new(action: Arc<FrozenAction>, masker: Arc<Masker>) -> Self {
        Self {
            action,
            masker,
            waiting: None,
        }
    }

    /// What an event means that the engine took, what it decided on it, and what the action waits for then.
    pub(super) fn of(
        &mut self,
        rollout: &Rollout,
        event: &Event,
        effects: &[Effect],
        decisions: Vec<Decision>,
    ) -> Vec<Told> {
        let mut told = Vec::new();
        if let Event::Created { needs_approval, .. } = event {
            told.push(beginning(&self.action));
            told.push(verdict(needs_approval));
        }
        if let Some((about, text)) = of_event(&self.masker, rollout, event) {
            told.push(Told::story(kind_of(event), about, text));
        }
        told.extend(command(rollout, event));
        let end = format!("end {}", rollout.status());
        told.extend(decisions.into_iter().map(|decision| {
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
            Told::of_action(kind, text)
        }));
        let environment = &self.action.record.environment;
        told.extend(effects.iter().filter_map(|effect| {
            let Effect::Quarantine { version, why } = effect else {
                return None;
            };
            let text = format!("version {version} is in quarantine in {environment}: {why}");
            Some(Told::of_action(LogEvent::Decision, text))
        }));
        told.extend(self.waits(rollout));
        told
    }

    /// A word that the engine refused although it was asked for: who said it, and why nothing came of it.
    pub(super) fn of_refused(event: &Event, refused: &Refused) -> Vec<Told> {
        let text = match event {
            Event::Steered { steer, by, reason } => {
                format!("{}, and nothing came of it: {refused}", said(steer, by, reason))
            }
            _ => return Vec::new(),
        };
        vec![Told::of_action(kind_of(event), text)]
    }

    /// What the action waits for now, where that is another thing than the log says.
    pub(super) fn waits(&mut self, rollout: &Rollout) -> Option<Told> {
        let same = |a: &WaitingFor, b: &WaitingFor| a.kind == b.kind && a.since == b.since;
        let now = rollout.waiting_for();
        let before = std::mem::replace(&mut self.waiting, now);
        match (before, &self.waiting) {
            (before, Some(now)) if before.as_ref().is_none_or(|before| !same(before, now)) => {
                let text = format!("waits: {}; {}", now.detail, now.unblock);
                Some(Told::of_action(LogEvent::Waiting, text))
            }
            (Some(_), None) => Some(Told::of_action(LogEvent::Resumed, "waits no longer".to_owned())),
            _ => None,
        }
    }

    /// The same, where the log is to say it once more: for who reads on after a server took the action up.
    pub(super) fn waits_still(&mut self, rollout: &Rollout) -> Option<Told> {
        self.waiting = None;
        self.waits(rollout)
    }
}

/// Who asked for what.
fn beginning(action: &FrozenAction) -> Told {
    let record = &action.record;
    let version = record
        .version
        .as_ref()
        .map(|version| format!(" of {version}"))
        .unwrap_or_default();
    let behalf = record
        .on_behalf
        .as_ref()
        .map(|user| format!(" for {user}"))
        .unwrap_or_default();
    let why = record
        .reason
        .as_ref()
        .map(|reason| format!(": {reason}"))
        .unwrap_or_default();
    let text = format!(
        "{} asked{behalf} for {}{version} on {} targets of {}/{} (plan {}){why}",
        record.actor,
        record.action,
        action.plan.targets.len(),
        record.space,
        record.project,
        record.plan_hash,
    );
    Told::of_action(LogEvent::Asked, text)
}

/// What the sanitizer said of the plan's commands: what it denies is never accepted as an action.
fn verdict(needs_approval: &[String]) -> Told {
    let text = if needs_approval.is_empty() {
        "the sanitizer allows every command of the plan".to_owned()
    } else {
        format!("the sanitizer asks about {}", needs_approval.join("; "))
    };
    Told::of_action(LogEvent::Verdict, text)
}

/// The command of a step that starts, as it is sent.
fn command(rollout: &Rollout, event: &Event) -> Option<Told> {
    let Event::StepStarted {
        target,
        way,
        step,
        attempt,
    } = event
    else {
        return None;
    };
    let number = rollout.place_of(target.as_str())?;
    let planned = rollout.plan().targets.get(number)?;
    let place = *step as usize;
    let step = match way {
        Way::Forth => planned.steps.get(place)?,
        Way::Back => rollout.way_back(number)?.steps.get(place)?,
    };
    Some(Told {
        level: LogLevel::Detail,
        stream: LogStream::Command,
        event: LogEvent::Command,
        about: About {
            target: Some(target.clone()),
            step: Some(logged_name(&step.name, *way)),
            stage: Some(planned.stage.clone()),
            attempt: Some(*attempt),
            host: Some(Arc::new(log_host(&planned.target))),
            ..About::default()
        },
        text: step.command.clone()?,
    })
}

/// Who said what, and why.
fn said(steer: &Steer, by: &Actor, reason: &str) -> String {
    if reason.is_empty() {
        format!("{by} said {}", steer.as_str())
    } else {
        format!("{by} said {}: {reason}", steer.as_str())
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
        Event::PoolsCounted { .. } | Event::PoolsUnknown { .. } => LogEvent::Pool,
        Event::Measured { .. } => LogEvent::Gate,
        Event::QueueReached => LogEvent::Resumed,
        Event::QueueMoved { .. } => LogEvent::Waiting,
        Event::TimerFired { .. } => LogEvent::Decision,
    }
}

fn of_event(masker: &Masker, rollout: &Rollout, event: &Event) -> Option<(About, String)> {
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
                error: result.error.as_deref().map(|error| masker.mask(error)),
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
            let approved = if *steer == Steer::Approve {
                approved(rollout)
            } else {
                String::new()
            };
            let text = format!("{}{approved}", said(steer, by, reason));
            Some((About::default(), text))
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
        | Event::PoolsCounted { .. }
        | Event::StepStarted { .. }
        | Event::TimerFired { .. } => None,
    }
}
