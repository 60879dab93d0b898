//! From the stored events of an action to a dispatcher that goes on with it: the same way for a new action, one
//! that a stopped server left, and one of a server that died.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::telling::LiveTeller;
use crate::domain::action::ActionId;
use crate::domain::log_context::{LogContext, trace_id_of};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::Masker;
use crate::domain::rollout::{Event, Rollout};
use crate::store::{FrozenAction, StoredEvent};

use super::attempts::Attempts;
use super::claims::Claim;
use super::dispatcher::{Dispatcher, HeldLeases, Said, Stopped};
use super::executor::Executor;
use super::figures::Figures;
use super::in_force::InForce;
use super::journal::{About, Journal};
use super::notices::Notices;
use super::output::OutputSoFar;
use super::payload::Payloads;
use super::pool_places::PoolPlaces;
use super::pools::Asking;
use super::secrets::SecretValues;
use super::sessions::Sessions;
use super::timers::Timers;
use super::{Shared, story};

/// More numbers than a server can have given to log lines that it has not written yet.
const NUMBERS_LEFT: u64 = 1 << 20;

/// Runs an action to its end.
pub(super) async fn run(
    shared: &Shared,
    id: ActionId,
    claim: Claim,
    words: mpsc::UnboundedReceiver<Said>,
    figures: Figures,
) -> Result<(), Stopped> {
    let Some(action) = shared.store.action(id).await? else {
        return Ok(());
    };
    let events = shared.store.events(id).await?;
    let plan = Arc::new(action.plan.clone());
    let now = shared.outside.clock.now();

    let mut rollout = Rollout::new(Arc::clone(&plan));
    let mut effects = Vec::new();
    let mut accepted = Vec::with_capacity(events.len());
    for StoredEvent { time, event, .. } in &events {
        // What the engine refused when it happened, it refuses again.
        effects = match rollout.apply(event, *time) {
            Ok(effects) => {
                accepted.push(event);
                effects
            }
            Err(_) => Vec::new(),
        };
    }
    let decisions = rollout.take_decisions();
    if rollout.status().is_final() {
        return Ok(());
    }
    // Without it, numbers of entries that are there would be used again, and the new ones taken for the old.
    let last_log = shared.outside.log_search.last_seq(id).await?;
    // A server before this one may have begun with it, and waited for its countdown.
    let is_new = events.len() == 1 && last_log.is_none();
    if !is_new {
        effects = rollout.outstanding(now);
    }

    let last_event = events.last().map_or(0, |stored| stored.seq);
    let mut last = last_event.max(last_log.unwrap_or(0));
    if !is_new && shared.store.is_shared() {
        // The server before may still be writing the last lines that it numbered.
        last += NUMBERS_LEFT;
    }
    let secrets = SecretValues::resolve(&action.config, &*shared.outside.secrets);
    let masker = secrets.masker();
    let (journal, written) = Journal::open(
        (id, log_context(&action, &masker)),
        last,
        Arc::clone(&shared.outside.clock),
        masker,
        Arc::clone(&shared.outside.log_sink),
        shared.feed.clone(),
        claim.clone(),
    );
    let result = async {
        if is_new {
            tell_beginning(&journal, &action);
            if let Some(first) = events.first() {
                story::verdicts(&journal, &first.event);
                story::tell(&journal, &rollout, &first.event, decisions);
            }
        } else {
            journal.story(
                LogEvent::Recovery,
                About::default(),
                "a server goes on with this action",
            );
        }

        // Who approves has seen one plan: what has become another one since is approved by nobody.
        let is_as_made = plan.has_its_hash();
        if !is_as_made {
            tracing::error!(action = %id, "its plan in the store is not the one that was made");
            let text = "the plan in the store is not the one that was made: no approval counts for it";
            journal.story(LogEvent::Recovery, About::default(), text);
        }
        let waiting = rollout.waiting_for();
        story::waiting(&journal, None, waiting.as_ref());
        let executor = Executor {
            action: id,
            outside: shared.outside.clone(),
            sessions: Sessions::new(id, Arc::clone(&shared.outside.hosts), figures.clone()),
            payloads: Payloads::new(Arc::clone(&shared.outside.artifacts)),
            journal: journal.clone(),
            policies: InForce::read(
                &shared.store,
                &shared.outside.clock,
                &action.record.space,
                &action.record.environment,
            )
            .await?,
            approved: AtomicBool::new(false),
            secrets,
            pools: PoolPlaces::of(&action.config),
            leases: HeldLeases::default(),
            output_limits: shared.output_limits,
            said: OutputSoFar::default(),
            cancel: CancellationToken::new(),
        };
        let (answers, answered) = mpsc::unbounded_channel();
        let lease_keys = plan
            .targets
            .iter()
            .map(|planned| {
                (
                    shared.outside.hosts.lease_key(&planned.target),
                    planned.target.name.clone(),
                )
            })
            .collect();
        let asking = Asking::new(shared.store.clone(), shared.outside.clone(), &action);
        let notices = Notices::of(&action, &rollout, shared.bell.clone());
        let mut dispatcher = Dispatcher {
            store: shared.store.clone(),
            server: shared.server.clone(),
            alive: claim.alive(),
            claim,
            feed: shared.feed.clone(),
            outside: shared.outside.clone(),
            action: Arc::new(action),
            rollout,
            teller: LiveTeller::default(),
            notices,
            journal,
            executor: Arc::new(executor),
            attempts: Attempts::new(plan),
            lease_keys,
            approvable: is_as_made && events.iter().any(
                |stored| matches!(&stored.event, Event::Created { needs_approval, .. } if !needs_approval.is_empty()),
            ),
            asking: Arc::new(asking),
            timers: Timers::default(),
            leases_again: None,
            answers,
            answered,
            words,
            ends: shared.ends.clone(),
            tasks: TaskTracker::new(),
            figures,
            steps_under_way: 0,
            held_up: false,
            waiting,
        };
        for event in accepted {
            dispatcher.note_approval(event);
        }
        if events
            .iter()
            .any(|stored| matches!(stored.event, Event::LeasesTaken))
        {
            dispatcher.hold_again().await?;
        }
        dispatcher.run(effects).await
    }
    .await;
    // Everything that was said is written before anybody is told that the action is over here.
    if let Err(error) = written.await {
        tracing::error!(action = %id, %error, "the journal ended badly");
    }
    result
}

/// Who asked for what, as the first entry of the log.
fn tell_beginning(journal: &Journal, action: &FrozenAction) {
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
    journal.story(
        LogEvent::Asked,
        About::default(),
        &format!(
            "{} asked{behalf} for {}{version} on {} targets of {}/{} (plan {}){why}",
            record.actor,
            record.action,
            action.plan.targets.len(),
            record.space,
            record.project,
            record.plan_hash,
        ),
    );
}

/// What all entries of the action say.
fn log_context(action: &FrozenAction, masker: &Masker) -> LogContext {
    let record = &action.record;
    let caller = &record.correlation;
    let trace_id = caller
        .traceparent
        .as_deref()
        .and_then(trace_id_of)
        .or(caller.correlation_id.as_deref());
    LogContext {
        actor: masker.mask(&record.actor.to_string()),
        user: record.on_behalf.as_deref().map(|user| masker.mask(user)),
        name: record.action.clone(),
        space: record.space.to_string(),
        project: record.project.to_string(),
        environment: record.environment.to_string(),
        version: record.version.as_deref().map(|version| masker.mask(version)),
        plan_hash: record.plan_hash.to_string(),
        trace_id: trace_id.map(|id| masker.mask(id)),
        correlation_id: caller.correlation_id.as_deref().map(|id| masker.mask(id)),
    }
}
