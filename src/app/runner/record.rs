//! What happened is written before it is believed: events are applied to the engine, stored together with what they
//! change, told, and only then is done what follows from them.

use crate::app::view::FeedItem;
use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::analysis::Measurement;
use crate::domain::name::TargetName;
use crate::domain::notice::AddressedNotice;
use crate::domain::rollout::{Effect, Event, Refused};
use crate::domain::target::Put;
use crate::domain::timestamp::Timestamp;
use crate::store::{ActionUpdate, FoundBad, RecordedVersion, SteerId, StoreError};

use super::dispatcher::{Dispatcher, Due, Stopped};
use super::journal::Journal;
use super::story::{Story, Told};

/// An event that was applied, with what is to be stored and told of it.
struct Applied {
    seq: u64,
    event: Event,
    /// The engine took it; one that it refused is stored where a word was behind it, and does nothing.
    accepted: bool,
    /// None where nobody follows.
    items: Option<Vec<FeedItem>>,
    /// What it brings into the log, under the numbers behind its own.
    told: Vec<Told>,
    versions: Vec<RecordedVersion>,
    completed: Vec<TargetName>,
    notices: Vec<AddressedNotice>,
    found_bad: Vec<FoundBad>,
}

impl Dispatcher {
    /// Applies an event, stores it together with what it changes, and tells it. Nothing is done and nothing is
    /// told before it is stored; a store that fails for a while holds the action up.
    pub(super) async fn store_and_tell(
        &mut self,
        event: Event,
        steer: Option<SteerId>,
    ) -> Result<Vec<Due>, Stopped> {
        let now = self.outside.clock.now();
        let mut applied = Vec::new();
        let effects = match self.apply(event, now, &mut applied) {
            Ok(effects) => effects,
            Err(refused) => {
                let (event, refused) = *refused;
                if steer.is_none() {
                    return Ok(Vec::new());
                }
                let told = Story::of_refused(&event, &refused);
                self.note(event, (false, told), &[], now, &mut applied);
                Vec::new()
            }
        };
        let due = self.begin_steps(effects, now, &mut applied);
        self.keep(&applied, now, steer).await?;
        self.tell(applied, now);
        Ok(due)
    }

    /// The same for effects whose event was stored before.
    pub(super) async fn take_up(&mut self, effects: Vec<Effect>) -> Result<Vec<Due>, Stopped> {
        let now = self.outside.clock.now();
        // An older server stored the event and kept no quarantine; for any other this changes nothing.
        for found in self.found_bad(&effects) {
            if let Err(error) = self.store.found_bad(&found, now).await {
                tracing::warn!(action = %found.action, version = found.version, %error, "a bad version was not recorded");
            }
        }
        let mut applied = Vec::new();
        let due = self.begin_steps(effects, now, &mut applied);
        if !applied.is_empty() {
            self.keep(&applied, now, None).await?;
            self.tell(applied, now);
        }
        Ok(due)
    }

    /// Applies an event; what was applied is to be stored. A refused one comes back.
    fn apply(
        &mut self,
        event: Event,
        now: Timestamp,
        applied: &mut Vec<Applied>,
    ) -> Result<Vec<Effect>, Box<(Event, Refused)>> {
        let event = self.rollout.without_idle_names(masked(event, &self.journal));
        match self.rollout.apply(&event, now) {
            Ok(effects) => {
                let decisions = self.rollout.take_decisions();
                let told = self.story.of(&self.rollout, &event, &effects, decisions);
                self.note(event, (true, told), &effects, now, applied);
                Ok(effects)
            }
            Err(refused) => {
                let id = self.action.record.id;
                tracing::warn!(action = %id, event = event.as_str(), %refused, "an event was refused");
                Err(Box::new((event, refused)))
            }
        }
    }

    /// Numbers an event and what it brings into the log, with what will be told of it: what is so now may be otherwise after
    /// the next one. The numbers of its entries follow its own without a gap, so that whoever applies it again finds them.
    fn note(
        &mut self,
        event: Event,
        (accepted, told): (bool, Vec<Told>),
        effects: &[Effect],
        now: Timestamp,
        applied: &mut Vec<Applied>,
    ) {
        let seq = self.journal.reserve(1 + told.len() as u64);
        let items = if self.feed.is_followed(self.action.record.id) {
            Some(self.teller.items(&self.action, &self.rollout, &event, seq))
        } else {
            self.teller.passed(&self.rollout);
            None
        };
        applied.push(Applied {
            seq,
            accepted,
            items,
            told,
            versions: self.versions(effects),
            completed: self.completed(effects),
            notices: self.notices.since(&self.action, &self.rollout, now),
            found_bad: self.found_bad(effects),
            event,
        });
    }

    /// That a step starts is an event too. It follows from the one before it at the same moment, so they are stored
    /// together: a transaction a step, not two, and one for a whole stage at its beginning. What stands behind an effect
    /// that has events of its own waits for these. While the server stops, none is begun: the next one finds that it
    /// is to be.
    fn begin_steps(&mut self, effects: Vec<Effect>, now: Timestamp, applied: &mut Vec<Applied>) -> Vec<Due> {
        let mut due = Vec::new();
        let mut open: Vec<Effect> = effects.into_iter().rev().collect();
        let mut waits = false;
        while let Some(effect) = open.pop() {
            waits |= matches!(effect, Effect::TakeLeases | Effect::Measure { .. });
            match effect {
                Effect::RunStep {
                    target,
                    way,
                    step,
                    attempt,
                } if !waits => {
                    if self.claim.closing().has_begun() {
                        continue;
                    }
                    let started = Event::StepStarted {
                        target: target.clone(),
                        way,
                        step,
                        attempt,
                    };
                    due.push(Due::Start {
                        target,
                        way,
                        step,
                        attempt,
                    });
                    let following = self.apply(started, now, applied).unwrap_or_default();
                    open.extend(following.into_iter().rev());
                }
                effect => due.push(Due::Effect(effect)),
            }
        }
        due
    }

    /// Stores what was applied, all or nothing.
    async fn keep(&self, applied: &[Applied], now: Timestamp, steer: Option<SteerId>) -> Result<(), Stopped> {
        let id = self.action.record.id;
        let update = ActionUpdate {
            status: self.rollout.status(),
            waiting_for: self.rollout.waiting_for(),
            started_at: self.rollout.started_at(),
            ended_at: self.rollout.ended_at(),
            versions: applied
                .iter()
                .flat_map(|applied| applied.versions.clone())
                .collect(),
            completed: applied
                .iter()
                .flat_map(|applied| applied.completed.clone())
                .collect(),
            notices: applied
                .iter()
                .flat_map(|applied| applied.notices.clone())
                .collect(),
            found_bad: applied
                .iter()
                .flat_map(|applied| applied.found_bad.clone())
                .collect(),
        };
        let events: Vec<(u64, &Event)> = applied
            .iter()
            .map(|applied| (applied.seq, &applied.event))
            .collect();
        let mut pause_millis = 100;
        loop {
            match self
                .store
                .append_events_with(&self.server, id, now, &events, &update, steer)
                .await
            {
                Ok(()) => {
                    if !update.notices.is_empty() {
                        self.notices.ring();
                    }
                    return Ok(());
                }
                Err(StoreError::TakenOver) => return Err(Stopped::TakenOver),
                Err(StoreError::Unavailable(error)) => {
                    tracing::warn!(action = %id, error, "the store did not take an event; trying again");
                    let clock = &self.outside.clock;
                    tokio::select! {
                        () = self.claim.over() => return Err(self.over()),
                        () = clock.sleep_until(clock.now().plus_millis(pause_millis)) => {}
                    }
                    pause_millis = (pause_millis * 2).min(5000);
                }
                Err(error) => return Err(Stopped::Store(error)),
            }
        }
    }

    fn tell(&mut self, applied: Vec<Applied>, now: Timestamp) {
        for Applied {
            seq,
            event,
            accepted,
            items,
            told,
            ..
        } in applied
        {
            if accepted {
                self.note_approval(&event);
            }
            self.journal.happened(seq, items);
            for (number, told) in (seq + 1..).zip(told) {
                self.journal.told(number, now, told);
            }
            self.figures.count(&event, now);
        }
    }

    /// What the effects write into the inventory.
    fn versions(&self, effects: &[Effect]) -> Vec<RecordedVersion> {
        let record = &self.action.record;
        effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::RecordVersion {
                    target,
                    version,
                    rolled_back,
                } => Some(RecordedVersion {
                    space: record.space.clone(),
                    project: record.project.clone(),
                    target: target.clone(),
                    version: version.clone(),
                    action: record.id,
                    put: if *rolled_back {
                        Put::Back
                    } else {
                        Put::by(&record.action)
                    },
                }),
                _ => None,
            })
            .collect()
    }

    /// What the effects put in quarantine.
    fn found_bad(&self, effects: &[Effect]) -> Vec<FoundBad> {
        let record = &self.action.record;
        effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Quarantine { version, why } => Some(FoundBad {
                    space: record.space.clone(),
                    project: record.project.clone(),
                    environment: record.environment.clone(),
                    version: version.clone(),
                    action: record.id,
                    by: record.actor.to_string(),
                    why: why.clone(),
                }),
                _ => None,
            })
            .collect()
    }

    /// The targets whose versions are good now, where the effects end the action well.
    fn completed(&self, effects: &[Effect]) -> Vec<TargetName> {
        let ends_well = |effect: &Effect| {
            matches!(
                effect,
                Effect::End {
                    status: ActionStatus::Completed
                }
            )
        };
        if !effects.iter().any(ends_well) {
            return Vec::new();
        }
        self.rollout
            .targets()
            .filter(|progress| progress.state == TargetState::Succeeded)
            .map(|progress| progress.name.clone())
            .collect()
    }
}

/// An event without the action's secrets: what a host, a load balancer or an artifact's server said goes into the
/// store, and from there onto pages.
fn masked(mut event: Event, journal: &Journal) -> Event {
    let mask = |text: &mut String| journal.masked(text).as_str().clone_into(text);
    match &mut event {
        Event::StepEnded { result, .. } => {
            if let Some(error) = &mut result.error {
                mask(error);
            }
        }
        Event::HostsChecked { unfit } => unfit.iter_mut().for_each(|(_, _, reason)| mask(reason)),
        Event::PoolsUnknown { error, .. } => mask(error),
        Event::Measured { result, .. } => match result {
            Measurement::NoData { detail } | Measurement::Unreachable { detail } => mask(detail),
            Measurement::Value { .. } => {}
        },
        Event::Created { .. }
        | Event::QueueReached
        | Event::QueueMoved { .. }
        | Event::LeasesHeld { .. }
        | Event::LeasesTaken
        | Event::PoolsCounted { .. }
        | Event::StepStarted { .. }
        | Event::TimerFired { .. }
        | Event::Steered { .. } => {}
    }
    event
}
