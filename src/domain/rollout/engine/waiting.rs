//! The status of the action, and what it waits for, in words.

use crate::domain::action::{ActionStatus, WaitKind, WaitingFor};
use crate::domain::name::TargetName;
use crate::domain::plan::Gate;
use crate::domain::timestamp::Timestamp;

use crate::domain::rollout::queue::Short;

use super::Rollout;
use super::state::{At, Before, Course, GateWait, Leases, Paused, Phase, Soak};

impl Rollout {
    pub(super) fn status_now(&self) -> ActionStatus {
        match &self.state.phase {
            Phase::New => ActionStatus::Building,
            Phase::Ended { status, .. } => *status,
            Phase::Before(before) if self.state.paused.is_none() && before.approval.is_empty() => {
                if before.behind.is_some() {
                    ActionStatus::Queued
                } else {
                    ActionStatus::Scheduled
                }
            }
            Phase::Leases(Leases { held: None, .. }) if self.state.paused.is_none() => {
                ActionStatus::Scheduled
            }
            Phase::Before(_) | Phase::Leases(_) => ActionStatus::Waiting,
            Phase::Hosts | Phase::Running if self.state.paused.is_some() => ActionStatus::Waiting,
            Phase::Hosts => ActionStatus::InProgress,
            Phase::Running => match &self.state.course {
                Course::Forth {
                    at: At::Soaking(_) | At::Gate(_),
                    ..
                } => ActionStatus::Waiting,
                Course::Forth { .. } | Course::Back if self.does_nothing_but_ask() => {
                    if self.state.queue.blocks().next().is_some() {
                        ActionStatus::Waiting
                    } else {
                        ActionStatus::InProgress
                    }
                }
                Course::Forth { .. } | Course::Back | Course::Halt { .. } => ActionStatus::InProgress,
            },
        }
    }

    /// What it waits for; none while it works and when it has ended.
    #[must_use]
    pub fn waiting_for(&self) -> Option<WaitingFor> {
        match (&self.state.phase, &self.state.paused) {
            (Phase::New | Phase::Ended { .. }, _) | (Phase::Hosts, None) => None,
            (_, Some(paused)) => Some(self.for_a_person(paused)),
            (Phase::Before(before), None) => Some(self.for_the_start(before)),
            (Phase::Leases(leases), None) => Some(for_leases(leases)),
            (Phase::Running, None) => match &self.state.course {
                Course::Forth {
                    stage,
                    at: At::Soaking(soak),
                } => Some(self.for_soak(*stage, soak)),
                Course::Forth {
                    stage,
                    at: At::Gate(wait),
                } => Some(self.for_gate(*stage, wait)),
                Course::Forth { .. } | Course::Back if self.does_nothing_but_ask() => self.for_pools(),
                Course::Forth { .. } | Course::Back | Course::Halt { .. } => None,
            },
        }
    }

    /// Nothing goes on but questions to the load balancer.
    fn does_nothing_but_ask(&self) -> bool {
        self.state.in_progress == self.state.asking
    }

    fn for_a_person(&self, paused: &Paused) -> WaitingFor {
        let mut detail = format!("paused: {}", paused.why);
        if let Some(besides) = &paused.besides {
            detail.push_str("; meanwhile ");
            detail.push_str(besides);
        }
        match self.state.in_progress {
            0 => {}
            running => {
                let more = format!("; {running} targets finish what they began");
                detail.push_str(&more);
            }
        }
        let unblock = match (&self.state.verdict, &self.state.course) {
            (Some(verdict), _) => {
                let then = self.after_the_pause(self.on_failure(verdict.stage));
                let more = format!("; {}, so {then} when it is resumed", verdict.why);
                detail.push_str(&more);
                "resume it for that, roll it back at once, or abort it"
            }
            (
                None,
                Course::Forth {
                    at: At::Gate(wait), ..
                },
            ) if wait.verdict.is_some() => {
                "resume it to measure again, promote it to go on all the same, roll it back, or abort it"
            }
            (None, Course::Forth { .. } | Course::Halt { .. } | Course::Back) => {
                "resume it, roll it back, or abort it"
            }
        };
        waiting(WaitKind::Paused, detail, paused.since, unblock)
    }

    fn for_the_start(&self, before: &Before) -> WaitingFor {
        let since = self.state.created_at;
        if !before.approval.is_empty() {
            let detail = format!("to be approved: {}", before.approval.join("; "));
            return waiting(
                WaitKind::Approval,
                detail,
                since,
                "somebody with the role approver approves or rejects it",
            );
        }
        if let Some(ahead) = before.behind {
            let detail = format!("action {ahead} is ahead of it on the same targets");
            return waiting(WaitKind::Queue, detail, since, "wait, or force it past the queue");
        }
        let detail = format!("the countdown ends at {}", before.due_at);
        waiting(WaitKind::Countdown, detail, since, "wait, or abort it")
    }

    fn for_soak(&self, stage: u32, soak: &Soak) -> WaitingFor {
        let label = self.label(stage);
        let detail = if soak.over {
            format!("stage {label}: a last look at the finished targets")
        } else {
            format!("stage {label} is watched until {}", soak.ends_at)
        };
        waiting(
            WaitKind::Soak,
            detail,
            soak.since,
            "wait, or promote it to skip the rest",
        )
    }

    fn for_gate(&self, stage: u32, wait: &GateWait) -> WaitingFor {
        let label = self.label(stage);
        let (detail, unblock) = match wait.gate {
            Gate::Approval => (
                format!("stage {label} is done and its gate asks for an approval"),
                "approve it to go on, or reject it",
            ),
            Gate::Analysis | Gate::None => (
                format!("stage {label} is measured: {}", self.measured_so_far(stage, wait)),
                "wait, or promote it to skip the analysis",
            ),
        };
        let kind = match wait.gate {
            Gate::Analysis => WaitKind::Analysis,
            Gate::Approval | Gate::None => WaitKind::Gate,
        };
        waiting(kind, detail, wait.since, unblock)
    }

    fn for_pools(&self) -> Option<WaitingFor> {
        let longest = self.state.queue.blocks().min_by_key(|block| block.since)?;
        let (kind, unblock) = match longest.short {
            Short::Answer => (WaitKind::Balancer, "see that the load balancer answers"),
            Short::Members => (
                WaitKind::Capacity,
                "put members of the pool back in service, or lower what must stay",
            ),
            Short::Held => (
                WaitKind::Capacity,
                "wait for that action, which came first, or abort one of the two",
            ),
        };
        Some(waiting(kind, longest.detail.clone(), longest.since, unblock))
    }
}

fn for_leases(leases: &Leases) -> WaitingFor {
    let Some((holder, targets)) = &leases.held else {
        return waiting(
            WaitKind::Lease,
            "its targets are being taken".to_owned(),
            leases.since,
            "nothing is needed: it begins as soon as they are its own",
        );
    };
    let names: Vec<&str> = targets.iter().take(5).map(TargetName::as_str).collect();
    let more = match targets.len().saturating_sub(names.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    waiting(
        WaitKind::Lease,
        format!("action {holder} holds {}{more}", names.join(", ")),
        leases.since,
        "wait for that action, or abort one of the two",
    )
}

fn waiting(kind: WaitKind, detail: String, since: Timestamp, unblock: &str) -> WaitingFor {
    WaitingFor {
        kind,
        detail,
        since,
        unblock: unblock.to_owned(),
    }
}
