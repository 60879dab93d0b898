//! The first look at every target, before anything is taken out of service.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;
use futures_util::stream;

use crate::app::ports::{HostNeeds, Payload};
use crate::domain::name::TargetName;
use crate::domain::outcome::Outcome;
use crate::domain::plan::{Plan, PlanTarget, Step, UploadSource, Work};
use crate::domain::rollout::Event;

use super::executor::Executor;

/// Hosts looked at together.
const AT_ONCE: usize = 64;

/// Looks at every target of the plan and says which are not fit.
pub(super) async fn look(executor: &Executor, plan: &Plan) -> Event {
    let looks: Vec<_> = plan
        .targets
        .iter()
        .map(|planned| look_at(executor, plan, planned))
        .collect();
    let unfit = stream::iter(looks)
        .buffered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    Event::HostsChecked { unfit }
}

/// None where the target is fit, or no step needs its host.
async fn look_at(
    executor: &Executor,
    plan: &Plan,
    planned: &PlanTarget,
) -> Option<(TargetName, Outcome, String)> {
    if !planned.steps.iter().any(|step| step.work.needs_host()) {
        return None;
    }
    let mut needs = needs(executor, planned).await;
    // The way back must be open before anything is done.
    let back = plan
        .rollback
        .targets
        .iter()
        .find(|back| back.name == planned.target.name);
    needs.sudo |= back.is_some_and(|back| back.steps.iter().any(wants_sudo));
    needs.files_only = files_only(executor, &planned.steps).await;
    if let (true, Some(back)) = (needs.files_only, back) {
        needs.files_only = files_only(executor, &back.steps).await;
    }
    let (outcome, reason) = executor.look_at(&planned.target, &needs).await.err()?;
    Some((planned.target.name.clone(), outcome, reason))
}

async fn needs(executor: &Executor, planned: &PlanTarget) -> HostNeeds {
    let mut free: BTreeMap<String, u64> = BTreeMap::new();
    for step in &planned.steps {
        if let Work::Upload { source, dest, .. } = &step.work {
            let folder = dest.rsplit_once('/').map_or("/", |(folder, _)| folder);
            let folder = if folder.is_empty() { "/" } else { folder };
            *free.entry(folder.to_owned()).or_default() += size(executor, source).await;
        }
    }
    HostNeeds {
        sudo: planned.steps.iter().any(wants_sudo),
        files_only: false,
        free_bytes: free.into_iter().collect(),
    }
}

/// Whether the steps do nothing on the host but put files of the login's own.
async fn files_only(executor: &Executor, steps: &[Step]) -> bool {
    for step in steps {
        match &step.work {
            Work::Upload {
                source, owner: None, ..
            } if !is_folder(executor, source).await => {}
            work if work.needs_host() => return false,
            _ => {}
        }
    }
    true
}

/// Where that cannot be known yet, the upload itself will tell.
async fn is_folder(executor: &Executor, source: &UploadSource) -> bool {
    matches!(source, UploadSource::Path(_))
        && matches!(executor.payloads.get(source).await, Ok(Payload::Folder(_)))
}

fn wants_sudo(step: &Step) -> bool {
    match &step.work {
        Work::Run { sudo, user, .. } => *sudo || user.is_some(),
        Work::Upload { owner, .. } => owner.is_some(),
        _ => false,
    }
}

/// What an upload will take; 0 where that cannot be known yet, which the upload itself will tell.
async fn size(executor: &Executor, source: &UploadSource) -> u64 {
    executor
        .payloads
        .get(source)
        .await
        .map_or(0, |payload| payload.size())
}
