//! The steps of a plan, ready to be handed to tasks.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::log_context::LogHost;
use crate::domain::name::TargetName;
use crate::domain::plan::{Plan, Step, Work};
use crate::domain::rollout::Way;
use crate::domain::target::Target;

use super::executor::Attempt;

/// A plan with its targets by name; steps are shared with the tasks that run them.
pub(super) struct Attempts {
    pub(super) plan: Arc<Plan>,
    targets: HashMap<TargetName, Prepared>,
}

struct Prepared {
    target: Arc<Target>,
    host: Arc<LogHost>,
    stage: String,
    forth: Vec<Arc<Step>>,
    back: Vec<Arc<Step>>,
}

impl Attempts {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        let shared = |steps: &[Step]| steps.iter().cloned().map(Arc::new).collect::<Vec<_>>();
        let mut targets: HashMap<TargetName, Prepared> = plan
            .targets
            .iter()
            .map(|planned| {
                let prepared = Prepared {
                    target: Arc::new(planned.target.clone()),
                    host: Arc::new(log_host(&planned.target)),
                    stage: planned.stage.clone(),
                    forth: shared(&planned.steps),
                    back: Vec::new(),
                };
                (planned.target.name.clone(), prepared)
            })
            .collect();
        for back in &plan.rollback.targets {
            if let Some(prepared) = targets.get_mut(&back.name) {
                prepared.back = shared(&back.steps);
            }
        }
        Self { plan, targets }
    }

    /// One attempt of a step; none where the plan has no such step.
    pub(super) fn attempt(
        &self,
        target: &TargetName,
        way: Way,
        place: u32,
        number: u32,
        look_up: bool,
    ) -> Option<Attempt> {
        let prepared = self.targets.get(target)?;
        let steps = match way {
            Way::Forth => &prepared.forth,
            Way::Back => &prepared.back,
        };
        let step = Arc::clone(steps.get(place as usize)?);
        // On the way back lies on the host what the way forth left.
        let forth = prepared.forth.iter().filter(|_| way == Way::Back);
        let leaves = |step: &&Arc<Step>| {
            matches!(
                step.work,
                Work::Run { .. } | Work::Upload { .. } | Work::Fetch { .. }
            )
        };
        let before = forth.chain(&steps[..place as usize]).filter(leaves);
        Some(Attempt {
            target: Arc::clone(&prepared.target),
            before: before.cloned().collect(),
            host: Arc::clone(&prepared.host),
            step,
            stage: prepared.stage.clone(),
            way,
            place,
            number,
            look_up,
            since: None,
        })
    }
}

/// The machine behind a target, as the log names it.
pub(super) fn log_host(target: &Target) -> LogHost {
    LogHost {
        address: target.address.clone(),
        port: target.port,
    }
}
