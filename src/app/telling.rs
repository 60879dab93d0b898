//! How an action is told: the shapes of the contract, made of its record, its plan and the engine's state.

use std::sync::Arc;

use crate::app::view::{ActionSummary, ActionView, FeedItem, StageView, StepView, TargetView};
use crate::domain::action::{ActionStatus, TargetState, WaitingFor};
use crate::domain::name::TargetName;
use crate::domain::plan::{Plan, PlanTarget, Step};
use crate::domain::rollout::{Event, Rollout, StageStatus, StepProgress, StepState, TargetProgress, Way};
use crate::domain::timestamp::Timestamp;
use crate::store::{ActionRecord, FrozenAction};

/// What a list shows of an action.
pub(crate) fn summary(record: &ActionRecord) -> ActionSummary {
    ActionSummary {
        id: record.id,
        space: record.space.to_string(),
        project: record.project.to_string(),
        action: record.action.clone(),
        status: record.status,
        version: record.version.clone(),
        actor: record.actor.to_string(),
        user: record.on_behalf.clone(),
        reason: record.reason.clone().unwrap_or_default(),
        plan_hash: record.plan_hash.to_string(),
        created_at: record.created_at,
        started_at: record.started_at,
        ended_at: record.ended_at,
        waiting_for: record.waiting_for.clone(),
        retry_of: record.retry_of,
    }
}

/// What a list shows of an action under way.
fn summary_now(action: &FrozenAction, rollout: &Rollout) -> ActionSummary {
    ActionSummary {
        status: rollout.status(),
        started_at: rollout.started_at(),
        ended_at: rollout.ended_at(),
        waiting_for: rollout.waiting_for(),
        ..summary(&action.record)
    }
}

/// An action with everything about it.
pub(crate) fn action_view(action: &FrozenAction, rollout: &Rollout, seq: u64) -> ActionView {
    ActionView {
        summary: summary_now(action, rollout),
        counts: rollout.counts().iter().collect(),
        stages: stage_views(&action.plan, rollout),
        targets: rollout
            .targets()
            .zip(&action.plan.targets)
            .enumerate()
            .map(|(place, (progress, planned))| target_view(rollout, place, planned, progress))
            .collect(),
        config: serde_json::to_value(&action.config.values).unwrap_or_default(),
        seq,
    }
}

fn stage_views(plan: &Plan, rollout: &Rollout) -> Vec<StageView> {
    rollout
        .stages()
        .zip(&plan.stages)
        .map(|(progress, stage)| StageView {
            label: progress.label.clone(),
            status: stage_word(progress.status, rollout, &stage.targets).to_owned(),
            targets: stage.targets.iter().map(ToString::to_string).collect(),
            gate: stage.gate,
        })
        .collect()
}

/// A stage as people see it: one in which the rollout stopped failed, one whose targets are back is rolled back.
fn stage_word(status: StageStatus, rollout: &Rollout, targets: &[TargetName]) -> &'static str {
    let any = |wanted: &[TargetState]| {
        targets
            .iter()
            .filter_map(|name| rollout.target(name.as_str()))
            .any(|target| wanted.contains(&target.state))
    };
    match status {
        StageStatus::Gate => "waiting",
        StageStatus::Done | StageStatus::Stopped
            if any(&[TargetState::RolledBack])
                && !any(&[
                    TargetState::Failed,
                    TargetState::Unreachable,
                    TargetState::Unknown,
                ]) =>
        {
            "rolled_back"
        }
        // Aborted before any of it was begun.
        StageStatus::Stopped
            if targets.iter().all(|name| {
                rollout
                    .target(name.as_str())
                    .is_none_or(|target| target.state == TargetState::Skipped)
            }) =>
        {
            "skipped"
        }
        StageStatus::Stopped => "failed",
        StageStatus::Pending
        | StageStatus::Running
        | StageStatus::Soaking
        | StageStatus::Done
        | StageStatus::Skipped => status.as_str(),
    }
}

fn target_view(
    rollout: &Rollout,
    place: usize,
    planned: &PlanTarget,
    progress: &TargetProgress,
) -> TargetView {
    let forth = planned
        .steps
        .iter()
        .zip(&progress.forth)
        .map(|(step, seen)| step_view(step, seen, Way::Forth));
    let back_steps = rollout.way_back(place).map_or(&[][..], |back| &back.steps);
    let back = back_steps
        .iter()
        .zip(&progress.back)
        .map(|(step, seen)| step_view(step, seen, Way::Back));
    let error = match (&progress.error, &progress.back_error) {
        (Some(error), Some(back)) => Some(format!("{error}; and on the way back: {back}")),
        (error, back) => error.clone().or_else(|| back.clone()),
    };
    let error = match (&error, &progress.by_hand) {
        (Some(error), Some(by_hand)) => Some(format!("{error}; to finish by hand: {by_hand}")),
        (None, Some(by_hand)) => Some(format!("to finish by hand: {by_hand}")),
        (_, None) => error,
    };
    TargetView {
        name: progress.name.to_string(),
        state: progress.state,
        stage: planned.stage.clone(),
        zone: planned.target.zone.clone(),
        version_before: planned.version_before.clone(),
        version: version_of(planned, progress),
        error,
        steps: forth.chain(back).collect(),
    }
}

/// The version a target is on its way to while it is on its way; else the one it has.
fn version_of(planned: &PlanTarget, progress: &TargetProgress) -> Option<String> {
    match (progress.state, progress.way) {
        (TargetState::Pending, _) | (TargetState::Running, None | Some(Way::Forth)) => {
            planned.version.clone()
        }
        _ => progress.version.clone(),
    }
}

fn step_view(step: &Step, progress: &StepProgress, way: Way) -> StepView {
    StepView {
        name: logged_name(&step.name, way),
        kind: step.work.kind().to_owned(),
        state: progress.state.as_str().to_owned(),
        exit_code: progress.exit_code,
        error: progress.error.as_deref().map(str::to_owned),
        attempts: progress.attempt,
        started_at: progress.started_at,
        ended_at: progress.ended_at,
        once: step.once,
    }
}

/// A step's name in logs and on pages: the two ways are told apart.
pub(crate) fn logged_name(name: &str, way: Way) -> String {
    match way {
        Way::Forth => name.to_owned(),
        Way::Back => format!("back: {name}"),
    }
}

/// Folds the events of an action and says after each what those who watch are to be told.
pub(crate) struct Teller {
    action: FrozenAction,
    rollout: Rollout,
    told: Told,
}

/// What those who watch know already.
#[derive(Default)]
struct Told {
    status: Option<ActionStatus>,
    waiting_for: Option<WaitingFor>,
    stages: Vec<StageStatus>,
}

impl Teller {
    /// Before the first event.
    pub(crate) fn new(action: FrozenAction) -> Self {
        let rollout = Rollout::new(Arc::new(action.plan.clone()));
        Self {
            action,
            rollout,
            told: Told::default(),
        }
    }

    /// The state so far.
    pub(crate) fn rollout(&self) -> &Rollout {
        &self.rollout
    }

    /// Applies a stored event. What the engine refused when it happened it refuses again.
    pub(crate) fn passed(&mut self, time: Timestamp, event: &Event) {
        if self.rollout.apply(event, time).is_ok() {
            self.told = Told::of(&self.rollout);
        }
    }

    /// The same, and says what is new.
    pub(crate) fn happened(&mut self, seq: u64, time: Timestamp, event: &Event) -> Vec<FeedItem> {
        match self.rollout.apply(event, time) {
            Ok(_) => self.told.items(&self.action, &self.rollout, event, seq),
            Err(_) => Vec::new(),
        }
    }
}

/// The same for one who applies the events itself.
#[derive(Default)]
pub(crate) struct LiveTeller(Told);

impl LiveTeller {
    /// What is new after `event` was applied to `rollout`.
    pub(crate) fn items(
        &mut self,
        action: &FrozenAction,
        rollout: &Rollout,
        event: &Event,
        seq: u64,
    ) -> Vec<FeedItem> {
        self.0.items(action, rollout, event, seq)
    }

    /// The same where nobody follows: whoever comes later reads this from the stores.
    pub(crate) fn passed(&mut self, rollout: &Rollout) {
        self.0 = Told::of(rollout);
    }
}

impl Told {
    fn of(rollout: &Rollout) -> Self {
        Self {
            status: Some(rollout.status()),
            waiting_for: rollout.waiting_for(),
            stages: rollout.stages().map(|stage| stage.status).collect(),
        }
    }

    fn items(&mut self, action: &FrozenAction, rollout: &Rollout, event: &Event, seq: u64) -> Vec<FeedItem> {
        let mut items = Vec::new();
        if let Some((target, step)) = about(event)
            && let Some(view) = view_of(rollout, target)
        {
            if let Some(step) = step.and_then(|step| step_of(rollout, target, step)) {
                items.push(FeedItem::Step {
                    target: target.to_string(),
                    step: Box::new(step),
                });
            }
            items.push(FeedItem::Target(Box::new(view)));
        }
        let now = Self::of(rollout);
        // Many targets may change at once when the whole changes (the end, the turn back): told whole. The words of
        // what it waits for change with nearly every question to a load balancer.
        if self.same_but_for_words(&now) {
            if self.waiting_for != now.waiting_for {
                items.push(FeedItem::Summary(Box::new(summary_now(action, rollout))));
            }
        } else {
            items.push(FeedItem::Action(Box::new(action_view(action, rollout, seq))));
        }
        *self = now;
        items
    }

    fn same_but_for_words(&self, now: &Self) -> bool {
        let kind = |told: &Self| told.waiting_for.as_ref().map(|wait| wait.kind);
        self.status == now.status && self.stages == now.stages && kind(self) == kind(now)
    }
}

/// The target, and the step, that an event is about.
fn about(event: &Event) -> Option<(&TargetName, Option<(Way, u32)>)> {
    match event {
        Event::StepStarted {
            target, way, step, ..
        }
        | Event::StepEnded {
            target, way, step, ..
        } => Some((target, Some((*way, *step)))),
        Event::PoolsCounted { target, .. } | Event::PoolsUnknown { target, .. } => Some((target, None)),
        _ => None,
    }
}

fn view_of(rollout: &Rollout, target: &TargetName) -> Option<TargetView> {
    let place = rollout.place_of(target.as_str())?;
    let planned = rollout.plan().targets.get(place)?;
    let progress = rollout.target(target.as_str())?;
    Some(target_view(rollout, place, planned, progress))
}

fn step_of(rollout: &Rollout, target: &TargetName, (way, step): (Way, u32)) -> Option<StepView> {
    let place = rollout.place_of(target.as_str())?;
    let progress = rollout.target(target.as_str())?;
    let step = step as usize;
    let (step, seen): (&Step, &StepProgress) = match way {
        Way::Forth => (
            rollout.plan().targets.get(place)?.steps.get(step)?,
            progress.forth.get(step)?,
        ),
        Way::Back => (
            rollout.way_back(place)?.steps.get(step)?,
            progress.back.get(step)?,
        ),
    };
    Some(step_view(step, seen, way))
}

/// Whether a target was worked on: any step of it was started.
pub(crate) fn was_touched(progress: &TargetProgress) -> bool {
    progress.touched.is_some()
}

/// Whether a `once` step has done its work.
pub(crate) fn is_done(progress: &StepProgress) -> bool {
    progress.state == StepState::Succeeded
}

/// The words of `retry`'s `only` for a target, as the contract has them.
pub(crate) fn retry_word(state: TargetState) -> Option<&'static str> {
    match state {
        TargetState::Failed | TargetState::Unknown | TargetState::RolledBack => Some("failed"),
        TargetState::Pending | TargetState::Skipped => Some("pending"),
        TargetState::Unreachable => Some("unreachable"),
        TargetState::Running | TargetState::Succeeded => None,
    }
}
