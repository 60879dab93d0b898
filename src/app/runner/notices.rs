//! What is told of one action, made with the events that are the occasion.

use crate::app::messenger::Bell;
use crate::domain::action::{ActionStatus, TargetState};
use crate::domain::notice::{
    AddressedNotice, Notice, NoticedAction, Occasion, Receiver, Standing, receivers_of,
};
use crate::domain::rollout::Rollout;
use crate::domain::timestamp::Timestamp;
use crate::store::FrozenAction;

/// Makes the notices of one action.
pub(super) struct Notices {
    receivers: Vec<Receiver>,
    before: Standing,
    bell: Bell,
}

impl Notices {
    /// For an action as it is now: what came before has been told.
    pub(super) fn of(action: &FrozenAction, rollout: &Rollout, bell: Bell) -> Self {
        Self {
            receivers: receivers_of(&action.config, &action.record.action),
            before: standing(rollout),
            bell,
        }
    }

    /// What is to be told now that the action stands as it does.
    pub(super) fn since(
        &mut self,
        action: &FrozenAction,
        rollout: &Rollout,
        now: Timestamp,
    ) -> Vec<AddressedNotice> {
        if self.receivers.is_empty() {
            return Vec::new();
        }
        let stands = standing(rollout);
        let occasions = stands.after(std::mem::replace(&mut self.before, stands));
        addressed(&self.receivers, &occasions, action, rollout, now)
    }

    /// Notices were put into the outbox.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }
}

/// What is told of an action that was just accepted.
pub(crate) fn first_notices(action: &FrozenAction, rollout: &Rollout) -> Vec<AddressedNotice> {
    let receivers = receivers_of(&action.config, &action.record.action);
    let occasions = standing(rollout).after(Standing::NONE);
    addressed(&receivers, &occasions, action, rollout, action.record.created_at)
}

fn standing(rollout: &Rollout) -> Standing {
    Standing {
        status: rollout.status(),
        begun: rollout.started_at().is_some() || rollout.status() == ActionStatus::InProgress,
        waits: rollout.waiting_for().map(|wait| wait.kind),
    }
}

fn addressed(
    receivers: &[Receiver],
    occasions: &[Occasion],
    action: &FrozenAction,
    rollout: &Rollout,
    now: Timestamp,
) -> Vec<AddressedNotice> {
    let mut all = Vec::new();
    for occasion in occasions {
        for receiver in receivers {
            if receiver.wants(*occasion, &action.record.action) {
                all.push(AddressedNotice {
                    receiver: receiver.clone(),
                    notice: notice(*occasion, action, rollout, now),
                });
            }
        }
    }
    all
}

fn notice(event: Occasion, action: &FrozenAction, rollout: &Rollout, now: Timestamp) -> Notice {
    let record = &action.record;
    let counts = rollout.counts();
    let failed = [
        TargetState::Failed,
        TargetState::Unreachable,
        TargetState::Unknown,
    ];
    let error = rollout.targets().find_map(|target| {
        target
            .error
            .as_ref()
            .map(|error| format!("{}: {error}", target.name))
    });
    Notice {
        id: uuid::Builder::from_unix_timestamp_millis(
            u64::try_from(now.as_millis()).unwrap_or_default(),
            &rand::random(),
        )
        .into_uuid()
        .to_string(),
        event,
        time: now,
        action: NoticedAction {
            id: record.id,
            space: record.space.to_string(),
            project: record.project.to_string(),
            environment: record.environment.to_string(),
            action: record.action.clone(),
            status: rollout.status(),
            version: record.version.clone(),
            actor: record.actor.to_string(),
            user: record.on_behalf.clone(),
            reason: record.reason.clone().unwrap_or_default(),
            waiting_for: rollout.waiting_for(),
            targets: action.plan.targets.len() as u32,
            succeeded: counts.of(TargetState::Succeeded),
            failed: failed.into_iter().map(|state| counts.of(state)).sum(),
            rolled_back: counts.of(TargetState::RolledBack),
            error,
            retry_of: record.retry_of,
            url: format!("/space/{}/actions/{}", record.space, record.id),
        },
    }
}
