//! From the stored events of an action to a dispatcher that goes on with it: the same way for a new action, one
//! that a stopped server left, and one of a server that died.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::telling::LiveTeller;
use crate::domain::action::ActionId;
use crate::domain::log_context::{LogContext, trace_id_of};
use crate::domain::log_event::LogEvent;
use crate::domain::mask::Masker;
use crate::domain::rollout::Event;
use crate::store::FrozenAction;

use super::Shared;
use super::attempts::Attempts;
use super::claims::Claim;
use super::debt::Debt;
use super::dispatcher::{Dispatcher, Stopped};
use super::executor::Executor;
use super::figures::Figures;
use super::hearing::{self, Hearing, Unheard};
use super::in_force::InForce;
use super::inbox::Said;
use super::journal::{About, Journal};
use super::leases::HeldLeases;
use super::notices::Notices;
use super::output::OutputSoFar;
use super::payload::Payloads;
use super::pool_places::PoolPlaces;
use super::pools::Asking;
use super::replay::{Replay, Untold};
use super::secrets::SecretValues;
use super::sessions::Sessions;
use super::timers::Timers;
use super::verdicts::Verdicts;

/// More numbers than a server can have given to log lines that it has not written yet.
const NUMBERS_LEFT: u64 = 1 << 20;
/// How often the log is asked what it has of an action that had begun: one that is behind with writing takes its time to say so,
/// and without an answer the end of what ended steps wrote is not read again.
const PATIENCE_FOR_THE_LOG: u32 = 3;

/// Runs an action to its end.
pub(super) async fn run(
    shared: &Shared,
    id: ActionId,
    claim: Claim,
    words: mpsc::UnboundedReceiver<Said>,
    figures: Figures,
) -> Result<(), Stopped> {
    let closing = claim.closing().clone();
    let Some(action) = shared.store.action(id).await? else {
        return Ok(());
    };
    let action = Arc::new(action);
    let events = shared.store.events(id).await?;
    let now = shared.outside.clock.now();
    // Without it, numbers of entries that are there would be used again, and the new ones taken for the old.
    let mut asked = shared.outside.log_search.last_seq(id).await;
    for _ in 1..if events.len() == 1 {
        1
    } else {
        PATIENCE_FOR_THE_LOG
    } {
        if asked.is_ok() {
            break;
        }
        asked = shared.outside.log_search.last_seq(id).await;
    }
    // The log decides nothing: where it does not answer, what was told is told again under the same numbers, and new
    // entries keep off those that it may have.
    let is_silent = asked.as_ref().is_err_and(|error| {
        tracing::warn!(action = %id, %error, "it goes on without knowing what the log has of it");
        true
    });
    let last_log = asked.unwrap_or_default();
    let told_to = last_log.unwrap_or(0);
    // A server that died before this one did its part may not have got to the end of it.
    let owed_from = shared.store.log_owed_from(id).await?;
    let heard_to = owed_from.map_or(told_to, |owed| owed.min(told_to));
    let secrets = SecretValues::resolve(&action.config, &*shared.outside.secrets);
    let has_run = events
        .iter()
        .any(|stored| matches!(stored.event, Event::StepStarted { .. }));
    let masks_all = secrets
        .are_as_before(&shared.store, (id, &shared.server), has_run)
        .await?;
    let debt = Arc::new(Debt::new(
        shared.store.clone(),
        id,
        shared.server.clone(),
        heard_to,
    ));
    let masker = Arc::new(secrets.masker());
    let Replay {
        rollout,
        mut story,
        mut effects,
        accepted,
        untold,
        ended,
        last,
    } = Replay::of(&action, Arc::clone(&masker), &events, (told_to, heard_to));
    // A server before this one may have begun with it, and waited for its countdown.
    let is_new = events.len() == 1 && last_log.is_none() && !is_silent;
    if !is_new {
        effects = rollout.outstanding(now);
    }
    let mut last = last.max(told_to);
    if is_silent || (!is_new && shared.store.is_shared()) {
        // The server before may still be writing the last lines that it numbered.
        last += NUMBERS_LEFT;
    }
    let plan = Arc::new(action.plan.clone());
    let attempts = Attempts::new(Arc::clone(&plan));
    // Where this server's log knows nothing of the action, that of the server before has it, and will have the rest of it.
    let is_elsewhere = shared.store.is_shared() && last_log.is_none();
    let unheard = if is_elsewhere || is_silent {
        Vec::new()
    } else {
        hearing::unheard(&attempts, ended)
    };
    if !unheard.is_empty() {
        // Noted before the log goes on: behind the first new entry nobody sees any more that something is missing.
        shared.store.owe_log(id, &shared.server, heard_to).await?;
    }
    let said = if is_new || is_silent {
        OutputSoFar::default()
    } else {
        let said = shared.outside.log_search.said(id).await;
        OutputSoFar::after(said.unwrap_or_default())
    };
    let said = Arc::new(said);
    let first = events.first().map_or(0, |event| event.seq);
    let (journal, written) = Journal::open(
        (id, log_context(&action, &masker)),
        (told_to.max(first), last),
        Arc::clone(&shared.outside.clock),
        masker,
        Arc::clone(&shared.outside.log_sink),
        shared.feed.clone(),
        claim.clone(),
    );
    for Untold { seq, time, told } in untold {
        if seq > told_to.max(first) {
            journal.happened(seq, None);
        }
        for (number, told) in told {
            journal.told(number, time, told);
        }
    }
    let heard = {
        let hearing = Hearing {
            action: id,
            outside: shared.outside.clone(),
            sessions: Sessions::new(id, Arc::clone(&shared.outside.hosts), figures.clone()),
            journal: journal.clone(),
            limits: shared.output_limits,
            said: Arc::clone(&said),
            masks_all,
            debt: Arc::clone(&debt),
        };
        hear(hearing, unheard, claim.clone())
    };
    let has_ended = rollout.status().is_final();
    let result = async {
        if has_ended {
            drop(journal);
            return Ok(());
        }
        if !is_new {
            journal.story(
                LogEvent::Recovery,
                About::default(),
                "a server goes on with this action",
            );
            if let Some(told) = story.waits_still(&rollout) {
                journal.story(told.event, told.about, &told.text);
            }
        }
        // Who approves has seen one plan: what has become another one since is approved by nobody.
        let is_as_made = plan.has_its_hash();
        if !is_as_made {
            tracing::error!(action = %id, "its plan in the store is not the one that was made");
            let text = "the plan in the store is not the one that was made: no approval counts for it";
            journal.story(LogEvent::Recovery, About::default(), text);
        }
        let executor = Executor {
            action: id,
            outside: shared.outside.clone(),
            sessions: Sessions::new(id, Arc::clone(&shared.outside.hosts), figures.clone()),
            payloads: Payloads::new(Arc::clone(&shared.outside.artifacts)),
            journal: journal.clone(),
            verdicts: Verdicts::default(),
            policies: InForce::read(
                &shared.store,
                &shared.outside.clock,
                &action.record.space,
                &action.record.environment,
            )
            .await?,
            approved: AtomicBool::new(false),
            secrets,
            masks_all,
            debt: Arc::clone(&debt),
            pools: PoolPlaces::of(&action.config),
            leases: HeldLeases::default(),
            output_limits: shared.output_limits,
            said,
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
            action: Arc::clone(&action),
            rollout,
            teller: LiveTeller::default(),
            notices,
            journal,
            executor: Arc::new(executor),
            attempts,
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
            story,
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
    let heard = heard.await.unwrap_or(false);
    let whole = written.await.unwrap_or(false);
    result?;
    let is_owed = debt.is_open().await || (is_silent && owed_from.is_some());
    if is_owed {
        // Once more: the store may not have answered when it was noted first.
        debt.note().await;
        return Err(Stopped::LogOwed);
    }
    if heard && whole {
        shared.store.log_is_whole(id, &shared.server).await?;
        return Ok(());
    }
    // Whoever goes on with it writes the rest of its log.
    Err(if closing.is_over() {
        Stopped::Shutdown
    } else {
        Stopped::TakenOver
    })
}

/// Hears again, beside everything else, what steps wrote that ended before; says in the end whether all of it was had that can
/// be. A server that stops does not wait for it.
fn hear(hearing: Hearing, unheard: Vec<Unheard>, claim: Claim) -> JoinHandle<bool> {
    let debt = Arc::clone(&hearing.debt);
    tokio::spawn(async move {
        if unheard.is_empty() {
            return true;
        }
        tokio::select! {
            biased;
            () = claim.over() => return false,
            () = claim.closing().beginning() => return false,
            () = hearing.run(unheard) => {}
        }
        debt.pay().await;
        true
    })
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
