//! A witness of a rollout, after each of its events.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::domain::action::{ActionStatus, TargetState, WaitKind};
use crate::domain::name::TargetName;
use crate::domain::plan::Plan;
use crate::domain::rollout::simulate::world::World;
use crate::domain::rollout::{Event, Rollout, StageStatus};
use crate::domain::timestamp::Timestamp;

use super::order::OrderWitness;

/// Looks at a rollout after each event.
pub(super) struct Witness {
    plan: Arc<Plan>,
    under_way: HashSet<TargetName>,
    replayed: Rollout,
    in_service: HashMap<String, u32>,
    events: usize,
    /// How many were touched when it was paused.
    paused_at: Option<usize>,
    went_back: bool,
    /// It goes back, or went.
    turned: bool,
    order: OrderWitness,
    /// Who was in service at the end.
    pub(super) serving: HashSet<TargetName>,
    stages: HashMap<TargetName, usize>,
}

impl Witness {
    pub(super) fn new(plan: &Arc<Plan>) -> Self {
        Self {
            plan: Arc::clone(plan),
            under_way: HashSet::new(),
            replayed: Rollout::new(Arc::clone(plan)),
            in_service: HashMap::new(),
            events: 0,
            paused_at: None,
            went_back: false,
            turned: false,
            order: OrderWitness::new(plan),
            serving: HashSet::new(),
            stages: stages_of(plan),
        }
    }

    pub(super) fn see(&mut self, rollout: &Rollout, world: &World<'_>, event: &Event, now: Timestamp) {
        self.events += 1;
        match event {
            Event::StepStarted { target, .. } => {
                assert!(self.under_way.insert(target.clone()), "{target} twice at once");
            }
            Event::StepEnded { target, .. } => {
                assert!(
                    self.under_way.remove(target),
                    "{target} ended what it never began"
                );
                self.see_pools(world, event);
            }
            _ => {}
        }
        if rollout.ended_at().is_some() {
            self.serving = world.serving().cloned().collect();
            self.see_windows_of_success(rollout);
        }
        self.see_window(rollout);
        self.order.see(rollout, event, &self.under_way);
        self.see_pause(rollout, event);
        let waits = matches!(
            rollout.status(),
            ActionStatus::Waiting | ActionStatus::Queued | ActionStatus::Scheduled
        );
        if rollout.status() == ActionStatus::Waiting {
            assert!(rollout.waiting_for().is_some(), "what waits says for what");
        }
        assert!(waits || rollout.waiting_for().is_none(), "{:?}", rollout.status());
        // What the store keeps is the JSON form.
        let stored = serde_json::to_string(event).unwrap();
        let read: Event = serde_json::from_str(&stored).unwrap();
        assert_eq!(read, *event);
        self.replayed.apply(&read, now).unwrap();
        if self.events.is_multiple_of(37) {
            assert!(self.replayed == *rollout, "a replay gives the same state");
            assert_eq!(self.replayed.outstanding(now), rollout.outstanding(now));
        }
        self.replayed.take_decisions();
    }

    /// Never more than the window, of the whole and of the stage, and of its own on the way back.
    fn see_window(&mut self, rollout: &Rollout) {
        let limits = &self.plan.limits;
        self.turned |= rollout.is_going_back();
        let most = if self.turned {
            // Those that were under way when it turned, or when that was aborted, end their step first.
            limits.back_at_once().max(limits.max_parallel)
        } else {
            limits.max_parallel
        };
        assert!(rollout.in_progress() <= most, "the window is kept");
        if !self.turned {
            let mut in_stage: HashMap<usize, u32> = HashMap::new();
            for target in &self.under_way {
                // A look at one that is done holds no place in the window.
                if rollout.target(target.as_str()).unwrap().state == TargetState::Running {
                    *in_stage.entry(self.stages[target]).or_default() += 1;
                }
            }
            for (stage, count) in in_stage {
                let stage = &self.plan.stages[stage];
                let deferred = rollout.stages().all(|stage| stage.status == StageStatus::Done);
                assert!(
                    deferred || count <= stage.max_parallel,
                    "{} of stage {} at once",
                    count,
                    stage.label
                );
            }
        }
    }

    /// Whoever is good was healthy for its time after its last step.
    fn see_windows_of_success(&self, rollout: &Rollout) {
        for target in rollout
            .targets()
            .filter(|target| target.state == TargetState::Succeeded)
        {
            let last = target.forth.last().and_then(|step| step.ended_at);
            let (Some(last), Some(good)) = (last, target.ended_at) else {
                panic!("{} is good without having been worked on", target.name);
            };
            let window = self.plan.limits.success_window_seconds;
            assert!(
                good >= last.plus_seconds(window),
                "{} was not good for {window} s",
                target.name
            );
        }
    }

    /// Nobody is started while a person has it paused, and it does not turn back by itself.
    fn see_pause(&mut self, rollout: &Rollout, event: &Event) {
        let goes_back = rollout.is_going_back();
        assert!(
            self.paused_at.is_none() || self.went_back == goes_back || matches!(event, Event::Steered { .. }),
            "it turned back while it was paused, by {event:?}"
        );
        self.went_back = goes_back;
        let paused = rollout
            .waiting_for()
            .is_some_and(|waiting| waiting.kind == WaitKind::Paused);
        let touched = rollout.touched().count();
        match (paused, self.paused_at) {
            (true, Some(before)) => assert_eq!(touched, before, "started while paused"),
            (true, None) => self.paused_at = Some(touched),
            (false, _) => self.paused_at = None,
        }
    }

    /// Whatever takes a member out leaves what must stay.
    fn see_pools(&mut self, world: &World<'_>, event: &Event) {
        let Event::StepEnded { target, .. } = event else {
            return;
        };
        for pool in world.pools_of(target) {
            let before = self.in_service.insert(pool.name.clone(), pool.in_service);
            assert!(
                before.is_none_or(|before| before <= pool.in_service) || pool.in_service >= pool.minimum,
                "{target} broke the promise of {}: {} left, {} must stay",
                pool.name,
                pool.in_service,
                pool.minimum
            );
        }
    }
}

/// The stage of each target.
pub(super) fn stages_of(plan: &Plan) -> HashMap<TargetName, usize> {
    let stages = plan.stages.iter().enumerate();
    stages
        .flat_map(|(number, stage)| stage.targets.iter().map(move |name| (name.clone(), number)))
        .collect()
}
