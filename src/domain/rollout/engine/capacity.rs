//! Who may start: the window, and the promise that is made for each pool.
//!
//! Before each single target is taken out of service the load balancer is asked who is in service now.
//! Members that this rollout took out, or has let start since the question, do not count, whatever the balancer says of
//! them, so several questions may be open at the same time without an answer ever being used for two starts.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::name::TargetName;
use crate::domain::rollout::effect::{Effect, Timer};
use crate::domain::rollout::event::{Event, PoolCount, PoolHeld, Way};
use crate::domain::rollout::facts::Facts;
use crate::domain::rollout::queue::{Blocked, Short};

use super::state::{Course, Work};
use super::{Rollout, Turn};

/// What an answer means for the target that wants to start.
pub(super) struct Weighed {
    /// It is in service somewhere, so that its start takes a member out.
    in_service: bool,
    /// The pool that cannot spare it.
    short: Option<String>,
    /// The numbers of the tightest pool.
    why: String,
    /// The actions whose leases make the pool too small.
    held: bool,
    /// Targets that are out of service: their start takes nobody out.
    out_of_service: Vec<u32>,
}

impl Rollout {
    /// Puts a target among those that wait for their turn.
    pub(super) fn wait_for_turn(&mut self, target: u32, order: i32) {
        let run = &mut self.state.runs[target as usize];
        run.order = order;
        let class = self.facts.class_of(target);
        let out = run.is_out;
        self.state.queue.push(class, out, order, target);
    }

    /// Asks the pools for as many targets as the window has room for.
    pub(super) fn admit(&mut self, turn: &mut Turn) {
        let way = match self.state.course {
            Course::Back => Way::Back,
            Course::Forth { .. } | Course::Halt { .. } => Way::Forth,
        };
        while self.state.in_progress < self.window()
            && !(self.state.in_progress > 0 && self.once_keeps_others_waiting())
        {
            let Some(target) = self.state.queue.pop() else {
                return;
            };
            let pools = self.facts.pools_of(target).iter();
            let then = pools.map(|&pool| self.state.pools[pool as usize].returned);
            self.state.runs[target as usize].work = Work::Asking {
                way,
                then: then.collect(),
            };
            self.state.active.insert(target);
            self.state.in_progress += 1;
            self.state.asking += 1;
            turn.effects.push(Effect::AskPools {
                target: self.facts.name(target).clone(),
            });
        }
    }

    /// The same answer with those names alone that matter to whoever waits now: to be taken before it is stored, so that a
    /// rollout does not keep every name for every start.
    #[must_use]
    pub fn without_idle_names(&self, mut event: Event) -> Event {
        let Event::PoolsCounted { target, pools } = &mut event else {
            return event;
        };
        let number = self.facts.target_number(target.as_str());
        let is_short = number.is_some_and(|number| match &self.state.runs[number as usize].work {
            Work::Asking { .. } => self.weigh(number, pools).short.is_some(),
            Work::Idle | Work::Step(_) | Work::Retry(..) | Work::Window { .. } => false,
        });
        let class = number.map(|number| self.facts.class_of(number));
        let waits = |other: u32| {
            let order = self.state.runs[other as usize].order;
            class.is_some_and(|class| self.state.queue.has(class, order, other))
        };
        for PoolCount {
            away, out_of_service, ..
        } in pools
        {
            out_of_service.retain(|name| {
                let Some(number) = self.facts.number_of(name) else {
                    return false;
                };
                let stays = is_short && waits(number);
                *away += u32::from(!stays && self.state.runs[number as usize].is_out);
                stays
            });
        }
        event
    }

    /// Weighs counts: of those that are out, or on their way, each is taken off that the balancer counts all the same.
    pub(super) fn weigh(&self, target: u32, pools: &[PoolCount]) -> Weighed {
        let mut weighed = Weighed::nothing();
        let mine = self.facts.pools_of(target);
        let mut out: HashMap<u32, usize> = HashMap::new();
        for &pool in mine {
            let (name, minimum) = &self.facts.pools[pool as usize];
            let Some(count) = pools.iter().find(|count| count.pool == *name) else {
                weighed.is_silent(name);
                continue;
            };
            let mut away = count.away;
            for member in &count.out_of_service {
                if let Some(number) = self.facts.number_of(member) {
                    away += u32::from(self.state.runs[number as usize].is_out);
                    *out.entry(number).or_default() += 1;
                }
            }
            let itself = count.itself && !self.state.runs[target as usize].is_out;
            let counted = self.state.pools[pool as usize].gone.saturating_sub(away);
            let others = count
                .in_service
                .saturating_sub(counted)
                .saturating_sub(u32::from(itself));
            weighed.add(name, *minimum, others, itself);
            if weighed.short.as_ref() == Some(name) {
                weighed.is_held(&count.held);
            }
        }
        weighed.out_of_service = out
            .into_iter()
            .filter(|&(_, pools)| pools == mine.len())
            .map(|(number, _)| number)
            .collect();
        weighed
    }

    /// Lets the target start, or lets it wait for its pool.
    ///
    /// A refusal by a `stale` answer, since which a member came back, is no reason to wait: it is asked again.
    pub(super) fn pools_answered(
        &mut self,
        target: u32,
        way: Way,
        weighed: Weighed,
        stale: bool,
        turn: &mut Turn,
    ) {
        let name = self.facts.name(target).clone();
        if self.state.paused.is_some() {
            self.back_into_queue(target);
            return;
        }
        if let Some(pool) = weighed.short {
            self.back_into_queue(target);
            let class = self.facts.class_of(target);
            let runs = &self.state.runs;
            let out = weighed.out_of_service.iter();
            self.state
                .queue
                .sort_out(class, out.map(|&waiting| (runs[waiting as usize].order, waiting)));
            if stale {
                self.state.queue.ask_again(class);
                return;
            }
            let detail = format!("{name} must wait for pool `{pool}`: {}", weighed.why);
            let what = if weighed.held { Short::Held } else { Short::Members };
            self.block(target, &name, what, detail, turn);
            return;
        }
        let class = self.facts.class_of(target);
        // The balancer answers: nobody out of service has to wait for it any more.
        self.state.queue.unblock(class, true);
        if weighed.in_service {
            let facts = Arc::clone(&self.facts);
            self.state.queue.unblock(class, false);
            let run = &mut self.state.runs[target as usize];
            run.is_out = true;
            for &pool in facts.pools_of(target) {
                self.state.pools[pool as usize].gone += 1;
            }
        }
        let what = match way {
            Way::Forth => format!("start {name}"),
            Way::Back => format!("take {name} back"),
        };
        self.note(turn, what, weighed.why);
        self.state.asking -= 1;
        self.begin(target, way, turn);
    }

    pub(super) fn pools_unknown(&mut self, target: u32, error: &str, turn: &mut Turn) {
        let name = self.facts.name(target).clone();
        self.back_into_queue(target);
        if self.state.paused.is_none() {
            let detail = format!("{name} must wait, the load balancer does not answer: {error}");
            self.block(target, &name, Short::Answer, detail, turn);
        }
    }

    /// Whether a member of one of its pools came back since its question.
    pub(super) fn has_return_since(&self, target: u32, then: &[u64]) -> bool {
        let mut pools = self.facts.pools_of(target).iter().zip(then);
        pools.any(|(&pool, then)| self.state.pools[pool as usize].returned > *then)
    }

    /// The question is open no more; the target keeps its place in the order.
    pub(super) fn back_into_queue(&mut self, target: u32) {
        self.rest(target);
        let order = self.state.runs[target as usize].order;
        self.wait_for_turn(target, order);
    }

    fn block(&mut self, target: u32, name: &TargetName, short: Short, detail: String, turn: &mut Turn) {
        let until = turn
            .now
            .plus_seconds(self.state.settings.pools_retry_seconds.max(1));
        // Who is out takes nobody out: it waits only where the balancer is silent, and then those like it do too.
        let out = self.state.runs[target as usize].is_out;
        let news = self.state.queue.block(
            self.facts.class_of(target),
            out,
            Blocked {
                short,
                detail: detail.clone(),
                since: turn.now,
                until,
                asker: target,
            },
        );
        if news {
            self.note(turn, format!("let {name} wait"), detail);
        }
        turn.effects.push(Effect::Arm {
            timer: Timer::Pools { target: name.clone() },
            at: until,
        });
    }

    /// The moment of the next question for the targets that wait behind this one.
    pub(super) fn ask_again(&mut self, target: u32) {
        self.state.queue.ask_again(self.facts.class_of(target));
    }

    /// It is in service again: whoever waited for one of its pools may ask again.
    pub(super) fn is_back_in_service(&mut self, target: u32) {
        let facts: Arc<Facts> = Arc::clone(&self.facts);
        let run = &mut self.state.runs[target as usize];
        if !std::mem::replace(&mut run.is_out, false) {
            return;
        }
        for &pool in facts.pools_of(target) {
            let run = &mut self.state.pools[pool as usize];
            run.gone -= 1;
            run.returned += 1;
            for &class in &facts.pool_classes[pool as usize] {
                self.state.queue.ask_again(class);
            }
        }
    }

    /// It is in service again though its way back was not done. The load balancer may count it; it is not counted
    /// here, as one on its way out is not, and nobody starts for it.
    pub(super) fn is_back_in_service_unproven(&mut self, target: u32) {
        let run = &mut self.state.runs[target as usize];
        if !std::mem::replace(&mut run.is_out, true) {
            for &pool in self.facts.pools_of(target) {
                self.state.pools[pool as usize].gone += 1;
            }
        }
    }

    /// One that failed before its `pool_out` was begun never left its pools.
    pub(super) fn is_out_no_more_if_it_never_left(&mut self, target: u32) {
        use crate::domain::plan::Work as StepWork;
        use crate::domain::rollout::progress::StepState;
        let steps = self.facts.steps(target, Way::Forth);
        let taken_out = steps.iter().position(|step| step.work == StepWork::PoolOut);
        let untouched = taken_out.is_some_and(|place| {
            let state = self.state.targets[target as usize].forth[place].state;
            matches!(state, StepState::Pending | StepState::Skipped)
        });
        if untouched {
            self.is_back_in_service(target);
        }
    }
}

impl Weighed {
    fn nothing() -> Self {
        Self {
            in_service: false,
            short: None,
            why: "it takes nobody out of service".to_owned(),
            held: false,
            out_of_service: Vec::new(),
        }
    }

    fn is_silent(&mut self, pool: &str) {
        self.short = Some(pool.to_owned());
        "the load balancer said nothing of it".clone_into(&mut self.why);
    }

    /// The pool that cannot spare it could, but for these.
    fn is_held(&mut self, held: &[PoolHeld]) {
        for PoolHeld { by, members } in held {
            let more = format!("; action {by} holds {members} of its members");
            self.why.push_str(&more);
            self.held = true;
        }
    }

    /// One pool of it, with the members in service besides the target itself.
    fn add(&mut self, pool: &str, minimum: u32, others: u32, itself: bool) {
        if !itself {
            return;
        }
        self.in_service = true;
        if self.short.is_some() {
            return;
        }
        self.why = format!(
            "{} in service, {others} without it, {minimum} must stay",
            others + 1
        );
        if others < minimum {
            self.short = Some(pool.to_owned());
        }
    }
}
